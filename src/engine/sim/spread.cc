#include "engine/sim/spread.h"

#include <algorithm>
#include <cmath>

namespace mapwright::engine::sim {

namespace {

// Loads of one site per kind: seconds of each processor when all points are spread perfectly, and what running on this
// kind takes at least, points being indivisible.
struct Options {
  std::vector<double> spread, alone;  // infinite without a variant
};

// The dual of spreading work fractionally: for shares m >= 0 of the kinds that sum to 1, no schedule is shorter than the
// sum over the sites of the least m[k] x load[k] of the kinds it may use. Looks for the best shares; any are right.
class Shares {
 public:
  // Sites may use the kinds on which they alone take at most `limit`.
  Shares(const std::vector<Options>& sites, double limit) : sites_(sites), limit_(limit), share_(sites[0].spread.size(), 0) {
    for (std::size_t k = 0; k < share_.size(); ++k) {
      if (std::any_of(sites.begin(), sites.end(), [&](const Options& s) { return s.alone[k] <= limit; })) used_.push_back(k);
    }
  }

  double best() { return best_from(0, 1); }

 private:
  // The value is concave in the shares, and so is the best one can do with the kinds from `i` on as a function of the share
  // of kind i: ternary search in ternary search.
  double best_from(std::size_t i, double left) {
    if (i + 1 == used_.size()) {
      share_[used_[i]] = left;
      return value();
    }
    const auto with = [&](double x) {
      share_[used_[i]] = x;
      return best_from(i + 1, left - x);
    };
    double low = 0, high = left, found = std::max(with(0), with(left));
    for (int step = 0; step < (used_.size() > 3 ? 12 : 50); ++step) {
      const double x = low + (high - low) / 3, y = high - (high - low) / 3, at_x = with(x), at_y = with(y);
      found = std::max({found, at_x, at_y});
      if (at_x < at_y) low = x; else high = y;
    }
    return found;
  }

  double value() const {
    double sum = 0;
    for (const Options& s : sites_) {
      double least = HUGE_VAL;
      for (const std::size_t k : used_) {
        if (s.alone[k] <= limit_) least = std::min(least, share_[k] * s.spread[k]);
      }
      sum += least;
    }
    return sum;
  }

  const std::vector<Options>& sites_;
  double limit_;
  std::vector<std::size_t> used_;
  std::vector<double> share_;
};

}  // namespace

void SiteLoad::add(std::size_t kind, double seconds) {
  smallest[kind] = points == 0 ? seconds : std::min(smallest[kind], seconds);
  largest[kind] = std::max(largest[kind], seconds);
  sum[kind] += seconds;
}

double least_time(const std::vector<SiteLoad>& sites, const std::vector<double>& processors) {
  std::vector<Options> options;
  std::vector<double> thresholds;
  double needed = 0;  // every site needs some kind
  for (const SiteLoad& s : sites) {
    if (s.points == 0) continue;
    Options& o = options.emplace_back();
    double least = HUGE_VAL;
    for (std::size_t k = 0; k < processors.size(); ++k) {
      const bool possible = s.sum[k] >= 0 && processors[k] > 0;
      o.spread.push_back(possible ? s.sum[k] / processors[k] : HUGE_VAL);
      const double rounds = std::ceil(static_cast<double>(s.points) / std::max(1.0, processors[k]));
      o.alone.push_back(possible ? std::max({o.spread[k], s.largest[k], rounds * s.smallest[k]}) : HUGE_VAL);
      least = std::min(least, o.alone[k]);
      if (possible) thresholds.push_back(o.alone[k]);
    }
    if (least == HUGE_VAL) return 0;
    needed = std::max(needed, least);
  }
  if (options.empty()) return 0;
  // In less than T, no site runs on a kind that alone takes more than T. So T is possible only if it is no less than the
  // bound with the kinds that remain; that bound falls with T, at the thresholds.
  std::sort(thresholds.begin(), thresholds.end());
  thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
  const auto first = std::lower_bound(thresholds.begin(), thresholds.end(), needed);
  std::size_t low = 0, high = static_cast<std::size_t>(thresholds.end() - first) - 1;
  const auto bound_at = [&](std::size_t i) { return std::max(first[static_cast<std::ptrdiff_t>(i)], Shares(options, first[static_cast<std::ptrdiff_t>(i)]).best()); };
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (bound_at(middle) < first[static_cast<std::ptrdiff_t>(middle) + 1]) high = middle; else low = middle + 1;
  }
  return bound_at(low);
}

}  // namespace mapwright::engine::sim
