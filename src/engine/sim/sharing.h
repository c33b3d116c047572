// engine/sim/sharing.h - rates of copies that share channels, max-min fairly.
// Model, why the incremental solution is exact, and limits: docs/models/sharing.md.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mapwright::engine::sim {

// Flows over channels. Rates are max-min fair, with a cap of its own per flow: a feasible allocation is that exactly when
// every flow runs at its cap or has a bottleneck, a full channel on which nobody is faster (Bertsekas & Gallager, Data
// Networks, 6.5.2). So a change is worked in where it can matter only: progressive filling over the flows that lost their
// bottleneck, then over those that lose theirs by that, until every flow has one.
//
// Rates are exact to 1e-11. Deterministic: results depend on the sequence of calls only.
class FairShares {
 public:
  // capacities: bytes per second by channel, each > 0.
  explicit FairShares(std::vector<double> capacities);

  // A new flow over `channels` (indices, without repetitions) with at most `cap` > 0 bytes per second. Returns its number,
  // which is reused after remove(). The rate is known after the next update().
  std::uint32_t add(std::span<const std::uint32_t> channels, double cap);
  void remove(std::uint32_t flow);

  // Brings all rates up to date. Returns the flows whose rate is another one than before, in no particular but a
  // deterministic order; valid until the next call. Cost: O(e log c) for the flows concerned, with e channel entries on c
  // channels, plus the number of flows on those channels.
  std::span<const std::uint32_t> update();
  double rate(std::uint32_t flow) const { return flows_[flow].rate; }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Place {  // where a flow stands in a channel's list
    std::uint32_t channel = 0, position = 0;
  };
  struct Flow {
    std::vector<Place> places;
    double cap = 0, rate = 0, before = 0;  // before: the rate as of the last update
    std::uint32_t bottleneck = kNone;      // channel; kNone: it runs at its cap
    bool alive = false;
    bool chosen = false, fixed = false;    // during update()
  };
  struct Channel {
    double capacity = 0, demand = 0;       // demand: sum of the caps of its flows
    double residual = 0, level = 0;        // during update(): not yet given away; rate of the flows that it limits
    std::uint32_t unfixed = 0;             // during update(): chosen flows without a rate
    bool seen = false, dirty = false;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> flows;  // flow, index of this channel in its places
  };

  // A channel whose flows' caps fit into it limits nobody.
  bool limits(const Channel& c) const { return c.demand > c.capacity * (1 + 1e-12); }
  void touch(std::uint32_t channel);
  void choose(std::uint32_t flow);
  void choose_connected();  // all flows that share a limiting channel, directly or not, with a chosen one
  void prepare();           // channels of the chosen flows and what the others leave of them
  void fill();              // rates of the chosen flows
  void fix(std::uint32_t flow, double rate, std::uint32_t bottleneck);
  bool choose_more();       // flows that are left without a bottleneck

  std::vector<Channel> channels_;
  std::vector<Flow> flows_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> dirty_, fresh_, changed_;
  std::vector<std::uint32_t> chosen_, by_cap_, concerned_;  // flows, the same by cap, channels
  std::vector<std::pair<double, std::uint32_t>> levels_;    // heap while filling
};

}  // namespace mapwright::engine::sim
