// Reports of a run summed up as an Execution.
#include "engine/legion/profile.h"

#include <gtest/gtest.h>

namespace mapwright::engine::legion {
namespace {

TaskRun run(std::string_view task, std::uint32_t index, std::int64_t start, std::int64_t end) {
  TaskRun r;
  r.task = task;
  r.processor = {ProcessorKind::Cpu, 0, index};
  r.start = start;
  r.end = end;
  r.busy = end - start;
  return r;
}

TEST(Profile, SumsTasksAndProcessors) {
  Profiler p;
  TaskRun top = run("top", 0, 0, 9'000);
  top.top_level = true;
  top.busy = 500;
  p.task(top);
  p.task(run("work", 0, 1'000, 3'000));
  p.task(run("work", 1, 2'000, 6'000));
  p.mapping("work", 700);
  const Execution e = p.execution();
  EXPECT_EQ(e.outcome, Outcome::Ok);
  EXPECT_DOUBLE_EQ(e.seconds, 5e-6) << "1,000 to 6,000 ns, without the top level";
  EXPECT_DOUBLE_EQ(e.makespan, 9e-6);
  ASSERT_TRUE(e.metric);
  EXPECT_DOUBLE_EQ(e.metric->value, 5e-6);
  ASSERT_EQ(e.profile.tasks.size(), 2U);
  EXPECT_EQ(e.profile.tasks[0].task, "work");
  EXPECT_EQ(e.profile.tasks[0].points, 2);
  EXPECT_DOUBLE_EQ(e.profile.tasks[0].seconds, 6e-6);
  EXPECT_DOUBLE_EQ(e.profile.tasks[0].overhead_seconds, 7e-7);
  ASSERT_EQ(e.processors.size(), 2U);
  EXPECT_EQ(e.processors[0].name, "node0.CPU0");
  EXPECT_DOUBLE_EQ(e.processors[0].busy_seconds, 2.5e-6);
  EXPECT_EQ(e.processors[0].points, 2);
  EXPECT_EQ(e.processors[1].points, 1);
}

TEST(Profile, SeparatesCopiesInsideAMemory) {
  Profiler p;
  CopyRun copy;
  copy.region = "cells";
  copy.to = MemoryKind::RdMem;
  copy.bytes = 100;
  copy.start = 0;
  copy.end = 4'000;
  p.copy(copy);
  copy.same_node = false;
  copy.bytes = 30;
  p.copy(copy);
  copy.same_memory = copy.same_node = copy.reduction = true;
  copy.bytes = 8;
  p.copy(copy);
  copy.reduction = false;
  copy.bytes = 5;
  p.copy(copy);
  const Execution e = p.execution();
  EXPECT_EQ(e.moved.total, 130);
  EXPECT_EQ(e.moved.intra_node, 100);
  EXPECT_EQ(e.moved.inter_node, 30);
  EXPECT_EQ(e.moved.inside, 5);  // folds are counted apart
  EXPECT_EQ(e.moved.folded, 8);
  ASSERT_EQ(e.moved.by_region.size(), 1U);
  EXPECT_EQ(e.moved.by_region[0].bytes, 130);
  ASSERT_EQ(e.moved.by_channel.size(), 2U);
  EXPECT_EQ(e.moved.by_channel[0].name, "SYSMEM to RDMEM inside nodes");
  EXPECT_EQ(e.moved.by_channel[0].bytes, 100);
  EXPECT_DOUBLE_EQ(e.profile.channels[0].busy_seconds, 4e-6);
}

TEST(Profile, KeepsThePeakOfAMemory) {
  Profiler p;
  p.instance("node0.SYSMEM", 1000, 300);
  p.instance("node0.SYSMEM", 1000, 400);
  p.instance("node0.SYSMEM", 1000, -300);
  p.instance("node0.SYSMEM", 1000, 200);
  const Execution e = p.execution();
  ASSERT_EQ(e.memory_peak.size(), 1U);
  EXPECT_EQ(e.memory_peak[0].bytes, 700);
  EXPECT_EQ(e.memory_peak[0].capacity, 1000);
}

TEST(Profile, IsReadBackLikeThatOfAnyEngine) {
  Profiler p;
  p.task(run("work", 1, 1'000, 3'000));
  const auto back = execution_from_json(to_json(p.execution()), nullptr);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->engine, "legion");
  EXPECT_EQ(back->profile.tasks.at(0).task, "work");
}

}  // namespace
}  // namespace mapwright::engine::legion
