// mapwright why MAPPER --program P --task T --point 1,2: which statement decided what about one point task, and what
// was passed over on the way.
#include <fmt/format.h>

#include <algorithm>

#include "driver/commands.h"
#include "driver/decisions.h"
#include "driver/inputs.h"
#include "driver/json.h"
#include "plan/plan.h"

namespace mapwright::driver {

namespace {

// One answer: what was decided, by whom, and the candidates passed over with the reason.
struct Answer {
  std::string what, value;
  plan::Origin origin;
  std::vector<std::string> passed_over;
};

class Explainer {
 public:
  Explainer(const Target& target, const sema::Mapper& mapper, const plan::Plan* plan)
      : program_(target.program), machine_(target.machine), mapper_(mapper), plan_(plan) {}

  // Of point number `position` of a launch; for a nested launch, below the parent's first point.
  std::vector<Answer> explain(const program::Launch& launch, const plan::LaunchDecision& d, std::size_t position,
                              const std::string& argument) const {
    const plan::ProcessorId processor = d.processors[position];
    std::vector<Answer> out {kind(launch, d)};
    out.push_back({"processor", machine_.processor_name(processor), d.placement_origin, {}});
    if (d.limit) out.push_back({"instance limit", std::to_string(*d.limit), d.limit_origin, {}});
    const plan::Op* const op = task_op(launch, position);
    for (std::size_t i = 0; i < launch.arguments.size(); ++i) {
      const sema::ArgumentNames names = argument_names(program_, launch, i);
      if (!argument.empty() && argument != names.own && argument != names.partition && argument != names.region &&
          argument != std::to_string(i)) {
        continue;
      }
      explain_argument(out, launch, i, d, names, op);
    }
    return out;
  }

 private:
  const std::string& task_name(const program::Launch& launch) const { return program_.tasks[launch.task.value].name; }

  Answer kind(const program::Launch& launch, const plan::LaunchDecision& d) const {
    Answer out {"kind", std::string(to_string(d.kind)), d.kind_origin, {}};
    const sema::Mapper::KindLists lists = mapper_.processor_kinds(task_name(launch));
    for (const auto* list : {&lists.own, &lists.star}) {
      for (const auto& candidate : *list) {
        if (candidate.value == d.kind && d.kind_origin && candidate.span == *d.kind_origin) return out;
        const bool variant = program_.variant(launch.task, candidate.value) != nullptr;
        out.passed_over.push_back(fmt::format("{}: {}", to_string(candidate.value),
                                              variant ? "the machine has no such processor" : "the task has no such variant"));
      }
    }
    return out;
  }

  // The planned task, to see which of the memories the argument really got; null without a plan.
  const plan::Op* task_op(const program::Launch& launch, std::size_t position) const {
    if (plan_ == nullptr) return nullptr;
    for (const plan::Op& op : plan_->ops) {
      if (op.kind != plan::OpKind::Task || op.a != position) continue;
      if (plan_->records[op.record].launch == launch.id) return &op;
    }
    return nullptr;
  }

  void explain_argument(std::vector<Answer>& out, const program::Launch& launch, std::size_t i, const plan::LaunchDecision& d,
                        const sema::ArgumentNames& names, const plan::Op* op) const {
    const plan::ArgumentDecision& a = d.arguments[i];
    const std::string label = fmt::format("argument {} {}", i, names.own);
    if (a.is_virtual || a.memories.empty()) {
      const bool none = launch.arguments[i].privilege == program::Privilege::None;
      out.push_back({label, none ? "no access, so no instance" : "virtual: the task only launches tasks", std::nullopt, {}});
      return;
    }
    std::size_t got = 0;
    std::string where(to_string(a.memories[0].kind));
    if (op != nullptr) {
      const plan::TaskArgument& planned = plan_->task_arguments[op->detail + i];
      got = std::min<std::size_t>(planned.candidate, a.memories.size() - 1);
      where = planned.instance.value != plan::kNone ? machine_.memory_name(plan_->instances[planned.instance.value].memory)
                                                    : fmt::format("{}, but the subregion is empty", to_string(a.memories[got].kind));
    }
    Answer memory {label + ", memory", where, a.memories[got].origin, {}};
    for (const auto& candidate : mapper_.memories(task_name(launch), names, d.kind)) {
      const auto usable = std::find_if(a.memories.begin(), a.memories.end(), [&](const auto& m) { return m.kind == candidate.value; });
      if (usable == a.memories.begin() + static_cast<std::ptrdiff_t>(got)) break;
      memory.passed_over.push_back(fmt::format("{} ({}): {}", to_string(candidate.value),
                                               guide::describe_statement(candidate.span, mapper_.source()),
                                               usable == a.memories.end() ? fmt::format("a {} cannot address it", to_string(d.kind)) : "no room"));
    }
    out.push_back(std::move(memory));
    out.push_back({label + ", layout", plan::to_string(a.layouts[got]), a.layouts[got].origin, {}});
    if (a.collect) out.push_back({label + ", collected", "right after the task", *a.collect, {}});
  }

  const program::Program& program_;
  const machine::Machine& machine_;
  const sema::Mapper& mapper_;
  const plan::Plan* plan_;
};

}  // namespace

int why(const Options& options, Console& console) {
  const OrExit<Target> target = load_target_to_plan(options, console);
  if (!target) return target.error();
  const OrExit<diag::SourcePtr> source = load_mapper(options.words[0], &*target, console);
  if (!source) return source.error();
  const program::Program& program = target->program;
  if (!program.find_task(options.task)) return unknown_task(program, options.task, console);
  const std::optional<Point> point = options.point.empty() ? Point() : parse_point(options.point, ',');
  if (!point) return console.usage(fmt::format("`{}` is no point", options.point), "such as 3 or 1,2");

  const OrExit<sema::Mapper> mapper = compile_mapper(*source, console);
  if (!mapper) return mapper.error();
  diag::Sink sink;
  std::optional<plan::Decisions> decided = plan::decide(*mapper, program, target->machine, sink);
  if (!decided) {
    console.report(sink);
    return kMapperFailed;
  }
  const auto decisions = std::make_shared<const plan::Decisions>(*std::move(decided));
  const auto plan = plan::make_plan(decisions, program, target->machine);
  if (!plan) console.report(plan.error().diagnostics);

  Json out = object("why");
  out["task"] = options.task;
  out["launches"] = Json::array();
  const Explainer explainer(*target, *mapper, plan ? &*plan : nullptr);
  const std::vector<const program::Launch*> launches = launches_by_id(program);
  bool found = false;
  std::string seen;
  for (const plan::LaunchDecision& d : decisions->launches) {
    const program::Launch& launch = *launches[d.launch.value];
    if (program.tasks[launch.task.value].name != options.task) continue;
    const Point at = launch.index && options.point.empty() ? launch.domain.lo : launch.index ? *point : Point();
    if (at.dim != launch.domain.dim() || !launch.domain.contains(at)) continue;
    found = true;
    const auto position = static_cast<std::size_t>(launch.domain.linearize(at));
    const std::vector<Answer> answers = explainer.explain(launch, d, position, options.argument);
    Json list = Json::array();
    Table table({"", "decided", "by"});
    for (const Answer& a : answers) {
      list.push_back(Json {{"what", a.what}, {"value", a.value}, {"by", guide::describe_statement(a.origin, *source)}, {"passed_over", a.passed_over}});
      table.add({a.what, a.value, guide::describe_statement(a.origin, *source)});
      for (const std::string& p : a.passed_over) table.add({"", "not", p});
    }
    out["launches"].push_back(Json {{"launch", launch.id.value}, {"point", to_json(at)}, {"decisions", list}});
    if (console.json()) continue;
    std::string text = table.text(2);
    text = fmt::format("{}{}{}\n{}", console.bold(options.task), launch.index ? " at " + to_string(at) : "",
                       d.processors.size() > static_cast<std::size_t>(launch.domain.volume()) ? " below the first point of its parent" : "",
                       text.substr(text.find('\n') + 1));
    if (text != seen) console.out(text);  // launches that are decided alike are shown once
    seen = text;
  }
  if (!found) {
    return console.usage(fmt::format("no launch of `{}` has the point {}", options.task, options.point.empty() ? "()" : options.point),
                         fmt::format("`mapwright programs show {}` lists launch domains", options.program));
  }
  if (console.json()) console.out(to_text(out) + "\n");
  return kOk;
}

}  // namespace mapwright::driver
