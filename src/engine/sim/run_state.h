// engine/sim/run_state.h - all that changes while a plan is simulated.
#pragma once

#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/sim/agenda.h"
#include "engine/sim/blocks.h"
#include "engine/sim/critical.h"
#include "engine/sim/fences.h"
#include "engine/sim/profile.h"
#include "engine/sim/task_cost.h"
#include "engine/sim/timers.h"
#include "engine/sim/transfers.h"
#include "engine/sim/utility.h"
#include "engine/sim/workers.h"
#include "engine/sim/workload.h"

namespace mapwright::engine::sim {

using plan::OpIndex;
using plan::OpKind;

// What happens at a time: handled by position in the program, then by kind.
struct Happening {
  enum Kind : std::uint64_t { Map, Ready, End, Begin };  // Begin: a worker has started a copy
  std::uint64_t order = 0;               // position of the operation << 2 | kind; Map: space << 2
  std::uint32_t op = 0, block = 0;       // Map: op is the space
  Kind kind() const { return static_cast<Kind>(order & 3); }
  bool before(const Happening& h) const { return order < h.order; }
};

// The state of a simulation, and the detection that it repeats itself (skip.cc).
class RunState {
 protected:
  RunState(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine,
             const Options& options)
      : plan_(plan),
        machine_(machine),
        options_(options),
        costs_(plan, program, machine),
        workload_(make_workload(plan, machine, costs_, options.profile)),
        blocks_(workload_, std::exchange(workload_.pending, {}), std::exchange(workload_.mapping_pending, {}), options.profile),
        utility_(workload_, blocks_),
        transfers_(machine.channels(), options.sharing, workload_.clock),
        timers_(plan, program, workload_.clock, options.profile),
        totals_(plan, machine, costs_.sites()),
        processors_(machine.processors().size()),
        touched_(workload_.spaces, false),
        scheduled_(workload_.spaces, false),
        fences_(workload_),
        cause_(workload_.spaces, kRoot),
        varying_(workload_.segments.size(), false),
        on_grid_(workload_.segments.size(), false) {
    for (std::size_t g = 0; g < workload_.segments.size(); ++g) {
      for (OpIndex i = workload_.segments[g].begin; i < workload_.segments[g].end; ++i) {
        const OpKind kind = workload_.ops[i].kind;
        if (workload_.ops[i].varies) varying_[g] = true;
        if (moves_data(kind)) on_grid_[g] = workload_.copy_grid > 0;
      }
    }
    if (!machine.overheads().workers) return;
    workers_.emplace(*machine.overheads().workers);
    working_.resize(*machine.overheads().workers);
  }

  // After everything at now_ has happened and repetitions of a segment are over: when the state, seen from now, is that of
  // some repetitions ago, goes to the last repetitions at once, where everything ends as it would have. True if it did.
  bool skip();

  struct Processor {
    bool busy = false;
    NodeId last = kRoot;       // profile: its previous task
    Ticks ticks = 0;
    std::int64_t points = 0;
    // Ready ones, in order: those from `next` on.
    std::vector<std::pair<OpIndex, std::uint32_t>> queue;
    std::size_t next = 0;

    std::pair<OpIndex, std::uint32_t> take() {
      const auto first = queue[next++];
      if (2 * next > queue.size()) {
        queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(next));
        next = 0;
      }
      return first;
    }
  };
  struct Working {
    static constexpr std::uint64_t kNothing = ~std::uint64_t {0};
    std::uint64_t order = kNothing;  // of the operation it executes
    NodeId last = kRoot;             // profile: its previous one
  };

  // What is compared: the state after a repetition, seen from then.
  struct Sight {
    std::uint64_t repetition = 0;                             // how many are over
    Ticks time = 0;
    Digest::Value state {}, with_mapping {};                  // without and with the times of mapping
    bool unhindered = false, unhindered_since = true;         // see Utility::Watched; in all repetitions after this sight
    Ticks margin = 0, margin_since = 0;
    bool anchor = false;                                      // see skip()
    std::uint64_t ended_ops = 0;
    std::vector<Ticks> busy {}, channels {};
    std::vector<std::int64_t> points {};
    Timers::Totals timers {};
    std::vector<NodeId> heads {};                             // profile: see heads()
  };
  Sight look(std::uint32_t segment);
  void keep(Sight sight);
  void describe(Digest& state, std::uint32_t segment) const;
  std::uint64_t furthest(std::uint32_t segment) const;
  bool same_chains(const Sight& before, const Sight& now, Chains::Jump& jump) const;
  void jump(const Sight& before, const Sight& now, std::uint32_t segment, const Chains::Jump& jump, bool unhindered);
  // The places that hold a node of the critical path, in an order that depends on the state only.
  template <typename F>
  void for_each_head(F&& f);
  void forget_sights();

  const plan::Plan& plan_;
  const machine::Machine& machine_;
  const Options& options_;
  CostModel costs_;
  Workload workload_;
  Blocks blocks_;
  Utility utility_;
  Transfers transfers_;
  Timers timers_;
  TaskTotals totals_;
  Timing timing_;

  Ticks now_ = 0, makespan_ = 0;
  Agenda<Happening> queue_;
  std::vector<std::pair<OpIndex, std::uint32_t>> ended_;      // end now
  std::size_t ended_next_ = 0;
  std::vector<Mapped> mapped_;
  std::vector<Processor> processors_;
  std::optional<Workers> workers_;                            // absent: no limit
  std::vector<Working> working_;                              // by worker
  std::vector<std::vector<OpIndex>> self_starting_;           // by segment
  std::vector<bool> touched_, scheduled_;                     // by space
  std::vector<std::uint32_t> touched_spaces_, to_schedule_;
  std::size_t touched_next_ = 0;

  Fences fences_;
  std::uint64_t ended_ops_ = 0;
  std::unordered_map<std::uint64_t, std::uint32_t> watched_;  // by position of the timer: points seen

  Chains chains_;
  std::vector<NodeId> cause_;                                 // by space: what its mapping waited for last
  NodeId window_end_ = kRoot, last_ = kRoot;
  std::unordered_map<std::uint64_t, Ticks> ready_times_, start_times_;

  std::vector<bool> varying_;                                 // by segment: costs depend on the repetition
  std::vector<bool> on_grid_;                                 // by segment: it has operations that start on Workload::copy_grid
  std::uint32_t seen_segment_ = kAbsent;
  std::deque<Sight> sights_;                                  // the anchor and the latest, ascending
};

}  // namespace mapwright::engine::sim
