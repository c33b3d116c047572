// base/quantity.h - physical quantities as distinct types. Arithmetic exists where the units allow it.
#pragma once

#include <compare>
#include <cstdint>

namespace mapwright {

// A quantity in one unit: add, subtract, scale, compare, and divide by its own kind to get a plain number.
template <typename Tag, typename Rep>
struct Quantity {
  Rep value {};
  constexpr Quantity() = default;
  constexpr explicit Quantity(Rep v) : value(v) {}
  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value + b.value); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value - b.value); }
  friend constexpr Quantity operator*(Quantity a, Rep b) { return Quantity(a.value * b); }
  friend constexpr Quantity operator*(Rep a, Quantity b) { return Quantity(a * b.value); }
  friend constexpr Quantity operator/(Quantity a, Rep b) { return Quantity(a.value / b); }
  friend constexpr double operator/(Quantity a, Quantity b) {
    return static_cast<double>(a.value) / static_cast<double>(b.value);
  }
  constexpr Quantity& operator+=(Quantity b) { value += b.value; return *this; }
  constexpr Quantity& operator-=(Quantity b) { value -= b.value; return *this; }
};

using Seconds = Quantity<struct SecondsTag, double>;
using Bytes = Quantity<struct BytesTag, std::int64_t>;
using BytesPerSecond = Quantity<struct BytesPerSecondTag, double>;
using Flops = Quantity<struct FlopsTag, double>;                    // floating-point operations, a count
using FlopsPerSecond = Quantity<struct FlopsPerSecondTag, double>;
using PerSecond = Quantity<struct PerSecondTag, double>;            // events (accesses, atomics) per second

constexpr Seconds operator/(Bytes b, BytesPerSecond r) { return Seconds(static_cast<double>(b.value) / r.value); }
constexpr Seconds operator/(Flops f, FlopsPerSecond r) { return Seconds(f.value / r.value); }

}  // namespace mapwright
