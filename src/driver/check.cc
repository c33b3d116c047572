// mapwright check MAPPER...: everything that can be known to be wrong without running. Alone it checks the text; with
// --program also that the mapper fits the program and the machine: every placement, memory, layout and capacity.
#include <fmt/format.h>

#include <algorithm>

#include "driver/commands.h"
#include "driver/inputs.h"
#include "driver/json.h"
#include "plan/plan.h"

namespace mapwright::driver {

namespace {

// All findings about one mapper, errors of an earlier stage hiding later stages.
std::vector<diag::Diagnostic> findings(const diag::SourcePtr& source, const Target* target, bool strict, std::size_t* hidden) {
  diag::Sink sink;
  const sema::Mapper mapper = sema::compile(source, sink);
  if (!sink.has_errors() && target != nullptr) {
    std::optional<plan::Decisions> decisions = plan::decide(mapper, target->program, target->machine, sink, strict);
    if (decisions) {
      const auto plan = plan::make_plan(std::make_shared<const plan::Decisions>(*std::move(decisions)), target->program,
                                        target->machine);
      if (!plan) {
        for (const diag::Diagnostic& d : plan.error().diagnostics) sink.emit(d);
      }
    }
  }
  return sink.take_sorted(20, hidden);
}

std::string counted(std::size_t n, std::string_view what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

}  // namespace

int check(const Options& options, Console& console) {
  std::optional<Target> target;
  if (!options.program.empty()) {
    OrExit<Target> loaded = load_target(options, console);
    if (!loaded) return loaded.error();
    target = *std::move(loaded);
  }
  int status = kOk;
  for (const std::string& name : options.words) {
    const OrExit<diag::SourcePtr> source = load_mapper(name, target ? &*target : nullptr, console);
    if (!source) return source.error();
    std::size_t hidden = 0;
    const std::vector<diag::Diagnostic> found = findings(*source, target ? &*target : nullptr, options.strict, &hidden);
    const auto errors = static_cast<std::size_t>(
        std::count_if(found.begin(), found.end(), [](const auto& d) { return d.severity == diag::Severity::Error; }));
    if (errors > 0) status = kMapperFailed;

    if (console.json()) {
      Json out = object("check");
      out["mapper"] = (*source)->name();
      out["program"] = target ? program_json(*target) : Json();
      out["machine"] = target ? machine_json(target->machine) : Json();
      out["ok"] = errors == 0;
      out["errors"] = errors;
      out["warnings"] = found.size() - errors;
      out["hidden"] = hidden;
      out["diagnostics"] = to_json(found);
      console.out(to_text(out) + "\n");
      continue;
    }
    console.report(found);
    if (options.console.format != Format::Text || (console.quiet() && errors == 0)) continue;
    const std::string summary = found.empty() ? "ok" : fmt::format("{}, {}", counted(errors, "error"), counted(found.size() - errors, "warning"));
    console.out(fmt::format("{}: {}{}\n", (*source)->name(), summary, hidden > 0 ? fmt::format(", {} more not shown", hidden) : ""));
  }
  return status;
}

}  // namespace mapwright::driver
