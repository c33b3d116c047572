#include "driver/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mapwright::driver {
namespace {

TEST(Statistics, MedianOfOddAndEvenCounts) {
  EXPECT_DOUBLE_EQ(median_of({3, 1, 2}).median, 2);
  EXPECT_DOUBLE_EQ(median_of({4, 1, 3, 2}).median, 2.5);
  EXPECT_DOUBLE_EQ(median_of({5}).median, 5);
}

TEST(Statistics, SevenValuesTakeTheWholeRange) {
  // 1 - 2 * (1/2)^7 = 0.984375; leaving out the outermost pair gives 1 - 2 * 8/128 = 0.875, below 95 %.
  const Interval i = median_of({7, 1, 2, 3, 4, 5, 6});
  EXPECT_DOUBLE_EQ(i.low, 1);
  EXPECT_DOUBLE_EQ(i.high, 7);
  EXPECT_DOUBLE_EQ(i.confidence, 0.984375);
}

TEST(Statistics, NineValuesDropTheOutermostPair) {
  // P(Binomial(9, 1/2) < 2) = (1 + 9) / 512; confidence 1 - 20/512 = 0.9609375.
  const Interval i = median_of({1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_DOUBLE_EQ(i.low, 2);
  EXPECT_DOUBLE_EQ(i.high, 8);
  EXPECT_DOUBLE_EQ(i.confidence, 0.9609375);
}

TEST(Statistics, QuantilesInterpolate) {
  EXPECT_DOUBLE_EQ(quantile({30, 10, 20}, 0.5), 20);
  EXPECT_DOUBLE_EQ(quantile({10, 20}, 0.9), 19);  // 10 + 0.9 x 10
  EXPECT_DOUBLE_EQ(quantile({7}, 0.9), 7);
}

TEST(Statistics, SpearmanComparesRanks) {
  EXPECT_DOUBLE_EQ(spearman({1, 2, 3}, {10, 100, 1000}), 1);
  EXPECT_DOUBLE_EQ(spearman({1, 2, 3}, {3, 2, 1}), -1);
  // Ranks 0 1 2 3 and 1 0 2 3: 1 - 6 x (1 + 1) / (4 x 15) = 0.8.
  EXPECT_DOUBLE_EQ(spearman({1, 2, 3, 4}, {20, 10, 30, 40}), 0.8);
  // Ranks 0 1 2 and 0.5 0.5 2: deviations (-1, 0, 1) and (-0.5, -0.5, 1): 1.5 / sqrt(2 x 1.5).
  EXPECT_DOUBLE_EQ(spearman({1, 2, 3}, {5, 5, 9}), 1.5 / std::sqrt(3));
  EXPECT_EQ(spearman({1, 2}, {5, 5}), 0);
}

TEST(Statistics, FewValuesHaveLittleConfidence) {
  EXPECT_DOUBLE_EQ(interval_confidence(1), 0);
  EXPECT_DOUBLE_EQ(interval_confidence(2), 0.5);      // 1 - 2/4
  EXPECT_DOUBLE_EQ(interval_confidence(6), 0.96875);  // 1 - 2/64: the least count that reaches 95 %
}

TEST(Statistics, IntervalsOverlapWhenTheyTouch) {
  EXPECT_TRUE(overlap({2, 1, 3, 0.95}, {4, 3, 5, 0.95}));
  EXPECT_FALSE(overlap({2, 1, 3, 0.95}, {5, 3.5, 6, 0.95}));
  EXPECT_TRUE(overlap({2, 1, 9, 0.95}, {4, 3, 5, 0.95}));
}

}  // namespace
}  // namespace mapwright::driver
