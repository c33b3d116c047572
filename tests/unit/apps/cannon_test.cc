#include "apps/gemm/gemm.h"

#include <set>

#include "support.h"

namespace mapwright::apps {
namespace {

TEST(Cannon, PaperSizesAndGridsFollowThePublishedTable) {
  // N: gx, gy, n = the even number at or below 20000 sqrt(N).
  const std::int64_t table[][4] = {{1, 1, 1, 20000}, {2, 2, 1, 28284}, {4, 2, 2, 40000}, {8, 4, 2, 56568}, {16, 4, 4, 80000}, {32, 8, 4, 113136}};
  for (const auto& [nodes, gx, gy, n] : table) {
    for (const char* preset : {"paper", "weak"}) {
      const program::Program p = built("cannon", {preset, {}, nodes, 4});
      EXPECT_EQ(p.parameters.at("gx"), std::to_string(gx));
      EXPECT_EQ(p.parameters.at("gy"), std::to_string(gy));
      EXPECT_EQ(p.parameters.at("n"), std::to_string(n));
    }
  }
}

TEST(Cannon, LeavesDoTheWholeMultiplication) {
  for (const auto& [gx, gy, n] : {std::array<std::int64_t, 3> {1, 1, 64}, {2, 1, 64}, {2, 2, 50}, {3, 1, 31}}) {
    const program::Program p = built("cannon", {"test", {{"n", std::to_string(n)}, {"gx", std::to_string(gx)}, {"gy", std::to_string(gy)}, {"reps", "1"}}, 1, 4});
    const auto sites = p.sites();
    const auto* s = site(sites, p, "task_4");
    ASSERT_NE(s, nullptr);
    ASSERT_EQ(s->parents.size(), 3u);
    ASSERT_EQ(s->loops.size(), 3u);
    double flops = 0;
    std::set<std::tuple<std::uint32_t, std::uint32_t>> products;
    for_each_point(Rect::of_extents({gx, gy}), [&](const Point& node) {
      for (std::int64_t ko = 0; ko < gx; ++ko) {
        for_each_point(Rect::of_extents({2, 2}), [&](const Point& gpu) {
          for (std::int64_t ki = 0; ki < 2; ++ki) {
            const std::vector<Point> ancestors {gpu, Point(), node};
            const std::vector<program::LoopCounter> loops {{"repetition", 0}, {"kos", ko}, {"kios", ki}};
            flops += value_at(p, *s, p.find_task("task_4")->variants[0].flops, Point(), ancestors, loops);
            program::ExprContext c;
            c.ancestors = ancestors;
            c.loops = loops;
            products.emplace(p.color(*s->launch, s->launch->arguments[0], c), p.color(*s->launch, s->launch->arguments[1], c));
          }
        });
      }
    });
    EXPECT_EQ(flops, 2.0 * static_cast<double>(n * n * n));
    // Every tile of A meets every chunk of its row of B once: Px Py Px products.
    EXPECT_EQ(products.size(), static_cast<std::size_t>(2 * gx * 2 * gy * 2 * gx));
  }
}

TEST(Cannon, EveryGpuOfARowUsesAnotherChunkAtEachStep) {
  const program::Program p = built("cannon", {"test", {{"gx", "2"}, {"gy", "2"}}, 1, 4});
  const auto sites = p.sites();
  const auto* s = site(sites, p, "task_4");
  for (std::int64_t ko = 0; ko < 2; ++ko) {
    for (std::int64_t ki = 0; ki < 2; ++ki) {
      std::set<std::uint32_t> chunks;
      for (std::int64_t j = 0; j < 4; ++j) {  // GPUs of row 1: node (0, j / 2), GPU (1, j % 2)
        const std::vector<Point> ancestors {{1, j % 2}, Point(), {0, j / 2}};
        const std::vector<program::LoopCounter> loops {{"repetition", 0}, {"kos", ko}, {"kios", ki}};
        program::ExprContext c;
        c.ancestors = ancestors;
        c.loops = loops;
        chunks.insert(p.color(*s->launch, s->launch->arguments[1], c));
      }
      EXPECT_EQ(chunks.size(), 4u);
    }
  }
}

TEST(Cannon, CountsItsTasks) {
  const program::Program p = built("cannon", {"test", {{"gx", "2"}, {"gy", "1"}, {"reps", "3"}}, 1, 4});
  // Px x Py = 4 x 2 = 8 tiles. init 8; each repetition 6 x 8 (fill, place), task_7 2, task_6 2 x 2, task_5 4 x 4, task_4 16 x 2; validate 8.
  EXPECT_EQ(p.point_tasks(), 8 + 3 * (48 + 2 + 4 + 16 + 32) + 8);
}

TEST(Cannon, MetricIsTheMeanPerNode) {
  const program::Program p = built("cannon", {"paper", {}, 4, 4});
  program::ExprContext c;
  c.seconds = 10;
  // n = 40000: n n (2 n - 1) = 1.6e9 x 79999; per node and second: / 4 / 10 / 1e9.
  EXPECT_NEAR(p.metric.formula.real(c), 1.6 * 79999 / 40, 1e-9);
  EXPECT_EQ(p.metric.combine, program::Metric::Combine::Mean);
}

TEST(Cannon, TheLeafDemandsRowMajorOperands) {
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

TEST(Cannon, OtherGridsAndUnevenSizesAreRight) {
  for (const auto& [n, gx, gy] : {std::array<const char*, 3> {"64", "2", "1"}, {"63", "1", "2"}, {"50", "2", "2"}, {"31", "3", "1"}, {"2", "1", "1"}}) {
    SCOPED_TRACE(n);
    expect_right(built("cannon", {"test", {{"n", n}, {"gx", gx}, {"gy", gy}}, 1, 4}));
  }
}

TEST(Cannon, GridsWithMoreTilesThanRowsAreRefused) {
  const auto p = build("cannon", {"test", {{"n", "6"}, {"gx", "4"}}, 1, 4});
  ASSERT_FALSE(p);
  EXPECT_EQ(p.error().code, diag::kParametersDoNotFit);
}

TEST(Cannon, TheCheckSeesDisturbedValuesAndNamesThem) {
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

TEST(Cannon, AMissingStepIsSeen) {
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
