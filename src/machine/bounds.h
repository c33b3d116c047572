// machine/bounds.h - how large a machine may be.
#pragma once

#include <cstdint>

namespace mapwright::machine {

inline constexpr std::int64_t kMaxNodes = 65536;
inline constexpr std::int64_t kMaxPerNode = 1024;  // processors of one kind in a node
inline constexpr std::int64_t kMaxGpusPerNode = 64;

}  // namespace mapwright::machine
