#include "apps/stencil/stencil.h"

#include "support.h"

namespace mapwright::apps {
namespace {

TEST(Stencil, SizesOfThePaperPreset) {
  const program::Program p = built("stencil", {"paper", {}, 1, 4});
  // n = 30000 - 4 = 29996 each way; every one of 2 x 2 tiles carries 2 r = 4 more: 29996 + 8.
  EXPECT_EQ(region(p, "points").points.bounds(), Rect::of_extents({30004, 30004}));
  EXPECT_EQ(bytes_per_element(region(p, "points")), 16);
  EXPECT_EQ(bytes_per_element(region(p, "times")), 32);
  const program::Partition& tiles = partition(p, "private");
  EXPECT_TRUE(tiles.disjoint);
  EXPECT_TRUE(tiles.complete);
  // 29996 / 2 + 4 = 15002 squared, 16 bytes: 3.6 GB per GPU.
  EXPECT_EQ(tiles.pieces[3].volume(), 15002 * 15002);
  EXPECT_EQ(partition(p, "interior").pieces[0].volume(), 14998 * 14998);
  EXPECT_EQ(partition(p, "exterior").pieces[0].volume(), 15000 * 15000);
  // Strips of r x side x 8 B: 2 x 14998 x 8 = 240 kB.
  EXPECT_EQ(partition(p, "pxm_out").pieces[0].volume(), 2 * 14998);
  EXPECT_TRUE(partition(p, "pxm_out").complete);
  EXPECT_FALSE(partition(p, "pxm_in").complete);
  EXPECT_TRUE(partition(p, "pxm_in").disjoint);
}

TEST(Stencil, NeighboursMeetThroughTheExchangeRegions) {
  const program::Program p = built("stencil", {"test", {{"nx", "64"}, {"ntx", "3"}, {"nty", "2"}}, 1, 4});
  // 3 x 2 tiles. Tile 4 = (1, 1): left neighbour 3, right 5, below 1, nothing above.
  EXPECT_EQ(partition(p, "pxm_in").pieces[4], partition(p, "pxm_out").pieces[3]);
  EXPECT_EQ(partition(p, "pxp_in").pieces[4], partition(p, "pxp_out").pieces[5]);
  EXPECT_EQ(partition(p, "pym_in").pieces[4], partition(p, "pym_out").pieces[1]);
  EXPECT_TRUE(partition(p, "pyp_in").pieces[4].empty());
  EXPECT_EQ(partition(p, "pxm_in").pieces[4].dim(), 2);
}

TEST(Stencil, CostsPerPoint) {
  const program::Program p = built("stencil", {"test", {}, 1, 4});
  const auto sites = p.sites();
  const auto* s = site(sites, p, "stencil");
  ASSERT_NE(s, nullptr);
  const double inner = 30.0 * 30.0;  // (64 - 4) / 2 squared
  EXPECT_EQ(value_at(p, *s, p.tasks[s->launch->task.value].variants[0].flops, {0}), 16 * inner);
  // Bytes of a pattern: elements x 8 x passes x 2 (read and write).
  double bytes = 0;
  for (const auto& q : s->launch->arguments[0].patterns) bytes += value_at(p, *s, *q.count, {0}) * 8 * q.passes * 2;
  // 24 per interior point, and the two strips that tile 0 has (2 x 30 points each) written once.
  EXPECT_EQ(bytes, 24 * inner + 2 * 60 * 8);
  const auto* i = site(sites, p, "increment");
  EXPECT_EQ(value_at(p, *i, p.tasks[i->launch->task.value].variants[0].flops, {0}), 32.0 * 32.0);  // exterior: 30 + 2
}

TEST(Stencil, MetricIsPointsTimesStepsPerSecond) {
  const program::Program p = built("stencil", {"paper", {}, 1, 4});
  program::ExprContext c;
  c.seconds = 2.5;
  // 9e8 points x 50 steps / 2.5 s = 18 Gpoints/s.
  EXPECT_DOUBLE_EQ(p.metric.formula.real(c), 18.0);
  EXPECT_EQ(p.metric.label, "main_loop");
  // begin_init, ramp, 3 loops of (30 + 50 + 30) x 2, check, elapsed, print, on 4 tiles.
  EXPECT_EQ(p.point_tasks(), 4 * (1 + 1 + 110 * 2 + 3));
}

TEST(Stencil, PaperGrowsWithTheNodes) {
  // 8 nodes: 4 x 2; 30000 points each way per node, 2 x 2 tiles per node.
  const program::Program p = built("stencil", {"paper", {}, 8, 4});
  EXPECT_EQ(p.parameters.at("nx"), "120000");
  EXPECT_EQ(p.parameters.at("ny"), "60000");
  EXPECT_EQ(p.parameters.at("ntx"), "8");
  EXPECT_EQ(p.parameters.at("nty"), "4");
}

TEST(Stencil, TheCpuKernelDemandsUnitStrideInX) {
  const program::Program p = built("stencil", {"test", {}, 1, 4});
  const program::Variant& v = p.find_task("stencil")->variants[0];
  ASSERT_EQ(v.kind, ProcessorKind::Cpu);
  ASSERT_EQ(v.demands.size(), 1u);
  EXPECT_EQ(v.demands[0].fields, FieldOrder::Soa);
  EXPECT_EQ(v.demands[0].dims, DimOrder::F);
  EXPECT_EQ(v.demands[0].equivalent, "stride does not match expected value");
  EXPECT_TRUE(p.find_task("stencil")->variants[1].demands.empty());
}

TEST(Stencil, UnevenTilesAndOtherStartValuesAreRight) {
  expect_right(built("stencil", {"test", {{"nx", "37"}, {"ny", "29"}, {"ntx", "3"}, {"nty", "4"}, {"init", "-7"}, {"tprune", "0"}}, 1, 4}));
  expect_right(built("stencil", {"test", {{"nx", "9"}, {"ny", "9"}, {"ntx", "1"}, {"nty", "1"}}, 1, 4}));
}

TEST(Stencil, TilesThinnerThanTheRadiusAreRefused) {
  const auto p = build("stencil", {"test", {{"ntx", "31"}}, 1, 4});  // 60 / 31 = 1 column
  ASSERT_FALSE(p);
  EXPECT_EQ(p.error().code, diag::kParametersDoNotFit);
}

TEST(Stencil, TheCheckSeesEveryDisturbedField) {
  const program::Program p = built("stencil", {"test", {}, 1, 4});
  const auto regions = program::run_sequential(p);
  ASSERT_TRUE(regions);
  const auto disturb = [&](std::uint32_t r, std::uint32_t f, const Point& at) {
    double& v = (*regions)->field(r, f).at<double>(at);
    const double before = v;
    v += 0.5;
    EXPECT_TRUE(p.check(**regions)) << r << " " << f;
    v = before;
    EXPECT_FALSE(p.check(**regions));
  };
  disturb(stencil::kPoints, stencil::kInput, {0, 5});      // border of the grid
  disturb(stencil::kPoints, stencil::kInput, {33, 10});    // border between tiles
  disturb(stencil::kPoints, stencil::kOutput, {40, 40});
  disturb(stencil::kYp, stencil::kInput, {3, 1});
  std::int64_t& calls = (*regions)->field(stencil::kTimes, stencil::kLoopStart).at<std::int64_t>({2});
  ++calls;
  EXPECT_TRUE(p.check(**regions));
}

TEST(Stencil, AMissingHaloUpdateIsSeen) {
  program::Program p = built("stencil", {"test", {}, 1, 4});
  // Tile 1 reads its own slot instead of its left neighbour's.
  for (program::Partition& q : p.partitions) {
    if (q.name == "pxm_in") q.pieces[1] = partition(p, "pxm_out").pieces[1];
  }
  const auto regions = program::run_sequential(p);
  ASSERT_TRUE(regions);
  EXPECT_TRUE(p.check(**regions));
}

}  // namespace
}  // namespace mapwright::apps
