// plan/planner.h - walks a program in order and emits the operations that a mapper's decisions imply.
// Private to plan. Reading guide: walk.cc (statements, launches, points), bodies.cc (what points launch), instances.cc (memory), coherence.cc (what is
// valid where, copies, folds), steady.cc (loops that repeat themselves).
#pragma once

#include <array>
#include <deque>
#include <map>
#include <unordered_map>
#include <vector>

#include "base/index_table.h"
#include "base/small_vector.h"
#include "plan/geometry.h"
#include "plan/plan.h"
#include "plan/sites.h"

namespace mapwright::plan {

// Use of one cell of one instance. Who wrote it last and who has read it since: what the next user must wait for.
struct Slot {
  OpIndex writer = kNoOp;
  bool valid = false;    // ordinary instances: holds the current contents
  bool pending = false;  // reduction instances: holds contributions that are not folded yet
  SmallVector<OpIndex, 2> readers;

  // Appends those that the next writer waits for: readers have waited for the writer.
  void users(std::vector<OpIndex>& ops) const {
    if (readers.empty()) return ops.push_back(writer);
    ops.insert(ops.end(), readers.begin(), readers.end());
  }
};

struct Holder {
  std::uint32_t instance, slot;
  MemoryId memory;  // of the instance
  PointSetId points;
};

// Where the current contents of a cell are: in every `valid` instance (or the constant `fill` while nobody holds them),
// plus all `pending` contributions.
struct CellState {
  SmallVector<Holder, 2> valid;
  SmallVector<Holder, 1> pending;
  program::ReductionOp pending_op = program::ReductionOp::Sum;
  std::uint32_t fill = 0;  // into Plan::fill_values; kNone once written
};

struct InstanceState {
  std::uint32_t first_slot = 0, slots = 0;
  std::uint32_t valid = 0, pending = 0;  // how many slots are
  std::uint32_t age = 0;                 // order of (re-)creation
  std::uint32_t pinned = 0;              // task that is being planned and uses it
  bool live = false;
  bool chosen = false;                   // about to be freed
  bool collectable = false;              // its latest use was read-only under CollectMemory
};

// Iterations of a loop in which its state may return.
inline constexpr std::size_t kMaxPeriod = 4;

class Planner {
 public:
  Planner(std::shared_ptr<const Decisions> decisions, const program::Program& program, const machine::Machine& machine,
          Options options);
  tl::expected<Plan, Verdict> run();

 private:
  // The task that launches: the top level or a point of an inner task.
  struct Frame {
    OpIndex parent = kNoOp;
    std::uint32_t decision = kNone;  // of the parent
    std::int64_t expansion = 0;
    ProcessorId processor;
    OpIndex fence = kNoOp, gate = kNoOp;
    std::vector<OpIndex> children;  // what ends when the launched tasks have ended
    std::vector<Point> ancestors;   // of what is launched, immediate parent first; swapped with the planner's meanwhile
    std::size_t end = 0;            // where the end of this body stands among the children of the frame above
    std::vector<Frame> bodies;      // of the points of the current launch, not planned yet
    bool together = false;          // plan them after all points of the launch
  };
  // The point task being planned.
  struct Work {
    const program::Launch* launch = nullptr;
    std::uint32_t site = 0;  // number of the decision
    const LaunchDecision* decision = nullptr;
    std::uint32_t record = 0;
    std::uint32_t position = 0;  // e * volume + i
    ProcessorId processor;
    std::vector<std::uint32_t> sets;       // point set per argument, kNone when it has no instance
    std::vector<TaskArgument> arguments;
    std::vector<OpIndex> before;           // predecessors of the task
  };
  struct Request {
    std::uint32_t from, from_slot, to_slot, cell;  // from: instance, or fill value
  };
  struct LimitKey {
    std::uint32_t task;
    bool nested;
    std::uint32_t launcher;  // processor of the parent, or address space
    std::int64_t limit;
    friend auto operator<=>(const LimitKey&, const LimitKey&) = default;
  };

  // The state after an iteration, in a form that is equal for equal states (see steady.cc). All zero: not known.
  using Snapshot = Digest::Value;
  // An iteration of a top-level loop.
  struct Iteration {
    OpIndex begin = 0;          // its first operation and launch record
    std::uint32_t record = 0;
    std::array<Snapshot, kMaxPeriod> after {};  // by period - 1
  };

  // walk.cc
  void make_room(double subregions);
  bool walk(const program::Body& body, Frame& frame);
  bool walk_statement(const program::Statement& statement, Frame& frame);
  void walk_fence(const program::Fence& fence, Frame& frame);
  bool walk_launch(const program::Launch& launch, Frame& frame);
  bool plan_point(const program::Launch& launch, std::uint32_t record, std::int64_t i, Frame& frame);
  void find_sets(const program::Launch& launch, std::int64_t i);
  std::optional<LimitKey> limit_key(const Frame& frame) const;
  std::deque<OpIndex>& limit_state(const LimitKey& key);
  std::uint32_t argument_list();
  OpIndex emit_task(std::int64_t i, const std::optional<LimitKey>& key);
  std::uint32_t fill_value(double value);
  void fill(const program::Fill& f);
  OpIndex add(OpKind kind, std::uint32_t record, std::uint32_t a, std::uint32_t b, std::uint32_t detail,
              std::vector<OpIndex>& before);

  // bodies.cc
  bool independent(const program::Launch& launch) const;
  void open_body(const program::Launch& launch, OpIndex task, std::int64_t i, Frame& frame);
  bool walk_bodies(const program::Launch& launch, Frame& frame);
  bool walk_together(const program::Body& body, std::vector<Frame>& frames);

  // instances.cc
  bool acquire_all();
  bool acquire(std::size_t argument);
  InstanceId identify(std::uint32_t set, MemoryId memory, Layout layout, std::optional<program::ReductionOp> reduction);
  std::uint32_t group_list(const std::vector<std::uint32_t>& groups);
  bool allocate(InstanceId instance);
  bool reclaimable(std::uint32_t instance) const;
  void reclaim(InstanceId instance, const std::vector<std::uint32_t>& victims);
  void report_out_of_memory(std::size_t argument);
  std::int64_t instance_bytes(const Instance& instance) const;

  // coherence.cc
  template <typename F>
  void for_each_slot(std::uint32_t instance, const std::vector<std::uint32_t>& groups, F&& f) const;
  void make_valid(std::uint32_t instance, const std::vector<std::uint32_t>& groups,
                  std::optional<program::ReductionOp> clash = std::nullopt);
  void prepare_reduction(std::size_t argument);
  Holder choose_source(std::uint32_t cell, std::uint32_t to);
  std::int64_t overlap(std::uint32_t a, std::uint32_t b);
  void emit_fills(std::uint32_t to);
  void emit_copies(std::uint32_t to);
  void emit_folds(std::uint32_t to);
  std::uint32_t transfer(const Transfer& transfer, std::span<const Request> requests);
  void emit(OpKind kind, std::uint32_t to, std::span<const Request> requests);
  void emit_grouped(OpKind kind, std::uint32_t to, std::vector<Request>& requests);
  void add_holder(const Request& r, std::uint32_t to);
  void own(std::uint32_t cell, std::uint32_t instance, std::uint32_t slot);
  void drop_pending(CellState& cell);
  void use(std::size_t argument, OpIndex task);
  void require(std::size_t argument);

  // steady.cc
  bool walk_loop(const program::Loop& loop, Frame& frame);
  bool repeats(const program::Loop& loop) const;
  void reserve(const Iteration& latest, std::int64_t iterations);
  void join_readers(OpIndex iteration_begin);
  void take_snapshots(std::vector<Iteration>& done, const Frame& frame) const;
  bool timers_look_back(const Iteration& first) const;
  std::size_t period_of(const std::vector<Iteration>& done) const;
  void carry(OpIndex previous, OpIndex begin, std::uint32_t first_record);
  void close_segments();

  std::shared_ptr<const Decisions> decisions_;
  const program::Program& program_;
  const machine::Machine& machine_;
  Options options_;
  Sites sites_;
  Geometry geometry_;
  Plan plan_;
  std::optional<Verdict> verdict_;

  std::vector<Slot> slots_;
  std::vector<CellState> cells_;
  std::vector<InstanceState> states_;  // parallel to plan_.instances
  IndexTable identities_;
  std::map<std::vector<std::uint32_t>, std::uint32_t> group_numbers_;  // of Plan::group_lists
  std::unordered_map<std::uint64_t, std::int64_t> overlaps_;
  std::vector<std::int64_t> memory_used_, memory_peak_;
  std::vector<OpIndex> memory_freed_;  // by memory: the latest reclaim, which comes after all earlier ones
  std::vector<std::vector<std::uint32_t>> memory_live_;  // live instances by memory, oldest first
  std::vector<std::array<std::optional<MemoryId>, kMemoryKinds>> closest_;  // by processor
  std::uint32_t age_ = 0, task_ = 0;  // as many as instances came into being; as tasks were planned

  Work work_;
  std::vector<Request> copies_, fills_, folds_;
  Holder holder(std::uint32_t instance, std::uint32_t slot) const {
    return {instance, slot, plan_.instances[instance].memory, plan_.instances[instance].points};
  }
  std::vector<OpIndex> scratch_;
  std::vector<std::uint32_t> assigned_stamp_;  // copies taken from an instance in the current launch record:
  std::vector<std::uint32_t> assigned_;        // valid when the stamp is the record's
  std::uint32_t launch_stamp_ = kNone;

  std::map<LimitKey, std::deque<OpIndex>> limits_;  // ends of the latest points, at most as many as the limit
  std::vector<OpIndex> futures_;
  std::vector<program::LoopCounter> loops_;
  std::vector<Point> ancestors_;  // immediate parent first
  std::vector<OpIndex> waiting_timers_;
  bool inside_loop_ = false;
  std::uint32_t latest_record_ = kNone;
  std::map<std::string, std::uint32_t, std::less<>> timer_labels_;

  std::vector<std::int64_t> task_points_;           // executed points by TaskId
  std::vector<std::vector<char>> loop_dependent_;   // [launch][argument]: its projection reads a loop counter
  // Which point set an argument uses, where projections do not read loop counters: [decision][position * arguments + k].
  std::vector<std::vector<std::uint32_t>> set_cache_;
  // Instance it got last time, tried first: the same index.
  std::vector<std::vector<InstanceId>> instance_cache_;
  std::vector<std::vector<std::uint32_t>> argument_lists_;  // [decision][position]: into Plan::task_arguments
  std::vector<std::uint32_t> latest_transfers_;             // by cell: the latest transfer that begins with it
};

}  // namespace mapwright::plan
