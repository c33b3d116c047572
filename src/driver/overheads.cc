// Chains of point tasks that wait for each other: in one memory, and with a copy between any two.
#include "driver/overheads.h"

#include <algorithm>
#include <array>

#include "engine/host/host.h"
#include "plan/plan.h"
#include "program/program.h"
#include "sema/sema.h"

namespace mapwright::driver {

namespace {

constexpr std::int64_t kSteps = 2000, kLargeSteps = 4;
constexpr std::int64_t kSide = 512, kTiles = 24;  // matrices that are transposed: 48 MiB, more than a core finds in its caches
constexpr int kRuns = 5, kLargeRuns = 2;

// `here` and `there` in turns update the same tiles, which costs nothing.
program::Program chain(std::int64_t side, std::int64_t tiles, std::int64_t steps) {
  program::Builder b("chain");
  const program::RegionId region = b.add_region("data", PointSet(Rect(Point::filled(2, 0), {side - 1, side * tiles - 1})), {{"value", 8}});
  const std::array<std::int64_t, 2> cuts {1, tiles};
  const program::PartitionId partition = b.add_block_partition("tiles", region, cuts);
  program::Variant nothing;
  nothing.kernel = [](program::KernelContext&) {};
  const program::TaskId here = b.add_task("here", {nothing}), there = b.add_task("there", {nothing});
  program::Argument data;
  data.name = "data";
  data.region = region;
  data.partition = partition;
  data.projection.colors = {program::Expr::point(0), program::Expr::point(1)};
  data.fields = {0};
  data.privilege = program::Privilege::ReadWrite;
  b.begin_loop("step", steps);
  for (const program::TaskId task : {here, there}) b.index_launch(task, Rect(Point::filled(2, 0), {0, tiles - 1}), {data});
  b.end_loop();
  return b.finish();
}

// Seconds of the fastest run; 0 when it cannot run. `workers`: 0 for one per core.
double seconds_of(const program::Program& program, int runs, unsigned workers, const machine::Machine& machine, const char* mapper) {
  engine::EvaluationRequest request;
  request.mapper = diag::make_source("chain", mapper);
  request.program = &program;
  request.machine = &machine;
  const auto prepared = engine::prepare(request, "host");
  if (!prepared) return 0;
  engine::host::Options options;
  options.verify = false;
  options.measure = true;
  options.workers = workers;
  double best = 0;
  for (int i = 0; i < runs; ++i) {
    const auto observed = engine::host::execute(prepared->plan, program, machine, options);
    if (observed && (best == 0 || observed->makespan < best)) best = observed->makespan;
  }
  return best;
}

}  // namespace

machine::HostOverheads measure_overheads() {
  diag::Sink sink;
  const auto machine = machine::load_machine("generic", {}, sink);
  MW_CHECK(machine, "the shipped machine `generic`");
  const program::Program small = chain(1, 1, kSteps), large = chain(kSide, kTiles, kLargeSteps);
  const double together = seconds_of(small, kRuns, 0, *machine, "Task * CPU;");
  const double apart = seconds_of(small, kRuns, 0, *machine, "Task * CPU; Region there * CPU ZCMEM;");
  const double turned = seconds_of(large, kLargeRuns, 1, *machine, "Task * CPU; Layout here * * F_order; Layout there * * C_order;");
  // Two tasks per step and tile; apart and turned also a copy between any two.
  constexpr double tasks = 2 * kSteps, elements = (2 * kLargeSteps - 1) * kTiles * kSide * kSide;
  return {Seconds(together / tasks), Seconds(std::max(0.0, apart - together) / tasks), PerSecond(turned > 0 ? elements / turned : 0)};
}

}  // namespace mapwright::driver
