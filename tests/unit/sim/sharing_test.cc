#include "engine/sim/sharing.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "base/base.h"

namespace mapwright::engine::sim {
namespace {

struct Flow {
  std::vector<std::uint32_t> channels;
  double cap = 0;
};

// Progressive filling as in the textbook, over everything, from nothing.
std::map<std::uint32_t, double> naive(const std::vector<double>& capacities, const std::map<std::uint32_t, Flow>& flows) {
  std::map<std::uint32_t, double> rate;
  std::vector<double> left = capacities;
  while (rate.size() < flows.size()) {
    std::vector<double> users(capacities.size(), 0);
    for (const auto& [id, f] : flows) {
      if (rate.count(id)) continue;
      for (const std::uint32_t c : f.channels) ++users[c];
    }
    double level = 1e300;
    for (const auto& [id, f] : flows) {
      if (!rate.count(id)) level = std::min(level, f.cap);
    }
    for (std::size_t c = 0; c < left.size(); ++c) {
      if (users[c] > 0) level = std::min(level, left[c] / users[c]);
    }
    // Everyone who cannot get more than `level` stays there.
    std::vector<std::uint32_t> stays;
    for (const auto& [id, f] : flows) {
      if (rate.count(id)) continue;
      bool stuck = f.cap <= level * (1 + 1e-13);
      for (const std::uint32_t c : f.channels) stuck = stuck || left[c] / users[c] <= level * (1 + 1e-13);
      if (stuck) stays.push_back(id);
    }
    for (const std::uint32_t id : stays) {
      rate[id] = level;
      for (const std::uint32_t c : flows.at(id).channels) left[c] -= level;
    }
  }
  return rate;
}

TEST(FairShares, KnownTriangle) {
  // Channels of 10 and 4. a uses both, b the first, c the second: a = c = 2, b = 8.
  FairShares s({10, 4});
  const auto a = s.add(std::vector<std::uint32_t> {0, 1}, 100), b = s.add(std::vector<std::uint32_t> {0}, 100),
             c = s.add(std::vector<std::uint32_t> {1}, 100);
  EXPECT_EQ(s.update().size(), 3u);
  EXPECT_NEAR(s.rate(a), 2, 1e-11);
  EXPECT_NEAR(s.rate(b), 8, 1e-11);
  EXPECT_NEAR(s.rate(c), 2, 1e-11);
  s.remove(c);  // a = 4, b = 6
  EXPECT_EQ(s.update().size(), 2u);
  EXPECT_NEAR(s.rate(a), 4, 1e-11);
  EXPECT_NEAR(s.rate(b), 6, 1e-11);
}

TEST(FairShares, AFlowWithoutChannelsRunsAtItsCap) {
  FairShares s({10});
  const auto a = s.add({}, 3);
  ASSERT_EQ(s.update().size(), 1u);
  EXPECT_EQ(s.rate(a), 3);
}

TEST(FairShares, WhatDoesNotMeetDoesNotChange) {
  FairShares s({10, 10});
  const auto a = s.add(std::vector<std::uint32_t> {0}, 8), b = s.add(std::vector<std::uint32_t> {0}, 8);
  s.update();
  s.add(std::vector<std::uint32_t> {1}, 8);
  EXPECT_EQ(s.update().size(), 1u);
  EXPECT_NEAR(s.rate(a), 5, 1e-11);
  EXPECT_NEAR(s.rate(b), 5, 1e-11);
}

// Adds and removes up to `burst` flows at a time and compares the rates with those of the textbook.
void compare_with_naive(Rng& rng, std::size_t n, int steps, std::uint64_t burst) {
  std::vector<double> capacities;
  for (std::size_t i = 0; i < n; ++i) capacities.push_back(rng.below(3) == 0 ? 10 : 1 + 20 * rng.unit());
  FairShares s(capacities);
  std::map<std::uint32_t, Flow> flows;
  for (int step = 0; step < steps; ++step) {
    for (std::uint64_t k = 0; k <= rng.below(burst); ++k) {
      if (flows.empty() || rng.below(5) < 3) {
        Flow f;
        for (std::uint32_t c = 0; c < n; ++c) {
          if (rng.below(n) < 2) f.channels.push_back(c);
        }
        f.cap = rng.below(2) == 0 ? 30 : 0.1 + 10 * rng.unit();
        const std::uint32_t id = s.add(f.channels, f.cap);
        flows[id] = f;
      } else {
        auto it = flows.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(rng.below(flows.size())));
        s.remove(it->first);
        flows.erase(it);
      }
    }
    s.update();
    const auto expected = naive(capacities, flows);
    std::vector<double> used(n, 0);
    for (const auto& [id, f] : flows) {
      RC_ASSERT(std::abs(s.rate(id) - expected.at(id)) <= 1e-9 * expected.at(id));
      RC_ASSERT(s.rate(id) <= f.cap);
      for (const std::uint32_t c : f.channels) used[c] += s.rate(id);
    }
    for (std::size_t c = 0; c < n; ++c) RC_ASSERT(used[c] <= capacities[c] * (1 + 1e-12));
    for (const auto& [id, f] : flows) {  // nobody could get more
      bool full = s.rate(id) >= f.cap * (1 - 1e-11);
      for (const std::uint32_t c : f.channels) full = full || used[c] >= capacities[c] * (1 - 1e-9);
      RC_ASSERT(full);
    }
  }
}

RC_GTEST_PROP(FairShares, IncrementalEqualsNaive, ()) {
  Rng rng(*rc::gen::arbitrary<std::uint64_t>());
  compare_with_naive(rng, 2 + rng.below(12), 60, 4);
}

RC_GTEST_PROP(FairShares, ManyFlowsAtOnceEqualNaive, ()) {
  Rng rng(*rc::gen::arbitrary<std::uint64_t>());
  compare_with_naive(rng, 4 + rng.below(40), 6, 150);
}

}  // namespace
}  // namespace mapwright::engine::sim
