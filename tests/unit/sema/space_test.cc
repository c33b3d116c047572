// Machine spaces on 2 nodes of 4 GPUs.
#include "helpers.h"

namespace mapwright::sema {
namespace {

TEST(Spaces, CheckedPoints) {
  EXPECT_EQ(placed("m.split(1, 2)[1, 1, 0]"), "1.1");
  EXPECT_EQ(placed("m.split(1, 2)[1, 1, 1]"), "1.3");  // 1 + 2 * 1
  EXPECT_EQ(placed("m.merge(0, 1)[5]"), "1.1");        // 5 / 4, 5 % 4
  EXPECT_EQ(placed("m.merge(1, 0)[5]"), "1.2");        // old[1] = 5 / 2, old[0] = 5 % 2
  EXPECT_EQ(placed("m.swap(0, 1)[3, 1]"), "1.3");
  EXPECT_EQ(placed("m.slice(1, 1, 2)[0, 1]"), "0.2");
  EXPECT_EQ(placed("m.reverse(1)[0, 0]"), "0.3");
  EXPECT_EQ(placed("m.balance_split(1, 2)[0, 0, 1]"), "0.2");
  EXPECT_EQ(placed("m.auto_split(1, (8, 8))[1, 1, 0]"), "1.1");
  EXPECT_EQ(placed("m.auto_split(1, (8, 8))[1, 0, 1]"), "1.2");
  EXPECT_EQ(placed("m.decompose(1, (8, 8))[1, 0, 1]"), "1.2");
  EXPECT_EQ(placed("m.decompose(1, (8, 8), (0, 1))[1, 3, 0]"), "1.3");  // (4, 1): the second dimension is not cut
  EXPECT_EQ(placed("m.greedy_split(1, (8, 8))[1, 0, 1]"), "1.2");
}

TEST(Spaces, SizesOfEveryTransformation) {
  EXPECT_EQ(value_of("m.size"), "(2, 4)");
  EXPECT_EQ(value_of("m.split(1, 2).size"), "(2, 2, 2)");
  EXPECT_EQ(value_of("m.split(0, 1).size"), "(1, 2, 4)");
  EXPECT_EQ(value_of("m.split(1, 4).size"), "(2, 4, 1)");
  EXPECT_EQ(value_of("m.merge(0, 1).size"), "(8)");
  EXPECT_EQ(value_of("m.split(1, 2).merge(0, 2).size"), "(4, 2)");  // merged at 0
  EXPECT_EQ(value_of("m.split(1, 2).merge(2, 0).size"), "(2, 4)");  // merged at 2 - 1
  EXPECT_EQ(value_of("m.swap(0, 1).size"), "(4, 2)");
  EXPECT_EQ(value_of("m.slice(1, 1, 3).size"), "(2, 3)");
  EXPECT_EQ(value_of("m.reverse(0).size"), "(2, 4)");
  EXPECT_EQ(value_of("m.balance_split(1, 3).size"), "(2, 2, 2, 1)");
  EXPECT_EQ(value_of("m.merge(0, 1).auto_split(0, (4, 2, 4)).size"), "(4, 1, 2)");  // 4/4 + 1/2 + 2/4 = 2, as 2,1,4; greedy gives 4,1,2
  EXPECT_EQ(value_of("m.len"), "2");
  EXPECT_EQ(value_of("m.slice(1, 1, 3).volume"), "6");
  EXPECT_EQ(value_of("m.split(1, 2)[:-1]"), "(2, 2)");
}

TEST(Spaces, ErrorsAreLocatedAndNamed) {
  EXPECT_EQ(placed("m.split(1, 3)[0, 0, 0]"), "MW3207");
  EXPECT_EQ(placed("m.split(1, 0)[0, 0, 0]"), "MW3207");
  EXPECT_EQ(placed("m.split(2, 1)[0, 0, 0]"), "MW3208");
  EXPECT_EQ(placed("m.reverse(-1)[0, 0]"), "MW3208");
  EXPECT_EQ(placed("m.merge(1, 1)[0]"), "MW3208");
  EXPECT_EQ(placed("m.swap(0, 2)[0, 0]"), "MW3208");
  EXPECT_EQ(placed("m.slice(1, 2, 1)[0, 0]"), "MW3209");
  EXPECT_EQ(placed("m.slice(1, 0, 4)[0, 0]"), "MW3209");
  EXPECT_EQ(placed("m.slice(1, -1, 2)[0, 0]"), "MW3209");
  EXPECT_EQ(placed("m.balance_split(1, 0)[0]"), "MW3210");
  EXPECT_EQ(placed("m.balance_split(1, 9)[0]"), "MW3210");
  EXPECT_EQ(placed("m.auto_split(1, (4, 0))[0, 0, 0]"), "MW3210");
  EXPECT_EQ(placed("m.auto_split(1, (1, 1, 1, 1, 1, 1, 1, 1, 1))[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]"), "MW3210");
  EXPECT_EQ(placed("m.auto_split(1, (4, 2147483649))[0, 0, 0]"), "MW3210");
  EXPECT_EQ(placed("m.decompose(1, (4, 4), (1, -1))[0, 0, 0]"), "MW3210");
  EXPECT_EQ(placed("m.auto_split(1, task.ispace)[0]"), "MW3210");  // a single task has no extents
}

TEST(Spaces, EveryCoordinateIsCheckedAgainstItsOwnDimension) {
  EXPECT_EQ(placed("m[2, 0]"), "MW3201");
  EXPECT_EQ(placed("m[0, 4]"), "MW3201");
  EXPECT_EQ(placed("m[0, -1]"), "MW3201");
  EXPECT_EQ(placed("m.split(1, 2)[0, 2, 0]"), "MW3201");  // would be processor 2 without the check
  EXPECT_EQ(placed("m.slice(1, 1, 2)[0, 2]"), "MW3201");
  EXPECT_EQ(placed("m.merge(0, 1)[8]"), "MW3201");
  EXPECT_EQ(placed("m[0, 0 - 1]"), "MW3201");  // a computed -1 is not a star
}

TEST(Spaces, StarsGiveSets) {
  EXPECT_EQ(placed("m[1, *]"), "1.0 1.1 1.2 1.3");
  EXPECT_EQ(placed("m[*, 2]"), "0.2 1.2");
  EXPECT_EQ(placed("m[*, *]"), "0.0 0.1 0.2 0.3 1.0 1.1 1.2 1.3");
  EXPECT_EQ(placed("m.split(1, 2)[0, *, 1]"), "0.2 0.3");
  EXPECT_EQ(placed("m.split(1, 2)[*, 1, *]"), "0.1 0.3 1.1 1.3");
}

TEST(Spaces, ALongChain) {
  // (2,4) merge -> (8); reverse: 7-v; split by 4 -> (4,2); swap -> (2,4); [1,3]: v = 3 + 4 * 1 = 7, reversed 0.
  EXPECT_EQ(placed("m.merge(0, 1).reverse(0).split(0, 4).swap(0, 1)[1, 3]"), "0.0");
  // The same after a slice of the second dimension from 1: [0, 0] is v = 1 + 4 * 0 = 1, reversed 6 = 1.2.
  EXPECT_EQ(placed("m.merge(0, 1).reverse(0).split(0, 4).swap(0, 1).slice(1, 1, 3)[0, 0]"), "1.2");
}

TEST(Spaces, TooManyDimensionsAreAnError) {
  std::string chain = "m";
  for (int i = 0; i < 15; ++i) chain += ".split(0, 1)";
  EXPECT_EQ(value_of(chain + ".len"), "MW3208");
}

TEST(Spaces, AnAbsentKindIsAnErrorOnlyWhenUsed) {
  const Mapper m = compile_text(
      "mpy = Machine(PY).split(1, 2);\nmgpu = Machine(GPU);\n"
      "def fine(Task task) { return mgpu[0, mpy.volume]; }\n"
      "def bad(Task task) { return mpy[0, 0, 0]; }\n"
      "def division(Task task) { return mpy[0, 0, 1 % mpy.size[2]]; }\n");
  PlacementEvaluator e(m, two_nodes());
  EXPECT_TRUE(e.place(function_named(m, "fine"), task_of()));
  for (const char* f : {"bad", "division"}) {
    const auto where = e.place(function_named(m, f), task_of());
    ASSERT_FALSE(where);
    EXPECT_EQ(where.error().code, diag::kKindNotOnMachine);
    EXPECT_NE(where.error().message.find("two_nodes"), std::string::npos) << where.error().message;
  }
}

TEST(Spaces, TheTableOfASpaceGivesWhatTheWalkGives) {
  // The table is built after as many uses as there are processors; both ways must agree on every point, many times.
  const Mapper m = compile_text("m = Machine(GPU).merge(1, 0).split(0, 2).reverse(1);\ndef f(Task t) { return m[*t.ipoint]; }\n");
  for (int rounds = 0; rounds < 3; ++rounds) {
    PlacementEvaluator e(m, two_nodes());
    for (std::int64_t j = 0; j < 4; ++j) {
      for (std::int64_t i = 0; i < 2; ++i) {
        for (int repeat = 0; repeat < 5; ++repeat) {
          // Extents beyond what is remembered, so that every call evaluates.
          TaskContext t = task_of({i, j}, {1 << 11, 1 << 11});
          const auto where = e.place(FunctionId(0), t);
          ASSERT_TRUE(where);
          const std::int64_t v = i + 2 * (3 - j);  // through reverse and split; merge(1,0): index v / 2, node v % 2
          EXPECT_EQ((*where)[0].space, static_cast<std::uint32_t>(v % 2));
          EXPECT_EQ((*where)[0].index, static_cast<std::uint32_t>(v / 2));
        }
      }
    }
  }
}

}  // namespace
}  // namespace mapwright::sema
