#include "base/hash.h"

#include <fmt/format.h>

namespace mapwright {

std::string Hasher::hex() const { return fmt::format("{:016x}{:016x}", a_, b_); }

}  // namespace mapwright
