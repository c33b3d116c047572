// Every example of docs/cli.md is run. With MAPWRIGHT_UPDATE_DOCS=1 the outputs in the page are replaced by what the
// commands print now.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli.h"

namespace mapwright::test {
namespace {

// Words of a command line; quotes as a shell takes them.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool any = false;
  for (const char c : line) {
    if (quote != 0) {
      if (c == quote) quote = 0;
      else word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      any = true;
    } else if (c == ' ') {
      if (any || !word.empty()) words.push_back(word);
      word.clear();
      any = false;
    } else {
      word += c;
    }
  }
  if (any || !word.empty()) words.push_back(word);
  return words;
}

class Docs : public Cli {
 protected:
  // Runs the examples of a page in one directory that has the examples of the project; returns the page with outputs.
  std::string with_outputs(const std::string& page, std::vector<std::string>& commands) const {
    std::istringstream in(page);
    std::string out;
    std::string fence;  // that ends the block, longer than those of what a command prints
    bool skip = false;
    for (std::string line; std::getline(in, line);) {
      if (line == "```console" || line == "````console") {
        fence = line.substr(0, line.find('c'));
      } else if (line == fence) {
        fence.clear();
        skip = false;
      }
      if (fence.empty() || line.rfind("$ mapwright ", 0) != 0) {
        if (!skip) out += line + "\n";
        continue;
      }
      const std::vector<std::string> words = words_of(line.substr(12));
      const Ended ended = run(words);
      // 1 is for examples that show a mistake.
      EXPECT_LE(ended.status, 1) << line << "\n" << ended.err;
      commands.push_back(words[0]);
      out += line + "\n" + ended.err + ended.out;
      skip = true;
    }
    return out;
  }
};

class Pages : public Docs, public testing::WithParamInterface<const char*> {};

TEST_P(Pages, EveryExampleWorks) {
  const std::string path = std::string(MAPWRIGHT_SOURCE_DIR) + "/docs/" + GetParam();
  std::ostringstream page;
  page << std::ifstream(path).rdbuf();
  std::filesystem::create_directory_symlink(std::string(MAPWRIGHT_SOURCE_DIR) + "/examples", directory() + "/examples");
  std::vector<std::string> commands;
  const std::string updated = with_outputs(page.str(), commands);
  if (std::getenv("MAPWRIGHT_UPDATE_DOCS") != nullptr) std::ofstream(path) << updated;
  ASSERT_FALSE(commands.empty());
  if (std::string(GetParam()) != "cli.md") return;
  for (const char* command : {"programs", "machines", "check", "place", "run", "why", "diff", "compare", "init", "tune", "trace", "journal",
                              "study", "fmt", "explain", "dump", "program"}) {
    EXPECT_THAT(commands, testing::Contains(command));
  }
}
INSTANTIATE_TEST_SUITE_P(Docs, Pages, testing::Values("cli.md", "studies.md"));

}  // namespace
}  // namespace mapwright::test
