// base/text.h - small helpers on text that several stages share.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mapwright {

// Number of single-character insertions, deletions, substitutions and adjacent swaps that turn a into b (optimal
// string alignment), comparing letters without regard to case.
int edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word` if its distance is at most 2 (at most 1 for words of up to three letters); the first
// of several equally near ones.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

// "1.50 GB", "12.0 kB", "17 B" (decimal units).
std::string human_bytes(double bytes);
// "1.25 s", "3.40 ms", "12.0 us", "5.00 ns".
std::string human_seconds(double seconds);

}  // namespace mapwright
