// mapwright diff A B --program P: the decisions in which two mappers differ for a program, and the bytes that each moves.
#include <fmt/format.h>

#include <algorithm>

#include "driver/commands.h"
#include "driver/decisions.h"
#include "driver/inputs.h"
#include "driver/json.h"
#include "plan/plan.h"

namespace mapwright::driver {

namespace {

struct Planned {
  std::shared_ptr<const plan::Decisions> decisions;
  std::optional<plan::Traffic> traffic;  // absent when it cannot be planned
  std::vector<diag::Diagnostic> verdict;
};

OrExit<Planned> plan_mapper(const diag::SourcePtr& source, const Target& target, Console& console) {
  const OrExit<sema::Mapper> mapper = compile_mapper(source, console);
  if (!mapper) return tl::unexpected(mapper.error());
  diag::Sink sink;
  std::optional<plan::Decisions> decisions = plan::decide(*mapper, target.program, target.machine, sink);
  if (!decisions) {
    console.report(sink);
    return tl::unexpected(kMapperFailed);
  }
  Planned out;
  out.decisions = std::make_shared<const plan::Decisions>(*std::move(decisions));
  const auto plan = plan::make_plan(out.decisions, target.program, target.machine);
  if (plan) {
    out.traffic = plan::traffic(*plan, target.program, target.machine);
  } else {
    out.verdict = plan.error().diagnostics;
  }
  return out;
}

struct Difference {
  std::string task, what, a, b, detail;
};

std::string memories_text(const plan::ArgumentDecision& a) {
  if (a.is_virtual) return "virtual";
  std::vector<std::string_view> kinds;
  for (const plan::MemoryChoice& m : a.memories) kinds.push_back(to_string(m.kind));
  return fmt::format("{}", fmt::join(kinds, ","));
}

std::string limit_text(const std::optional<std::int64_t>& limit) { return limit ? std::to_string(*limit) : "none"; }

class Comparer {
 public:
  Comparer(const Target& target, const plan::Decisions& a, const plan::Decisions& b) : target_(target), a_(a), b_(b) {}

  std::vector<Difference> compare() {
    if (a_.replicated != b_.replicated) {
      add(target_.program.top_level, "control replication", a_.replicated ? "yes" : "no", b_.replicated ? "yes" : "no");
    }
    // Both lists are in the same order: it follows from the program alone.
    const std::vector<const program::Launch*> launches = launches_by_id(target_.program);
    for (std::size_t i = 0; i < a_.launches.size(); ++i) {
      launch(*launches[a_.launches[i].launch.value], a_.launches[i], b_.launches[i]);
    }
    return std::move(out_);
  }

 private:
  // The same difference in several launches of a task is told once.
  void add(const std::string& task, std::string what, std::string a, std::string b, std::string detail = {}) {
    for (const Difference& d : out_) {
      if (d.task == task && d.what == what && d.a == a && d.b == b && d.detail == detail) return;
    }
    out_.push_back({task, std::move(what), std::move(a), std::move(b), std::move(detail)});
  }

  void launch(const program::Launch& l, const plan::LaunchDecision& a, const plan::LaunchDecision& b) {
    const std::string& task = target_.program.tasks[l.task.value].name;
    if (a.kind != b.kind) add(task, "kind", std::string(to_string(a.kind)), std::string(to_string(b.kind)));
    placements(l, task, a, b);
    if (a.limit != b.limit) add(task, "instance limit", limit_text(a.limit), limit_text(b.limit));
    for (std::size_t i = 0; i < l.arguments.size(); ++i) {
      const plan::ArgumentDecision& x = a.arguments[i];
      const plan::ArgumentDecision& y = b.arguments[i];
      const std::string argument = l.arguments[i].name;
      if (memories_text(x) != memories_text(y)) add(task, "memory of " + argument, memories_text(x), memories_text(y));
      if (!x.layouts.empty() && !y.layouts.empty() && !(x.layouts[0] == y.layouts[0])) {
        add(task, "layout of " + argument, plan::to_string(x.layouts[0]), plan::to_string(y.layouts[0]));
      }
      if (x.collect.has_value() != y.collect.has_value()) {
        add(task, "collect " + argument, x.collect ? "yes" : "no", y.collect ? "yes" : "no");
      }
    }
  }

  void placements(const program::Launch& l, const std::string& task, const plan::LaunchDecision& a, const plan::LaunchDecision& b) {
    std::size_t count = 0, first = 0;
    for (std::size_t i = 0; i < a.processors.size(); ++i) {
      if (a.processors[i] != b.processors[i] && count++ == 0) first = i;
    }
    if (count == 0) return;
    const auto volume = static_cast<std::size_t>(l.domain.volume());
    const std::string where = l.index ? fmt::format("first {}", to_string(l.domain.delinearize(static_cast<std::int64_t>(first % volume)))) : "";
    add(task, "placement", target_.machine.processor_name(a.processors[first]), target_.machine.processor_name(b.processors[first]),
        fmt::format("{} of {} points{}{}", count, a.processors.size(), where.empty() ? "" : ", ", where));
  }

  const Target& target_;
  const plan::Decisions &a_, &b_;
  std::vector<Difference> out_;
};

// Tasks with the same difference together, in order of the first.
std::vector<std::pair<Difference, std::vector<std::string>>> grouped(const std::vector<Difference>& differences) {
  std::vector<std::pair<Difference, std::vector<std::string>>> out;
  for (const Difference& d : differences) {
    const auto at = std::find_if(out.begin(), out.end(), [&](const auto& g) {
      return g.first.what == d.what && g.first.a == d.a && g.first.b == d.b && g.first.detail == d.detail;
    });
    if (at == out.end()) {
      out.push_back({d, {d.task}});
    } else {
      at->second.push_back(d.task);
    }
  }
  return out;
}

Json traffic_json(const std::optional<plan::Traffic>& traffic) {
  if (!traffic) return Json();
  return Json {{"total", traffic->total.between}, {"intra_node", traffic->total.intra_node}, {"inter_node", traffic->total.inter_node}};
}

std::string traffic_text(const std::optional<plan::Traffic>& traffic) {
  if (!traffic) return "does not fit";
  return fmt::format("{} ({} between nodes)", human_bytes(static_cast<double>(traffic->total.between)),
                     human_bytes(static_cast<double>(traffic->total.inter_node)));
}

}  // namespace

int diff(const Options& options, Console& console) {
  const OrExit<Target> target = load_target_to_plan(options, console);
  if (!target) return target.error();
  std::vector<Planned> planned;
  std::vector<std::string> names;
  for (const std::string& word : options.words) {
    const OrExit<diag::SourcePtr> source = load_mapper(word, &*target, console);
    if (!source) return source.error();
    OrExit<Planned> p = plan_mapper(*source, *target, console);
    if (!p) return p.error();
    planned.push_back(*std::move(p));
    names.push_back((*source)->name());
  }
  const std::vector<Difference> differences = Comparer(*target, *planned[0].decisions, *planned[1].decisions).compare();

  if (console.json()) {
    Json out = object("diff");
    out["program"] = program_json(*target);
    out["machine"] = machine_json(target->machine);
    out["a"] = Json {{"mapper", names[0]}, {"hash", planned[0].decisions->canonical_hash()}, {"bytes_moved", traffic_json(planned[0].traffic)}};
    out["b"] = Json {{"mapper", names[1]}, {"hash", planned[1].decisions->canonical_hash()}, {"bytes_moved", traffic_json(planned[1].traffic)}};
    out["differences"] = Json::array();
    for (const Difference& d : differences) {
      out["differences"].push_back(Json {{"task", d.task}, {"what", d.what}, {"a", d.a}, {"b", d.b}, {"detail", d.detail}});
    }
    console.out(to_text(out) + "\n");
    return kOk;
  }
  for (const Planned& p : planned) console.report(p.verdict);
  if (differences.empty()) {
    console.out(fmt::format("{} and {} decide the same for {}\n", names[0], names[1], target->program.name));
    return kOk;
  }
  Table table({"decision", names[0], names[1], "tasks"});
  for (const auto& [same, tasks] : grouped(differences)) {
    table.add({same.what, same.a, same.b, fmt::format("{}{}", fmt::join(tasks, ", "), same.detail.empty() ? "" : " (" + same.detail + ")")});
  }
  table.add({"bytes moved", traffic_text(planned[0].traffic), traffic_text(planned[1].traffic), ""});
  console.out(table.text());
  return kOk;
}

}  // namespace mapwright::driver
