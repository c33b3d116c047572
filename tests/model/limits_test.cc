// docs/models/limits.md in numbers: programs so small that the least time of any mapper can be worked out.
#include "engine/sim/limits.h"

#include <cmath>

#include "hand_plan.h"

namespace mapwright::test {
namespace {

using engine::sim::Limit;
using engine::sim::LimitTerm;
using engine::sim::lower_bound;
using program::Expr;
using program::Privilege;

program::Variant timed(ProcessorKind kind, Expr seconds) {
  program::Variant v;
  v.kind = kind;
  v.measured.push_back({{}, {}, {}, std::move(seconds)});
  return v;
}

program::Variant counted(ProcessorKind kind, double flops) {
  program::Variant v;
  v.kind = kind;
  v.flops = Expr(flops);
  return v;
}

program::Argument piece(program::RegionId r, program::PartitionId p, Privilege privilege, Expr color = Expr::point(0)) {
  program::Argument a;
  a.name = "a";
  a.region = r;
  a.partition = p;
  a.projection.colors = {std::move(color)};
  a.fields = {0};
  a.privilege = privilege;
  return a;
}

// 4 GPUs of 10 TFLOP/s: a point of 1e10 FLOP takes 1 ms.
TEST(Limits, ArithmeticIsSpreadOverAllProcessorsOfAKind) {
  const machine::Machine m = free_machine();
  const auto limit = [&](std::int64_t points) {
    program::Builder b("p");
    const auto t = b.add_task("t", {counted(ProcessorKind::Gpu, 1e10)});
    b.index_launch(t, Rect::of_extents({points}), {});
    return lower_bound(b.finish(), m);
  };
  EXPECT_NEAR(limit(8)[LimitTerm::Compute], 2e-3, 1e-12);
  EXPECT_NEAR(limit(9)[LimitTerm::Compute], 3e-3, 1e-12) << "one GPU runs three of nine";
  EXPECT_NEAR(limit(1).seconds, 1e-3, 1e-12);
}

// Two launches of 4 points, 1 ms on one of 4 GPUs or 2 ms on one of 8 CPUs. Spread fractionally both kinds together would
// need 1 ms, but a launch on the CPUs takes 2 ms, and so do both on the GPUs.
TEST(Limits, ALaunchRunsOnOneKindAndItsPointsAreIndivisible) {
  program::Builder b("p");
  const auto t = b.add_task("t", {timed(ProcessorKind::Gpu, 1e-3), timed(ProcessorKind::Cpu, 2e-3)});
  b.index_launch(t, Rect::of_extents({4}), {});
  b.index_launch(t, Rect::of_extents({4}), {});
  EXPECT_NEAR(lower_bound(b.finish(), free_machine())[LimitTerm::Tasks], 2e-3, 1e-9);
}

// Twenty launches of 8 points, 1 ms on a GPU or 2 ms on a CPU: a launch needs 2 ms of all GPUs or of all CPUs, so ten go here
// and ten there.
TEST(Limits, KindsShareTheWork) {
  program::Builder b("p");
  const auto t = b.add_task("t", {timed(ProcessorKind::Gpu, 1e-3), timed(ProcessorKind::Cpu, 2e-3)});
  for (int i = 0; i < 20; ++i) b.index_launch(t, Rect::of_extents({8}), {});
  EXPECT_NEAR(lower_bound(b.finish(), free_machine())[LimitTerm::Tasks], 20e-3, 1e-6);
}

// 1e6 elements of 8 bytes read and written from the GPU's own memory at 500 GB/s.
TEST(Limits, TrafficIsThatOfTheFastestMemory) {
  program::Builder b("p");
  const auto r = b.add_region("r", PointSet(Rect::of_extents({1000000})), {{"f", 8}});
  const auto p = b.add_block_partition("p", r, std::vector<std::int64_t> {1});
  const auto t = b.add_task("t", {counted(ProcessorKind::Gpu, 0)});
  b.index_launch(t, Rect::of_extents({1}), {piece(r, p, Privilege::ReadWrite)});
  const machine::Machine m = free_machine("", {}, "[access.GPU.FBMEM]\nstream_gb_s = 500\nlatency_us = 1\n[access.GPU.ZCMEM]\nlatency_us = 2\n");
  EXPECT_NEAR(lower_bound(b.finish(), m)[LimitTerm::Memory], 1e-6 + 16e6 / 500e9, 1e-12);
}

// 100 iterations of a 1 ms task that rewrites its data: every one is ready 50 us after the one before has ended, and the
// first 50 us after it was mapped, which takes 20 us. Only 4 iterations are looked at.
TEST(Limits, AChainIsAsLongAsItsIterations) {
  program::Builder b("p");
  const auto r = b.add_region("r", PointSet(Rect::of_extents({40})), {{"f", 8}});
  const auto p = b.add_block_partition("p", r, std::vector<std::int64_t> {4});
  const auto t = b.add_task("t", {timed(ProcessorKind::Gpu, 1e-3)});
  b.begin_loop("l", 100, true);
  b.index_launch(t, Rect::of_extents({4}), {piece(r, p, Privilege::ReadWrite)});
  b.end_loop();
  const Limit limit = lower_bound(b.finish(), free_machine("\nready_to_start_us = 50\npoint_traced_us = 20\n"));
  EXPECT_NEAR(limit[LimitTerm::Chain], 20e-6 + 100 * 1.05e-3, 1e-9);
  EXPECT_NEAR(limit[LimitTerm::Tasks], 100e-3, 1e-9);
  EXPECT_EQ(limit.binding(), LimitTerm::Chain);
}

// Only what must lie between the timers counts: the second launch does not need the first, and the third does.
TEST(Limits, OnlyWhatLiesInTheWindowCounts) {
  program::Builder b("p");
  const auto r = b.add_region("r", PointSet(Rect::of_extents({2})), {{"f", 8}});
  const auto p = b.add_block_partition("p", r, std::vector<std::int64_t> {2});
  const auto t = b.add_task("t", {timed(ProcessorKind::Gpu, 1e-3)});
  const auto slow = b.add_task("slow", {timed(ProcessorKind::Gpu, 1.0)});
  b.timer_start("w");
  b.index_launch(t, Rect::of_extents({1}), {piece(r, p, Privilege::ReadWrite, Expr(0))});
  b.index_launch(slow, Rect::of_extents({1}), {piece(r, p, Privilege::ReadWrite, Expr(1))});
  b.index_launch(t, Rect::of_extents({1}), {piece(r, p, Privilege::ReadWrite, Expr(0))});
  b.timer_stop("w");
  program::Metric metric;
  metric.label = "w";
  b.set_metric(metric);
  EXPECT_NEAR(lower_bound(b.finish(), free_machine()).seconds, 2e-3, 1e-9);
}

// After a fence that the program waits for, 1,000 points are mapped at 100 us by 2 utility processors: 50 ms, after that
// the last one takes its 1 us.
TEST(Limits, MappingTakesItsTimeAfterAFence) {
  program::Builder b("p");
  const auto t = b.add_task("t", {timed(ProcessorKind::Gpu, 1e-6)});
  b.fence();
  b.timer_start("w");
  b.index_launch(t, Rect::of_extents({1000}), {});
  b.fence();
  b.timer_stop("w");
  program::Metric metric;
  metric.label = "w";
  b.set_metric(metric);
  const Limit limit = lower_bound(b.finish(), free_machine("\npoint_untraced_us = 100\n"));
  EXPECT_NEAR(limit[LimitTerm::Mapping], 50e-3 + 1e-6, 1e-9);
  EXPECT_EQ(limit.binding(), LimitTerm::Mapping);
}

// A ring of 8 points on 2 nodes of 4 GPUs; each reads 1 MB that its right neighbour wrote in the iteration before. All on one
// node take 10 x 2 x 1 ms; else two links of the ring are cut, over which 9 x 1 MB go: half of 18 MB into each node.
TEST(Limits, TasksThatExchangeDataAreTogetherOrUseTheNetwork) {
  program::Builder b("p");
  const auto r = b.add_region("r", PointSet(Rect::of_extents({1000000})), {{"f", 8}});
  const auto p = b.add_block_partition("p", r, std::vector<std::int64_t> {8});
  const auto read = b.add_task("read", {timed(ProcessorKind::Gpu, 1e-3)});
  b.begin_loop("l", 10, true);
  const auto left = b.add_region("left", PointSet(Rect::of_extents({1000000})), {{"f", 8}});
  const auto q = b.add_block_partition("q", left, std::vector<std::int64_t> {8});
  b.index_launch(read, Rect::of_extents({8}), {piece(r, p, Privilege::Read, (Expr::point(0) + Expr(1)) % Expr(8)), piece(left, q, Privilege::WriteDiscard)});
  b.index_launch(read, Rect::of_extents({8}), {piece(left, q, Privilege::Read), piece(r, p, Privilege::WriteDiscard)});
  b.end_loop();
  machine::Overrides two;
  two.nodes = 2;
  const machine::Machine m = free_machine("", two, "[network]\nbandwidth_gb_s = 1\nnics = 1\n");
  EXPECT_NEAR(lower_bound(b.finish(), m)[LimitTerm::Communication], 9e-3, 1e-9);
}

// The products (i, j, k) of 4 x 4 x 4 tiles of 1 MB on 4 nodes of 4 GPUs, placed by 48 tasks before the window; the sums too, which are
// read in it.
program::Program products(double seconds) {
  program::Builder b("p");
  const std::array<const char*, 3> names {"a", "b", "c"};
  std::array<program::RegionId, 3> regions;
  std::array<program::PartitionId, 3> tiles;
  const auto put = b.add_task("put", {timed(ProcessorKind::Gpu, 1e-6)}), multiply = b.add_task("multiply", {timed(ProcessorKind::Gpu, Expr(seconds))});
  const auto tile = [&](std::size_t k, Privilege privilege, Expr row, Expr column) {
    program::Argument a = piece(regions[k], tiles[k], privilege, row + 4 * column);
    a.name = names[k];
    return a;
  };
  for (std::size_t k = 0; k < 3; ++k) {
    regions[k] = b.add_region(names[k], PointSet(Rect::of_extents({16 * 125000})), {{"f", 8}});
    tiles[k] = b.add_block_partition(names[k] + std::string("s"), regions[k], std::vector<std::int64_t> {16});
    b.index_launch(put, Rect::of_extents({4, 4}), {tile(k, Privilege::WriteDiscard, Expr::point(0), Expr::point(1))});
  }
  b.fence();
  b.timer_start("w");
  program::Argument sum = tile(0, Privilege::Reduce, Expr::point(0), Expr::point(1));
  sum.reduction = program::ReductionOp::Sum;
  b.index_launch(multiply, Rect::of_extents({4, 4, 4}), {sum, tile(1, Privilege::Read, Expr::point(0), Expr::point(2)), tile(2, Privilege::Read, Expr::point(2), Expr::point(1))});
  b.index_launch(put, Rect::of_extents({4, 4}), {tile(0, Privilege::Read, Expr::point(0), Expr::point(1))});
  b.fence();
  b.timer_stop("w");
  program::Metric metric;
  metric.label = "w";
  b.set_metric(metric);
  return b.finish();
}

machine::Machine four_nodes() {
  machine::Overrides four;
  four.nodes = 4;
  return free_machine("", four, "[network]\nbandwidth_gb_s = 1\nnics = 1\n");
}

// In 40 ms a node can execute 16 of them, for which it needs at least 3 x 16^(2/3) tiles (Loomis and Whitney 1949): 64 x 3 / 16^(1/3)
// on all nodes. 48 are there, the others take 1 ms each on one of 4 links.
TEST(Limits, ProductsNeedTheirOperands) {
  const Limit limit = lower_bound(products(10e-3), four_nodes());
  EXPECT_NEAR(limit[LimitTerm::Tasks], 40e-3, 1e-5);
  EXPECT_NEAR(limit[LimitTerm::Communication], (64 * 3 / std::cbrt(16.0) - 48) / 4 * 1e-3, 1e-9);
}

// Where that takes longer than the products, a node can execute more of them meanwhile: 21 in 5.25 to 5.5 ms.
TEST(Limits, FewerNodesNeedFewerOperands) {
  const Limit limit = lower_bound(products(1e-3), four_nodes());
  EXPECT_NEAR(limit[LimitTerm::Communication], (64 * 3 / std::cbrt(21.0) - 48) / 4 * 1e-3, 1e-9);
  EXPECT_EQ(limit.binding(), LimitTerm::Communication);
}

// Nothing is known about operands that anybody may have, or that come into being inside the window, or sums that stay in parts.
TEST(Limits, OnlyOperandsThatHaveToBeBroughtCount) {
  const auto communication = [](auto&& change) {
    program::Program p = products(10e-3);
    change(p);
    p.number_launches();
    return lower_bound(p, four_nodes())[LimitTerm::Communication];
  };
  const auto launch = [](program::Program& p, std::size_t i) -> program::Launch& { return std::get<program::Launch>(p.main[i].what); };
  EXPECT_EQ(communication([](program::Program& p) { p.main.erase(p.main.begin() + 6); }), 0) << "nobody reads the sums";
  // What remains is the exchange of sums, and of B where it is written in the window: a tile or two for half of those that share it.
  EXPECT_NEAR(communication([](program::Program& p) { p.main.erase(p.main.begin() + 1); }), 0.125e-3, 1e-9) << "every node can fill B itself";
  EXPECT_NEAR(communication([&](program::Program& p) { p.main.insert(p.main.begin() + 5, p.main[1]); }), 0.25e-3, 1e-9) << "B is written in the window";
  // With B read by 16 more tasks in other places it is in two places at most: 16 tiles less have to be brought.
  const double twice = communication([&](program::Program& p) {
    p.main.insert(p.main.begin() + 3, p.main[1]);
    launch(p, 3).arguments[0].privilege = Privilege::Read;
  });
  EXPECT_NEAR(twice, (64 * 3 / std::cbrt(16.0) - 64) / 4 * 1e-3, 1e-9);
}

// The same with 16 points in a grid that go through k themselves: each stays with its tile of A, so that 4 of them need 4 tiles of A and, in
// a square, 8 each of B and C. 3 x 16 of the 4 x 20 are there.
TEST(Limits, PointsTakeTheirOperandsAlong) {
  program::Program p = products(10e-3);
  program::Launch all = std::get<program::Launch>(p.main[5].what);
  all.domain = Rect::of_extents({4, 4});
  all.arguments[0].privilege = Privilege::ReadWrite;
  const Expr k = (Expr::point(0) + Expr::point(1) + Expr::loop("k")) % Expr(4);
  all.arguments[1].projection.colors = {Expr::point(0) + 4 * k};
  all.arguments[2].projection.colors = {k + 4 * Expr::point(1)};
  program::Loop loop;
  loop.name = "k";
  loop.count = 4;
  loop.body.push_back({all});
  p.main[5].what = loop;
  p.number_launches();
  EXPECT_NEAR(lower_bound(p, four_nodes())[LimitTerm::Communication], (4 * 20 - 48) / 4 * 1e-3, 1e-9);
}

// Of intervals that are too large nothing is known; the others still count.
TEST(Limits, GiveUpOnWhatIsTooLarge) {
  program::Builder b("p");
  const auto t = b.add_task("t", {timed(ProcessorKind::Gpu, 1e-3)});
  for (const std::int64_t points : {4, 1 << 22}) {
    b.fence();
    b.timer_start("w");
    b.index_launch(t, Rect::of_extents({points}), {});
    b.fence();
    b.timer_stop("w");
  }
  program::Metric metric;
  metric.label = "w";
  b.set_metric(metric);
  program::Program p = b.finish();
  Limit limit = lower_bound(p, free_machine());
  EXPECT_FALSE(limit.complete);
  EXPECT_NEAR(limit.seconds, 1e-3, 1e-12);
  p.metric.combine = program::Metric::Combine::Mean;
  limit = lower_bound(p, free_machine());
  EXPECT_FALSE(limit.complete);
  EXPECT_EQ(limit.seconds, 0);
}

}  // namespace
}  // namespace mapwright::test
