// mapwright run --program P --mapper M: one execution, and what the guide says about it.
#include <fmt/format.h>

#include "driver/commands.h"
#include "driver/inputs.h"
#include "driver/jitter.h"
#include "driver/json.h"
#include "driver/summary.h"
#include "engine/sim/limits.h"
#include "guide/guide.h"

namespace mapwright::driver {

namespace {

// What --jitter asks for: times of simulations with kernels that vary. Empty when it was not given or the mapper does not run.
std::vector<double> varied_times(const Options& options, const Target& target, const diag::SourcePtr& mapper, Console& console) {
  if (!options.jitter) return {};
  console.progress("simulating with kernels that vary");
  engine::EvaluationRequest request;
  request.mapper = mapper;
  request.program = &target.program;
  request.machine = &target.machine;
  const auto prepared = engine::prepare(request, "sim");
  if (!prepared) return {};
  return jittered_times(prepared->plan, target, *options.jitter / 100, sharing_of(options));
}

}  // namespace

int run(const Options& options, Console& console) {
  if (options.jitter && options.engine != "sim") {
    return console.usage("`--jitter` is for simulations", fmt::format("leave out `--jitter` or `--engine {}`", options.engine));
  }
  const OrExit<Target> target = load_target_to_plan(options, console);
  if (!target) return target.error();
  const OrExit<diag::SourcePtr> mapper = load_mapper(options.mapper, &*target, console);
  if (!mapper) return mapper.error();
  const OrExit<guide::Rules> rules = load_rules(options, console);
  if (!rules) return rules.error();
  const OrExit<std::unique_ptr<engine::Engine>> engine = make_engine(options, console);
  if (!engine) return engine.error();

  console.progress(fmt::format("running {} on {}", target->program.name, (*engine)->name()));
  const Expected<engine::Execution> execution = execute(**engine, *target, *mapper, options);
  if (!execution) return console.fail(execution.error());

  // The expert's run is for the ratio only; its simulation is not counted.
  std::optional<double> relative;
  if (target->reference) {
    const Expected<engine::Execution> expert = execute(**engine, *target, target->reference, options, false);
    if (expert) relative = engine::relative(*execution, *expert);
  }
  // What no mapper can beat, as a share of this one's time; the bound is of the simulator's model.
  std::optional<double> of_limit;
  if (options.engine == "sim" && execution->outcome == engine::Outcome::Ok && execution->seconds > 0) {
    const double limit = engine::sim::lower_bound(target->program, target->machine).seconds;
    if (limit > 0) of_limit = limit / execution->seconds;
  }
  const std::vector<double> varied = varied_times(options, *target, *mapper, console);
  console.end_progress();

  const guide::Context context {&target->program, &target->machine, *mapper};
  const guide::Feedback feedback = guide::give_feedback(*execution, context, *rules);
  const guide::Level level = guide::level(options.feedback).value_or(guide::Level::Profile);

  if (console.json()) {
    Json out = object("run");
    out["program"] = program_json(*target);
    out["machine"] = machine_json(target->machine);
    out["engine"] = (*engine)->name();
    out["mapper"] = Json {{"name", (*mapper)->name()}, {"hash", Hasher().add((*mapper)->text()).hex()}};
    add_execution(out, *execution);
    out["relative_to_expert"] = optional_number(relative);
    out["of_limit"] = optional_number(of_limit);
    if (options.jitter) out["varied"] = Json {{"jitter", *options.jitter / 100}, {"seconds", varied}};
    out["feedback"] = to_json(feedback, level);
    out["diagnostics"] = to_json(execution->diagnostics);
    out["log"] = execution->log;
    console.out(to_text(out) + "\n");
  } else {
    console.report(execution->diagnostics);
    console.out(summary(*execution, relative, of_limit, !(*engine)->deterministic(), *target, (*mapper)->name(), console));
    if (!varied.empty()) console.out(varied_line(*execution, varied, *options.jitter));
    if (options.feedback_given) {
      console.out("\n" + feedback.text(level) + "\n");
    } else if (!console.quiet()) {
      console.out(short_profile(*execution, context));
    }
  }
  return execution->outcome == engine::Outcome::Ok ? kOk : kMapperFailed;
}

}  // namespace mapwright::driver
