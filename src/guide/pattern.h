// Patterns of rules: fixed text with {slots}.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mapwright::guide {

using Slots = std::map<std::string, std::string>;

// Finds the first place where `pattern` occurs in `text`: its fixed parts in order, within one line, each slot taking the
// shortest text. Returns what the slots took. Cost: linear in the text for each fixed part; no backtracking.
std::optional<Slots> find_pattern(std::string_view pattern, std::string_view text);

// `text` with every {slot} that is known replaced.
std::string fill_slots(std::string_view text, const Slots& slots);

}  // namespace mapwright::guide
