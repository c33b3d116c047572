#include "engine/sim/timers.h"

#include <algorithm>

namespace mapwright::engine::sim {

namespace {
constexpr Ticks kNotYet = -1;
}

Timers::Timers(const plan::Plan& plan, const program::Program& program, const Clock& clock, bool keep)
    : plan_(plan), combine_(program.metric.combine), keep_(keep), clock_(clock) {
  std::uint64_t starts = 0, stops = 0;
  for (const plan::Segment& s : plan.segments) {
    const std::size_t first_start = starts_.ops.size(), first_stop = stops_.ops.size();
    for (plan::OpIndex i = s.begin; i < s.end; ++i) {
      const plan::Op& op = plan.ops[i];
      if (op.kind != plan::OpKind::TimerStart && op.kind != plan::OpKind::TimerStop) continue;
      if (plan.timer_labels[op.a] != program.metric.label) continue;
      const bool start = op.kind == plan::OpKind::TimerStart;
      Kind& kind = start ? starts_ : stops_;
      kind.index.push_back(static_cast<std::uint32_t>(kind.ops.size() - (start ? first_start : first_stop)));
      kind.ops.push_back(i);
    }
    starts_.base.push_back(starts);
    stops_.base.push_back(stops);
    starts_.per_repetition.push_back(starts_.ops.size() - first_start);
    stops_.per_repetition.push_back(stops_.ops.size() - first_stop);
    starts += s.repeat * starts_.per_repetition.back();
    stops += s.repeat * stops_.per_repetition.back();
  }
}

std::uint64_t Timers::Kind::number(plan::OpIndex op, std::uint32_t segment, std::uint64_t rep) const {
  const auto at = static_cast<std::size_t>(std::lower_bound(ops.begin(), ops.end(), op) - ops.begin());
  return base[segment] + rep * per_repetition[segment] + index[at];
}

bool Timers::stamp(plan::OpIndex op, std::uint32_t segment, std::uint64_t rep, Ticks now) {
  const bool start = plan_.ops[op].kind == plan::OpKind::TimerStart;
  const Kind& kind = start ? starts_ : stops_;
  if (!std::binary_search(kind.ops.begin(), kind.ops.end(), op)) return false;
  const Interval none {kNotYet, kNotYet};
  const auto it = open_.try_emplace(kind.number(op, segment, rep), none).first;
  (start ? it->second.begin : it->second.end) = now;
  const bool latest = !start && (count_ == 0 || now >= last_);
  if (it->second.begin == kNotYet || it->second.end == kNotYet) return latest;
  const Interval done = it->second;
  open_.erase(it);
  sum_ = after(sum_, done.end - done.begin);
  first_ = count_ == 0 ? done.begin : std::min(first_, done.begin);
  last_ = count_ == 0 ? done.end : std::max(last_, done.end);
  ++count_;
  if (keep_) kept_.push_back(done);
  return latest;
}

bool Timers::describe(Digest& state, std::uint32_t segment, std::uint64_t repetitions, Ticks now) const {
  const std::uint64_t per = starts_.per_repetition[segment], base = starts_.base[segment];
  if (per != stops_.per_repetition[segment] || (per > 0 && base != stops_.base[segment])) return false;
  for (const auto& [number, interval] : open_) {
    const bool inside = per > 0 && number >= base;
    state.add(inside ? number - base - repetitions * per : ~number);
    for (const Ticks t : {interval.begin, interval.end}) state.add(static_cast<std::uint64_t>(t == kNotYet || !inside ? t : now - t));
  }
  return true;
}

void Timers::repeat(const Totals& before, std::uint32_t segment, std::uint64_t repetitions, Ticks period, std::uint64_t times) {
  const std::uint64_t per = starts_.per_repetition[segment], base = starts_.base[segment];
  const Ticks time = period * static_cast<Ticks>(times);
  std::map<std::uint64_t, Interval> open;
  for (const auto& [number, interval] : open_) {
    const bool inside = per > 0 && number >= base;
    const auto moved = [&](Ticks t) { return t == kNotYet || !inside ? t : after(t, time); };
    open[number + (inside ? per * repetitions * times : 0)] = {moved(interval.begin), moved(interval.end)};
  }
  open_ = std::move(open);
  if (count_ == before.count) return;
  const std::size_t kept = kept_.size();
  for (std::uint64_t k = 1; keep_ && k <= times; ++k) {
    for (std::size_t i = before.kept; i < kept; ++i) {
      const Ticks later = period * static_cast<Ticks>(k);
      kept_.push_back({after(kept_[i].begin, later), after(kept_[i].end, later)});
    }
  }
  sum_ = after(sum_, (sum_ - before.sum) * static_cast<Ticks>(times));
  count_ += (count_ - before.count) * times;
  last_ = after(last_, time);
}

double Timers::window(Ticks makespan) const {
  if (count_ == 0) return clock_.seconds(makespan);
  switch (combine_) {
    case program::Metric::Combine::Sum: return clock_.seconds(sum_);
    case program::Metric::Combine::Mean: return clock_.seconds(sum_) / static_cast<double>(count_);
    case program::Metric::Combine::Span: return clock_.seconds(last_ - first_);
  }
  return clock_.seconds(makespan);
}

std::vector<Interval> Timers::intervals(Ticks makespan) const {
  if (kept_.empty()) return {{0, makespan}};
  if (combine_ == program::Metric::Combine::Span) return {{first_, last_}};
  std::vector<Interval> sorted = kept_;
  std::sort(sorted.begin(), sorted.end(), [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
  return sorted;
}

}  // namespace mapwright::engine::sim
