#include "engine/sim/utility.h"

#include <algorithm>
#include <utility>

namespace mapwright::engine::sim {

Utility::Utility(const Workload& workload, Blocks& blocks) : workload_(workload), blocks_(blocks) {
  passed_.resize(workload.gates.size());
  spaces_.resize(workload.spaces);
  launches_before_.resize(workload.segments.size() * workload.spaces);
  for (std::uint32_t s = 0; s < workload.spaces; ++s) {
    std::uint64_t before = 0;
    for (std::size_t g = 0; g < workload.segments.size(); ++g) {
      const std::size_t at = g * workload.spaces + s;
      launches_before_[at] = before;
      before += workload.segments[g].repeat * (workload.launch_offsets[at + 1] - workload.launch_offsets[at]);
    }
    spaces_[s].free.assign(workload.utility_processors, 0);
    spaces_[s].latest.resize(workload.utility_processors);
    spaces_[s].watched = spaces_[s].free;
    const auto repeated = [](const Stretch& x) { return x.repeat > 1; };
    spaces_[s].windowed = before > kWindow || std::any_of(workload.segments.begin(), workload.segments.end(), repeated);
    spaces_[s].points.assign(std::min(before, kWindow), 0);
    spaces_[s].over.assign(std::min(before, kWindow), 0);
    List list;
    list.top = true;
    if (start_segment(list, s)) push(spaces_[s], list);
  }
}

bool Utility::start_segment(List& list, std::uint32_t space) const {
  for (; list.segment < workload_.segments.size(); ++list.segment) {
    const std::size_t at = std::size_t {list.segment} * workload_.spaces + space;
    list.end = workload_.top_offsets[at + 1];
    list.rep = 0;
    if (workload_.top_offsets[at] == list.end) continue;
    start_repetition(list, space);
    return true;
  }
  return false;
}

void Utility::start_repetition(List& list, std::uint32_t space) const {
  list.item = workload_.top_offsets[std::size_t {list.segment} * workload_.spaces + space];
  list.launch = first_launch(list.segment, space, list.rep);
  list.left = points_of(list, space);
  list.open = false;
}

std::uint32_t Utility::points_of(const List& list, std::uint32_t space) const {
  const std::uint64_t number = list.launch - first_launch(list.segment, space, list.rep);
  return workload_.launch_points[workload_.launch_offsets[std::size_t {list.segment} * workload_.spaces + space] + number];
}

void Utility::push(Space& s, List list) {
  const Stretch& stretch = workload_.segments[list.segment];
  list.order = stretch.base + list.rep * stretch.length() + (workload_.items[list.item].op - stretch.begin);
  s.ready.push_back(list);
  std::push_heap(s.ready.begin(), s.ready.end(), List::later);
  if (list.top) {
    s.top_segment = list.segment;
  } else {
    ++s.nested;
  }
}

void Utility::step(Space& s, std::uint32_t space, List list) {
  if (++list.item == list.end) {
    if (!list.top) return;
    if (++list.rep < workload_.segments[list.segment].repeat) {
      start_repetition(list, space);
    } else {
      ++list.segment;
      if (!start_segment(list, space)) return;
    }
  } else if (list.top && --list.left == 0) {
    ++list.launch;
    list.left = points_of(list, space);
    list.open = false;
  }
  push(s, list);
}

bool Utility::gate_open(const List& list) const {
  if (passed_.empty()) return true;
  // All operations of an item have its record, also a list's first one.
  const plan::OpIndex op = workload_.items[list.item].op;
  const RecordInfo& record = workload_.record_info(workload_.record_of(op));
  if (record.gate == kAbsent) return true;
  const bool first = record.gate_carried && list.rep == 0;
  const std::uint32_t gate = first ? record.first_gate : record.gate;
  const std::uint32_t segment = workload_.gates[gate].segment;
  if (segment != list.segment) return passed_[gate] == workload_.segments[segment].repeat;
  return passed_[gate] >= (record.gate_carried && !first ? list.rep : list.rep + 1);
}

std::uint32_t Utility::awaited_of(const List& list, std::uint32_t block) const {
  const Block& b = blocks_[block];
  const plan::OpIndex begin = workload_.segments[list.segment].begin;
  const auto awaited = [&](plan::OpIndex op) { return b.pending[op - begin] & Block::kAwaited ? 1u : 0u; };
  const plan::OpIndex task = workload_.items[list.item].op;
  std::uint32_t n = 0;
  for (plan::OpIndex op = workload_.first_issued(task); op <= task; ++op) n += awaited(op);
  return n;
}

bool Utility::maps(std::uint32_t item, plan::OpIndex op) const {
  const plan::OpIndex task = workload_.items[item].op;
  return op <= task && op >= workload_.first_issued(task);
}

Ticks Utility::mapped_at(std::uint32_t space, plan::OpIndex op, std::uint32_t block, Ticks now) const {
  const Space& s = spaces_[space];
  for (std::size_t i = 0; i < s.free.size(); ++i) {
    const Given& g = s.latest[i];
    if (s.free[i] > now && g.item != kAbsent && g.block == block && maps(g.item, op)) return s.free[i];
  }
  return now;
}

bool Utility::wanted(const Space& s, std::uint32_t space) const {
  return s.awaited > 0 || s.nested > 0 || !workload_.lazy[std::size_t {s.top_segment} * workload_.spaces + space];
}

void Utility::run(std::uint32_t space, Ticks now, std::vector<Mapped>& mapped, bool wanted_only) {
  Space& s = spaces_[space];
  while (!s.ready.empty() && (!wanted_only || wanted(s, space))) {
    const auto server = std::min_element(s.free.begin(), s.free.end());
    Ticks when = std::max(*server, s.clock);
    if (when > now) break;
    std::pop_heap(s.ready.begin(), s.ready.end(), List::later);
    List list = s.ready.back();
    s.ready.pop_back();
    if (!list.top) --s.nested;
    if (list.top && list.launch == s.begun) {
      if (list.launch >= s.done + kWindow) {
        s.at_window.push_back(list);
        continue;
      }
      // Looked at late, the window may have moved since the time that this is about.
      if (list.launch >= kWindow) when = std::max(when, s.over[list.launch % kWindow]);
    }
    if (!list.open && !gate_open(list)) {
      s.at_gate.push_back(list);
      continue;
    }
    list.open = list.top;
    if (list.top && list.launch == s.begun) s.points[s.begun++ % kWindow] = list.left;
    const Item& item = workload_.items[list.item];
    const std::uint32_t block = list.top ? blocks_.at(list.segment, list.rep) : list.block;
    const std::uint32_t offset = item.op - workload_.segments[list.segment].begin;
    Block& b = blocks_[block];
    if (b.mapping_pending && b.mapping_pending[offset] > 0) {
      b.pending[offset] |= Block::kParked;
    } else {
      *server = after(when, workload_.cost_of(item));
      s.latest[static_cast<std::size_t>(server - s.free.begin())] = {list.item, block};
      mapped.push_back({list.item, block, *server, static_cast<std::uint32_t>(server - s.free.begin())});
      Ticks& watched = *std::min_element(s.watched.begin(), s.watched.end());
      watched = after(watched, workload_.cost_of(item));
      watched_.margin = std::max(watched_.margin, watched - now);
      if (*server > now) watched_.unhindered = false;
      s.awaited -= awaited_of(list, block);
    }
    step(s, space, list);
  }
}

std::optional<Ticks> Utility::next(std::uint32_t space) const {
  const Space& s = spaces_[space];
  if (s.ready.empty() || !wanted(s, space)) return std::nullopt;
  return std::max(*std::min_element(s.free.begin(), s.free.end()), s.clock);
}

void Utility::open(plan::OpIndex task, std::uint32_t block, std::uint32_t space, Ticks now) {
  Space& s = spaces_[space];
  s.clock = now;
  List list;
  const auto known = std::lower_bound(workload_.contexts.begin(), workload_.contexts.end(), std::pair(task, 0u));
  const std::uint32_t context = known->second;
  list.item = workload_.context_offsets[context];
  list.end = workload_.context_offsets[context + 1];
  list.block = block;
  list.segment = blocks_[block].segment;
  list.rep = blocks_[block].rep;
  push(s, list);
}

void Utility::release(plan::OpIndex op, std::uint32_t block, Ticks now) {
  Block& b = blocks_[block];
  const std::uint32_t offset = op - workload_.segments[b.segment].begin;
  if ((b.pending[offset] & Block::kParked) == 0) return;  // its turn has not come yet
  b.pending[offset] &= ~Block::kParked;
  Space& s = spaces_[workload_.use_of(op).space];
  s.clock = now;
  List list;
  list.item = workload_.item_of(op);
  list.end = list.item + 1;
  list.block = block;
  list.segment = b.segment;
  list.rep = b.rep;
  push(s, list);
}

bool Utility::end_point(plan::OpIndex task, std::uint64_t rep, Ticks now) {
  const std::uint32_t segment = workload_.segment_of(task), space = workload_.use_of(task).space;
  Space& s = spaces_[space];
  if (!s.windowed) return false;
  const std::size_t at = std::size_t {segment} * workload_.spaces + space;
  const std::uint64_t launch = first_launch(segment, space, rep) + workload_.launch_of(at, workload_.record_of(task));
  if (--s.points[launch % kWindow] > 0) return false;
  const std::uint64_t before = s.done;
  for (; s.done < s.begun && s.points[s.done % kWindow] == 0; ++s.done) s.over[s.done % kWindow] = now;
  return s.done > before && !s.at_window.empty();
}

void Utility::move_window(std::uint32_t space, Ticks now) {
  Space& s = spaces_[space];
  s.clock = now;
  const std::vector<List> waiting = std::exchange(s.at_window, {});
  for (const List& list : waiting) push(s, list);
}

void Utility::pass(std::uint32_t gate, Ticks now) {
  ++passed_[gate];
  for (Space& s : spaces_) {
    s.clock = now;
    for (std::size_t i = 0; i < s.at_gate.size();) {
      if (!gate_open(s.at_gate[i])) {
        ++i;
        continue;
      }
      const List list = s.at_gate[i];
      s.at_gate.erase(s.at_gate.begin() + static_cast<std::ptrdiff_t>(i));
      push(s, list);
    }
  }
}

}  // namespace mapwright::engine::sim
