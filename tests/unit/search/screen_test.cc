// Screening: many proposals are predicted, few are executed.
#include <gtest/gtest.h>

#include <set>

#include "fixtures.h"

namespace mapwright::search {
namespace {

using testing::FakeEngine;
using testing::flat;
using testing::line_program;
using testing::MemoryRecorder;
using testing::nest_program;
using testing::shipped;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// What the predictor says: 1 to 2 seconds, or nothing for one candidate in five.
std::optional<double> prediction_of(const std::string& identity) {
  const std::uint64_t h = mix64(Hasher().add(identity).low());
  if (h % 5 == 0) return std::nullopt;
  return 1 + to_unit(mix64(h));
}

Expected<engine::Execution> predict(const std::string& identity) {
  const std::optional<double> seconds = prediction_of(identity);
  engine::Execution e = seconds ? FakeEngine::ok(*seconds) : FakeEngine::bad(engine::Outcome::OutOfMemory, "full");
  e.simulations = 1;
  return e;
}

// Measured times have nothing to do with the predictions, and nobody simulates.
Expected<engine::Execution> measure(const std::string& mapper) {
  Expected<engine::Execution> e = FakeEngine::by_hash(mapper);
  e->simulations = 0;
  return e;
}

class Screened : public ::testing::Test {
 protected:
  TuneRequest request(engine::Engine& engine, const std::string& optimizer, std::int64_t iterations, std::int64_t proposals) {
    TuneRequest r;
    r.program = &program_;
    r.machine = &machine_;
    r.engine = &engine;
    r.optimizer = optimizer;
    r.iterations = iterations;
    r.screen = Screen {&predictor_, proposals};
    return r;
  }
  static TuneResult run(const TuneRequest& r) {
    Expected<TuneResult> result = tune(r);
    MW_CHECK(result.has_value(), "{}", result.error().message);
    return *result;
  }
  std::string identity(const std::string& mapper) const { return candidate_identity(mapper, program_, machine_); }
  std::optional<double> prediction(const std::string& mapper) const { return prediction_of(identity(mapper)); }

  program::Program program_ = line_program();
  machine::Machine machine_ = shipped("generic");
  FakeEngine predictor_ {[this](const std::string& mapper) { return predict(identity(mapper)); }};
};

TEST_F(Screened, OfSixProposalsTheFirstInRankIsExecuted) {
  FakeEngine engine(measure);
  const TuneResult result = run(request(engine, "random", 20, 6));
  ASSERT_EQ(result.history.size(), 20u);
  EXPECT_EQ(engine.runs, 20);

  // By hand: what the strategy proposes, six at a time, and the least predicted time of those that are new.
  const SearchSpace space(program_, machine_, Mode::Valid);
  StrategyContext context;
  context.space = &space;
  const auto strategy = make_strategy("random", context);
  ASSERT_TRUE(strategy);
  std::set<std::string> executed {identity("")};
  std::set<std::string> predicted {identity("")};
  std::int64_t simulations = 1;
  for (std::size_t i = 1; i < 20;) {
    std::optional<std::pair<double, Proposal>> best;
    std::set<std::string> distinct;
    std::size_t valid = 0;
    for (const Proposal& p : (*strategy)->ask(6)) {
      const std::string id = identity(p.mapper);
      if (executed.contains(id) || !distinct.insert(id).second) continue;
      simulations += predicted.insert(id).second ? 1 : 0;
      const std::optional<double> seconds = prediction(p.mapper);
      if (!seconds) continue;
      ++valid;
      if (!best || *seconds < best->first) best.emplace(*seconds, p);
    }
    if (!best) continue;
    const Evaluation& e = result.history[i++];
    EXPECT_EQ(e.mapper, best->second.mapper) << "evaluation " << i;
    EXPECT_EQ(e.note, fmt::format("predicted {} (1 of {}): {}", human_seconds(best->first), valid, best->second.note));
    EXPECT_EQ(e.simulations, simulations - (i == 2 ? 1 : 0));  // the first one is the default mapper's
    simulations = 0;
    executed.insert(identity(e.mapper));
  }
  EXPECT_EQ(result.history[0].simulations, 1);
  EXPECT_EQ(result.simulations, predictor_.runs);
}

TEST_F(Screened, OfABatchTheBestAreExecutedInTheOrderOfTheirRank) {
  FakeEngine engine(measure);
  TuneRequest r = request(engine, "random", 7, 8);
  r.batch = 3;
  const TuneResult result = run(r);
  ASSERT_EQ(result.history.size(), 7u);
  for (std::size_t i = 1; i < 7; ++i) {
    EXPECT_TRUE(has(result.history[i].note, fmt::format("({} of ", (i - 1) % 3 + 1))) << result.history[i].note;
    if (i % 3 == 1) continue;
    EXPECT_LE(*prediction(result.history[i - 1].mapper), *prediction(result.history[i].mapper));
  }
}

TEST_F(Screened, WhatCannotRunInThePredictionIsHeldBack) {
  for (const std::string optimizer : {"random", "hillclimb"}) {
    FakeEngine engine(measure);
    const TuneResult result = run(request(engine, optimizer, 60, 2));
    ASSERT_EQ(result.history.size(), 60u);
    for (std::size_t i = 1; i < result.history.size(); ++i) EXPECT_TRUE(prediction(result.history[i].mapper).has_value());
  }
}

TEST_F(Screened, AScreenThatPassesNothingEndsTheRun) {
  for (const std::string optimizer : {"random", "hillclimb"}) {
    FakeEngine engine(measure);
    FakeEngine nothing([](const std::string&) { return FakeEngine::bad(engine::Outcome::OutOfMemory, "full"); });
    TuneRequest r = request(engine, optimizer, 10, 20);
    r.screen->engine = &nothing;
    const TuneResult result = run(r);
    EXPECT_EQ(result.history.size(), 1u);  // the default mapper is executed in any case
    EXPECT_EQ(result.stopped_by, StoppedBy::Duplicates);
    EXPECT_LE(nothing.runs, 1 + 520);      // 500 in a row, and the rest of a batch
  }
}

TEST_F(Screened, APredictorThatCannotWorkIsAnError) {
  FakeEngine engine(measure);
  FakeEngine broken([](const std::string&) -> Expected<engine::Execution> { return failure(6001, "no predictor"); });
  TuneRequest r = request(engine, "random", 10, 20);
  r.screen->engine = &broken;
  const Expected<TuneResult> result = tune(r);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message, "no predictor");
  EXPECT_EQ(engine.runs, 0);
}

TEST_F(Screened, EqualRequestsGiveEqualHistoriesWhateverTheJobs) {
  for (const std::string optimizer : {"random", "hillclimb"}) {
    FakeEngine engine(measure);
    TuneRequest r = request(engine, optimizer, 40, 7);
    const std::string first = flat(run(r).history);
    EXPECT_EQ(flat(run(r).history), first);
    r.jobs = 4;
    EXPECT_EQ(flat(run(r).history), first);
    r.seed = 2;
    EXPECT_NE(flat(run(r).history), first);
  }
}

TEST_F(Screened, ResumesFromEveryCommitPoint) {
  for (const std::string optimizer : {"random", "hillclimb"}) {
    for (const std::int64_t batch : {1, 3}) {
      FakeEngine engine(measure);
      MemoryRecorder whole;
      TuneRequest r = request(engine, optimizer, 12, 5);
      r.batch = batch;
      r.recorder = &whole;
      const std::string expected = flat(run(r).history);
      for (std::size_t cut = 0; cut <= 12; ++cut) {
        FakeEngine second(measure);
        TuneRequest again = request(second, optimizer, 12, 5);
        again.batch = batch;
        again.earlier.emplace();
        again.earlier->evaluations.assign(whole.kept.evaluations.begin(), whole.kept.evaluations.begin() + static_cast<std::ptrdiff_t>(cut));
        EXPECT_EQ(flat(run(again).history), expected) << optimizer << " cut " << cut;
        EXPECT_EQ(second.runs, static_cast<int>(12 - cut));  // nothing is measured again
      }
    }
  }
}

TEST_F(Screened, AnInterruptEndsThePredictions) {
  std::atomic<bool> stop {false};
  FakeEngine engine(measure);
  int calls = 0;
  FakeEngine predictor([&](const std::string& text) {
    if (++calls == 40) stop = true;
    return predict(identity(text));
  });
  TuneRequest r = request(engine, "random", 100, 15);
  r.screen->engine = &predictor;
  r.interrupted = &stop;
  const TuneResult result = run(r);
  EXPECT_EQ(result.stopped_by, StoppedBy::Interrupt);
  EXPECT_EQ(calls, 40);
  EXPECT_EQ(engine.runs, static_cast<int>(result.history.size()));
}

// With a screen that is right, the climb needs as many executions as there are gains, and few more.
TEST(ScreenedHillclimb, NeedsFewExecutionsWhenThePredictionsAreRight) {
  const auto cost = [](const std::string& text) {
    double seconds = 8;
    if (has(text, "SingleTaskMap a_leaf")) seconds /= 2;
    if (has(text, "InstanceLimit")) seconds /= 2;
    if (has(text, "Region a_place,a_leaf a_t GPU ZCMEM") || has(text, "Region a_leaf a_t GPU ZCMEM")) seconds /= 2;
    return FakeEngine::ok(seconds);
  };
  const auto p = nest_program();
  const auto m = shipped("generic");
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    FakeEngine engine(cost), predictor(cost);
    TuneRequest r;
    r.program = &p;
    r.machine = &m;
    r.engine = &engine;
    r.screen = Screen {&predictor, 60};
    r.seed = seed;
    r.iterations = 12;  // 100 without a screen
    const auto result = tune(r);
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(result->history[*result->best].value, 1.0) << "seed " << seed;
  }
}

// Nothing is known of a proposal that was held back, so it comes again; what was told never does.
TEST(ScreenedHillclimb, ProposesAgainWhatWasHeldBack) {
  const auto p = nest_program();
  const auto m = shipped("generic");
  const SearchSpace space(p, m, Mode::Valid);
  StrategyContext context;
  context.space = &space;
  const auto strategy = make_strategy("hillclimb", context);
  ASSERT_TRUE(strategy);
  Evaluation level;
  level.value = 1;
  const Result start {{space.render(space.default_point()), "default mapper", space.default_point()}, &level, false, true};
  (*strategy)->tell({&start, 1});
  std::set<std::string> told, held;
  std::size_t again = 0;
  for (int round = 0; round < 30; ++round) {
    const std::vector<Proposal> asked = (*strategy)->ask(200);
    ASSERT_FALSE(asked.empty());
    std::vector<Result> results;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      EXPECT_FALSE(told.contains(asked[i].mapper)) << asked[i].mapper;
      again += held.count(asked[i].mapper);
      if (i == asked.size() / 2) {
        told.insert(asked[i].mapper);
        results.push_back({asked[i], &level, false, false});
      } else {
        held.insert(asked[i].mapper);
      }
    }
    (*strategy)->tell(results);
  }
  EXPECT_EQ(told.size(), 30u);
  EXPECT_GT(again, 100u);
}

}  // namespace
}  // namespace mapwright::search
