// engine/sim/critical.h - what every operation waited for last, and what the time on the longest chain was spent on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/sim/timers.h"
#include "engine/sim/workload.h"

namespace mapwright::engine::sim {

using NodeId = std::uint32_t;
inline constexpr NodeId kRoot = 0;  // the start of the execution

// Chains of last-arriving predecessors as a tree that grows at its leaves. Nodes are counted by reference, so what lies on
// no chain of an operation still to come is forgotten: memory is bounded by what is in flight and one longest chain.
class Chains {
 public:
  struct Node {
    NodeId parent = kRoot;
    std::uint32_t references = 0;
    plan::OpIndex op = 0;
    bool mapping = false;  // the mapping of `op`, not its execution
    bool jump = false;     // place `op` at the end of jump number `rep`
    std::uint64_t rep = 0;
    Ticks end = 0;         // it began when its parent ended
  };
  Chains() { nodes_.emplace_back(); }
  // A node that the caller holds.
  NodeId add(Node node);
  NodeId hold(NodeId n) {
    if (n != kRoot) ++nodes_[n].references;
    return n;
  }
  void drop(NodeId n);
  const Node& operator[](NodeId n) const { return nodes_[n]; }

  // Part of an execution that happened `times` more times without being simulated, each time `period` later. Of each place
  // that holds a node: that node after the part, its ancestor that the place `from` held before, and that place.
  struct Jump {
    Ticks period = 0;
    std::uint64_t times = 0;
    struct Place {
      NodeId after = kRoot, before = kRoot;
      std::uint32_t from = 0;
    };
    std::vector<Place> places {};
  };
  // Returns the number of the jump, whose nodes are then held for ever.
  std::uint32_t add(Jump jump);
  // Calls f(node, begin, end) for every step of the chain that ends in `n`, backwards, with the times at which it happened.
  template <typename F>
  void for_each(NodeId n, F&& f) const {
    while (n != kRoot) {
      const Node& node = nodes_[n];
      if (!node.jump) {
        f(node, nodes_[node.parent].end, node.end);
        n = node.parent;
        continue;
      }
      const Jump& jump = jumps_[node.rep];
      std::uint32_t place = node.op;
      for (std::uint64_t k = jump.times; k > 0; --k) {
        const Jump::Place& p = jump.places[place];
        const Ticks later = static_cast<Ticks>(k) * jump.period;
        // What has stood at its place since before the part is no later than it says.
        const bool stays = jump.places[p.from].after == p.before;
        for (NodeId at = p.after; at != p.before; at = nodes_[at].parent) {
          const NodeId parent = nodes_[at].parent;
          f(nodes_[at], nodes_[parent].end + (parent == p.before && stays ? 0 : later), nodes_[at].end + later);
        }
        place = p.from;
      }
      n = jump.places[place].after;
    }
  }

 private:
  std::vector<Node> nodes_;
  std::vector<NodeId> free_;
  std::vector<Jump> jumps_;
};

// Shares of the chain that ends in `last`, as far as they lie inside the intervals (in order of time): descending by
// seconds. Source: the critical path of Kelley & Walker (1959) with resources as predecessors.
std::vector<CriticalShare> critical_shares(const Chains& chains, NodeId last, std::span<const Interval> intervals,
                                           const plan::Plan& plan, const machine::Machine& machine,
                                           const Workload& workload, CostModel& costs);

}  // namespace mapwright::engine::sim
