#include <gtest/gtest.h>

#include <cmath>

#include "programs.h"

namespace mapwright::program {
namespace {

double at(const RegionReader& r, std::uint32_t region, std::int64_t i) { return r.field(region, 0).at<double>({i}); }

TEST(RunSequential, RunsNestsLoopsReductionsFillsAndFutures) {
  // x is filled with 1. Three rounds: every point i of `add` adds (round + 1) * (i + 1) to its quarter, through a body.
  // Each round `total` sums its quarter into one shared cell by reduction, and gives its sum to a future (maximum) that
  // `copy` writes into y.
  Builder b("all");
  const RegionId x = b.add_region("x", line(8), {{"v", 8}});
  const RegionId y = b.add_region("y", line(1), {{"v", 8}});
  const RegionId sum = b.add_region("sum", line(1), {{"v", 8}});
  const PartitionId quarters = b.add_block_partition("quarters", x, std::array<std::int64_t, 1> {4});
  const TaskId add = b.add_task("add", {cpu([](KernelContext& c) {
    const double amount = static_cast<double>((c.loop("round") + 1) * (c.ancestor(1)[0] + 1));
    for_each_point(c.points(0), [&](const Point& p) { c.field(0, 0).at<double>(p) += amount * c.value(0); });
  })});
  const TaskId outer = b.add_task("outer", {inner()});
  const TaskId total = b.add_task("total", {cpu([](KernelContext& c) {
    double s = 0;
    for_each_point(c.points(0), [&](const Point& p) { s += c.field(0, 0).at<double>(p); });
    EXPECT_EQ(c.field(1, 0).at<double>({0}), 0);  // the identity, not the region's contents
    c.field(1, 0).at<double>({0}) += s;
    c.set_result(s);
  })});
  const TaskId copy = b.add_task("copy", {cpu([](KernelContext& c) {
    EXPECT_TRUE(std::isnan(c.field(0, 0).at<double>({0})));  // write-discard starts poisoned
    c.field(0, 0).at<double>({0}) = c.future(0);
  })});
  const FutureId largest = b.add_future("largest");
  b.begin_body(outer);
  b.single_launch(add, {piece("x", x, quarters, {Expr::ancestor(1, 0)}, Privilege::ReadWrite)}).values = {1.0};
  b.end_body();
  b.fill(x, {0}, 1.0);
  b.fill(sum, {0}, 100.0);
  b.begin_loop("round", 3);
  b.index_launch(outer, Rect::of_extents({4}), {piece("x", x, quarters, {Expr::point(0)}, Privilege::ReadWrite)});
  Argument r = whole("sum", sum, Privilege::Reduce);
  b.index_launch(total, Rect::of_extents({4}), {piece("x", x, quarters, {Expr::point(0)}, Privilege::Read), r}).result = {largest, ReductionOp::Max};
  b.end_loop();
  b.wait(largest);
  b.single_launch(copy, {whole("y", y, Privilege::WriteDiscard)}).futures = {largest};
  const Program p = b.finish();
  const auto regions = run_sequential(p);
  ASSERT_TRUE(regions);
  // After round n element of quarter i is 1 + (1 + ... + (n + 1)) (i + 1): at the end 1 + 6 (i + 1).
  EXPECT_EQ(at(**regions, 0, 0), 7);
  EXPECT_EQ(at(**regions, 0, 7), 25);
  EXPECT_EQ(at(**regions, 1, 0), 50);  // largest quarter: 2 elements of 25
  // Quarter sums over i, two elements each: round 0: 2 (4 + 10) = 28; round 1: 2 (4 + 30) = 68; round 2: 2 (4 + 60) = 128.
  EXPECT_EQ(at(**regions, 2, 0), 100 + 28 + 68 + 128);
}

TEST(RunSequential, RowMajorDemandsAreKept) {
  Builder b("rows");
  const RegionId m = b.add_region("m", PointSet(Rect::of_extents({3, 5})), {{"v", 8}});
  Variant v = cpu([](KernelContext& c) {
    const Block& block = c.field(0, 0).blocks[0];
    EXPECT_EQ(block.stride[1], 8);
    EXPECT_EQ(block.stride[0], 40);
    for_each_point(c.points(0), [&](const Point& p) { c.field(0, 0).at<double>(p) = static_cast<double>(10 * p[0] + p[1]); });
  });
  v.demands = {{{}, FieldOrder::Soa, DimOrder::C, "no"}};
  b.single_launch(b.add_task("write", {v}), {whole("m", m, Privilege::WriteDiscard)});
  const Program p = b.finish();
  const auto regions = run_sequential(p);
  ASSERT_TRUE(regions);
  EXPECT_EQ((*regions)->field(0, 0).at<double>({2, 4}), 24);
}

TEST(RunSequential, SaysWhichTaskHasNoKernelAndWhenRegionsAreTooLarge) {
  Builder b("none");
  const RegionId x = b.add_region("x", line(1000), {{"v", 8}});
  b.single_launch(b.add_task("work", {cpu()}), {whole("x", x, Privilege::Read)});
  const Program p = b.finish();
  ASSERT_FALSE(run_sequential(p));
  EXPECT_EQ(run_sequential(p).error().message, "task `work` has no kernel");
  Builder c("large");
  c.add_region("x", line(1000), {{"v", 8}});
  const Program large = c.finish();
  EXPECT_TRUE(run_sequential(large, 8000));
  ASSERT_FALSE(run_sequential(large, 7999));
  EXPECT_EQ(run_sequential(large, 7999).error().code, 4113);
}

}  // namespace
}  // namespace mapwright::program
