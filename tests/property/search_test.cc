// The search space and hillclimb on every shipped program.
#include <gtest/gtest.h>

#include "apps/apps.h"
#include "engine/sim/sim.h"
#include "search/search.h"

namespace mapwright::search {
namespace {

machine::Machine machine_for(const program::Program& p, const std::string& name, std::int64_t nodes) {
  diag::Sink sink;
  machine::Overrides overrides;
  overrides.nodes = nodes;
  overrides.ranks_per_node = p.ranks_per_node;
  auto m = machine::load_machine(name, overrides, sink);
  MW_CHECK(m.has_value());
  return *m;
}

program::Program build(const std::string& name, const std::string& preset, std::int64_t nodes = 1) {
  apps::Choice choice;
  choice.preset = preset;
  choice.nodes = nodes;
  auto p = apps::build(name, choice);
  MW_CHECK(p.has_value(), "{}", p.error().message);
  return std::move(*p);
}

std::string errors_of(const std::string& text, const program::Program& program, const machine::Machine& machine) {
  diag::Sink sink;
  const sema::Mapper mapper = sema::compile(diag::make_source("candidate", text), sink);
  if (!sink.has_errors()) (void)plan::decide(mapper, program, machine, sink);
  if (!sink.has_errors()) return "";
  std::string out = text;
  for (const diag::Diagnostic& d : sink.all()) out += diag::render_text(d);
  return out;
}

TEST(SearchPrograms, ValidPointsAndTheirMovesPassStaticVerification) {
  for (const apps::App& app : apps::all()) {
    const auto p = build(app.name, "test");
    for (const std::string machine_name : {"p100", "generic"}) {
      for (const std::int64_t nodes : {1, 2}) {
        const auto m = machine_for(p, machine_name, nodes);
        const SearchSpace space(p, m, Mode::Valid);
        Rng rng(7);
        for (int i = 0; i < 10; ++i) {
          const Point point = space.random_point(rng);
          ASSERT_EQ(errors_of(space.render(point), p, m), "") << app.name;
          const std::vector<Move> moves = space.moves(point);
          for (int k = 0; k < 4; ++k) {
            Point next = point;
            SearchSpace::apply(moves[rng.below(moves.size())], next);
            space.repair(next);
            ASSERT_EQ(errors_of(space.render(next), p, m), "") << app.name;
          }
        }
      }
    }
  }
}

// Ratios to the expert within 100 evaluations on the p100 model; which programs must reach what is the project's promise.
TEST(SearchPrograms, HillclimbReachesTheExpert) {
  const std::map<std::string, double> promised {{"circuit", 1.25}, {"cannon", 1.0}, {"stencil", 1.0}, {"summa", 1.05}, {"pumma", 1.05}, {"johnson", 1.05}, {"solomonik", 1.05}};
  const auto engine = engine::sim::make_engine();
  for (const auto& [name, ratio] : promised) {
    const auto p = build(name, "paper");
    const auto m = machine_for(p, "p100", 1);
    TuneRequest r;
    r.program = &p;
    r.machine = &m;
    r.engine = engine.get();
    r.iterations = 100;
    r.reference = diag::make_source("expert", std::string(apps::find(name)->expert_mapper));
    const auto result = tune(r);
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(result->history.size(), 100u);
    ASSERT_TRUE(result->relative_to_reference.has_value());
    if (name == "cannon") {
      EXPECT_GT(*result->relative_to_reference, ratio);
    } else {
      EXPECT_GE(*result->relative_to_reference, ratio) << name;
    }
    EXPECT_EQ(result->invalid, 0) << name;
  }
}

TEST(SearchPrograms, RawRandomMappersAreMostlyInvalid) {
  int invalid = 0, all = 0;
  for (const apps::App& app : apps::all()) {
    const auto p = build(app.name, "test");
    const auto m = machine_for(p, "p100", 1);
    const SearchSpace space(p, m, Mode::Raw);
    for (std::uint64_t seed = 1; seed <= 10; ++seed, ++all) invalid += errors_of(random_mapper(space, seed), p, m).empty() ? 0 : 1;
  }
  EXPECT_GT(invalid * 2, all);
  EXPECT_LT(invalid, all);
}

}  // namespace
}  // namespace mapwright::search
