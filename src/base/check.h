// base/check.h - invariants of our own code, checked in every build.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace mapwright {

// Prints "FILE:LINE: check failed: CONDITION: MESSAGE" on standard error and aborts. Never returns.
[[noreturn]] void check_failed(const char* file, int line, const char* condition, std::string_view message);

}  // namespace mapwright

// Aborts with a message when `condition` is false. For mistakes of mapwright itself, never for user input: what a user
// can cause is a Diagnostic, an Error or an outcome.
#define MW_CHECK(condition, ...)                                                                   \
  do {                                                                                             \
    if (!(condition)) [[unlikely]]                                                                 \
      ::mapwright::check_failed(__FILE__, __LINE__, #condition, ::fmt::format("" __VA_ARGS__));    \
  } while (false)
