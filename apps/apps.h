// apps/apps.h - the programs that ship with mapwright.
// Each folder apps/NAME has program.cc (structure and costs), kernels.cc and kernels.h (real work), kernels.cu (on GPUs), expert.mapper
// and README.md.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "program/program.h"

namespace mapwright::apps {

// One integer or named parameter of a program with its value in every preset.
struct Parameter {
  std::string name, meaning;
  std::int64_t minimum = 1, maximum = 1;
  std::map<std::string, std::int64_t> presets;  // "test", "host", "paper" on one node; "weak" there is "paper"
  std::vector<std::string> words {};            // names of the values 0, 1, .., for users; empty: numbers only
  std::string text(std::int64_t value) const;   // the value's word, or its digits
};

// A shipped program.
struct App {
  std::string name, summary;
  std::vector<Parameter> parameters;
  std::string_view expert_mapper;  // text, compiled in
  // Values for every parameter, in range. Returns a description of what does not fit together (for example a grid that
  // does not divide), or the program. `nodes` scales the presets that grow with the machine.
  Expected<program::Program> (*build)(const std::map<std::string, std::int64_t>& values);
  // Values of a preset on a machine of `nodes` nodes with `gpus` GPUs each. "weak" grows with the nodes as published for
  // 1 to 32 of them, memory per node constant; "test" and "host" are for one node.
  std::map<std::string, std::int64_t> (*preset)(std::string_view preset, std::int64_t nodes, std::int64_t gpus);
};

std::span<const App> all();
const App* find(std::string_view name);

struct Choice {
  std::string preset = "paper";
  std::map<std::string, std::string> set;  // --set name=value, unparsed
  std::int64_t nodes = 1, gpus = 4;
};
// What can be said about a choice without its nodes and GPUs: MW4301 unknown program (with the nearest name), MW4302 unknown
// preset, MW4303 unknown parameter, MW4304 value not an integer or out of range.
Expected<void> check(std::string_view name, const Choice& choice);
// Builds a program by name. Errors: those of check(), MW4304 also for values that a preset makes of nodes and GPUs, MW4305
// values that do not fit together.
Expected<program::Program> build(std::string_view name, const Choice& choice);

}  // namespace mapwright::apps
