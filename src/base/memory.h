// base/memory.h - how much memory this process may use.
#pragma once

#include <cstdint>

namespace mapwright {

// Bytes of physical memory that can still be used, also within the limit of the control group. At least 0.
std::int64_t usable_memory();

}  // namespace mapwright
