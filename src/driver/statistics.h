// driver/statistics.h - medians and what can be said about them without assuming a distribution.
#pragma once

#include <cstddef>
#include <vector>

namespace mapwright::driver {

struct Interval {
  double median = 0, low = 0, high = 0;
  double confidence = 0;  // that the true median lies in [low, high]
};

// Median of the values (at least one; the mean of the two middle ones for an even number) with the narrowest pair of
// order statistics whose confidence is at least 95 %, or the whole range when there are too few values for that.
// Source: the number of values below the true median is binomial(n, 1/2).
Interval median_of(std::vector<double> values);

// The confidence that median_of() reaches with n values.
double interval_confidence(std::size_t n);

// The q-quantile of at least one value, 0 <= q <= 1, interpolated linearly between order statistics.
double quantile(std::vector<double> values, double q);

// Spearman's rank correlation of two equally long lists; equal values share the mean of their ranks. 0 for fewer than two
// values, or when all values of a list are equal.
double spearman(const std::vector<double>& a, const std::vector<double>& b);

// Whether the intervals have a point in common: then the medians are not distinguishable.
bool overlap(const Interval& a, const Interval& b);

}  // namespace mapwright::driver
