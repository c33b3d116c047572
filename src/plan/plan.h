// plan/plan.h - mapper x program x machine resolved into operations: the heart of mapwright.
// In:  sema::Mapper, program::Program, machine::Machine.   Out: Decisions (static verification), then a Plan or a Verdict.
// Not here: time (engine/sim), data (engine/host). A Plan is a pure function of its inputs and knows no names of programs.
// Start at: make_plan(). Rules: docs/models/plan.md.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/base.h"
#include "diag/diag.h"
#include "machine/machine.h"
#include "program/program.h"
#include "sema/sema.h"

namespace mapwright::plan {

using machine::MemoryId;
using machine::ProcessorId;
using program::LaunchId;

// ---------------------------------------------------------------------------------------------------- decisions

// Who decided: a statement of the mapper, or (no span) the default policy.
using Origin = std::optional<diag::Span>;

struct MemoryChoice {
  MemoryKind kind;
  Origin origin;
};

// How elements lie in an instance.
struct Layout {
  FieldOrder fields = FieldOrder::Soa;
  DimOrder dims = DimOrder::F;
  std::uint8_t alignment_bits = 0;
  std::int64_t alignment() const { return std::int64_t {1} << alignment_bits; }  // bytes
  friend bool operator==(const Layout&, const Layout&) = default;
};
// As a mapper says it: "SOA F_order", "AOS C_order Align==128".
std::string to_string(const Layout& layout);

struct ArgumentDecision {
  std::vector<MemoryChoice> memories;  // in order of preference, addressable ones only; empty for virtual or no access
  bool is_virtual = false;             // no instance: inner variant, VIRTUAL, or privilege None
  // Layout for every memory of `memories`, same order.
  struct LayoutDecision {
    FieldOrder fields = FieldOrder::Soa;
    DimOrder dims = DimOrder::F;
    std::int64_t alignment = 1;        // bytes, a power of two
    Origin origin;
    operator Layout() const {
      MW_CHECK(alignment > 0 && std::has_single_bit(static_cast<std::uint64_t>(alignment)), "an alignment of {} bytes", alignment);
      return {fields, dims, static_cast<std::uint8_t>(std::countr_zero(static_cast<std::uint64_t>(alignment)))};
    }
    friend bool operator==(const LayoutDecision& a, const LayoutDecision& b) { return Layout(a) == Layout(b); }
  };
  std::vector<LayoutDecision> layouts;
  std::optional<Origin> collect;       // present: read-only instances are collectable after the task
};

// Everything the mapper decides about one launch statement.
struct LaunchDecision {
  LaunchId launch;
  ProcessorKind kind = ProcessorKind::Cpu;
  Origin kind_origin;
  const program::Variant* variant = nullptr;
  Origin placement_origin;             // the IndexTaskMap or SingleTaskMap, or the default policy
  // Processor of every point: [e * volume + i], i = position of the point in the launch domain (first dimension
  // fastest), e = position of the parent point among all points of the parent launch counted the same way
  // (0 at top level). Loop counters do not influence placement.
  std::vector<ProcessorId> processors;
  std::vector<ArgumentDecision> arguments;
  std::optional<std::int64_t> limit;   // InstanceLimit
  Origin limit_origin;
};

// The result of static verification: complete when there were no errors.
struct Decisions {
  diag::SourcePtr source;                 // of the mapper
  // By LaunchId. A launch in the body of a task that several statements launch has further entries after those, one for
  // each statement beyond the first (LaunchRecord::decision).
  std::vector<LaunchDecision> launches;
  bool replicated = false;                // the top-level task
  Origin replicated_origin;
  std::vector<std::string> printed;       // output of `print`

  // Identity of a candidate: equal for two mappers whose resolved decisions are equal. 32 hexadecimal digits.
  std::string canonical_hash() const;
};

// Static verification: resolves every decision over the whole domain of every launch. Errors (MW5xxx, MW32xx) make the
// mapper invalid for this program and machine; warnings point at dead statements, unknown names, idle processors and
// imbalance. Returns nothing when there were errors. `strict`: unknown names are errors. Cost: linear in static points.
std::optional<Decisions> decide(const sema::Mapper& mapper, const program::Program& program,
                                const machine::Machine& machine, diag::Sink& sink, bool strict = false);

// ---------------------------------------------------------------------------------------------------- the plan

using OpIndex = std::uint32_t;
inline constexpr OpIndex kNoOp = 0x3fffffff;
using InstanceId = Id<struct InstanceTag>;
using PointSetId = Id<struct PointSetTag>;
using CellId = Id<struct CellTag>;
inline constexpr std::uint32_t kNone = 0xffffffff;

// A piece of a region (an atom of the common refinement of all partitions in use) times a group of fields that every
// argument uses together. The unit of coherence.
struct Cell {
  program::RegionId region;
  std::uint32_t piece = 0;        // into Plan::pieces
  std::uint32_t field_group = 0;  // into Plan::field_groups
  std::int64_t bytes = 0;         // of the piece in this group
};

struct FieldGroup {
  program::RegionId region;
  std::vector<program::FieldIndex> fields;
  std::int64_t bytes_per_element = 0;
};

// A physical instance: one allocation.
struct Instance {
  program::RegionId region;
  PointSetId points;
  MemoryId memory;
  std::uint32_t groups = 0;           // field groups it holds: into Plan::group_lists
  std::int64_t bytes = 0;             // exact size, alignment padding included
  Layout layout;
  std::optional<program::ReductionOp> reduction;  // a reduction instance
};
static_assert(sizeof(Instance) == 32);

enum class OpKind : std::uint8_t {
  Task,        // a point task
  Complete,    // a task with a body and all it launched have ended
  Copy,        // cells of one instance to another, transposing when the layouts differ
  Fold,        // cells of a reduction instance into an instance with the operator, leaving the source unspecified
  Fill,        // cells of an instance set to a value (a fill of the program, or the identity of a reduction)
  Reclaim,     // freed instances give their space to a new one
  Join,        // stands for all its predecessors; no cost
  Future,      // the points of a launch have reduced their results
  Fence,       // ends when every earlier operation has ended
  TimerStart,
  TimerStop,
};

inline bool moves_data(OpKind k) { return k == OpKind::Copy || k == OpKind::Fold || k == OpKind::Fill; }

// One operation. Operations are in program order; a predecessor always comes before (or belongs to the previous
// repetition of a repeated segment).
struct Op {
  OpKind kind = OpKind::Task;
  bool issued = false;  // Copy, Fold, Fill, Reclaim: when the task is mapped that needs it, which is the next one (Plan::issuer)
  std::uint32_t record = kNone;  // launch record: of the task, or of the task that a copy, fold, fill or reclaim serves
  // Task: position of the point in the launch domain. Copy, Fold: source instance. Fill: index into fill_values.
  // Timer: label. Complete: the task's op.
  std::uint32_t a = kNone;
  // Task: processor. Copy, Fold, Fill, Reclaim: the instance written. Timer: launch record it looks at, or kNone when it
  // looks at the fence just before it.
  std::uint32_t b = kNone;
  // Task: first of its arguments in `task_arguments`; executions of the same point share a list when they use the same
  // instances. Copy, Fold, Fill: transfer, which equal ones share. Reclaim: first in `freed`, Future: future.
  std::uint32_t detail = kNone;
};
static_assert(sizeof(Op) == 20);

// A predecessor: the operation may start when it has ended.
struct Edge {
  std::uint32_t op : 30;
  std::uint32_t carried : 1;  // the op of the previous repetition of this segment
  std::uint32_t mapping : 1;  // gates the mapping of the task, not only its start (InstanceLimit)
};
static_assert(sizeof(Edge) == 4);

// Which cells an operation moves.
struct Transfer {
  std::uint32_t first = 0, count = 0;  // into transfer_cells
  std::int64_t bytes = 0;
  bool transpose = false;
  bool aliased = false;                // the instances' point sets differ
};

// One execution of a launch statement by one parent.
struct LaunchRecord {
  LaunchId launch;
  std::uint32_t decision = 0;   // into Decisions::launches
  OpIndex parent = kNoOp;       // task op of the parent; kNoOp at top level
  std::uint32_t expansion = 0;  // e of LaunchDecision::processors
  std::uint32_t counters = 0;   // first of its loop counters in `counters`, outermost loop first (Site::loops); may be shared
  // The latest operation of the same parent that must end before points of this launch start (Fence) and are mapped
  // (Fence with wait, FutureWait: a Future op). `_carried` as in Edge.
  OpIndex fence : 30 = kNoOp;
  OpIndex fence_carried : 1 = 0;
  OpIndex gate : 30 = kNoOp;
  OpIndex gate_carried : 1 = 0;
};
static_assert(sizeof(LaunchRecord) == 28);

struct TaskArgument {
  InstanceId instance;          // kNone when virtual
  std::uint16_t candidate = 0;  // which of ArgumentDecision::memories it got; > 0 after a fall-through
  friend bool operator==(const TaskArgument&, const TaskArgument&) = default;
};

// Operations [begin, end) run `repeat` times in order. In a repeated segment an Edge that is not carried and points
// before `begin` means that very operation, in every repetition; a carried edge of the first repetition points to the
// operation `end - begin` earlier (the prologue ends with an unrolled copy of the body). Edges of later segments into a
// repeated segment mean its last repetition.
struct Segment {
  OpIndex begin = 0, end = 0;
  std::uint64_t repeat = 1;
  std::int32_t loop_counter = -1;  // index into each record's counters that grows by `counter_step` with each repetition
  std::uint32_t counter_step = 1;
};

struct MemoryPeak {
  MemoryId memory;
  std::int64_t bytes = 0;
};

struct Plan {
  std::shared_ptr<const Decisions> decisions;

  std::vector<Segment> segments;
  std::vector<Op> ops;
  std::vector<std::uint32_t> edge_offsets;  // ops.size() + 1
  std::vector<Edge> edges;

  std::vector<LaunchRecord> records;
  std::vector<std::int64_t> counters;
  std::vector<TaskArgument> task_arguments;
  std::vector<Transfer> transfers;
  std::vector<CellId> transfer_cells;
  std::vector<double> fill_values;
  std::vector<std::uint32_t> freed_offsets;  // Reclaim op with detail d freed freed[freed_offsets[d]..freed_offsets[d+1])
  std::vector<InstanceId> freed;

  std::vector<Instance> instances;
  std::vector<PointSet> point_sets;
  std::vector<PointSet> pieces;
  std::vector<Cell> cells;
  std::vector<FieldGroup> field_groups;
  std::vector<std::vector<std::uint32_t>> group_lists;  // each ascending, into field_groups
  std::vector<std::string> timer_labels;
  std::vector<MemoryPeak> peaks;            // memories in use, ascending by id

  std::uint64_t executed_ops() const;       // repetitions multiplied out
  std::uint64_t executed_tasks() const;
  std::span<const Edge> predecessors(OpIndex op) const {
    return std::span(edges).subspan(edge_offsets[op], edge_offsets[op + 1] - edge_offsets[op]);
  }
  // The task that an issued operation is for: only others that it issues lie between.
  OpIndex issuer(OpIndex op) const {
    while (ops[op].kind != OpKind::Task) ++op;
    return op;
  }
  const std::vector<std::uint32_t>& groups_of(const Instance& instance) const { return group_lists[instance.groups]; }
  std::span<const CellId> cells_of(const Transfer& t) const {
    return std::span(transfer_cells).subspan(t.first, t.count);
  }
};

// Why a mapper cannot be executed: a legal text, a bad mapping.
struct Verdict {
  enum class Kind : std::uint8_t { InvalidMapping, OutOfMemory } kind = Kind::InvalidMapping;
  std::vector<diag::Diagnostic> diagnostics;  // at least one error; the first is the reason
};

struct Options {
  bool unroll = false;  // never keep loops as loops
};

// What planning and simulating a program takes, roughly and rather less than more; known before anything is planned.
struct Effort {
  std::int64_t tasks = 0;  // point tasks that are gone through one by one; a loop that is kept as a loop counts twice
  double bytes = 0;        // of memory, on top of the program's
};
Effort effort(const program::Program& program, Options options = {});

// Plans a verified mapper. Deterministic. Cost and memory: linear in planned operations (loops that reach a steady state
// count a few iterations) times the logarithm of instance overlaps.
tl::expected<Plan, Verdict> make_plan(std::shared_ptr<const Decisions> decisions, const program::Program& program,
                                      const machine::Machine& machine, Options options = {});

// decide() and make_plan() in one go; warnings of the verification go to `sink`.
tl::expected<Plan, Verdict> make_plan(const sema::Mapper& mapper, const program::Program& program,
                                      const machine::Machine& machine, diag::Sink& sink, Options options = {});

// What the plan moves, loops multiplied out. `between` counts bytes between different memories.
struct Traffic {
  struct Row {
    std::int64_t between = 0, intra_node = 0, inter_node = 0;  // between = intra_node + inter_node
    std::int64_t inside = 0;                                   // copies within one memory
    std::int64_t folded = 0;                                   // bytes of folds, wherever
    std::int64_t copies = 0;
  };
  Row total;
  std::vector<Row> by_region;                             // by RegionId
  struct Pair {
    MemoryKind from, to;
    bool inter_node;
    Row row;
  };
  std::vector<Pair> by_pair;                              // ascending; only pairs that occur
  // Cross-memory bytes that arrive in each memory.
  std::vector<std::int64_t> received;                     // by MemoryId
};
// Folds across memories count in `between` too (their bytes travel). `window`: only operations issued between the timers
// of this label; empty: all.
Traffic traffic(const Plan& plan, const program::Program& program, const machine::Machine& machine,
                std::string_view window = {});

// Text form for `mapwright dump --stage=plan` and golden tests; stable.
std::string dump(const Plan& plan, const program::Program& program, const machine::Machine& machine);

}  // namespace mapwright::plan
