// engine/sim/workload.h - a plan as the event loop needs it: successors instead of predecessors, what each operation
// occupies and for how long, and the order in which utility processors map point tasks. Immutable during a simulation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "engine/sim/sim.h"
#include "engine/sim/task_cost.h"
#include "engine/sim/ticks.h"
#include "engine/sim/transfers.h"

namespace mapwright::engine::sim {

inline constexpr std::uint32_t kAbsent = 0xffffffff;

// What operations occupy and for how long; shared by those that are alike.
struct Use {
  double amount = 0;                 // Task: ticks on its processor; Copy, Fold, Fill: bytes
  std::uint32_t resource = kAbsent;  // Task: processor; Copy, Fold, Fill: index into Workload::paths
  std::uint32_t space = 0;           // address space that maps the task or issues the copy
};

// What the event loop looks up for one planned operation.
struct OpInfo {
  std::uint32_t use = 0;             // into Workload::uses
  std::uint32_t successors = 0;      // first one, in Workload::successors; they end where the next operation's begin
  plan::OpKind kind = plan::OpKind::Join;
  bool launches : 1 = false;         // Task with a body
  bool mapped : 1 = false;           // waits for the mapping of its task, besides its predecessors
  bool transposes : 1 = false;
  bool varies : 1 = false;           // Task: its time depends on the repetition
  bool gate : 1 = false;             // mapping waits for it somewhere
  bool starts_watched : 1 = false;   // a timer looks at when points of its record start
  bool ends_watched : 1 = false;     // ... or end
  bool ends_point : 1 = false;       // a point task of the top level is over with it
  bool feeds_loop : 1 = false;       // operations of a later, repeated segment wait for it
  bool gates_mapping : 1 = false;    // mapping of single tasks waits for it (InstanceLimit)
};
static_assert(sizeof(OpInfo) == 12);

// A successor. Which repetition it belongs to follows from the segments of both ends and `step`.
struct Successor {
  enum Step : std::uint32_t {
    Same,     // the same repetition of the same segment
    Carried,  // the next repetition of the same segment
    First,    // after the last repetition: the first one of a later segment only
    Later,    // after the last repetition: every one of a later segment
  };
  std::uint32_t op : 30;
  std::uint32_t step : 2;
};

// A step of mapping: one point task.
struct Item {
  std::uint32_t op = 0;
  std::uint32_t cost = 0;  // into Workload::item_costs
};

// Part of a plan that is executed `repeat` times. `base`: position of its first operation in the whole execution.
struct Stretch {
  plan::OpIndex begin = 0, end = 0;
  std::uint64_t repeat = 1, base = 0;
  std::uint32_t length() const { return end - begin; }
};

// A gate that stops mapping: completed repetitions are counted while simulating.
struct Gate {
  plan::OpIndex op = 0;
  std::uint32_t segment = 0;
};

// What launch records have in common.
struct RecordInfo {
  std::uint32_t gate = kAbsent;        // into Workload::gates
  std::uint32_t first_gate = kAbsent;  // instead of `gate` in the first repetition when the gate is carried
  bool gate_carried = false, traced = false;
  auto operator<=>(const RecordInfo&) const = default;
};

// A launch record that timers look at.
struct Watch {
  std::uint32_t record = 0, points = 0;
  plan::OpIndex timer = 0;
};

struct Workload {
  const plan::Plan* plan = nullptr;
  std::vector<Stretch> segments;
  std::vector<OpInfo> ops;                       // and one more, where the last successors end
  std::vector<Use> uses;
  std::vector<Successor> successors;
  // Pending events of an operation before it can start, in repetitions after the first: predecessors in its own segment
  // and the mapping. The first repetition and `outside` add those that lie before the segment.
  std::vector<std::uint32_t> pending;
  struct Outside {
    plan::OpIndex op, predecessor;
    bool mapping;                                // gates the mapping of `op`
  };
  std::vector<std::vector<Outside>> outside;     // by segment; of repeated segments only
  // Successors whose mapping waits for an operation, sorted by that operation.
  struct MappingEdge {
    plan::OpIndex from;
    Successor to;
  };
  std::vector<MappingEdge> mapping_edges;
  std::vector<std::uint8_t> mapping_pending;     // by op; empty when there are no mapping edges

  std::vector<Path> paths;
  std::vector<Ticks> delays;                     // by path: before the first byte
  std::vector<Item> items;
  std::vector<Ticks> item_costs;                 // of a utility processor
  std::vector<std::uint32_t> top_offsets;        // [segment * spaces + space], + 1: items of the top level
  std::vector<std::uint32_t> context_offsets;    // nested items by context, + 1
  std::vector<std::pair<plan::OpIndex, std::uint32_t>> contexts;  // of tasks with a body, ascending
  // Launches of the top level as an address space sees them: those with an item there, list after list.
  std::vector<std::uint32_t> launch_records;     // ascending in a list
  std::vector<std::uint32_t> launch_points;      // items of each
  std::vector<std::uint32_t> launch_offsets;     // [segment * spaces + space], + 1: into those two
  std::vector<bool> lazy;                        // [segment * spaces + space], see utility.h
  std::vector<Gate> gates;                       // ascending by op
  std::vector<Watch> watches;                    // ascending by record
  std::vector<std::vector<plan::OpIndex>> fences;  // by segment, ascending
  std::vector<RecordInfo> record_infos;          // distinct ones
  std::vector<std::uint32_t> info_of_record;     // into record_infos
  std::vector<std::uint32_t> cost_ids;           // by op, profile only: cost of each task
  std::uint32_t spaces = 1, utility_processors = 1;
  Clock clock;
  Ticks ready_to_start = 0;                      // of a task
  Ticks copy_grid = 0;                           // copies, folds and fills start at multiples of it; 0: at any time
  Ticks future_latency = 0;                      // from the last point's end to the reduced value
  std::uint64_t total_ops = 0;

  std::span<const Successor> successors_of(plan::OpIndex op) const {
    return {successors.data() + ops[op].successors, successors.data() + ops[op + 1].successors};
  }
  // What the mapping of a task issues: operations [first_issued(task), task).
  plan::OpIndex first_issued(plan::OpIndex task) const {
    while (task > 0 && ops[task - 1].mapped && ops[task - 1].kind != plan::OpKind::Task) --task;
    return task;
  }
  const Use& use_of(plan::OpIndex op) const { return uses[ops[op].use]; }
  // Position of a record among the launches of a list, which has an item of it.
  std::uint32_t launch_of(std::size_t list, std::uint32_t record) const {
    const auto first = launch_records.begin() + launch_offsets[list];
    const std::uint32_t guess = record - *first;  // right where the list has an item of every launch
    if (guess < launch_offsets[list + 1] - launch_offsets[list] && first[guess] == record) return guess;
    return static_cast<std::uint32_t>(std::lower_bound(first, launch_records.begin() + launch_offsets[list + 1], record) - first);
  }
  Ticks cost_of(const Item& item) const { return item_costs[item.cost]; }
  std::uint32_t segment_of(plan::OpIndex op) const {
    if (segments.size() == 1) return 0;
    const auto after = std::upper_bound(segments.begin(), segments.end(), op, [](plan::OpIndex o, const Stretch& s) { return o < s.end; });
    return static_cast<std::uint32_t>(after - segments.begin());
  }
  std::uint32_t item_of(plan::OpIndex task) const;
  std::uint32_t record_of(plan::OpIndex op) const { return plan->ops[op].record; }
  const RecordInfo& record_info(std::uint32_t record) const { return record_infos[info_of_record[record]]; }
  std::uint32_t gate_index(plan::OpIndex op) const;  // of an operation with OpInfo::gate
};

// make_workload.cc, uses.h. Cost: linear in operations and edges. Of `costs`, numbers are asked for here only. `keep_costs`: fill cost_ids.
Workload make_workload(const plan::Plan& plan, const machine::Machine& machine, CostModel& costs, bool keep_costs);

}  // namespace mapwright::engine::sim
