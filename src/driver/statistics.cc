#include "driver/statistics.h"

#include <algorithm>
#include <cmath>

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

bool overlap(const Interval& a, const Interval& b) { return a.low <= b.high && b.low <= a.high; }

}  // namespace mapwright::driver
