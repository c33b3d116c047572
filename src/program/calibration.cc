#include "program/calibration.h"

#include <algorithm>

namespace mapwright::program {

namespace {

Error misfit(std::string what) {
  return {diag::kCalibrationMisfit, "the calibration does not fit: " + std::move(what), "measure again: `mapwright calibrate --program ...`"};
}

}  // namespace

Expected<void> apply(const Calibration& c, Program& p) {
  if (c.program != p.name) return tl::unexpected(misfit(fmt::format("it is of program `{}`, not of `{}`", c.program, p.name)));
  for (const auto& [name, value] : p.parameters) {
    const auto found = c.parameters.find(name);
    const std::string theirs = found == c.parameters.end() ? "" : found->second;
    if (theirs != value) return tl::unexpected(misfit(fmt::format("`{}` was `{}`, now it is `{}`", name, theirs, value)));
  }
  for (const Calibration::Entry& e : c.entries) {
    const auto task = std::find_if(p.tasks.begin(), p.tasks.end(), [&](const Task& t) { return t.name == e.task; });
    if (task == p.tasks.end()) return tl::unexpected(misfit(fmt::format("the program has no task `{}`", e.task)));
    const auto variant = std::find_if(task->variants.begin(), task->variants.end(), [&](const Variant& v) { return v.kind == e.kind; });
    if (variant == task->variants.end()) {
      return tl::unexpected(misfit(fmt::format("task `{}` has no variant for {}", e.task, to_string(e.kind))));
    }
    variant->measured = e.measured;
  }
  diag::Sink sink;
  if (validate(p, sink)) return {};
  return tl::unexpected(misfit(sink.all().front().message));
}

}  // namespace mapwright::program
