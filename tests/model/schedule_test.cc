// docs/models/overhead.md and docs/models/plan-time.md in numbers.
#include "hand_plan.h"

namespace mapwright::test {
namespace {

using plan::OpKind;
constexpr double kMs = 1e-3, kUs = 1e-6, kExact = 1e-12;

TEST(Schedule, AProcessorRunsOneTaskAtATimeInOrderOfReadiness) {
  HandPlan h(free_machine());
  const auto other = h.task(h.cpu(1), 1);
  const auto first = h.task(h.cpu(0), 4);
  const auto late = h.task(h.cpu(0), 10, {after(other)});  // ready at 1 ms
  const auto second = h.task(h.cpu(0), 6);                 // ready at 0, so before `late`
  const auto t = h.run();
  EXPECT_NEAR(end_of(t, first), 4 * kMs, kExact);
  EXPECT_NEAR(end_of(t, second), 10 * kMs, kExact);
  EXPECT_NEAR(end_of(t, late), 20 * kMs, kExact);
  EXPECT_NEAR(t.busy[h.cpu(0).value], 20 * kMs, kExact);
  EXPECT_EQ(t.points[h.cpu(0).value], 3);
  EXPECT_NEAR(t.makespan, 20 * kMs, kExact);
}

TEST(Schedule, LatencyFromReadyToStartAndTheLaunchOfTheKind) {
  HandPlan h(free_machine("\nready_to_start_us = 50", {}, "[processors.OMP]\nlaunch_us = 0\n"));
  const auto a = h.task(h.cpu(0), 1), b = h.task(h.cpu(1), 1, {after(a)});
  // 50 us + 1 ms, twice; CPU launches are free here.
  EXPECT_NEAR(end_of(h.run(), b), 2 * (50 * kUs + 1 * kMs), kExact);

  HandPlan g(tiny_machine("[overheads]\npoint_traced_us = 0\nready_to_start_us = 0\nlaunch_us = 0\ncopy_us = 0\n"
                          "instance_us = 0\ncopy_start_us = 0\npoint_untraced_us = 0\n"));
  const auto c = g.task(g.gpu(0), 1), d = g.task(g.gpu(0), 1);
  const auto t = g.run();
  // A GPU launch of `generic` takes 10 us and occupies the GPU.
  EXPECT_NEAR(end_of(t, c), 1 * kMs + 10 * kUs, kExact);
  EXPECT_NEAR(end_of(t, d), 2 * kMs + 20 * kUs, kExact);
}

TEST(Schedule, AWorkerGoesOnWithWhatItsLastOperationMadeReady) {
  HandPlan h(free_machine({}, {}, "[processors]\nworkers = 2\n"));
  const auto a = h.task(h.cpu(0), 4), b = h.task(h.cpu(1), 6);
  const auto c = h.task(h.gpu(0), 3);
  const auto after_a = h.copy(h.device(0), h.device(1), 50'000'000, {after(a)});  // 1 us + 1 ms at 50 GB/s
  const auto t = h.run();
  // At 0 worker 0 has all three in its list, the first on top, as the host engine spawns the last one first: it takes a.
  // Worker 1 steals the oldest, c. At 3 it steals b. At 4 worker 0 goes on with what a made ready.
  EXPECT_NEAR(end_of(t, a), 4 * kMs, kExact);
  EXPECT_NEAR(end_of(t, c), 3 * kMs, kExact);
  EXPECT_NEAR(end_of(t, b), 9 * kMs, kExact);
  EXPECT_NEAR(end_of(t, after_a), 5 * kMs + 1 * kUs, kExact);
}

TEST(Schedule, ATaskNeedsItsProcessorBeforeAWorker) {
  HandPlan h(free_machine({}, {}, "[processors]\nworkers = 2\n"));
  const auto a = h.task(h.cpu(0), 4), same = h.task(h.cpu(0), 1);
  const auto copy = h.copy(h.device(0), h.device(1), 50'000'000);
  const auto t = h.run();
  EXPECT_NEAR(end_of(t, a), 4 * kMs, kExact);
  EXPECT_NEAR(end_of(t, same), 5 * kMs, kExact);
  EXPECT_NEAR(end_of(t, copy), 1 * kMs + 1 * kUs, kExact);  // on the other worker
}

TEST(Schedule, WorkersAreThoseOfAllNodes) {
  HandPlan h(free_machine({}, {.nodes = 2}, "[processors]\nworkers = 1\n"));
  h.task(h.cpu(0, 0), 4);
  const auto other = h.task(h.cpu(0, 1), 6);
  EXPECT_NEAR(end_of(h.run(), other), 10 * kMs, kExact);
}

TEST(Mapping, TwoUtilityProcessorsMapInProgramOrder) {
  HandPlan h(free_machine("\npoint_traced_us = 10000"));
  std::vector<plan::OpIndex> ops;
  for (std::uint32_t i = 0; i < 4; ++i) ops.push_back(h.task(h.cpu(i), 1));
  const auto t = h.run();
  // Mapped at 10, 10, 20, 20 ms, then 1 ms of work on CPUs of their own.
  EXPECT_NEAR(end_of(t, ops[0]), 11 * kMs, kExact);
  EXPECT_NEAR(end_of(t, ops[1]), 11 * kMs, kExact);
  EXPECT_NEAR(end_of(t, ops[2]), 21 * kMs, kExact);
  EXPECT_NEAR(end_of(t, ops[3]), 21 * kMs, kExact);
}

TEST(Mapping, TheTimelineTellsWhoMappedWhat) {
  HandPlan h(free_machine("\npoint_traced_us = 10000"));
  std::vector<plan::OpIndex> ops;
  for (std::uint32_t i = 0; i < 3; ++i) ops.push_back(h.task(h.cpu(i), 1));
  const auto t = h.run();
  ASSERT_EQ(t.mappings.size(), 3u);
  for (std::uint32_t i = 0; i < 3; ++i) {  // the third on the utility processor that is free first, both at 10 ms
    EXPECT_EQ(t.mappings[i].op, ops[i]);
    EXPECT_EQ(t.mappings[i].space, 0u);
    EXPECT_EQ(t.mappings[i].processor, i % 2);
    EXPECT_NEAR(t.mappings[i].start, (i < 2 ? 0 : 10) * kMs, kExact);
    EXPECT_NEAR(t.mappings[i].end, (i < 2 ? 10 : 20) * kMs, kExact);
  }
}

TEST(Mapping, LaunchesCopiesInstancesAndTracesHaveTheirCosts) {
  const std::string costs = "\npoint_traced_us = 1000\npoint_untraced_us = 5000\nlaunch_us = 300\ncopy_us = 70\ninstance_us = 10";
  for (const bool traced : {true, false}) {
    HandPlan h(free_machine(costs, {}, "[processors]\nutility = 1\n"), traced);
    const auto copy = h.copy(h.device(0), h.device(1), 50'000);
    const std::uint32_t record = h.record(ProcessorKind::Cpu);
    const auto first = h.task(h.cpu(0), 0, {after(copy)}, record);
    h.issue(copy, first);
    const auto second = h.task(h.cpu(1), 0, {}, record);
    const auto t = h.run();
    // The first point pays the launch, the copy and the copy's target instance: 1.38 ms (5.38 untraced); the copy follows:
    // 1 us + 50 kB / 50 GB/s = 1 us. The second point pays only itself.
    const double point = traced ? 1 * kMs : 5 * kMs;
    EXPECT_NEAR(end_of(t, first), point + 380 * kUs + 2 * kUs, kExact);
    EXPECT_NEAR(end_of(t, second), 2 * point + 380 * kUs, kExact);
  }
}

TEST(Mapping, ReplicatedTopLevelsMapInEverySpace) {
  for (const bool replicated : {true, false}) {
    HandPlan h(free_machine("\npoint_traced_us = 10000", {.nodes = 2}, "[processors]\nutility = 1\n"), true, replicated);
    h.task(h.cpu(0, 0), 0);
    const auto second = h.task(h.cpu(0, 1), 0);
    // Each space maps its own point, or space 0 maps both.
    EXPECT_NEAR(end_of(h.run(), second), (replicated ? 10 : 20) * kMs, kExact);
  }
}

TEST(Mapping, NestedLaunchesAreMappedInTheSpaceOfTheirParentAfterIt) {
  HandPlan h(free_machine("\npoint_traced_us = 10000", {.nodes = 2}, "[processors]\nutility = 1\n"), true, true);
  const auto parent = h.task(h.cpu(0, 0), 5);
  const std::uint32_t inner = h.record(ProcessorKind::Cpu, parent);
  const auto a = h.task(h.cpu(0, 1), 1, {}, inner), b = h.task(h.cpu(1, 1), 1, {}, inner);
  const auto complete = h.simple(OpKind::Complete, {after(parent), after(a), after(b)}, parent);
  const auto top = h.task(h.cpu(1, 0), 1);  // top level again: mapped while the parent runs
  const auto t = h.run();
  // Space 0: parent mapped at 10, ends at 15; `top` is mapped 10 to 20; then the children, 20 to 30 and 30 to 40.
  EXPECT_NEAR(end_of(t, parent), 15 * kMs, kExact);
  EXPECT_NEAR(end_of(t, top), 21 * kMs, kExact);
  EXPECT_NEAR(end_of(t, a), 31 * kMs, kExact);
  EXPECT_NEAR(end_of(t, b), 41 * kMs, kExact);
  EXPECT_NEAR(end_of(t, complete), 41 * kMs, kExact);
}

TEST(Mapping, AnInstanceLimitHoldsBackOneTaskAndNoOther) {
  HandPlan h(free_machine("\npoint_traced_us = 10000", {}, "[processors]\nutility = 1\n"));
  const auto first = h.task(h.cpu(0), 5);
  const auto held = h.task(h.cpu(1), 1, {limited(first)});
  const auto other = h.task(h.cpu(2), 1);
  const auto third = h.task(h.cpu(3), 1);
  const auto t = h.run();
  // first: mapped 10, ends 15. `held` is not mapped before 15, so `other` is mapped 10 to 20. At 20 `held` is the first in
  // program order: 20 to 30; then `third`: 30 to 40.
  EXPECT_NEAR(end_of(t, other), 21 * kMs, kExact);
  EXPECT_NEAR(end_of(t, held), 31 * kMs, kExact);
  EXPECT_NEAR(end_of(t, third), 41 * kMs, kExact);
}

TEST(Mapping, AWaitStopsEverythingAfterIt) {
  HandPlan h(free_machine("\npoint_traced_us = 10000", {}, "[processors]\nutility = 1\n"));
  const auto first = h.task(h.cpu(0), 5);
  const auto fence = h.simple(OpKind::Fence);
  const auto second = h.task(h.cpu(1), 1);
  h.plan.records[h.plan.ops[second].record].gate = h.plan.records[h.plan.ops[second].record].fence = fence & plan::kNoOp;
  const auto t = h.run();
  // Mapped at 10, ends at 15, the fence with it; the second is mapped 15 to 25.
  EXPECT_NEAR(end_of(t, first), 15 * kMs, kExact);
  EXPECT_NEAR(end_of(t, fence), 15 * kMs, kExact);
  EXPECT_NEAR(end_of(t, second), 26 * kMs, kExact);
}

TEST(Mapping, AFenceWithoutWaitStopsStartsOnly) {
  HandPlan h(free_machine("\npoint_traced_us = 10000", {}, "[processors]\nutility = 1\n"));
  h.task(h.cpu(0), 25);
  const auto fence = h.simple(OpKind::Fence);
  const auto second = h.task(h.cpu(1), 1);
  h.plan.records[h.plan.ops[second].record].fence = fence & plan::kNoOp;
  // The fence ends at 35; the second was mapped at 20.
  EXPECT_NEAR(end_of(h.run(), second), 36 * kMs, kExact);
}

TEST(Mapping, TheTopLevelStops1024LaunchesAhead) {
  HandPlan h(free_machine());
  std::vector<plan::OpIndex> ops;
  for (int i = 0; i < 1024; ++i) ops.push_back(h.task(h.cpu(0), i == 0 ? 7 : 1));
  const auto held = h.task(h.cpu(1), 1), next = h.task(h.cpu(1), 1);
  const auto t = h.run();
  // CPU 1 has nothing else to do, but the launch numbered 1024 is mapped when the first is over, the next one 1 ms later.
  EXPECT_NEAR(end_of(t, held), 8 * kMs, kExact);
  EXPECT_NEAR(end_of(t, next), 9 * kMs, kExact);
}

TEST(Mapping, TheWindowHoldsInRepeatedSegmentsToo) {
  // Tasks that wait for nothing: without the window all repetitions would be in flight.
  HandPlan h(free_machine("\npoint_traced_us = 10", {}, "[processors]\nutility = 1\n"));
  const auto body = h.task(h.cpu(0), 1);
  h.repeat(body, 5000);
  const auto t = h.run();
  EXPECT_NEAR(end_of(t, body, 4999), 5000 * kMs + 10 * kUs, 1e-9);
  double ready = 0;
  for (const auto& e : t.events) {
    if (e.repetition == 3000) ready = e.ready;
  }
  // Number 3000 is mapped when number 1976 is over: 10 us + 1977 ms, + 10 us.
  EXPECT_NEAR(ready, 1977 * kMs + 20 * kUs, 1e-9);
}

TEST(Futures, GoUpAndDownATreeOfSpaces) {
  HandPlan h(free_machine("\ncopy_start_us = 3", {.nodes = 4}));
  const auto a = h.task(h.cpu(0, 0), 2), b = h.task(h.cpu(0, 3), 4);
  const auto future = h.simple(OpKind::Future, {after(a), after(b)});
  const double latency = h.machine.route(h.host(0), h.host(3)).latency.value;
  // Four spaces: 2 x log2(4) = 4 messages after the last point.
  EXPECT_NEAR(end_of(h.run(), future), 4 * kMs + 3 * kUs + 4 * latency, kExact);
}

TEST(Loops, ARepeatedSegmentIsAChainOfItsBody) {
  HandPlan h(free_machine());
  const auto outside = h.task(h.cpu(1), 50);
  const auto prologue = h.task(h.cpu(0), 2);
  const auto body = h.task(h.cpu(0), 3, {carried(h.next()), after(outside)});
  h.repeat(body, 1000);
  const auto tail = h.task(h.cpu(2), 1, {after(body)});
  const auto t = h.run();
  (void)prologue;
  // The first repetition also waits for `outside`: 50 + 1000 x 3 + 1 ms.
  EXPECT_NEAR(end_of(t, body, 0), 53 * kMs, 1e-9);
  EXPECT_NEAR(end_of(t, body, 999), 3050 * kMs, 1e-9);
  EXPECT_NEAR(end_of(t, tail), 3051 * kMs, 1e-9);
  EXPECT_EQ(t.executed_tasks, 1003u);
}

// A timer that looks at launches, inside a repeated segment.
HandPlan& timed(HandPlan& h) {
  std::vector<plan::OpIndex> begins;
  for (int i = 0; i < 2; ++i) {  // prologue, then the body that repeats
    begins.push_back(h.timer(true, 0));
    const std::uint32_t record = h.record(ProcessorKind::Cpu);
    h.plan.ops[begins.back()].b = record;
    const plan::OpIndex gap = h.next() + 2;  // a task between two windows
    const HandPlan::Edges before = i == 0 ? HandPlan::Edges {} : HandPlan::Edges {carried(gap + 1)};
    const auto a = h.task(h.cpu(0), 3, before, record), b = h.task(h.cpu(1), 5, before, record);
    h.timer(false, record);
    h.task(h.cpu(2), 2, {after(a), after(b)});
  }
  h.repeat(begins[1], 3);
  return h;
}

TEST(Timers, WindowsAreCombinedAsTheMetricSays) {
  using Combine = program::Metric::Combine;
  // Four windows of 5 ms (the longer point of each launch) with gaps of 2 ms.
  for (const auto& [combine, expected] : {std::pair(Combine::Sum, 20.0), std::pair(Combine::Mean, 5.0), std::pair(Combine::Span, 26.0)}) {
    HandPlan h(free_machine());
    timed(h);
    h.program.metric.combine = combine;
    const auto t = h.run();
    EXPECT_NEAR(t.window, expected * kMs, kExact);
    EXPECT_NEAR(t.makespan, 28 * kMs, kExact);
  }
}

TEST(Timers, LookAtTheFenceBeforeThem) {
  HandPlan h(free_machine());
  h.task(h.cpu(0), 3);
  const auto first = h.simple(OpKind::Fence);
  h.timer(true);
  const auto work = h.task(h.cpu(0), 7);
  h.plan.records[h.plan.ops[work].record].fence = h.plan.records[h.plan.ops[work].record].gate = first & plan::kNoOp;
  h.simple(OpKind::Fence);
  h.timer(false);
  h.task(h.cpu(0), 1);
  const auto t = h.run();
  EXPECT_NEAR(t.window, 7 * kMs, kExact);
}

TEST(Timers, WithoutAnyTheWindowIsTheWholeExecution) {
  HandPlan h(free_machine());
  h.task(h.cpu(0), 3);
  EXPECT_NEAR(h.run().window, 3 * kMs, kExact);
}

TEST(IssuedDeathTest, ComesRightBeforeItsTaskAndInItsSegment) {
  const auto run = [](bool between, bool apart) {
    HandPlan h(free_machine());
    const auto copy = h.copy(h.device(0), h.device(1), 8);
    if (between) h.simple(OpKind::Join);
    const auto begin = h.next();
    const auto task = h.task(h.gpu(1), 1);
    h.issue(copy, task);
    if (apart) h.repeat(begin, 2);
    h.run();
  };
  run(false, false);
  EXPECT_DEATH(run(true, false), "stands between a task and what it issues");
  EXPECT_DEATH(run(false, true), "is issued by a task of another segment");
}

TEST(CriticalPath, NamesWhatTheTimeWentOn) {
  HandPlan h(free_machine("\npoint_traced_us = 4000", {}, "[processors]\nutility = 1\n"));
  const auto first = h.task(h.gpu(0), 2);
  const auto copy = h.copy(h.device(0), h.device(1), 50'000'000, {after(first)});  // 1 us + 1 ms
  const auto second = h.task(h.gpu(1), 3, {after(copy)});
  h.task(h.gpu(2), 1);
  h.issue(copy, second);
  const auto t = h.run();
  // Mapped at 4, first ends at 6; second mapped at 8, so the copy starts at 8 and ends at 9.001; second ends at 12.001; the
  // last is mapped at 12, ends at 13. Its chain is mapping alone, and 1 ms of compute.
  EXPECT_NEAR(t.makespan, 13 * kMs, kExact);
  ASSERT_EQ(t.profile.critical.size(), 2u);
  EXPECT_EQ(t.profile.critical[0].what, engine::CriticalShare::What::Mapping);
  EXPECT_NEAR(t.profile.critical[0].seconds, 12 * kMs, kExact);
  EXPECT_EQ(t.profile.critical[1].what, engine::CriticalShare::What::Compute);
  EXPECT_NEAR(t.profile.critical[1].seconds, 1 * kMs, kExact);
}

TEST(CriticalPath, GoesThroughCopiesAndBusyProcessors) {
  HandPlan h(free_machine());
  const auto first = h.task(h.gpu(0), 2);
  const auto copy = h.copy(h.device(0), h.device(1), 50'000'000, {after(first)});
  h.task(h.gpu(1), 3);
  h.task(h.gpu(1), 3, {after(copy)});
  const auto t = h.run();
  // The last task is ready at 3.001 ms, just after its processor is free at 3.000: 2 compute + 1.001 copy + 3 compute.
  EXPECT_NEAR(t.makespan, 6.001 * kMs, kExact);
  ASSERT_EQ(t.profile.critical.size(), 2u);
  EXPECT_EQ(t.profile.critical[0].what, engine::CriticalShare::What::Compute);
  EXPECT_NEAR(t.profile.critical[0].seconds, 5 * kMs, kExact);
  EXPECT_EQ(t.profile.critical[1].what, engine::CriticalShare::What::Copy);
  EXPECT_NEAR(t.profile.critical[1].seconds, 1.001 * kMs, kExact);
}

}  // namespace
}  // namespace mapwright::test
