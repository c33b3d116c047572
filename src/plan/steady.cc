// Loops that repeat themselves: a loop is planned iteration by iteration until the state after an iteration equals the
// state p iterations before, up to the renaming of the operations of the latest p. Planning is a function of the state, so
// from then on every p iterations equal the last p; those become a repeated segment.
//
// Why equality is enough: if a reference to an operation of the p iterations before those survived, it would be an absolute
// reference after them but was a relative one before, and the two snapshots would differ. So equal snapshots hold only
// references that every p iterations renew and references that never change.
#include <algorithm>
#include <array>
#include <bit>

#include "plan/planner.h"

namespace mapwright::plan {

namespace {

// Iterations after which a snapshot is taken: the first sixteen, then a few at growing distances, so that a steady state
// that starts late is found without paying for a snapshot in every iteration.
bool looks(std::int64_t iteration) {
  const auto i = static_cast<std::uint64_t>(iteration);
  return i < 16 || i - std::bit_floor(i) <= 2 * kMaxPeriod;
}

}  // namespace

bool Planner::repeats(const program::Loop& loop) const {
  return !options_.unroll && !inside_loop_ && loop.count > 2 && !program_.reads_counter(loop.body, loop.name);
}

bool Planner::walk_loop(const program::Loop& loop, Frame& frame) {
  const bool outermost = !inside_loop_ && frame.parent == kNoOp;
  const bool may_repeat = outermost && repeats(loop);
  const bool was_inside = inside_loop_;
  inside_loop_ = true;
  loops_.push_back({loop.name, 0});
  std::vector<Iteration> done;  // since the first of which the end of a period may be the latest
  bool steady = false;
  for (std::int64_t i = 0; i < loop.count; ++i) {
    loops_.back().value = i;
    done.push_back({static_cast<OpIndex>(plan_.ops.size()), static_cast<std::uint32_t>(plan_.records.size()), {}});
    if (!walk(loop.body, frame)) return false;
    if (outermost) join_readers(done.back().begin);
    if (outermost && !may_repeat && i < 2) reserve(done.back(), loop.count - 1 - i);
    if (!may_repeat || steady || !waiting_timers_.empty() || !looks(i)) continue;
    if (plan_.ops.size() == done.back().begin) break;  // nothing happens in it
    take_snapshots(done, frame);
    const std::size_t period = period_of(done);
    if (period == 0) continue;
    const auto repeat = 1 + (loop.count - 1 - i) / static_cast<std::int64_t>(period);
    if (repeat < 2) continue;
    const Iteration& first = done[done.size() - period];
    carry(done[done.size() - 2 * period].begin, first.begin, first.record);
    plan_.segments.push_back({.begin = first.begin,
                              .end = static_cast<OpIndex>(plan_.ops.size()),
                              .repeat = static_cast<std::uint64_t>(repeat),
                              .loop_counter = 0,
                              .counter_step = static_cast<std::uint32_t>(period)});
    i += (repeat - 1) * static_cast<std::int64_t>(period);
    steady = true;  // what is left of the loop is less than a period
  }
  loops_.pop_back();
  inside_loop_ = was_inside;
  return true;
}

// Makes room for iterations that are as long as the latest, and some more: growing by doubling would need half as much memory
// again.
void Planner::reserve(const Iteration& latest, std::int64_t iterations) {
  constexpr std::int64_t kMost = 1 << 26;  // a larger program pays for growing
  const auto room = [iterations](auto& list, std::size_t begin) {
    const std::size_t more = (list.size() - begin) * static_cast<std::size_t>(iterations);
    if (list.size() + more <= static_cast<std::size_t>(kMost)) list.reserve(list.size() + more + more / 8);
  };
  if (iterations > kMost || latest.begin == plan_.ops.size()) return;
  room(plan_.ops, latest.begin);
  room(plan_.edge_offsets, latest.begin);
  room(plan_.edges, plan_.edge_offsets[latest.begin]);
  room(plan_.records, latest.record);
}

// Whether a timer since an iteration looks at a launch before it.
bool Planner::timers_look_back(const Iteration& first) const {
  return std::any_of(plan_.ops.begin() + first.begin, plan_.ops.end(), [&](const Op& op) {
    return (op.kind == OpKind::TimerStart || op.kind == OpKind::TimerStop) && op.b != kNone && op.b < first.record;
  });
}

// How many iterations, up to the latest, repeat what as many did before them; 0: none do yet.
std::size_t Planner::period_of(const std::vector<Iteration>& done) const {
  const auto begin = [&](std::size_t i) { return i < done.size() ? done[i].begin : static_cast<OpIndex>(plan_.ops.size()); };
  const std::size_t n = done.size();
  for (std::size_t p = 1; p <= kMaxPeriod && 2 * p <= n; ++p) {
    const Snapshot &now = done[n - 1].after[p - 1], &then = done[n - 1 - p].after[p - 1];
    if (now == Snapshot {} || now != then) continue;
    // Carried edges of the first repetition need operations at the same distance.
    if (begin(n) - begin(n - p) == begin(n - p) - begin(n - 2 * p) && !timers_look_back(done[n - p])) return p;
  }
  return 0;
}

// Data that is only read would collect readers for ever: those of this iteration and of earlier ones become one.
void Planner::join_readers(OpIndex iteration_begin) {
  std::map<std::vector<OpIndex>, OpIndex> joined;
  for (Slot& slot : slots_) {
    auto& readers = slot.readers;
    if (readers.size() < 2 || readers.front() >= iteration_begin || readers.back() < iteration_begin) continue;
    scratch_.assign(readers.begin(), readers.end());
    const auto known = joined.find(scratch_);
    if (known != joined.end()) {
      readers.assign(known->second);
      continue;
    }
    const OpIndex op = add(OpKind::Join, kNone, kNone, kNone, kNone, scratch_);
    joined.emplace(std::vector(readers.begin(), readers.end()), op);
    readers.assign(op);
  }
}

// The planner's state, for every period p with operations of the latest p iterations numbered relative to their begin.
void Planner::take_snapshots(std::vector<Iteration>& done, const Frame& frame) const {
  const std::size_t periods = std::min(done.size(), kMaxPeriod);
  std::array<Digest, kMaxPeriod> digests;
  std::array<OpIndex, kMaxPeriod> begins {};
  for (std::size_t p = 0; p < periods; ++p) begins[p] = done[done.size() - 1 - p].begin;
  Digest common;
  const auto ref = [&](OpIndex op) {
    for (std::size_t p = 0; p < periods; ++p) {
      const bool relative = op >= begins[p] && op != kNoOp;
      digests[p].add(std::uint64_t {relative ? op - begins[p] : op} << 1 | (relative ? 1 : 0));
    }
  };
  const auto word = [&](std::uint64_t w) { common.add(w); };
  ref(frame.fence);
  ref(frame.gate);
  for (const OpIndex f : futures_) ref(f);
  for (const OpIndex freed : memory_freed_) ref(freed);
  std::vector<std::pair<std::uint64_t, std::uint32_t>> by_age;
  for (std::uint32_t i = 0; i < states_.size(); ++i) {
    const InstanceState& s = states_[i];
    word((s.live ? 1u : 0u) | (s.collectable ? 2u : 0u));
    if (s.live) by_age.emplace_back(s.age, i);
  }
  std::sort(by_age.begin(), by_age.end());
  for (const auto& [age, instance] : by_age) word(instance);
  for (const Slot& s : slots_) {
    word((s.valid ? 1u : 0u) | (s.pending ? 2u : 0u) | (std::uint64_t {s.readers.size()} << 2));
    ref(s.writer);
    for (const OpIndex r : s.readers) ref(r);
  }
  for (const CellState& c : cells_) {
    word(c.fill | (std::uint64_t {static_cast<std::uint8_t>(c.pending_op)} << 32));
    word(c.valid.size() | (std::uint64_t {c.pending.size()} << 32));
    for (const Holder& h : c.valid) word(h.slot);
    for (const Holder& h : c.pending) word(h.slot);
  }
  for (const auto& [key, ends] : limits_) {
    word((std::uint64_t {key.task} << 33) | (std::uint64_t {key.launcher} << 1) | (key.nested ? 1 : 0));
    word(ends.size());
    for (const OpIndex op : ends) ref(op);
  }
  const auto shared = common.value();
  for (std::size_t p = 0; p < periods; ++p) {
    digests[p].add(shared[0]);
    digests[p].add(shared[1]);
    done.back().after[p] = digests[p].value();
  }
}

// Turns references of the latest iteration to the one before into carried references to itself.
void Planner::carry(OpIndex previous, OpIndex begin, std::uint32_t first_record) {
  const OpIndex length = begin - previous;
  const auto earlier = [&](OpIndex op) { return op >= previous && op < begin; };
  for (std::size_t e = plan_.edge_offsets[begin]; e < plan_.edges.size(); ++e) {
    Edge& edge = plan_.edges[e];
    if (!earlier(edge.op)) continue;
    edge.op = (edge.op + length) & kNoOp;
    edge.carried = 1;
  }
  for (std::size_t r = first_record; r < plan_.records.size(); ++r) {
    LaunchRecord& record = plan_.records[r];
    if (earlier(record.fence)) {
      record.fence = (record.fence + length) & kNoOp;
      record.fence_carried = true;
    }
    if (earlier(record.gate)) {
      record.gate = (record.gate + length) & kNoOp;
      record.gate_carried = true;
    }
  }
}

void Planner::close_segments() {
  std::vector<Segment> all;
  OpIndex at = 0;
  for (const Segment& s : plan_.segments) {
    if (s.begin > at) all.push_back({.begin = at, .end = s.begin});
    all.push_back(s);
    at = s.end;
  }
  const auto end = static_cast<OpIndex>(plan_.ops.size());
  if (end > at || all.empty()) all.push_back({.begin = at, .end = end});
  plan_.segments = std::move(all);
}

}  // namespace mapwright::plan
