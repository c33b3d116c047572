#include <gtest/gtest.h>

#include <set>

#include "fixtures.h"
#include "plan/plan.h"
#include "sema/sema.h"

namespace mapwright::search {
namespace {

using testing::line_program;
using testing::Names;
using testing::nest_program;
using testing::shipped;

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

// Errors of compiling and static verification, with the text, or nothing.
std::string errors_of(const std::string& text, const program::Program& program, const machine::Machine& machine) {
  diag::Sink sink;
  const auto source = diag::make_source("candidate", text);
  const sema::Mapper mapper = sema::compile(source, sink);
  if (!sink.has_errors()) (void)plan::decide(mapper, program, machine, sink);
  if (!sink.has_errors()) return "";
  std::string out = text;
  for (const diag::Diagnostic& d : sink.all()) out += diag::render_text(d);
  return out;
}

TEST(Space, TheDefaultPointSaysNothing) {
  const auto p = line_program();
  const auto m = shipped("generic");
  for (const Mode mode : {Mode::Valid, Mode::Raw}) {
    const SearchSpace space(p, m, mode);
    EXPECT_EQ(space.render(space.default_point()), "# Every decision is left to the default policy.\n");
  }
}

TEST(Space, RendersReadableText) {
  const auto p = nest_program();
  const auto m = shipped("generic");
  const SearchSpace space(p, m, Mode::Valid);
  Point point = space.default_point();
  for (std::size_t i = 0; i < point.size(); ++i) {
    const Parameter& q = space.parameters()[i];
    const auto choose = [&](std::string_view value) {
      const auto found = std::find(q.values.begin(), q.values.end(), value);
      if (found != q.values.end()) point[i] = found - q.values.begin();
    };
    if (q.decision == Decision::Memory) choose("ZCMEM");
    if (q.decision == Decision::Layout) choose("SOA C_order Align==64");
    if (q.decision == Decision::SingleMap) choose("with_parent");
    if (q.decision == Decision::Limit && q.task->value == 3) choose("2");
  }
  space.repair(point);
  EXPECT_EQ(space.render(point),
            "# What this mapper does not mention is left to the default policy.\n"
            "\n"
            "# Where data live.\n"
            "Region a_place,a_leaf a_t GPU ZCMEM;\n"
            "\n"
            "# In which order their elements stand.\n"
            "Layout a_place,a_leaf a_t * SOA C_order Align == 64;\n"
            "\n"
            "# On which processors points run.\n"
            "mgpu = Machine(GPU);\n"
            "def with_parent_gpu(Task task) {\n"
            "  home = task.parent.processor(mgpu);\n"
            "  return mgpu[*home];\n"
            "}\n"
            "SingleTaskMap a_leaf with_parent_gpu;\n"
            "\n"
            "# How many points may be in flight.\n"
            "InstanceLimit a_leaf 2;\n");
}

TEST(Space, EveryTextIsInTheFormattersForm) {
  const auto p = nest_program();
  const auto m = shipped("generic", 2);
  for (const Mode mode : {Mode::Valid, Mode::Raw}) {
    const SearchSpace space(p, m, mode);
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      const std::string text = random_mapper(space, seed);
      diag::Sink sink;
      const auto tree = syntax::parse(diag::make_source("x", text), sink);
      ASSERT_FALSE(sink.has_errors());
      EXPECT_EQ(syntax::format(tree), text);
    }
  }
}

TEST(Space, ValidPointsAndTheirMovesPassStaticVerification) {
  for (const std::int64_t nodes : {1, 2, 3}) {
    const auto m = shipped("generic", nodes);
    for (const auto& p : {line_program(), nest_program()}) {
      const SearchSpace space(p, m, Mode::Valid);
      Rng rng(static_cast<std::uint64_t>(nodes));
      for (int i = 0; i < 60; ++i) {
        Point point = space.random_point(rng);
        ASSERT_EQ(errors_of(space.render(point), p, m), "");
        const std::vector<Move> moves = space.moves(point);
        ASSERT_FALSE(moves.empty());
        for (int k = 0; k < 10; ++k) {
          Point next = point;
          SearchSpace::apply(moves[rng.below(moves.size())], next);
          space.repair(next);
          ASSERT_EQ(errors_of(space.render(next), p, m), "");
        }
      }
    }
  }
}

TEST(Space, EveryMoveFromTheDefaultIsValid) {
  const auto m = shipped("generic", 2);
  for (const auto& p : {line_program(), nest_program()}) {
    const SearchSpace space(p, m, Mode::Valid);
    for (const Move& move : space.moves(space.default_point())) {
      Point point = space.default_point();
      SearchSpace::apply(move, point);
      space.repair(point);
      ASSERT_EQ(errors_of(space.render(point), p, m), "");
    }
  }
}

TEST(Space, RepairIsIdempotent) {
  const auto p = nest_program();
  const auto m = shipped("p100");
  const SearchSpace space(p, m, Mode::Valid);
  Rng rng(5);
  for (int i = 0; i < 100; ++i) {
    const Point once = space.random_point(rng);
    Point twice = once;
    space.repair(twice);
    EXPECT_EQ(once, twice);
  }
}

TEST(Space, RawPointsAreMostlyInvalid) {
  const auto p = nest_program();
  const auto m = shipped("p100");
  const SearchSpace space(p, m, Mode::Raw);
  int invalid = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) invalid += errors_of(random_mapper(space, seed), p, m).empty() ? 0 : 1;
  EXPECT_GT(invalid, 50);
  EXPECT_LT(invalid, 100);
}

TEST(Space, NamesChangeNothingButNames) {
  const auto m = shipped("generic", 2);
  const auto check = [&](const program::Program& p, const program::Program& q) {
    for (const Mode mode : {Mode::Valid, Mode::Raw}) {
      const SearchSpace one(p, m, mode), other(q, m, mode);
      for (std::uint64_t seed = 0; seed < 40; ++seed) {
        EXPECT_EQ(replace_all(random_mapper(one, seed), "a_", "zz_"), random_mapper(other, seed));
      }
    }
  };
  check(line_program(), line_program(Names {"zz"}));
  check(nest_program(), nest_program(Names {"zz"}));
}

TEST(Space, OddNamesAreQuotedOrGivenByPosition) {
  program::Program p = line_program();
  p.tasks[0].name = "time step (1)";
  p.tasks[1].name = "GPU";
  for (auto& s : p.main) {
    if (auto* loop = std::get_if<program::Loop>(&s.what)) {
      std::get<program::Launch>(loop->body[0].what).arguments[0].name = "my cells";
      // The second launch's first argument has the name of the second one's partition.
      std::get<program::Launch>(loop->body[1].what).arguments[0].name = "a_own";
    }
  }
  const auto m = shipped("generic");
  const SearchSpace space(p, m, Mode::Valid);
  Point point = space.default_point();
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (space.parameters()[i].decision == Decision::Memory && space.parameters()[i].size() > 2) point[i] = 2;
  }
  const std::string text = space.render(point);
  EXPECT_NE(text.find("Region \"time step (1)\" \"my cells\" GPU ZCMEM;"), std::string::npos) << text;
  EXPECT_NE(text.find("Region \"GPU\" * GPU ZCMEM;"), std::string::npos) << text;
  EXPECT_EQ(errors_of(text, p, m), "");
}

TEST(Space, TiedMovesChangeEveryArgumentOfARegion) {
  const auto p = line_program();
  const auto m = shipped("generic");
  const SearchSpace space(p, m, Mode::Valid);
  bool found = false;
  for (const Move& move : space.moves(space.default_point())) {
    if (move.decision != Decision::Memory || move.scope != Move::Scope::Region) continue;
    // `own` belongs to step (0), check (1) and report (0).
    found = found || move.assignments.size() == 3;
  }
  EXPECT_TRUE(found);
}

// `random:SEED` is a promise: these texts may never change.
TEST(Space, RandomMappersAreStable) {
  const auto p = line_program();
  const auto m = shipped("generic", 2);
  Hasher valid, raw;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    valid.add(random_mapper(SearchSpace(p, m, Mode::Valid), seed));
    raw.add(random_mapper(SearchSpace(p, m, Mode::Raw), seed));
  }
  EXPECT_EQ(valid.hex(), "a8ac826cefa14c9df025ed591225cf37");
  EXPECT_EQ(raw.hex(), "ad8c6f6acb2a47e6fb8bf235098268ab");
}

}  // namespace
}  // namespace mapwright::search
