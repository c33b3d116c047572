// engine/sim/timers.h - the timed window of a program, from the time stamps of its timers.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/sim/workload.h"

namespace mapwright::engine::sim {

struct Interval {
  Ticks begin = 0, end = 0;
};

// Collects the stamps of the timers with the metric's label. The n-th start belongs to the n-th stop in program order;
// they may be stamped in any order.
class Timers {
 public:
  // `keep`: intervals() is wanted.
  Timers(const plan::Plan& plan, const program::Program& program, const Clock& clock, bool keep);
  // The timer `op` of repetition `rep` of `segment`. True when this is the latest stop so far.
  bool stamp(plan::OpIndex op, std::uint32_t segment, std::uint64_t rep, Ticks now);
  // Length of the timed window in seconds, combined as the metric says; the whole execution when there is no complete interval.
  double window(Ticks makespan) const;
  // In order of time; the whole execution when there is none.
  std::vector<Interval> intervals(Ticks makespan) const;

  // For a part of the execution that is the same again and again.
  struct Totals {
    Ticks sum = 0, last = 0;
    std::uint64_t count = 0;
    std::size_t kept = 0;
  };
  Totals totals() const { return {sum_, last_, count_, kept_.size()}; }
  // The state, seen from `now` and after `repetitions` of `segment`. False: it cannot be.
  bool describe(Digest& state, std::uint32_t segment, std::uint64_t repetitions, Ticks now) const;
  // What has happened since `before`, in `period`, happens `times` more times, each with some repetitions of `segment`.
  void repeat(const Totals& before, std::uint32_t segment, std::uint64_t repetitions, Ticks period, std::uint64_t times);

 private:
  struct Kind {  // starts or stops
    std::vector<std::uint64_t> base, per_repetition;  // by segment
    std::vector<std::uint32_t> index;                 // parallel to `ops`
    std::vector<plan::OpIndex> ops;                   // ascending
    std::uint64_t number(plan::OpIndex op, std::uint32_t segment, std::uint64_t rep) const;
  };
  const plan::Plan& plan_;
  program::Metric::Combine combine_;
  bool keep_;
  Clock clock_;
  Kind starts_, stops_;
  std::map<std::uint64_t, Interval> open_;  // half stamped, by number
  std::vector<Interval> kept_;
  Ticks sum_ = 0, first_ = 0, last_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace mapwright::engine::sim
