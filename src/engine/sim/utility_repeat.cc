// Utility processors in executions that repeat themselves.
#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/sim/utility.h"

namespace mapwright::engine::sim {

Utility::Watched Utility::watch(Ticks now) {
  Watched past = watched_;
  for (Space& s : spaces_) {
    const bool quiet = s.awaited == 0 && s.nested == 0 && s.at_gate.empty() && s.at_window.empty() && s.clock <= past.begin;
    const Ticks busy = *std::max_element(s.watched.begin(), s.watched.end());
    past.unhindered = past.unhindered && quiet && busy <= now;
    std::fill(s.watched.begin(), s.watched.end(), now);
  }
  watched_ = {.unhindered = true, .begin = now, .margin = 0};
  return past;
}

void Utility::describe(Digest& state, const List& list, std::uint32_t segment, std::uint64_t repetitions) const {
  state.add(std::uint64_t {list.item} << 32 | list.end);
  state.add(std::uint64_t {list.segment} << 1 | (list.top ? 1 : 0));
  state.add(list.segment == segment ? list.rep - repetitions : list.rep);
}

void Utility::describe(Digest& state, std::uint32_t segment, std::uint64_t repetitions, Ticks now, bool times) const {
  for (std::size_t g = 0; g < passed_.size(); ++g) {
    state.add(workload_.gates[g].segment == segment ? passed_[g] - repetitions : passed_[g]);
  }
  std::vector<Ticks> free;
  for (std::uint32_t space = 0; space < spaces_.size(); ++space) {
    const Space& s = spaces_[space];
    for (const std::vector<List>* lists : {&s.ready, &s.at_gate, &s.at_window}) {
      std::vector<List> sorted = *lists;
      std::sort(sorted.begin(), sorted.end(), [](const List& a, const List& b) { return List::later(b, a); });
      for (const List& list : sorted) describe(state, list, segment, repetitions);
      state.add(sorted.size());
    }
    state.add(std::uint64_t {s.awaited} << 32 | s.nested);
    state.add(s.top_segment);
    state.add(s.done - repetitions * launches_of(segment, space));
    state.add(s.begun - s.done);
    for (std::uint64_t x = s.done; x < s.begun; ++x) state.add(s.points[x % kWindow]);
    describe_under_way(state, s, segment, repetitions, now);
    if (!times) continue;
    free = s.free;
    for (Ticks& t : free) t = std::max(t, s.clock);
    std::sort(free.begin(), free.end());
    for (const Ticks t : free) state.add(static_cast<std::uint64_t>(t - now));
    for (std::uint64_t x = s.begun < kWindow ? 0 : s.begun - kWindow; x < s.done; ++x) {
      const Ticks over = s.over[x % kWindow];
      if (over <= free.front()) continue;  // holds up nothing any more
      state.add(s.done - x);
      state.add(static_cast<std::uint64_t>(over - now));
    }
  }
}

void Utility::describe_under_way(Digest& state, const Space& s, std::uint32_t segment, std::uint64_t repetitions, Ticks now) const {
  std::vector<std::pair<Ticks, std::size_t>> under_way;
  for (std::size_t i = 0; i < s.free.size(); ++i) {
    if (s.free[i] > now && s.latest[i].item != kAbsent) under_way.emplace_back(s.free[i] - now, i);
  }
  const auto rep = [&](std::size_t i) {
    const Block& b = blocks_[s.latest[i].block];
    return b.segment == segment ? b.rep - repetitions : b.rep;
  };
  const auto key = [&](const auto& x) { return std::tuple(x.first, s.latest[x.second].item, rep(x.second)); };
  std::sort(under_way.begin(), under_way.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  state.add(under_way.size());
  for (const auto& [time, i] : under_way) {
    state.add(static_cast<std::uint64_t>(time));
    state.add(s.latest[i].item);
    state.add(rep(i));
  }
}

std::uint64_t Utility::furthest(std::uint32_t segment) const {
  std::uint64_t latest = 0;
  for (const Space& s : spaces_) {
    for (const std::vector<List>* lists : {&s.ready, &s.at_gate, &s.at_window}) {
      for (const List& list : *lists) {
        if (list.segment == segment) latest = std::max(latest, list.rep);
      }
    }
  }
  return latest;
}

// By induction over the periods to come: let all utility processors be free `margin` before a period begins. Mapping holds up
// nothing in it, and they are free that long before its end, as was watched - if no launch that has to be over 1,024 launches
// earlier is so later than that. Those that are over now are looked at one by one; one that ends n periods from now is over
// when they have passed, and is waited for by a launch that comes in a later one.
bool Utility::stays_unhindered(std::uint32_t segment, std::uint64_t repetitions, Ticks margin, Ticks period, Ticks now) const {
  period = std::min(period, kEndOfTime / static_cast<Ticks>(2 * kWindow));
  for (std::uint32_t space = 0; space < spaces_.size(); ++space) {
    const Space& s = spaces_[space];
    const std::uint64_t launches = repetitions * launches_of(segment, space);
    if (launches == 0) continue;
    if (s.ready.size() != 1 || s.ready.front().segment != segment || !s.ready.front().top) return false;
    if (!workload_.lazy[std::size_t {segment} * workload_.spaces + space]) return false;
    if (std::max(*std::max_element(s.free.begin(), s.free.end()), s.clock) > now - margin) return false;
    const std::uint64_t flying = s.begun - s.done;
    if (kWindow < flying + launches) return false;
    const auto periods = static_cast<Ticks>((kWindow - flying) / launches);
    if ((periods - 1) * period < margin) return false;
    for (std::uint64_t x = s.begun < kWindow ? 0 : s.begun - kWindow; x < s.done; ++x) {
      const auto periods_from_now = static_cast<Ticks>((x + kWindow - s.begun) / launches);
      if (s.over[x % kWindow] > now - margin + periods_from_now * period) return false;
    }
  }
  return true;
}

// Maps the next items of the top level of a space, as run() does, for their times alone.
void Utility::map_unhindered(Space& s, List list, std::uint64_t items) {
  const auto space = static_cast<std::uint32_t>(&s - spaces_.data());
  const std::uint32_t first = workload_.top_offsets[std::size_t {list.segment} * workload_.spaces + space];
  std::uint64_t launch = list.launch, begun = s.begun;
  for (; items > 0; --items) {
    const auto server = std::min_element(s.free.begin(), s.free.end());
    Ticks when = std::max(*server, s.clock);
    if (launch == begun) {
      if (launch >= kWindow) when = std::max(when, s.over[launch % kWindow]);
      ++begun;
    }
    *server = after(when, workload_.cost_of(workload_.items[list.item]));
    const auto record = [&] { return workload_.record_of(workload_.items[list.item].op); };
    const std::uint32_t before = record();
    if (++list.item == list.end) list.item = first;
    if (record() != before || list.item == first) ++launch;
  }
}

void Utility::catch_up_with(Space& s, std::uint32_t space, std::uint64_t repetitions, Ticks period, std::uint64_t times) {
  const List list = s.ready.front();
  const std::size_t at = std::size_t {list.segment} * workload_.spaces + space;
  const std::uint64_t items = repetitions * (workload_.top_offsets[at + 1] - workload_.top_offsets[at]);
  const std::uint64_t launches = repetitions * launches_of(list.segment, space);
  const std::vector<std::uint32_t> points = s.points;
  const std::uint64_t done = s.done, flying = s.begun - s.done;
  List next = list;
  for (std::uint64_t k = 0; k < times; ++k) {
    map_unhindered(s, next, items);
    next.launch += launches;
    s.begun += launches;
    for (std::uint64_t end = s.done + launches; s.done < end; ++s.done) {
      s.over[s.done % kWindow] = after(s.over[(s.done - launches) % kWindow], period);
    }
  }
  std::fill(s.latest.begin(), s.latest.end(), Given {});  // none of those is under way any more
  for (std::uint64_t i = 0; i < flying; ++i) s.points[(s.done + i) % kWindow] = points[(done + i) % kWindow];
}

void Utility::repeat(std::uint32_t segment, std::uint64_t repetitions, Ticks period, std::uint64_t times, bool unhindered) {
  const Ticks time = period * static_cast<Ticks>(times);
  for (std::size_t g = 0; g < passed_.size(); ++g) {
    if (workload_.gates[g].segment == segment) passed_[g] += repetitions * times;
  }
  for (std::uint32_t space = 0; space < spaces_.size(); ++space) {
    Space& s = spaces_[space];
    const std::uint64_t launches = times * repetitions * launches_of(segment, space);
    if (unhindered) {
      if (launches > 0) catch_up_with(s, space, repetitions, period, times);
    } else {
      for (Ticks& t : s.free) t = after(t, time);
      s.clock = after(s.clock, time);
      const std::vector<Ticks> over(s.over.size(), 0), old = std::exchange(s.over, over);
      const std::vector<std::uint32_t> points = s.points;
      for (std::uint64_t x = s.begun < kWindow ? 0 : s.begun - kWindow; x < s.done; ++x) {
        s.over[(x + launches) % kWindow] = after(old[x % kWindow], time);
      }
      for (std::uint64_t x = s.done; x < s.begun; ++x) s.points[(x + launches) % kWindow] = points[x % kWindow];
      s.begun += launches;
      s.done += launches;
    }
    std::fill(s.watched.begin(), s.watched.end(), kEndOfTime);  // until the next watch()
    for (std::vector<List>* lists : {&s.ready, &s.at_gate, &s.at_window}) {
      for (List& list : *lists) {
        if (list.segment != segment) continue;
        list.rep += repetitions * times;
        list.order += repetitions * times * workload_.segments[segment].length();
        if (list.top) list.launch += launches;
      }
    }
  }
  watched_.unhindered = false;
}

}  // namespace mapwright::engine::sim
