#include "engine/sim/transfers.h"

#include <algorithm>

namespace mapwright::engine::sim {

namespace {

std::vector<double> capacities(std::span<const machine::Channel> channels) {
  std::vector<double> c;
  c.reserve(channels.size());
  for (const machine::Channel& channel : channels) c.push_back(channel.bandwidth.value);
  return c;
}

}  // namespace

Transfers::Transfers(std::span<const machine::Channel> channels, Sharing sharing, const Clock& clock)
    : sharing_(sharing),
      clock_(clock),
      shares_(sharing == Sharing::Fair ? capacities(channels) : std::vector<double>()),
      queues_(sharing == Sharing::Fifo ? channels.size() : 0),
      channels_(channels.size()) {}

void Transfers::occupy(Ticks now, const Path& path) {
  for (const std::uint32_t c : path.list()) {
    if (channels_[c].users++ == 0) channels_[c].busy -= now;
  }
}

void Transfers::vacate(Ticks now, const Path& path) {
  for (const std::uint32_t c : path.list()) {
    if (--channels_[c].users == 0) channels_[c].busy += now;
  }
}

std::vector<Ticks> Transfers::busy(Ticks now) const {
  std::vector<Ticks> all;
  all.reserve(channels_.size());
  for (const Occupation& c : channels_) all.push_back(c.busy + (c.users > 0 ? now : 0));
  return all;
}

void Transfers::begin(Ticks now, const Path& path, double bytes, double cap, InFlight what) {
  MW_CHECK(bytes > 0 && cap > 0, "a copy of {} bytes at {} bytes per second", bytes, cap);
  std::uint32_t id = 0;
  if (sharing_ == Sharing::Fair) {
    id = shares_.add(path.list(), cap);
  } else if (free_.empty()) {
    id = static_cast<std::uint32_t>(copies_.size());
  } else {
    id = free_.back();
    free_.pop_back();
  }
  if (copies_.size() <= id) copies_.resize(id + 1);
  Copy& copy = copies_[id];
  copy = {.what = what, .path = &path, .left = bytes, .cap = cap, .since = now};
  if (sharing_ == Sharing::Fair) {
    occupy(now, path);
    unsettled_ = true;
    return;
  }
  for (const std::uint32_t c : path.list()) {
    copy.ahead += queues_[c].empty() ? 0u : 1u;
    queues_[c].push_back(id);
  }
  if (copy.ahead == 0) serve(now, id);
}

void Transfers::serve(Ticks now, std::uint32_t id) {
  Copy& copy = copies_[id];
  copy.since = now;
  copy.end = after(now, clock_.ticks(copy.left / copy.cap));
  occupy(now, *copy.path);
  schedule(id);
}

void Transfers::settle(Ticks now) {
  if (!unsettled_) return;
  unsettled_ = false;
  const std::span<const std::uint32_t> changed = shares_.update();
  for (std::size_t i = 0; i < changed.size(); ++i) {
    const std::uint32_t id = changed[i];
    Copy& copy = copies_[id];
    copy.left = std::max(0.0, copy.left - clock_.seconds(now - copy.since) * shares_.rate_before(i));
    copy.since = now;
    copy.end = after(now, clock_.ticks(copy.left / shares_.rate(id)));
    schedule(id);
  }
}

// Whether a copy really ends at `time`, where this entry stands.
bool Transfers::holds(const End& end, Ticks time) const {
  const Copy& copy = copies_[end.copy];
  return copy.end == time && copy.what.order == end.order;
}

// After such an entry has been taken that does not hold.
void Transfers::correct(const End& end, Ticks time) {
  --entries_;
  Copy& copy = copies_[end.copy];
  if (copy.listed != time || copy.what.order != end.order) return;
  --in_flight_;
  copy.listed = kNever;
  schedule(end.copy);
}

std::optional<Ticks> Transfers::next() {
  while (!ends_.empty()) {
    const Ticks time = ends_.time();
    if (holds(ends_.any(), time)) return time;
    correct(ends_.pop_any(), time);
  }
  return std::nullopt;
}

std::uint64_t Transfers::first() {
  const Ticks time = ends_.time();
  while (!holds(ends_.front(), time)) correct(ends_.pop(), time);
  return ends_.front().order;
}

InFlight Transfers::pop(Ticks now) {
  first();
  const std::uint32_t id = ends_.pop().copy;
  --entries_;
  --in_flight_;
  copies_[id].end = copies_[id].listed = kNever;
  const Path& path = *copies_[id].path;
  vacate(now, path);
  if (sharing_ == Sharing::Fair) {
    shares_.remove(id);
    unsettled_ = true;
    return copies_[id].what;
  }
  for (const std::uint32_t c : path.list()) {
    queues_[c].pop_front();
    if (queues_[c].empty()) continue;
    const std::uint32_t head = queues_[c].front();
    if (--copies_[head].ahead == 0) serve(now, head);
  }
  free_.push_back(id);
  return copies_[id].what;
}

void Transfers::schedule(std::uint32_t id) {
  Copy& copy = copies_[id];
  if (copy.end >= copy.listed) return;
  if (!copy.in_flight()) ++in_flight_;
  copy.listed = copy.end;
  ends_.push(copy.end, {copy.what.order, id});
  if (++entries_ > 4 * in_flight_ + 1024) rewrite();
}

// Leaves one entry for each copy.
void Transfers::rewrite() {
  ends_.clear();
  entries_ = in_flight_;
  for (std::uint32_t id = 0; id < copies_.size(); ++id) {
    Copy& copy = copies_[id];
    if (copy.in_flight()) ends_.push(copy.listed = copy.end, {copy.what.order, id});
  }
}

}  // namespace mapwright::engine::sim
