#include "apps/gemm/gemm.h"

#include <set>

#include "support.h"

namespace mapwright::apps {
namespace {

constexpr const char* kNames[] = {"cannon", "summa", "pumma"};

// Colour of an argument of the leaf at GPU (il, jl) of node (in, jn).
std::uint32_t chunk(const program::Program& p, const program::Program::Site& s, std::size_t argument, const Point& node, const Point& gpu, std::int64_t ko, std::int64_t ki) {
  const std::vector<Point> ancestors {gpu, Point(), node};
  const std::vector<program::LoopCounter> loops {{"repetition", 0}, {"kos", ko}, {"kios", ki}};
  program::ExprContext c;
  c.ancestors = ancestors;
  c.loops = loops;
  return p.color(*s.launch, s.launch->arguments[argument], c);
}

TEST(TwoD, PaperSizesAndGridsFollowThePublishedTable) {
  // N: gx and gy of Cannon; SUMMA and PUMMA exchange them. n = the even number at or below 20000 sqrt(N).
  const std::int64_t table[][4] = {{1, 1, 1, 20000}, {2, 2, 1, 28284}, {4, 2, 2, 40000}, {8, 4, 2, 56568}, {16, 4, 4, 80000}, {32, 8, 4, 113136}};
  for (const auto& [nodes, gx, gy, n] : table) {
    for (const std::string name : kNames) {
      for (const char* preset : {"paper", "weak"}) {
        const program::Program p = built(name, {preset, {}, nodes, 4});
        EXPECT_EQ(p.parameters.at(name == "cannon" ? "gx" : "gy"), std::to_string(gx));
        EXPECT_EQ(p.parameters.at(name == "cannon" ? "gy" : "gx"), std::to_string(gy));
        EXPECT_EQ(p.parameters.at("n"), std::to_string(n));
        EXPECT_EQ(p.ranks_per_node, 1);
      }
    }
  }
}

TEST(TwoD, LeavesDoTheWholeMultiplication) {
  for (const char* name : kNames) {
    for (const auto& [gx, gy, n] : {std::array<std::int64_t, 3> {1, 1, 64}, {2, 1, 64}, {1, 2, 64}, {2, 2, 50}, {3, 1, 31}}) {
      const program::Program p = built(name, {"test", {{"n", std::to_string(n)}, {"gx", std::to_string(gx)}, {"gy", std::to_string(gy)}, {"reps", "1"}}, 1, 4});
      const auto sites = p.sites();
      const auto* s = site(sites, p, "task_4");
      ASSERT_NE(s, nullptr);
      ASSERT_EQ(s->parents.size(), 3u);
      ASSERT_EQ(s->loops.size(), 3u);
      double flops = 0;
      std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> products;
      for_each_point(Rect::of_extents({gx, gy}), [&](const Point& node) {
        for (std::int64_t ko = 0; ko < gx; ++ko) {
          for_each_point(Rect::of_extents({2, 2}), [&](const Point& gpu) {
            for (std::int64_t ki = 0; ki < 2; ++ki) {
              flops += value_at(p, *s, p.find_task("task_4")->variants[0].flops, Point(), {gpu, Point(), node}, {{"repetition", 0}, {"kos", ko}, {"kios", ki}});
              products.emplace(chunk(p, *s, 0, node, gpu, ko, ki), chunk(p, *s, 1, node, gpu, ko, ki), chunk(p, *s, 2, node, gpu, ko, ki));
            }
          });
        }
      });
      EXPECT_EQ(flops, 2.0 * static_cast<double>(n * n * n)) << name;
      // Every tile of A meets every chunk of its row of B once: Px Py Px products.
      EXPECT_EQ(products.size(), static_cast<std::size_t>(2 * gx * 2 * gy * 2 * gx)) << name;
    }
  }
}

// Number of different chunks of B in row i of the GPUs, and of C in column j, at one step on 2 x 2 nodes.
std::pair<std::size_t, std::size_t> chunks_at(const program::Program& p, std::int64_t row, std::int64_t column, std::int64_t ko, std::int64_t ki) {
  const auto sites = p.sites();
  const auto* s = site(sites, p, "task_4");
  std::set<std::uint32_t> b, c;
  for (std::int64_t other = 0; other < 4; ++other) {
    b.insert(chunk(p, *s, 1, {row / 2, other / 2}, {row % 2, other % 2}, ko, ki));
    c.insert(chunk(p, *s, 2, {other / 2, column / 2}, {other % 2, column % 2}, ko, ki));
  }
  return {b.size(), c.size()};
}

TEST(TwoD, SchedulesDifferInWhoSharesAChunk) {
  const Choice grid {"test", {{"gx", "2"}, {"gy", "2"}}, 1, 4};
  const program::Program cannon = built("cannon", grid), summa = built("summa", grid), pumma = built("pumma", grid);
  for (std::int64_t step = 0; step < 4; ++step) {
    const std::int64_t ko = step / 2, ki = step % 2;
    EXPECT_EQ(chunks_at(cannon, 1, 2, ko, ki), std::make_pair(std::size_t {4}, std::size_t {4}));  // every GPU another one
    EXPECT_EQ(chunks_at(summa, 1, 2, ko, ki), std::make_pair(std::size_t {1}, std::size_t {1}));   // one for a whole row, a whole column
    EXPECT_EQ(chunks_at(pumma, 1, 2, ko, ki), std::make_pair(std::size_t {1}, std::size_t {2}));   // the two rows of nodes differ
  }
}

TEST(TwoD, OnOneRowOfNodesPummaIsSumma) {
  const Choice row {"test", {{"gx", "1"}, {"gy", "3"}}, 1, 4};
  const program::Program summa = built("summa", row), pumma = built("pumma", row);
  const auto sites_s = summa.sites(), sites_p = pumma.sites();
  const auto *s = site(sites_s, summa, "task_4"), *q = site(sites_p, pumma, "task_4");
  for_each_point(Rect::of_extents({1, 3}), [&](const Point& node) {
    for_each_point(Rect::of_extents({2, 2}), [&](const Point& gpu) {
      for (std::int64_t ki = 0; ki < 2; ++ki) {
        for (std::size_t a = 0; a < 3; ++a) EXPECT_EQ(chunk(summa, *s, a, node, gpu, 0, ki), chunk(pumma, *q, a, node, gpu, 0, ki));
      }
    });
  });
}

TEST(TwoD, TheExpertsSayTheSame) {
  const auto statements = [](std::string_view text) { return std::string(text.substr(text.find('\n'))); };  // after the title
  for (const char* name : {"summa", "pumma"}) EXPECT_EQ(statements(find(name)->expert_mapper), statements(find("cannon")->expert_mapper));
}

TEST(TwoD, CountTheirTasks) {
  const program::Program p = built("cannon", {"test", {{"gx", "2"}, {"gy", "1"}, {"reps", "3"}}, 1, 4});
  // Px x Py = 4 x 2 = 8 tiles. init 8; each repetition 6 x 8 (fill, place), task_7 2, task_6 2 x 2, task_5 4 x 4, task_4 16 x 2; validate 8.
  EXPECT_EQ(p.point_tasks(), 8 + 3 * (48 + 2 + 4 + 16 + 32) + 8);
}

TEST(TwoD, MetricIsTheMeanPerNode) {
  const program::Program p = built("cannon", {"paper", {}, 4, 4});
  program::ExprContext c;
  c.seconds = 10;
  // n = 40000: n n (2 n - 1) = 1.6e9 x 79999; per node and second: / 4 / 10 / 1e9.
  EXPECT_NEAR(p.metric.formula.real(c), 1.6 * 79999 / 40, 1e-9);
  EXPECT_EQ(p.metric.combine, program::Metric::Combine::Mean);
}

TEST(TwoD, TheLeafDemandsRowMajorOperands) {
  const program::Program p = built("cannon", {"test", {}, 1, 4});
  const program::Task* leaf = p.find_task("task_4");
  ASSERT_EQ(leaf->variants.size(), 3u);
  for (const program::Variant& v : leaf->variants) {
    ASSERT_EQ(v.demands.size(), 1u);
    EXPECT_FALSE(v.demands[0].argument);
    EXPECT_EQ(v.demands[0].dims, DimOrder::C);
    EXPECT_EQ(v.demands[0].fields, FieldOrder::Soa);
    EXPECT_EQ(v.demands[0].equivalent, "DGEMM parameter number 8 had an illegal value");
  }
  for (const char* inner : {"task_5", "task_6", "task_7"}) {
    for (const program::Variant& v : p.find_task(inner)->variants) EXPECT_TRUE(v.inner) << inner;
  }
}

TEST(TwoD, OtherGridsAndUnevenSizesAreRight) {
  for (const char* name : kNames) {
    for (const auto& [n, gx, gy] : {std::array<const char*, 3> {"64", "2", "1"}, {"63", "1", "2"}, {"50", "2", "2"}, {"31", "3", "1"}, {"2", "1", "1"}}) {
      SCOPED_TRACE(std::string(name) + " " + n);
      expect_right(built(name, {"test", {{"n", n}, {"gx", gx}, {"gy", gy}}, 1, 4}));
    }
  }
}

TEST(TwoD, GridsThatDoNotFitAreRefused) {
  const auto code = [](const char* name, const char* n, const char* gx, const char* gy) {
    const auto p = build(name, {"test", {{"n", n}, {"gx", gx}, {"gy", gy}}, 1, 4});
    return p ? 0 : p.error().code;
  };
  for (const char* name : kNames) {
    EXPECT_EQ(code(name, "6", "4", "1"), diag::kParametersDoNotFit);
    EXPECT_EQ(code(name, "6", "1", "4"), diag::kParametersDoNotFit);
    EXPECT_EQ(code(name, "1048576", "4096", "1"), diag::kParametersDoNotFit);  // 2^26 chunks of B
    EXPECT_EQ(code(name, "1048576", "64", "65"), diag::kParametersDoNotFit);   // more than 4096 nodes
    EXPECT_EQ(code(name, "-1", "1", "1"), diag::kParameterOutOfRange);
    EXPECT_EQ(code(name, "64", "0", "1"), diag::kParameterOutOfRange);
    EXPECT_EQ(code(name, "9223372036854775807", "1", "1"), diag::kParameterOutOfRange);
  }
}

TEST(TwoD, TheCheckSeesDisturbedValuesAndNamesThem) {
  const program::Program p = built("cannon", {"test", {}, 1, 4});
  const auto regions = program::run_sequential(p);
  ASSERT_TRUE(regions);
  for (const auto m : {gemm::kA, gemm::kB, gemm::kC}) {
    double& v = (*regions)->field(m, 0).at<double>({10, 63});
    const double before = v;
    v += 1;
    const auto wrong = p.check(**regions);
    ASSERT_TRUE(wrong);
    EXPECT_NE(wrong->find("(10, 63)"), std::string::npos) << *wrong;
    v = before;
    EXPECT_FALSE(p.check(**regions));
  }
}

TEST(TwoD, AMissingStepIsSeen) {
  program::Program p = built("cannon", {"test", {}, 1, 4});
  for (program::Task& t : p.tasks) {
    if (t.name == "task_5") std::get<program::Loop>(t.body[0].what).count = 1;
  }
  const auto regions = program::run_sequential(p);
  ASSERT_TRUE(regions);
  EXPECT_TRUE(p.check(**regions));
}

TEST(Gemm, ElementsAreSmallIntegersAndNotAllEqual) {
  std::set<double> seen;
  for (std::int64_t i = 0; i < 100; ++i) seen.insert(gemm::element(gemm::kB, 100, i, 3));
  EXPECT_EQ(seen, (std::set<double> {-4, -3, -2, -1, 0, 1, 2, 3, 4}));
  EXPECT_EQ(gemm::element(gemm::kA, 100, 1, 1), 0);
}

}  // namespace
}  // namespace mapwright::apps
