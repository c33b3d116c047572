// The generators are specified to the bit. Expected values: an independent transcription of the formulas in Python
// integers; the sequence of SplitMix64 from 0 is also the published one (e220a8397b1dcdaf, ...).
#include <gtest/gtest.h>

#include "base/base.h"

namespace mapwright {
namespace {

TEST(Random, CounterRandomToTheBit) {
  EXPECT_EQ(counter_random(1, 0, 0), 0xd674436882ba51d9U);
  EXPECT_EQ(counter_random(1, 0, 1), 0x2212715cfd10d2adU);
  EXPECT_EQ(counter_random(1, 1, 0), 0x452150bece3e5238U);
  EXPECT_EQ(counter_random(2, 0, 0), 0x3db6595f7161ba9fU);
}

TEST(Random, SequenceOfSplitMix64) {
  Rng rng(0);
  EXPECT_EQ(rng(), 0xe220a8397b1dcdafU);
  EXPECT_EQ(rng(), 0x6e789e6aa1b965f4U);
  EXPECT_EQ(rng(), 0x06c45d188009454fU);
}

TEST(Random, ContinuesFromItsState) {
  Rng first(42);
  first();
  Rng second(first.state());
  EXPECT_EQ(first(), second());
}

TEST(Random, BelowStaysBelowAndReachesAll) {
  Rng rng(3);
  std::array<int, 5> seen {};
  for (int i = 0; i < 5000; ++i) ++seen.at(rng.below(5));
  // 1000 each expected; the standard deviation is sqrt(5000 * 0.2 * 0.8) = 28, six of them 170.
  for (const int n : seen) EXPECT_NEAR(n, 1000, 170);
}

TEST(Random, UnitIsInTheHalfOpenInterval) {
  EXPECT_EQ(to_unit(0), 0.0);
  EXPECT_EQ(to_unit(~std::uint64_t {0}), 1 - 0x1.0p-53);
  EXPECT_EQ(to_unit(std::uint64_t {1} << 63), 0.5);
}

}  // namespace
}  // namespace mapwright
