#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "diag/diag.h"
#include "engine/legion/legion.h"

namespace mapwright::engine::legion {

namespace {

constexpr std::string_view kPrefix = "-mapwright:";

bool is_on(const char* text) { return text && *text && std::strcmp(text, "0") != 0; }

}  // namespace

Expected<Options> take_options(std::vector<std::string>& arguments, const Environment& environment) {
  Options options;
  if (const char* file = environment(kMapperVariable)) options.mapper = file;
  if (const char* file = environment(kLogVariable)) options.log = file;
  if (const char* file = environment(kProfileVariable)) options.profile = file;
  if (const char* file = environment(kRecordVariable)) options.record = file;
  options.strict = is_on(environment(kStrictVariable));

  std::vector<std::string> rest;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (i == 0 || !word.starts_with(kPrefix)) {
      rest.push_back(arguments[i]);
      continue;
    }
    const std::string_view name = word.substr(kPrefix.size());
    if (name == "strict") {
      options.strict = true;
      continue;
    }
    std::string* const value = name == "mapper"    ? &options.mapper
                               : name == "log"     ? &options.log
                               : name == "profile" ? &options.profile
                               : name == "record"  ? &options.record
                                                   : nullptr;
    if (!value) {
      static const std::vector<std::string> kKnown {"mapper", "log", "profile", "record", "strict"};
      const auto near = nearest(name, kKnown);
      return failure(diag::kLegionOption, fmt::format("unknown option `{}`", word),
                     near ? fmt::format("did you mean `{}{}`?", kPrefix, *near) : "the options are -mapwright:mapper FILE, -mapwright:log FILE, -mapwright:profile FILE, -mapwright:record FILE and -mapwright:strict");
    }
    if (i + 1 == arguments.size()) {
      return failure(diag::kLegionOption, fmt::format("option `{}` has no value", word), fmt::format("write `{} FILE`", word));
    }
    *value = arguments[++i];
  }
  arguments = std::move(rest);
  return options;
}

std::optional<int> rank_of(const Environment& environment) {
  static constexpr std::array kVariables {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK", "SLURM_PROCID"};
  for (const char* variable : kVariables) {
    const char* const text = environment(variable);
    if (!text) continue;
    int rank = 0;
    const char* const end = text + std::strlen(text);
    if (const auto [at, error] = std::from_chars(text, end, rank); error == std::errc() && at == end && rank >= 0) return rank;
  }
  return std::nullopt;
}

std::string file_of_rank(std::string_view name, int rank) {
  std::string out;
  for (const char c : name) {
    if (c == '%') {
      out += std::to_string(rank);
    } else {
      out += c;
    }
  }
  if (rank > 0 && name.find('%') == std::string_view::npos) out += fmt::format(".{}", rank);
  return out;
}

Expected<std::string> find_library(const std::string& executable) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(executable).parent_path();
  for (const fs::path& candidate : {folder / kLibraryName, folder / "src/engine/legion" / kLibraryName, folder / ".." / MAPWRIGHT_LIBDIR / kLibraryName}) {
    std::error_code ignored;
    if (fs::exists(candidate, ignored)) return fs::weakly_canonical(candidate, ignored).string();
  }
  return failure(diag::kLegionLibraryMissing, fmt::format("there is no {} beside `{}` or in its library folder", kLibraryName, executable),
                 "build mapwright where CMake finds Legion (MAPWRIGHT_WITH_LEGION=ON), see docs/legion.md");
}

}  // namespace mapwright::engine::legion
