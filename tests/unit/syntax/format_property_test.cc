// Random mappers: printing and parsing are inverse to each other, and printing twice changes nothing.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "base/base.h"
#include "syntax/syntax.h"

namespace mapwright::syntax {
namespace {

// Writes random statements with random spaces, newlines and comments between the tokens.
class Writer {
 public:
  explicit Writer(std::uint64_t seed) : rng_(seed) {}

  std::string program() {
    for (std::uint64_t n = rng_.below(8); n > 0; --n) statement();
    space();
    return std::move(out_);
  }

 private:
  std::size_t pick(std::size_t n) { return static_cast<std::size_t>(rng_.below(n)); }
  template <std::size_t N>
  const char* any(const char* const (&words)[N]) { return words[pick(N)]; }

  void space() {
    static constexpr const char* kGaps[] = {" ", " ", " ", " ", "  ", "\n", "\n\n\n", "\t", " # note\n", " // text; with } signs\n"};
    out_ += any(kGaps);
  }
  void put(const std::string& token) {
    out_ += token;
    space();
  }
  void name() {
    static constexpr const char* kNames[] = {"a", "calc", "hydro.advance", "\"two words\"", "merge", "def", "size"};
    put(any(kNames));
  }
  void names() {
    if (pick(4) == 0) return put("*");
    name();
    for (std::size_t n = pick(3); n > 0; --n) {
      put(",");
      name();
    }
  }
  void arguments() {
    if (pick(3) == 0) return put(std::to_string(pick(5)));
    names();
  }
  void variable() {
    static constexpr const char* kNames[] = {"x", "y", "task", "len", "m_2d", "GPU", "True"};
    put(any(kNames));
  }

  void statement() {
    switch (pick(10)) {
      case 0: put("Task"); names(); put("GPU"); put(","); put("CPU"); break;
      case 1: put("Region"); names(); arguments(); put(pick(2) ? "GPU" : "*"); put("FBMEM"); break;
      case 2: put("Layout"); names(); arguments(); put("*"); put("SOA"); put("Align"); put("<="); put("64"); break;
      case 3: put("InstanceLimit"); names(); put("4"); break;
      case 4: put("CollectMemory"); names(); arguments(); break;
      case 5: put(pick(2) ? "IndexTaskMap" : "SingleTaskMap"); names(); put("f"); break;
      case 6: put("ControlReplicate"); names(); break;
      case 7: put("print"); put("("); put("\"x {} #\""); put(","); expression(2); put(")"); break;
      case 8: function(); return;
      default: put("x"); put("="); expression(4); break;
    }
    put(";");
  }

  void function() {
    put("def"); put("f"); put("("); put("Task"); put("t");
    if (pick(2)) { put(","); put("int"); put("i"); }
    put(")"); put("{");
    for (std::size_t n = pick(3); n > 0; --n) { put("x"); put("="); expression(3); put(";"); }
    put("return"); expression(3); put(";"); put("}");
  }

  void list(int depth, bool stars) {
    for (std::size_t i = 0, n = 1 + pick(3); i < n; ++i) {
      if (i) put(",");
      const std::size_t form = pick(6);
      if (form == 0 && stars) { put("*"); continue; }
      if (form == 1) put("*");
      expression(depth);
    }
  }

  void expression(int depth) {
    if (depth == 0) return pick(2) ? put(std::to_string(rng_() >> (1 + pick(62)))) : variable();
    static constexpr const char* kBinary[] = {"+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||"};
    switch (pick(11)) {
      case 0: put("("); expression(depth - 1); put(")"); break;
      case 1: put(pick(2) ? "-" : "!"); expression(depth - 1); break;
      case 2: expression(depth - 1); put("?"); expression(depth - 1); put(":"); expression(depth - 1); break;
      case 3: put("("); list(depth - 1, false); put(","); expression(depth - 1); put(")"); break;
      case 4: variable(); put("("); if (pick(3)) list(depth - 1, false); put(")"); break;
      case 5: variable(); put("["); list(depth - 1, true); put("]"); break;
      case 6: variable(); put("["); if (pick(2)) expression(depth - 1); put(":"); if (pick(2)) expression(depth - 1); put("]"); break;
      case 7: variable(); put("."); put("size"); break;
      case 8: put("tuple"); put("("); expression(depth - 1); put("for"); put("i"); put("in"); expression(depth - 1); put(")"); break;
      default: expression(depth - 1); put(any(kBinary)); expression(depth - 1); break;
    }
  }

  Rng rng_;
  std::string out_;
};

Program parse_text(const std::string& text, diag::Sink& sink) { return parse(diag::make_source("random.mapper", text), sink); }

RC_GTEST_PROP(Format, PrintingAndParsingAreInverse, (std::uint64_t seed)) {
  const std::string text = Writer(seed).program();
  diag::Sink sink;
  const Program program = parse_text(text, sink);
  for (const diag::Diagnostic& d : sink.take_sorted(1)) RC_FAIL(diag::render_text(d) + text);
  const std::string printed = format(program);
  const Program again = parse_text(printed, sink);
  RC_ASSERT(!sink.has_errors());
  RC_ASSERT(dump(again) == dump(program));
  RC_ASSERT(format(again) == printed);
  RC_ASSERT(again.comments.size() == program.comments.size());
}

}  // namespace
}  // namespace mapwright::syntax
