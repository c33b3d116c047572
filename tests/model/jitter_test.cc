// Kernels that vary (Options::jitter) in numbers: docs/models/plan-time.md.
#include <cmath>
#include <numbers>

#include "hand_plan.h"

namespace mapwright::test {
namespace {

constexpr double kJitter = 0.05;

engine::sim::Timing draw(const HandPlan& h, std::uint64_t seed, double jitter = kJitter) {
  return engine::sim::simulate(h.plan, h.program, h.machine, {.timeline = true, .jitter = jitter, .seed = seed});
}

// `times` steps of one task of 10 ms on each of four CPUs, which wait for all four of the step before: operations 0 to 4 are
// the first step, 5 to 9 those that follow.
void add_steps(HandPlan& h, std::uint64_t times) {
  for (const plan::OpIndex begin : {0U, 5U}) {
    HandPlan::Edges all;
    for (std::uint32_t i = 0; i < 4; ++i) all.push_back(after(h.task(h.cpu(i), 10, begin == 0 ? HandPlan::Edges {} : HandPlan::Edges {carried(9)})));
    h.simple(plan::OpKind::Join, all);
  }
  h.repeat(5, times - 1);
  h.finish();
}

TEST(Jitter, TasksDeviateAsAskedFor) {
  HandPlan h(free_machine());
  add_steps(h, 2000);
  double sum = 0, squares = 0, largest = 0;
  std::int64_t tasks = 0;
  for (const engine::Event& e : draw(h, 1).events) {
    if (h.plan.ops[e.op].kind != plan::OpKind::Task) continue;
    const double deviation = (e.end - e.start) / 0.010 - 1;
    sum += deviation;
    squares += deviation * deviation;
    largest = std::max(largest, std::abs(deviation));
    ++tasks;
  }
  const auto n = static_cast<double>(tasks);
  ASSERT_EQ(tasks, 8000);
  EXPECT_NEAR(sum / n, 0, 5 * kJitter / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(squares / n), kJitter, 0.02 * kJitter);
  EXPECT_LE(largest, std::numbers::sqrt3 * kJitter + 1e-6);
  EXPECT_GT(largest, 0.99 * std::numbers::sqrt3 * kJitter);
}

// The last of n numbers that are uniform in [-w, w] is at w (n - 1) / (n + 1) on average; its variance is
// 4 w^2 n / ((n + 1)^2 (n + 2)).
TEST(Jitter, StepsWaitForTheirSlowestTask) {
  constexpr int kSteps = 2000;
  HandPlan h(free_machine());
  add_steps(h, kSteps);
  const double w = std::numbers::sqrt3 * kJitter, expected = 0.010 * (1 + w * 3 / 5), deviation = 0.010 * w * std::sqrt(4 * 4 / (25.0 * 6));
  EXPECT_NEAR(draw(h, 1).makespan / kSteps, expected, 5 * deviation / std::sqrt(kSteps));
  EXPECT_NEAR(draw(h, 1, 0).makespan / kSteps, 0.010, 1e-9);
}

TEST(Jitter, IsDecidedByTheSeed) {
  HandPlan h(free_machine());
  add_steps(h, 10);
  EXPECT_EQ(draw(h, 1).makespan, draw(h, 1).makespan);
  EXPECT_NE(draw(h, 1).makespan, draw(h, 2).makespan);
}

// What comes to CPU0 first at 5 ms is a matter of chance: a task of 1 ms, behind which 10 ms of CPU1 wait, or one of 10 ms.
// 5 + 1 + 10 = 16 ms in the order of the program, 5 + 10 + 1 + 10 = 26 ms otherwise.
TEST(Jitter, ShowsWhatRestsOnATie) {
  HandPlan h(free_machine());
  const auto before_short = h.task(h.cpu(1), 5), before_long = h.task(h.cpu(2), 5);
  const auto first = h.task(h.cpu(0), 1, {after(before_short)});
  h.task(h.cpu(0), 10, {after(before_long)});
  h.task(h.cpu(1), 10, {after(first)});
  h.finish();
  EXPECT_NEAR(draw(h, 1, 0).makespan, 0.016, 1e-9);
  int late = 0;
  constexpr int kDraws = 200;
  for (std::uint64_t seed = 0; seed < kDraws; ++seed) {
    const double makespan = draw(h, seed).makespan;
    EXPECT_NEAR(makespan, makespan > 0.021 ? 0.026 : 0.016, 0.003);
    late += makespan > 0.021 ? 1 : 0;
  }
  EXPECT_NEAR(late, kDraws / 2, 5 * std::sqrt(kDraws / 4.0));
}

}  // namespace
}  // namespace mapwright::test
