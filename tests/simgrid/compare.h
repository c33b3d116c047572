// tests/simgrid/compare.h - our simulator and SimGrid on the same plan.
#pragma once

#include <optional>
#include <string>

#include "plan_dag.h"

namespace mapwright::referee {

inline constexpr double kTolerance = 0.01;    // of the makespan, and of the duration of a copy
inline constexpr double kShare = 0.99;        // of the copies that must be within it
inline constexpr double kSameDate = 1e-9;     // of the makespan: two dates that are the same but for rounding
inline constexpr double kRounding = 1e-12;    // of a duration: what both simulators round

// One execution against another: the makespan and the durations of copies from the first byte to the last.
struct Agreement {
  double makespan = 1;                // of the one / of the other
  std::size_t copies = 0, within = 0; // within: durations that differ by kTolerance at most
  double worst_copy = 0;              // largest relative difference of a duration

  bool good() const;                  // kTolerance and kShare hold
};

struct Comparison {
  std::string trouble;                // when SimGrid did not finish; then nothing else is set
  std::size_t operations = 0, activities = 0;  // activities: of SimGrid
  // Ours in fair mode against SimGrid. chained: everything begins in SimGrid when its predecessors there have ended.
  // pinned: it begins when it does with us, so that differences do not grow from one to the next.
  Agreement chained, pinned;
  double worst_start = 0;             // pinned: how far a start is from the end of the last predecessor in SimGrid / makespan
  // SimGrid, with durations of tasks changed by kRounding, against itself, chained. Asked only when `chained` is not good.
  std::optional<Agreement> itself;
  Agreement fifo;                     // ours in fifo mode against SimGrid, which always shares fairly, chained
  std::string first_difference;       // chained: the earliest operation or mapping that ends at another date; empty when none
  double our_seconds = 0, simgrid_seconds = 0;  // CPU time of the simulation in fair mode, and of SimGrid's, chained

  // Pinned, everything agrees; chained too, unless rounding errors alone grow so much that SimGrid differs from itself.
  bool agrees() const;
};

// `plan` must be unrolled.
Comparison compare(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine);

}  // namespace mapwright::referee
