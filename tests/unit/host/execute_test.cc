// Plans executed for real: right ones give the sequential results, damaged ones are found out.
#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "tiny.h"

namespace mapwright::engine::host {
namespace {

using namespace mapwright::test;
using plan::OpKind;
using ::testing::HasSubstr;

constexpr const char* kOnCpus = "Task * CPU;";

Observed executed(const plan::Plan& plan, const Program& p, const machine::Machine& m, Options options = {}) {
  options.emulate_gpu = true;
  const auto o = execute(plan, p, m, options);
  EXPECT_TRUE(o.has_value()) << o.error().message;
  return o.value_or(Observed {});
}

int refused(const plan::Plan& plan, const Program& p, const machine::Machine& m, Options options = {}) {
  const auto o = execute(plan, p, m, options);
  EXPECT_FALSE(o.has_value());
  return o ? 0 : o.error().code;
}

TEST(Execute, GhostsAndOverlappingReductions) {
  Program p = ghosts(2);
  // Sums of the ghosts 0..3, 2..6, 5..9, 8..11 of the values 0..11 are 6, 20, 35, 38. Then every cell gets 1 from each
  // ghost that holds it: two for cells 2 3 5 6 8 9, one for the others, so the sums grow by 6, 9, 9, 6 (0 1 are held once,
  // 2 3 twice: 2 + 4; 2 3 5 6 twice, 4 once: 8 + 1; and so on).
  p.check = [](const RegionReader& reader) -> std::optional<std::string> {
    const double expected[] = {6 + 6 + 6, 20 + 20 + 9, 35 + 35 + 9, 38 + 38 + 6};
    const FieldView sums = reader.field(1, 0);
    for (std::int64_t i = 0; i < 12; ++i) {
      if (sums.at<double>({i}) != expected[i / 3]) return fmt::format("cell {} is {}", i, sums.at<double>({i}));
    }
    const FieldView values = reader.field(0, 0);  // after two rounds of reductions, the last still pending
    return values.at<double>({2}) == 2 + 4 && values.at<double>({4}) == 4 + 2 ? std::nullopt : std::optional<std::string>("pending");
  };
  for (std::int64_t nodes : {1, 2}) {
    const machine::Machine m = two_by_two(nodes);
    for (const char* mapper : {"", kOnCpus, "Task * CPU; Region spread * CPU ZCMEM; Layout gather * CPU AOS C_order;"}) {
      const Observed o = executed(plan_for(p, m, mapper), p, m);
      EXPECT_EQ(o.wrong, std::nullopt) << mapper;
      EXPECT_GT(o.folds, 0);
      EXPECT_GT(o.aliased_copies, 0);
      EXPECT_EQ(o.inter_node_copies > 0, nodes == 2);
    }
  }
}

TEST(Execute, RepetitionsOfLoops) {
  const Program p = ghosts(50);
  const machine::Machine m = two_by_two(2);
  const plan::Plan plan = plan_for(p, m);
  ASSERT_LT(plan.ops.size(), plan.executed_ops() / 2);  // kept as a loop
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Options options;
    options.shuffle = seed;
    const Observed o = executed(plan, p, m, options);
    EXPECT_EQ(o.wrong, std::nullopt);
    std::int64_t points = 0;
    for (std::int64_t n : o.points) points += n;
    EXPECT_EQ(points, 4 * (1 + 2 * 50));
  }
}

TEST(Execute, LoopCountersAndAncestorsReachKernels) {
  Builder b("nested");
  const RegionId r = b.add_region("r", PointSet(Rect::of_extents({6})), {{"f", 8}});
  const PartitionId cells = b.add_block_partition("cells", r, std::vector<std::int64_t> {6});
  const PartitionId halves = b.add_block_partition("halves", r, std::vector<std::int64_t> {2});
  const TaskId leaf = b.add_task("leaf", {runs(ProcessorKind::Cpu, [](KernelContext& c) {
    const double add = static_cast<double>(c.loop("i") * 100 + c.ancestor(1)[0] * 10 + c.point()[0]);
    update(c, 0, [&](double x, const Point&) { return x + add; });
  })});
  Variant inner = runs(ProcessorKind::Cpu, nullptr);
  inner.inner = true;
  const TaskId outer = b.add_task("outer", {inner});
  b.begin_body(outer);
  Argument a = argument(r, Privilege::ReadWrite, cells);
  a.projection.colors = {Expr::ancestor(1, 0) * 3 + Expr::point(0)};
  b.index_launch(leaf, Rect::of_extents({3}), {a});
  b.end_body();
  b.fill(r, {0}, 0.5);
  b.begin_loop("i", 10);
  b.index_launch(outer, Rect::of_extents({2}), {argument(r, Privilege::ReadWrite, halves)});
  b.end_loop();
  Program p = b.finish();
  p.check = [](const RegionReader& reader) -> std::optional<std::string> {
    for (std::int64_t i = 0; i < 6; ++i) {
      // 0.5 + sum over ten iterations of (100 i + 10 parent + point)
      if (reader.field(0, 0).at<double>({i}) != 0.5 + 4500 + static_cast<double>(100 * (i / 3) + 10 * (i % 3))) return fmt::format("cell {}", i);
    }
    return std::nullopt;
  };
  const machine::Machine m = two_by_two(2);
  EXPECT_EQ(executed(plan_for(p, m), p, m).wrong, std::nullopt);
}

TEST(Execute, FuturesAreReducedInPointOrderAndKeepTheirVersions) {
  Builder b("futures");
  const RegionId r = b.add_region("r", PointSet(Rect::of_extents({4})), {{"f", 8}});
  const PartitionId cells = b.add_block_partition("cells", r, std::vector<std::int64_t> {4});
  const FutureId sum = b.add_future("sum"), low = b.add_future("low");
  const TaskId produce = b.add_task("produce", {runs(ProcessorKind::Cpu, [](KernelContext& c) {
    if (c.point()[0] != 2) c.set_result(c.value(0) + static_cast<double>(c.point()[0] * c.point()[0]));
  })});
  const TaskId consume = b.add_task("consume", {runs(ProcessorKind::Cpu, [](KernelContext& c) {
    update(c, 0, [&](double x, const Point&) { return x * 100 + c.future(0) + c.future(1); });
  })});
  b.fill(r, {0}, 0);
  for (double value : {1.0, 5.0}) {
    for (auto [future, op] : {std::pair {sum, ReductionOp::Sum}, {low, ReductionOp::Min}}) {
      Launch& l = b.index_launch(produce, Rect::of_extents({4}), {});
      l.result = {future, op};
      l.values = {value};
    }
    b.index_launch(consume, Rect::of_extents({4}), {argument(r, Privilege::ReadWrite, cells)}).futures = {sum, low};
  }
  b.wait(sum);
  Program p = b.finish();
  // Points 0, 1 and 3 contribute value + 0, 1, 9: sums 3 value + 10 = 13 and 25, minima 1 and 5: cells 14, then 1400 + 30.
  p.check = [](const RegionReader& reader) -> std::optional<std::string> {
    return reader.field(0, 0).at<double>({3}) == 1430 ? std::nullopt : std::optional(std::to_string(reader.field(0, 0).at<double>({3})));
  };
  const machine::Machine m = two_by_two();
  const plan::Plan plan = plan_for(p, m);
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Options options;
    options.shuffle = seed;
    EXPECT_EQ(executed(plan, p, m, options).wrong, std::nullopt);
  }
}

TEST(Execute, FillsThatNobodyReadCount) {
  Builder b("fills");
  const RegionId r = b.add_region("r", PointSet(Rect::of_extents({8})), {{"f", 8}, {"i", 2}, {"s", 4}});
  const PartitionId halves = b.add_block_partition("halves", r, std::vector<std::int64_t> {2});
  const TaskId add = b.add_task("add", {runs(ProcessorKind::Cpu, [](KernelContext& c) { update(c, 0, [](double x, const Point&) { return x + 1; }); })});
  b.fill(r, {0}, 3);
  b.begin_loop("i", 2);
  b.index_launch(add, Rect::of_extents({2}), {argument(r, Privilege::Reduce, halves)});
  b.fill(r, {0}, 7);
  b.end_loop();
  b.single_launch(add, {[&] {
    Argument a = argument(r, Privilege::Reduce, halves);
    a.projection.colors = {Expr(1)};
    return a;
  }()});
  b.fill(r, {1, 2}, 0);
  Program p = b.finish();
  p.check = [](const RegionReader& reader) -> std::optional<std::string> {
    const FieldView f = reader.field(0, 0);
    if (f.at<double>({0}) != 7 || f.at<double>({7}) != 8) return "field f";
    return reader.field(0, 1).at<std::int16_t>({5}) == 0 && reader.field(0, 2).at<float>({5}) == 0 ? std::nullopt : std::optional<std::string>("others");
  };
  const machine::Machine m = two_by_two();
  EXPECT_EQ(executed(plan_for(p, m), p, m).wrong, std::nullopt);
}

TEST(Execute, ReportsTheChecksComplaint) {
  Program p = ghosts(1);
  p.check = [](const RegionReader&) { return std::optional<std::string>("not good enough"); };
  const machine::Machine m = two_by_two();
  EXPECT_EQ(executed(plan_for(p, m), p, m).wrong, "not good enough");
  Options options;
  options.verify = false;
  EXPECT_EQ(executed(plan_for(p, m), p, m, options).wrong, std::nullopt);
}

// --- damaged plans

// The operations of one kind.
std::vector<plan::OpIndex> ops_of(const plan::Plan& plan, OpKind kind) {
  std::vector<plan::OpIndex> all;
  for (plan::OpIndex i = 0; i < plan.ops.size(); ++i) {
    if (plan.ops[i].kind == kind) all.push_back(i);
  }
  return all;
}

TEST(DamagedPlan, EveryMissingCopyIsFound) {
  const Program p = ghosts(3);
  const machine::Machine m = two_by_two(2);
  const plan::Plan whole = plan_for(p, m, kOnCpus);
  const auto copies = ops_of(whole, OpKind::Copy);
  ASSERT_FALSE(copies.empty());
  for (plan::OpIndex copy : copies) {
    plan::Plan damaged = whole;
    damaged.transfers[damaged.ops[copy].detail].count = 0;
    const Observed o = executed(damaged, p, m);
    ASSERT_TRUE(o.wrong) << copy;
    EXPECT_THAT(*o.wrong, HasSubstr("the plan is incoherent: "));
  }
}

TEST(DamagedPlan, EveryMissingFoldIsFound) {
  const Program p = ghosts(3);
  const machine::Machine m = two_by_two(2);
  const plan::Plan whole = plan_for(p, m, kOnCpus);
  for (plan::OpIndex fold : ops_of(whole, OpKind::Fold)) {
    plan::Plan damaged = whole;
    damaged.transfers[damaged.ops[fold].detail].count = 0;
    EXPECT_TRUE(executed(damaged, p, m).wrong) << fold;
  }
}

TEST(DamagedPlan, AWrongIdentityIsFoundInTheNumbers) {
  const Program p = ghosts(2);
  const machine::Machine m = two_by_two();
  plan::Plan damaged = plan_for(p, m, kOnCpus);
  const auto fills = ops_of(damaged, OpKind::Fill);
  ASSERT_FALSE(fills.empty());
  damaged.fill_values.push_back(1);
  damaged.ops[fills.front()].a = static_cast<std::uint32_t>(damaged.fill_values.size() - 1);
  const Observed o = executed(damaged, p, m);
  ASSERT_TRUE(o.wrong);
  // The first instance covers the ghosts of point 0: cells 0 and 1 are held once, so after two steps they are 2 too much
  // at most; the first difference is in the first cell. 0 + 1 + 1 = 2.
  EXPECT_THAT(*o.wrong, HasSubstr("r/f/(0): expected 2 (0x4000000000000000), got 3 (0x4008000000000000)"));
}

TEST(DamagedPlan, MissingDependencesAreFoundInSomeOrder) {
  const Program p = ghosts(3);
  const machine::Machine m = two_by_two(2);
  const plan::Plan whole = plan_for(p, m, kOnCpus);
  int found = 0, edges = 0;
  for (OpKind kind : {OpKind::Copy, OpKind::Fold}) {
    const auto ops = ops_of(whole, kind);
    const plan::OpIndex victim = ops[ops.size() / 2];
    plan::Plan damaged = whole;
    // Its predecessors become the first operation of all.
    for (std::uint32_t e = damaged.edge_offsets[victim]; e < damaged.edge_offsets[victim + 1]; ++e, ++edges) damaged.edges[e].op = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      Options options;
      options.shuffle = seed;
      if (executed(damaged, p, m, options).wrong) {
        ++found;
        break;
      }
    }
  }
  EXPECT_GT(edges, 0);
  EXPECT_EQ(found, 2);
}

TEST(DamagedPlan, KernelsThatDependOnTheMappingAreFound) {
  // What a kernel sees beyond its points differs: the whole region in the sequential execution, half of it here.
  Builder b("greedy");
  const RegionId r = b.add_region("r", PointSet(Rect::of_extents({8})), {{"f", 8}});
  const PartitionId halves = b.add_block_partition("halves", r, std::vector<std::int64_t> {2});
  const TaskId t = b.add_task("t", {runs(ProcessorKind::Cpu, [](KernelContext& c) {
    const double seen = static_cast<double>(c.field(0, 0).blocks.front().rect.volume());
    update(c, 0, [&](double, const Point&) { return seen; });
  })});
  b.index_launch(t, Rect::of_extents({2}), {argument(r, Privilege::WriteDiscard, halves)});
  const Program p = b.finish();
  const machine::Machine m = two_by_two();
  EXPECT_THAT(executed(plan_for(p, m), p, m).wrong.value_or(""), HasSubstr("r/f/(0): expected 8 (0x4020000000000000), got 4"));
}

// --- what cannot be executed

TEST(Refusals, GpuPointsWithoutEmulation) {
  const Program p = ghosts(1);
  const machine::Machine m = two_by_two();
  EXPECT_EQ(refused(plan_for(p, m, "Task * GPU;"), p, m), diag::kGpuNeedsEmulation);
  EXPECT_TRUE(execute(plan_for(p, m, kOnCpus), p, m, {}));
}

TEST(Refusals, MissingKernels) {
  Program p = ghosts(1);
  for (Variant& v : p.tasks[1].variants) v.kernel = nullptr;
  const machine::Machine m = two_by_two();
  EXPECT_EQ(refused(plan_for(p, m, kOnCpus), p, m), diag::kNoKernel);
}

TEST(Refusals, EmulatedGpusUseTheKernelsOfOtherKinds) {
  Program p = ghosts(1);
  for (Task& t : p.tasks) {
    for (Variant& v : t.variants) {
      if (v.kind == ProcessorKind::Gpu) v.kernel = [](KernelContext&) { FAIL() << "the GPU's own kernel ran"; };
    }
  }
  const machine::Machine m = two_by_two();
  EXPECT_EQ(executed(plan_for(p, m, "Task * GPU;"), p, m).wrong, std::nullopt);
}

TEST(Refusals, TooMuchMemoryIsSeenBeforeAnythingIsAllocated) {
  const Program p = ghosts(1);
  const machine::Machine m = two_by_two();
  Options options;
  options.max_bytes = 100;
  EXPECT_EQ(refused(plan_for(p, m, kOnCpus), p, m, options), diag::kHostMemory);

  Builder b("huge");
  const RegionId r = b.add_region("r", PointSet(Rect::of_extents({std::int64_t {1} << 40})), {{"f", 8}});
  b.single_launch(b.add_task("t", {runs(ProcessorKind::Cpu, [](KernelContext&) {})}), {argument(r, Privilege::WriteDiscard)});
  const Program huge = b.finish();
  const machine::Machine large = tiny_machine("[memories.SYSMEM]\ncapacity_mib = 10000000\n");
  EXPECT_EQ(refused(plan_for(huge, large, kOnCpus), huge, large), diag::kHostMemory);
}

Program one_task(Kernel kernel) {
  Builder b("one");
  const RegionId r = b.add_region("r", PointSet(Rect::of_extents({4})), {{"f", 8}});
  const TaskId t = b.add_task("t", {runs(ProcessorKind::Cpu, std::move(kernel))});
  b.fill(r, {0}, 0);
  b.timer_start("main");
  for (int i = 0; i < 3; ++i) b.single_launch(t, {argument(r, Privilege::ReadWrite)});
  b.timer_stop("main");
  Metric metric;
  metric.label = "main";
  b.set_metric(metric);
  return b.finish();
}

TEST(Refusals, KernelsThatThrow) {
  const Program p = one_task([](KernelContext& c) {
    update(c, 0, [](double x, const Point&) { return x + 1; });
    throw std::runtime_error("negative volume");
  });
  const machine::Machine m = two_by_two();
  const auto o = execute(plan_for(p, m), p, m, {});
  ASSERT_FALSE(o);
  EXPECT_EQ(o.error().code, diag::kKernelFailed);
  EXPECT_EQ(o.error().message, "the kernel of task `t` at point () failed: negative volume");
}

TEST(Refusals, Deadlines) {
  const Program p = one_task([](KernelContext&) { std::this_thread::sleep_for(std::chrono::milliseconds(30)); });
  const machine::Machine m = two_by_two();
  Options options;
  options.deadline = Seconds(0.02);
  EXPECT_EQ(refused(plan_for(p, m), p, m, options), diag::kTimeLimit);
}

TEST(Execute, MeasuresTimes) {
  const Program p = one_task([](KernelContext&) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); });
  const machine::Machine m = two_by_two();
  const Observed o = executed(plan_for(p, m), p, m);
  EXPECT_GE(o.seconds, 0.015);  // three tasks one after the other
  EXPECT_GE(o.makespan, o.seconds);
  EXPECT_GE(o.busy.at(m.find(ProcessorKind::Cpu, machine::SpaceId(0), 0)->value), 0.015);
  ASSERT_EQ(o.tasks.size(), 1u);
  EXPECT_EQ(o.tasks[0].task, "t");
  EXPECT_EQ(o.tasks[0].points, 3);
  EXPECT_GE(o.tasks[0].seconds, 0.015);
}

}  // namespace
}  // namespace mapwright::engine::host
