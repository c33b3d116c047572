#include "plan/plan.h"

#include <fmt/format.h>

#include "plan/planner.h"
#include "plan/sites.h"

namespace mapwright::plan {

std::uint64_t Plan::executed_ops() const {
  std::uint64_t n = 0;
  for (const Segment& s : segments) n += std::uint64_t {s.end - s.begin} * s.repeat;
  return n;
}

std::uint64_t Plan::executed_tasks() const {
  std::uint64_t n = 0;
  for (const Segment& s : segments) {
    std::uint64_t tasks = 0;
    for (OpIndex op = s.begin; op < s.end; ++op) tasks += ops[op].kind == OpKind::Task;
    n += tasks * s.repeat;
  }
  return n;
}

Sites number_sites(const program::Program& program) {
  Sites out;
  out.decisions = program.launch_count;
  std::vector<bool> seen(program.launch_count);
  std::vector<std::uint32_t> open;  // decisions of the launches above the current site
  for (program::Program::Site& site : program.sites()) {
    open.resize(site.parents.size());
    const LaunchId launch = site.launch->id;
    const std::uint32_t decision = seen[launch.value] ? out.decisions++ : launch.value;
    seen[launch.value] = true;
    out.child[{open.empty() ? kNone : open.back(), launch}] = decision;
    out.entries.push_back({std::move(site), decision, open});
    open.push_back(decision);
  }
  return out;
}

Effort effort(const program::Program& program, Options options) {
  constexpr std::int64_t kIterations = 2;       // one that begins the loop, and one that stands for the rest
  constexpr double kBytesPerTask = 300;         // docs/models/plan-time.md, Speed
  const std::int64_t tasks = options.unroll ? program.point_tasks() : program.point_tasks(kIterations);
  return {tasks, kBytesPerTask * static_cast<double>(tasks)};
}

std::string to_string(const Layout& layout) {
  return fmt::format("{} {}{}", layout.fields == FieldOrder::Soa ? "SOA" : "AOS", layout.dims == DimOrder::C ? "C_order" : "F_order",
                     layout.alignment() > 1 ? fmt::format(" Align=={}", layout.alignment()) : "");
}

tl::expected<Plan, Verdict> make_plan(std::shared_ptr<const Decisions> decisions, const program::Program& program,
                                      const machine::Machine& machine, Options options) {
  return Planner(std::move(decisions), program, machine, options).run();
}

tl::expected<Plan, Verdict> make_plan(const sema::Mapper& mapper, const program::Program& program,
                                      const machine::Machine& machine, diag::Sink& sink, Options options) {
  diag::Sink own;
  auto decisions = decide(mapper, program, machine, own);
  if (!decisions) {
    Verdict v;
    for (diag::Diagnostic& d : own.take_sorted()) {
      if (d.severity == diag::Severity::Error) v.diagnostics.push_back(std::move(d)); else sink.emit(std::move(d));
    }
    return tl::unexpected(std::move(v));
  }
  for (const diag::Diagnostic& d : own.all()) sink.emit(d);
  return make_plan(std::make_shared<const Decisions>(std::move(*decisions)), program, machine, options);
}

}  // namespace mapwright::plan
