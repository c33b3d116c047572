// What a mapper file decides for tasks as they appear.
#include "engine/legion/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mapwright::engine::legion {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Two address spaces of 2 CPUs and 1 OMP each.
Policy policy_of(const std::string& text) {
  diag::Sink sink;
  sema::Mapper mapper = sema::compile(diag::make_source("m.mapper", text), sink);
  EXPECT_FALSE(sink.has_errors()) << diag::render_text(sink.all().front());
  sema::MachineShape shape;
  shape.machine_name = "this Legion run";
  shape.address_spaces = 2;
  shape.processors[static_cast<std::size_t>(ProcessorKind::Cpu)] = 2;
  shape.processors[static_cast<std::size_t>(ProcessorKind::Omp)] = 1;
  return {std::move(mapper), std::move(shape)};
}

Kinds kinds(std::initializer_list<ProcessorKind> all) {
  Kinds out;
  for (const ProcessorKind k : all) out.add(k);
  return out;
}

const Kinds kCpu = kinds({ProcessorKind::Cpu});
const Kinds kBoth = kinds({ProcessorKind::Cpu, ProcessorKind::Omp});

struct Top {
  Top() {
    context.processor = sema::MachinePoint {ProcessorKind::Cpu, 0, 0};
  }
  sema::TaskContext context;
};

Launch launch_of(const Top& top, std::initializer_list<std::int64_t> extents) {
  Launch l;
  l.domain = Rect::of_extents(extents);
  l.parent = &top.context;
  return l;
}

// "node.processor" of every point.
std::vector<std::string> text(const tl::expected<std::shared_ptr<const Placed>, Diagnostic>& placed) {
  std::vector<std::string> out;
  if (!placed) return {placed.error().message};
  for (const sema::MachinePoint& p : (*placed)->points) out.push_back(fmt::format("{}.{}", p.space, p.index));
  return out;
}

TEST(Policy, ChoosesTheKindThatFits) {
  Policy p = policy_of("Task a GPU,CPU;\nTask b GPU;\nTask * CPU;\n");
  EXPECT_EQ(p.rules("a", kBoth)->kind, ProcessorKind::Cpu);
  EXPECT_EQ(p.line(p.rules("a", kBoth)->kind_origin), 1U);
  EXPECT_EQ(p.line(p.rules("b", kBoth)->kind_origin), 3U);
  EXPECT_EQ(policy_of("").rules("b", kBoth)->kind, ProcessorKind::Omp);  // GPU, OMP, CPU without a statement
}

TEST(Policy, TellsWhatATaskCanRunOn) {
  Policy p = policy_of("Task a GPU;\n");
  const auto rules = p.rules("a", kinds({ProcessorKind::Cpu, ProcessorKind::Gpu}));
  ASSERT_FALSE(rules);
  EXPECT_EQ(rules.error().code, diag::kNoFittingKind);
  EXPECT_THAT(rules.error().message, HasSubstr("`a` can run on none of the kinds"));
  EXPECT_THAT(rules.error().help, HasSubstr("CPU (available on this machine), GPU (none on this machine)"));
  EXPECT_EQ(p.line(rules.error().span), 1U);
}

TEST(Policy, PlacesByDefaultInBlocks) {
  Policy p = policy_of("");
  const TaskRules rules = *p.rules("a", kCpu);
  const Top top;
  // 8 points on 4 CPUs of 2 nodes.
  EXPECT_THAT(text(p.place(rules, launch_of(top, {8}))), ElementsAre("0.0", "0.0", "0.1", "0.1", "1.0", "1.0", "1.1", "1.1"));
  // Replicated: point i on node i mod 2, its 4 points in runs on 2 CPUs.
  Launch replicated = launch_of(top, {8});
  replicated.replicated = true;
  EXPECT_THAT(text(p.place(rules, replicated)), ElementsAre("0.0", "1.0", "0.0", "1.0", "0.1", "1.1", "0.1", "1.1"));
  // Launched by a task on node 1: stays there.
  Top nested;
  nested.context.processor->space = 1;
  Launch inner = launch_of(nested, {4});
  inner.top_level = false;
  EXPECT_THAT(text(p.place(rules, inner)), ElementsAre("1.0", "1.0", "1.1", "1.1"));
  inner.index = false;
  inner.domain = Rect();
  EXPECT_THAT(text(p.place(rules, inner)), ElementsAre("1.0"));
}

constexpr const char* kCyclic =
    "m = Machine(CPU);\n"
    "def cyclic(Task t) { p = t.ipoint[0]; return m[p % m.size[0], p / m.size[0] % m.size[1]]; }\n"
    "IndexTaskMap a cyclic;\n";

TEST(Policy, PlacesByTheMap) {
  Policy p = policy_of(kCyclic);
  const TaskRules rules = *p.rules("a", kCpu);
  const Top top;
  const std::vector<std::string> expected {"0.0", "1.0", "0.1", "1.1", "0.0", "1.0"};
  EXPECT_EQ(text(p.place(rules, launch_of(top, {6}))), expected);
  Launch shifted = launch_of(top, {6});
  shifted.domain = Rect({10}, {15});
  EXPECT_EQ(text(p.place(rules, shifted)), expected) << "points count from the origin of the domain";
  EXPECT_EQ(p.line((*p.place(rules, shifted))->origin), 3U);
  EXPECT_EQ(*p.space_of(rules, shifted, Point {11}), 1U);
}

TEST(Policy, PlacesOnlyThePointsThereAre) {
  // 2 - 2 / p fails at p = 0, which the launch does not have.
  Policy p = policy_of("m = Machine(CPU);\ndef f(Task t) { return m[0, (2 / t.ipoint[0]) % 2]; }\nIndexTaskMap a f;\n");
  const TaskRules rules = *p.rules("a", kCpu);
  const Top top;
  Launch sparse = launch_of(top, {4});
  sparse.only = {Point {1}, Point {3}};
  const auto placed = p.place(rules, sparse);
  ASSERT_TRUE(placed) << placed.error().message;
  EXPECT_EQ((*placed)->points[1].index, 0U);
  EXPECT_EQ((*placed)->points[3].index, 0U);
  const auto dense = p.place(rules, launch_of(top, {4}));
  ASSERT_FALSE(dense);
  EXPECT_EQ(dense.error().code, diag::kDivisionByZero);
}

TEST(Policy, RefusesPointsOfAnotherKind) {
  Policy p = policy_of(std::string("Task a OMP;\n") + kCyclic);
  const Top top;
  const auto placed = p.place(*p.rules("a", kBoth), launch_of(top, {4}));
  ASSERT_FALSE(placed);
  EXPECT_EQ(placed.error().code, diag::kMapForWrongKind);
  EXPECT_EQ(p.line(placed.error().span), 4U);
}

TEST(Policy, DropsTheMapOfAnotherKindAfterAFallBack) {
  Policy p = policy_of(std::string("Task a GPU,OMP;\n") + kCyclic);
  const TaskRules rules = *p.rules("a", kBoth);
  EXPECT_EQ(rules.kind, ProcessorKind::Omp);
  EXPECT_FALSE(rules.index_map);
  ASSERT_EQ(rules.warnings.size(), 1U);
  EXPECT_EQ(rules.warnings[0].code, diag::kMapNotApplied);
}

TEST(Policy, RemembersPlacementsPerParentWhereTheMapReadsIt) {
  Policy p = policy_of(
      "m = Machine(CPU);\ndef same(Task t) { return m[*t.parent.processor(m)]; }\nIndexTaskMap a same;\n");
  const TaskRules rules = *p.rules("a", kCpu);
  Top first, second;
  second.context.processor = sema::MachinePoint {ProcessorKind::Cpu, 1, 1};
  EXPECT_THAT(text(p.place(rules, launch_of(first, {2}))), ElementsAre("0.0", "0.0"));
  EXPECT_THAT(text(p.place(rules, launch_of(second, {2}))), ElementsAre("1.1", "1.1"));
}

sema::ArgumentNames names(int position, std::string_view partition, std::string_view region) { return {position, {}, partition, region}; }
bool host_memory(MemoryKind m) { return m == MemoryKind::SysMem || m == MemoryKind::RdMem; }

TEST(Policy, ListsMemoriesAndLayouts) {
  Policy p = policy_of("Region a ghosts CPU RDMEM,SYSMEM;\nLayout a ghosts RDMEM AOS C_order Align==64;\nCollectMemory a ghosts;\n");
  const auto ghosts = p.argument("a", names(0, "ghosts", "cells"), ProcessorKind::Cpu, host_memory, std::nullopt, {}, 2);
  ASSERT_TRUE(ghosts);
  ASSERT_EQ(ghosts->memories.size(), 2U);
  EXPECT_EQ(ghosts->memories[0].kind, MemoryKind::RdMem);
  EXPECT_EQ(ghosts->layouts[0].layout.fields, FieldOrder::Aos);
  EXPECT_EQ(ghosts->layouts[0].layout.dims, DimOrder::C);
  EXPECT_EQ(ghosts->layouts[0].layout.alignment, 64);
  EXPECT_EQ(ghosts->layouts[1].layout.fields, FieldOrder::Soa);
  EXPECT_TRUE(ghosts->decided);
  EXPECT_EQ(p.line(ghosts->collect), 3U);

  const auto blocks = p.argument("a", names(1, "blocks", "cells"), ProcessorKind::Cpu, host_memory, std::nullopt, {}, 2);
  EXPECT_FALSE(blocks->decided);
  EXPECT_EQ(blocks->memories.front().kind, MemoryKind::SysMem);
  const auto present = p.argument("a", names(1, "blocks", "cells"), ProcessorKind::Cpu, host_memory, MemoryKind::RdMem, {}, 2);
  EXPECT_EQ(present->memories.front().kind, MemoryKind::RdMem) << "beside a mapper, what it chose stays";
}

TEST(Policy, TellsWhyAnArgumentHasNoPlace) {
  Policy p = policy_of("Region a * CPU FBMEM;\nLayout b * * AOS;\n");
  const auto unreachable = p.argument("a", names(0, "", "cells"), ProcessorKind::Cpu, host_memory, std::nullopt, {}, 2);
  ASSERT_FALSE(unreachable);
  EXPECT_EQ(unreachable.error().code, diag::kMemoryNotAddressable);
  EXPECT_THAT(unreachable.error().message, HasSubstr("argument 0 (`cells`) of `a`"));
  EXPECT_THAT(unreachable.error().help, HasSubstr("SYSMEM, RDMEM"));

  program::LayoutDemand soa;
  soa.argument = 0;
  soa.fields = FieldOrder::Soa;
  const auto refused = p.argument("b", names(0, "", "cells"), ProcessorKind::Cpu, host_memory, std::nullopt, {&soa, 1}, 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, diag::kLayoutRefused);
  EXPECT_TRUE(p.argument("b", names(1, "", "cells"), ProcessorKind::Cpu, host_memory, std::nullopt, {&soa, 1}, 2)) << "demanded of another argument";
}

TEST(Policy, HandsOutPrintedLinesOnce) {
  Policy p = policy_of("m = Machine(CPU);\ndef f(Task t) { print(\"here {}\", t.ispace); return m[0, 0]; }\nIndexTaskMap a f;\n");
  const Top top;
  ASSERT_TRUE(p.place(*p.rules("a", kCpu), launch_of(top, {3})));
  EXPECT_THAT(p.take_printed(), ElementsAre("here (3)"));
  EXPECT_TRUE(p.take_printed().empty());
}

}  // namespace
}  // namespace mapwright::engine::legion
