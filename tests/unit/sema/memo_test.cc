// PlacementEvaluator: place and place_all agree, remember what they may, and forget nothing that matters.
#include <atomic>
#include <thread>

#include "helpers.h"

namespace mapwright::sema {
namespace {

const char* kBlock = "m = Machine(GPU);\ndef f(Task t) { return m[t.ipoint[0] * 2 / t.ispace[0], t.ipoint[1] % 4]; }\n";

TEST(Memo, PlaceAndPlaceAllAgree) {
  const Mapper m = compile_text(kBlock);
  PlacementEvaluator one(m, two_nodes()), all(m, two_nodes());
  const auto table = all.place_all(FunctionId(0), task_of({0, 0}, {4, 6}));
  ASSERT_TRUE(table);
  ASSERT_EQ((*table)->offsets.size(), 25u);
  std::size_t i = 0;
  for_each_point(Rect::of_extents({4, 6}), [&](const Point& p) {
    // first dimension fastest; node = i * 2 / 4, GPU = j % 4
    const MachinePoint expected {ProcessorKind::Gpu, static_cast<std::uint32_t>(p[0] * 2 / 4), static_cast<std::uint32_t>(p[1] % 4)};
    const auto direct = one.place(FunctionId(0), task_of(p, {4, 6}));
    ASSERT_TRUE(direct);
    EXPECT_EQ((*direct)[0], expected);
    EXPECT_EQ((*table)->at(i)[0], expected);
    EXPECT_EQ((*one.place(FunctionId(0), task_of(p, {4, 6})))[0], expected);  // from the memo
    EXPECT_EQ((*all.place(FunctionId(0), task_of(p, {4, 6})))[0], expected);  // from the table
    ++i;
  });
}

TEST(Memo, TheSameLaunchGivesTheSameTable) {
  const Mapper m = compile_text(kBlock);
  PlacementEvaluator e(m, two_nodes());
  const auto a = e.place_all(FunctionId(0), task_of({0, 0}, {4, 6}));
  const auto b = e.place_all(FunctionId(0), task_of({0, 0}, {4, 6}));
  const auto c = e.place_all(FunctionId(0), task_of({0, 0}, {2, 6}));
  EXPECT_EQ(a->get(), b->get());
  EXPECT_NE(a->get(), c->get());
}

TEST(Memo, ParentsAreDistinguished) {
  const Mapper m = compile_text("m = Machine(GPU);\ndef f(Task t) { return m[*t.parent.processor(m)]; }\n");
  PlacementEvaluator e(m, two_nodes());
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t gpu = 0; gpu < 4; ++gpu) {
      TaskContext parent = task_of(), task = task_of({1}, {2});
      parent.processor = MachinePoint {ProcessorKind::Gpu, 1, gpu};
      task.parent = &parent;
      EXPECT_EQ((*e.place(FunctionId(0), task))[0].index, gpu);
      EXPECT_EQ((*e.place_all(FunctionId(0), task))->at(1)[0].index, gpu);
    }
  }
}

TEST(Memo, ErrorsOfOnePointLeaveTheOthers) {
  const Mapper m = compile_text("m = Machine(GPU);\ndef f(Task t) { return m[0, t.ipoint[0]]; }\n");
  PlacementEvaluator e(m, two_nodes());
  EXPECT_TRUE(e.place(FunctionId(0), task_of({3}, {6})));
  EXPECT_FALSE(e.place(FunctionId(0), task_of({4}, {6})));
  EXPECT_FALSE(e.place(FunctionId(0), task_of({4}, {6})));
  EXPECT_EQ((*e.place(FunctionId(0), task_of({3}, {6})))[0].index, 3u);
  const auto all = e.place_all(FunctionId(0), task_of({0}, {6}));
  ASSERT_FALSE(all);
  EXPECT_NE(all.error().message.find("point (4) of (6)"), std::string::npos) << all.error().message;
}

TEST(Memo, PointsOutsideOfTheDomainAndLargeDomains) {
  const Mapper m = compile_text("m = Machine(GPU);\ndef f(Task t) { return m[0, t.ipoint[0] % 4]; }\n");
  PlacementEvaluator e(m, two_nodes());
  EXPECT_EQ((*e.place(FunctionId(0), task_of({9}, {2})))[0].index, 1u);  // not checked here, not remembered
  EXPECT_EQ((*e.place(FunctionId(0), task_of({6}, {std::int64_t {1} << 40})))[0].index, 2u);
  EXPECT_EQ(e.place_all(FunctionId(0), task_of({6}, {std::int64_t {1} << 40})).error().code, diag::kTooManySteps);
}

TEST(Memo, PrintedLinesAreNotRepeated) {
  const Mapper m = compile_text("m = Machine(GPU);\nprint(\"top\");\ndef f(Task t) { print(\"x {}\", t.ipoint[0] / 2); return m[0, 0]; }\n");
  PlacementEvaluator e(m, two_nodes());
  ASSERT_TRUE(e.place_all(FunctionId(0), task_of({0}, {6})));
  EXPECT_EQ(e.printed(), (std::vector<std::string> {"top", "x 0", "x 1", "x 2"}));
}

TEST(Memo, PrintingIsBounded) {
  const Mapper m = compile_text("m = Machine(GPU);\ndef f(Task t) { print(\"x {}\", t.ipoint[0]); return m[0, 0]; }\n");
  PlacementEvaluator e(m, two_nodes());
  ASSERT_TRUE(e.place_all(FunctionId(0), task_of({0}, {5000})));
  EXPECT_EQ(e.printed().size(), 1000u);
}

// A function that prints is evaluated point by point; without the print it is recorded once as arithmetic. Both must agree
// on every point, on errors too.
TEST(Memo, RecordedArithmeticIsTheSameFunction) {
  for (const char* body : {"return m[p[0] * 2 / s[0], (p[1] + p[0]) % 4];", "return m[-p[0] + 5, abs(3)];", "return m[p[0], p[1]];", "q = p * m.size / s; return m[*q];",
                           "return m[0, 12 / p[0] % 4];", "return m.merge(0, 1)[p[0] + s[0] * p[1]];", "return m[*(p % 2)];", "return p[0] > 1 ? m[0, 0] : m[1, p[1] % 4];",
                           "return m[*, p[0] % 4];", "return m[0, tuple(x % 4 for x in p)[1]];", "return m[0, (9223372036854775805 + p[0]) % 4];",
                           "return m[p == (0, 0) ? 0 : 1, 0];", "x = m[p[0], 0]; return m[0, 0];", "return m[0, min(p[0], 3)];", "return m[0, t[p[0] % 2]];",
                           "return m.auto_split(1, p + 1)[0, 0, 0];", "return m[1, 3];", "return p;", "return m[0, p[7]];"}) {
    const std::string head = "m = Machine(GPU);\nt = (1, 2);\n";
    const Mapper m = compile_text(fmt::format("{}def plain(Task task) {{ p = task.ipoint; s = task.ispace; {} }}\ndef slow(Task task) {{ print(\"\"); p = task.ipoint; s = task.ispace; {} }}\n",
                                              head, body, body));
    PlacementEvaluator e(m, two_nodes());
    for_each_point(Rect::of_extents({6, 5}), [&](const Point& p) {
      const auto fast = e.place(FunctionId(0), task_of(p, {6, 5}));
      const std::vector<MachinePoint> copy = fast ? std::vector<MachinePoint>(fast->begin(), fast->end()) : std::vector<MachinePoint> {};
      const auto slow = e.place(FunctionId(1), task_of(p, {6, 5}));
      ASSERT_EQ(fast.has_value(), slow.has_value()) << body << " at " << to_string(p);
      if (slow) {
        EXPECT_EQ(copy, (std::vector<MachinePoint>(slow->begin(), slow->end()))) << body;
      } else {
        EXPECT_EQ(fast.error().code, slow.error().code) << body;
      }
    });
  }
}

TEST(Memo, MappersAreSharedByThreads) {
  const Mapper m = compile_text(kBlock);
  std::atomic<int> wrong {0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([copy = m, &wrong] {
      PlacementEvaluator e(copy, two_nodes());
      for (int k = 1; k < 50; ++k) {
        const auto table = e.place_all(FunctionId(0), task_of({0, 0}, {2, k}));
        if (!table || (*table)->at(1)[0].space != 1) ++wrong;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Memo, ABrokenFunctionIsAnErrorNotACrash) {
  diag::Sink sink;
  const Mapper m = compile(diag::make_source("t", "def f(Task t) { return x; }\ndef g(int a) { return a; }\n"), sink);
  PlacementEvaluator e(m, two_nodes());
  EXPECT_EQ(e.place(FunctionId(0), task_of()).error().code, diag::kNotAPlacementFunction);
  EXPECT_EQ(e.place(FunctionId(1), task_of()).error().code, diag::kNotAPlacementFunction);
}

}  // namespace
}  // namespace mapwright::sema
