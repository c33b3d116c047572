#include "driver/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/base.h"

namespace mapwright::driver {

namespace {

// P(low-th smallest <= median <= low-th largest) of n values, low from 1: 1 - 2 P(Binomial(n, 1/2) < low).
double coverage(std::size_t n, std::size_t low) {
  double term = std::pow(0.5, static_cast<double>(n)), below = 0;
  for (std::size_t k = 0; k < low; ++k) {
    below += term;
    term *= static_cast<double>(n - k) / static_cast<double>(k + 1);
  }
  return 1 - 2 * below;
}

std::size_t narrowest(std::size_t n) {
  std::size_t low = 1;
  while (low + 1 <= n / 2 && coverage(n, low + 1) >= 0.95) ++low;
  return low;
}

}  // namespace

double interval_confidence(std::size_t n) { return n < 2 ? 0 : coverage(n, narrowest(n)); }

Interval median_of(std::vector<double> values) {
  MW_CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size(), low = narrowest(n);
  const double median = n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  return {median, values[low - 1], values[n - low], interval_confidence(n)};
}

double quantile(std::vector<double> values, double q) {
  MW_CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const double at = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

namespace {

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t {0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
  std::vector<double> result(values.size());
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && !(values[order[begin]] < values[order[end]])) ++end;
    for (std::size_t i = begin; i < end; ++i) result[order[i]] = static_cast<double>(begin + end - 1) / 2;
  }
  return result;
}

}  // namespace

double spearman(const std::vector<double>& a, const std::vector<double>& b) {
  MW_CHECK(a.size() == b.size());
  if (a.size() < 2) return 0;
  const std::vector<double> x = ranks(a), y = ranks(b);
  const double mean = static_cast<double>(a.size() - 1) / 2;  // of ranks, ties or not
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

bool overlap(const Interval& a, const Interval& b) { return a.low <= b.high && b.low <= a.high; }

}  // namespace mapwright::driver
