// The timed window from time stamps.
#include "engine/host/timing.h"

#include <gtest/gtest.h>

namespace mapwright::engine::host {
namespace {

using plan::OpKind;
using program::Metric;

// A loop of three repetitions over: start (looks at record 0), two points of record 0, stop (looks at record 0).
struct Fixture {
  plan::Plan plan;
  Fixture() {
    plan.timer_labels = {"main"};
    plan.records.resize(1);
    plan.ops = {{OpKind::TimerStart, false, plan::kNone, 0, 0, plan::kNone},
                {OpKind::Task, false, 0, 0, 0, 0},
                {OpKind::Task, false, 0, 1, 0, 0},
                {OpKind::TimerStop, false, plan::kNone, 0, 0, plan::kNone}};
    plan.segments = {{0, 4, 3, -1}};
  }
};

Metric metric(Metric::Combine combine, std::string label = "main") {
  Metric m;
  m.combine = combine;
  m.label = std::move(label);
  return m;
}

TEST(Timing, LooksAtLaunches) {
  const Fixture f;
  const Stream stream(f.plan);
  Timing t(f.plan, stream);
  for (std::uint64_t r = 0; r < 3; ++r) {
    t.issue_timer({0, 0, r}, nullptr);
    t.issue_timer({3, 0, r}, nullptr);
  }
  // Repetition r: points [10 r + 1, 10 r + 3] and [10 r + 2, 10 r + 4 + r]: the launch takes 3 + r.
  for (std::uint64_t r = 0; r < 3; ++r) {
    const double at = 10.0 * static_cast<double>(r);
    t.ran({2, 0, r}, at + 2, at + 4 + static_cast<double>(r));
    t.ran({1, 0, r}, at + 1, at + 3);
  }
  EXPECT_DOUBLE_EQ(t.window(metric(Metric::Combine::Sum), 100), 3 + 4 + 5);
  EXPECT_DOUBLE_EQ(t.window(metric(Metric::Combine::Mean), 100), 4);
  EXPECT_DOUBLE_EQ(t.window(metric(Metric::Combine::Span), 100), 26 - 1);
  EXPECT_DOUBLE_EQ(t.window(metric(Metric::Combine::Sum, ""), 100), 100);
  EXPECT_DOUBLE_EQ(t.window(metric(Metric::Combine::Sum, "other"), 100), 0);
}

TEST(Timing, LooksAtFences) {
  Fixture f;
  f.plan.ops[0].b = f.plan.ops[3].b = plan::kNone;
  const Stream stream(f.plan);
  Timing t(f.plan, stream);
  const auto first = std::make_shared<double>(0), second = std::make_shared<double>(0);
  t.issue_timer({0, 0, 0}, first);
  t.issue_timer({3, 0, 0}, second);
  *first = 2;  // fences end long after the timers were issued
  *second = 9;
  EXPECT_DOUBLE_EQ(t.window(metric(Metric::Combine::Sum), 100), 7);
}

}  // namespace
}  // namespace mapwright::engine::host
