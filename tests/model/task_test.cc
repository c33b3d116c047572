// docs/models/task.md and docs/models/memory.md in numbers.
#include <cmath>

#include "engine/sim/sim.h"
#include "support/tiny_machine.h"

namespace mapwright::test {
namespace {

using program::AccessPattern;
using program::Argument;
using program::Expr;
using program::Privilege;
using engine::sim::TaskCost;
constexpr double kUs = 1e-6, kExact = 1e-15;

// One GPU task on one argument of a region with fields a (8 bytes) and b (4 bytes).
struct OneTask {
  machine::Machine machine = tiny_machine(
      "[processors.GPU]\nfp64_gflop_s = 1000\nfp32_gflop_s = 2000\nefficiency = 0.5\nlaunch_us = 10\n"
      "[access.GPU.FBMEM]\nstream_gb_s = 100\ngather_m_s = 1000\natomic_m_s = 100\natomic_same_m_s = 10\nlatency_us = 0.5\n"
      "[access.GPU.ZCMEM]\nstream_gb_s = 10\ngather_m_s = 100\natomic_m_s = 50\natomic_same_m_s = 1\nlatency_us = 1\n");
  program::Variant variant;
  PointSet points = PointSet(Rect::of_extents({1000}));
  Privilege privilege = Privilege::Read;
  std::vector<program::FieldIndex> fields {0};
  std::vector<AccessPattern> patterns;
  MemoryKind memory = MemoryKind::FbMem;
  FieldOrder field_order = FieldOrder::Soa;
  DimOrder dim_order = DimOrder::F;
  int copies = 1;  // equal arguments

  TaskCost cost() const {
    program::Builder b("one");
    const auto region = b.add_region("r", points, {{"a", 8}, {"b", 4}});
    program::Variant v = variant;
    v.kind = ProcessorKind::Gpu;
    const auto task = b.add_task("t", {v});
    Argument a;
    a.region = region;
    a.privilege = privilege;
    a.fields = fields;
    a.patterns = patterns;
    std::vector<Argument> arguments;
    for (int i = 0; i < copies; ++i) {
      a.name = std::string("a") + std::to_string(i);
      arguments.push_back(a);
    }
    b.index_launch(task, Rect::of_extents({1}), arguments);
    const program::Program p = b.finish();

    plan::Plan plan;
    auto d = std::make_shared<plan::Decisions>();
    d->launches.resize(1);
    d->launches[0].kind = ProcessorKind::Gpu;
    d->launches[0].variant = &p.tasks[0].variants[0];
    plan.decisions = d;
    const machine::ProcessorId gpu = *machine.find(ProcessorKind::Gpu, machine::SpaceId(0), 0);
    plan.ops.push_back({plan::OpKind::Task, false, 0, 0, gpu.value, 0});
    plan.edge_offsets = {0, 0};
    plan.segments.push_back({0, 1, 1, -1});
    plan.records.emplace_back();
    plan.point_sets.push_back(points);
    plan.field_groups.push_back({region, {0}, 8});
    plan.field_groups.push_back({region, {1}, 4});
    plan::Instance i;
    i.region = region;
    i.memory = machine.addressable(gpu, memory).front();
    i.layout.fields = field_order;
    i.layout.dims = dim_order;
    plan.group_lists = {{0, 1}};
    plan.instances.push_back(i);
    plan.task_arguments.resize(static_cast<std::size_t>(copies));
    return engine::sim::task_cost(plan, 0, 0, p, machine);
  }
};

AccessPattern pattern(AccessPattern::Kind kind, double count, double distinct = 1) {
  AccessPattern p;
  p.kind = kind;
  p.count = Expr(count);
  p.distinct = Expr(distinct);
  return p;
}

TEST(TaskTime, ComputeIsFlopsOverAchievedPeak) {
  OneTask t;
  t.variant.flops = 1e6;
  // 1e6 / (1000 GFLOP/s x 0.5): 2 us; reading 8 kB takes 0.08 us + 0.5 us.
  EXPECT_NEAR(t.cost().compute, 2 * kUs, kExact);
  EXPECT_NEAR(t.cost().seconds, 2 * kUs, kExact);
  t.variant.precision = program::Precision::Single;
  t.variant.efficiency = 0.25;
  // 1e6 / (2000 x 0.5 x 0.25 GFLOP/s): 4 us
  EXPECT_NEAR(t.cost().compute, 4 * kUs, kExact);
}

TEST(TaskTime, StreamsAreBytesOverBandwidthPlusOneLatency) {
  OneTask t;
  // 1000 x 8 B / 100 GB/s = 0.08 us, + 0.5 us
  EXPECT_EQ(t.cost().bytes[0], 8000);
  EXPECT_NEAR(t.cost().arguments[0], 0.08 * kUs, kExact);
  EXPECT_NEAR(t.cost().seconds, 0.58 * kUs, kExact);
  t.privilege = Privilege::ReadWrite;  // there and back
  EXPECT_EQ(t.cost().bytes[0], 16000);
  t.privilege = Privilege::WriteDiscard;
  EXPECT_EQ(t.cost().bytes[0], 8000);
  t.privilege = Privilege::None;
  t.fields.clear();
  EXPECT_EQ(t.cost().seconds, 0);
}

TEST(TaskTime, WholeSectorsTravel) {
  OneTask t;
  t.points = PointSet(Rect::of_extents({5}));
  t.fields = {0, 1};
  // a: 40 B in 2 sectors; b: 20 B in 1 sector
  EXPECT_EQ(t.cost().bytes[0], 96);
}

TEST(TaskTime, ArraysOfStructuresBringTheWholeElement) {
  OneTask t;
  t.field_order = FieldOrder::Aos;
  // Elements of 12 B; every sector of 32 B holds part of a field a, so everything travels: 12000 B.
  EXPECT_EQ(t.cost().bytes[0], 12000);
}

TEST(TaskTime, ArgumentsInOneMemoryAddUp) {
  OneTask t;
  t.copies = 2;
  // 2 x 0.08 us + one latency of 0.5 us
  EXPECT_NEAR(t.cost().seconds, 0.66 * kUs, kExact);
}

TEST(TaskTime, StencilsReadAgainAndWriteOnce) {
  OneTask t;
  t.privilege = Privilege::ReadWrite;
  AccessPattern p;
  p.kind = AccessPattern::Kind::Stencil;
  p.reuse = 1.5;
  p.passes = 2;
  t.patterns = {p};
  // 8000 B x (1.5 + 1) x 2
  EXPECT_EQ(t.cost().bytes[0], 40000);
}

TEST(TaskTime, TheWrongOrderOfDimensionsTakesASectorPerElement) {
  OneTask t;
  t.points = PointSet(Rect::of_extents({10, 100}));
  t.variant.preferred = DimOrder::F;
  EXPECT_EQ(t.cost().bytes[0], 8000);
  t.dim_order = DimOrder::C;
  // 1000 sectors of 32 B at 1000 M/s: 1 us (more than 32 kB / 100 GB/s = 0.32 us)
  EXPECT_EQ(t.cost().bytes[0], 32000);
  EXPECT_NEAR(t.cost().arguments[0], 1 * kUs, kExact);
  t.points = PointSet(Rect::of_extents({1, 1000}));  // one wide dimension has no order
  EXPECT_EQ(t.cost().bytes[0], 8000);
}

TEST(TaskTime, GathersCostASectorEach) {
  OneTask t;
  t.patterns = {pattern(AccessPattern::Kind::Gather, 500)};
  // 500 x 32 B at 1000 M/s: 0.5 us
  EXPECT_EQ(t.cost().bytes[0], 16000);
  EXPECT_NEAR(t.cost().arguments[0], 0.5 * kUs, kExact);
  t.memory = MemoryKind::ZcMem;  // at 100 M/s: 5 us
  EXPECT_NEAR(t.cost().arguments[0], 5 * kUs, kExact);
  t.fields = {0, 1};             // two arrays: two sectors each
  EXPECT_EQ(t.cost().bytes[0], 32000);
  t.field_order = FieldOrder::Aos;
  // Elements of 12 B begin at 0, 4, .. 28 in a sector, each equally often; 20 lies whole in it, 24 and 28 do not:
  // (6 x 1 + 2 x 2) / 8 = 1.25 sectors.
  EXPECT_EQ(t.cost().bytes[0], 500 * 40);
}

TEST(TaskTime, AtomicsAreBoundByTheirRateOrByOneAddress) {
  OneTask t;
  t.privilege = Privilege::Reduce;
  t.patterns = {pattern(AccessPattern::Kind::Atomic, 500, 500)};
  // 500 / 100 M/s = 5 us; 1 per address / 10 M/s = 0.1 us
  EXPECT_NEAR(t.cost().arguments[0], 5 * kUs, kExact);
  EXPECT_EQ(t.cost().bytes[0], 16000);
  t.patterns = {pattern(AccessPattern::Kind::Atomic, 500, 5)};
  // 100 per address / 10 M/s = 10 us
  EXPECT_NEAR(t.cost().arguments[0], 10 * kUs, kExact);
}

TEST(TaskTime, TheMostSpecificMeasurementOverridesTheModel) {
  OneTask t;
  t.variant.flops = 1e9;
  t.variant.measured.push_back({{}, {}, {}, Expr(3e-3)});
  t.variant.measured.push_back({{MemoryKind::ZcMem}, {}, {}, Expr(7e-3)});
  EXPECT_NEAR(t.cost().seconds, 3e-3, kExact);
  t.memory = MemoryKind::ZcMem;
  EXPECT_NEAR(t.cost().seconds, 7e-3, kExact);
}

TEST(TaskTime, MeasuredCorrectionsAreAddedForTheArgumentsThatHaveTheLayout) {
  OneTask t;
  t.variant.measured.push_back({{}, {}, {}, Expr(3e-3)});
  t.variant.measured.push_back({{}, FieldOrder::Aos, {}, Expr(2e-3), 1});
  t.variant.measured.push_back({{}, {}, DimOrder::C, Expr(-5e-3), 0});
  t.copies = 2;  // both arguments use one instance
  EXPECT_NEAR(t.cost().seconds, 3e-3, kExact);
  t.field_order = FieldOrder::Aos;
  EXPECT_NEAR(t.cost().seconds, 3e-3 + 2e-3, kExact);
  t.dim_order = DimOrder::C;  // 3 + 2 - 5 ms
  EXPECT_NEAR(t.cost().seconds, 0, kExact);
  t.field_order = FieldOrder::Soa;  // 3 - 5 ms is less than nothing
  EXPECT_EQ(t.cost().seconds, 0);
}

}  // namespace
}  // namespace mapwright::test
