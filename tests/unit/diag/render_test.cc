#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "diag/diag.h"

namespace mapwright::diag {
namespace {

Diagnostic unknown_kind() {
  Diagnostic d;
  d.code = 3004;
  d.message = "`GPUS` is no processor kind";
  d.source = make_source("stencil.mapper", "Task a CPU;\n\n\nTask halo GPUS;\n");
  d.span = {24, 28};
  d.label = "unknown kind";
  d.help = "did you mean `GPU`?";
  d.fix = Fix {{24, 28}, "GPU"};
  d.equivalent = "syntax error";
  return d;
}

TEST(Render, TextShowsLineAndCarets) {
  EXPECT_EQ(render_text(unknown_kind()),
            "error[MW3004]: `GPUS` is no processor kind\n"
            " --> stencil.mapper:4:11\n"
            "  |\n"
            "4 | Task halo GPUS;\n"
            "  |           ^^^^ unknown kind\n"
            "  = help: did you mean `GPU`?\n");
}

TEST(Render, SecondaryLabelsStandOnTheirLines) {
  Diagnostic d = unknown_kind();
  d.help = "first line\nsecond line";
  d.labels.push_back({{0, 6}, "like this one"});
  d.labels.push_back({{19, 23}, "the task"});
  EXPECT_EQ(render_text(d),
            "error[MW3004]: `GPUS` is no processor kind\n"
            " --> stencil.mapper:4:11\n"
            "  |\n"
            "1 | Task a CPU;\n"
            "  | ------ like this one\n"
            "...\n"
            "4 | Task halo GPUS;\n"
            "  |           ^^^^ unknown kind\n"
            "  |      ---- the task\n"
            "  = help: first line\n"
            "          second line\n");
}

TEST(Render, AWideMarginAndTheEndOfTheText) {
  Diagnostic d;
  d.code = 2008;
  d.message = "`{` is never closed";
  d.source = make_source("m", "\n\n\n\n\n\n\n\n\ndef f() {");
  d.span = {18, 18};
  EXPECT_EQ(render_text(d),
            "error[MW2008]: `{` is never closed\n"
            "  --> m:10:10\n"
            "   |\n"
            "10 | def f() {\n"
            "   |          ^\n");
}

TEST(Render, TabsAndForeignBytesKeepTheCaretInPlace) {
  Diagnostic d;
  d.code = 1006;
  d.message = "not ASCII";
  d.source = make_source("m", "\tx\xc3\xa9\xff@;");
  d.span = {5, 6};  // the @, in the fifth cell: space, x, e with accent, ?, @
  EXPECT_EQ(render_text(d),
            "error[MW1006]: not ASCII\n"
            " --> m:1:6\n"
            "  |\n"
            "1 |  x\xc3\xa9?@;\n"
            "  |     ^\n");
}

TEST(Render, AVeryLongLineIsShownAroundTheMark) {
  Diagnostic d;
  d.code = 1001;
  d.message = "strange";
  d.source = make_source("m", std::string(100000, 'a') + "@" + std::string(100000, 'b'));
  d.span = {100000, 100001};
  const std::string text = render_text(d);
  EXPECT_LT(text.size(), 400u);
  EXPECT_NE(text.find("a@b"), std::string::npos);
  // 55 characters before the mark, after "1 | ..." (7 characters): the caret stands under the @.
  const std::string expected = "  | " + std::string(3 + 55, ' ') + "^\n";
  EXPECT_NE(text.find(expected), std::string::npos) << text;
}

TEST(Render, ShortIsOneLine) {
  EXPECT_EQ(render_short(unknown_kind()), "stencil.mapper:4:11: error[MW3004]: `GPUS` is no processor kind");
  Diagnostic d;
  d.code = 6001;
  d.severity = Severity::Warning;
  d.message = "cannot read `x`";
  EXPECT_EQ(render_short(d), "warning[MW6001]: cannot read `x`");
}

TEST(Render, JsonHasEveryField) {
  const auto json = nlohmann::json::parse(render_json(unknown_kind()));
  EXPECT_EQ(json["code"], "MW3004");
  EXPECT_EQ(json["severity"], "error");
  EXPECT_EQ(json["file"], "stencil.mapper");
  EXPECT_EQ(json["line"], 4);
  EXPECT_EQ(json["column"], 11);
  EXPECT_EQ(json["end_line"], 4);
  EXPECT_EQ(json["end_column"], 15);
  EXPECT_EQ(json["label"], "unknown kind");
  EXPECT_EQ(json["help"], "did you mean `GPU`?");
  EXPECT_EQ(json["fix"]["replacement"], "GPU");
  EXPECT_EQ(json["fix"]["column"], 11);
  EXPECT_EQ(json["equivalent"], "syntax error");
  EXPECT_TRUE(json["labels"].empty());
}

TEST(Render, JsonOfBrokenTextIsStillJson) {
  Diagnostic d;
  d.code = 1006;
  d.message = "byte \xff";
  const auto json = nlohmann::json::parse(render_json(d));
  EXPECT_TRUE(json["file"].is_null());
  EXPECT_TRUE(json["fix"].is_null());
  EXPECT_EQ(json["message"], "byte \xef\xbf\xbd");
}

TEST(Render, ColorWrapsTheSameText) {
  const std::string plain = render_text(unknown_kind());
  std::string colored = render_text(unknown_kind(), Color::Always);
  EXPECT_NE(colored, plain);
  std::string stripped;
  for (std::size_t i = 0; i < colored.size(); ++i) {
    if (colored[i] == '\x1b') {
      i = colored.find('m', i);
      continue;
    }
    stripped += colored[i];
  }
  EXPECT_EQ(stripped, plain);
}

}  // namespace
}  // namespace mapwright::diag
