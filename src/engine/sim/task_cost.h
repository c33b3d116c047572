// engine/sim/task_cost.h - how long a point task takes: equations of docs/models/task.md and docs/models/memory.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/sim/sites.h"

namespace mapwright::engine::sim {

// Costs of the point tasks of one plan. Keeps the costs of points that are alike, so a launch of many equal points is
// computed once. Not thread-safe; one per simulation. The arguments of the constructor must outlive it.
class CostModel {
 public:
  CostModel(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine);

  // Number of the cost of task `op` in repetition `rep` of its segment; equal costs mostly share a number.
  std::uint32_t id(plan::OpIndex op, std::uint64_t rep);
  const TaskCost& cost(std::uint32_t id) const { return costs_[id]; }
  // id() is not needed any more: frees what serves to find numbers again.
  void forget();
  const Sites& sites() const { return sites_; }

  // Whether the cost of task `op` depends on the repetition of its segment.
  bool varies(plan::OpIndex op) const;
  // A cost that is not kept, for tasks whose cost varies: valid until the next call.
  const TaskCost& transient(plan::OpIndex op, std::uint64_t rep);

 private:
  struct Used {                    // one argument of the point at hand
    const machine::Access* access = nullptr;
    machine::MemoryId memory;
    const plan::Instance* instance = nullptr;  // null: virtual, costs nothing
  };
  // Bytes that one element of some fields costs in an array of structures.
  struct ElementBytes {
    double streamed = 0;   // visiting all elements in order
    double alone = 0;      // visiting elements at unrelated places
  };

  const plan::Segment& segment_of(plan::OpIndex op) const;
  bool depends_on_instances(plan::OpIndex op);
  bool alike(std::uint32_t these, std::uint32_t those, std::size_t count) const;
  std::uint32_t find(plan::OpIndex op, std::uint64_t rep);
  void gather_context(plan::OpIndex op, std::uint64_t rep);
  void evaluate();                 // fills values_: every number that expressions give
  void compute(TaskCost& out) const;
  bool fits(const program::MeasuredTime& m) const;
  double measured_seconds() const;
  double pattern_seconds(const program::Argument& argument, const program::AccessPattern& pattern, const Used& used,
                         std::size_t value, std::int64_t& bytes) const;
  ElementBytes array_of_structures(const Used& used, std::span<const program::FieldIndex> fields,
                                   program::RegionId region) const;
  bool strided(const plan::Instance& instance) const;

  const plan::Plan& plan_;
  const program::Program& program_;
  const machine::Machine& machine_;
  Sites sites_;
  std::vector<std::uint32_t> segment_starts_;

  // The point at hand.
  const program::Launch* launch_ = nullptr;
  const program::Variant* variant_ = nullptr;
  ProcessorKind kind_ = ProcessorKind::Cpu;
  program::ExprContext context_;
  std::vector<Point> ancestors_;
  std::vector<program::LoopCounter> counters_;
  std::vector<std::int64_t> elements_;
  std::vector<Used> used_;
  std::vector<double> values_;  // flops or measured seconds; then count and distinct of every pattern

  struct Latest {                  // execution of a point: its cost, and the first of its arguments
    std::uint32_t cost = plan::kNone, arguments = 0;
  };
  std::vector<std::optional<bool>> depends_on_instances_;  // by LaunchRecord::decision, once known
  std::vector<std::vector<Latest>> latest_;                // ... where that holds, and by point: LaunchDecision::processors
  std::vector<std::uint64_t> key_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_hash_;
  std::vector<std::vector<std::uint64_t>> keys_;
  std::vector<TaskCost> costs_;
  TaskCost transient_;
};

}  // namespace mapwright::engine::sim
