// The tables of docs/language.md, "Machine spaces", and the definitions spelled out as brute force.
#include "sema/factor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace mapwright::sema {
namespace {

using List = std::vector<std::int64_t>;

List cut(const Factors& f, std::size_t k) { return {f.begin(), f.begin() + static_cast<std::ptrdiff_t>(k)}; }
List optimal(std::int64_t n, const List& extents, const List& weights = {}) { return cut(optimal_factors(n, extents, weights), extents.size()); }
List greedy(std::int64_t n, const List& extents) { return cut(greedy_factors(n, extents), extents.size()); }
List balance(std::int64_t n, int k) { return cut(balance_factors(n, k), static_cast<std::size_t>(k)); }

TEST(Factors, BalanceTable) {
  EXPECT_EQ(balance(12, 2), (List {6, 2}));
  EXPECT_EQ(balance(30, 2), (List {10, 3}));
  EXPECT_EQ(balance(48, 2), (List {12, 4}));
  EXPECT_EQ(balance(72, 2), (List {12, 6}));
  EXPECT_EQ(balance(60, 3), (List {10, 3, 2}));
  EXPECT_EQ(balance(64, 2), (List {8, 8}));
  EXPECT_EQ(balance(64, 3), (List {4, 4, 4}));
  EXPECT_EQ(balance(1, 3), (List {1, 1, 1}));
  EXPECT_EQ(balance(7, 1), (List {7}));
  EXPECT_EQ(balance(19 * 23, 2), (List {23, 19}));  // primes above 17
}

TEST(Factors, AutoSplitTable) {
  EXPECT_EQ(optimal(4, {4, 2, 4}), (List {2, 1, 2}));
  EXPECT_EQ(optimal(12, {16, 9}), (List {4, 3}));
  EXPECT_EQ(optimal(12, {4, 6}), (List {3, 4}));
  EXPECT_EQ(optimal(48, {7, 11}), (List {6, 8}));
  EXPECT_EQ(optimal(6, {12, 4}), (List {6, 1}));
  EXPECT_EQ(optimal(6, {6, 6}), (List {3, 2}));
  EXPECT_EQ(optimal(12, {5, 5}), (List {3, 4}));
  EXPECT_EQ(optimal(8, {8, 8}), (List {4, 2}));
  EXPECT_EQ(optimal(2, {1, 1, 1}), (List {2, 1, 1}));
  EXPECT_EQ(optimal(27, {3, 9, 27}), (List {1, 3, 9}));
  EXPECT_EQ(optimal(60, {1, 3}), (List {4, 15}));
  EXPECT_EQ(optimal(60, {3, 1}), (List {12, 5}));
}

TEST(Factors, GreedyTable) {
  EXPECT_EQ(greedy(12, {16, 9}), (List {6, 2}));
  EXPECT_EQ(greedy(12, {4, 6}), (List {4, 3}));
  EXPECT_EQ(greedy(60, {1, 3}), (List {6, 10}));
}

TEST(Factors, HaloWeights) {
  // Weight 0 on the first dimension: only O[1] costs, so it is 1.
  EXPECT_EQ(optimal(12, {4, 4}, {0, 1}), (List {12, 1}));
  EXPECT_EQ(optimal(12, {4, 4}, {1, 0}), (List {1, 12}));
  // All equal: the same as without weights.
  EXPECT_EQ(optimal(12, {16, 9}, {5, 5}), optimal(12, {16, 9}));
  // 9 O[0] + O[1] with O[0] O[1] = 16: (1,16) costs 25, (2,8) 26, (4,4) 40.
  EXPECT_EQ(optimal(16, {1, 1}, {9, 1}), (List {1, 16}));
  // Nothing costs anything: greedy.
  EXPECT_EQ(optimal(12, {16, 9}, {0, 0}), greedy(12, {16, 9}));
}

TEST(Factors, LargeNumbersStayExact) {
  // 2/L + 1/(L-1) against 1/L + 2/(L-1) for L = 2^31: the second is larger by 1/(L(L-1)), about 2^-62.
  const std::int64_t big = kMaxExtent;
  EXPECT_EQ(optimal(2, {big, big - 1}), (List {2, 1}));
  EXPECT_EQ(optimal(2, {big - 1, big}), (List {1, 2}));
  const List eight = {big, big - 1, big - 2, big - 3, big - 4, big - 5, big - 6, big - 7};
  EXPECT_EQ(optimal(2, eight), (List {2, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(optimal(kMaxFactored, {1, 1}), (List {4096, 4096}));
  EXPECT_EQ(optimal(16'777'213, {3, 2}), (List {16'777'213, 1}));  // a prime: 16777213/3 + 1/2 is less than 1/3 + 16777213/2
}

// The definition of auto_split, word for word.
class BruteForce {
 public:
  BruteForce(std::int64_t n, List extents, List weights) : extents_(std::move(extents)), weights_(std::move(weights)) {
    if (weights_.empty()) weights_.assign(extents_.size(), 1);
    for (std::int64_t p = 2, rest = n; rest > 1; ++p) {
      int exponent = 0;
      for (; rest % p == 0; rest /= p) ++exponent;
      if (exponent) primes_.push_back({p, exponent});
    }
    std::reverse(primes_.begin(), primes_.end());
    enumerate(0, List(extents_.size(), 1));
    const List g = cut(greedy_factors(n, extents_), extents_.size());
    result_ = compare(g, best_) == 0 ? g : best_;
  }
  const List& result() const { return result_; }

 private:
  // Sign of cost(a) - cost(b) over the common denominator.
  int compare(const List& a, const List& b) const {
    std::int64_t left = 0, right = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      std::int64_t others = weights_[i];
      for (std::size_t j = 0; j < a.size(); ++j) others *= j == i ? 1 : extents_[j];
      left += a[i] * others;
      right += b[i] * others;
    }
    return left < right ? -1 : left > right ? 1 : 0;
  }
  void enumerate(std::size_t prime, const List& so_far) {
    if (prime == primes_.size()) {
      if (best_.empty() || compare(so_far, best_) < 0) best_ = so_far;
      return;
    }
    // Exponent vectors over the dimensions in ascending lexicographic order.
    std::vector<int> exponents(extents_.size(), 0);
    const std::function<void(std::size_t, int)> fill = [&](std::size_t d, int left) {
      if (d + 1 == extents_.size()) {
        exponents[d] = left;
        List next = so_far;
        for (std::size_t i = 0; i < next.size(); ++i) {
          for (int e = 0; e < exponents[i]; ++e) next[i] *= primes_[prime].first;
        }
        enumerate(prime + 1, next);
        return;
      }
      for (exponents[d] = 0; exponents[d] <= left; ++exponents[d]) fill(d + 1, left - exponents[d]);
    };
    fill(0, primes_[prime].second);
  }

  List extents_, weights_, best_, result_;
  std::vector<std::pair<std::int64_t, int>> primes_;
};

TEST(Factors, EqualBruteForceForSmallNumbers) {
  for (std::int64_t n = 1; n <= 64; ++n) {
    for (std::int64_t a = 1; a <= 8; ++a) {
      for (std::int64_t b = 1; b <= 8; ++b) {
        EXPECT_EQ(optimal(n, {a, b}), BruteForce(n, {a, b}, {}).result()) << n << " over " << a << ", " << b;
        if (n > 36) continue;
        for (const std::int64_t c : {1, 3, 4}) {
          EXPECT_EQ(optimal(n, {a, b, c}), BruteForce(n, {a, b, c}, {}).result()) << n << " over " << a << ", " << b << ", " << c;
        }
      }
    }
  }
}

TEST(Factors, EqualBruteForceWithWeights) {
  for (const std::int64_t n : {1, 6, 8, 12, 16, 24, 30, 36, 48, 60}) {
    for (std::int64_t code = 0; code < 4 * 4 * 4; ++code) {
      const List weights = {code % 4, code / 4 % 4, code / 16};
      for (const List& extents : {List {1, 1, 1}, List {2, 3, 4}, List {6, 2, 2}}) {
        if (weights == List {0, 0, 0}) continue;
        EXPECT_EQ(optimal(n, extents, weights), BruteForce(n, extents, weights).result()) << n << " code " << code;
      }
    }
  }
}

TEST(Factors, TheProductIsAlwaysTheNumber) {
  for (std::int64_t n = 1; n < 3000; n += 7) {
    for (const List& extents : {List {5}, List {3, 100}, List {7, 7, 7, 7}, List {1, 2, 3, 4, 5, 6, 7, 8}}) {
      const int k = static_cast<int>(extents.size());
      for (const List& f : {optimal(n, extents), greedy(n, extents), balance(n, k)}) {
        std::int64_t product = 1;
        for (const std::int64_t x : f) product *= x;
        EXPECT_EQ(product, n);
      }
    }
  }
}

}  // namespace
}  // namespace mapwright::sema
