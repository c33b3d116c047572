// engine/sim/least_cost.h - the least time that a point task can take on a kind of processor, whatever the mapper decides.
// Equations: docs/models/limits.md. What it bounds: task_cost.h.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "engine/sim/sim.h"

namespace mapwright::engine::sim {

// Seconds of one point on one kind of processor, each at least.
struct LeastCost {
  bool possible = false;  // the task has a variant and the machine a processor of the kind
  double compute = 0;     // arithmetic alone
  double memory = 0;      // memory traffic alone, every argument where and as it is fastest
  double occupied = 0;    // launch and the larger of both: how long the processor is taken
};

class LeastCosts {
 public:
  // The arguments must outlive it.
  LeastCosts(const program::Program& program, const machine::Machine& machine);

  // Kinds that the machine has processors of.
  const std::vector<ProcessorKind>& kinds() const { return kinds_; }
  // Whether the cost of a point depends on the counter.
  bool reads_loop(const program::Launch& launch, std::string_view name) const;
  // One entry per kind of kinds(). `context` without its elements.
  void of(const program::Launch& launch, program::ExprContext context, std::vector<LeastCost>& out) const;

 private:
  // The best that any processor of a kind reaches on a kind of memory it can address.
  struct Reach {
    machine::Access access;
    double share = 0;  // of traffic when all memories of the kind are kept busy; sums to 1
  };
  double memory_seconds(const program::Launch& launch, const program::ExprContext& context, const std::vector<Reach>& reach) const;
  double argument_seconds(const program::Argument& argument, const program::ExprContext& context, double elements, const machine::Access& access) const;

  const program::Program& program_;
  const machine::Machine& machine_;
  std::vector<ProcessorKind> kinds_;
  std::array<std::vector<Reach>, kProcessorKinds> reach_;
};

}  // namespace mapwright::engine::sim
