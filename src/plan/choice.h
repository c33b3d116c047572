// plan/choice.h - what a mapper chooses for one task, one argument or one launch domain, without a whole program: the rules
// that decide() applies to every launch of a program, and that an engine applies to tasks as it meets them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "plan/plan.h"

namespace mapwright::plan {

// A finding about a decision of `mapper`, at the statement that made it; without a place when the default policy did.
diag::Diagnostic finding(const sema::Mapper& mapper, int code, diag::Severity severity, Origin origin, std::string message, std::string help = {});

// Kinds in order of preference for a task without a `Task` statement; then the others, in the order of ProcessorKind.
inline constexpr std::array kDefaultKinds {ProcessorKind::Gpu, ProcessorKind::Omp, ProcessorKind::Cpu};

// Memories in order of preference for an argument without a `Region` statement.
std::span<const MemoryKind> default_memories(ProcessorKind kind);

struct KindChoice {
  std::optional<ProcessorKind> kind;   // absent: none of the given kinds fits
  Origin origin;                       // the statement that named it; the first one when none fits
  bool fell_back = false;              // not the first kind of the list
  std::vector<diag::Span> considered;  // the statements looked at, in order
};
// The kind of processor for a task: its list, the list for `*`, and without either the default kinds. `fits`: the task has
// a variant for the kind and the machine has processors of it.
KindChoice choose_kind(const sema::Mapper& mapper, std::string_view task, const std::function<bool(ProcessorKind)>& fits);

struct MapChoice {
  std::optional<sema::Decided<sema::FunctionId>> map;      // absent: the default policy places the points
  std::optional<sema::Decided<sema::FunctionId>> skipped;  // a map that places points of another kind than the task fell back to
};
MapChoice choose_map(const sema::Mapper& mapper, std::string_view task, bool index, ProcessorKind kind, bool fell_back);

struct MemoriesChoice {
  std::vector<MemoryChoice> memories;  // addressable ones, in order of preference, each once
  bool is_virtual = false;             // the list ends with VIRTUAL
  bool given = false;                  // by a statement, else the default policy
  Origin first;                        // the first statement that names a memory
  std::vector<diag::Span> considered;
};
MemoriesChoice choose_memories(const sema::Mapper& mapper, std::string_view task, const sema::ArgumentNames& argument,
                               ProcessorKind kind, const std::function<bool(MemoryKind)>& addressable);

struct LayoutResult {
  ArgumentDecision::LayoutDecision layout;
  bool exact = false, compact = false;
  std::vector<const program::LayoutDemand*> refused;  // demands that what the mapper says contradicts
};
// The layout of an argument of `rank` dimensions in `memory`: what the mapper says, filled up by what the variant demands
// of this argument, then SOA and F_order.
LayoutResult choose_layout(const sema::Mapper& mapper, std::string_view task, const sema::ArgumentNames& argument, ProcessorKind kind,
                           MemoryKind memory, std::span<const program::LayoutDemand> demands, int rank);

// Takes one processor of each set of a launch: the one that was taken least so far, the lowest of several. Sets of one
// processor do not count.
class LeastLoaded {
 public:
  sema::MachinePoint take(sema::Placement set);  // of at least one processor
 private:
  std::map<sema::MachinePoint, std::int64_t> load_;
};

// For every point of `domain` (first dimension fastest) the index of its target among `targets` ones: blocks by
// greedy_split, first dimension fastest.
std::vector<std::uint32_t> spread_blocks(const Rect& domain, std::int64_t targets);

// Point `i` of `volume` points of a launch by a task that is replicated on `spaces` address spaces with `processors`
// processors each: space i mod spaces; the points of a space, in order, go in equal runs to its processors.
struct Shard {
  std::uint32_t space = 0, index = 0;
};
Shard spread_sharded(std::int64_t i, std::int64_t volume, std::int64_t spaces, std::int64_t processors);

}  // namespace mapwright::plan
