#include "base/memory.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/file.h"

namespace mapwright {

namespace {

std::optional<std::int64_t> number_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + key.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc {} ? std::optional(value) : std::nullopt;
}

std::optional<std::int64_t> number_in_file(const char* path, std::string_view key = {}) {
  const Expected<std::string> text = read_file(path);
  return text ? number_after(*text, key) : std::nullopt;
}

}  // namespace

std::int64_t usable_memory() {
  std::int64_t bytes = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  if (const auto kilobytes = number_in_file("/proc/meminfo", "MemAvailable:")) bytes = std::min(bytes, *kilobytes * 1024);
  if (const auto limit = number_in_file("/sys/fs/cgroup/memory.max")) {
    bytes = std::min(bytes, *limit - number_in_file("/sys/fs/cgroup/memory.current").value_or(0));
  }
  return std::max<std::int64_t>(bytes, 0);
}

}  // namespace mapwright
