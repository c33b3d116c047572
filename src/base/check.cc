#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace mapwright {

void check_failed(const char* file, int line, const char* condition, std::string_view message) {
  std::fprintf(stderr, "%s:%d: check failed: %s%s%.*s\nThis is a mistake in mapwright, please report it.\n", file, line,
               condition, message.empty() ? "" : ": ", static_cast<int>(message.size()), message.data());
  std::abort();
}

}  // namespace mapwright
