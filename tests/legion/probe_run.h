// tests/legion/probe_run.h - runs Legion programs under mapper files and reads what they say.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/command/command.h"

namespace mapwright::test {

// What one point of a task of the probe saw: "kind", "node", "processor", "arg0", ... as texts; arg: memory/strides/alignment.
using Seen = std::map<std::string, std::string>;

struct ProbeResult {
  engine::command::ChildResult child;
  std::map<std::string, std::map<std::string, Seen>> tasks;  // by task and point ("1,2"; "" for single tasks)
  std::string checksum, most;
  std::vector<nlohmann::json> log;                           // empty without one

  // "node.processor" of every point of a task, in the order of the points' texts.
  std::vector<std::string> places(const std::string& task) const;
  // The values of `key` at all points of a task, each once.
  std::vector<std::string> values(const std::string& task, const std::string& key) const;
  // Lines of the log for a task.
  std::vector<nlohmann::json> logged(std::string_view task) const;
  std::string all() const { return child.explain() + "\n" + child.out + child.err; }
};

struct ProbeRun {
  std::optional<std::string> mapper {""};  // text of the mapper file; absent: none is given
  std::vector<std::string> arguments;      // of the program; -ll:cpu 2 if it names no -ll:cpu
  std::vector<std::string> launcher;       // such as mpirun -n 2
  std::string program = PROBE;
  bool preload = true;
  bool logs = true;                        // with a mapper: read what it logs
  double seconds = 60;
};
ProbeResult run_probe(const ProbeRun& run);

// Value of the checksum line for correct data; the same under every mapper.
extern const char* const kChecksum;

}  // namespace mapwright::test
