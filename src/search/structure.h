// search/structure.h - what of a program matters to the search space: tasks that are launched, their arguments and domains.
// Private to search/. Names are kept for writing only; nothing is ordered or chosen by them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "machine/machine.h"
#include "program/program.h"

namespace mapwright::search {

// The data of an argument: a region or one partition of it. Arguments with equal data name the same subregions.
struct DataId {
  program::RegionId region;
  std::optional<program::PartitionId> partition;
  friend auto operator<=>(const DataId&, const DataId&) = default;
};

struct ArgumentInfo {
  std::string written;          // how a mapper names it: its own name where that is unmistakable, else its position
  std::vector<DataId> data;     // over all launches of the task, without repetitions, in order of appearance
  std::int64_t bytes_per_point = 0;  // of the fields it touches, at most over all launches
  int dim = 1;                  // of the region, at most over all launches
  std::size_t fields = 1;       // of the region, at most over all launches
  bool mapped = false;          // some launch gives it an instance
  bool read_only = false;       // some launch only reads it
};

struct TaskInfo {
  program::TaskId id;
  std::string written;          // name as a mapper writes it
  bool expressible = true;      // false for names that no mapper text can hold
  std::vector<ProcessorKind> kinds;  // with a variant and processors, in the default policy's order; never empty
  std::vector<ArgumentInfo> arguments;
  bool index = false, single = false;     // how it is launched
  int dim = 0;                  // of its index launches; 0 when they differ
  std::vector<std::int64_t> extents;      // largest over its index launches
  std::int64_t fold_base = 0;   // dim 1: greatest common divisor of the extents of all its index launches
  double executions = 0;        // point tasks, loops and parents multiplied out
  bool nested = false;          // every launch has a parent
  std::optional<std::size_t> parent;      // position of the only task that launches it
};

// The tasks of a program that are launched and can run on the machine, by TaskId.
std::vector<TaskInfo> launched_tasks(const program::Program& program, const machine::Machine& machine);

// The default policy's choices (docs/models/plan.md).
inline constexpr std::array<ProcessorKind, 5> kDefaultKinds {ProcessorKind::Gpu, ProcessorKind::Omp, ProcessorKind::Cpu,
                                                             ProcessorKind::Io, ProcessorKind::Py};
MemoryKind default_memory(ProcessorKind kind);
bool can_address(const machine::Machine& machine, ProcessorKind kind, MemoryKind memory);

}  // namespace mapwright::search
