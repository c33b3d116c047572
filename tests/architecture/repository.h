// tests/architecture/repository.h - the source tree as the architecture tests see it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace mapwright::test {

// A file of the repository; `path` is relative to its root.
struct SourceFile {
  std::string path;
  std::string text;
  std::vector<std::string> lines() const;
};

// Files under the folders that hold our own text, sorted by path: sources, tests, scripts, documents, descriptions.
std::vector<SourceFile> repository_files();

// A library as its CMakeLists.txt declares it.
struct Library {
  std::string name;                // "engine/sim"
  std::set<std::string> headers;   // public, as they are included: "engine/sim/sim.h"
  std::set<std::string> depends;   // DEPENDS, as folders
};
std::map<std::string, Library> libraries();

// "engine/sim" for "src/engine/sim/events.cc", "apps" for "apps/circuit/program.cc"; empty outside src/ and apps/.
std::string library_of(const std::string& path);

// Include paths of a source text, as written between quotes.
std::vector<std::string> quoted_includes(const SourceFile& file);

}  // namespace mapwright::test
