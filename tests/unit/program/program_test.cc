#include <gtest/gtest.h>

#include "program/cover.h"
#include "programs.h"

namespace mapwright::program {
namespace {

TEST(Builder, BlockPartitionsCutWithCeilAndMayHaveEmptyPieces) {
  Builder b("blocks");
  const RegionId r = b.add_region("x", line(10), {{"v", 8}});
  const PartitionId q = b.add_block_partition("q", r, std::array<std::int64_t, 1> {4});  // ceil(10 / 4) = 3: 3 3 3 1
  const PartitionId e = b.add_block_partition("e", r, std::array<std::int64_t, 1> {6});  // ceil(10 / 6) = 2: 2 2 2 2 2 0
  const auto& pieces = b.program().partitions[q.value].pieces;
  EXPECT_EQ(pieces[0].volume(), 3);
  EXPECT_EQ(pieces[3], PointSet(Rect({9}, {9})));
  EXPECT_TRUE(b.program().partitions[q.value].disjoint);
  EXPECT_TRUE(b.program().partitions[q.value].complete);
  EXPECT_TRUE(b.program().partitions[e.value].pieces[5].empty());
  EXPECT_TRUE(b.program().partitions[e.value].complete);
}

TEST(Builder, BlockPartitionsCountColoursFirstDimensionFastest) {
  Builder b("blocks");
  const RegionId r = b.add_region("x", PointSet(Rect::of_extents({4, 6})), {{"v", 8}});
  const PartitionId q = b.add_block_partition("q", r, std::array<std::int64_t, 2> {2, 3});
  EXPECT_EQ(b.program().partitions[q.value].pieces[1], PointSet(Rect({2, 0}, {3, 1})));
  EXPECT_EQ(b.program().partitions[q.value].pieces[2], PointSet(Rect({0, 2}, {1, 3})));
}

// outer(i), i in 0..1, launches leaf(j), j in 0..2, in a loop of 4; main launches outer in a loop of 5, then leaf once.
Program nest() {
  Builder b("nest");
  const RegionId r = b.add_region("x", line(12), {{"v", 8}});
  const PartitionId halves = b.add_block_partition("halves", r, std::array<std::int64_t, 1> {2});
  const PartitionId sixths = b.add_block_partition("sixths", r, std::array<std::int64_t, 1> {6});
  const TaskId leaf = b.add_task("leaf", {cpu([](KernelContext&) {})});
  const TaskId outer = b.add_task("outer", {inner()});
  b.begin_body(outer);
  b.begin_loop("k", 4);
  b.index_launch(leaf, Rect::of_extents({3}),
                 {piece("x", r, sixths, {Expr::ancestor(1, 0) * 3 + (Expr::point(0) + Expr::loop("k")) % 3}, Privilege::ReadWrite)});
  b.end_loop();
  b.end_body();
  b.begin_loop("step", 5);
  b.index_launch(outer, Rect::of_extents({2}), {piece("x", r, halves, {Expr::point(0)}, Privilege::ReadWrite)});
  b.end_loop();
  b.single_launch(leaf, {whole("x", r, Privilege::Read)});
  return b.finish();
}

TEST(Program, SitesAreInProgramOrderWithTheirParentsAndLoops) {
  const Program p = nest();
  const auto sites = p.sites();
  ASSERT_EQ(sites.size(), 3u);
  EXPECT_EQ(p.tasks[sites[0].launch->task.value].name, "outer");
  EXPECT_EQ(sites[1].parents, std::vector<const Launch*> {sites[0].launch});
  ASSERT_EQ(sites[1].loops.size(), 2u);
  EXPECT_EQ(sites[1].loops[0]->name, "step");
  EXPECT_EQ(sites[1].loops[1]->name, "k");
  EXPECT_FALSE(sites[2].launch->index);
  // Numbered through main, then the bodies.
  EXPECT_EQ(sites[0].launch->id.value, 0u);
  EXPECT_EQ(sites[2].launch->id.value, 1u);
  EXPECT_EQ(sites[1].launch->id.value, 2u);
  EXPECT_EQ(p.launch_count, 3u);
}

TEST(Program, PointTasksMultiplyLoopsAndParents) {
  EXPECT_EQ(nest().point_tasks(), 5 * 2 + 5 * 2 * 4 * 3 + 1);
}

TEST(Program, IterationsOfLoopsThatRepeatThemselvesCountOnlySoOften) {
  // `step`, of the top level, is read by nobody; `k` stands in a body and is read.
  const Program p = nest();
  const auto loops = p.sites()[1].loops;
  EXPECT_FALSE(p.reads_counter(loops[0]->body, "step"));
  EXPECT_TRUE(p.reads_counter(loops[0]->body, "k"));
  EXPECT_EQ(p.point_tasks(3), 3 * 2 + 3 * 2 * 4 * 3 + 1);
  EXPECT_EQ(p.point_tasks(50), p.point_tasks());
}

TEST(Program, LoopsWhoseCounterIsReadCountAsTheyAre) {
  Builder b("read");
  const RegionId r = b.add_region("r", PointSet(Rect::of_extents({12})), {{"x", 8}});
  Variant grows = cpu([](KernelContext&) {});
  grows.flops = Expr::loop("i") + 1;
  const TaskId t = b.add_task("t", {grows});
  b.begin_loop("i", 100);
  b.single_launch(t, {whole("x", r, Privilege::ReadWrite)});
  b.end_loop();
  EXPECT_EQ(b.finish().point_tasks(3), 100);
}

TEST(Program, ColoursOfExpressionsAndTables) {
  const Program p = nest();
  const auto sites = p.sites();
  const Point parent {1};
  const LoopCounter loops[] = {{"k", 2}};
  ExprContext c;
  c.point = {2};
  c.ancestors = {&parent, 1};
  c.loops = loops;
  const Argument& a = sites[1].launch->arguments[0];
  EXPECT_EQ(p.color(*sites[1].launch, a, c), 4u);  // 3 + (2 + 2) % 3
  EXPECT_EQ(p.points(a, 4), PointSet(Rect({8}, {9})));
  Launch l = *sites[1].launch;
  l.arguments[0].projection = {{}, {5, 0, 3}};
  EXPECT_EQ(p.color(l, l.arguments[0], c), 3u);
  EXPECT_EQ(p.color(*sites[2].launch, sites[2].launch->arguments[0], c), 0u);
}

TEST(Program, FindsTasksAndVariants) {
  const Program p = nest();
  ASSERT_NE(p.find_task("outer"), nullptr);
  EXPECT_EQ(p.find_task("other"), nullptr);
  EXPECT_NE(p.variant(TaskId(0), ProcessorKind::Cpu), nullptr);
  EXPECT_EQ(p.variant(TaskId(0), ProcessorKind::Gpu), nullptr);
}

TEST(Program, HashCoversWhatAnEngineSees) {
  const std::string hash = nest().hash();
  EXPECT_EQ(hash.size(), 32u);
  EXPECT_EQ(nest().hash(), hash);
  const auto changed = [&](auto&& change) {
    Program p = nest();
    change(p);
    return p.hash() != hash;
  };
  EXPECT_TRUE(changed([](Program& p) { p.name = "other"; }));
  EXPECT_TRUE(changed([](Program& p) { p.regions[0].fields[0].bytes = 4; }));
  EXPECT_TRUE(changed([](Program& p) { p.partitions[1].pieces[0] = PointSet(Rect({0}, {0})); }));
  EXPECT_TRUE(changed([](Program& p) { p.tasks[0].variants[0].flops = 1; }));
  EXPECT_TRUE(changed([](Program& p) { std::get<Loop>(p.main[0].what).count = 6; }));
  EXPECT_TRUE(changed([](Program& p) { std::get<Launch>(p.main[1].what).arguments[0].privilege = Privilege::ReadWrite; }));
  EXPECT_TRUE(changed([](Program& p) { p.metric.higher_is_better = true; }));
  EXPECT_FALSE(changed([](Program& p) { p.parameters["n"] = "7"; }));
  EXPECT_FALSE(changed([](Program& p) { p.tasks[0].variants[0].kernel = nullptr; }));
}

}  // namespace
}  // namespace mapwright::program
