// machine/toml_document.h - a TOML text as plain values with their places. The only file that knows the TOML library.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diag/diag.h"

namespace mapwright::machine {

struct TomlValue {
  enum class Type : std::uint8_t { Table, Array, String, Integer, Real, Boolean, Time };
  Type type = Type::Table;
  diag::Span span;      // of the value; of the header for a table that has one
  std::string key;      // that names it; empty for the root
  diag::Span key_span;
  std::string text;     // String
  std::int64_t integer = 0;
  double real = 0;                 // Real, and Integer converted
  std::vector<TomlValue> members;  // Table: in the order of the text. Not kept for arrays.

  const TomlValue* find(std::string_view name) const;
};

std::string_view to_string(TomlValue::Type t);  // "a table", "a string", ...

// Largest text that is read, in bytes.
inline constexpr std::size_t kMaxTomlBytes = 1 << 20;

// Parses `source`. MW4001 for text that is not TOML, MW4008 for text that is too large or too deep. Time is linear in
// the text.
std::optional<TomlValue> parse_toml(const diag::SourcePtr& source, diag::Sink& sink);

}  // namespace mapwright::machine
