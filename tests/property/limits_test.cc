// The lower bound of docs/models/limits.md against what mappers really take in the simulator.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fmt/format.h>

#include <map>

#include "apps/apps.h"
#include "base/random.h"
#include "engine/sim/limits.h"
#include "engine/sim/sim.h"
#include "random_mapper.h"
#include "random_program.h"

namespace mapwright {
namespace {

using engine::sim::Limit;
using engine::sim::LimitTerm;
using engine::sim::lower_bound;
using engine::sim::Sharing;

// Puts a pair of timers around some statements of a body, at times with fences, or into one of its loops.
void time_some(program::Body& body, Rng& rng, const std::string& label) {
  std::vector<std::size_t> loops;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (std::holds_alternative<program::Loop>(body[i].what)) loops.push_back(i);
  }
  if (!loops.empty() && rng.below(3) == 0) {
    return time_some(std::get<program::Loop>(body[loops[rng.below(loops.size())]].what).body, rng, label);
  }
  std::size_t from = rng.below(body.size()), to = rng.below(body.size());
  if (from > to) std::swap(from, to);
  // A timer looks at the launch next to it, or at a fence.
  const auto is_launch = [&](std::size_t at) { return std::holds_alternative<program::Launch>(body[at].what); };
  const auto put = [&](std::size_t at, bool start) {
    std::vector<program::Statement> both;
    if (!is_launch(start ? at : at - 1) || rng.below(2)) both.push_back({program::Fence {rng.below(2) == 0}});
    both.push_back({program::Timer {label, start}});
    body.insert(body.begin() + static_cast<std::ptrdiff_t>(at), both.begin(), both.end());
  };
  put(to + 1, false);
  put(from, true);
}

program::Program timed_program(std::uint64_t seed) {
  program::Program p = testing::random_program(seed);
  Rng rng(seed ^ 0x1417);
  const std::uint64_t pairs = rng.below(3);
  if (pairs > 0) p.metric.label = "window";
  for (std::uint64_t i = 0; i < pairs; ++i) {
    program::Body copy = p.main;
    time_some(copy, rng, "window");
    // A pair inside another one is no program.
    diag::Sink sink;
    std::swap(p.main, copy);
    if (!program::validate(p, sink)) std::swap(p.main, copy);
  }
  constexpr program::Metric::Combine kAll[] = {program::Metric::Combine::Sum, program::Metric::Combine::Mean, program::Metric::Combine::Span};
  p.metric.combine = kAll[rng.below(3)];
  p.number_launches();
  return p;
}

RC_GTEST_PROP(Limits, NoDecisionsOnARandomProgramAreFaster, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(1, 1u << 30);
  const program::Program p = timed_program(seed);
  const machine::Machine m = testing::small_machine(1 + static_cast<int>(seed % 3), 64);
  const Limit limit = lower_bound(p, m);
  RC_ASSERT(limit.complete);
  RC_CLASSIFY(limit.seconds > 0, "bound above zero");
  for (std::uint64_t k = 0; k < 4; ++k) {
    const auto decisions = testing::random_decisions(seed + k, p, m);
    const auto plan = plan::make_plan(decisions, p, m);
    RC_ASSERT(plan.has_value());
    for (const Sharing sharing : {Sharing::Fair, Sharing::Fifo}) {
      const double window = engine::sim::simulate(*plan, p, m, {.sharing = sharing, .profile = false}).window;
      // Timers around launches that do not need each other may even run backwards.
      if (limit.seconds > 0) RC_ASSERT(window >= limit.seconds * (1 - 1e-9));
    }
  }
}

machine::Machine shipped(const std::string& name, std::int64_t nodes, std::int64_t ranks) {
  machine::Overrides overrides;
  overrides.nodes = nodes;
  if (ranks > 1) overrides.ranks_per_node = ranks;
  diag::Sink sink;
  auto m = machine::load_machine(name, overrides, sink);
  MW_CHECK(m.has_value());
  return std::move(*m);
}

engine::Execution run(const program::Program& p, const machine::Machine& m, const std::string& mapper) {
  engine::EvaluationRequest request;
  request.mapper = diag::make_source("test", mapper);
  request.program = &p;
  request.machine = &m;
  request.profile = false;
  auto e = engine::sim::make_engine()->run(request);
  MW_CHECK(e.has_value());
  return std::move(*e);
}

// Every shipped program, on every shipped machine, under random mappers.
TEST(Limits, NoRandomMapperOfAShippedProgramIsFaster) {
  std::int64_t ran = 0;
  for (const apps::App& app : apps::all()) {
    for (const std::string& machine : machine::shipped_machine_names()) {
      for (const std::int64_t nodes : {1, 2, 4}) {
        apps::Choice choice;
        choice.preset = "test";
        choice.nodes = nodes;
        const auto program = apps::build(app.name, choice);
        ASSERT_TRUE(program.has_value()) << app.name;
        const machine::Machine m = shipped(machine, nodes, program->ranks_per_node);
        const Limit limit = lower_bound(*program, m);
        EXPECT_TRUE(limit.complete);
        EXPECT_GT(limit.seconds, 0) << app.name;
        std::vector<std::string> mappers {"", std::string(app.expert_mapper)};
        for (std::uint64_t seed = 1; seed <= 8; ++seed) mappers.push_back(testing::random_mapper(seed, *program, m, 64));
        for (const std::string& mapper : mappers) {
          const engine::Execution e = run(*program, m, mapper);
          if (e.outcome != engine::Outcome::Ok) continue;
          ++ran;
          EXPECT_GE(e.seconds, limit.seconds * (1 - 1e-9)) << app.name << " on " << nodes << " x " << machine << "\n" << mapper;
        }
      }
    }
  }
  EXPECT_GT(ran, 100);
}

// Where bringing operands is what takes the time: nodes of a slow network.
TEST(Limits, NoRandomMapperBringsFewerOperands) {
  std::int64_t ran = 0, bound = 0;
  for (const char* name : {"cannon", "summa", "pumma", "johnson", "solomonik", "cosma"}) {
    for (const std::int64_t nodes : {2, 4, 9, 16}) {
      apps::Choice choice;
      choice.preset = "weak";
      choice.nodes = nodes;
      choice.set = {{"reps", "2"}};
      const auto program = apps::build(name, choice);
      ASSERT_TRUE(program.has_value()) << name;
      std::string toml(machine::shipped_machine("p100"));
      ASSERT_NE(toml.find("[network]"), std::string::npos);
      const std::size_t at = toml.find("bandwidth_gb_s", toml.find("[network]"));
      toml.replace(at, toml.find('\n', at) - at, "bandwidth_gb_s = 0.5");
      machine::Overrides overrides;
      overrides.nodes = nodes;
      if (program->ranks_per_node > 1) overrides.ranks_per_node = program->ranks_per_node;
      diag::Sink sink;
      const auto m = machine::read_machine(diag::make_source("slow.toml", toml), overrides, sink);
      ASSERT_TRUE(m.has_value());
      const Limit limit = lower_bound(*program, *m);
      bound += limit.binding() == LimitTerm::Communication ? 1 : 0;
      std::vector<std::string> mappers {"", std::string(apps::find(name)->expert_mapper)};
      for (std::uint64_t seed = 1; seed <= 6; ++seed) mappers.push_back(testing::random_mapper(seed, *program, *m, 64));
      for (const std::string& mapper : mappers) {
        const engine::Execution e = run(*program, *m, mapper);
        if (e.outcome != engine::Outcome::Ok) continue;
        ++ran;
        EXPECT_GE(e.seconds, limit.seconds * (1 - 1e-9)) << name << " on " << nodes << " nodes\n" << mapper;
      }
    }
  }
  EXPECT_GT(ran, 60);
  EXPECT_GT(bound, 12);
}

// Where the expert's mapper leaves nothing to gain, the bound is close; and nowhere is it trivial.
TEST(Limits, AreCloseToWhatExpertsReach) {
  const std::map<std::string, double> least {{"stencil", 0.99}, {"pennant", 0.75}, {"circuit", 0.65}};
  for (const apps::App& app : apps::all()) {
    const auto program = apps::build(app.name, {});
    ASSERT_TRUE(program.has_value()) << app.name;
    const machine::Machine m = shipped("p100", 1, program->ranks_per_node);
    const Limit limit = lower_bound(*program, m);
    const engine::Execution e = run(*program, m, std::string(app.expert_mapper));
    ASSERT_EQ(e.outcome, engine::Outcome::Ok) << app.name;
    EXPECT_LE(limit.seconds, e.seconds) << app.name;
    const auto wanted = least.find(app.name);
    EXPECT_GE(limit.seconds, (wanted == least.end() ? 0.7 : wanted->second) * e.seconds) << app.name;
  }
}

TEST(Limits, DoNotDependOnNames) {
  auto program = apps::build("pennant", {});
  ASSERT_TRUE(program.has_value());
  const machine::Machine m = shipped("p100", 1, 1);
  const Limit before = lower_bound(*program, m);
  int n = 0;
  for (program::Task& t : program->tasks) t.name = fmt::format("t{}", 1000 - n++);
  for (program::Region& r : program->regions) r.name = fmt::format("r{}", 1000 - n++);
  const Limit after = lower_bound(*program, m);
  EXPECT_EQ(before.seconds, after.seconds);
  EXPECT_EQ(before.terms, after.terms);
}

}  // namespace
}  // namespace mapwright
