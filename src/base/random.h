// base/random.h - random numbers that are the same on every platform, engine and thread count.
#pragma once

#include <cstdint>
#include <limits>

namespace mapwright {

// The 64-bit finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a bijection with good avalanche.
constexpr std::uint64_t mix64(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// The `counter`-th 64 random bits of stream (seed, stream): a pure function, so any piece of a program's data can be
// produced anywhere without producing the rest. Specified to the bit:
//   k = mix64(seed + 0x9e3779b97f4a7c15); mix64(mix64(k ^ mix64(stream + 1)) + (counter + 1) * 0x9e3779b97f4a7c15)
constexpr std::uint64_t counter_random(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15ULL;
  const std::uint64_t k = mix64(seed + kGolden);
  return mix64(mix64(k ^ mix64(stream + 1)) + (counter + 1) * kGolden);
}

// A number in [0, 1) from 64 random bits: the upper 53 bits times 2^-53.
constexpr double to_unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

// SplitMix64 as a sequential generator; the state is one number, so it can be saved in a journal and continued.
class Rng {
  __extension__ using Wide = unsigned __int128;

 public:
  using result_type = std::uint64_t;
  explicit Rng(std::uint64_t seed) : state_(seed) {}
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()() { return mix64(state_ += 0x9e3779b97f4a7c15ULL); }
  // Uniform in [0, n), n > 0, without modulo bias worth noting (multiply-shift on 64 bits).
  std::uint64_t below(std::uint64_t n) {
    return static_cast<std::uint64_t>((static_cast<Wide>((*this)()) * n) >> 64);
  }
  double unit() { return to_unit((*this)()); }
  std::uint64_t state() const { return state_; }

 private:
  std::uint64_t state_;
};

}  // namespace mapwright
