#include <gtest/gtest.h>

#include "fixtures.h"

namespace mapwright::search {
namespace {

using testing::FakeEngine;
using testing::flat;
using testing::line_program;
using testing::MemoryRecorder;
using testing::shipped;

class Tune : public ::testing::Test {
 protected:
  TuneRequest request(engine::Engine& engine, const std::string& optimizer, std::int64_t iterations) const {
    TuneRequest r;
    r.program = &program_;
    r.machine = &machine_;
    r.engine = &engine;
    r.optimizer = optimizer;
    r.iterations = iterations;
    return r;
  }
  static TuneResult run(const TuneRequest& r) {
    Expected<TuneResult> result = tune(r);
    MW_CHECK(result.has_value(), "{}", result.error().message);
    return *result;
  }

  program::Program program_ = line_program();
  machine::Machine machine_ = shipped("generic");
};

TEST_F(Tune, BeginsWithTheDefaultMapperAndKeepsToItsBudget) {
  for (const std::string optimizer : {"random", "hillclimb"}) {
    FakeEngine engine;
    const TuneResult r = run(request(engine, optimizer, 12));
    ASSERT_EQ(r.history.size(), 12u);
    EXPECT_EQ(engine.runs, 12);
    EXPECT_EQ(r.history[0].mapper, "# Every decision is left to the default policy.\n");
    EXPECT_EQ(r.stopped_by, StoppedBy::Iterations);
    EXPECT_EQ(r.valid + r.invalid, 12);
    for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(r.history[i].iteration, static_cast<std::int64_t>(i) + 1);
  }
}

TEST_F(Tune, BestSoFarIsTheRunningMinimumOfValidEvaluations) {
  FakeEngine engine;
  const TuneResult r = run(request(engine, "random", 30));
  std::optional<double> best;
  for (std::size_t i = 0; i < r.history.size(); ++i) {
    const Evaluation& e = r.history[i];
    EXPECT_EQ(e.outcome == engine::Outcome::Ok, e.value.has_value());
    EXPECT_EQ(e.reason.empty(), e.outcome == engine::Outcome::Ok);
    if (e.value && (!best || *e.value < *best)) best = e.value;
    EXPECT_EQ(r.best_so_far[i], best);
  }
  ASSERT_TRUE(r.best.has_value());
  EXPECT_EQ(r.history[*r.best].value, best);
  EXPECT_GT(r.invalid, 0);
}

TEST_F(Tune, EqualRequestsGiveEqualHistoriesAndSeedsMatter) {
  for (const std::string optimizer : {"random", "hillclimb"}) {
    FakeEngine engine;
    TuneRequest r = request(engine, optimizer, 40);
    const std::string first = flat(run(r).history);
    EXPECT_EQ(flat(run(r).history), first);
    r.seed = 2;
    EXPECT_NE(flat(run(r).history), first);
  }
}

TEST_F(Tune, JobsChangeNothing) {
  for (const std::string optimizer : {"random", "hillclimb"}) {
    for (const std::int64_t batch : {1, 5}) {
      FakeEngine engine;
      TuneRequest r = request(engine, optimizer, 33);
      r.batch = batch;
      const std::string one = flat(run(r).history);
      r.jobs = 4;
      EXPECT_EQ(flat(run(r).history), one);
    }
  }
}

TEST_F(Tune, ALongerBudgetContinuesAShorterOne) {
  for (const std::int64_t batch : {1, 4}) {
    FakeEngine engine;
    TuneRequest r = request(engine, "hillclimb", 10);
    r.batch = batch;
    const std::string shorter = flat(run(r).history);
    r.iterations = 30;
    EXPECT_EQ(flat(run(r).history).substr(0, shorter.size()), shorter);
  }
}

// Every commit point: what was recorded before a crash, resumed, ends in the uninterrupted history.
TEST_F(Tune, ResumesFromEveryCommitPoint) {
  for (const std::string optimizer : {"random", "hillclimb"}) {
    for (const std::int64_t batch : {1, 4}) {
      FakeEngine engine;
      MemoryRecorder whole;
      TuneRequest r = request(engine, optimizer, 14);
      r.batch = batch;
      r.recorder = &whole;
      const std::string expected = flat(run(r).history);
      EXPECT_EQ(whole.stopped_by, "iterations");
      EXPECT_EQ(flat(whole.kept.evaluations), expected);
      for (std::size_t cut = 0; cut <= 14; ++cut) {
        FakeEngine second;
        MemoryRecorder rest;
        TuneRequest again = request(second, optimizer, 14);
        again.batch = batch;
        again.recorder = &rest;
        again.earlier.emplace();
        again.earlier->evaluations.assign(whole.kept.evaluations.begin(),
                                          whole.kept.evaluations.begin() + static_cast<std::ptrdiff_t>(cut));
        const TuneResult resumed = run(again);
        EXPECT_EQ(flat(resumed.history), expected) << optimizer << " cut " << cut;
        EXPECT_EQ(resumed.replayed, static_cast<std::int64_t>(cut));
        EXPECT_EQ(second.runs, static_cast<int>(14 - cut));
        EXPECT_EQ(rest.kept.evaluations.size(), 14 - cut);
      }
    }
  }
}

TEST_F(Tune, RefusesAHistoryThatDoesNotFollow) {
  FakeEngine engine;
  TuneRequest r = request(engine, "random", 8);
  r.earlier.emplace();
  r.earlier->evaluations = run(r).history;
  r.earlier->evaluations[3].mapper += "# edited\n";
  const Expected<TuneResult> result = tune(r);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, diag::kResumeMismatch);
  EXPECT_NE(result.error().message.find("evaluation 4"), std::string::npos);
}

TEST_F(Tune, TheReferenceIsNotCountedAndChangesNoCandidate) {
  FakeEngine engine;
  TuneRequest r = request(engine, "hillclimb", 15);
  const std::string without = flat(run(r).history);
  for (const std::string text : {"Task * GPU;\n", "Task * CPU;\n"}) {
    engine.runs = 0;
    r.reference = diag::make_source("expert", text);
    const TuneResult result = run(r);
    EXPECT_EQ(flat(result.history), without);
    EXPECT_EQ(engine.runs, 16);
    ASSERT_TRUE(result.reference.has_value());
    if (!result.reference->value) continue;
    // Seconds: lower is better, so the throughput ratio is reference / best.
    EXPECT_DOUBLE_EQ(result.relative_to_reference.value(), *result.reference->value / *result.history[*result.best].value);
  }
}

TEST_F(Tune, EqualDecisionsAreOneCandidate) {
  FakeEngine engine;
  TuneRequest r = request(engine, "random", 5);
  // The same decisions as the default mapper, written out; a comment; and one that differs.
  r.warm_starts = {"Task * GPU,OMP,CPU;\n", "# nothing\n", "Task * CPU;\n"};
  const TuneResult result = run(r);
  EXPECT_EQ(result.duplicates, 2);
  EXPECT_EQ(result.history[1].mapper, "Task * CPU;\n");
  EXPECT_EQ(result.history.size(), 5u);
}

TEST_F(Tune, TextsIdentifyCandidatesOfEnginesWithoutPlans) {
  FakeEngine engine;
  TuneRequest r = request(engine, "random", 4);
  r.decisions_identify = false;
  r.warm_starts = {"Task * GPU,OMP,CPU;\n", "Task *   GPU,OMP,CPU ;"};
  const TuneResult result = run(r);
  EXPECT_EQ(result.duplicates, 1);  // the second differs in white space only
}

TEST_F(Tune, FiveHundredDuplicatesInARowEndTheRun) {
  // One task with one variant on a machine with one processor of its kind: few decisions, soon exhausted.
  program::Builder b("tiny");
  const auto t = b.add_task("t", {testing::variant(ProcessorKind::Cpu)});
  b.single_launch(t, {});
  const program::Program tiny = b.finish();
  FakeEngine engine;
  TuneRequest r = request(engine, "random", 100000);
  r.program = &tiny;
  const TuneResult result = run(r);
  EXPECT_EQ(result.stopped_by, StoppedBy::Duplicates);
  EXPECT_GE(result.duplicates, 500);
  EXPECT_LT(result.history.size(), 200u);
}

TEST_F(Tune, AnInterruptKeepsWhatWasCommitted) {
  std::atomic<bool> stop {false};
  int calls = 0;
  FakeEngine engine([&](const std::string& text) {
    if (++calls == 6) stop = true;
    return FakeEngine::by_hash(text);
  });
  MemoryRecorder recorder;
  TuneRequest r = request(engine, "random", 50);
  r.interrupted = &stop;
  r.recorder = &recorder;
  const TuneResult result = run(r);
  EXPECT_EQ(result.stopped_by, StoppedBy::Interrupt);
  EXPECT_EQ(result.history.size(), 6u);
  EXPECT_EQ(recorder.kept.evaluations.size(), 6u);
  EXPECT_EQ(recorder.stopped_by, "interrupt");
}

TEST_F(Tune, WhatCrashesWhileInterruptedIsNoResult) {
  std::atomic<bool> stop {false};
  int calls = 0;
  FakeEngine engine([&](const std::string& text) -> Expected<engine::Execution> {
    if (++calls < 4) return FakeEngine::by_hash(text);
    stop = true;
    return FakeEngine::bad(engine::Outcome::Crashed, "signal 2");
  });
  TuneRequest r = request(engine, "random", 50);
  r.interrupted = &stop;
  EXPECT_EQ(run(r).history.size(), 3u);
}

TEST_F(Tune, StopsAtItsTimeBudget) {
  double now = 100;
  FakeEngine engine([&](const std::string& text) {
    now += 1;
    return FakeEngine::by_hash(text);
  });
  TuneRequest r = request(engine, "random", 1000);
  r.clock = [&] { return now; };
  r.seconds = 7.5;  // the eighth evaluation begins at 7 seconds, the ninth would at 8
  const TuneResult result = run(r);
  EXPECT_EQ(result.stopped_by, StoppedBy::Seconds);
  EXPECT_EQ(result.history.size(), 8u);
  EXPECT_DOUBLE_EQ(result.wall_seconds, 8);
  EXPECT_DOUBLE_EQ(result.history[2].wall_seconds, 1);
}

TEST_F(Tune, OneCandidateCannotEndTheSession) {
  int calls = 0;
  FakeEngine engine([&](const std::string& text) -> Expected<engine::Execution> {
    if (++calls % 3 == 0) return failure(6001, "no resources");
    return FakeEngine::by_hash(text);
  });
  const TuneResult result = run(request(engine, "random", 9));
  EXPECT_EQ(result.history.size(), 9u);
  EXPECT_EQ(result.history[2].outcome, engine::Outcome::Crashed);
  EXPECT_EQ(result.history[2].reason, "MW6001: no resources");
}

TEST_F(Tune, AnEngineThatCannotRunAtAllIsAnError) {
  FakeEngine engine([](const std::string&) -> Expected<engine::Execution> { return failure(6001, "not installed"); });
  const Expected<TuneResult> result = tune(request(engine, "random", 9));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message, "not installed");
  EXPECT_EQ(engine.runs, 1);

  int calls = 0;
  FakeEngine later([&](const std::string& text) -> Expected<engine::Execution> {
    if (++calls > 3) return failure(6001, "gone");
    return FakeEngine::by_hash(text);
  });
  MemoryRecorder recorder;
  TuneRequest r = request(later, "random", 50);
  r.recorder = &recorder;
  EXPECT_FALSE(tune(r).has_value());
  EXPECT_EQ(later.runs, 8);  // five in a row after three good ones
  EXPECT_EQ(recorder.kept.evaluations.size(), 7u);
}

TEST_F(Tune, AMetricThatIsNoNumberIsNoResult) {
  FakeEngine engine([](const std::string& text) -> Expected<engine::Execution> {
    if (text.find("Task") != std::string::npos) return FakeEngine::ok(std::numeric_limits<double>::quiet_NaN());
    return FakeEngine::ok(1);
  });
  TuneRequest r = request(engine, "random", 2);
  r.warm_starts = {"Task * CPU;\n"};
  const TuneResult result = run(r);
  EXPECT_EQ(result.history[1].outcome, engine::Outcome::ExecutionError);
  EXPECT_EQ(result.invalid, 1);
}

TEST_F(Tune, AFailingRecorderStopsTheRun) {
  FakeEngine engine;
  MemoryRecorder recorder;
  recorder.fail_at = 4;
  TuneRequest r = request(engine, "random", 20);
  r.recorder = &recorder;
  const Expected<TuneResult> result = tune(r);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, 7101);
  EXPECT_EQ(engine.runs, 5);
}

TEST_F(Tune, UnknownOptimizersNameTheNearest) {
  FakeEngine engine;
  const Expected<TuneResult> result = tune(request(engine, "hilclimb", 5));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, diag::kUnknownOptimizer);
  EXPECT_EQ(result.error().help, "did you mean `hillclimb`?");
  EXPECT_EQ(engine.runs, 0);
}

TEST_F(Tune, ReportsProgressOncePerEvaluation) {
  FakeEngine engine;
  TuneRequest r = request(engine, "hillclimb", 10);
  std::vector<std::int64_t> seen;
  r.on_progress = [&](const Progress& p) {
    seen.push_back(p.iteration);
    EXPECT_EQ(p.iterations, 10);
    EXPECT_EQ(p.last->iteration, p.iteration);
    EXPECT_TRUE(!p.new_best || p.best == p.last);
  };
  run(r);
  EXPECT_EQ(seen, (std::vector<std::int64_t> {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

}  // namespace
}  // namespace mapwright::search
