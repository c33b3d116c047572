// engine/sim/transfers.h - copies in flight: which bytes still have to travel, and which copy is done next.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "engine/sim/agenda.h"
#include "engine/sim/sharing.h"
#include "engine/sim/sim.h"
#include "engine/sim/ticks.h"

namespace mapwright::engine::sim {

// One way of a copy: channel numbers without repetitions, and the most that one copy may use.
struct alignas(64) Path {
  double bandwidth = 0;  // bytes per second
  std::uint32_t count = 0;
  std::array<std::uint32_t, machine::Route::kMaxChannels> channels {};
  std::span<const std::uint32_t> list() const { return {channels.data(), count}; }
};
static_assert(sizeof(Path) == 64);

// An operation in flight.
struct InFlight {
  std::uint32_t op = 0, block = 0;
  std::uint64_t order = 0;  // sequence number, breaks ties of the time
};

// Copies that occupy channels from begin() until pop(). Times are absolute and never decrease between calls.
// settle() must follow changes before next() is asked. Cost: logarithmic in the copies in flight, plus FairShares.
class Transfers {
 public:
  Transfers(std::span<const machine::Channel> channels, Sharing sharing, const Clock& clock);

  // `bytes` > 0 enter `path` at `now`, at most at `cap` bytes per second. `path` must outlive the copy.
  void begin(Ticks now, const Path& path, double bytes, double cap, InFlight what);
  // Brings rates and ends up to date at `now`.
  void settle(Ticks now);
  std::optional<Ticks> next();  // when the next copy ends
  std::uint64_t first();        // InFlight::order of the first that ends then; afterwards it must be popped before settle()
  InFlight pop(Ticks now);      // ends that copy; after next()
  bool unsettled() const { return unsettled_; }

  // The state after settle(), seen from `now`, with operations named by name(InFlight). Fair only.
  template <typename F>
  void describe(Digest& state, Ticks now, F&& name) const {
    std::vector<std::uint32_t> sorted;
    for (std::uint32_t id = 0; id < copies_.size(); ++id) {
      if (copies_[id].in_flight()) sorted.push_back(id);
    }
    std::sort(sorted.begin(), sorted.end(), [this](std::uint32_t a, std::uint32_t b) { return copies_[a].what.order < copies_[b].what.order; });
    for (const std::uint32_t id : sorted) {
      const Copy& copy = copies_[id];
      state.add(name(copy.what));
      state.add(std::bit_cast<std::uint64_t>(copy.left));
      state.add(static_cast<std::uint64_t>(now - copy.since));
      state.add(static_cast<std::uint64_t>(copy.end - now));
      state.add(std::bit_cast<std::uint64_t>(shares_.rate(id)));
    }
    shares_.describe(state, [&](std::uint32_t flow) { return name(copies_[flow].what); });
  }
  // Everything is later by `time`; order(InFlight) gives new sequence numbers, which keep their order. `busy` is added.
  template <typename F>
  void shift(Ticks time, F&& order, std::span<const Ticks> busy) {
    for (Copy& copy : copies_) {
      if (!copy.in_flight()) continue;
      copy.since = after(copy.since, time);
      copy.end = after(copy.end, time);
      copy.what.order = order(copy.what);
    }
    rewrite();
    for (std::size_t c = 0; c < channels_.size(); ++c) channels_[c].busy += busy[c] - (channels_[c].users > 0 ? time : 0);
  }

  // Time until `now` with at least one copy in flight (Fair) or in service (Fifo), by channel.
  std::vector<Ticks> busy(Ticks now) const;

 private:
  static constexpr Ticks kNever = kEndOfTime + 1;
  struct alignas(64) Copy {
    InFlight what;
    const Path* path = nullptr;
    double left = 0, cap = 0;  // bytes; bytes per second
    Ticks since = 0;           // `left` is as of then
    Ticks end = kNever, listed = kNever;  // `listed`: its earliest entry
    bool in_flight() const { return listed != kNever; }
    std::uint32_t ahead = 0;    // Fifo: channels whose turn it is not yet
  };
  struct Occupation {          // of a channel
    Ticks busy = 0;            // time until it had no user any more, less the time it has one since
    std::uint32_t users = 0;   // copies in flight or in service
  };
  // A copy ends, unless it became faster or slower since: then there is an earlier entry, or this one is put right when it comes up.
  struct End {
    std::uint64_t order = 0;
    std::uint32_t copy = 0;
    bool before(const End& e) const { return order < e.order; }
  };

  bool holds(const End& end, Ticks time) const;
  void correct(const End& end, Ticks time);
  void schedule(std::uint32_t copy);
  void rewrite();
  void occupy(Ticks now, const Path& path);
  void vacate(Ticks now, const Path& path);
  void serve(Ticks now, std::uint32_t copy);  // Fifo: the copy has all its channels

  Sharing sharing_;
  Clock clock_;
  FairShares shares_;
  std::vector<Copy> copies_;                       // Fair: by number in shares_
  std::vector<std::uint32_t> free_;                // Fifo
  Agenda<End> ends_;
  std::size_t entries_ = 0, in_flight_ = 0;        // of ends_; copies that have one
  std::vector<std::deque<std::uint32_t>> queues_;  // Fifo, by channel
  std::vector<Occupation> channels_;
  bool unsettled_ = false;
};

}  // namespace mapwright::engine::sim
