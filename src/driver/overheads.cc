// A chain of point tasks that wait for each other, first in one memory, then with a copy between any two.
#include "driver/overheads.h"

#include <algorithm>

#include "engine/host/host.h"
#include "plan/plan.h"
#include "program/program.h"
#include "sema/sema.h"

namespace mapwright::driver {

namespace {

constexpr std::int64_t kSteps = 2000;
constexpr int kRuns = 5;

// `here` and `there` in turns update the same element.
program::Program chain() {
  program::Builder b("chain");
  const program::RegionId region = b.add_region("data", PointSet(Rect::of_extents({1})), {{"value", 8}});
  program::Variant nothing;
  nothing.kernel = [](program::KernelContext&) {};
  const program::TaskId here = b.add_task("here", {nothing}), there = b.add_task("there", {nothing});
  program::Argument data;
  data.name = "data";
  data.region = region;
  data.fields = {0};
  data.privilege = program::Privilege::ReadWrite;
  b.begin_loop("step", kSteps);
  for (const program::TaskId task : {here, there}) b.index_launch(task, Rect::of_extents({1}), {data});
  b.end_loop();
  return b.finish();
}

// Seconds of one step of the chain; 0 when it cannot run.
double seconds_per_step(const program::Program& program, const machine::Machine& machine, const char* mapper) {
  engine::EvaluationRequest request;
  request.mapper = diag::make_source("chain", mapper);
  request.program = &program;
  request.machine = &machine;
  const auto prepared = engine::prepare(request, "host");
  if (!prepared) return 0;
  engine::host::Options options;
  options.verify = false;
  options.measure = true;
  double best = 0;
  for (int i = 0; i < kRuns; ++i) {
    const auto observed = engine::host::execute(prepared->plan, program, machine, options);
    if (observed && (best == 0 || observed->makespan < best)) best = observed->makespan;
  }
  return best / kSteps;
}

}  // namespace

machine::HostOverheads measure_overheads() {
  diag::Sink sink;
  const auto machine = machine::load_machine("generic", {}, sink);
  MW_CHECK(machine, "the shipped machine `generic`");
  const program::Program program = chain();
  const double together = seconds_per_step(program, *machine, "Task * CPU;");
  const double apart = seconds_per_step(program, *machine, "Task * CPU; Region there * CPU ZCMEM;");
  // Two tasks per step; apart also two copies.
  return {Seconds(together / 2), Seconds(std::max(0.0, apart - together) / 2)};
}

}  // namespace mapwright::driver
