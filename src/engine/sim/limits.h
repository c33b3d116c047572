// engine/sim/limits.h - a lower bound on the time of any mapper.
// In:  program::Program, machine::Machine.   Out: Limit.
// Every term with the reason why it is a bound, and what it leaves out: docs/models/limits.md. Start at: lower_bound().
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "machine/machine.h"
#include "program/program.h"

namespace mapwright::engine::sim {

// What a bound is made of. Each is one by itself, and they are not added up.
enum class LimitTerm : std::uint8_t {
  Compute,        // all arithmetic, spread perfectly over the processors that have a variant
  Memory,         // all memory traffic, likewise, every argument in the memory where it is fastest
  Tasks,          // point tasks as a whole: launch and the larger of both
  Communication,  // bytes between nodes: what tasks exchange unless they are all on one, and operands brought to those that need them
  Mapping,        // utility processors, from where mapping has to wait
  Chain,          // the longest chain of point tasks that need each other's data
};
inline constexpr std::size_t kLimitTerms = 6;
std::string_view to_string(LimitTerm t);  // "compute", ...

// Seconds of the timed window, combined over its intervals as the metric says.
struct Limit {
  double seconds = 0;                     // the bound: in every interval the largest term; 0 when nothing is known
  std::array<double, kLimitTerms> terms {};
  bool complete = true;                   // false: the program was too large to look at all intervals
  double operator[](LimitTerm t) const { return terms[static_cast<std::size_t>(t)]; }
  LimitTerm binding() const;              // the largest term
};

// No mapper's simulated window on this machine is shorter, whatever the simulator's options. Deterministic; independent of
// names. Cost: n log n in the static point tasks of the timed window (loops whose counter nothing reads count four
// iterations) and the cells they use; of products also linear in what comes before it.
Limit lower_bound(const program::Program& program, const machine::Machine& machine);

}  // namespace mapwright::engine::sim
