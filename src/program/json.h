// program/json.h - JSON as a tree that remembers where every value stands. The only file that uses the JSON library is
// json.cc; no exception leaves it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diag/diag.h"

namespace mapwright::program {

// Limits on a text, so that a file from elsewhere costs bounded time and memory.
inline constexpr std::size_t kMaxJsonValues = std::size_t {1} << 23, kMaxJsonString = std::size_t {1} << 20;
inline constexpr std::size_t kMaxJsonBytes = std::size_t {64} << 20, kMaxJsonDepth = 64;

class JsonDocument;

struct JsonValue {
  enum class Kind : std::uint8_t { Null, Boolean, Integer, Real, String, Array, Object };
  static constexpr std::uint32_t kNone = 0xffffffff;
  Kind kind = Kind::Null;
  bool boolean = false;
  diag::Span span;                       // of the value itself
  diag::Span key;                        // of the key before it, quotes included; empty in arrays
  std::uint32_t escaped = kNone;         // String with escapes: index of its decoded text
  std::uint32_t escaped_key = kNone;
  std::uint32_t count = 0;               // Array, Object: members
  std::uint32_t next = kNone;            // next member of the same array or object
  union {
    std::int64_t integer = 0;
    double real;
  };
};

// Values in document order: the first member of an array or object follows it directly.
class JsonDocument {
 public:
  // Nothing when the text is not JSON (MW4201) or beyond a limit (MW4202).
  static std::optional<JsonDocument> parse(const diag::SourcePtr& source, diag::Sink& sink);

  const JsonValue& root() const { return values_.front(); }
  const JsonValue* first(const JsonValue& v) const { return v.count == 0 ? nullptr : &v + 1; }
  const JsonValue* next(const JsonValue& v) const { return v.next == JsonValue::kNone ? nullptr : &values_[v.next]; }
  std::string_view text(const JsonValue& v) const;  // of a String
  std::string_view key(const JsonValue& v) const;

 private:
  friend class JsonHandler;
  diag::SourcePtr source_;
  std::vector<JsonValue> values_;
  std::vector<std::string> decoded_;
};

// `text` with quotes and escapes.
std::string json_quoted(std::string_view text);

}  // namespace mapwright::program
