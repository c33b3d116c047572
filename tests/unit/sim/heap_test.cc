#include "engine/sim/heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <vector>

#include "base/random.h"

namespace mapwright::engine::sim {
namespace {

struct Item {
  double rate = 0;
  std::uint64_t number = 0;
  bool before(const Item& i) const { return in_order(rate, i.rate, number, i.number); }
  friend bool operator<(const Item& a, const Item& b) { return std::tie(a.rate, a.number) < std::tie(b.rate, b.number); }
  friend bool operator==(const Item&, const Item&) = default;
};

// Few different rates, so that numbers decide.
Item random_item(Rng& rng, std::uint64_t number) { return {static_cast<double>(rng.below(8)) / 4, number}; }

TEST(InOrder, IsThatOfPairs) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> rates {0, std::numeric_limits<double>::denorm_min(), 1e-300, 0.5, 1, 1e18, infinity};
  const std::vector<std::uint64_t> numbers {0, 1, std::uint64_t {1} << 63, ~std::uint64_t {0}};
  for (const double a : rates) {
    for (const double b : rates) {
      for (const std::uint64_t i : numbers) {
        for (const std::uint64_t j : numbers) EXPECT_EQ(in_order(a, b, i, j), std::pair(a, i) < std::pair(b, j)) << a << " " << b;
      }
    }
  }
  EXPECT_TRUE(in_order(std::int64_t {7}, std::int64_t {8}, 9, 0));
}

TEST(Heap, GivesTheSmallestFirst) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed);
    Heap<Item> heap;
    std::vector<Item> all;
    for (std::uint64_t n = 0; n < 200; ++n) {
      if (rng.below(2) && !all.empty()) {
        const auto smallest = std::min_element(all.begin(), all.end());
        EXPECT_EQ(heap.front(), *smallest);
        EXPECT_EQ(heap.pop(), *smallest);
        all.erase(smallest);
      } else {
        all.push_back(random_item(rng, n));
        heap.push(all.back());
      }
      ASSERT_EQ(heap.empty(), all.empty());
    }
  }
}

}  // namespace
}  // namespace mapwright::engine::sim
