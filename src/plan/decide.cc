// Static verification: every decision of a mapper over the whole domain of every launch, before anything runs.
#include <algorithm>
#include <map>
#include <set>

#include "plan/choice.h"
#include "plan/default_policy.h"
#include "plan/plan.h"
#include "plan/sites.h"

namespace mapwright::plan {

namespace {

using diag::Diagnostic;
using program::Argument;
using program::Launch;
using program::Privilege;
using program::Program;
using program::Variant;

std::string ticked(std::string_view name) { return fmt::format("`{}`", name); }

class Decider {
 public:
  Decider(const sema::Mapper& mapper, const Program& program, const machine::Machine& machine, diag::Sink& sink, bool strict)
      : mapper_(mapper), program_(program), machine_(machine), sink_(sink), strict_(strict), sites_(number_sites(program)),
        evaluator_(mapper, machine.shape()) {}

  std::optional<Decisions> run() {
    out_.source = mapper_.source();
    out_.launches.resize(sites_.decisions);
    const int errors_before = sink_.errors();
    decide_replication();
    for (const Sites::Entry& entry : sites_.entries) {
      // A nested launch cannot be placed when its parent could not.
      const bool parent_failed = !entry.parents.empty() && failed_.contains(entry.parents.back());
      if (parent_failed || !decide_launch(entry)) failed_.insert(entry.decision);
    }
    check_names();
    check_dead_statements();
    out_.printed = evaluator_.printed();
    if (sink_.errors() > errors_before) return std::nullopt;
    return std::move(out_);
  }

 private:
  const program::Task& task_of(const Launch& l) const { return program_.tasks[l.task.value]; }

  Diagnostic at(int code, diag::Severity severity, Origin origin, std::string message, std::string help = {}) const {
    return finding(mapper_, code, severity, origin, std::move(message), std::move(help));
  }
  void error(int code, Origin origin, std::string message, std::string help = {}) {
    sink_.emit(at(code, diag::Severity::Error, origin, std::move(message), std::move(help)));
  }
  void warning(int code, Origin origin, std::string message, std::string help = {}) {
    sink_.emit(at(code, diag::Severity::Warning, origin, std::move(message), std::move(help)));
  }
  void use(Origin origin) {
    if (origin) used_.push_back(*origin);
  }

  void decide_replication() {
    if (const auto decided = mapper_.replicated(program_.top_level)) {
      out_.replicated = decided->value && machine_.spaces() > 1;
      out_.replicated_origin = decided->span;
      use(decided->span);
    } else {
      out_.replicated = machine_.spaces() > 1;
    }
  }

  bool decide_launch(const Sites::Entry& entry) {
    const Program::Site& site = entry.site;
    LaunchDecision& d = out_.launches[entry.decision];
    d.launch = site.launch->id;
    bool fell_back = false;
    if (!decide_kind(*site.launch, d, fell_back)) return false;
    if (const auto limit = mapper_.instance_limit(task_of(*site.launch).name)) {
      d.limit = limit->value;
      d.limit_origin = limit->span;
      use(limit->span);
    }
    bool good = place(entry, d, fell_back);
    for (std::size_t i = 0; i < site.launch->arguments.size(); ++i) {
      d.arguments.emplace_back();
      good = decide_argument(*site.launch, i, d) && good;
    }
    return good;
  }

  bool decide_kind(const Launch& launch, LaunchDecision& d, bool& fell_back) {
    const program::Task& task = task_of(launch);
    const auto fits = [&](ProcessorKind k) {
      return program_.variant(launch.task, k) && machine_.processors_per_space(k) > 0;
    };
    const KindChoice choice = choose_kind(mapper_, task.name, fits);
    for (const diag::Span span : choice.considered) use(span);
    if (choice.kind) {
      d.kind = *choice.kind;
      d.kind_origin = choice.origin;
      d.variant = program_.variant(launch.task, d.kind);
      fell_back = choice.fell_back;
      return true;
    }
    std::string variants;
    for (const Variant& v : task.variants) {
      variants += fmt::format("{}{} ({} on machine `{}`)", variants.empty() ? "" : ", ", to_string(v.kind),
                              machine_.processors_per_space(v.kind) ? "available" : "none", machine_.name());
    }
    error(diag::kNoFittingKind, choice.origin,
          fmt::format("task {} can run on none of the kinds that the mapper gives it", ticked(task.name)),
          fmt::format("it has variants for {}", variants.empty() ? "no kind" : variants));
    return false;
  }

  // --- placement

  // The chain of contexts that a placement function of a nested launch may look at.
  struct ParentContext {
    std::vector<sema::TaskContext> chain;  // innermost last; the top-level task first
    ProcessorId processor;
  };

  ParentContext parent_context(const Sites::Entry& entry, std::int64_t expansion) const {
    const Program::Site& site = entry.site;
    ParentContext context;
    sema::TaskContext top;
    top.name = program_.top_level;
    top.kind = ProcessorKind::Cpu;
    top.processor = sema::MachinePoint {ProcessorKind::Cpu, 0, 0};
    context.chain.reserve(site.parents.size() + 1);
    context.chain.push_back(top);
    context.processor = machine_.find(ProcessorKind::Cpu, machine::SpaceId(0), 0).value_or(ProcessorId(0));
    std::vector<std::int64_t> index(site.parents.size());
    for (std::size_t k = site.parents.size(); k-- > 0;) {
      const std::int64_t volume = site.parents[k]->domain.volume();
      index[k] = expansion % volume;
      expansion /= volume;
    }
    std::int64_t e = 0;
    for (std::size_t k = 0; k < site.parents.size(); ++k) {
      const Launch& parent = *site.parents[k];
      const LaunchDecision& d = out_.launches[entry.parents[k]];
      const std::int64_t position = e * parent.domain.volume() + index[k];
      context.processor = d.processors[static_cast<std::size_t>(position)];
      const machine::Processor& p = machine_[context.processor];
      sema::TaskContext c;
      c.name = task_of(parent).name;
      c.kind = d.kind;
      c.point = parent.domain.delinearize(index[k]);
      for (int dim = 0; dim < c.point.dim; ++dim) c.point[dim] -= parent.domain.lo[dim];
      c.extents = parent.domain.extents();
      c.processor = sema::MachinePoint {d.kind, p.space.value, p.index};
      c.parent = &context.chain.back();
      context.chain.push_back(c);
      e = position;
    }
    return context;
  }

  bool place(const Sites::Entry& entry, LaunchDecision& d, bool fell_back) {
    const Program::Site& site = entry.site;
    const Launch& launch = *site.launch;
    const std::string_view name = task_of(launch).name;
    const auto [map, skipped] = choose_map(mapper_, name, launch.index, d.kind, fell_back);
    if (skipped) {
      warning(diag::kMapNotApplied, skipped->span,
              fmt::format("this map does not apply to {}, which fell back to {}", ticked(name), to_string(d.kind)),
              "the default policy places its points; give it a map for that kind");
      use(skipped->span);
    }
    std::int64_t expansions = 1;
    for (const Launch* parent : site.parents) expansions *= parent->domain.volume();
    d.processors.reserve(static_cast<std::size_t>(expansions * launch.domain.volume()));
    if (!map) {
      place_by_default(entry, d, expansions);
      return true;
    }
    d.placement_origin = map->span;
    use(map->span);
    for (std::int64_t e = 0; e < expansions; ++e) {
      if (!place_by_map(entry, d, *map, e)) return false;
    }
    warn_about_load(launch, d);
    return true;
  }

  void place_by_default(const Sites::Entry& entry, LaunchDecision& d, std::int64_t expansions) {
    const Launch& launch = *entry.site.launch;
    const auto processors_of = [&](machine::SpaceId space, std::vector<ProcessorId>& out) {
      for (std::uint32_t i = 0; i < machine_.processors_per_space(d.kind); ++i) out.push_back(*machine_.find(d.kind, space, i));
    };
    if (entry.parents.empty()) {
      if (!launch.index) {
        d.processors.push_back(*machine_.find(d.kind, machine::SpaceId(0), 0));
      } else if (out_.replicated) {
        d.processors = spread_sharded(launch.domain, machine_, d.kind);
      } else {
        std::vector<ProcessorId> all;
        for (std::uint32_t s = 0; s < machine_.spaces(); ++s) processors_of(machine::SpaceId(s), all);
        d.processors = spread_blocks(launch.domain, all);
      }
      return;
    }
    std::map<machine::SpaceId, std::vector<ProcessorId>> by_space;
    for (std::int64_t e = 0; e < expansions; ++e) {
      const LaunchDecision& parent = out_.launches[entry.parents.back()];
      const machine::SpaceId space = machine_[parent.processors[static_cast<std::size_t>(e)]].space;
      auto& placed = by_space[space];
      if (placed.empty()) {
        std::vector<ProcessorId> targets;
        processors_of(space, targets);
        placed = launch.index ? spread_blocks(launch.domain, targets) : std::vector {targets.front()};
      }
      d.processors.insert(d.processors.end(), placed.begin(), placed.end());
    }
  }

  bool place_by_map(const Sites::Entry& entry, LaunchDecision& d, const sema::Decided<sema::FunctionId>& map, std::int64_t e) {
    const Launch& launch = *entry.site.launch;
    const ParentContext parent = parent_context(entry, e);
    sema::TaskContext task;
    task.name = task_of(launch).name;
    task.kind = d.kind;
    task.point = Point::filled(launch.domain.dim(), 0);
    task.extents = launch.domain.extents();
    task.parent = &parent.chain.back();
    const auto table = evaluator_.place_all(map.value, task);
    if (!table) {
      sink_.emit(table.error());
      return false;
    }
    LeastLoaded sets;
    for (std::size_t i = 0; i < static_cast<std::size_t>(launch.domain.volume()); ++i) {
      const sema::Placement targets = (*table)->at(i);
      if (targets.empty() || targets.front().kind != d.kind) {
        report_wrong_kind(launch, d, map, targets);
        return false;
      }
      const sema::MachinePoint p = sets.take(targets);
      d.processors.push_back(*machine_.find(p.kind, machine::SpaceId(p.space), p.index));
    }
    return true;
  }

  void report_wrong_kind(const Launch& launch, const LaunchDecision& d, const sema::Decided<sema::FunctionId>& map,
                         sema::Placement targets) {
    const std::string_view got = targets.empty() ? "nothing" : to_string(targets.front().kind);
    Diagnostic e = at(diag::kMapForWrongKind, diag::Severity::Error, map.span,
                      fmt::format("{} runs on {} but `{}` returns a {} point", ticked(task_of(launch).name),
                                  to_string(d.kind), mapper_.function_name(map.value), got),
                      fmt::format("use `Machine({})` in the function, or send the task to {}", to_string(d.kind), got));
    e.labels.push_back({mapper_.function_span(map.value), "the function"});
    sink_.emit(std::move(e));
  }

  void warn_about_load(const Launch& launch, const LaunchDecision& d) {
    const std::int64_t available = static_cast<std::int64_t>(machine_.processors_per_space(d.kind)) * machine_.spaces();
    const auto points = static_cast<std::int64_t>(d.processors.size());
    if (!launch.index || d.variant->inner || available < 2 || points < available) return;
    std::map<ProcessorId, std::int64_t> load;
    for (const ProcessorId p : d.processors) ++load[p];
    const auto used = static_cast<std::int64_t>(load.size());
    std::int64_t most = 0;
    for (const auto& [p, n] : load) most = std::max(most, n);
    const std::string_view name = task_of(launch).name;
    if (used < available) {
      warning(diag::kIdleProcessors, d.placement_origin,
              fmt::format("the {} points of {} use only {} of {} {}s", points, ticked(name), used, available, to_string(d.kind)));
    } else if (most >= 2 * ((points + available - 1) / available)) {
      warning(diag::kImbalance, d.placement_origin,
              fmt::format("one {} gets {} of the {} points of {}; an even spread gives each at most {}", to_string(d.kind), most,
                          points, ticked(name), (points + available - 1) / available));
    }
  }

  // --- arguments

  bool addressable(ProcessorKind kind, MemoryKind memory) const {
    const auto p = machine_.find(kind, machine::SpaceId(0), 0);
    return p && !machine_.addressable(*p, memory).empty();
  }

  sema::ArgumentNames names_of(const Launch& launch, std::size_t i) const {
    const Argument& a = launch.arguments[i];
    sema::ArgumentNames names;
    names.position = static_cast<int>(i);
    names.own = a.name;
    names.region = program_.regions[a.region.value].name;
    if (a.partition) names.partition = program_.partitions[a.partition->value].name;
    return names;
  }

  bool decide_argument(const Launch& launch, std::size_t i, LaunchDecision& d) {
    const Argument& a = launch.arguments[i];
    ArgumentDecision& out = d.arguments.back();
    const std::string_view task = task_of(launch).name;
    const sema::ArgumentNames names = names_of(launch, i);
    if (a.privilege == Privilege::None || d.variant->inner) {
      out.is_virtual = true;
      for (const auto& m : mapper_.memories(task, names, d.kind)) use(m.span);
      return true;
    }
    const auto usable = [&](MemoryKind m) { return addressable(d.kind, m); };
    MemoriesChoice choice = choose_memories(mapper_, task, names, d.kind, usable);
    for (const diag::Span span : choice.considered) use(span);
    if (choice.memories.empty()) return report_no_memory(launch, i, d, choice);
    out.memories = std::move(choice.memories);
    if (const auto collects = mapper_.collects(task, names)) {
      use(collects->span);
      if (collects->value && a.privilege == Privilege::Read) out.collect = Origin(collects->span);
    }
    bool good = true;
    for (const MemoryChoice& m : out.memories) good = decide_layout(launch, i, m.kind, d, names) && good;
    return good;
  }

  bool report_no_memory(const Launch& launch, std::size_t i, const LaunchDecision& d, const MemoriesChoice& choice) {
    const std::string_view task = task_of(launch).name;
    const Origin origin = choice.first;
    if (choice.is_virtual) {
      error(diag::kLeafNeedsInstance, origin,
            fmt::format("argument {} of {} is mapped to VIRTUAL, but the task computes on it", ticked(launch.arguments[i].name), ticked(task)),
            "give it a memory; only tasks that do nothing but launch tasks can be virtual");
      return false;
    }
    std::string reachable;
    for (const MemoryKind m : kAllMemoryKinds) {
      if (m != MemoryKind::Virtual && addressable(d.kind, m)) reachable += fmt::format("{}{}", reachable.empty() ? "" : ", ", to_string(m));
    }
    error(diag::kMemoryNotAddressable, origin,
          fmt::format("argument {} of {} is in no memory that a {} can address", ticked(launch.arguments[i].name), ticked(task), to_string(d.kind)),
          fmt::format("on machine `{}` a {} can address {}", machine_.name(), to_string(d.kind), reachable.empty() ? "nothing" : reachable));
    return false;
  }

  bool decide_layout(const Launch& launch, std::size_t i, MemoryKind memory, LaunchDecision& d, const sema::ArgumentNames& names) {
    const program::Task& task = task_of(launch);
    const int rank = program_.regions[launch.arguments[i].region.value].points.dim();
    const LayoutResult chosen = choose_layout(mapper_, task.name, names, d.kind, memory, d.variant->demands, rank);
    use(chosen.layout.origin);
    for (const program::LayoutDemand* demand : chosen.refused) report_layout(launch, i, d, *demand, chosen.layout);
    d.arguments.back().layouts.push_back(chosen.layout);
    return chosen.refused.empty();
  }

  void report_layout(const Launch& launch, std::size_t i, const LaunchDecision& d, const program::LayoutDemand& demand,
                     const ArgumentDecision::LayoutDecision& layout) {
    std::string wants;
    if (demand.fields) wants += *demand.fields == FieldOrder::Soa ? "SOA" : "AOS";
    if (demand.dims) wants += fmt::format("{}{}", wants.empty() ? "" : " ", *demand.dims == DimOrder::C ? "C_order" : "F_order");
    Diagnostic e = at(diag::kLayoutRefused, diag::Severity::Error, layout.origin,
                      fmt::format("the {} variant of {} works only with {} for argument {}", to_string(d.kind),
                                  ticked(task_of(launch).name), wants, ticked(launch.arguments[i].name)),
                      "change the layout, or move the task to another processor kind");
    e.label = fmt::format("this makes it {} {}", layout.fields == FieldOrder::Soa ? "SOA" : "AOS",
                          layout.dims == DimOrder::C ? "C_order" : "F_order");
    e.equivalent = demand.equivalent;
    sink_.emit(std::move(e));
  }

  // --- names and dead statements

  void check_names() {
    std::vector<std::string> tasks;
    for (const program::Task& t : program_.tasks) tasks.push_back(t.name);
    tasks.push_back(program_.top_level);
    for (const auto& mention : mapper_.mentions()) {
      if (mention.what == sema::Mapper::Mention::What::Task) {
        if (std::find(tasks.begin(), tasks.end(), mention.name) != tasks.end()) continue;
        unknown(diag::kUnknownTask, mention.span, fmt::format("program `{}` has no task {}", program_.name, ticked(mention.name)),
                mention.name, tasks);
      } else {
        const std::set<std::string> known = argument_names(mention.task);
        if (known.contains(mention.name) || (mention.task != "*" && !program_.find_task(mention.task))) continue;
        unknown(diag::kUnknownArgument, mention.span,
                mention.task == "*" ? fmt::format("no task of `{}` has an argument {}", program_.name, ticked(mention.name))
                                    : fmt::format("task {} has no argument {}", ticked(mention.task), ticked(mention.name)),
                mention.name, std::vector<std::string>(known.begin(), known.end()));
      }
    }
  }

  std::set<std::string> argument_names(const std::string& task) const {
    std::set<std::string> names;
    for (const Sites::Entry& entry : sites_.entries) {
      const Launch& launch = *entry.site.launch;
      if (task != "*" && task_of(launch).name != task) continue;
      for (std::size_t i = 0; i < launch.arguments.size(); ++i) {
        const sema::ArgumentNames n = names_of(launch, i);
        for (const std::string_view name : {n.own, n.partition, n.region}) {
          if (!name.empty()) names.emplace(name);
        }
      }
    }
    return names;
  }

  void unknown(int code, diag::Span span, std::string message, const std::string& name, const std::vector<std::string>& known) {
    const auto near = nearest(name, known);
    Diagnostic d = at(code, strict_ ? diag::Severity::Error : diag::Severity::Warning, span, std::move(message),
                      near ? fmt::format("did you mean {}?", ticked(*near)) : "the statement has no effect on it");
    if (near) d.fix = diag::Fix {span, *near};
    unknown_.push_back(span);
    sink_.emit(std::move(d));
  }

  // A statement that names a task of the program without `*` and decided nothing.
  void check_dead_statements() {
    if (!failed_.empty()) return;
    // Statements do not overlap, so a span that begins in one lies in it; sorted lists keep this linear in the text.
    const auto sorted_begins = [](const auto& spans) {
      std::vector<std::uint32_t> out;
      for (const diag::Span s : spans) out.push_back(s.begin);
      std::sort(out.begin(), out.end());
      return out;
    };
    std::vector<diag::Span> task_mentions;
    for (const auto& m : mapper_.mentions()) {
      if (m.what == sema::Mapper::Mention::What::Task) task_mentions.push_back(m.span);
    }
    const auto mentioned = sorted_begins(task_mentions), used = sorted_begins(used_), unknown = sorted_begins(unknown_);
    for (const auto& statement : mapper_.statements()) {
      const auto holds = [&](const std::vector<std::uint32_t>& begins) {
        const auto at = std::lower_bound(begins.begin(), begins.end(), statement.span.begin);
        return at != begins.end() && *at < statement.span.end;
      };
      if (!holds(mentioned) || holds(used) || holds(unknown)) continue;
      warning(diag::kDecidesNothing, statement.span,
              fmt::format("this {} statement decides nothing for program `{}` on machine `{}`", statement.kind, program_.name,
                          machine_.name()),
              "another statement is more specific, or the task never runs where this applies");
    }
  }

  const sema::Mapper& mapper_;
  const Program& program_;
  const machine::Machine& machine_;
  diag::Sink& sink_;
  bool strict_;
  Sites sites_;
  sema::PlacementEvaluator evaluator_;
  Decisions out_;
  std::set<std::uint32_t> failed_;  // decisions
  std::vector<diag::Span> used_, unknown_;
};

}  // namespace

std::optional<Decisions> decide(const sema::Mapper& mapper, const Program& program, const machine::Machine& machine,
                                diag::Sink& sink, bool strict) {
  return Decider(mapper, program, machine, sink, strict).run();
}

std::string Decisions::canonical_hash() const {
  Hasher h;
  h.add(replicated ? 1 : 0);
  for (const LaunchDecision& l : launches) {
    h.add(static_cast<std::uint64_t>(l.kind)).add(static_cast<std::uint64_t>(l.limit.value_or(0)));
    h.add(l.processors.size());
    for (const ProcessorId p : l.processors) h.add(p.value);
    for (const ArgumentDecision& a : l.arguments) {
      h.add(a.is_virtual ? 1 : 0).add(a.collect ? 1 : 0).add(a.memories.size());
      for (std::size_t m = 0; m < a.memories.size(); ++m) {
        h.add(static_cast<std::uint64_t>(a.memories[m].kind));
        h.add(static_cast<std::uint64_t>(a.layouts[m].fields)).add(static_cast<std::uint64_t>(a.layouts[m].dims));
        h.add(static_cast<std::uint64_t>(a.layouts[m].alignment));
      }
    }
  }
  return h.hex();
}

}  // namespace mapwright::plan
