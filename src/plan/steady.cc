// Loops that repeat themselves: a loop is planned iteration by iteration until the state before an iteration equals the
// state before the previous one, up to the renaming of that iteration's operations. Planning is a function of the state,
// so from then on every iteration equals the last; one of them becomes a repeated segment.
//
// Why equality is enough: if a reference to iteration k-1 survived iteration k untouched, it would be an absolute
// reference after iteration k but was a relative one before it, and the two snapshots would differ. So equal snapshots
// hold only references that every iteration renews and references that never change.
#include <algorithm>
#include <functional>

#include "plan/planner.h"

namespace mapwright::plan {

namespace {

using program::Expr;

bool argument_reads(const program::Argument& a, std::string_view loop) {
  const auto reads = [&](const Expr& e) { return e.reads_loop(loop); };
  if (std::any_of(a.projection.colors.begin(), a.projection.colors.end(), reads)) return true;
  return std::any_of(a.patterns.begin(), a.patterns.end(), [&](const program::AccessPattern& p) {
    return (p.count && reads(*p.count)) || (p.distinct && reads(*p.distinct));
  });
}

// Whether anything but kernels depends on the loop's counter.
bool body_reads(const program::Program& program, const program::Body& body, std::string_view loop) {
  for (const program::Statement& s : body) {
    if (const auto* inner = std::get_if<program::Loop>(&s.what)) {
      if (body_reads(program, inner->body, loop)) return true;
    }
    const auto* launch = std::get_if<program::Launch>(&s.what);
    if (!launch) continue;
    for (const program::Argument& a : launch->arguments) {
      if (argument_reads(a, loop)) return true;
    }
    const program::Task& task = program.tasks[launch->task.value];
    for (const program::Variant& v : task.variants) {
      if (v.flops.reads_loop(loop)) return true;
      for (const program::MeasuredTime& m : v.measured) {
        if (m.seconds.reads_loop(loop)) return true;
      }
    }
    if (body_reads(program, task.body, loop)) return true;
  }
  return false;
}

// Iterations after which a snapshot is taken: the first sixteen, then pairs at growing distances, so that a steady
// state that starts late is found without paying for a snapshot in every iteration.
bool looks(std::int64_t iteration) {
  if (iteration < 16) return true;
  const auto power_of_two = [](std::int64_t n) { return (n & (n - 1)) == 0; };
  return power_of_two(iteration) || power_of_two(iteration - 1);
}

}  // namespace

bool Planner::repeats(const program::Loop& loop) const {
  return !options_.unroll && !inside_loop_ && loop.count > 3 && !body_reads(program_, loop.body, loop.name);
}

bool Planner::walk_loop(const program::Loop& loop, Frame& frame) {
  const bool outermost = !inside_loop_ && frame.parent == kNoOp;
  const bool may_repeat = outermost && repeats(loop);
  const bool was_inside = inside_loop_;
  inside_loop_ = true;
  loops_.push_back({loop.name, 0});
  std::vector<std::uint64_t> before;
  OpIndex previous = kNoOp;
  bool steady = false;
  for (std::int64_t i = 0; i < loop.count; ++i) {
    loops_.back().value = i;
    const auto begin = static_cast<OpIndex>(plan_.ops.size());
    const auto first_record = static_cast<std::uint32_t>(plan_.records.size());
    if (!walk(loop.body, frame)) return false;
    if (outermost) join_readers(begin);
    if (steady && begin == plan_.ops.size()) break;  // nothing happens in it
    if (steady) {
      MW_CHECK(begin - previous == plan_.ops.size() - begin, "a steady loop changed its number of operations");
      carry(previous, begin, first_record);
      plan_.segments.push_back({begin, static_cast<OpIndex>(plan_.ops.size()), static_cast<std::uint64_t>(loop.count - i), 0});
      break;
    }
    if (may_repeat && waiting_timers_.empty() && looks(i) && !stops_look_back(begin, first_record)) {
      std::vector<std::uint64_t> now = snapshot(begin, frame);
      steady = i > 0 && i + 2 < loop.count && looks(i - 1) && now == before;
      before = std::move(now);
    }
    previous = begin;
  }
  loops_.pop_back();
  inside_loop_ = was_inside;
  return true;
}

// A timer that stops before the first launch of an iteration looks at the iteration before: not in a repeated segment.
bool Planner::stops_look_back(OpIndex iteration_begin, std::uint32_t first_record) const {
  return std::any_of(plan_.ops.begin() + iteration_begin, plan_.ops.end(), [&](const Op& op) {
    return op.kind == OpKind::TimerStop && op.b != kNone && op.b < first_record;
  });
}

// Data that is only read would collect readers for ever: those of this iteration and of earlier ones become one.
void Planner::join_readers(OpIndex iteration_begin) {
  std::map<std::vector<OpIndex>, OpIndex> joined;
  for (Slot& slot : slots_) {
    std::vector<OpIndex>& readers = slot.readers;
    if (readers.size() < 2 || readers.front() >= iteration_begin || readers.back() < iteration_begin) continue;
    const auto known = joined.find(readers);
    if (known != joined.end()) {
      readers.assign(1, known->second);
      continue;
    }
    scratch_ = readers;
    const OpIndex op = add(OpKind::Join, kNone, kNone, kNone, kNone, scratch_);
    joined.emplace(readers, op);
    readers.assign(1, op);
  }
}

// The planner's state with operations of the latest iteration numbered relative to its begin.
std::vector<std::uint64_t> Planner::snapshot(OpIndex iteration_begin, const Frame& frame) const {
  std::vector<std::uint64_t> words;
  words.reserve(slots_.size() * 3 + cells_.size() * 3);
  const auto ref = [&](OpIndex op) {
    if (op == kNoOp) return words.push_back(0);
    if (op >= iteration_begin) return words.push_back((std::uint64_t {op - iteration_begin} << 2) | 1);
    words.push_back((std::uint64_t {op} << 2) | 2);
  };
  ref(frame.fence);
  ref(frame.gate);
  for (const OpIndex f : futures_) ref(f);
  for (const OpIndex freed : memory_freed_) ref(freed);
  std::vector<std::pair<std::uint64_t, std::uint32_t>> by_age;
  for (std::uint32_t i = 0; i < states_.size(); ++i) {
    const InstanceState& s = states_[i];
    words.push_back((s.live ? 1u : 0u) | (s.collectable ? 2u : 0u));
    if (s.live) by_age.emplace_back(s.age, i);
  }
  std::sort(by_age.begin(), by_age.end());
  for (const auto& [age, instance] : by_age) words.push_back(instance);
  for (const Slot& s : slots_) {
    words.push_back((s.valid ? 1u : 0u) | (s.pending ? 2u : 0u) | (s.readers.size() << 2));
    ref(s.writer);
    for (const OpIndex r : s.readers) ref(r);
  }
  for (const CellState& c : cells_) {
    words.push_back(c.fill | (std::uint64_t {static_cast<std::uint8_t>(c.pending_op)} << 32));
    words.push_back(c.valid.size() | (c.pending.size() << 32));
    for (const Holder& h : c.valid) words.push_back(h.slot);
    for (const Holder& h : c.pending) words.push_back(h.slot);
  }
  for (const auto& [key, ends] : limits_) {
    words.push_back((std::uint64_t {key.task} << 33) | (std::uint64_t {key.launcher} << 1) | (key.nested ? 1 : 0));
    words.push_back(ends.size());
    for (const OpIndex op : ends) ref(op);
  }
  return words;
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
      record.fence += length;
      record.fence_carried = true;
    }
    if (earlier(record.gate)) {
      record.gate += length;
      record.gate_carried = true;
    }
  }
}

void Planner::close_segments() {
  std::vector<Segment> all;
  OpIndex at = 0;
  for (const Segment& s : plan_.segments) {
    if (s.begin > at) all.push_back({at, s.begin, 1, -1});
    all.push_back(s);
    at = s.end;
  }
  const auto end = static_cast<OpIndex>(plan_.ops.size());
  if (end > at || all.empty()) all.push_back({at, end, 1, -1});
  plan_.segments = std::move(all);
}

}  // namespace mapwright::plan
