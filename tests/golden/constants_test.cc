// docs/models/constants.md states every constant of the machines that ship with its source: what machines/*.toml say, in
// tables. MAPWRIGHT_UPDATE_GOLDEN=1 rewrites it; read the diff.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "machine/machine.h"

namespace mapwright {
namespace {

const std::filesystem::path kRepository = MAPWRIGHT_SOURCE_DIR;
constexpr const char* kHead =
    "# The constants of the machines\n\n"
    "Every figure of `machines/*.toml` and where it is from, as those files say; a test keeps this page equal to them. What the figures mean stands in\n"
    "[machine](machine.md), [memory](memory.md), [overhead](overhead.md) and [the format](../formats/machine.md). GB/s are 10^9 bytes per second and\n"
    "direction, MiB are 2^20 bytes, `m_s` are 10^6 per second, `us` microseconds. \"estimate\" marks figures that nobody published; `mapwright study\n"
    "sensitivity` shows what depends on them.\n";

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

// `what # why` in two.
std::pair<std::string, std::string> parted(const std::string& line) {
  const std::size_t hash = line.find('#');
  return {trimmed(line.substr(0, hash)), hash == std::string::npos ? "" : trimmed(line.substr(hash + 1))};
}

// The rows of one file; the keys before the first section name it and give no constants.
std::string rows_of(const std::string& name, const std::string& toml) {
  std::string out, section, note;
  std::size_t begin = 0;
  while (begin < toml.size()) {
    const std::size_t end = std::min(toml.find('\n', begin), toml.size());
    const auto [what, why] = parted(toml.substr(begin, end - begin));
    begin = end + 1;
    if (what.starts_with('[')) {
      section = what.substr(1, what.find(']') - 1);
      note = why;
      continue;
    }
    const std::size_t equals = what.find('=');
    if (section.empty() || equals == std::string::npos) continue;
    const std::string key = section + "." + trimmed(what.substr(0, equals));
    std::string source = why.empty() ? note : why;
    if (source.empty() && name == "generic") source = "round figure";
    EXPECT_FALSE(source.empty()) << "machines/" << name << ".toml: " << key << " has no source";
    out += fmt::format("| {} | {} | {} |\n", key, trimmed(what.substr(equals + 1)), source);
  }
  return out;
}

TEST(Constants, ThePageStatesAllOfThem) {
  std::string expected = kHead;
  for (const std::string& name : machine::shipped_machine_names()) {
    const auto toml = read_file((kRepository / "machines" / (name + ".toml")).string(), 1 << 20);
    ASSERT_TRUE(toml) << name;
    expected += fmt::format("\n## {}\n\n| constant | value | source |\n|---|---|---|\n{}", name, rows_of(name, *toml));
  }
  const std::string file = (kRepository / "docs" / "models" / "constants.md").string();
  if (std::getenv("MAPWRIGHT_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_file(file, expected));
  }
  const auto found = read_file(file, 1 << 20);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, expected) << "MAPWRIGHT_UPDATE_GOLDEN=1 rewrites " << file;
}

}  // namespace
}  // namespace mapwright
