// Texts made to hurt: each must end in a clear error, quickly, without a crash.
#include <gtest/gtest.h>

#include <string>

#include "base/base.h"
#include "syntax/syntax.h"

namespace mapwright::syntax {
namespace {

std::string repeat(std::string_view s, std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += s;
  return out;
}

// Parses, formats what came out and returns the first code; a text that took for ever would run into the time-out of the test.
int first_code(const std::string& text) {
  const auto source = diag::make_source("evil.mapper", text);
  diag::Sink sink;
  const Program program = parse(source, sink);
  format(program);
  dump(program);
  const auto found = sink.take_sorted();
  for (const diag::Diagnostic& d : found) {
    diag::render_text(d);
    diag::render_json(d);
  }
  EXPECT_LT(sink.all().size(), 1000u);
  return found.empty() ? 0 : found.front().code;
}

TEST(Evil, AMegabyteOfNoise) {
  Rng rng(1);
  std::string bytes, printable;
  for (std::size_t i = 0; i < kMaxTextBytes; ++i) {
    bytes += static_cast<char>(rng.below(256));
    printable += static_cast<char>(' ' + rng.below(95));
  }
  EXPECT_NE(first_code(bytes), 0);
  EXPECT_NE(first_code(printable), 0);
}

TEST(Evil, OneByteTooMany) {
  EXPECT_EQ(first_code(std::string(kMaxTextBytes, ' ')), 0);
  EXPECT_EQ(first_code(std::string(kMaxTextBytes + 1, ' ')), diag::kTextTooLarge);
}

TEST(Evil, DeepNesting) {
  for (const char* open : {"(", "[", "{", "-", "!", "f(", "t[", "1 ? ", "(1, ", "tuple("}) {
    EXPECT_NE(first_code("x = " + repeat(open, 10'000) + "1;"), 0) << open;
  }
  EXPECT_EQ(first_code("x = " + repeat("(", 10'000) + "1" + repeat(")", 10'000) + ";"), diag::kNestingTooDeep);
  EXPECT_EQ(first_code("x = 1" + repeat(" + 1", 10'000) + ";"), diag::kNestingTooDeep);
  EXPECT_EQ(first_code("x = t" + repeat(".a", 10'000) + ";"), diag::kNestingTooDeep);
  EXPECT_EQ(first_code("x = t" + repeat("[0]", 10'000) + ";"), diag::kNestingTooDeep);
  EXPECT_EQ(first_code("x = " + repeat("1 ? 2 : ", 10'000) + "1;"), diag::kNestingTooDeep);
  EXPECT_NE(first_code(repeat("def f() {", 10'000)), 0);
}

TEST(Evil, ManyMistakesAndManyStatements) {
  EXPECT_EQ(first_code(repeat("Taks a;", 100'000)), diag::kUnknownStatement);
  EXPECT_EQ(first_code(repeat("}", 100'000)), diag::kUnexpectedToken);
  EXPECT_EQ(first_code(repeat("Task a GPU;\n", 80'000)), 0);
  EXPECT_EQ(first_code(repeat("x=1\n", 100'000)), diag::kMissingSemicolon);
  EXPECT_EQ(first_code("x = (" + repeat("1,", 200'000) + "1);"), 0);
}

TEST(Evil, ForeignBytes) {
  EXPECT_EQ(first_code("Task \xff GPU;"), diag::kNotAscii);
  EXPECT_EQ(first_code("Task \xe2\x80\x93 GPU;"), diag::kNotAscii);
  EXPECT_EQ(first_code(std::string("Task \0 GPU;", 11)), diag::kUnexpectedCharacter);
  EXPECT_EQ(first_code("# \xff\xfe in a comment\nTask \"\xff\" GPU;"), 0);
  EXPECT_EQ(first_code("\""), diag::kUnterminatedString);
}

}  // namespace
}  // namespace mapwright::syntax
