// Times of points as functions of their sizes.
#include <algorithm>
#include <map>

#include "engine/legion/record.h"

namespace mapwright::engine::legion {

using program::Expr;

namespace {

constexpr double kSpread = 1.5;     // sizes must differ so much before times are taken to depend on them,
constexpr double kExplained = 0.8;  // and explain this share of the variance

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

Expr fit(std::span<const TimeSample> samples) {
  std::vector<double> all;
  std::size_t arguments = samples.empty() ? 0 : samples.front().elements.size();
  for (const TimeSample& s : samples) {
    all.push_back(s.seconds);
    arguments = std::min(arguments, s.elements.size());
  }
  if (all.empty()) return 0;
  // By sizes of each argument, the medians of the times: outliers are pauses of the machine.
  Expr best = median(all);
  double best_error = -1;
  for (std::size_t a = 0; a < arguments; ++a) {
    std::map<std::int64_t, std::vector<double>> by_size;
    for (const TimeSample& s : samples) by_size[s.elements[a]].push_back(s.seconds);
    const double smallest = static_cast<double>(by_size.begin()->first), largest = static_cast<double>(by_size.rbegin()->first);
    if (largest < kSpread * std::max(smallest, 1.0)) continue;
    double n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
    for (const auto& [size, times] : by_size) {
      const auto w = static_cast<double>(times.size()), at = static_cast<double>(size), t = median(times);
      n += w;
      x += w * at;
      y += w * t;
      xx += w * at * at;
      xy += w * at * t;
      yy += w * t * t;
    }
    double slope = (n * xy - x * y) / (n * xx - x * x), base = (y - slope * x) / n;
    if (base < 0) {
      base = 0;
      slope = xy / xx;
    }
    if (slope <= 0) continue;
    double error = 0;
    for (const auto& [size, times] : by_size) {
      const double off = median(times) - base - slope * static_cast<double>(size);
      error += off * off * static_cast<double>(times.size());
    }
    if (error > (1 - kExplained) * (yy - y * y / n) || (best_error >= 0 && error >= best_error)) continue;
    best_error = error;
    best = Expr(slope) * Expr::elements(static_cast<int>(a));
    if (base > 0) best = Expr(base) + best;
  }
  return best;
}

}  // namespace mapwright::engine::legion
