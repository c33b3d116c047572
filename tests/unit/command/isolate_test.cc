// Engines that crash, hang, fail and succeed in their child process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "engine/command/command.h"

namespace mapwright::engine::command {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// Does what its function says.
class Scripted final : public Engine {
 public:
  explicit Scripted(std::function<Expected<Execution>(const EvaluationRequest&)> f) : f_(std::move(f)) {}
  Expected<Execution> run(const EvaluationRequest& request) override { return f_(request); }
  std::string_view name() const override { return "scripted"; }
  bool deterministic() const override { return true; }

 private:
  std::function<Expected<Execution>(const EvaluationRequest&)> f_;
};

Expected<Execution> run(std::function<Expected<Execution>(const EvaluationRequest&)> f, std::optional<Seconds> deadline = {}) {
  EvaluationRequest request;
  request.mapper = diag::make_source("a.mapper", "Task * CPU;");
  request.deadline = deadline;
  return make_isolated(std::make_unique<Scripted>(std::move(f)))->run(request);
}

TEST(Isolated, ReturnsWhatTheEngineReturns) {
  const pid_t parent = getpid();
  const auto e = run([&](const EvaluationRequest& request) -> Expected<Execution> {
    Execution x;
    x.engine = "scripted";
    x.seconds = getpid() == parent ? 1 : 2.5;
    x.metric = MetricValue {"rate", "1/s", 0.1, true};
    x.log = {std::string(request.mapper->text())};
    diag::Diagnostic d;
    d.code = diag::kIdleProcessors;
    d.source = request.mapper;
    d.span = {0, 4};
    x.diagnostics.push_back(d);
    return x;
  });
  ASSERT_TRUE(e);
  EXPECT_EQ(e->outcome, Outcome::Ok);
  EXPECT_EQ(e->seconds, 2.5);
  EXPECT_EQ(e->metric->value, 0.1);
  EXPECT_THAT(e->log, Contains("Task * CPU;"));
  ASSERT_EQ(e->diagnostics.size(), 1u);
  EXPECT_EQ(e->diagnostics[0].source->slice(e->diagnostics[0].span), "Task");
}

TEST(Isolated, PassesErrorsOn) {
  const auto e = run([](const EvaluationRequest&) -> Expected<Execution> { return failure(6001, "no file", "look"); });
  ASSERT_FALSE(e);
  EXPECT_EQ(e.error().code, 6001);
  EXPECT_EQ(e.error().message, "no file");
  EXPECT_EQ(e.error().help, "look");
}

TEST(Isolated, SurvivesACrash) {
  const auto e = run([](const EvaluationRequest&) -> Expected<Execution> {
    fprintf(stderr, "last words\n");
    std::abort();
  });
  ASSERT_TRUE(e);
  EXPECT_EQ(e->engine, "scripted");
  EXPECT_EQ(e->outcome, Outcome::Crashed);
  EXPECT_EQ(e->diagnostics.at(0).code, diag::kChildCrashed);
  EXPECT_THAT(e->diagnostics.at(0).message, HasSubstr("SIGABRT"));
  EXPECT_THAT(e->log, Contains("last words\n"));
}

TEST(Isolated, SurvivesAnExit) {
  const auto e = run([](const EvaluationRequest&) -> Expected<Execution> { _exit(5); });
  ASSERT_TRUE(e);
  EXPECT_EQ(e->outcome, Outcome::Crashed);
  EXPECT_THAT(e->diagnostics.at(0).message, HasSubstr("exit status 5"));
}

TEST(Isolated, SurvivesAnException) {
  const auto e = run([](const EvaluationRequest&) -> Expected<Execution> { throw std::runtime_error("unexpected"); });
  ASSERT_TRUE(e);
  EXPECT_EQ(e->outcome, Outcome::Crashed);
}

TEST(Isolated, EndsAHang) {
  const auto e = run([](const EvaluationRequest&) -> Expected<Execution> {
    while (true) std::this_thread::sleep_for(std::chrono::seconds(1));
  }, Seconds(0.2));
  ASSERT_TRUE(e);
  EXPECT_EQ(e->outcome, Outcome::Timeout);
  EXPECT_EQ(e->diagnostics.at(0).message, "the execution did not end within 200 ms");
}

TEST(Isolated, DoesNotShareState) {
  int runs = 0;
  for (int i = 0; i < 2; ++i) {
    const auto e = run([&](const EvaluationRequest&) -> Expected<Execution> {
      Execution x;
      x.seconds = ++runs;
      return x;
    });
    EXPECT_EQ(e->seconds, 1);
  }
  EXPECT_EQ(runs, 0);
}

}  // namespace
}  // namespace mapwright::engine::command
