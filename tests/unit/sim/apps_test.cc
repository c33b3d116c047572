// Every shipped program: loops kept equal loops unrolled, to the bit.
#include <gtest/gtest.h>

#include "apps/apps.h"
#include "engine/sim/sim.h"
#include "support/tiny_machine.h"

namespace mapwright::engine::sim {
namespace {

void expect_same_unrolled(const std::string& name, const std::map<std::string, std::string>& set, const std::string& mapper) {
  SCOPED_TRACE(name);
  apps::Choice choice;
  choice.preset = "test";
  choice.set = set;
  choice.nodes = 2;
  const auto program = apps::build(name, choice);
  ASSERT_TRUE(program) << program.error().message;
  machine::Overrides overrides;
  overrides.nodes = 2;
  const machine::Machine machine = test::shipped("p100", overrides);
  diag::Sink sink;
  const auto decisions = plan::decide(sema::compile(diag::make_source("m.mapper", mapper), sink), *program, machine, sink);
  if (!decisions) return;  // the expert of one machine shape does not fit every other
  const auto shared = std::make_shared<const plan::Decisions>(*decisions);
  const auto kept = plan::make_plan(shared, *program, machine, {.unroll = false});
  const auto unrolled = plan::make_plan(shared, *program, machine, {.unroll = true});
  ASSERT_EQ(kept.has_value(), unrolled.has_value());
  if (!kept) return;
  for (const Sharing sharing : {Sharing::Fair, Sharing::Fifo}) {
    const Timing a = simulate(*kept, *program, machine, {.sharing = sharing});
    const Timing b = simulate(*unrolled, *program, machine, {.sharing = sharing});
    EXPECT_EQ(a.makespan, b.makespan);
    EXPECT_EQ(a.window, b.window);
    EXPECT_EQ(a.points, b.points);
    EXPECT_EQ(a.channel_busy, b.channel_busy);
    EXPECT_EQ(a.executed_ops, b.executed_ops);
    EXPECT_GT(a.window, 0);
    double sum = 0;
    for (const CriticalShare& s : a.profile.critical) sum += s.seconds;
    EXPECT_LE(sum, a.makespan * (1 + 1e-9));
    EXPECT_GT(sum, 0);
  }
}

TEST(Apps, KeptLoopsEqualUnrolledLoops) {
  for (const apps::App& app : apps::all()) {
    expect_same_unrolled(app.name, {}, "");
    expect_same_unrolled(app.name, {}, std::string(app.expert_mapper));
  }
}

// Longer than the window of launches that mapping may be ahead.
TEST(Apps, KeptLoopsEqualUnrolledLoopsBeyondTheWindow) { expect_same_unrolled("circuit", {{"l", "600"}}, ""); }

}  // namespace
}  // namespace mapwright::engine::sim
