// diag/diag.h - what is wrong with a text the user gave us, as data.
// One Diagnostic feeds the terminal, the short and JSON formats, the journal and prompts of language models.
// Registry of codes: diag/codes.def. A page per code: docs/diagnostics/MWnnnn.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/base.h"

namespace mapwright::diag {

// Byte offsets [begin, end) into a Source. An empty span points between two characters.
struct Span {
  std::uint32_t begin = 0, end = 0;
  friend bool operator==(Span, Span) = default;
};

struct Position {
  std::uint32_t line = 1, column = 1;  // from 1; the column counts bytes
};

// A named text with its line table. Immutable; shared by the diagnostics that point into it.
class Source {
 public:
  Source(std::string name, std::string text);
  const std::string& name() const { return name_; }
  std::string_view text() const { return text_; }
  std::string_view slice(Span s) const;
  Position position(std::uint32_t offset) const;
  std::string_view line(std::uint32_t number) const;  // without its newline
  Span span_of(Position begin, Position end) const;    // clamped to the text
 private:
  std::string name_, text_;
  std::vector<std::uint32_t> starts_;
};
using SourcePtr = std::shared_ptr<const Source>;
SourcePtr make_source(std::string name, std::string text);

enum class Severity { Error, Warning, Note };
std::string_view severity_name(Severity s);  // "error", "warning", "note"

struct Label {
  Span span;
  std::string text;
};

// Replaces `span` by `replacement`.
struct Fix {
  Span span;
  std::string replacement;
};

// Every code of codes.def as a named constant, for example diag::kUnknownProcessorKind == 3004.
#define MW_CODE(number, name, severity, title) inline constexpr int k##name = number;
#include "diag/codes.def"
#undef MW_CODE

struct CodeInfo {
  int code;
  const char* name;
  Severity severity;
  const char* title;
};
// All codes in ascending order; nullptr from find_code() when there is no such code.
const std::vector<CodeInfo>& all_codes();
const CodeInfo* find_code(int code);
std::string code_name(int code);  // "MW3004"
// The text of docs/diagnostics/MWnnnn.md, compiled in; empty when the code is unknown.
std::string_view code_page(int code);

// One finding. `message` states the fact: lower case, no full stop, user words in backticks. `help` says what to do.
// `equivalent` is the text that the published system prints in the same situation, for rules and studies; often empty.
// `source` may be null for findings about no text (then `span` means nothing).
struct Diagnostic {
  int code = 0;
  Severity severity = Severity::Error;
  std::string message;
  SourcePtr source;
  Span span;
  std::string label;          // text under the primary span; may be empty
  std::vector<Label> labels;  // secondary places in the same source
  std::string help;
  std::optional<Fix> fix;
  std::string equivalent;
};

// Collects diagnostics of one run of one stage.
class Sink {
 public:
  void emit(Diagnostic d);
  bool has_errors() const { return errors_ > 0; }
  int errors() const { return errors_; }
  const std::vector<Diagnostic>& all() const { return all_; }
  // Everything, sorted by position (diagnostics without a source last), without repetitions of (code, span), the first
  // `limit` only; `hidden` receives how many were left out.
  std::vector<Diagnostic> take_sorted(std::size_t limit = 20, std::size_t* hidden = nullptr) const;

 private:
  std::vector<Diagnostic> all_;
  int errors_ = 0;
};

enum class Color { Never, Always };
// The rustc-like layout with source line and carets; ASCII only. Ends with a newline.
std::string render_text(const Diagnostic& d, Color color = Color::Never);
// "file:line:column: error[MW3004]: message", one line.
std::string render_short(const Diagnostic& d);
// One JSON object as text: {"code":"MW3004","severity":"error","message":...,"file":...,"line":...,"column":...,
// "end_line":...,"end_column":...,"label":...,"labels":[...],"help":...,"fix":{...},"equivalent":...}. See docs/formats/diagnostic.md.
std::string render_json(const Diagnostic& d);

// An Error of the world as a Diagnostic without a source.
Diagnostic from_error(const Error& e);

}  // namespace mapwright::diag
