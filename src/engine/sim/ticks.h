// engine/sim/ticks.h - simulated time in whole ticks: sums of times are exact, so the same things that happen later take the
// same time. Documented in docs/models/plan-time.md.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace mapwright::engine::sim {

using Ticks = std::int64_t;
inline constexpr Ticks kEndOfTime = (Ticks {1} << 62) - 1;

// `t` + `d`, both at least 0 and at most the end of time.
inline Ticks after(Ticks t, Ticks d) { return std::min(t + d, kEndOfTime); }

// How long a tick is: as short as the longest possible execution permits. 2^-60 s if that takes less than a second, 2^-43 s
// (0.1 ps) if it takes a day.
class Clock {
 public:
  // For an execution of at most `nanoseconds`.
  explicit Clock(std::uint64_t nanoseconds = 0)
      : Clock(Bits {61 - static_cast<int>(std::bit_width(nanoseconds / 1'000'000'000 + 1))}) {}
  // Rounded to the nearest tick; what is not a time (negative, NaN) takes none.
  Ticks ticks(double seconds) const {
    const double t = seconds * per_second_;
    return t > 0 ? t < 0x1p61 ? std::llrint(t) : kEndOfTime : 0;
  }
  double seconds(Ticks t) const { return static_cast<double>(t) * length_; }

 private:
  struct Bits {
    int value;
  };
  explicit Clock(Bits bits) : per_second_(std::ldexp(1.0, bits.value)), length_(std::ldexp(1.0, -bits.value)) {}
  double per_second_, length_;
};

}  // namespace mapwright::engine::sim
