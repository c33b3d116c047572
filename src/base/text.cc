#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace mapwright {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

int edit_distance(std::string_view a, std::string_view b) {
  const std::size_t n = b.size() + 1;
  std::vector<int> before(n), above(n), row(n);
  for (std::size_t j = 0; j < n; ++j) above[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j < n; ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[n - 1];
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  int best = (word.size() <= 3 ? 1 : 2) + 1;
  std::optional<std::string> found;
  for (const std::string& c : candidates) {
    if (c.size() > word.size() + 2 || word.size() > c.size() + 2) continue;
    const int d = edit_distance(word, c);
    if (d < best) {
      best = d;
      found = c;
    }
  }
  return found;
}

std::string human_bytes(double bytes) {
  if (std::abs(bytes) < 1000) return fmt::format("{:.0f} B", bytes);
  constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
  int unit = -1;
  while (std::abs(bytes) >= 999.5 && unit < 5) { bytes /= 1000; ++unit; }
  return fmt::format("{:.{}f} {}", bytes, std::abs(bytes) < 10 ? 2 : std::abs(bytes) < 100 ? 1 : 0, kUnits[unit]);
}

std::string human_seconds(double seconds) {
  constexpr const char* kUnits[] = {"s", "ms", "us", "ns"};
  int unit = 0;
  while (seconds != 0 && std::abs(seconds) < 0.9995 && unit < 3) { seconds *= 1000; ++unit; }
  return fmt::format("{:.{}f} {}", seconds, std::abs(seconds) < 10 ? 2 : std::abs(seconds) < 100 ? 1 : 0, kUnits[unit]);
}

}  // namespace mapwright
