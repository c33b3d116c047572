// The engine `host`: requests in, executions out; also in a child process.
#include <gmock/gmock.h>

#include "engine/command/command.h"
#include "tiny.h"

namespace mapwright::engine::host {
namespace {

using namespace mapwright::test;
using ::testing::HasSubstr;

Execution evaluate(Engine& engine, const Program& p, const machine::Machine& m, const std::string& mapper) {
  EvaluationRequest request;
  request.mapper = diag::make_source("test.mapper", mapper);
  request.program = &p;
  request.machine = &m;
  request.deadline = Seconds(60);
  auto e = engine.run(request);
  EXPECT_TRUE(e.has_value());
  return e.value_or(Execution {});
}

TEST(HostEngine, Outcomes) {
  const machine::Machine m = two_by_two();
  Program p = ghosts(3);
  const auto engine = make_engine();
  EXPECT_EQ(engine->name(), "host");
  EXPECT_FALSE(engine->deterministic());

  const Execution right = evaluate(*engine, p, m, "Task * CPU;");
  EXPECT_EQ(right.engine, "host");
  EXPECT_EQ(right.outcome, Outcome::Ok);
  ASSERT_TRUE(right.metric);
  EXPECT_GT(right.seconds, 0);
  EXPECT_FALSE(right.processors.empty());
  EXPECT_FALSE(right.memory_peak.empty());
  EXPECT_EQ(right.profile.tasks.size(), 3u);
  EXPECT_GT(right.moved.folded, 0);

  EXPECT_EQ(evaluate(*engine, p, m, "Task * ;").outcome, Outcome::CompileError);
  const Execution unsupported = evaluate(*engine, p, m, "Task * GPU;");
  EXPECT_EQ(unsupported.outcome, Outcome::Unsupported);
  EXPECT_EQ(unsupported.diagnostics.at(0).code, diag::kGpuNeedsEmulation);
  EXPECT_THAT(unsupported.diagnostics.at(0).help, HasSubstr("--emulate-gpu"));
  Options emulate;
  emulate.emulate_gpu = true;
  EXPECT_EQ(evaluate(*make_engine(emulate), p, m, "Task * GPU;").outcome, Outcome::Ok);

  p.check = [](const RegionReader&) { return std::optional<std::string>("cell 3 is 4, not 5"); };
  const Execution wrong = evaluate(*engine, p, m, "Task * CPU;");
  EXPECT_EQ(wrong.outcome, Outcome::WrongResult);
  EXPECT_EQ(wrong.diagnostics.at(0).code, diag::kWrongResult);
  EXPECT_EQ(wrong.diagnostics.at(0).message, "cell 3 is 4, not 5");
  EXPECT_FALSE(wrong.metric);
}

TEST(HostEngine, RunsInChildProcesses) {
  const machine::Machine m = two_by_two();
  const Program p = ghosts(3);
  const auto isolated = command::make_isolated(make_engine());
  EXPECT_EQ(evaluate(*isolated, p, m, "Task * CPU;").outcome, Outcome::Ok);
  EXPECT_EQ(evaluate(*isolated, p, m, "Task * GPU;").outcome, Outcome::Unsupported);
}

TEST(HostEngine, RunsInChildProcessesOfAProcessThatUsedTbb) {
  const machine::Machine m = two_by_two();
  const Program p = ghosts(3);
  ASSERT_EQ(evaluate(*make_engine(), p, m, "Task * CPU;").outcome, Outcome::Ok);
  EXPECT_EQ(evaluate(*command::make_isolated(make_engine()), p, m, "Task * CPU;").outcome, Outcome::Ok);
}

TEST(HostEngine, CrashesAndHangsStayInTheChild) {
  const machine::Machine m = two_by_two();
  Program p = ghosts(1);
  for (Variant& v : p.tasks[0].variants) v.kernel = [](KernelContext&) { std::abort(); };
  const Execution crashed = evaluate(*command::make_isolated(make_engine()), p, m, "Task * CPU;");
  EXPECT_EQ(crashed.outcome, Outcome::Crashed);
  EXPECT_THAT(crashed.diagnostics.at(0).message, HasSubstr("SIGABRT"));
}

}  // namespace
}  // namespace mapwright::engine::host
