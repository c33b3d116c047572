// mapwright dump MAPPER --stage=...: what a stage of the pipeline makes of a mapper, as text.
#include <optional>

#include "driver/commands.h"
#include "driver/inputs.h"
#include "plan/plan.h"
#include "syntax/syntax.h"

namespace mapwright::driver {

namespace {

int dump_plan(const Options& options, Console& console) {
  const OrExit<Target> target = load_target_to_plan(options, console);
  if (!target) return target.error();
  const OrExit<diag::SourcePtr> source = load_mapper(options.words[0], &*target, console);
  if (!source) return source.error();
  const OrExit<sema::Mapper> mapper = compile_mapper(*source, console);
  if (!mapper) return mapper.error();
  diag::Sink sink;
  const auto plan = plan::make_plan(*mapper, target->program, target->machine, sink);
  console.report(sink);
  if (!plan) {
    console.report(plan.error().diagnostics);
    return kMapperFailed;
  }
  console.out(plan::dump(*plan, target->program, target->machine));
  return kOk;
}

}  // namespace

int dump(const Options& options, Console& console) {
  if (options.stage == "plan") return dump_plan(options, console);
  std::optional<Target> target;  // for mappers that only a program has: expert, random
  if (!options.program.empty()) {
    OrExit<Target> loaded = load_target(options, console);
    if (!loaded) return loaded.error();
    target = *std::move(loaded);
  }
  const OrExit<diag::SourcePtr> source = load_mapper(options.words[0], target ? &*target : nullptr, console);
  if (!source) return source.error();
  diag::Sink sink;
  std::string text;
  if (options.stage == "tokens") text = syntax::dump_tokens(*source, sink);
  if (options.stage == "ast") text = syntax::dump(syntax::parse(*source, sink));
  if (options.stage == "mapper") text = sema::compile(*source, sink).dump();
  console.report(sink);
  console.out(text);
  return sink.has_errors() ? kMapperFailed : kOk;
}

}  // namespace mapwright::driver
