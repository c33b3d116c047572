// base/hash.h - a stable 128-bit content hash for identities that are written to files. Not cryptographic.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"

namespace mapwright {

// Accumulates words and text into 128 bits; the same sequence of calls gives the same hash on every platform.
class Hasher {
 public:
  Hasher& add(std::uint64_t word) {
    a_ = mix64(a_ ^ (word + 0x9e3779b97f4a7c15ULL));
    b_ = mix64(b_ + mix64(word ^ 0xd1b54a32d192ed03ULL) + a_);
    return *this;
  }
  Hasher& add(std::string_view text) {
    add(text.size());
    std::uint64_t word = 0;
    int filled = 0;
    for (const char c : text) {
      word |= static_cast<std::uint64_t>(static_cast<unsigned char>(c)) << (8 * filled);
      if (++filled == 8) { add(word); word = 0; filled = 0; }
    }
    return filled ? add(word) : *this;
  }
  std::uint64_t low() const { return a_; }
  std::string hex() const;  // 32 lower-case hexadecimal digits

 private:
  std::uint64_t a_ = 0x243f6a8885a308d3ULL, b_ = 0x13198a2e03707344ULL;
};

// Tells states apart while a program runs: faster than Hasher. Different sequences of words have different values but for a
// chance of 2^-128.
class Digest {
 public:
  using Value = std::array<std::uint64_t, 2>;
  void add(std::uint64_t word) {
    a_ = (std::rotl(a_, 23) ^ word) * 0x9e3779b97f4a7c15ULL;
    b_ = (std::rotl(b_, 29) + word) * 0xd6e8feb86659fd93ULL;
  }
  Value value() const { return {mix64(a_), mix64(b_ ^ a_)}; }

 private:
  std::uint64_t a_ = 0x243f6a8885a308d3ULL, b_ = 0x13198a2e03707344ULL;
};

}  // namespace mapwright
