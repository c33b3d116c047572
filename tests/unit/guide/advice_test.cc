#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guide/guide.h"

namespace mapwright::guide {
namespace {

using engine::CriticalShare;
using engine::Execution;
using testing::HasSubstr;

// One node with two GPUs and a program of one task with one argument.
class AdviceTest : public testing::Test {
 protected:
  AdviceTest() {
    machine::Overrides overrides;
    overrides.gpus = 2;
    diag::Sink sink;
    machine_ = machine::load_machine("generic", overrides, sink);
    program::Builder builder("p");
    const auto region = builder.add_region("nodes", PointSet(Rect::of_extents({64})), {{"v", 8}});
    program::Variant cpu, gpu;
    cpu.kind = ProcessorKind::Cpu;
    gpu.kind = ProcessorKind::Gpu;
    const auto task = builder.add_task("calc", {cpu, gpu});
    program::Argument argument;
    argument.name = "ghost";
    argument.region = region;
    argument.fields = {0};
    builder.index_launch(task, Rect::of_extents({8}), {argument});
    program_ = builder.finish();
  }

  Execution execution(ProcessorKind kind, MemoryKind memory, CriticalShare::What what) const {
    Execution e;
    e.outcome = engine::Outcome::Ok;
    e.seconds = e.makespan = 0.01;
    e.profile.critical = {{what, "calc", what == CriticalShare::What::Memory ? "ghost" : "", 0.01, std::nullopt}};
    engine::TaskProfile task;
    task.task = "calc";
    task.kind = kind;
    task.points = 8;
    task.seconds = 0.02;
    task.arguments = {{"ghost", memory, 0.02, 4096}};
    e.profile.tasks = {task};
    const std::string name(to_string(kind));
    e.processors = {{"node0." + name + "0", kind, 0.01, 4}, {"node0." + name + "1", kind, 0.01, 4}};
    return e;
  }

  double stream(MemoryKind memory) const {
    const auto gpu = *machine_->find(ProcessorKind::Gpu, machine::SpaceId {}, 0);
    return machine_->access(gpu, machine_->addressable(gpu, memory).front())->stream.value;
  }

  std::optional<machine::Machine> machine_;
  program::Program program_;
};

TEST_F(AdviceTest, SlowMemoryGetsTheStatementThatMovesIt) {
  const auto advice = advise(execution(ProcessorKind::Gpu, MemoryKind::ZcMem, CriticalShare::What::Memory), {&program_, &*machine_, nullptr});
  ASSERT_FALSE(advice.empty());
  EXPECT_EQ(advice[0].statement, "Region calc ghost GPU FBMEM;");
  EXPECT_DOUBLE_EQ(advice[0].seconds, 0.01);
  // The traffic shrinks by the ratio of the two stream bandwidths.
  EXPECT_NEAR(advice[0].saving, 0.01 * (1 - stream(MemoryKind::ZcMem) / stream(MemoryKind::FbMem)), 1e-12);
}

TEST_F(AdviceTest, ArithmeticBoundsWhatAFasterMemorySaves) {
  Execution e = execution(ProcessorKind::Gpu, MemoryKind::ZcMem, CriticalShare::What::Memory);
  e.profile.tasks[0].compute_seconds = 0.015;
  // The task takes max(0.015, 0.02) now and max(0.015, less) then: a quarter of its 0.01 s on the critical path goes.
  EXPECT_NEAR(advise(e, {&program_, &*machine_, nullptr})[0].saving, 0.0025, 1e-12);
}

TEST_F(AdviceTest, FastestMemoryGetsNoAdvice) {
  for (const Advice& a : advise(execution(ProcessorKind::Gpu, MemoryKind::FbMem, CriticalShare::What::Memory), {&program_, &*machine_, nullptr})) {
    EXPECT_THAT(a.statement, testing::Not(HasSubstr("Region")));
  }
}

TEST_F(AdviceTest, FullMemoryIsNotRecommended) {
  Execution e = execution(ProcessorKind::Gpu, MemoryKind::ZcMem, CriticalShare::What::Memory);
  e.memory_peak = {{"node0.FBMEM0", 99, 100}};
  for (const Advice& a : advise(e, {&program_, &*machine_, nullptr})) EXPECT_THAT(a.statement, testing::Not(HasSubstr("FBMEM")));
}

TEST_F(AdviceTest, ArithmeticOnASlowKindGetsTheFasterKind) {
  const auto advice = advise(execution(ProcessorKind::Cpu, MemoryKind::SysMem, CriticalShare::What::Compute), {&program_, &*machine_, nullptr});
  ASSERT_FALSE(advice.empty());
  EXPECT_EQ(advice[0].statement, "Task calc GPU;");
}

TEST_F(AdviceTest, IdleProcessorsAreNamed) {
  Execution e = execution(ProcessorKind::Gpu, MemoryKind::FbMem, CriticalShare::What::Compute);
  e.processors = {{"node0.GPU0", ProcessorKind::Gpu, 0.01, 8}};
  const auto advice = advise(e, {&program_, &*machine_, nullptr});
  ASSERT_FALSE(advice.empty());
  EXPECT_THAT(advice[0].text, HasSubstr("1 of 2 GPU processors run no point"));
  EXPECT_THAT(advice[0].text, HasSubstr("`calc` over all GPU processors with an IndexTaskMap"));
  // An even spread would take 0.005 s on each of two: excess 0.005 s.
  EXPECT_DOUBLE_EQ(advice[0].seconds, 0.005);
}

TEST_F(AdviceTest, SingleTasksAreSpreadByTheirOwnStatement) {
  program::Builder builder("single");
  program::Variant gpu;
  gpu.kind = ProcessorKind::Gpu;
  builder.single_launch(builder.add_task("calc", {gpu}), {});
  const program::Program single = builder.finish();
  Execution e = execution(ProcessorKind::Gpu, MemoryKind::FbMem, CriticalShare::What::Compute);
  e.processors = {{"node0.GPU0", ProcessorKind::Gpu, 0.01, 8}};
  EXPECT_THAT(advise(e, {&single, &*machine_, nullptr})[0].text, HasSubstr("with a SingleTaskMap"));
}

TEST_F(AdviceTest, CopiesNameChannelAndRegion) {
  Execution e = execution(ProcessorKind::Gpu, MemoryKind::FbMem, CriticalShare::What::Copy);
  e.profile.critical[0].detail = "node0.pcie0.up";
  e.moved.by_region = {{"nodes", 512}};
  const auto advice = advise(e, {&program_, &*machine_, nullptr});
  ASSERT_FALSE(advice.empty());
  EXPECT_THAT(advice[0].text, HasSubstr("node0.pcie0.up"));
  EXPECT_THAT(advice[0].text, HasSubstr("`nodes`"));
}

TEST_F(AdviceTest, NothingForFailures) {
  Execution e = execution(ProcessorKind::Gpu, MemoryKind::ZcMem, CriticalShare::What::Memory);
  e.outcome = engine::Outcome::OutOfMemory;
  EXPECT_TRUE(advise(e, {&program_, &*machine_, nullptr}).empty());
}

}  // namespace
}  // namespace mapwright::guide
