// sema/factor.h - ways to factor the size of one machine dimension over several.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace mapwright::sema {

inline constexpr std::int64_t kMaxFactored = std::int64_t {1} << 24;
inline constexpr std::int64_t kMaxExtent = std::int64_t {1} << 31;
inline constexpr int kMaxFactors = 8;

// One factor per dimension; their product is the number that was factored. Entries beyond the count are 1.
using Factors = std::array<std::int64_t, kMaxFactors>;

// All functions: 1 <= n <= kMaxFactored, 1 <= k = extents.size() <= kMaxFactors, 1 <= extents[i] <= kMaxExtent.

// Primes of n ascending, each multiplied onto the currently smallest factor (leftmost on ties); sorted descending.
Factors balance_factors(std::int64_t n, int k);

// Primes of n from largest to smallest, each to the dimension with the largest remaining extent (leftmost on ties).
Factors greedy_factors(std::int64_t n, std::span<const std::int64_t> extents);

// The ordered factorisation O of n that minimises sum weights[i] * O[i] / extents[i] exactly; weights are all 1 when
// `weights` is empty, else 0 <= weights[i] <= kMaxExtent. Among several: the greedy one if it is among them, else the
// first in the order "exponent vectors of the largest prime ascending lexicographically, then of the next prime, ...".
// Cost: proportional to (divisor pairs of n) * k; n = 14,414,400 with 8 extents takes a few milliseconds.
Factors optimal_factors(std::int64_t n, std::span<const std::int64_t> extents, std::span<const std::int64_t> weights = {});

}  // namespace mapwright::sema
