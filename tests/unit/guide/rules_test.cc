#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guide/guide.h"

namespace mapwright::guide {
namespace {

std::optional<Rules> read(std::string text, diag::Sink& sink) {
  return Rules::read(diag::make_source("rules.toml", std::move(text)), sink);
}

TEST(Rules, ShippedRulesAreReadable) {
  const Rules& rules = Rules::shipped();
  EXPECT_GE(rules.all().size(), 20u);
  for (const Rule& rule : rules.all()) EXPECT_FALSE(rule.explain.empty() && rule.suggest.empty());
}

TEST(Rules, ReadsEveryKey) {
  diag::Sink sink;
  const auto rules = read(
      "[[rule]]\nclass = \"execution\"\npattern = \"a {b}\"\noutcome = \"timeout\"\ncode = \"MW5007\"\nexplain = \"e\"\nsuggest = \"s\"\n", sink);
  ASSERT_TRUE(rules);
  ASSERT_EQ(rules->all().size(), 1u);
  const Rule& rule = rules->all()[0];
  EXPECT_EQ(rule.of, RuleClass::Execution);
  EXPECT_EQ(rule.pattern, "a {b}");
  EXPECT_EQ(rule.outcome, engine::Outcome::Timeout);
  EXPECT_EQ(rule.code, 5007);
  EXPECT_EQ(rule.explain, "e");
  EXPECT_EQ(rule.suggest, "s");
}

struct Bad {
  const char* text;
  const char* message;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << std::string_view(bad.text).size() << " bytes: " << bad.message; }  // else tests are named after addresses

class BadRules : public testing::TestWithParam<Bad> {};

TEST_P(BadRules, AreReportedWithTheirPlace) {
  diag::Sink sink;
  EXPECT_FALSE(read(GetParam().text, sink));
  ASSERT_TRUE(sink.has_errors());
  EXPECT_EQ(sink.all().front().code, diag::kInvalidRule);
  EXPECT_THAT(sink.all().front().message, testing::HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadRules,
    testing::Values(Bad {"[[rule]\n", ""},                                                              // MW4401
                    Bad {"x = 1\n", "list of up to 1000"},
                    Bad {"rule = 3\n", "list of up to 1000"},
                    Bad {"rule = [3]\n", "not a table"},
                    Bad {"[[rule]]\nclass = \"runtime\"\npattern = \"a\"\nsuggest = \"s\"\n", "compile, execution or metric"},
                    Bad {"[[rule]]\nclass = \"execution\"\nsuggest = \"s\"\n", "needs a `pattern`"},
                    Bad {"[[rule]]\nclass = \"execution\"\npattern = \"a\"\n", "says nothing"},
                    Bad {"[[rule]]\nclass = \"execution\"\npattern = 3\nsuggest = \"s\"\n", "not a text"},
                    Bad {"[[rule]]\nclass = \"execution\"\noutcome = \"slow\"\nsuggest = \"s\"\n", "no outcome"},
                    Bad {"[[rule]]\nclass = \"execution\"\ncode = \"Nonsense\"\nsuggest = \"s\"\n", "no diagnostic"},
                    Bad {"[[rule]]\nclass = \"execution\"\npatern = \"a\"\noutcome = \"ok\"\nsuggest = \"s\"\n", "no `patern`"}));

TEST(Rules, PlaceOfAMistakeIsTheValue) {
  diag::Sink sink;
  EXPECT_FALSE(read("[[rule]]\nclass = \"metric\"\npattern = \"a\"\noutcome = \"slow\"\nsuggest = \"s\"\n", sink));
  ASSERT_EQ(sink.errors(), 1);
  const diag::Diagnostic& d = sink.all().front();
  EXPECT_EQ(d.source->slice(d.span), "\"slow\"");
}

}  // namespace
}  // namespace mapwright::guide
