// Executions that repeat themselves. When a repetition of a segment is over, the whole state - what waits for what, which
// events are to come, what copies have left and at which rates, how far mapping is - is described as seen from then: times
// relative to now, positions relative to the repetition. What happens next depends on that alone, and sums of times are exact
// (ticks.h); so when the state is the same as q repetitions ago, the next q repetitions take the same time again, to the bit, and
// so on until the last repetitions come near, whose operations have other successors. All periods in between are left out:
// everything that is in flight is moved to where it will be, and what is counted is multiplied.
//
// Mapping runs ahead of execution, so its times may take a thousand launches to repeat. They do not matter as long as
// mapping holds nothing up; Utility tells when that is certain.
#include <algorithm>
#include <bit>
#include <unordered_map>

#include "engine/sim/run_state.h"

namespace mapwright::engine::sim {

namespace {

constexpr std::size_t kLatest = 4;  // sights that are kept, besides the anchor

// Repetitions after which the state is looked at: the first 64, then as many whenever their number doubles.
bool looks(std::uint64_t repetition) { return repetition % std::max<std::uint64_t>(1, std::bit_floor(repetition) / 64) == 0; }

}  // namespace

template <typename F>
void RunState::for_each_head(F&& f) {
  for (std::uint32_t g = 0; g < workload_.segments.size(); ++g) {
    blocks_.for_each(g, [&](std::uint32_t block) {
      for (NodeId& last : blocks_[block].last) {
        if (last != kRoot) f(last);
      }
    });
  }
  for (Processor& p : processors_) f(p.last);
  for (NodeId& n : cause_) f(n);
  f(window_end_);
  f(last_);
}

void RunState::describe(Digest& state, std::uint32_t segment) const {
  const Stretch& s = workload_.segments[segment];
  const std::uint64_t over = blocks_.repetitions_over(segment), base = s.base + over * s.length();
  const auto position = [&](std::uint64_t order, bool inside) { return inside ? order - base : ~order; };
  const auto add = [&](OpIndex op, std::uint32_t block) {
    state.add(position(blocks_.order(block, op), blocks_[block].segment == segment));
  };
  for (const auto& [time, h] : queue_.items()) {
    state.add(static_cast<std::uint64_t>(time - now_) << 2 | h.kind());
    if (h.kind() == Happening::Map) {
      state.add(h.op);
    } else {
      add(h.op, h.block);
    }
  }
  transfers_.describe(state, now_, [&](const InFlight& f) {
    return position(f.order >> 2, blocks_[f.block].segment == segment);
  });
  for (const Processor& p : processors_) {
    state.add((p.queue.size() - p.next) << 1 | (p.busy ? 1 : 0));
    for (std::size_t i = p.next; i < p.queue.size(); ++i) add(p.queue[i].first, p.queue[i].second);
  }
  blocks_.describe(state, segment);
  if (on_grid_[segment]) state.add(static_cast<std::uint64_t>(now_ % workload_.copy_grid));
  fences_.describe(state, segment, over);
  std::vector<std::pair<std::uint64_t, std::uint32_t>> watched(watched_.begin(), watched_.end());
  std::sort(watched.begin(), watched.end());
  for (const auto& [at, points] : watched) {
    state.add(position(at, at >= s.base && at < s.base + s.repeat * s.length()));
    state.add(points);
  }
}

RunState::Sight RunState::look(std::uint32_t segment) {
  Sight sight {.repetition = blocks_.repetitions_over(segment), .time = now_, .ended_ops = ended_ops_, .timers = timers_.totals()};
  const Utility::Watched watched = utility_.watch(now_);
  sight.unhindered = watched.unhindered;
  sight.margin = watched.margin;
  Digest state;
  describe(state, segment);
  if (!timers_.describe(state, segment, sight.repetition, now_)) state.add(sight.repetition);  // never the same
  Digest with_mapping = state;
  utility_.describe(state, segment, sight.repetition, now_, false);
  utility_.describe(with_mapping, segment, sight.repetition, now_, true);
  sight.state = state.value();
  sight.with_mapping = with_mapping.value();
  for (const Processor& p : processors_) {
    sight.busy.push_back(p.ticks);
    sight.points.push_back(p.points);
  }
  sight.channels = transfers_.busy(now_);
  if (options_.profile) for_each_head([&](NodeId& n) { sight.heads.push_back(chains_.hold(n)); });
  return sight;
}

void RunState::forget_sights() {
  for (const Sight& s : sights_) {
    for (const NodeId n : s.heads) chains_.drop(n);
  }
  sights_.clear();
}

std::uint64_t RunState::furthest(std::uint32_t segment) const {
  return std::max({blocks_.repetitions_begun(segment), utility_.furthest(segment) + 1, fences_.begun(segment)}) - 1;
}

// Finds periods of any length: the state is compared with those of the latest repetitions, and with that of an anchor, which
// moves ahead when the number of repetitions has doubled since (Brent, BIT 20, 1980).
bool RunState::skip() {
  const std::uint32_t segment = *std::exchange(blocks_.over, std::nullopt);
  const Stretch& s = workload_.segments[segment];
  if (seen_segment_ != segment) forget_sights();
  seen_segment_ = segment;
  if (options_.sharing != Sharing::Fair || workers_ || options_.timeline || options_.jitter > 0 || varying_[segment]) return false;
  if (!looks(blocks_.repetitions_over(segment))) return false;
  // In the last repetition nothing may have ended: what follows there is something else.
  const std::uint64_t furthest = this->furthest(segment), to = s.repeat - (blocks_.ended_in(segment, furthest) ? 2 : 1);
  if (furthest >= to) return false;
  Sight now = look(segment);
  for (Sight& before : sights_) {
    before.unhindered_since = before.unhindered_since && now.unhindered;
    before.margin_since = std::max(before.margin_since, now.margin);
  }
  for (auto before = sights_.rbegin(); before != sights_.rend(); ++before) {
    const bool same = now.with_mapping == before->with_mapping;
    if (!same && !(before->unhindered_since && now.state == before->state)) continue;
    const Ticks period = now.time - before->time;
    const std::uint64_t repetitions = now.repetition - before->repetition, times = (to - furthest) / repetitions;
    if (!same && !utility_.stays_unhindered(segment, repetitions, before->margin_since, period, now_)) continue;
    if (times == 0 || static_cast<std::uint64_t>(period) > static_cast<std::uint64_t>(kEndOfTime - now_) / times) continue;
    Chains::Jump jump {.period = period, .times = times};
    if (options_.profile && !same_chains(*before, now, jump)) continue;
    this->jump(*before, now, segment, jump, !same);
    sights_.push_back(std::move(now));
    forget_sights();
    return true;
  }
  keep(std::move(now));
  return false;
}

void RunState::keep(Sight sight) {
  const auto anchor = std::find_if(sights_.begin(), sights_.end(), [](const Sight& s) { return s.anchor; });
  sight.anchor = anchor == sights_.end() || sight.repetition >= 2 * anchor->repetition;
  if (sight.anchor && anchor != sights_.end()) anchor->anchor = false;
  sights_.push_back(std::move(sight));
  const auto goes = sights_.front().anchor ? sights_.begin() + 1 : sights_.begin();
  if (sights_.size() <= kLatest || sights_.end() - goes <= static_cast<std::ptrdiff_t>(kLatest)) return;
  for (const NodeId n : goes->heads) chains_.drop(n);
  sights_.erase(goes);
}

// Whether each place that holds a node holds one that goes back to a node of then, and the same places hold the same one.
bool RunState::same_chains(const Sight& before, const Sight& now, Chains::Jump& jump) const {
  if (before.heads.size() != now.heads.size()) return false;
  std::unordered_map<NodeId, std::uint32_t> then, today;  // first place with that node
  for (std::uint32_t i = 0; i < now.heads.size(); ++i) {
    const std::uint32_t a = then.try_emplace(before.heads[i], i).first->second;
    const std::uint32_t b = today.try_emplace(now.heads[i], i).first->second;
    if (a != b) return false;
  }
  for (std::uint32_t i = 0; i < now.heads.size(); ++i) {
    NodeId n = now.heads[i];
    auto found = then.find(n);
    while (found == then.end() && n != kRoot) {
      n = chains_[n].parent;
      found = then.find(n);
    }
    if (found == then.end()) return false;
    jump.places.push_back({.after = now.heads[i], .before = n, .from = found->second});
  }
  return true;
}

void RunState::jump(const Sight& before, const Sight& now, std::uint32_t segment, const Chains::Jump& jump, bool unhindered) {
  const Stretch& s = workload_.segments[segment];
  const std::uint64_t period = now.repetition - before.repetition, repetitions = period * jump.times;
  const Ticks later = jump.period * static_cast<Ticks>(jump.times);
  const std::uint64_t positions = repetitions * s.length();
  const auto inside = [&](std::uint32_t block) { return blocks_[block].segment == segment; };

  if (options_.profile) {
    const std::uint32_t number = chains_.add(jump);
    std::unordered_map<NodeId, NodeId> nodes;
    std::uint32_t place = 0;
    for_each_head([&](NodeId& n) {
      const std::uint32_t i = place++;
      if (n == kRoot || jump.places[i].before == n) return;  // it has stood there since before
      NodeId& there = nodes[n];
      if (there == kRoot) {
        there = chains_.add({.op = i, .jump = true, .rep = number, .end = after(chains_[n].end, later)});
      } else {
        chains_.hold(there);
      }
      chains_.drop(std::exchange(n, there));
    });
  }
  std::vector<Ticks> busy(now.channels);
  for (std::size_t c = 0; c < busy.size(); ++c) busy[c] = (busy[c] - before.channels[c]) * static_cast<Ticks>(jump.times);
  transfers_.shift(later, [&](const InFlight& f) { return f.order + (inside(f.block) ? positions << 2 : 0); }, busy);
  std::vector<std::pair<Ticks, Happening>> events = queue_.items();
  queue_.clear();
  for (auto& [time, h] : events) {
    if (h.kind() != Happening::Map && inside(h.block)) h.order += positions << 2;
    queue_.push(after(time, later), h);
  }
  for (std::size_t p = 0; p < processors_.size(); ++p) {
    processors_[p].ticks += (now.busy[p] - before.busy[p]) * static_cast<Ticks>(jump.times);
    processors_[p].points += (now.points[p] - before.points[p]) * static_cast<std::int64_t>(jump.times);
  }
  timers_.repeat(before.timers, segment, period, jump.period, jump.times);
  blocks_.shift(segment, repetitions);
  utility_.repeat(segment, period, jump.period, jump.times, unhindered);
  ended_ops_ += (now.ended_ops - before.ended_ops) * jump.times;
  timing_.repeated_ops += (now.ended_ops - before.ended_ops) * jump.times;
  fences_.shift(segment, repetitions);
  std::unordered_map<std::uint64_t, std::uint32_t> watched;
  for (const auto& [at, points] : watched_) {
    watched.emplace(at >= s.base && at < s.base + s.repeat * s.length() ? at + positions : at, points);
  }
  watched_ = std::move(watched);
  now_ += later;
}

}  // namespace mapwright::engine::sim
