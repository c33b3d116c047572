#include <gtest/gtest.h>

#include <set>
#include <string>

#include "diag/diag.h"

namespace mapwright::diag {
namespace {

TEST(Codes, AscendAndAreUnique) {
  std::set<std::string> names;
  int before = 1000;
  for (const CodeInfo& info : all_codes()) {
    EXPECT_LT(before, info.code);
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_GE(info.code, 1000);
    EXPECT_LT(info.code, 8000);
    before = info.code;
  }
}

TEST(Codes, EveryCodeHasAPageWithABadAndAGoodExample) {
  for (const CodeInfo& info : all_codes()) {
    const std::string page(code_page(info.code));
    EXPECT_EQ(page.rfind("# " + code_name(info.code) + ": " + info.title + "\n", 0), 0u)
        << code_name(info.code) << " needs docs/diagnostics/" << code_name(info.code) << ".md beginning with its title; found: "
        << page.substr(0, 60);
    EXPECT_NE(page.find("\n## Wrong\n"), std::string::npos) << code_name(info.code);
    EXPECT_NE(page.find("\n## Right\n"), std::string::npos) << code_name(info.code);
  }
}

TEST(Codes, AreFoundByNumber) {
  ASSERT_NE(find_code(3004), nullptr);
  EXPECT_STREQ(find_code(3004)->name, "UnknownProcessorKind");
  EXPECT_EQ(kUnknownProcessorKind, 3004);
  EXPECT_EQ(find_code(3999), nullptr);
  EXPECT_EQ(code_name(3004), "MW3004");
  EXPECT_TRUE(code_page(3999).empty());
}

TEST(Codes, ErrorsOfTheWorldBecomeDiagnostics) {
  const Diagnostic d = from_error(Error {6001, "cannot read `x`", "look at its name"});
  EXPECT_EQ(d.code, 6001);
  EXPECT_EQ(d.message, "cannot read `x`");
  EXPECT_EQ(d.help, "look at its name");
  EXPECT_EQ(d.source, nullptr);
}

}  // namespace
}  // namespace mapwright::diag
