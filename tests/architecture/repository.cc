#include "architecture/repository.h"

#include <algorithm>
#include <filesystem>
#include <regex>
#include <sstream>

#include "base/base.h"

namespace mapwright::test {

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kFolders {"src",   "apps",  "cmake",   "docs", "tests",   "bench",
                                         "fuzz",  "machines", "scripts", "examples", ".ci"};
const std::set<std::string> kLibraryFolders {"engine/sim", "engine/host", "engine/command", "engine/legion", "engine/executor"};

std::string read(const fs::path& path) {
  auto text = read_file(path.string());
  MW_CHECK(text.has_value(), "{}", path.string());
  return *std::move(text);
}

// The words of `call`'s argument list after `keyword`, up to the next keyword (a word in capitals).
std::vector<std::string> words_after(const std::string& call, const std::string& keyword) {
  std::istringstream in(call);
  std::vector<std::string> found;
  bool inside = false;
  for (std::string word; in >> word;) {
    if (std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; })) {
      inside = word == keyword;
    } else if (inside) {
      found.push_back(word);
    }
  }
  return found;
}

// "engine_sim" is the target of the folder "engine/sim".
std::string folder_of_target(std::string target) {
  if (target.starts_with("engine_")) target.replace(0, 7, "engine/");
  return target;
}

}  // namespace

std::vector<std::string> SourceFile::lines() const {
  std::istringstream in(text);
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

std::vector<SourceFile> repository_files() {
  const fs::path root = MAPWRIGHT_SOURCE_DIR;
  std::vector<SourceFile> files;
  const auto add = [&](const fs::path& path) { files.push_back({fs::relative(path, root).string(), read(path)}); };
  for (const std::string& folder : kFolders) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string path = entry.path().string();
      if (entry.is_regular_file() && path.find("__pycache__") == std::string::npos) add(entry.path());
    }
  }
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_regular_file() && (entry.path().extension() == ".md" || entry.path().extension() == ".txt")) add(entry.path());
  }
  std::sort(files.begin(), files.end(), [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

std::map<std::string, Library> libraries() {
  std::map<std::string, Library> all;
  for (const SourceFile& file : repository_files()) {
    if (!file.path.ends_with("CMakeLists.txt") || !(file.path.starts_with("src/") || file.path.starts_with("apps/"))) continue;
    const std::size_t begin = file.text.find("mapwright_library(");
    if (begin == std::string::npos) continue;
    const std::size_t end = file.text.find(')', begin);
    const std::string call = file.text.substr(begin + 18, end - begin - 18);
    Library l;
    l.name = library_of(file.path);
    for (const std::string& header : words_after(call, "HEADERS")) l.headers.insert(l.name + "/" + header);
    if (l.name == "apps") l.headers.insert({"apps/apps.h", "apps/gpu.h"});  // stand outside src/, so they are no HEADERS of the call
    for (const std::string& target : words_after(call, "DEPENDS")) l.depends.insert(folder_of_target(target));
    all.emplace(l.name, std::move(l));
  }
  return all;
}

std::string library_of(const std::string& path) {
  if (path.starts_with("apps/")) return "apps";
  if (!path.starts_with("src/")) return {};
  const std::string inside = path.substr(4);
  for (const std::string& nested : kLibraryFolders) {
    if (inside.starts_with(nested + "/")) return nested;
  }
  const std::size_t slash = inside.find('/');
  return slash == std::string::npos ? "main" : inside.substr(0, slash);
}

std::vector<std::string> quoted_includes(const SourceFile& file) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*"([^"]+)\")");
  std::vector<std::string> found;
  for (const std::string& line : file.lines()) {
    if (std::smatch m; std::regex_search(line, m, kInclude)) found.push_back(m[1]);
  }
  return found;
}

}  // namespace mapwright::test
