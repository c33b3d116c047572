// engine/sim/fences.h - when fences end: when every earlier operation has. Counted, for edges from all of them would be many.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/sim/workload.h"

namespace mapwright::engine::sim {

class Fences {
 public:
  explicit Fences(const Workload& workload) : workload_(workload) { find(0, 0, 0); }

  // Operation `op` at position `at` of the whole execution has ended.
  void pass(plan::OpIndex op, std::uint64_t at);
  struct Place {
    plan::OpIndex op = 0;
    std::uint32_t segment = 0;
    std::uint64_t rep = 0;
  };
  // The next fence, once everything before it has ended; then nothing until it has ended itself.
  std::optional<Place> due();

  // For executions that repeat themselves (skip.cc). The state, seen after `over` repetitions of `segment`:
  void describe(Digest& state, std::uint32_t segment, std::uint64_t over) const;
  // One more than the repetition of `segment` that the next fence is in; 0 when it is elsewhere.
  std::uint64_t begun(std::uint32_t segment) const;
  // What belongs to `segment` is later by some repetitions.
  void shift(std::uint32_t segment, std::uint64_t repetitions);

 private:
  void find(std::uint32_t segment, std::uint64_t rep, std::size_t index);  // the next fence, from the index-th of a repetition on

  const Workload& workload_;
  Place next_;                        // op: kNoOp when there is no more
  std::size_t index_ = 0;             // among those of its segment
  std::uint64_t order_ = 0;           // its position in the whole execution
  bool notified_ = false;
  std::uint64_t before_ = 0;          // operations before it that have ended
  std::vector<std::uint64_t> early_;  // positions of operations after it that have
};

}  // namespace mapwright::engine::sim
