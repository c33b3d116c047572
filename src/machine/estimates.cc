#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "machine/machine.h"

namespace mapwright::machine {

namespace {

std::string_view trimmed(std::string_view s) {
  const std::size_t begin = s.find_first_not_of(" \t\r");
  return begin == std::string_view::npos ? std::string_view {} : s.substr(begin, s.find_last_not_of(" \t\r") - begin + 1);
}

bool is_count(std::string_view key) {
  const std::string_view name = key.substr(key.rfind('.') + 1);
  for (const std::string_view count : {"count", "threads", "utility", "workers", "nics", "capacity_mib"}) {
    if (name == count) return true;
  }
  return false;
}

bool is_share(std::string_view key) { return key.ends_with(".efficiency") || key.ends_with(".transpose_factor"); }

}  // namespace

std::vector<Estimate> estimates(std::string_view toml) {
  std::vector<Estimate> found;
  std::string section;
  bool section_marked = false;
  for (std::size_t at = 0; at < toml.size();) {
    const std::size_t end = std::min(toml.find('\n', at), toml.size());
    const std::string_view line = toml.substr(at, end - at);
    const std::size_t hash = line.find('#');
    const std::string_view text = trimmed(line.substr(0, hash));
    const std::string_view comment = hash == std::string_view::npos ? std::string_view {} : trimmed(line.substr(hash + 1));
    const bool marked = comment.find("estimate") != std::string_view::npos;
    if (!text.empty() && text.front() == '[') {
      section = text.substr(1, text.find(']') - 1);
      section_marked = marked || section == "overheads";
    } else if (const std::size_t equals = text.find('='); equals != std::string_view::npos) {
      const std::string_view number = trimmed(text.substr(equals + 1));
      double value = 0;
      const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), value);
      const bool is_number = error == std::errc() && stop == number.data() + number.size();
      if (is_number && (marked || (section_marked && comment.empty()))) {
        const std::string key = std::string(trimmed(text.substr(0, equals)));
        const auto begin = static_cast<std::size_t>(number.data() - toml.data());
        found.push_back({section.empty() ? key : section + "." + key, value, begin, begin + number.size()});
      }
    }
    at = end + 1;
  }
  return found;
}

std::string with_factor(std::string_view toml, const Estimate& e, double factor) {
  double value = e.value * factor;
  if (is_share(e.key)) value = std::min(value, 1.0);
  if (is_count(e.key)) value = std::max(1.0, std::round(value));
  return fmt::format("{}{}{}", toml.substr(0, e.begin), fmt::format("{:.15g}", value), toml.substr(e.end));
}

}  // namespace mapwright::machine
