// engine/sim/sharing.h - rates of copies that share channels, max-min fairly.
// Model, proof of exactness and limits: docs/models/sharing.md.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mapwright::engine::sim {

// Flows over channels. Rates are max-min fair: no flow can get more without taking from one that has no more than it, with
// a cap of its own per flow (Bertsekas & Gallager, Data Networks, 6.5.2, progressive filling).
//
// Incremental: update() solves anew only the flows that additions and removals can have affected. A channel whose flows'
// caps fit into its capacity limits nobody, so it does not connect the flows on it.
// Deterministic: results depend on the sequence of calls only.
class FairShares {
 public:
  // capacities: bytes per second by channel, each > 0.
  explicit FairShares(std::vector<double> capacities);

  // A new flow over `channels` (indices, without repetitions) with at most `cap` > 0 bytes per second. Returns its number,
  // which is reused after remove(). The rate is known after the next update().
  std::uint32_t add(std::span<const std::uint32_t> channels, double cap);
  void remove(std::uint32_t flow);

  // Brings all rates up to date. Returns the flows whose rate is another one than before, in no particular but a
  // deterministic order; valid until the next call. Cost: O(e log c), e channel entries and c channels of those affected.
  std::span<const std::uint32_t> update();
  double rate(std::uint32_t flow) const { return flows_[flow].rate; }

 private:
  struct Place {  // where a flow stands in a channel's list
    std::uint32_t channel = 0, position = 0;
  };
  struct Flow {
    std::vector<Place> places;
    double cap = 0, rate = 0;
    bool alive = false, seen = false, fixed = false;
  };
  struct Channel {
    double capacity = 0, demand = 0;  // demand: sum of the caps of its flows
    double residual = 0;              // while solving: not yet given away
    std::uint32_t unfixed = 0;        // while solving: flows without a rate
    bool seen = false, dirty = false;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> flows;  // flow, index of this channel in its places
  };

  bool limits(const Channel& c) const { return c.demand > c.capacity * (1 + 1e-12); }
  void touch(std::uint32_t channel);
  void collect(std::uint32_t channel);  // the connected component around a channel
  void solve();                         // rates of the collected component
  void fix(std::uint32_t flow, double rate);

  std::vector<Channel> channels_;
  std::vector<Flow> flows_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> dirty_channels_, fresh_flows_, changed_;
  std::vector<std::uint32_t> component_channels_, component_flows_, seen_channels_, seen_flows_;
  std::vector<std::pair<double, std::uint32_t>> levels_;  // heap while solving
};

}  // namespace mapwright::engine::sim
