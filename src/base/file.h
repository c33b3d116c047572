// base/file.h - whole files in and out, with errors that name the file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/expected.h"

namespace mapwright {

// The bytes of `path` ("-" reads standard input). Errors: MW6001 when it cannot be read, MW6002 when it is larger than
// `limit` bytes.
Expected<std::string> read_file(const std::string& path, std::int64_t limit = 64 << 20);

// Replaces `path` atomically (writes a neighbour file, then renames). Error: MW6003.
Expected<void> write_file(const std::string& path, std::string_view content);

}  // namespace mapwright
