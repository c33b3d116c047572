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
  if (copies_.size() <= id) {
    copies_.resize(id + 1);
    positions_.resize(id + 1);
  }
  Copy& copy = copies_[id];
  copy = {.what = what, .path = &path, .left = bytes, .cap = cap, .since = now};
  positions_[id] = kNotQueued;
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
  reschedule(id);
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
    reschedule(id);
  }
}

std::optional<Transfers::Next> Transfers::next() {
  if (heap_.empty()) return std::nullopt;
  while (heap_.front().end != copies_[heap_.front().copy].end) {
    sift_down(0, {copies_[heap_.front().copy].end, heap_.front().order, heap_.front().copy});
  }
  return Next {heap_.front().end, heap_.front().order};
}

InFlight Transfers::pop(Ticks now) {
  const std::uint32_t id = heap_.front().copy;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (!heap_.empty()) sift_down(0, last);
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

void Transfers::place(std::size_t position, const Entry& entry) {
  heap_[position] = entry;
  positions_[entry.copy] = static_cast<std::uint32_t>(position);
}

// A heap with four children per node.
void Transfers::sift_up(std::size_t position, const Entry& entry) {
  while (position > 0) {
    const std::size_t parent = (position - 1) / 4;
    if (!entry.before(heap_[parent])) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, entry);
}

void Transfers::sift_down(std::size_t position, const Entry& entry) {
  while (const Entry* const child = first_child(heap_.data(), heap_.size(), position)) {
    if (!child->before(entry)) break;
    place(position, *child);
    position = static_cast<std::size_t>(child - heap_.data());
  }
  place(position, entry);
}

void Transfers::reschedule(std::uint32_t id) {
  Copy& copy = copies_[id];
  const std::uint32_t position = positions_[id];
  if (position == kNotQueued) {
    heap_.emplace_back();
    sift_up(heap_.size() - 1, {copy.end, copy.what.order, id});
  } else if (copy.end < heap_[position].end) {
    sift_up(position, {copy.end, copy.what.order, id});
  }
}

}  // namespace mapwright::engine::sim
