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

 private:
  std::vector<Node> nodes_;
  std::vector<NodeId> free_;
};

// Shares of the chain that ends in `last`, as far as they lie inside the intervals (in order of time): descending by
// seconds. Source: the critical path of Kelley & Walker (1959) with resources as predecessors.
std::vector<CriticalShare> critical_shares(const Chains& chains, NodeId last, std::span<const Interval> intervals,
                                           const plan::Plan& plan, const machine::Machine& machine,
                                           const Workload& workload, CostModel& costs);

}  // namespace mapwright::engine::sim
