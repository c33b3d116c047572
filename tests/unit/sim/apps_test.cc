// Every shipped program: loops kept equal loops unrolled, to the bit.
#include <gtest/gtest.h>

#include "apps/apps.h"
#include "engine/sim/sim.h"
#include "support/tiny_machine.h"

namespace mapwright::engine::sim {
namespace {

struct Size {
  std::string machine = "p100";
  std::string preset = "test";
  std::int64_t nodes = 2;
  std::map<std::string, std::string> set {};
};

// Operations of repetitions that were left out, as they equal others.
std::uint64_t expect_same_unrolled(const std::string& name, const Size& size, const std::string& mapper) {
  SCOPED_TRACE(name);
  apps::Choice choice;
  choice.preset = size.preset;
  choice.set = size.set;
  choice.nodes = size.nodes;
  const auto program = apps::build(name, choice);
  EXPECT_TRUE(program) << program.error().message;
  if (!program) return 0;
  machine::Overrides overrides;
  overrides.nodes = size.nodes;
  const machine::Machine machine = test::shipped(size.machine, overrides);
  diag::Sink sink;
  const auto decisions = plan::decide(sema::compile(diag::make_source("m.mapper", mapper), sink), *program, machine, sink);
  if (!decisions) return 0;  // the expert of one machine shape does not fit every other
  const auto shared = std::make_shared<const plan::Decisions>(*decisions);
  const auto kept = plan::make_plan(shared, *program, machine, {.unroll = false});
  const auto unrolled = plan::make_plan(shared, *program, machine, {.unroll = true});
  EXPECT_EQ(kept.has_value(), unrolled.has_value());
  if (!kept || !unrolled) return 0;
  std::uint64_t left_out = 0;
  for (const Sharing sharing : {Sharing::Fair, Sharing::Fifo}) {
    const Timing a = simulate(*kept, *program, machine, {.sharing = sharing});
    const Timing b = simulate(*unrolled, *program, machine, {.sharing = sharing});
    left_out += a.repeated_ops;
    EXPECT_EQ(b.repeated_ops, 0U);
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
  return left_out;
}

TEST(Apps, KeptLoopsEqualUnrolledLoops) {
  for (const apps::App& app : apps::all()) {
    expect_same_unrolled(app.name, {}, "");
    expect_same_unrolled(app.name, {}, std::string(app.expert_mapper));
  }
}

// Longer than the window of launches that mapping may be ahead.
TEST(Apps, KeptLoopsEqualUnrolledLoopsBeyondTheWindow) { expect_same_unrolled("circuit", {.set = {{"l", "600"}}}, ""); }

// Without a grid for the starts of copies (docs/models/copies.md) Stencil's fall into step late, and the state then returns
// after many time steps.
TEST(Apps, LongPeriodsAreFound) {
  const Size size {.machine = "generic", .preset = "paper", .nodes = 16, .set = {{"tsteps", "1000"}, {"tprune", "0"}}};
  EXPECT_GT(expect_same_unrolled("stencil", size, std::string(apps::find("stencil")->expert_mapper)), 0U);
}

// With one they do after some 30 steps on 64 nodes: of the two executions, `fair` leaves out more than half.
TEST(Apps, CopiesFallIntoStepOnTheGrid) {
  const Size size {.preset = "paper", .nodes = 64, .set = {{"tsteps", "250"}, {"tprune", "0"}}};
  const std::uint64_t operations = 250 * 64 * 4 * 5;  // at least: two tasks, more than three copies per GPU and step
  EXPECT_GT(expect_same_unrolled("stencil", size, std::string(apps::find("stencil")->expert_mapper)), operations / 2);
}

// Where nothing is copied the grid does not matter: one tile has no neighbours.
TEST(Apps, LoopsWithoutCopiesAreLeftOutToo) {
  const Size size {.nodes = 1, .set = {{"ntx", "1"}, {"nty", "1"}, {"tsteps", "40"}}};
  EXPECT_GT(expect_same_unrolled("stencil", size, ""), 40U);
}

// The repetition before the loop, one after which the state is the same, and the last: whatever their number.
TEST(Apps, SteadyLoopsCostThreeRepetitions) {
  for (const char* reps : {"6", "60"}) {
    const apps::Choice choice {.preset = "paper", .set = {{"reps", reps}}};
    const auto program = apps::build("cannon", choice);
    ASSERT_TRUE(program);
    const machine::Machine machine = test::shipped("p100");
    diag::Sink sink;
    const auto plan = plan::make_plan(sema::compile(diag::make_source("m.mapper", std::string(apps::find("cannon")->expert_mapper)), sink), *program, machine, sink);
    ASSERT_TRUE(plan);
    const Timing t = simulate(*plan, *program, machine);
    const double all = static_cast<double>(t.executed_ops), repetitions = std::stod(reps);
    EXPECT_NEAR((all - static_cast<double>(t.repeated_ops)) / all * repetitions, 3, 0.2) << reps;
  }
}

}  // namespace
}  // namespace mapwright::engine::sim
