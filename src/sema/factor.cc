#include "sema/factor.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>
#include <vector>

#include "base/base.h"

namespace mapwright::sema {

namespace {

__extension__ using Wide = unsigned __int128;

// The primes of n with multiplicity, ascending.
struct Primes {
  std::array<std::int64_t, 24> at {};
  int count = 0;
};

Primes primes_of(std::int64_t n) {
  Primes p;
  const auto take = [&](std::int64_t f) {
    while (n % f == 0) {
      p.at[static_cast<std::size_t>(p.count++)] = f;
      n /= f;
    }
  };
  take(2);
  take(3);
  for (std::int64_t f = 5; f * f <= n; f += 6) {
    take(f);
    take(f + 2);
  }
  if (n > 1) p.at[static_cast<std::size_t>(p.count++)] = n;
  return p;
}

Factors ones() {
  Factors f;
  f.fill(1);
  return f;
}

// An unsigned number of 384 bits: enough for eight extents and a weight of 31 bits each, a factor of 24 and the sum.
struct Big {
  std::array<std::uint64_t, 6> limb {};
  friend bool operator==(const Big&, const Big&) = default;
  friend bool operator<(const Big& a, const Big& b) {
    return std::lexicographical_compare(a.limb.rbegin(), a.limb.rend(), b.limb.rbegin(), b.limb.rend());
  }
  friend Big operator+(Big a, const Big& b) {
    Wide carry = 0;
    for (std::size_t i = 0; i < a.limb.size(); ++i) {
      carry += static_cast<Wide>(a.limb[i]) + b.limb[i];
      a.limb[i] = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
    return a;
  }
};

Big multiply(const Big& a, std::uint64_t b) {
  Big r;
  Wide carry = 0;
  for (std::size_t i = 0; i < a.limb.size(); ++i) {
    carry += static_cast<Wide>(a.limb[i]) * b;
    r.limb[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
  return r;
}
Wide multiply(Wide a, std::uint64_t b) { return a * b; }

// The divisors of n and every pair (m, d) with d | m | n, as indices.
struct Lattice {
  struct Pair {
    std::uint32_t m, d, quotient;
  };
  std::vector<std::int64_t> divisors;  // ascending: the first is 1, the last n
  std::vector<Pair> pairs;             // ascending in m, then d
  explicit Lattice(const Primes& primes) {
    divisors.push_back(1);
    for (int i = 0; i < primes.count;) {
      const std::int64_t p = primes.at[static_cast<std::size_t>(i)];
      const std::size_t before = divisors.size();
      std::int64_t power = 1;
      for (; i < primes.count && primes.at[static_cast<std::size_t>(i)] == p; ++i) {
        power *= p;
        for (std::size_t k = 0; k < before; ++k) divisors.push_back(divisors[k] * power);
      }
    }
    std::sort(divisors.begin(), divisors.end());
    for (std::uint32_t m = 0; m < divisors.size(); ++m) {
      for (std::uint32_t d = 0; d <= m; ++d) {
        if (divisors[m] % divisors[d] != 0) continue;
        const auto q = std::lower_bound(divisors.begin(), divisors.end(), divisors[m] / divisors[d]);
        pairs.push_back({m, d, static_cast<std::uint32_t>(q - divisors.begin())});
      }
    }
  }
};

// Choices of one dimension: allowed[p] says whether pair p (residual m, factor d) is on an optimal factorisation.
using Allowed = std::vector<char>;

// unit[i]: cost of one unit of factor in dimension i, all scaled by the same number.
template <typename Cost>
class Search {
 public:
  Search(const Primes& primes, const std::vector<Cost>& unit) : primes_(primes), unit_(unit), lattice_(primes) {}

  Factors best(const Factors& greedy) {
    const std::size_t k = unit_.size(), divisors = lattice_.divisors.size();
    // least[j][m]: least cost of dimensions j.. with product divisors[m].
    std::vector<std::vector<Cost>> least(k, std::vector<Cost>(divisors));
    for (std::size_t m = 0; m < divisors; ++m) least[k - 1][m] = cost(k - 1, m);
    for (std::size_t j = k - 1; j-- > 0;) {
      std::vector<char> known(divisors, 0);
      for (const auto& p : lattice_.pairs) {
        const Cost c = cost(j, p.d) + least[j + 1][p.quotient];
        if (!known[p.m] || c < least[j][p.m]) least[j][p.m] = c;
        known[p.m] = 1;
      }
    }
    Cost greedy_cost {};
    for (std::size_t j = 0; j < k; ++j) greedy_cost = greedy_cost + multiply(unit_[j], static_cast<std::uint64_t>(greedy[j]));
    if (greedy_cost == least[0][divisors - 1]) return greedy;
    mark_optimal(least);
    for (int i = primes_.count; i-- > 0;) {
      const std::int64_t p = primes_.at[static_cast<std::size_t>(i)];
      if (i + 1 == primes_.count || primes_.at[static_cast<std::size_t>(i + 1)] != p) fix_exponents(p);
    }
    return only_path();
  }

 private:
  Cost cost(std::size_t j, std::size_t divisor) const {
    return multiply(unit_[j], static_cast<std::uint64_t>(lattice_.divisors[divisor]));
  }

  void mark_optimal(const std::vector<std::vector<Cost>>& least) {
    const std::size_t k = unit_.size();
    allowed_.assign(k, Allowed(lattice_.pairs.size(), 0));
    for (std::size_t j = 0; j < k; ++j) {
      for (std::size_t i = 0; i < lattice_.pairs.size(); ++i) {
        const auto& p = lattice_.pairs[i];
        allowed_[j][i] = j + 1 == k ? p.quotient == 0 : cost(j, p.d) + least[j + 1][p.quotient] == least[j][p.m];
      }
    }
    drop_dead_ends();
  }

  // Keeps only choices on a whole path from the full product to nothing left.
  void drop_dead_ends() {
    const std::size_t k = unit_.size();
    std::vector<char> alive(lattice_.divisors.size(), 0);
    alive[0] = 1;
    for (std::size_t j = k; j-- > 0;) {
      std::vector<char> before(alive.size(), 0);
      for (std::size_t i = 0; i < lattice_.pairs.size(); ++i) {
        const auto& p = lattice_.pairs[i];
        allowed_[j][i] = allowed_[j][i] && alive[p.quotient];
        if (allowed_[j][i]) before[p.m] = 1;
      }
      alive = std::move(before);
    }
    std::vector<char> reached(lattice_.divisors.size(), 0);
    reached.back() = 1;
    for (std::size_t j = 0; j < k; ++j) {
      std::vector<char> after(reached.size(), 0);
      for (std::size_t i = 0; i < lattice_.pairs.size(); ++i) {
        const auto& p = lattice_.pairs[i];
        allowed_[j][i] = allowed_[j][i] && reached[p.m];
        if (allowed_[j][i]) after[p.quotient] = 1;
      }
      reached = std::move(after);
    }
  }

  // Keeps the factorisations whose exponents of p are lexicographically least over the dimensions.
  void fix_exponents(std::int64_t p) {
    std::vector<int> exponent(lattice_.divisors.size(), 0);
    for (std::size_t d = 0; d < exponent.size(); ++d) {
      for (std::int64_t v = lattice_.divisors[d]; v % p == 0; v /= p) ++exponent[d];
    }
    std::vector<char> state(lattice_.divisors.size(), 0);
    state.back() = 1;
    for (Allowed& allowed : allowed_) {
      int least = 64;
      for (std::size_t i = 0; i < allowed.size(); ++i) {
        const auto& pair = lattice_.pairs[i];
        if (allowed[i] && state[pair.m]) least = std::min(least, exponent[pair.d]);
      }
      std::vector<char> after(state.size(), 0);
      for (std::size_t i = 0; i < allowed.size(); ++i) {
        const auto& pair = lattice_.pairs[i];
        allowed[i] = allowed[i] && state[pair.m] && exponent[pair.d] == least;
        if (allowed[i]) after[pair.quotient] = 1;
      }
      state = std::move(after);
    }
    drop_dead_ends();
  }

  Factors only_path() const {
    Factors result = ones();
    std::size_t m = lattice_.divisors.size() - 1;
    for (std::size_t j = 0; j < unit_.size(); ++j) {
      for (std::size_t i = 0; i < lattice_.pairs.size(); ++i) {
        const auto& p = lattice_.pairs[i];
        if (!allowed_[j][i] || p.m != m) continue;
        result[j] = lattice_.divisors[p.d];
        m = p.quotient;
        break;
      }
    }
    return result;
  }

  const Primes& primes_;
  const std::vector<Cost>& unit_;
  Lattice lattice_;
  std::vector<Allowed> allowed_;  // per dimension
};

// unit[i] = weights[i] * (product of all extents but the i-th), after common factors are taken out.
template <typename Cost>
std::vector<Cost> unit_costs(std::span<const std::uint64_t> extents, std::span<const std::uint64_t> weights, Cost one) {
  std::vector<Cost> unit;
  for (std::size_t i = 0; i < extents.size(); ++i) {
    Cost c = multiply(one, weights[i]);
    for (std::size_t j = 0; j < extents.size(); ++j) {
      if (j != i) c = multiply(c, extents[j]);
    }
    unit.push_back(c);
  }
  return unit;
}

}  // namespace

Factors balance_factors(std::int64_t n, int k) {
  const Primes primes = primes_of(n);
  std::vector<std::int64_t> bins(static_cast<std::size_t>(k), 1);
  for (int i = 0; i < primes.count; ++i) *std::min_element(bins.begin(), bins.end()) *= primes.at[static_cast<std::size_t>(i)];
  std::sort(bins.begin(), bins.end(), std::greater<>());
  Factors f = ones();
  std::copy(bins.begin(), bins.end(), f.begin());
  return f;
}

Factors greedy_factors(std::int64_t n, std::span<const std::int64_t> extents) {
  Factors f = ones();
  const Primes primes = primes_of(n);
  for (int i = primes.count; i-- > 0;) {
    std::size_t largest = 0;
    for (std::size_t d = 1; d < extents.size(); ++d) {
      // extents[d] / f[d] > extents[largest] / f[largest], both products below 2^55
      if (extents[d] * f[largest] > extents[largest] * f[d]) largest = d;
    }
    f[largest] *= primes.at[static_cast<std::size_t>(i)];
  }
  return f;
}

Factors optimal_factors(std::int64_t n, std::span<const std::int64_t> extents, std::span<const std::int64_t> weights) {
  MW_CHECK(n >= 1 && n <= kMaxFactored && !extents.empty() && extents.size() <= kMaxFactors);
  const Primes primes = primes_of(n);
  const Factors greedy = greedy_factors(n, extents);
  std::vector<std::uint64_t> reduced(extents.begin(), extents.end()), scale(extents.size(), 1);
  std::uint64_t common = 0;
  for (const std::uint64_t e : reduced) common = std::gcd(common, e);
  int bits = 24 + 4;  // the factor, the sum of eight
  for (std::uint64_t& e : reduced) {
    e /= common;
    bits += static_cast<int>(std::bit_width(e));
  }
  if (!weights.empty()) {
    std::uint64_t divisor = 0;
    for (const std::int64_t w : weights) divisor = std::gcd(divisor, static_cast<std::uint64_t>(w));
    if (divisor == 0) return greedy;  // nothing costs anything
    std::uint64_t largest = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      scale[i] = static_cast<std::uint64_t>(weights[i]) / divisor;
      largest = std::max(largest, scale[i]);
    }
    bits += static_cast<int>(std::bit_width(largest));
  }
  if (bits < 128) {
    const auto unit = unit_costs<Wide>(reduced, scale, 1);
    return Search<Wide>(primes, unit).best(greedy);
  }
  Big one;
  one.limb[0] = 1;
  const auto unit = unit_costs<Big>(reduced, scale, one);
  return Search<Big>(primes, unit).best(greedy);
}

Point greedy_split(std::int64_t n, const Point& extents) {
  const Factors f = greedy_factors(n, std::span(extents.at.data(), static_cast<std::size_t>(extents.dim)));
  return Point(std::span(f.data(), static_cast<std::size_t>(extents.dim)));
}

}  // namespace mapwright::sema
