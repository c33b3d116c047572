// plan/flow.h - what every execution of a program has in common, whatever the mapper: the point tasks of the timed window
// and the data that flow between them.
// In:  program::Program.   Out: Flow, one per timed interval.
// Not here: time (engine/sim/limits.h). Start at: for_each_interval().
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "plan/plan.h"

namespace mapwright::plan {

// The point tasks between a start and a stop of the metric's timer, in program order. A loop whose counter nothing inside
// it reads is shown with its first kShown iterations; the last but one of them stands for all that are left out.
struct Flow {
  static constexpr std::uint32_t kShown = 4;
  enum class Kind : std::uint8_t { Task, Future, Fence };

  struct Node {
    Kind kind = Kind::Task;
    bool first = false;               // Task: first point of its launch
    bool traced = false;              // Task: inside a traced loop, its own or one around a parent
    bool starts = false;              // Task: the interval may begin with it
    bool stops = false;               // the interval ends after it
    const program::Launch* launch = nullptr;
    std::uint32_t point = 0;          // Task: position in the launch domain
    std::uint32_t site = 0;           // Task: launch statement under one chain of parents; a mapper chooses its kind once
    std::uint32_t vertex = 0;         // Task: its point, the same in every iteration; a mapper places it once
    std::uint32_t parent = kNone;     // Task: node that launched it
    std::uint32_t fence = kNone;      // latest node that it must start after
    std::uint32_t gate = kNone;       // latest node that its mapping waits for
    std::uint32_t counters = 0, loops = 0;  // Task: its loop counters, outermost first
    std::uint32_t gates_from = kNone; // the mapping of this node and all later ones waits for this one; kNone: of none
    std::uint32_t points_begin = 0;   // Future: nodes [points_begin, own number) of its launch
    double times = 1;                 // executions that it stands for
  };
  // Contents of a cell that are there after all writers, and after those of the version before, have ended. Writers are one
  // task that wrote it all, or tasks that reduced into it, or both.
  struct Version {
    std::int64_t bytes = 0;
    std::uint32_t previous = kNone;
  };
  // What an argument uses of a disjoint partition, in all iterations.
  struct Operand {
    std::int64_t bytes = 0;
    std::uint32_t holders = kNone;    // nodes that can have all of it, at most, when nothing was brought there in the interval; kNone: any
  };
  // Iterations of a loop: nodes [begin + i * length, begin + (i + 1) * length), i < kShown, of `count` in all.
  struct Repeat {
    std::uint32_t begin = 0, length = 0;
    std::int64_t count = 0;
    bool nested = false;              // inside another one
  };

  bool whole = false;                 // the interval is the whole execution
  bool from_fence = false;            // it begins with the end of a fence: all nodes come after it
  bool from_wait = false;             // ... and mapping waits for that fence
  bool to_fence = false;              // it ends with the end of a fence, or of the execution: all nodes come before it
  std::vector<Node> nodes;
  std::vector<Version> versions;
  std::vector<std::uint32_t> read_offsets, reads;      // by node: versions that it needs
  std::vector<std::uint32_t> write_offsets, writes;    // by node: versions that it contributes to
  std::vector<std::uint32_t> future_offsets, futures;  // by node: Future nodes that it takes
  // By node: operands, one per argument and kNone for none. Only of tasks that use operands of three regions or more.
  std::vector<std::uint32_t> operand_offsets, operand_uses;
  std::vector<Operand> operands;
  std::vector<Repeat> repeats;                         // outer ones after those inside them
  std::vector<program::LoopCounter> counters;
  std::vector<std::uint32_t> site_of;                  // by vertex
  std::uint32_t sites = 0;

  std::span<const std::uint32_t> reads_of(std::uint32_t node) const { return of(read_offsets, reads, node); }
  std::span<const std::uint32_t> writes_of(std::uint32_t node) const { return of(write_offsets, writes, node); }
  std::span<const std::uint32_t> futures_of(std::uint32_t node) const { return of(future_offsets, futures, node); }
  std::span<const std::uint32_t> operands_of(std::uint32_t node) const { return of(operand_offsets, operand_uses, node); }

 private:
  static std::span<const std::uint32_t> of(const std::vector<std::uint32_t>& offsets, const std::vector<std::uint32_t>& all, std::uint32_t i) {
    return std::span(all).subspan(offsets[i], offsets[i + 1] - offsets[i]);
  }
};

// Calls f(flow, times) for every timed interval, or once with the whole execution when the program has none; `times`: how
// many equal intervals it stands for. A task whose variants are not all inner counts as a leaf without arguments, because
// a mapper decides whether its body runs. Returns false, after fewer calls, when an interval shows more than `max_nodes`.
// Cost: linear in the nodes shown and the cells they use.
bool for_each_interval(const program::Program& program, std::size_t max_nodes, const std::function<void(const Flow&, double times)>& f);

}  // namespace mapwright::plan
