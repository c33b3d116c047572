#include "plan/plan.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace mapwright::plan {
namespace {

using program::Argument;
using program::Builder;
using program::Expr;
using program::Privilege;
using program::Program;

machine::Machine machine_of(int nodes, int gpus, int fbmem_mib = 4096) {
  const std::string toml = fmt::format(
      "format = \"mapwright.machine/1\"\nname = \"m\"\nbase = \"generic\"\nnodes = {}\n"
      "[processors.GPU]\ncount = {}\n[memories.FBMEM]\ncapacity_mib = {}\n",
      nodes, gpus, fbmem_mib);
  diag::Sink sink;
  auto m = machine::read_machine(diag::make_source("m.toml", toml), {}, sink);
  MW_CHECK(m.has_value());
  return std::move(*m);
}

program::Variant variant(ProcessorKind kind) {
  program::Variant v;
  v.kind = kind;
  v.flops = 1;
  return v;
}

Argument argument(program::RegionId r, std::optional<program::PartitionId> p, std::vector<program::FieldIndex> fields, Privilege privilege) {
  Argument a;
  a.name = "a";
  a.region = r;
  a.partition = p;
  if (p) a.projection.colors = {Expr::point(0)};
  a.fields = std::move(fields);
  a.privilege = privilege;
  return a;
}

// A ring without ends: 100 elements of two doubles in four blocks; each iteration writes `out` of a block from `in` of
// the block and one element on either side, then `in` of the block from `out`.
Program halo(std::int64_t iterations) {
  Builder b("halo");
  const auto r = b.add_region("line", PointSet(Rect::of_extents({100})), {{"in", 8}, {"out", 8}});
  const auto blocks = b.add_block_partition("blocks", r, std::vector<std::int64_t> {4});
  std::vector<PointSet> halos;
  for (std::int64_t i = 0; i < 4; ++i) halos.emplace_back(Rect({std::max<std::int64_t>(0, 25 * i - 1)}, {std::min<std::int64_t>(99, 25 * i + 25)}));
  const auto ghost = b.add_partition("ghost", r, Rect::of_extents({4}), halos);
  const auto step = b.add_task("step", {variant(ProcessorKind::Gpu), variant(ProcessorKind::Cpu)});
  const auto back = b.add_task("back", {variant(ProcessorKind::Gpu), variant(ProcessorKind::Cpu)});
  b.begin_loop("t", iterations, true);
  b.index_launch(step, Rect::of_extents({4}), {argument(r, ghost, {0}, Privilege::Read), argument(r, blocks, {1}, Privilege::WriteDiscard)});
  b.index_launch(back, Rect::of_extents({4}), {argument(r, blocks, {1}, Privilege::Read), argument(r, blocks, {0}, Privilege::ReadWrite)});
  b.end_loop();
  return b.finish();
}

diag::SourcePtr text(std::string mapper) { return diag::make_source("test.mapper", std::move(mapper)); }

tl::expected<Plan, Verdict> plan_of(const std::string& mapper, const Program& p, const machine::Machine& m, Options options = {}) {
  diag::Sink sink;
  const sema::Mapper compiled = sema::compile(text(mapper), sink);
  MW_CHECK(!sink.has_errors(), "{}", diag::render_short(sink.all().front()));
  return make_plan(compiled, p, m, sink, options);
}

TEST(Plan, MovesTheHaloAndNothingElse) {
  const Program p = halo(10);
  const machine::Machine m = machine_of(1, 4);
  const auto plan = plan_of("", p, m);
  ASSERT_TRUE(plan) << plan.error().diagnostics.front().message;
  const Traffic t = traffic(*plan, p, m);
  // The first iteration fills. Each of the 9 others sends one element over each of 3 borders in both directions:
  // 9 * 6 * 8 B; and copies each block into its ghost instance within the GPU: 9 * 100 * 8 B.
  EXPECT_EQ(t.total.between, 9 * 6 * 8);
  EXPECT_EQ(t.total.inside, 9 * 100 * 8);
  EXPECT_EQ(t.total.inter_node, 0);
  EXPECT_EQ(plan->executed_tasks(), 80u);
}

TEST(Plan, CountsBytesBetweenNodesByPlacement) {
  const Program p = halo(10);
  const machine::Machine m = machine_of(2, 2);
  // Blocks 0 and 1 on node 0, 2 and 3 on node 1: one border of three is between nodes.
  const auto blocked = plan_of("g = Machine(GPU); def f(Task t) { return g[t.ipoint[0] / 2, t.ipoint[0] % 2]; } IndexTaskMap * f;", p, m);
  ASSERT_TRUE(blocked);
  EXPECT_EQ(traffic(*blocked, p, m).total.inter_node, 9 * 2 * 8);
  EXPECT_EQ(traffic(*blocked, p, m).total.intra_node, 9 * 4 * 8);
  // Dealt out alternately every border is between nodes.
  const auto cyclic = plan_of("g = Machine(GPU); def f(Task t) { return g[t.ipoint[0] % 2, t.ipoint[0] / 2]; } IndexTaskMap * f;", p, m);
  ASSERT_TRUE(cyclic);
  EXPECT_EQ(traffic(*cyclic, p, m).total.inter_node, 9 * 6 * 8);
}

TEST(Plan, KeepsASteadyLoopAsALoop) {
  const Program p = halo(1000);
  const machine::Machine m = machine_of(1, 4);
  const auto plan = plan_of("", p, m);
  const auto unrolled = plan_of("", p, m, {.unroll = true});
  ASSERT_TRUE(plan && unrolled);
  EXPECT_LT(plan->ops.size(), 200u);
  EXPECT_EQ(plan->executed_ops(), unrolled->executed_ops());
  EXPECT_EQ(traffic(*plan, p, m).total.between, 999 * 6 * 8);
}

TEST(Plan, InstancesHoldWhatTheirTasksTouch) {
  const Program p = halo(2);
  const machine::Machine m = machine_of(1, 4);
  const auto plan = plan_of("", p, m);
  ASSERT_TRUE(plan);
  std::vector<std::int64_t> sizes;
  for (const Instance& i : plan->instances) sizes.push_back(i.bytes);
  std::sort(sizes.begin(), sizes.end());
  // Blocks hold `out` (step) and, through `back`, both fields: 25 * 16. Ghosts are used by step, which touches both
  // fields of the region: 26 or 27 elements of 16.
  EXPECT_EQ(sizes, (std::vector<std::int64_t> {400, 400, 400, 400, 416, 416, 432, 432}));
}

// A start that would look at the launch behind a fence looks at the fence: neither waits for the other.
TEST(Plan, ATimerBeforeAFenceLooksAtTheFence) {
  Builder b("timer");
  const auto t = b.add_task("t", {variant(ProcessorKind::Cpu)});
  b.index_launch(t, Rect::of_extents({2}), {});
  b.timer_start("w");
  b.fence();
  b.index_launch(t, Rect::of_extents({2}), {});
  b.timer_stop("w");
  const Program p = b.finish();
  const machine::Machine m = machine_of(1, 4);
  diag::Sink sink;
  const auto plan = make_plan(sema::compile(diag::make_source("m", ""), sink), p, m, sink);
  ASSERT_TRUE(plan.has_value());
  std::vector<OpKind> kinds;
  for (const Op& op : plan->ops) {
    if (op.kind != OpKind::Task) kinds.push_back(op.kind);
    if (op.kind == OpKind::TimerStart) {
      EXPECT_EQ(op.b, kNone);
    } else if (op.kind == OpKind::TimerStop) {
      EXPECT_EQ(op.b, 1u);
    }
  }
  EXPECT_EQ(kinds, (std::vector<OpKind> {OpKind::Fence, OpKind::TimerStart, OpKind::TimerStop}));
}

// A stop that looks at the launch of the iteration before has no place in a repeated segment.
TEST(Plan, WritesOutLoopsWhoseTimersLookBack) {
  const auto segments = [](bool launch_first) {
    Builder b("timer");
    const auto t = b.add_task("t", {variant(ProcessorKind::Cpu)});
    b.index_launch(t, Rect::of_extents({2}), {});
    b.begin_loop("l", 20);
    b.fence();
    b.timer_start("w");
    if (launch_first) {
      b.index_launch(t, Rect::of_extents({2}), {});
      b.timer_stop("w");
    } else {
      b.timer_stop("w");
      b.index_launch(t, Rect::of_extents({2}), {});
    }
    b.end_loop();
    const Program p = b.finish();
    const machine::Machine m = machine_of(1, 4);
    diag::Sink sink;
    return make_plan(sema::compile(diag::make_source("m", ""), sink), p, m, sink)->segments.size();
  };
  EXPECT_GT(segments(true), 1u);
  EXPECT_EQ(segments(false), 1u);
}

// Two writes of a value, with or without a read between.
TEST(Plan, AWriterWaitsForReadersOrElseForTheWriter) {
  const auto before_second_write = [](bool read) {
    Builder b("values");
    const auto r = b.add_region("value", PointSet(Rect::of_extents({10})), {{"x", 8}});
    const auto t = b.add_task("t", {variant(ProcessorKind::Cpu)});
    b.single_launch(t, {argument(r, std::nullopt, {0}, Privilege::WriteDiscard)});
    if (read) b.single_launch(t, {argument(r, std::nullopt, {0}, Privilege::Read)});
    b.single_launch(t, {argument(r, std::nullopt, {0}, Privilege::WriteDiscard)});
    const auto plan = plan_of("", b.finish(), machine_of(1, 1));
    MW_CHECK(plan.has_value());
    std::vector<OpIndex> before;
    for (const Edge e : plan->predecessors(static_cast<OpIndex>(plan->ops.size() - 1))) before.push_back(e.op);
    return before;
  };
  EXPECT_EQ(before_second_write(true), std::vector<OpIndex> {1}) << "which has waited for the writer";
  EXPECT_EQ(before_second_write(false), std::vector<OpIndex> {0});
}

TEST(Plan, LimitsPointsInFlightByMappingEdges) {
  const Program p = halo(1);
  const machine::Machine m = machine_of(1, 4);
  const auto plan = plan_of("InstanceLimit step 2;", p, m, {.unroll = true});
  ASSERT_TRUE(plan);
  std::vector<OpIndex> steps;
  for (OpIndex i = 0; i < plan->ops.size(); ++i) {
    if (plan->ops[i].kind == OpKind::Task && plan->records[plan->ops[i].record].launch.value == 0) steps.push_back(i);
  }
  ASSERT_EQ(steps.size(), 4u);
  // Point k waits, for its mapping, for the end of point k - 2 of the same address space.
  for (std::size_t k = 0; k < 4; ++k) {
    std::vector<OpIndex> gates;
    for (const Edge e : plan->predecessors(steps[k])) if (e.mapping) gates.push_back(e.op);
    EXPECT_EQ(gates, k < 2 ? std::vector<OpIndex> {} : std::vector<OpIndex> {steps[k - 2]});
  }
}

// One task per point reads a block of 512 KiB that a CPU wrote.
Program reader(std::int64_t blocks) {
  Builder b("reader");
  const auto r = b.add_region("data", PointSet(Rect::of_extents({blocks << 16})), {{"x", 8}});
  const auto p = b.add_block_partition("blocks", r, std::vector<std::int64_t> {blocks});
  const auto write = b.add_task("write", {variant(ProcessorKind::Cpu)});
  const auto read = b.add_task("read", {variant(ProcessorKind::Gpu)});
  b.index_launch(write, Rect::of_extents({blocks}), {argument(r, p, {0}, Privilege::WriteDiscard)});
  b.index_launch(read, Rect::of_extents({blocks}), {argument(r, p, {0}, Privilege::Read)});
  return b.finish();
}

TEST(Plan, NamesWhatDoesNotFit) {
  const Program p = reader(8);
  const machine::Machine m = machine_of(1, 1, 2);
  // Eight blocks of 512 KiB on one GPU of 2 MiB: the fifth does not fit and valid copies stay.
  const auto plan = plan_of("Region read * GPU FBMEM;", p, m);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind, Verdict::Kind::OutOfMemory);
  const diag::Diagnostic& d = plan.error().diagnostics.front();
  EXPECT_EQ(d.code, diag::kOutOfMemory);
  EXPECT_EQ(d.source->slice(d.span), "Region read * GPU FBMEM;");
  EXPECT_NE(d.message.find("`read`"), std::string::npos);
  EXPECT_NE(d.message.find("node0.FBMEM0"), std::string::npos) << d.message;
}

TEST(Plan, CollectedInstancesGiveTheirSpaceAway) {
  const Program p = reader(8);
  const machine::Machine m = machine_of(1, 1, 2);
  const auto plan = plan_of("Region read * GPU FBMEM; CollectMemory read *;", p, m);
  ASSERT_TRUE(plan) << plan.error().diagnostics.front().message;
  const auto reclaims = std::count_if(plan->ops.begin(), plan->ops.end(), [](const Op& op) { return op.kind == OpKind::Reclaim; });
  EXPECT_EQ(reclaims, 4);  // blocks 4 to 7 take the space of blocks 0 to 3
  for (const MemoryPeak& peak : plan->peaks) {
    if (m[peak.memory].kind == MemoryKind::FbMem) { EXPECT_EQ(peak.bytes, 4 << 19); }
  }
}

TEST(Plan, FallsThroughToTheNextMemory) {
  const Program p = reader(8);
  const machine::Machine m = machine_of(1, 1, 2);
  const auto plan = plan_of("Region read * GPU FBMEM, ZCMEM;", p, m);
  ASSERT_TRUE(plan) << plan.error().diagnostics.front().message;
  std::int64_t second = 0;
  for (const TaskArgument& a : plan->task_arguments) second += a.candidate == 1;
  EXPECT_EQ(second, 4);
}

// --- static verification

struct Found {
  int code;
  std::string at;
};

std::vector<Found> verify(const std::string& mapper, const Program& p, const machine::Machine& m, bool strict = false) {
  diag::Sink sink;
  const sema::Mapper compiled = sema::compile(text(mapper), sink);
  decide(compiled, p, m, sink, strict);
  std::vector<Found> found;
  for (const diag::Diagnostic& d : sink.take_sorted()) found.push_back({d.code, d.source ? std::string(d.source->slice(d.span)) : ""});
  return found;
}

bool operator==(const Found& a, const Found& b) { return a.code == b.code && a.at == b.at; }
std::ostream& operator<<(std::ostream& o, const Found& f) { return o << "MW" << f.code << " at '" << f.at << "'"; }
using Findings = std::vector<Found>;

TEST(Decide, AcceptsTheEmptyMapper) {
  EXPECT_EQ(verify("", halo(2), machine_of(1, 4)), Findings {});
}

TEST(Decide, FindsKindsThatDoNotFit) {
  EXPECT_EQ(verify("Task step OMP;", halo(2), machine_of(1, 4)), (Findings {{diag::kNoFittingKind, "Task step OMP;"}}));
  EXPECT_EQ(verify("Task step OMP; Task * CPU;", halo(2), machine_of(1, 4)), Findings {});
}

TEST(Decide, FindsUnaddressableMemory) {
  EXPECT_EQ(verify("Region step 0 GPU SYSMEM;", halo(2), machine_of(1, 4)), (Findings {{diag::kMemoryNotAddressable, "Region step 0 GPU SYSMEM;"}}));
}

TEST(Decide, FindsVirtualLeaves) {
  EXPECT_EQ(verify("Region step 0 GPU VIRTUAL;", halo(2), machine_of(1, 4)), (Findings {{diag::kLeafNeedsInstance, "Region step 0 GPU VIRTUAL;"}}));
}

TEST(Decide, FindsMapsOfAnotherKind) {
  const std::string f = "g = Machine(OMP); def f(Task t) { return g[0, 0]; } IndexTaskMap step f;";
  const auto found = verify(f, halo(2), machine_of(1, 4));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].code, diag::kMapForWrongKind);
  // After a fall-back the map is ignored with a warning.
  const auto fallback = verify("Task step OMP, GPU; " + f, halo(2), machine_of(1, 4));
  ASSERT_EQ(fallback.size(), 1u);
  EXPECT_EQ(fallback[0].code, diag::kMapNotApplied);
}

TEST(Decide, FindsPointsOutOfRange) {
  const auto found = verify("g = Machine(GPU); def f(Task t) { return g[0, t.ipoint[0]]; } IndexTaskMap step f;", halo(2), machine_of(1, 2));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].code, diag::kCoordinateOutOfRange);
}

TEST(Decide, WarnsAboutIdleProcessorsAndNamesThatDoNotExist) {
  const auto idle = verify("g = Machine(GPU); def f(Task t) { return g[0, 0]; } IndexTaskMap step f;", halo(2), machine_of(1, 4));
  ASSERT_EQ(idle.size(), 1u);
  EXPECT_EQ(idle[0].code, diag::kIdleProcessors);
  EXPECT_EQ(verify("Task stepp GPU;", halo(2), machine_of(1, 4)), (Findings {{diag::kUnknownTask, "stepp"}}));
  EXPECT_EQ(verify("Region step gost GPU FBMEM;", halo(2), machine_of(1, 4)), (Findings {{diag::kUnknownArgument, "gost"}}));
}

TEST(Decide, WarnsAboutImbalance) {
  Builder b("nine");
  const auto r = b.add_region("line", PointSet(Rect::of_extents({90})), {{"in", 8}});
  const auto blocks = b.add_block_partition("blocks", r, std::vector<std::int64_t> {9});
  const auto step = b.add_task("step", {variant(ProcessorKind::Gpu)});
  b.index_launch(step, Rect::of_extents({9}), {argument(r, blocks, {0}, Privilege::ReadWrite)});
  const Program p = b.finish();
  const auto to_first = [](int points) {  // that many points on GPU 0, the rest in turn on GPUs 1 and 2
    return fmt::format("g = Machine(GPU); def f(Task t) {{ x = t.ipoint[0]; return g[0, x < {} ? 0 : 1 + x % 2]; }} IndexTaskMap step f;", points);
  };
  // An even spread of 9 points over 3 GPUs is 3 each; the warning begins at twice that.
  EXPECT_EQ(verify(to_first(5), p, machine_of(1, 3)).size(), 0u);
  const auto found = verify(to_first(6), p, machine_of(1, 3));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].code, diag::kImbalance);
}

TEST(Decide, WarnsAboutStatementsThatDecideNothing) {
  const auto found = verify("Region step * CPU SYSMEM;", halo(2), machine_of(1, 4));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].code, diag::kDecidesNothing);
}

TEST(Decide, StrictMakesUnknownNamesErrors) {
  diag::Sink sink;
  const sema::Mapper mapper = sema::compile(text("Task stepp GPU;"), sink);
  EXPECT_FALSE(decide(mapper, halo(2), machine_of(1, 4), sink, true));
}

TEST(Decide, EqualDecisionsHaveEqualHashes) {
  const Program p = halo(2);
  const machine::Machine m = machine_of(1, 4);
  const auto hash = [&](const std::string& mapper) {
    diag::Sink sink;
    const auto d = decide(sema::compile(text(mapper), sink), p, m, sink);
    MW_CHECK(d.has_value());
    return d->canonical_hash();
  };
  EXPECT_EQ(hash(""), hash("Task * GPU; Region * * GPU FBMEM;  # says what the default does"));
  EXPECT_NE(hash(""), hash("Region * * GPU ZCMEM;"));
  EXPECT_NE(hash(""), hash("Layout * * GPU AOS;"));
  EXPECT_NE(hash(""), hash("InstanceLimit step 3;"));
}

}  // namespace
}  // namespace mapwright::plan
