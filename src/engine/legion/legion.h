// engine/legion/legion.h - mapper files in the Legion runtime: the part that needs no Legion. Options, what a mapper file
// decides for tasks as they appear, and the log of decisions. The library libmapwright_legion.so (mapper.h and the files
// beside it, built where Legion is) asks this part and hands its answers to Legion.
// Not here: the language (sema/) and its rules (plan/choice.h). Users start at docs/legion.md.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/base.h"

namespace mapwright::engine::legion {

// Environment variables that stand for the options, which a program cannot see or reject then.
inline constexpr const char* kMapperVariable = "MAPWRIGHT_MAPPER";
inline constexpr const char* kLogVariable = "MAPWRIGHT_LOG";
inline constexpr const char* kProfileVariable = "MAPWRIGHT_PROFILE";
inline constexpr const char* kRecordVariable = "MAPWRIGHT_RECORD";
inline constexpr const char* kStrictVariable = "MAPWRIGHT_STRICT";  // any text but the empty one and 0

inline constexpr const char* kLibraryName = "libmapwright_legion.so";

// What -mapwright:... on a Legion program's command line says.
struct Options {
  std::string mapper;   // file; empty: none was given
  std::string log;      // file of decisions; empty: none. Every `%` becomes the rank
  std::string profile;  // file for an Execution (engine/engine.h) at exit; empty: none. `%` as above
  std::string record;   // program file to write at exit; empty: none. One that is there already adds its measured times
  bool strict = false;  // doubts about the mapper file are errors, and Legion checks what it is told
};

using Environment = std::function<const char*(const char*)>;  // like std::getenv

// Takes every -mapwright:... option and its value out of `arguments` (the command line with the program's name). Options
// win over the environment. Error MW6301: an unknown option or one without its value.
Expected<Options> take_options(std::vector<std::string>& arguments, const Environment& environment);

// The rank of this process as MPI launchers and batch systems tell it; absent when none does.
std::optional<int> rank_of(const Environment& environment);

// The file that rank `rank` of `ranks` processes writes for the file name `name`: each `%` becomes the rank; without one,
// ranks above 0 append ".RANK".
std::string file_of_rank(std::string_view name, int rank);

// Finds the library to preload for the program at `executable`: beside it, in build trees below it, then in the library
// folder of an installation. Error MW6302.
Expected<std::string> find_library(const std::string& executable);

}  // namespace mapwright::engine::legion
