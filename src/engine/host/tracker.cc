#include "engine/host/tracker.h"

#include <algorithm>

namespace mapwright::engine::host {

namespace {

bool has(const std::vector<Slot>& slots, Slot s) { return std::find(slots.begin(), slots.end(), s) != slots.end(); }

}  // namespace

Tracker::Tracker(const Holdings& holdings, std::function<void(Slot)> poison)
    : holdings_(&holdings), poison_(std::move(poison)), slots_(holdings.slots()), cells_(holdings.cells()) {}

// Why poisoning is safe: operations before this one in program order have all been issued. Those that still use the slot
// are counted, and whoever uses it later must first write it, which a correct plan orders after them.
void Tracker::invalidate(Slot s) {
  SlotState& slot = slots_[s];
  ++slot.generation;
  slot.old_users += slot.users;
  slot.users = 0;
  if (slot.old_users == 0) poison_(s);
}

void Tracker::use(Slot s, std::vector<Access>& accesses) {
  ++slots_[s].users;
  accesses.push_back({s, slots_[s].generation});
}

std::vector<Slot> Tracker::finish(const std::vector<Access>& accesses) {
  std::vector<Slot> unused;
  for (const Access& a : accesses) {
    SlotState& slot = slots_[a.slot];
    if (a.generation == slot.generation) {
      --slot.users;
    } else if (--slot.old_users == 0) {
      unused.push_back(a.slot);
    }
  }
  return unused;
}

void Tracker::require_valid(Slot s, const char* what) {
  const CellState& c = cell_of(s);
  const bool written = !c.valid.empty() || c.filled || c.lost;
  if (incoherent_ || !written || (has(c.valid, s) && c.pending.empty())) return;
  const char* why = c.lost            ? "the only valid instance was freed"
                    : c.pending.empty() ? "the instance is not valid"
                                        : "a reduction is not folded";
  incoherent_ = {s, std::string(what) + ": " + why};
}

void Tracker::only_valid(CellState& c, Slot s) {
  for (Slot other : c.valid) {
    if (other != s) invalidate(other);
  }
  c.valid.assign(1, s);
  c.filled.reset();
  c.lost = false;
}

void Tracker::read(Slot s) { require_valid(s, "a task reads"); }

void Tracker::write(Slot s, bool discard) {
  CellState& c = cell_of(s);
  if (discard) {
    for (Slot p : c.pending) invalidate(p);
    c.pending.clear();
  } else {
    require_valid(s, "a task updates");
  }
  only_valid(c, s);
}

void Tracker::reduce(Slot s) {
  CellState& c = cell_of(s);
  if (!has(c.pending, s)) c.pending.push_back(s);
}

void Tracker::copy(Slot from, Slot to) {
  CellState& c = cell_of(from);
  if (has(c.pending, from)) return;  // a reduction instance moved as it is
  if (!incoherent_ && !has(c.valid, from) && (!c.valid.empty() || c.filled || c.lost)) {
    incoherent_ = {from, "a copy reads: the instance is not valid"};
  }
  if (!has(c.valid, to)) c.valid.push_back(to);
}

void Tracker::fold(Slot from, Slot to) {
  CellState& c = cell_of(from);
  std::erase(c.pending, from);
  if (has(c.pending, to)) return;
  if (!incoherent_ && !has(c.valid, to) && (!c.valid.empty() || c.filled || c.lost)) {
    incoherent_ = {to, "a fold updates: the instance is not valid"};
  }
  only_valid(c, to);
}

void Tracker::fill(Slot to, bool identity) {
  if (identity) return;
  CellState& c = cell_of(to);
  if (!has(c.valid, to)) c.valid.push_back(to);
}

void Tracker::reclaim(Slot s) {
  CellState& c = cell_of(s);
  if (std::erase(c.pending, s) > 0 && !incoherent_) incoherent_ = {s, "a reduction instance was freed before its fold"};
  if (std::erase(c.valid, s) > 0 && c.valid.empty() && !c.filled) c.lost = true;
}

void Tracker::program_fill(plan::CellId id, double value) {
  CellState& c = cells_[id.value];
  for (Slot s : c.valid) invalidate(s);
  for (Slot s : c.pending) invalidate(s);
  c.valid.clear();
  c.pending.clear();
  c.filled = value;
  c.lost = false;
}

}  // namespace mapwright::engine::host
