#include <gtest/gtest.h>

#include "syntax/syntax.h"

namespace mapwright::syntax {
namespace {

struct Parsed {
  diag::SourcePtr source;
  Program program;
  std::vector<diag::Diagnostic> found;
};

Parsed parse_text(std::string text) {
  Parsed p;
  p.source = diag::make_source("test.mapper", std::move(text));
  diag::Sink sink;
  p.program = parse(p.source, sink);
  p.found = sink.take_sorted();
  return p;
}

std::string_view slice(const Parsed& p, diag::Span s) { return p.source->slice(s); }

TEST(Parser, SpansCoverTheTextOfEveryNode) {
  const Parsed p = parse_text("Task a GPU ;\nx = f ( 1 , *t ) [ 0 ] . len + ( 2 ) ;");
  ASSERT_TRUE(p.found.empty());
  ASSERT_EQ(p.program.statements.size(), 2u);
  EXPECT_EQ(slice(p, p.program.statements[0].span), "Task a GPU ;");
  const auto& assign = std::get<AssignStatement>(p.program.statements[1].what);
  EXPECT_EQ(slice(p, assign.name.span), "x");
  const Expr& sum = *assign.value;
  EXPECT_EQ(slice(p, sum.span), "f ( 1 , *t ) [ 0 ] . len + ( 2 )");
  EXPECT_EQ(slice(p, sum.name_span), "+");
  EXPECT_EQ(slice(p, sum.children[1]->span), "( 2 )");
  const Expr& len = *sum.children[0];
  EXPECT_EQ(slice(p, len.name_span), "len");
  EXPECT_EQ(slice(p, len.children[0]->span), "f ( 1 , *t ) [ 0 ]");
  const Expr& call = *len.children[0]->children[0];
  EXPECT_EQ(slice(p, call.span), "f ( 1 , *t )");
  EXPECT_EQ(slice(p, call.children[2]->span), "*t");
}

TEST(Parser, FunctionsKnowHeadAndEnd) {
  const Parsed p = parse_text("def f(int a, Task b) { return a; }");
  const auto& f = std::get<FunctionStatement>(p.program.statements.at(0).what);
  EXPECT_EQ(slice(p, f.head), "def f(int a, Task b)");
  EXPECT_EQ(slice(p, f.body_end), "}");
  EXPECT_EQ(slice(p, f.body.at(0).span), "return a;");
  EXPECT_FALSE(f.broken);
}

TEST(Parser, FixesRepairTheText) {
  // Applying the fix of the only finding gives a text without findings.
  for (const char* text : {"def f(Task t): { return 1; }", "x = 1 and 2;", "Taks a GPU;", "Task a GPU", "x = 7 // 2;", "x = (1 + 2;", "Task a GPU;;",
                           "IndexTaskMap t m f;", "def f(int a) { int x = 3; return x; }", "x = not a;", "def f(Tsk t) { return 1; }"}) {
    Parsed p = parse_text(text);
    ASSERT_EQ(p.found.size(), 1u) << text;
    ASSERT_TRUE(p.found[0].fix) << text;
    std::string fixed = text;
    fixed.replace(p.found[0].fix->span.begin, p.found[0].fix->span.end - p.found[0].fix->span.begin, p.found[0].fix->replacement);
    EXPECT_TRUE(parse_text(fixed).found.empty()) << fixed;
  }
}

TEST(Parser, GoesOnBehindAMistake) {
  const Parsed p = parse_text("Task a ;\nTask b GPU;\ndef f(Task t) { x = ; return 1; }\nTask c GPU;");
  EXPECT_EQ(p.found.size(), 2u);
  ASSERT_EQ(p.program.statements.size(), 3u);  // without the first
  EXPECT_TRUE(std::get<FunctionStatement>(p.program.statements[1].what).broken);
  EXPECT_EQ(kind_name(p.program.statements[2]), "Task");
}

TEST(Parser, LineEndingsAndByteOrderMarkDoNotMatter) {
  const Parsed p = parse_text("\xef\xbb\xbfTask a GPU;\r\n// comment\r\nTask b CPU;\r\n");
  EXPECT_TRUE(p.found.empty());
  EXPECT_EQ(format(p.program), "Task a GPU;\n// comment\nTask b CPU;\n");
}

TEST(Parser, EmptyTextsAreMappers) {
  for (const char* text : {"", "\n\n", "# only a comment", "   "}) {
    const Parsed p = parse_text(text);
    EXPECT_TRUE(p.found.empty());
    EXPECT_TRUE(p.program.statements.empty());
  }
  EXPECT_EQ(format(parse_text("# only a comment").program), "# only a comment\n");
}

}  // namespace
}  // namespace mapwright::syntax
