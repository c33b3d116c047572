#include "engine/sim/agenda.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"

namespace mapwright::engine::sim {
namespace {

struct Due {
  std::uint64_t order = 0;
  bool before(const Due& i) const { return order < i.order; }
  friend bool operator<(const Due& a, const Due& b) { return a.order < b.order; }
  friend bool operator==(const Due&, const Due&) = default;
};

std::string popped(Agenda<Due>& agenda) {
  std::string text;
  while (!agenda.empty()) {
    text += std::to_string(agenda.time()) + ":";
    text += std::to_string(agenda.pop().order) + " ";
  }
  return text;
}

TEST(BucketQueue, KeepsTheOrderInWhichEqualKeysCame) {
  BucketQueue<double, int> queue;
  for (const int i : {1, 2, 3}) queue.push(0.5, i);
  queue.push(0.25, 4);
  queue.push(0.5, 5);
  EXPECT_EQ(queue.key(), 0.25);
  EXPECT_EQ(queue.pop(), 4);
  EXPECT_EQ(queue.key(), 0.5);
  std::vector<int> rest;
  queue.pop_all(rest);
  EXPECT_EQ(rest, (std::vector {1, 2, 3, 5}));
  EXPECT_TRUE(queue.empty());
  queue.push(0.5, 6);  // the list of that key was closed
  EXPECT_EQ(queue.front(), 6);
}

// More keys than are remembered, so that keys get several lists; pop_all takes all of them.
TEST(BucketQueue, GivesTheSmallestKeyWhateverIsRemembered) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    BucketQueue<std::int64_t, std::uint64_t> queue;
    std::vector<std::pair<std::int64_t, std::uint64_t>> all;
    for (std::uint64_t n = 0; n < 4000; ++n) {
      const std::uint64_t what = rng.below(5);
      if (what > 0 || all.empty()) {
        all.emplace_back(static_cast<std::int64_t>(rng.below(1000)), n);
        queue.push(all.back().first, n);
        continue;
      }
      const std::int64_t key = std::min_element(all.begin(), all.end())->first;
      ASSERT_EQ(queue.key(), key);
      std::vector<std::uint64_t> got, expected;
      if (rng.below(2)) got.push_back(queue.pop()); else queue.pop_all(got);
      for (const auto& [k, item] : all) {
        if (k == key && (got.size() != 1 || item == got[0])) expected.push_back(item);
      }
      std::sort(got.begin(), got.end());
      ASSERT_EQ(got, expected);
      std::erase_if(all, [&](const auto& entry) { return entry.first == key && std::binary_search(got.begin(), got.end(), entry.second); });
    }
  }
}

TEST(Agenda, GivesWhatIsAtOneTimeInOrder) {
  Agenda<Due> agenda;
  agenda.push(20, {1});
  for (const std::uint64_t order : {7u, 3u, 5u}) agenda.push(10, {order});
  EXPECT_EQ(popped(agenda), "10:3 10:5 10:7 20:1 ");
}

TEST(Agenda, TakesItemsOfTheTimeThatHasCome) {
  Agenda<Due> agenda;
  for (const std::uint64_t order : {2u, 6u, 8u}) agenda.push(10, {order});
  EXPECT_EQ(agenda.pop(), Due {2});
  for (const std::uint64_t order : {7u, 1u, 9u}) agenda.push(10, {order});
  agenda.push(11, {0});
  EXPECT_EQ(popped(agenda), "10:1 10:6 10:7 10:8 10:9 11:0 ");
}

// Items are pushed at the time of the latest one or later, as in a simulation; sometimes all are read, or taken and put back.
TEST(Agenda, IsASortedListOfTimesAndItems) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed);
    Agenda<Due> agenda;
    std::vector<std::pair<Ticks, Due>> all;  // sorted
    const std::uint64_t times = 1 + rng.below(600);
    Ticks now = 0;
    for (std::uint64_t n = 0; n < 1000; ++n) {
      if (rng.below(2) && !all.empty()) {
        now = all.front().first;
        ASSERT_EQ(agenda.time(), now);
        const Due& any = agenda.any();
        EXPECT_TRUE(std::binary_search(all.begin(), all.end(), std::pair(now, any)));
        ASSERT_EQ(agenda.front(), all.front().second);
        ASSERT_EQ(agenda.pop(), all.front().second);
        all.erase(all.begin());
      } else {
        const std::pair item(now + static_cast<Ticks>(rng.below(times)), Due {rng.below(1000) << 32 | n});
        all.insert(std::upper_bound(all.begin(), all.end(), item), item);
        agenda.push(item.first, item.second);
      }
      if (rng.below(20) > 0) continue;
      const auto items = agenda.items();
      ASSERT_EQ(items, all);
      agenda.clear();
      ASSERT_TRUE(agenda.empty());
      for (const auto& [time, item] : items) agenda.push(time, item);
    }
  }
}

TEST(Agenda, GivesUpItemsInAnyOrderOfOneTime) {
  Agenda<Due> agenda;
  for (const std::uint64_t order : {4u, 2u}) agenda.push(10, {order});
  agenda.push(11, {1});
  std::vector<std::uint64_t> first {agenda.pop_any().order, agenda.pop_any().order};
  std::sort(first.begin(), first.end());
  EXPECT_EQ(first, (std::vector<std::uint64_t> {2, 4}));
  EXPECT_EQ(agenda.time(), 11);
}

}  // namespace
}  // namespace mapwright::engine::sim
