#include <gtest/gtest.h>

#include "program/program.h"

namespace mapwright::program {
namespace {

std::optional<Expr> parse(std::string_view text) {
  diag::Sink sink;
  return Expr::parse(text, nullptr, 0, sink);
}

int parse_code(const std::string& text, std::uint32_t* begin = nullptr) {
  diag::Sink sink;
  const auto source = diag::make_source("file", text);
  EXPECT_FALSE(Expr::parse(source->text(), source, 0, sink)) << text;
  if (sink.all().size() != 1) return -1;
  if (begin) *begin = sink.all()[0].span.begin;
  return sink.all()[0].code;
}

TEST(Expr, IntegerArithmeticTruncatesLikeTheLanguage) {
  ExprContext c;
  c.point = {-7, 2};
  EXPECT_EQ((Expr::point(0) / Expr::point(1)).integer(c), -3);  // -3.5 toward zero
  EXPECT_EQ((Expr::point(0) % Expr::point(1)).integer(c), -1);  // the sign of the dividend
  EXPECT_EQ((Expr::point(0) / 0).integer(c), 0);
  EXPECT_EQ((Expr::point(0) % 0).integer(c), 0);
  EXPECT_EQ(min(Expr::point(0), 3).integer(c), -7);
  EXPECT_EQ(max(Expr::point(0), 3).integer(c), 3);
  EXPECT_DOUBLE_EQ((Expr::point(0) / Expr::point(1)).real(c), -3.5);
  EXPECT_EQ(Expr().integer(c), 0);
  EXPECT_EQ(Expr(0), Expr());
}

TEST(Expr, ReadsAncestorsLoopsAndSizes) {
  const Point ancestors[] = {{1, 2}, {3, 4}};
  const LoopCounter loops[] = {{"ko", 5}, {"ki", 6}};
  const std::int64_t elements[] = {10, 20};
  ExprContext c;
  c.ancestors = ancestors;
  c.loops = loops;
  c.elements = elements;
  c.seconds = 0.5;
  EXPECT_EQ(Expr::ancestor(1, 1).integer(c), 2);
  EXPECT_EQ(Expr::ancestor(2, 0).integer(c), 3);
  EXPECT_EQ(Expr::ancestor(3, 0).integer(c), 0);  // absent reads as 0
  EXPECT_EQ(Expr::loop("ki").integer(c), 6);
  EXPECT_EQ(Expr::loop("other").integer(c), 0);
  EXPECT_EQ((Expr::elements(0) + Expr::elements(1)).integer(c), 30);
  EXPECT_DOUBLE_EQ((Expr(3) / Expr::seconds()).real(c), 6);
}

TEST(Expr, OverflowWrapsInsteadOfBeingUndefined) {
  ExprContext c;
  c.point = {std::numeric_limits<std::int64_t>::min()};
  EXPECT_EQ((Expr::point(0) / -1).integer(c), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ((Expr::point(0) % -1).integer(c), 0);
  EXPECT_EQ((Expr::point(0) - 1).integer(c), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(Expr(1e300).integer(c), 0);
}

TEST(Expr, TextRoundTripsWithTheFewestParentheses) {
  for (const char* text : {"p0", "parent.p0 + 2 * parent.parent.p1", "(p0 + 1) * 2", "p0 - (p1 - 2)", "p0 - p1 - 2",
                           "p0 / (p1 * 2)", "p0 / p1 * 2", "min(p0, max(p1, 3)) % 4", "loop.ko + -2", "elements(3) * 0.218",
                           "1e+22 / seconds", "0", "(p0 + p1 + loop.k) % 2"}) {
    const auto e = parse(text);
    ASSERT_TRUE(e) << text;
    EXPECT_EQ(e->to_text(), text);
    EXPECT_EQ(parse(e->to_text()), e);
  }
  EXPECT_EQ(parse(" - p0 ")->to_text(), "0 - p0");
  EXPECT_EQ(parse("((p0))+((1))")->to_text(), "p0 + 1");
}

TEST(Expr, MistakesAreLocated) {
  std::uint32_t begin = 0;
  EXPECT_EQ(parse_code("p0 + * 2", &begin), diag::kExpressionSyntax);
  EXPECT_EQ(begin, 5u);
  EXPECT_EQ(parse_code("p0 + foo", &begin), diag::kExpressionSyntax);
  EXPECT_EQ(begin, 5u);
  for (const char* text : {"", "p8", "p0 p1", "(p0", "min(1)", "loop.", "loop.2", "elements(x)", "parent.x", "1e999", "p0 $ 1", "parent.seconds"}) {
    EXPECT_EQ(parse_code(text), diag::kExpressionSyntax) << text;
  }
}

TEST(Expr, SizeAndDepthAreBounded) {
  EXPECT_EQ(parse_code(std::string(10000, '(')), diag::kProgramFileTooLarge);
  EXPECT_EQ(parse_code(std::string(10000, '-')), diag::kProgramFileTooLarge);
  std::string sum = "1";
  for (int i = 0; i < 1025; ++i) sum += "+1";
  EXPECT_EQ(parse_code(sum), diag::kProgramFileTooLarge);
  // Whatever depth parses must fit the stack of the evaluation.
  std::string deep = "1";
  int levels = 0;
  for (auto e = parse(deep); e; e = parse(deep)) {
    EXPECT_EQ(e->integer({}), std::min(9, 1 + levels));
    deep = "min(9, 1 + 1 * (" + deep + "))";
    ++levels;
  }
  EXPECT_GE(levels, 9);
}

TEST(Expr, FindsDivisorsThatCanBeZero) {
  const auto e = parse("p0 / (p1 - 1) + p0 % 2 + 3 / (p0 % loop.k)");
  ASSERT_TRUE(e);
  const auto divisors = e->divisors();
  ASSERT_EQ(divisors.size(), 3u);
  EXPECT_EQ(divisors[0].to_text(), "p1 - 1");
  EXPECT_EQ(divisors[1].to_text(), "loop.k");
  EXPECT_EQ(divisors[2].to_text(), "p0 % loop.k");
  EXPECT_TRUE(e->reads_loop("k"));
  EXPECT_FALSE(e->reads_loop("j"));
  EXPECT_TRUE(e->reads_point());
  EXPECT_FALSE(e->reads_ancestors());
  EXPECT_TRUE(parse("2 * 3")->is_constant());
}

}  // namespace
}  // namespace mapwright::program
