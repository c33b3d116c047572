#include <gtest/gtest.h>

#include "fixtures.h"

namespace mapwright::search {
namespace {

using testing::FakeEngine;
using testing::nest_program;
using testing::shipped;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A landscape with three independent gains, one of them a map of the single leaf: 8 -> 4 -> 2 -> 1 seconds.
Expected<engine::Execution> three_gains(const std::string& text) {
  double seconds = 8;
  if (has(text, "SingleTaskMap a_leaf")) seconds /= 2;
  if (has(text, "InstanceLimit")) seconds /= 2;
  if (has(text, "Region a_place,a_leaf a_t GPU ZCMEM") || has(text, "Region a_leaf a_t GPU ZCMEM")) seconds /= 2;
  return FakeEngine::ok(seconds);
}

TEST(Hillclimb, FindsIndependentGains) {
  const auto p = nest_program();
  const auto m = shipped("generic");
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    FakeEngine engine(three_gains);
    TuneRequest r;
    r.program = &p;
    r.machine = &m;
    r.engine = &engine;
    r.seed = seed;
    r.iterations = 100;
    const auto result = tune(r);
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(result->history[*result->best].value, 1.0) << "seed " << seed;
  }
}

TEST(Hillclimb, BeatsRandomOnTheSameBudget) {
  const auto p = nest_program();
  const auto m = shipped("generic");
  int wins = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    double best[2];
    for (int k = 0; k < 2; ++k) {
      FakeEngine engine(three_gains);
      TuneRequest r;
      r.program = &p;
      r.machine = &m;
      r.engine = &engine;
      r.optimizer = k == 0 ? "hillclimb" : "random";
      r.seed = seed;
      r.iterations = 40;
      const auto result = tune(r);
      ASSERT_TRUE(result.has_value());
      best[k] = *result->history[*result->best].value;
    }
    wins += best[0] <= best[1] ? 1 : 0;
  }
  EXPECT_GE(wins, 4);
}

// On a plateau nothing is proposed twice and the run goes on: kicks and restarts.
TEST(Hillclimb, LeavesPlateaus) {
  const auto p = nest_program();
  const auto m = shipped("generic");
  FakeEngine engine([](const std::string&) { return FakeEngine::ok(1); });
  TuneRequest r;
  r.program = &p;
  r.machine = &m;
  r.engine = &engine;
  r.iterations = 150;
  const auto result = tune(r);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->history.size(), 150u);
  EXPECT_EQ(result->best, 0u);  // ties are no improvement
  int starts = 0;
  for (const Evaluation& e : result->history) starts += e.note == "new start" ? 1 : 0;
  EXPECT_GT(starts, 1);
}

TEST(Hillclimb, SurvivesADefaultThatDoesNotRun) {
  const auto p = nest_program();
  const auto m = shipped("generic");
  FakeEngine engine([](const std::string& text) -> Expected<engine::Execution> {
    if (!has(text, "ZCMEM")) return FakeEngine::bad(engine::Outcome::OutOfMemory, "FBMEM is full");
    return FakeEngine::ok(2);
  });
  TuneRequest r;
  r.program = &p;
  r.machine = &m;
  r.engine = &engine;
  r.iterations = 60;
  const auto result = tune(r);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->history[0].outcome, engine::Outcome::OutOfMemory);
  EXPECT_TRUE(result->best.has_value());
}

// The whole history is the same but for names, which have other lengths and another order here.
TEST(Hillclimb, NamesChangeNothingButNames) {
  const auto m = shipped("generic", 2);
  std::vector<std::string> histories;
  for (const std::string prefix : {"b", "aaaaa"}) {
    const auto plain = [prefix](std::string text) {
      const std::string from = prefix + "_";
      for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;) text.replace(at, from.size(), "@");
      return text;
    };
    const auto p = nest_program(testing::Names {prefix});
    FakeEngine engine([&](const std::string& text) {
      const std::uint64_t h = Hasher().add(plain(text)).low();
      return h % 7 == 0 ? FakeEngine::bad(engine::Outcome::OutOfMemory, "full") : FakeEngine::ok(static_cast<double>(h % 20));
    });
    TuneRequest r;
    r.program = &p;
    r.machine = &m;
    r.engine = &engine;
    r.iterations = 120;
    const auto result = tune(r);
    ASSERT_TRUE(result.has_value());
    std::string history;
    for (const Evaluation& e : result->history) history += plain(e.mapper) + e.note + "\n";
    histories.push_back(history);
  }
  EXPECT_EQ(histories[0], histories[1]);
}

}  // namespace
}  // namespace mapwright::search
