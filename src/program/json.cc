#include "program/json.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

namespace mapwright::program {

// Builds the tree from the library's events. The library tells no positions, so the handler follows the text itself:
// between two events there is only white space and punctuation.
class JsonHandler {
 public:
  JsonHandler(JsonDocument& document, const diag::SourcePtr& source, diag::Sink& sink) : document_(document), source_(source), text_(source->text()), sink_(sink) {
    if (text_.substr(0, 3) == "\xef\xbb\xbf") at_ = 3;
  }

  bool null() { return add(JsonValue::Kind::Null) != nullptr; }
  bool boolean(bool v) {
    JsonValue* value = add(JsonValue::Kind::Boolean);
    if (value) value->boolean = v;
    return value != nullptr;
  }
  bool number_integer(std::int64_t v) {
    JsonValue* value = add(JsonValue::Kind::Integer);
    if (value) value->integer = v;
    return value != nullptr;
  }
  bool number_unsigned(std::uint64_t v) {
    if (v <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return number_integer(static_cast<std::int64_t>(v));
    return number_float(static_cast<double>(v), {});
  }
  bool number_float(double v, const std::string&) {
    JsonValue* value = add(JsonValue::Kind::Real);
    if (value) value->real = v;
    return value != nullptr;
  }
  bool string(std::string& v) {
    JsonValue* value = add(JsonValue::Kind::String);
    if (value) value->escaped = decoded(v, value->span);
    return value != nullptr && fits(v, value->span);
  }
  bool binary(std::vector<std::uint8_t>&) { return false; }
  bool start_object(std::size_t) { return open(JsonValue::Kind::Object); }
  bool start_array(std::size_t) { return open(JsonValue::Kind::Array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& v) {
    key_ = token();
    escaped_key_ = decoded(v, key_);
    return fits(v, key_);
  }

  template <typename Exception>
  bool parse_error(std::size_t position, const std::string&, const Exception& e) {
    std::string_view message = e.what();
    // "[json.exception...] parse error at line 1, column 2: syntax error while ..."
    for (const std::string_view skip : {"] ", "column "}) {
      if (const std::size_t found = message.find(skip); found != std::string_view::npos) message.remove_prefix(found + skip.size());
    }
    if (const std::size_t colon = message.find(": "); colon != std::string_view::npos && colon < 12) message.remove_prefix(colon + 2);
    const auto offset = static_cast<std::uint32_t>(std::min(position > 0 ? position - 1 : 0, text_.size()));
    error(diag::kJsonSyntax, {offset, offset}, "not JSON: " + std::string(message.substr(0, 300)));
    return false;
  }

 private:
  void error(int code, diag::Span span, std::string message) {
    diag::Diagnostic d;
    d.code = code;
    d.message = std::move(message);
    d.source = source_;
    d.span = span;
    sink_.emit(std::move(d));
  }

  bool fits(const std::string& v, diag::Span span) {
    if (v.size() <= kMaxJsonString) return true;
    error(diag::kProgramFileTooLarge, {span.begin, span.begin}, "a string of more than 1 MiB");
    return false;
  }

  // The token of the current event.
  diag::Span token() {
    constexpr std::string_view kBetween = " \t\r\n,:";
    while (at_ < text_.size() && kBetween.find(text_[at_]) != std::string_view::npos) ++at_;
    const std::size_t begin = at_;
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    ++at_;
    if (c == '"') {
      while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2U : 1U;
      ++at_;
    } else if (std::string_view("{}[]").find(c) == std::string_view::npos) {
      while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '.' || text_[at_] == '+' || text_[at_] == '-')) ++at_;
    }
    at_ = std::min(at_, text_.size());
    return {static_cast<std::uint32_t>(std::min(begin, text_.size())), static_cast<std::uint32_t>(at_)};
  }

  std::uint32_t decoded(const std::string& v, diag::Span span) {
    if (source_->slice(span).size() == v.size() + 2) return JsonValue::kNone;  // escapes are longer than what they mean
    document_.decoded_.push_back(v);
    return static_cast<std::uint32_t>(document_.decoded_.size() - 1);
  }

  JsonValue* add(JsonValue::Kind kind) {
    const diag::Span span = token();
    std::vector<JsonValue>& values = document_.values_;
    if (values.size() >= kMaxJsonValues) {
      error(diag::kProgramFileTooLarge, {span.begin, span.begin}, "more than 2^23 values");
      return nullptr;
    }
    const auto index = static_cast<std::uint32_t>(values.size());
    values.emplace_back();
    JsonValue& v = values.back();
    v.kind = kind;
    v.span = span;
    if (!open_.empty()) {
      Open& parent = open_.back();
      if (parent.last != JsonValue::kNone) values[parent.last].next = index;
      parent.last = index;
      JsonValue& owner = values[parent.value];
      ++owner.count;
      if (owner.kind == JsonValue::Kind::Object) {
        v.key = key_;
        v.escaped_key = escaped_key_;
      }
    }
    return &v;
  }

  bool open(JsonValue::Kind kind) {
    const JsonValue* v = add(kind);
    if (v == nullptr) return false;
    open_.push_back({static_cast<std::uint32_t>(document_.values_.size() - 1), JsonValue::kNone});
    if (open_.size() <= kMaxJsonDepth) return true;
    error(diag::kProgramFileTooLarge, v->span, "values are nested more than 64 deep");
    return false;
  }

  bool close() {
    document_.values_[open_.back().value].span.end = token().end;
    open_.pop_back();
    return true;
  }

  struct Open {
    std::uint32_t value, last;  // last: its latest member
  };
  JsonDocument& document_;
  const diag::SourcePtr& source_;
  std::string_view text_;
  diag::Sink& sink_;
  std::size_t at_ = 0;
  std::vector<Open> open_;
  diag::Span key_;
  std::uint32_t escaped_key_ = JsonValue::kNone;
};

std::optional<JsonDocument> JsonDocument::parse(const diag::SourcePtr& source, diag::Sink& sink) {
  const int before = sink.errors();
  JsonDocument document;
  document.source_ = source;
  const auto report = [&](int code, std::string message) {
    diag::Diagnostic d;
    d.code = code;
    d.message = std::move(message);
    d.source = source;
    sink.emit(std::move(d));
    return std::nullopt;
  };
  if (source->text().size() > kMaxJsonBytes) return report(diag::kProgramFileTooLarge, "a file of more than 64 MiB");
  JsonHandler handler(document, source, sink);
  try {
    if (nlohmann::json::sax_parse(source->text(), &handler) && !document.values_.empty()) return document;
  } catch (const std::exception& e) {
    return report(diag::kJsonSyntax, std::string("not JSON: ") + e.what());
  }
  if (sink.errors() == before) return report(diag::kJsonSyntax, "not JSON");
  return std::nullopt;
}

std::string_view JsonDocument::text(const JsonValue& v) const {
  if (v.escaped != JsonValue::kNone) return decoded_[v.escaped];
  return source_->slice({v.span.begin + 1, v.span.end - 1});
}

std::string_view JsonDocument::key(const JsonValue& v) const {
  if (v.escaped_key != JsonValue::kNone) return decoded_[v.escaped_key];
  return source_->slice({v.key.begin + 1, v.key.end - 1});
}

std::string json_quoted(std::string_view text) {
  // Bytes that are no UTF-8 are replaced rather than thrown at.
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace mapwright::program
