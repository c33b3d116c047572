// engine/sim/sharing.h - rates of copies that share channels, max-min fairly.
// Model, why the incremental solution is exact, and limits: docs/models/sharing.md.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "base/base.h"
#include "engine/sim/buckets.h"

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

  // A new flow over at most 23 `channels` (indices, without repetitions) with at most `cap` > 0 bytes per second. Returns its number,
  // which is reused after remove(). The rate is known after the next update().
  std::uint32_t add(std::span<const std::uint32_t> channels, double cap);
  void remove(std::uint32_t flow);

  // Brings all rates up to date. Returns the flows whose rate is another one than before, in no particular but a
  // deterministic order; valid until the next call. Cost: O(e log c) for the flows concerned, with e channel entries on c
  // channels, plus the flows on channels that limit more than before.
  std::span<const std::uint32_t> update();
  // The state after update(), with flows named by `name(flow)`: equal states develop equally.
  template <typename F>
  void describe(Digest& state, F&& name) const {
    for (std::uint32_t number = 0; number < channels_.size(); ++number) {
      const Channel& c = channels_[number];
      if (c.flows == 0) continue;
      state.add(std::uint64_t {number} << 32 | c.flows);
      state.add(std::bit_cast<std::uint64_t>(c.spare));
      state.add(std::bit_cast<std::uint64_t>(c.level));
      for (std::uint32_t i = 0; i < c.flows; ++i) state.add(name(c.at(i)));
      for (std::uint32_t f = c.limited; f != kNone; f = flows_[f].next) state.add(name(f));
    }
  }
  double rate(std::uint32_t flow) const { return flows_[flow].rate; }
  // Of the i-th flow that update() returned: its rate until then.
  double rate_before(std::size_t i) const { return before_[i]; }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  static constexpr double kLimitsNobody = std::numeric_limits<double>::infinity();
  static constexpr std::size_t kMaxChannels = 23;  // of a flow
  // What is looked at often stands in the first 64 bytes, a cache line: with thousands of nodes, time is spent on fetching.
  struct alignas(64) Flow {
    double cap = 0, rate = 0;
    std::uint32_t bottleneck = kNone;              // channel; kNone: it runs at its cap
    std::uint32_t next = kNone, previous = kNone;  // among the flows with the same bottleneck
    std::uint32_t chosen = kNone;                  // during update(): number in chosen_
    std::uint8_t channels = 0;
    bool alive = false;
    bool falls = false;                            // chosen, and likely to become slower
    bool fixed = false;                            // chosen, and it has its new rate
    std::array<std::uint32_t, kMaxChannels> channel {};
    std::span<const std::uint32_t> list() const { return {channel.data(), channels}; }
  };
  struct alignas(64) Channel {
    double spare = 0;                              // capacity less the rates of its flows
    double level = kLimitsNobody;                  // rate of the flows that it limits; nobody on it is faster
    double capacity = 0;
    std::uint32_t limited = kNone;                 // first of those
    std::uint32_t share = kNone;                   // during update(): number in shared_
    bool dirty = false, joined = false;            // since the last update: changed; by a flow that came
    std::uint32_t flows = 0;
    std::array<std::uint32_t, 14> first {};        // its flows: these, then `more`
    std::vector<std::uint32_t> more;

    std::uint32_t at(std::uint32_t i) const { return i < first.size() ? first[i] : more[i - first.size()]; }
    std::uint32_t& at(std::uint32_t i) { return i < first.size() ? first[i] : more[i - first.size()]; }
    void add(std::uint32_t flow) {
      if (flows >= first.size()) more.resize(flows - first.size() + 1);
      at(flows++) = flow;
    }
    void remove(std::uint32_t flow) {
      std::uint32_t i = 0;
      while (at(i) != flow) ++i;
      at(i) = at(--flows);
    }
  };
  // A channel of chosen flows, during update().
  struct Shared {
    double left = 0;                               // capacity that neither others nor fixed flows use
    double caps = 0;                               // of the flows without a rate
    std::uint32_t unfixed = 0;                     // how many those are
    std::uint32_t channel = 0;
    double level = kLimitsNobody, fastest = 0;     // of the flows that it limits now; of all that are fixed
    bool can_limit() const { return unfixed > 0 && left < caps; }
    double full_at() const { return std::max(0.0, left) / static_cast<double>(unfixed); }
  };

  void touch(Channel& channel, std::uint32_t number, bool joined);
  void unlink(Flow& flow);
  void choose(std::uint32_t flow, bool falls);
  void choose_limited(Channel& channel, bool fall);
  void prepare();
  void fill();
  void fill_many();
  bool limit(const Shared& shared, double level);
  void fix(std::uint32_t number, double rate, std::uint32_t bottleneck);
  bool choose_more();
  void commit();

  std::vector<Channel> channels_;
  std::vector<Flow> flows_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> dirty_, fresh_;

  std::vector<std::uint32_t> chosen_;              // flows to solve; afterwards those with another rate
  std::vector<double> before_;                     // their rates as of the last update
  std::vector<std::uint32_t> slots_;               // kMaxChannels per chosen flow: its channels in shared_
  std::vector<Shared> shared_;
  std::size_t prepared_ = 0, unfixed_ = 0;         // chosen flows that are counted in; without a rate
  BucketQueue<double, std::uint32_t> caps_, levels_;  // of fill_many(): chosen flows by cap, numbers in shared_ by level
};

}  // namespace mapwright::engine::sim
