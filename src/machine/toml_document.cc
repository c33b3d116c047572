#include "machine/toml_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <toml++/toml.h>

namespace mapwright::machine {

namespace {

// Deeper text has no use here, and the TOML library destroys what it built by recursion.
constexpr int kMaxDepth = 32;
constexpr int kMaxDotsPerLine = 256;

// toml++ counts columns in code points; a Span counts bytes.
class Places {
 public:
  explicit Places(std::string_view text) : text_(text), starts_ {0} {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') starts_.push_back(i + 1);
    }
  }

  std::uint32_t offset(const toml::source_position& at) const {
    if (at.line == 0) return 0;
    if (at.line > starts_.size()) return static_cast<std::uint32_t>(text_.size());
    std::size_t i = starts_[at.line - 1];
    for (std::uint32_t column = 1; column < at.column && i < text_.size() && text_[i] != '\n'; ++column) {
      ++i;
      while (i < text_.size() && (static_cast<unsigned char>(text_[i]) & 0xC0U) == 0x80U) ++i;
    }
    return static_cast<std::uint32_t>(i);
  }

  diag::Span span(const toml::source_region& r) const {
    const std::uint32_t begin = offset(r.begin);
    return {begin, std::max(begin, offset(r.end))};
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

bool convert(const toml::node& node, const Places& places, int depth, TomlValue& out) {
  using Type = TomlValue::Type;
  if (depth > kMaxDepth) return false;
  out.span = places.span(node.source());
  if (const auto* table = node.as_table()) {
    out.type = Type::Table;
    for (const auto& [key, value] : *table) {
      TomlValue& member = out.members.emplace_back();
      member.key = key.str();
      member.key_span = places.span(key.source());
      if (!convert(value, places, depth + 1, member)) return false;
    }
    std::stable_sort(out.members.begin(), out.members.end(), [](const TomlValue& a, const TomlValue& b) {
      return a.key_span.begin < b.key_span.begin;
    });
  } else if (node.is_array()) {
    out.type = Type::Array;
  } else if (const auto* text = node.as_string()) {
    out.type = Type::String;
    out.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.type = Type::Integer;
    out.integer = integer->get();
    out.real = static_cast<double>(out.integer);
  } else if (const auto* real = node.as_floating_point()) {
    out.type = Type::Real;
    out.real = real->get();
  } else {
    out.type = node.is_boolean() ? Type::Boolean : Type::Time;
  }
  return true;
}

void report(diag::Sink& sink, int code, const diag::SourcePtr& source, diag::Span span, std::string message) {
  diag::Diagnostic d;
  d.code = code;
  d.message = std::move(message);
  d.source = source;
  d.span = span;
  sink.emit(std::move(d));
}

// Start of the first line with more dots than any sensible key path has.
std::optional<std::uint32_t> too_many_dots(std::string_view text) {
  std::uint32_t start = 0;
  int dots = 0;
  for (std::uint32_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      start = i + 1;
      dots = 0;
    } else if (text[i] == '.' && ++dots > kMaxDotsPerLine) {
      return start;
    }
  }
  return std::nullopt;
}

}  // namespace

const TomlValue* TomlValue::find(std::string_view name) const {
  for (const TomlValue& member : members) {
    if (member.key == name) return &member;
  }
  return nullptr;
}

std::string_view to_string(TomlValue::Type t) {
  switch (t) {
    case TomlValue::Type::Table: return "a table";
    case TomlValue::Type::Array: return "an array";
    case TomlValue::Type::String: return "a string";
    case TomlValue::Type::Integer: return "an integer";
    case TomlValue::Type::Real: return "a number";
    case TomlValue::Type::Boolean: return "a boolean";
    case TomlValue::Type::Time: return "a date or time";
  }
  return "a value";
}

std::optional<TomlValue> parse_toml(const diag::SourcePtr& source, diag::Sink& sink) {
  const std::string_view text = source->text();
  if (text.size() > kMaxTomlBytes) {
    report(sink, diag::kMachineTooLarge, source, {0, 0},
           fmt::format("the text has {} bytes; at most {} are read", text.size(), kMaxTomlBytes));
    return std::nullopt;
  }
  if (const auto start = too_many_dots(text)) {
    report(sink, diag::kMachineTooLarge, source, {*start, *start},
           fmt::format("this line has more than {} dots; keys are nested too deeply", kMaxDotsPerLine));
    return std::nullopt;
  }
  const Places places(text);
  try {
    const toml::table root = toml::parse(text);
    TomlValue out;
    if (convert(root, places, 0, out)) return out;
    report(sink, diag::kMachineTooLarge, source, {0, 0}, "tables are nested too deeply");
  } catch (const toml::parse_error& e) {
    std::string why(e.description());
    std::replace(why.begin(), why.end(), '\n', ' ');
    constexpr std::string_view kPrefix = "Error while parsing ";
    if (why.starts_with(kPrefix)) why.erase(0, kPrefix.size());
    report(sink, diag::kMachineSyntax, source, places.span(e.source()), "not valid TOML: " + why);
  }
  return std::nullopt;
}

}  // namespace mapwright::machine
