// engine/sim/cut.h - how little data tasks can exchange between nodes.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "machine/machine.h"

namespace mapwright::engine::sim {

// Bytes per second that can come into one node from others; 0 when there is no network or it has no channel of its own.
double rate_into_node(const machine::Machine& machine);

// Vertices that exchange data among themselves.
struct Component {
  std::vector<bool> members;
  double least_cut = 0;  // bytes, at least: what crosses when they are not all together
};

// An undirected graph: whoever separates two vertices pays the bytes between them.
class ExchangeGraph {
 public:
  explicit ExchangeGraph(std::size_t vertices);
  void add(std::uint32_t a, std::uint32_t b, double bytes);
  // The component with most work. Cost: linear, but for the cut of at most 200 vertices that are left when those that
  // certainly stay together have been merged (Stoer and Wagner, JACM 1997; larger rests get their lightest edge).
  Component heaviest_component(const std::vector<double>& work) const;

 private:
  std::size_t vertices_;
  std::unordered_map<std::uint64_t, double> bytes_;  // by pair, smaller first
};

}  // namespace mapwright::engine::sim
