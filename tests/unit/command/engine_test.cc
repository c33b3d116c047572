// The engine `command`: outcomes, the metric, the mapper's file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/command/command.h"

namespace mapwright::engine::command {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

Execution run(Options options, const std::string& mapper = "Task * CPU;\n", std::optional<Seconds> deadline = {}) {
  auto engine = make_engine(std::move(options));
  EXPECT_TRUE(engine.has_value()) << engine.error().message;
  EvaluationRequest request;
  request.mapper = diag::make_source("test.mapper", mapper);
  request.deadline = deadline;
  auto e = (*engine)->run(request);
  EXPECT_TRUE(e.has_value());
  return *e;
}

Options command(std::string line, std::string metric = "time ([-+0-9.eE]+)") {
  Options o;
  o.command = std::move(line);
  o.metric = std::move(metric);
  return o;
}

TEST(CommandEngine, TakesTheLastMatchAsTheMetric) {
  const Execution e = run(command("echo warm-up time 9.5, : {mapper}; echo time 1.5e1; echo end"));
  EXPECT_EQ(e.outcome, Outcome::Ok);
  ASSERT_TRUE(e.metric);
  EXPECT_EQ(e.metric->value, 15);
  EXPECT_EQ(e.seconds, 15);  // the unit is s
  EXPECT_FALSE(e.metric->higher_is_better);
  EXPECT_GT(e.makespan, 0);
  EXPECT_LT(e.makespan, 15);
}

TEST(CommandEngine, GivesTheCommandTheMappersText) {
  const Execution e = run(command("cat {mapper}"), "# time 42\nTask * CPU;\n");
  ASSERT_TRUE(e.metric);
  EXPECT_EQ(e.metric->value, 42);
  EXPECT_THAT(e.log, Contains(HasSubstr("Task * CPU;")));
}

TEST(CommandEngine, RemovesTheMappersFile) {
  const Execution e = run(command("echo time 1; echo path {mapper}"));
  const std::string path = e.log.at(0).substr(e.log.at(0).find("path ") + 5);
  EXPECT_THAT(path, HasSubstr("/tmp/mapwright-"));
  EXPECT_FALSE(std::filesystem::exists(path.substr(0, path.find('\n'))));
}

TEST(CommandEngine, QuotesTheMappersPath) {
  Options o = command("cat {mapper}");
  o.directory = ::testing::TempDir() + "it's a folder";
  std::filesystem::create_directories(o.directory);
  EXPECT_EQ(run(o, "# time 3\n").outcome, Outcome::Ok);
  std::filesystem::remove_all(o.directory);
}

TEST(CommandEngine, LooksAtStandardErrorToo) {
  EXPECT_EQ(run(command("echo time 2 >&2; : {mapper}")).metric->value, 2);
  EXPECT_EQ(run(command("echo time 1; echo time 2 >&2; : {mapper}")).metric->value, 1);  // but at the output first
}

TEST(CommandEngine, DoesNotRunAMapperThatDoesNotCompile) {
  const std::string file = ::testing::TempDir() + "mapwright_was_run";
  const Execution e = run(command("touch " + shell_quote(file) + "; : {mapper}"), "Task * GPUS;\n");
  EXPECT_EQ(e.outcome, Outcome::CompileError);
  EXPECT_FALSE(e.diagnostics.empty());
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(CommandEngine, ReportsAnErrorStatus) {
  const Execution e = run(command("echo time 1; echo assertion failed >&2; : {mapper}; exit 4"));
  EXPECT_EQ(e.outcome, Outcome::ExecutionError);
  EXPECT_EQ(e.diagnostics.at(0).code, diag::kCommandFailed);
  EXPECT_EQ(e.diagnostics.at(0).message, "the command ended with exit status 4");
  EXPECT_THAT(e.log, Contains("assertion failed\n"));
  EXPECT_FALSE(e.metric);
}

TEST(CommandEngine, ReportsACommandThatDoesNotExist) {
  const Execution e = run(command("/no/such/program {mapper}"));
  EXPECT_EQ(e.outcome, Outcome::ExecutionError);
  EXPECT_EQ(e.diagnostics.at(0).message, "the command ended with exit status 127 (not found)");
}

TEST(CommandEngine, ReportsACrash) {
  for (const char* line : {"kill -SEGV $$; : {mapper}", "sh -c 'kill -SEGV $$'; exit $?; : {mapper}"}) {
    const Execution e = run(command(line));
    EXPECT_EQ(e.outcome, Outcome::Crashed);
    EXPECT_EQ(e.diagnostics.at(0).code, diag::kChildCrashed);
    EXPECT_EQ(e.diagnostics.at(0).message, "the command was ended by SIGSEGV");
  }
}

TEST(CommandEngine, ReportsAHang) {
  const Execution e = run(command("echo time 1; sleep 100; : {mapper}"), "", Seconds(0.2));
  EXPECT_EQ(e.outcome, Outcome::Timeout);
  EXPECT_EQ(e.diagnostics.at(0).code, diag::kTimeLimit);
  EXPECT_EQ(e.diagnostics.at(0).message, "the command did not end within 200 ms");
}

TEST(CommandEngine, ReportsAnOutputWithoutTheMetric) {
  for (const char* line : {"echo nothing; : {mapper}", "echo time e; : {mapper}", "echo time -; : {mapper}"}) {
    const Execution e = run(command(line));
    EXPECT_EQ(e.outcome, Outcome::ExecutionError) << line;
    EXPECT_EQ(e.diagnostics.at(0).code, diag::kMetricNotFound) << line;
  }
}

TEST(CommandEngine, CutsLongLines) {
  // A regular expression that backtracks over a line of five million characters would overflow the stack.
  const Execution e = run(command("head -c 200000 /dev/zero | tr '\\0' x; echo; echo time 5; : {mapper}", ".*time ([0-9]+)"));
  ASSERT_TRUE(e.metric);
  EXPECT_EQ(e.metric->value, 5);
}

TEST(CommandEngine, RefusesWhatItCannotUse) {
  for (const Options& o : {command("./app"), command("./app {mapper}", "([0-9"), command("./app {mapper}", "time")}) {
    const auto engine = make_engine(o);
    ASSERT_FALSE(engine);
    EXPECT_EQ(engine.error().code, diag::kInvalidCommand);
  }
}

}  // namespace
}  // namespace mapwright::engine::command
