// tests/simgrid/cases.h - what the simulators are compared on: random DAGs, and programs under mappers.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "machine/machine.h"
#include "plan/plan.h"
#include "program/program.h"

namespace mapwright::referee {

struct Case {
  machine::Machine machine;
  program::Program program;
  plan::Plan plan;             // unrolled
  std::shared_ptr<void> owner {};  // of what the plan points to
};

// A machine of 1 to 4 nodes: kinds of links, bandwidths (`slowest` to `slowest` * 10^3 GB/s), latencies and overheads at random.
// `capacity_mib`: of every memory; absent: plenty.
machine::Machine random_machine(std::uint64_t seed, double slowest, std::optional<int> capacity_mib = std::nullopt);

// Tasks, copies, folds, fills, joins, futures and fences with random precedences, some of which mapping waits for, and
// copies of 1 byte to 1 GB that meet on few channels.
Case random_dag(std::uint64_t seed);
// More launches than may be mapped and not over: mapping waits for execution.
Case many_launches();
// A random program (tests/property/random_program.h) under random decisions, bodies, limits and short memories included.
Case random_program_case(std::uint64_t seed);

// A shipped program on a machine.
struct Setting {
  std::string program, preset, machine;
  std::int64_t nodes = 1;
  std::map<std::string, std::string> set {};  // parameters other than the preset's
};
struct Prepared {
  machine::Machine machine;
  program::Program program;
};
// Nothing when the program has no such preset or does not fit the machine.
std::optional<Prepared> prepare(const Setting& setting);
// Nothing when the mapper is invalid there, or a memory is too small.
std::optional<plan::Plan> plan_of(const Prepared& prepared, const std::string& mapper, bool unroll = true);
// `count` of them that are valid there and fit the memories; fewer when hardly any is.
std::vector<std::string> random_mappers(const Prepared& prepared, std::uint64_t seed, int count);

}  // namespace mapwright::referee
