// base/file.h - whole files in and out, with errors that name the file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/expected.h"

namespace mapwright {

// The bytes of `path` ("-" reads standard input). Errors: MW6001 when it cannot be read, MW6002 when it is larger than
// `limit` bytes.
Expected<std::string> read_file(const std::string& path, std::int64_t limit = 64 << 20);

// Whether write_file() could write `path`: for what takes long before it has something to write. Error: MW6003.
Expected<void> check_writable(const std::string& path);
// Replaces `path` atomically (writes a neighbour file, then renames). Error: MW6003.
Expected<void> write_file(const std::string& path, std::string_view content);

// A new folder that goes with everything in it.
class TemporaryFolder {
 public:
  // In `inside`; if that is empty, where TMPDIR says, or in /tmp. Error: MW6003.
  static Expected<TemporaryFolder> make(std::string inside = {});
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace mapwright
