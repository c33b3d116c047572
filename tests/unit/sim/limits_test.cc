// The parts of the lower bound: sharing work over kinds of processors, and least cuts.
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "engine/sim/cut.h"
#include "engine/sim/spread.h"
#include "support/tiny_machine.h"

namespace mapwright {
namespace {

using engine::sim::Component;
using engine::sim::ExchangeGraph;
using engine::sim::least_time;
using engine::sim::SiteLoad;

// Least cut by trying all: bit v of `side` says where vertex v is.
double brute_force_cut(std::size_t n, const std::vector<std::vector<double>>& w) {
  double least = HUGE_VAL;
  for (std::uint32_t side = 1; side + 1 < (1u << n); ++side) {
    double sum = 0;
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = a + 1; b < n; ++b) {
        if ((side >> a & 1) != (side >> b & 1)) sum += w[a][b];
      }
    }
    least = std::min(least, sum);
  }
  return least;
}

TEST(Cut, IsTheLeastOfAllCuts) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    const std::size_t n = 2 + rng.below(7);
    std::vector<std::vector<double>> w(n, std::vector<double>(n, 0));
    ExchangeGraph graph(n);
    const auto add = [&](std::size_t a, std::size_t b, double bytes) {
      w[std::min(a, b)][std::max(a, b)] += bytes;
      graph.add(static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b), bytes);
    };
    for (std::size_t v = 1; v < n; ++v) add(rng.below(v), v, static_cast<double>(1 + rng.below(9)));  // connected
    for (std::uint64_t e = rng.below(20); e-- > 0;) {
      const std::size_t a = rng.below(n), b = rng.below(n);
      if (a != b) add(a, b, static_cast<double>(1 + rng.below(9)));
    }
    const Component c = graph.heaviest_component(std::vector<double>(n, 1));
    EXPECT_EQ(c.least_cut, brute_force_cut(n, w)) << seed;
  }
}

TEST(Cut, LooksAtTheComponentWithMostWork) {
  ExchangeGraph graph(5);
  graph.add(0, 1, 10);
  graph.add(2, 3, 7);
  graph.add(3, 4, 5);
  const Component c = graph.heaviest_component({1, 1, 1, 1, 1});
  EXPECT_EQ(c.members, (std::vector<bool> {false, false, true, true, true}));
  EXPECT_EQ(c.least_cut, 5);
}

TEST(Cut, CountsWhatComesThroughTheNetworkCards) {
  machine::Overrides nodes;
  EXPECT_EQ(engine::sim::rate_into_node(test::shipped("lassen", nodes)), 0);
  nodes.nodes = 4;
  EXPECT_DOUBLE_EQ(engine::sim::rate_into_node(test::shipped("p100", nodes)), 12.5e9);      // one card
  EXPECT_DOUBLE_EQ(engine::sim::rate_into_node(test::shipped("lassen", nodes)), 2 * 12.5e9);  // two
}

// The true optimum with every point assigned by trying all, against the bound.
TEST(Spread, IsABoundThatIsNotFarOff) {
  double worst = 1;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    const std::vector<double> processors {1.0 + static_cast<double>(rng.below(3)), 1.0 + static_cast<double>(rng.below(2))};
    std::vector<SiteLoad> sites;
    const std::size_t n = 1 + rng.below(4);
    std::vector<std::vector<double>> each(n);
    for (std::size_t s = 0; s < n; ++s) {
      sites.emplace_back(2);
      const std::int64_t points = 1 + static_cast<std::int64_t>(rng.below(3));
      each[s] = {static_cast<double>(1 + rng.below(5)), static_cast<double>(1 + rng.below(5))};
      for (std::int64_t i = 0; i < points; ++i) {
        sites[s].add(0, each[s][0]);
        sites[s].add(1, each[s][1]);
        ++sites[s].points;
      }
    }
    // Kinds by the bits of `choice`; the points of a kind onto its processors by trying all.
    double best = HUGE_VAL;
    for (std::uint32_t choice = 0; choice < 1u << n; ++choice) {
      double time = 0;
      for (std::uint32_t kind = 0; kind < 2; ++kind) {
        std::vector<double> jobs;
        for (std::size_t s = 0; s < n; ++s) {
          if ((choice >> s & 1) == kind) jobs.insert(jobs.end(), static_cast<std::size_t>(sites[s].points), each[s][kind]);
        }
        const auto p = static_cast<std::size_t>(processors[kind]);
        double least = HUGE_VAL;
        std::vector<std::size_t> at(jobs.size(), 0);
        for (bool more = true; more;) {
          std::vector<double> load(p, 0);
          for (std::size_t j = 0; j < jobs.size(); ++j) load[at[j]] += jobs[j];
          least = std::min(least, *std::max_element(load.begin(), load.end()));
          more = false;
          for (std::size_t j = 0; j < jobs.size() && !more; ++j) {
            at[j] = (at[j] + 1) % p;
            more = at[j] != 0;
          }
        }
        time = std::max(time, least);
      }
      best = std::min(best, time);
    }
    const double bound = least_time(sites, processors);
    EXPECT_LE(bound, best * (1 + 1e-9)) << seed;
    worst = std::min(worst, bound / best);
  }
  EXPECT_GT(worst, 0.5);
}

TEST(Spread, KnowsKindsWithoutVariants) {
  SiteLoad cpu_only(2);
  cpu_only.add(0, 3);
  cpu_only.sum[1] = -1;
  cpu_only.points = 1;
  EXPECT_EQ(least_time({cpu_only}, {1, 4}), 3);
  SiteLoad nothing(2);
  nothing.sum = {-1, -1};
  nothing.points = 1;
  EXPECT_EQ(least_time({nothing}, {1, 4}), 0);
  EXPECT_EQ(least_time({}, {1, 4}), 0);
}

}  // namespace
}  // namespace mapwright
