#include "engine/sim/volume.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "base/base.h"
#include "engine/sim/sets.h"

namespace mapwright::engine::sim {

namespace {

// Calls f(first, end) for every run of items of a sorted range that have the same key(item).
template <typename Items, typename Key, typename F>
void for_each_run(const Items& items, Key&& key, F&& f) {
  for (std::size_t begin = 0, end = 0; begin < items.size(); begin = end) {
    while (end < items.size() && key(items[end]) == key(items[begin])) ++end;
    f(begin, end);
  }
}

}  // namespace

void Products::add(std::uint32_t vertex, const Operands& operands, std::span<const double> seconds) {
  std::vector<double>& sum = seconds_.try_emplace({vertex, operands}, seconds.size(), 0.0).first->second;
  for (std::size_t k = 0; k < seconds.size(); ++k) sum[k] += seconds[k];
}

void Products::finish(std::span<const Operand> operands) {
  MW_CHECK(!seconds_.empty(), "products of no points");
  together_.resize(seconds_.begin()->second.size());
  for (std::size_t k = 0; k < together_.size(); ++k) {
    for (const auto& [point, seconds] : seconds_) together_[k].push_back(seconds[k]);
    std::sort(together_[k].begin(), together_[k].end());
    std::partial_sum(together_[k].begin(), together_[k].end(), together_[k].begin());
  }
  count_uses(operands);
  count_alike();
}

void Products::count_uses(std::span<const Operand> operands) {
  using Pair = std::pair<std::uint32_t, std::uint32_t>;
  std::map<std::uint32_t, double> points;  // by vertex
  for (const auto& [point, seconds] : seconds_) ++points[point.vertex];
  for (std::size_t k = 0; k < kOperandKinds; ++k) {
    std::vector<Pair> uses;                // operand, vertex
    bytes_[k] = HUGE_VAL;
    for (const auto& [point, seconds] : seconds_) {
      uses.emplace_back(point.operands[k], point.vertex);
      bytes_[k] = std::min(bytes_[k], operands[point.operands[k]].bytes);
    }
    std::sort(uses.begin(), uses.end());
    std::size_t most = 0;                  // points with the same operand
    const auto operand = [](const Pair& u) { return u.first; };
    for_each_run(uses, operand, [&](std::size_t begin, std::size_t end) { most = std::max(most, end - begin); });
    fewest_[k] = 1 / static_cast<double>(most);
    uses.erase(std::unique(uses.begin(), uses.end()), uses.end());
    // Nodes that have an operand are no more than the vertices that use it.
    for_each_run(uses, operand, [&](std::size_t begin, std::size_t end) {
      held_ += bytes_[k] * std::min(operands[uses[begin].first].holders, static_cast<double>(end - begin));
    });
    std::map<std::uint32_t, double> used;  // by vertex: operands
    for (const Pair& u : uses) ++used[u.second];
    for (const auto& [vertex, count] : used) most_[k] = std::max(most_[k], count / points[vertex]);
  }
}

// By point: the set of those that it is connected with through common operands of the kinds a and b.
std::vector<std::uint32_t> Products::connected(std::size_t a, std::size_t b) const {
  std::uint32_t all = 0;
  for (const auto& [point, seconds] : seconds_) all = std::max({all, point.operands[a] + 1, point.operands[b] + 1});
  DisjointSets sets(all);
  for (const auto& [point, seconds] : seconds_) sets.unite(point.operands[a], point.operands[b]);
  std::vector<std::uint32_t> out;
  out.reserve(seconds_.size());
  for (const auto& [point, seconds] : seconds_) out.push_back(sets.find(point.operands[a]));
  return out;
}

void Products::count_alike() {
  const std::vector<std::uint32_t> p = connected(0, 1), q = connected(1, 2), r = connected(0, 2);
  std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> at;
  for (std::size_t i = 0; i < p.size(); ++i) at.emplace_back(p[i], q[i], r[i]);
  std::sort(at.begin(), at.end());
  for_each_run(at, [](const auto& x) { return x; }, [&](std::size_t begin, std::size_t end) {
    alike_ = std::max(alike_, static_cast<double>(end - begin));
  });
}

double Products::most_points(std::span<const double> processors, double seconds) const {
  std::ptrdiff_t most = 1;
  for (std::size_t k = 0; k < together_.size(); ++k) {
    const double available = seconds * processors[k] * (1 + 1e-9);
    most = std::max(most, std::upper_bound(together_[k].begin(), together_[k].end(), available) - together_[k].begin());
  }
  return static_cast<double>(most);
}

double Products::least_bytes(double points) const {
  return std::max(0.0, static_cast<double>(seconds_.size()) * bytes_per_point(points) - held_);
}

// With x operands of each kind per point, fewest_ <= x <= most_, the product of the three is at least 1 / (alike_^2 points). The
// cheapest are level / bytes_ where that lies between the bounds, for one level.
double Products::bytes_per_point(double points) const {
  const double product = 1 / (alike_ * alike_ * points);
  std::array<double, kOperandKinds> x {};
  const auto reaches = [&](double level) {
    double reached = 1;
    for (std::size_t k = 0; k < kOperandKinds; ++k) {
      x[k] = std::clamp(level / bytes_[k], fewest_[k], most_[k]);
      reached *= x[k];
    }
    return reached >= product;
  };
  double low = HUGE_VAL, high = 0;
  for (std::size_t k = 0; k < kOperandKinds; ++k) {
    low = std::min(low, bytes_[k] * fewest_[k]);
    high = std::max(high, bytes_[k] * most_[k]);
  }
  if (!reaches(low) && reaches(high)) {
    // Halved by the logarithm. `low` never reaches it, so what it takes is no more than the least.
    for (int i = 0; i < 100; ++i) {
      const double middle = std::sqrt(low * high);
      (reaches(middle) ? high : low) = middle;
    }
    reaches(low);
  }
  double sum = 0;
  for (std::size_t k = 0; k < kOperandKinds; ++k) sum += bytes_[k] * x[k];
  return sum;
}

}  // namespace mapwright::engine::sim
