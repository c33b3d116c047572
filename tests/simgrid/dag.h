// tests/simgrid/dag.h - what the referee executes: activities with precedences on a platform. Everything about order is an
// edge here, everything about sharing is left to who executes it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mapwright::referee {

using NodeIndex = std::uint32_t;

struct Node {
  enum class Kind : std::uint8_t {
    Join,   // no time of its own
    Work,   // occupies a host: `amount` seconds on host `place`
    Delay,  // `amount` seconds on nothing
    Start,  // the same, but to the nearest multiple of Dag::grid
    Copy,   // `amount` bytes over path `place`
  };
  Kind kind = Kind::Join;
  std::uint32_t place = 0;
  double amount = 0;
};

// A way between two memories: what its copies occupy, and the most that each of them gets, bytes per second.
struct Path {
  std::uint32_t from = 0, to = 0;
  bool transposes = false;  // from, to and this name a path
  std::vector<std::uint32_t> links;
  double cap = 0;
};

struct Dag {
  std::vector<Node> nodes;
  std::vector<std::uint32_t> pending;            // predecessors of each node
  std::vector<std::uint32_t> successor_offsets;  // nodes + 1
  std::vector<NodeIndex> successors;

  std::uint32_t hosts = 0;                       // each does one thing at a time: chained by edges
  std::vector<double> links;                     // bytes per second, shared by copies, one direction
  std::vector<Path> paths;
  double grid = 0;                               // seconds; 0: a Start is a Delay

  std::size_t activities() const;                // nodes that are no joins and take time
  double over(const Node& delay, double begin) const;  // when a Delay or Start ends that begins then
  std::span<const NodeIndex> successors_of(NodeIndex n) const {
    return std::span(successors).subspan(successor_offsets[n], successor_offsets[n + 1] - successor_offsets[n]);
  }
};

// Nodes and edges in any order.
class DagBuilder {
 public:
  NodeIndex add(Node node) {
    dag.nodes.push_back(node);
    return static_cast<NodeIndex>(dag.nodes.size() - 1);
  }
  NodeIndex join() { return add({}); }
  void edge(NodeIndex from, NodeIndex to) { edges_.emplace_back(from, to); }
  Dag finish();

  Dag dag;

 private:
  std::vector<std::pair<NodeIndex, NodeIndex>> edges_;
};

// When each node began and ended, seconds.
struct Executed {
  std::vector<double> start, end;
  double makespan = 0;
  std::size_t activities = 0;   // that were executed
  double set_up = 0, seconds = 0;  // CPU time of building the platform, and of the execution
  std::string trouble;          // why there is nothing else; empty when all went well
};

double cpu_seconds();  // of this process

}  // namespace mapwright::referee
