// The common part of engines, and the simulator as an engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/sim/sim.h"
#include "support/tiny_machine.h"

namespace mapwright::engine {
namespace {

using test::tiny_machine;

Execution ok(double value, bool higher_is_better) {
  Execution e;
  e.seconds = 1;
  e.metric = MetricValue {"m", "u", value, higher_is_better};
  return e;
}

TEST(Outcome, NamesGoBothWays) {
  for (const Outcome o : {Outcome::Ok, Outcome::CompileError, Outcome::InvalidMapping, Outcome::OutOfMemory,
                          Outcome::ExecutionError, Outcome::WrongResult, Outcome::Crashed, Outcome::Timeout,
                          Outcome::Unsupported}) {
    EXPECT_EQ(outcome(to_string(o)), o);
  }
  EXPECT_EQ(to_string(Outcome::OutOfMemory), "out_of_memory");
  EXPECT_FALSE(outcome("fine"));
}

TEST(Relative, IsAThroughputRatioInBothDirections) {
  EXPECT_DOUBLE_EQ(*relative(ok(20, true), ok(10, true)), 2.0);    // twice the GFLOP/s
  EXPECT_DOUBLE_EQ(*relative(ok(20, false), ok(10, false)), 0.5);  // twice the seconds
  Execution failed;
  failed.outcome = Outcome::InvalidMapping;
  EXPECT_DOUBLE_EQ(*relative(failed, ok(1, true)), 0.0);
  EXPECT_FALSE(relative(ok(1, true), failed));
  EXPECT_DOUBLE_EQ(*relative(ok(0, false), ok(0, false)), 1.0);
}

TEST(Metric, FormulaReadsTheWindow) {
  program::Program p;
  p.metric.name = "rate";
  p.metric.formula = program::Expr(10) / program::Expr::seconds();
  p.metric.higher_is_better = true;
  const MetricValue m = metric_value(p, 4);
  EXPECT_DOUBLE_EQ(m.value, 2.5);
  EXPECT_EQ(m.name, "rate");
  EXPECT_TRUE(m.higher_is_better);
}

// One launch of four points, each on its block of `r` (8 bytes a point).
program::Program blocks(std::int64_t points) {
  program::Builder b("blocks");
  const auto r = b.add_region("r", PointSet(Rect::of_extents({points})), {{"f", 8}});
  const auto q = b.add_block_partition("q", r, std::vector<std::int64_t> {4});
  program::Variant cpu, gpu;
  cpu.flops = gpu.flops = 1e9;
  gpu.kind = ProcessorKind::Gpu;
  const auto t = b.add_task("work", {cpu, gpu});
  program::Argument a;
  a.name = "block";
  a.region = r;
  a.partition = q;
  a.projection.colors = {program::Expr::point(0)};
  a.fields = {0};
  a.privilege = program::Privilege::WriteDiscard;
  b.index_launch(t, Rect::of_extents({4}), {a});
  return b.finish();
}

Execution run(const program::Program& p, const machine::Machine& m, const std::string& mapper,
              std::optional<Seconds> deadline = {}) {
  EvaluationRequest request;
  request.mapper = diag::make_source("test.mapper", mapper);
  request.program = &p;
  request.machine = &m;
  request.deadline = deadline;
  auto e = sim::make_engine()->run(request);
  MW_CHECK(e.has_value());
  return *std::move(e);
}

TEST(SimEngine, FillsAnExecution) {
  const program::Program p = blocks(4000);
  const machine::Machine m = tiny_machine("[processors.GPU]\ncount = 2\n");
  const Execution e = run(p, m, "Task * GPU;\n");
  EXPECT_EQ(e.engine, "sim");
  EXPECT_EQ(e.outcome, Outcome::Ok);
  EXPECT_EQ(e.simulations, 1);
  EXPECT_GT(e.seconds, 0);
  EXPECT_EQ(e.makespan, e.seconds);
  ASSERT_TRUE(e.metric);
  EXPECT_EQ(e.metric->value, e.seconds);
  ASSERT_EQ(e.memory_peak.size(), 2u);
  EXPECT_EQ(e.memory_peak[0].memory, "node0.FBMEM0");
  EXPECT_EQ(e.memory_peak[0].bytes, 16000);  // two blocks of 1000 points
  std::int64_t points = 0;
  for (const ProcessorUse& u : e.processors) {
    EXPECT_EQ(u.points, u.kind == ProcessorKind::Gpu ? 2 : 0) << u.name;
    points += u.points;
  }
  EXPECT_EQ(points, 4);
  ASSERT_EQ(e.profile.tasks.size(), 1u);
  EXPECT_EQ(e.profile.tasks[0].task, "work");
  EXPECT_EQ(e.profile.tasks[0].points, 4);
  ASSERT_FALSE(e.profile.critical.empty());
}

TEST(SimEngine, ATextThatDoesNotCompile) {
  const program::Program p = blocks(4000);
  const Execution e = run(p, tiny_machine(), "Task * GPUS;\n");
  EXPECT_EQ(e.outcome, Outcome::CompileError);
  ASSERT_FALSE(e.diagnostics.empty());
  EXPECT_EQ(e.diagnostics[0].code, diag::kUnknownProcessorKind);
  EXPECT_EQ(e.seconds, 0);
  EXPECT_FALSE(e.metric);
}

TEST(SimEngine, AMappingOutsideTheMachine) {
  const program::Program p = blocks(4000);
  const Execution e = run(p, tiny_machine("[processors.GPU]\ncount = 2\n"),
                          "m = Machine(GPU);\nTask * GPU;\ndef f(Task t) { return m[0, t.ipoint[0]]; }\nIndexTaskMap work f;\n");
  EXPECT_EQ(e.outcome, Outcome::InvalidMapping);
  ASSERT_FALSE(e.diagnostics.empty());
  EXPECT_EQ(e.diagnostics[0].code, diag::kCoordinateOutOfRange);
}

TEST(SimEngine, DataThatDoNotFit) {
  const program::Program p = blocks(4'000'000);  // 8 MB a block
  const Execution e = run(p, tiny_machine("[processors.GPU]\ncount = 1\n[memories.FBMEM]\ncapacity_mib = 20\n"),
                          "Task * GPU;\nRegion * * GPU FBMEM;\n");
  EXPECT_EQ(e.outcome, Outcome::OutOfMemory);
  ASSERT_FALSE(e.diagnostics.empty());
  EXPECT_EQ(e.diagnostics[0].severity, diag::Severity::Error);
}

TEST(SimEngine, WithoutAMapperTheDefaultPolicyDecides) {
  const program::Program p = blocks(4000);
  const machine::Machine m = tiny_machine();
  EvaluationRequest request;
  request.program = &p;
  request.machine = &m;
  const auto e = sim::make_engine()->run(request);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->seconds, run(p, m, "").seconds);
}

}  // namespace
}  // namespace mapwright::engine
