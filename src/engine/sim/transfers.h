// engine/sim/transfers.h - copies in flight: which bytes still have to travel, and which copy is done next.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "engine/sim/heap.h"
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
  struct Next {
    Ticks time = 0;
    std::uint64_t order = 0;
  };
  std::optional<Next> next();  // the copy that ends first
  InFlight pop(Ticks now);    // ends that copy; after next()
  bool unsettled() const { return unsettled_; }

  // The state after settle(), seen from `now`, with operations named by name(InFlight). Fair only.
  template <typename F>
  void describe(Digest& state, Ticks now, F&& name) const {
    std::vector<Entry> sorted = heap_;
    std::sort(sorted.begin(), sorted.end(), [](const Entry& a, const Entry& b) { return a.order < b.order; });
    for (const Entry& e : sorted) {
      const Copy& copy = copies_[e.copy];
      state.add(name(copy.what));
      state.add(std::bit_cast<std::uint64_t>(copy.left));
      state.add(static_cast<std::uint64_t>(now - copy.since));
      state.add(static_cast<std::uint64_t>(copy.end - now));
      state.add(std::bit_cast<std::uint64_t>(shares_.rate(e.copy)));
    }
    shares_.describe(state, [&](std::uint32_t flow) { return name(copies_[flow].what); });
  }
  // Everything is later by `time`; order(InFlight) gives new sequence numbers, which keep their order. `busy` is added.
  template <typename F>
  void shift(Ticks time, F&& order, std::span<const Ticks> busy) {
    for (Entry& e : heap_) {
      Copy& copy = copies_[e.copy];
      copy.since = after(copy.since, time);
      copy.end = after(copy.end, time);
      copy.what.order = e.order = order(copy.what);
      e.end = after(e.end, time);
    }
    for (std::size_t c = 0; c < channels_.size(); ++c) channels_[c].busy += busy[c] - (channels_[c].users > 0 ? time : 0);
  }

  // Time until `now` with at least one copy in flight (Fair) or in service (Fifo), by channel.
  std::vector<Ticks> busy(Ticks now) const;

 private:
  struct alignas(64) Copy {
    InFlight what;
    const Path* path = nullptr;
    double left = 0, cap = 0;  // bytes; bytes per second
    Ticks since = 0, end = 0;  // `left` is as of `since`
    std::uint32_t ahead = 0;    // Fifo: channels whose turn it is not yet
  };
  struct Occupation {          // of a channel
    Ticks busy = 0;            // time until it had no user any more, less the time it has one since
    std::uint32_t users = 0;   // copies in flight or in service
  };
  static constexpr std::uint32_t kNotQueued = 0xffffffff;
  // Copies by end. An entry may be too early: a copy that became slower is put right when it comes up.
  struct Entry {
    Ticks end = 0;
    std::uint64_t order = 0;
    std::uint32_t copy = 0;
    bool before(const Entry& e) const { return in_order(end, e.end, order, e.order); }
  };

  void sift_up(std::size_t position, const Entry& entry);
  void sift_down(std::size_t position, const Entry& entry);
  void place(std::size_t position, const Entry& entry);
  void reschedule(std::uint32_t copy);
  void occupy(Ticks now, const Path& path);
  void vacate(Ticks now, const Path& path);
  void serve(Ticks now, std::uint32_t copy);  // Fifo: the copy has all its channels

  Sharing sharing_;
  Clock clock_;
  FairShares shares_;
  std::vector<Copy> copies_;                       // Fair: by number in shares_
  std::vector<std::uint32_t> free_;                // Fifo
  std::vector<Entry> heap_;
  std::vector<std::uint32_t> positions_;           // by copy, in heap_: apart, for they change often
  std::vector<std::deque<std::uint32_t>> queues_;  // Fifo, by channel
  std::vector<Occupation> channels_;
  bool unsettled_ = false;
};

}  // namespace mapwright::engine::sim
