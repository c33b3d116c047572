#include "guide/pattern.h"

#include <vector>

namespace mapwright::guide {

namespace {

// A fixed text, then (except for the last part) a slot of this name.
struct Part {
  std::string_view fixed, slot;
};

bool is_slot_name(std::string_view name) {
  if (name.empty()) return false;
  for (const char c : name) {
    if ((c < 'a' || c > 'z') && c != '_') return false;
  }
  return true;
}

std::vector<Part> split(std::string_view pattern) {
  std::vector<Part> parts;
  std::size_t from = 0, search = 0;
  while (true) {
    const std::size_t open = pattern.find('{', search);
    if (open == std::string_view::npos) break;
    const std::size_t close = pattern.find('}', open);
    if (close == std::string_view::npos) break;
    const std::string_view name = pattern.substr(open + 1, close - open - 1);
    search = open + 1;
    if (!is_slot_name(name)) continue;  // a brace that means itself
    parts.push_back({pattern.substr(from, open - from), name});
    from = search = close + 1;
  }
  parts.push_back({pattern.substr(from), {}});
  return parts;
}

}  // namespace

std::optional<Slots> find_pattern(std::string_view pattern, std::string_view text) {
  const std::vector<Part> parts = split(pattern);
  std::size_t line_begin = 0;
  while (line_begin <= text.size()) {
    const std::size_t line_end = std::min(text.find('\n', line_begin), text.size());
    const std::string_view line = text.substr(line_begin, line_end - line_begin);
    Slots slots;
    std::size_t at = 0, slot_begin = 0;
    bool found = true;
    for (std::size_t i = 0; i < parts.size() && found; ++i) {
      // A slot at the very end takes the rest of the line.
      const std::size_t place = i > 0 && parts[i].fixed.empty() ? line.size() : line.find(parts[i].fixed, at);
      found = place != std::string_view::npos;
      if (!found) break;
      if (i > 0) slots[std::string(parts[i - 1].slot)] = line.substr(slot_begin, place - slot_begin);
      at = slot_begin = place + parts[i].fixed.size();
    }
    if (found) return slots;
    line_begin = line_end + 1;
  }
  return std::nullopt;
}

std::string fill_slots(std::string_view text, const Slots& slots) {
  std::string out;
  for (const Part& part : split(text)) {
    out += part.fixed;
    if (part.slot.empty()) continue;
    const auto slot = slots.find(std::string(part.slot));
    out += slot != slots.end() ? slot->second : "{" + std::string(part.slot) + "}";
  }
  return out;
}

}  // namespace mapwright::guide
