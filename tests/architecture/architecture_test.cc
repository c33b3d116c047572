// Rules about the source tree that no compiler checks. docs/architecture.md states them for people.
#include "architecture/repository.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include "base/base.h"
#include "diag/diag.h"

namespace mapwright {
namespace {

using test::Library;
using test::SourceFile;

constexpr std::size_t kMaxLines = 1000;

bool is_source(const std::string& path) { return path.ends_with(".cc") || path.ends_with(".h") || path.ends_with(".def"); }

// The edges that docs/architecture.md allows: the lines "library: libraries..." of its block ```edges.
std::map<std::string, std::set<std::string>> allowed_edges() {
  std::map<std::string, std::set<std::string>> edges;
  bool inside = false;
  for (const SourceFile& file : test::repository_files()) {
    if (file.path != "docs/architecture.md") continue;
    for (const std::string& line : file.lines()) {
      if (line.starts_with("```")) {
        inside = line == "```edges";
      } else if (inside) {
        const std::size_t colon = line.find(':');
        MW_CHECK(colon != std::string::npos, "docs/architecture.md: {}", line);
        std::istringstream rest(line.substr(colon + 1));
        std::set<std::string>& allowed = edges[line.substr(0, colon)];
        for (std::string word; rest >> word;) allowed.insert(word);
      }
    }
  }
  return edges;
}

// The library that an include path belongs to; empty for files of the including library's own kind outside src/.
std::string included_library(const std::string& include) {
  return include.starts_with("apps/") ? "apps" : test::library_of("src/" + include);
}

TEST(Architecture, OnlyPublicHeadersCrossLibraries) {
  const auto libraries = test::libraries();
  for (const SourceFile& file : test::repository_files()) {
    const std::string own = test::library_of(file.path);
    if (own.empty() || !is_source(file.path)) continue;
    for (const std::string& include : test::quoted_includes(file)) {
      const std::string other = included_library(include);
      if (other == own || !libraries.contains(other)) continue;
      EXPECT_TRUE(libraries.at(other).headers.contains(include))
          << file.path << " includes " << include << ", which is private to " << other
          << ": it is not among the HEADERS of its CMakeLists.txt";
    }
  }
}

TEST(Architecture, OnlyAllowedEdges) {
  const auto edges = allowed_edges();
  ASSERT_GE(edges.size(), 10U) << "docs/architecture.md has no block ```edges";
  for (const SourceFile& file : test::repository_files()) {
    const std::string own = test::library_of(file.path);
    if (own.empty() || own == "main" || !is_source(file.path)) continue;
    ASSERT_TRUE(edges.contains(own)) << own << " is not in the list of docs/architecture.md";
    for (const std::string& include : test::quoted_includes(file)) {
      const std::string other = included_library(include);
      if (other == own || !edges.contains(other)) continue;
      EXPECT_TRUE(edges.at(own).contains(other)) << file.path << " includes " << include << ": " << own << " may not use " << other;
    }
  }
  for (const auto& [name, library] : test::libraries()) {
    ASSERT_TRUE(edges.contains(name)) << name << " is not in the list of docs/architecture.md";
    for (const std::string& other : library.depends) {
      EXPECT_TRUE(edges.at(name).contains(other)) << name << " DEPENDS on " << other;
    }
  }
}

TEST(Architecture, EdgesFormAnOrder) {
  // The list is written so that every library stands below those it uses: then there is no cycle.
  std::set<std::string> above;
  bool inside = false;
  for (const SourceFile& file : test::repository_files()) {
    if (file.path != "docs/architecture.md") continue;
    for (const std::string& line : file.lines()) {
      if (line.starts_with("```")) {
        inside = line == "```edges";
      } else if (inside) {
        std::istringstream rest(line.substr(line.find(':') + 1));
        for (std::string word; rest >> word;) EXPECT_TRUE(above.contains(word)) << line << ": " << word << " stands below";
        above.insert(line.substr(0, line.find(':')));
      }
    }
  }
}

TEST(Architecture, DocumentedPathsExist) {
  namespace fs = std::filesystem;
  static const std::regex kQuoted("`((?:src|apps|docs|machines|tests|bench|fuzz|scripts|examples|cmake|\\.ci)/[A-Za-z0-9_./-]*)`");
  static const std::regex kLink(R"(\]\(([^)#:]+)(?:#[^)]*)?\))");
  const fs::path root = MAPWRIGHT_SOURCE_DIR;
  for (const SourceFile& file : test::repository_files()) {
    if (!file.path.ends_with(".md")) continue;
    bool code = false;
    for (const std::string& line : file.lines()) {
      if (line.starts_with("```")) code = !code;
      if (code) continue;
      for (std::sregex_iterator m(line.begin(), line.end(), kQuoted), end; m != end; ++m) {
        const std::string path = (*m)[1];
        if (path.find("MWnnnn") != std::string::npos || path.find("NAME") != std::string::npos) continue;
        EXPECT_TRUE(fs::exists(root / path)) << file.path << " names " << path;
      }
      for (std::sregex_iterator m(line.begin(), line.end(), kLink), end; m != end; ++m) {
        const std::string path = (*m)[1];
        EXPECT_TRUE(fs::exists(root / fs::path(file.path).parent_path() / path)) << file.path << " links to " << path;
      }
    }
  }
}

TEST(Architecture, FilesStayReadable) {
  for (const SourceFile& file : test::repository_files()) {
    if (file.path.find("/corpus/") != std::string::npos || file.path.find("/golden/") != std::string::npos || file.path.find("/figures/") != std::string::npos) continue;
    const auto lines = static_cast<std::size_t>(std::count(file.text.begin(), file.text.end(), '\n'));
    EXPECT_LE(lines, kMaxLines) << file.path << " has " << lines << " lines";
  }
}

TEST(Architecture, NoNotesToSelf) {
  static const std::regex kNote("\\b(TO" "DO|FIX" "ME|XX" "X|HA" "CK)\\b");
  for (const SourceFile& file : test::repository_files()) {
    if (!is_source(file.path)) continue;
    EXPECT_FALSE(std::regex_search(file.text, kNote)) << file.path;
  }
}

// Codes that no test can provoke in reasonable time, with the reason.
const std::map<int, std::string> kUntestable {
    {diag::kPlanTooLarge, "needs a plan of 2^32 operations"},
    {diag::kChildNotStarted, "needs a host that refuses to fork"},
};

TEST(Architecture, EveryCodeHasAPageAndATest) {
  std::string pages, tests;
  for (const SourceFile& file : test::repository_files()) {
    if (file.path.starts_with("docs/diagnostics/")) pages += file.path + "\n";
    if (file.path.starts_with("tests/") && !file.path.starts_with("tests/unit/diag/")) tests += file.text;
  }
  for (const diag::CodeInfo& info : diag::all_codes()) {
    const std::string code = std::to_string(info.code);
    EXPECT_NE(pages.find("MW" + code + ".md"), std::string::npos) << "no page for MW" << code;
    const bool tested = tests.find(code) != std::string::npos || tests.find("k" + std::string(info.name)) != std::string::npos;
    EXPECT_TRUE(tested || kUntestable.contains(info.code)) << "no test mentions MW" << code;
  }
  std::istringstream in(pages);
  for (std::string path; in >> path;) {
    const std::string number = path.substr(path.find("MW") + 2, 4);
    EXPECT_NE(diag::find_code(std::atoi(number.c_str())), nullptr) << path << " describes no code";
  }
}

TEST(Architecture, RulesAreNotVacuous) {
  // Guards against a scan that silently finds nothing.
  const auto files = test::repository_files();
  EXPECT_GT(files.size(), 100U);
  const auto libraries = test::libraries();
  ASSERT_TRUE(libraries.contains("machine"));
  EXPECT_TRUE(libraries.at("machine").headers.contains("machine/machine.h"));
  EXPECT_TRUE(libraries.at("machine").depends.contains("sema"));
  EXPECT_EQ(test::library_of("src/engine/sim/simulate.cc"), "engine/sim");
  EXPECT_EQ(test::library_of("src/engine/engine.h"), "engine");
}

}  // namespace
}  // namespace mapwright
