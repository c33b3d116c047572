// program/words.h - the words of program files for enumerators, in the order of the enumerators.
#pragma once

#include <array>
#include <string_view>

namespace mapwright::program {

inline constexpr std::array<std::string_view, 5> kPrivileges {"none", "read", "read_write", "write_discard", "reduce"};
inline constexpr std::array<std::string_view, 3> kReductions {"sum", "min", "max"};
inline constexpr std::array<std::string_view, 4> kPatterns {"stream", "stencil", "gather", "atomic"};
inline constexpr std::array<std::string_view, 2> kPrecisions {"single", "double"};
inline constexpr std::array<std::string_view, 2> kFieldOrders {"SOA", "AOS"};
inline constexpr std::array<std::string_view, 2> kDimOrders {"C_order", "F_order"};
inline constexpr std::array<std::string_view, 3> kCombines {"sum", "mean", "span"};

template <typename Words, typename Enum>
constexpr std::string_view word(const Words& words, Enum value) {
  return words[static_cast<std::size_t>(value)];
}

}  // namespace mapwright::program
