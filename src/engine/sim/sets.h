// engine/sim/sets.h - disjoint sets of numbers that are united step by step.
#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

namespace mapwright::engine::sim {

// Union-find with path halving. find() names a set by one of its members, the same until it is united with another.
class DisjointSets {
 public:
  explicit DisjointSets(std::size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), 0u); }
  std::uint32_t find(std::uint32_t x) {
    while (parent_[x] != x) x = parent_[x] = parent_[parent_[x]];
    return x;
  }
  void unite(std::uint32_t a, std::uint32_t b) { parent_[find(a)] = find(b); }

 private:
  std::vector<std::uint32_t> parent_;
};

}  // namespace mapwright::engine::sim
