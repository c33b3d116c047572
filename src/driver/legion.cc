// mapwright legion exec -- PROGRAM...: becomes a Legion program that runs under a mapper file. The work is done by the
// library that is preloaded into it (docs/legion.md).
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "driver/commands.h"
#include "engine/legion/legion.h"

namespace mapwright::driver {

namespace legion = engine::legion;

int legion_exec(const Options& options, Console& console) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const Expected<std::string> library = legion::find_library(fs::read_symlink("/proc/self/exe", ignored).string());
  if (!library) return console.fail(library.error());

  // The program may change its directory before it starts Legion.
  const auto set_file = [&](const char* variable, const std::string& file) {
    if (!file.empty()) setenv(variable, fs::absolute(file, ignored).c_str(), 1);
  };
  set_file(legion::kMapperVariable, options.mapper);
  set_file(legion::kLogVariable, options.out);
  set_file(legion::kProfileVariable, options.profile_out);
  set_file(legion::kRecordVariable, options.record_out);
  if (options.strict) setenv(legion::kStrictVariable, "1", 1);
  const char* const already = std::getenv("LD_PRELOAD");
  setenv("LD_PRELOAD", (already && *already ? *library + ":" + already : *library).c_str(), 1);

  std::vector<std::string> words = options.words;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execvp(arguments.front(), arguments.data());
  return console.fail({diag::kChildNotStarted, fmt::format("cannot start `{}`: {}", options.words.front(), std::strerror(errno)), {}});
}

}  // namespace mapwright::driver
