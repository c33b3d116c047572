// The engine `legion` against scripts that stand for the executor: what every kind of end becomes.
#include "engine/executor/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "apps/apps.h"

namespace mapwright::engine::executor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

machine::Machine cpus(std::int64_t nodes = 1) {
  diag::Sink sink;
  machine::Overrides o;
  o.nodes = nodes;
  o.gpus = 0;
  auto m = machine::load_machine("generic", o, sink);
  EXPECT_TRUE(m);
  return *std::move(m);
}

program::Program stencil() {
  apps::Choice choice;
  choice.preset = "test";
  return *apps::build("stencil", choice);
}

// An executor that does what `body` says; $report is the file that it may write.
class Script {
 public:
  explicit Script(const std::string& body) : folder_(*TemporaryFolder::make()), path_(folder_.file("executor.sh")) {
    const std::string text = "#!/bin/sh\nwhile [ $# -gt 0 ]; do [ \"$1\" = --report ] && report=$2; [ \"$1\" = --mapper ] && mapper=$2; shift; done\n" + body + "\n";
    EXPECT_TRUE(write_file(path_, text));
    chmod(path_.c_str(), 0755);
  }
  const std::string& path() const { return path_; }

 private:
  TemporaryFolder folder_;  // of its own: tests run side by side
  std::string path_;
};

constexpr const char* kReport = R"(cat > $report <<'X'
{"schema":"mapwright.legion-run/1","rank":0,"ranks":RANKS,"whole":[1,3],"checked":true,"processors":{"CPU":8},
"stamps":[{"label":"main_loop","start":true,"fence":1.5},{"label":"main_loop","start":false,"fence":2.0}],"launches":[],
"tasks":[{"task":"stencil","kind":"CPU","points":28,"seconds":0.1}],"used":[{"name":"node0.CPU0","kind":"CPU","seconds":0.1,"points":28}]WRONG}
X)";
std::string writes(const std::string& ranks = "1", const std::string& wrong = "") {
  std::string text = kReport;
  text.replace(text.find("RANKS"), 5, ranks);
  text.replace(text.find("WRONG"), 5, wrong);
  return text;
}

Execution evaluate(const Script& script, const program::Program& p, const std::string& mapper = "", Options options = {}, std::int64_t nodes = 1) {
  options.executable = script.path();
  options.directory = testing::TempDir();
  const machine::Machine m = cpus(nodes);
  EvaluationRequest request;
  request.mapper = diag::make_source("test.mapper", mapper);
  request.program = &p;
  request.machine = &m;
  request.deadline = Seconds(5);
  auto e = make_engine(std::move(options))->run(request);
  EXPECT_TRUE(e) << (e ? "" : e.error().message);
  return e.value_or(Execution {});
}

TEST(LegionEngine, AReportBecomesAnExecution) {
  const program::Program p = stencil();
  const Execution e = evaluate(Script("echo hello >&2\n" + writes()), p);
  EXPECT_EQ(e.outcome, Outcome::Ok);
  EXPECT_EQ(e.engine, "legion");
  EXPECT_DOUBLE_EQ(e.seconds, 0.5);
  EXPECT_DOUBLE_EQ(e.makespan, 2);
  ASSERT_TRUE(e.metric);
  // 64 x 64 points, 5 steps in 0.5 s.
  EXPECT_NEAR(e.metric->value, 64 * 64 * 5 / 1e9 / 0.5, 1e-12);
  ASSERT_EQ(e.processors.size(), 1U);
  ASSERT_EQ(e.profile.tasks.size(), 1U);
  EXPECT_THAT(e.log, ElementsAre("hello\n"));
}

TEST(LegionEngine, TheLauncherStandsInFront) {
  Options options;
  options.launcher = "env RANKS={ranks}";
  options.legion_args = "-ll:util 2";
  const Execution e = evaluate(Script("echo $RANKS >&2\n" + writes("2") + "\ncp $report $report.1"), stencil(), "", options, 2);
  EXPECT_EQ(e.outcome, Outcome::Ok);
  EXPECT_THAT(e.log, ElementsAre("2\n"));
}

TEST(LegionEngine, BadEnds) {
  const program::Program p = stencil();
  const auto expect = [&](const std::string& body, Outcome outcome, int code, const std::string& message) {
    const Execution e = evaluate(Script(body), p);
    EXPECT_EQ(to_string(e.outcome), to_string(outcome)) << body;
    ASSERT_FALSE(e.diagnostics.empty()) << body;
    EXPECT_EQ(e.diagnostics.front().code, code) << body;
    EXPECT_THAT(e.diagnostics.front().message, HasSubstr(message)) << body;
  };
  expect("kill -SEGV $$", Outcome::Crashed, diag::kChildCrashed, "the Legion program: ended by SIGSEGV");
  expect("exit 139", Outcome::Crashed, diag::kChildCrashed, "ended by SIGSEGV");
  expect("echo '[0 - 7f] 0.1 {5}{runtime}: LEGION ERROR: Illegal output shard 9 (from file x)' >&2; kill -ABRT $$", Outcome::ExecutionError, diag::kLegionFailed, "Illegal output shard 9");
  expect("exit 3", Outcome::ExecutionError, diag::kCommandFailed, "exit status 3");
  expect("exit 0", Outcome::ExecutionError, diag::kFileUnreadable, "report");
  expect("echo nonsense > $report", Outcome::ExecutionError, diag::kMalformedExecution, "cannot be read");
  expect(writes("1", ",\"wrong\":\"points/input/(0, 0): expected 1, got 2\""), Outcome::WrongResult, diag::kWrongResult, "expected 1, got 2");
  expect(writes("1", ",\"failed\":\"the kernel of `stencil` failed\""), Outcome::ExecutionError, diag::kKernelFailed, "`stencil`");
  expect(writes("2") + "\ncp $report $report.1", Outcome::Unsupported, diag::kProcessCount, "1 address spaces, and the Legion program ran in 2");
  expect(writes("2"), Outcome::ExecutionError, diag::kProcessCount, "process 1");
}

TEST(LegionEngine, AHangIsATimeout) {
  const program::Program p = stencil();
  Options options;
  const Script script("sleep 60 & sleep 60");
  options.executable = script.path();
  options.directory = testing::TempDir();
  const machine::Machine m = cpus();
  EvaluationRequest request;
  request.program = &p;
  request.machine = &m;
  request.deadline = Seconds(0.3);
  const auto e = make_engine(options)->run(request);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->outcome, Outcome::Timeout);
  EXPECT_THAT(e->diagnostics.front().message, HasSubstr("the Legion program did not end within"));
  EXPECT_LT(e->makespan, 10);
}

TEST(LegionEngine, FindingsOfTheMapperLibraryKeepTheirPlace) {
  const std::string body = "echo 'error[MW5007]: argument 0 fits in no memory' >&2; echo \" --> $mapper:2:1\" >&2; echo '  = help: name another' >&2; exit 1";
  const Execution e = evaluate(Script(body), stencil(), "Task * CPU;\nRegion * * CPU RDMEM;\n");
  EXPECT_EQ(e.outcome, Outcome::OutOfMemory);
  ASSERT_FALSE(e.diagnostics.empty());
  const diag::Diagnostic& d = e.diagnostics.front();
  EXPECT_EQ(d.code, diag::kOutOfMemory);
  EXPECT_EQ(d.message, "argument 0 fits in no memory");
  EXPECT_EQ(d.help, "name another");
  ASSERT_TRUE(d.source);
  EXPECT_EQ(d.source->position(d.span.begin).line, 2U);
}

TEST(LegionEngine, WhatCannotRunIsNotStarted) {
  program::Program p = stencil();
  const Script script("touch " + testing::TempDir() + "/started; exit 1");
  EXPECT_EQ(evaluate(script, p, "Task * NONSENSE;").outcome, Outcome::CompileError);
  for (program::Task& t : p.tasks) {
    for (program::Variant& v : t.variants) v.kernel = {};
  }
  const Execution e = evaluate(script, p);
  EXPECT_EQ(e.outcome, Outcome::Unsupported);
  EXPECT_EQ(e.diagnostics.front().code, diag::kNoKernel);
  EXPECT_FALSE(std::filesystem::exists(testing::TempDir() + "/started"));
}

TEST(LegionEngine, TheMachineBecomesOptions) {
  const auto words = legion_arguments(cpus(), stencil());
  // generic: 8 CPUs, 2 groups of 8 threads.
  EXPECT_EQ(words[0], "-ll:cpu");
  EXPECT_EQ(words[1], "8");
  EXPECT_THAT(words, testing::IsSupersetOf({"-ll:ocpu", "2", "-ll:othr", "8", "-ll:csize", "-ll:nsize", "-ll:rsize", "-lg:safe_mapper"}));
}

// Several processes touch every page of their memories when they start: no more than the program can need.
TEST(LegionEngine, ProcessesGetMemoryByTheProgram) {
  const auto words = legion_arguments(cpus(2), stencil());
  const auto size = std::find(words.begin(), words.end(), "-ll:csize");
  ASSERT_NE(size, words.end());
  EXPECT_GE(std::stoi(*std::next(size)), 64);
  EXPECT_LE(std::stoi(*std::next(size)), 65) << "the preset test has some 70 kB";
}

TEST(LegionEngine, NoExecutorIsAnError) {
  const auto found = find_executor("/nonexistent/mapwright");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, diag::kExecutorMissing);
  EXPECT_THAT(found.error().help, HasSubstr("install Legion"));
}

}  // namespace
}  // namespace mapwright::engine::executor
