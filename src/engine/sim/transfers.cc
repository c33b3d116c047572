#include "engine/sim/transfers.h"

namespace mapwright::engine::sim {

namespace {

std::vector<double> capacities(std::span<const machine::Channel> channels) {
  std::vector<double> c;
  c.reserve(channels.size());
  for (const machine::Channel& channel : channels) c.push_back(channel.bandwidth.value);
  return c;
}

}  // namespace

Transfers::Transfers(std::span<const machine::Channel> channels, Sharing sharing)
    : sharing_(sharing),
      shares_(sharing == Sharing::Fair ? capacities(channels) : std::vector<double>()),
      queues_(sharing == Sharing::Fifo ? channels.size() : 0),
      users_(channels.size()),
      busy_(channels.size()),
      busy_since_(channels.size()) {}

void Transfers::occupy(double now, const Path& path) {
  for (const std::uint32_t c : path.channels) {
    if (users_[c]++ == 0) busy_since_[c] = now;
  }
}

void Transfers::vacate(double now, const Path& path) {
  for (const std::uint32_t c : path.channels) {
    if (--users_[c] == 0) busy_[c] += now - busy_since_[c];
  }
}

void Transfers::begin(double now, const Path& path, double bytes, double cap, InFlight what) {
  MW_CHECK(bytes > 0 && cap > 0, "a copy of {} bytes at {} bytes per second", bytes, cap);
  std::uint32_t id = 0;
  if (free_.empty()) {
    id = static_cast<std::uint32_t>(copies_.size());
    copies_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  Copy& copy = copies_[id];
  copy = {.what = what, .path = &path, .left = bytes, .cap = cap, .since = now, .heap = kNotQueued};
  if (sharing_ == Sharing::Fair) {
    copy.share = shares_.add(path.channels, cap);
    if (by_share_.size() <= copy.share) by_share_.resize(copy.share + 1);
    by_share_[copy.share] = id;
    copy.moving = true;
    occupy(now, path);
    unsettled_ = true;
    return;
  }
  for (const std::uint32_t c : path.channels) {
    copy.ahead += queues_[c].empty() ? 0u : 1u;
    queues_[c].push_back(id);
  }
  if (copy.ahead == 0) serve(now, id);
}

void Transfers::serve(double now, std::uint32_t id) {
  Copy& copy = copies_[id];
  copy.moving = true;
  copy.since = now;
  copy.end = now + copy.left / copy.cap;
  occupy(now, *copy.path);
  reschedule(id);
}

void Transfers::settle(double now) {
  if (!unsettled_) return;
  unsettled_ = false;
  for (const std::uint32_t share : shares_.update()) {
    const std::uint32_t id = by_share_[share];
    Copy& copy = copies_[id];
    const bool fresh = copy.heap == kNotQueued;
    // The rate until now is implied by the end that was expected.
    if (!fresh) copy.left *= copy.end > copy.since ? (copy.end - now) / (copy.end - copy.since) : 0;
    copy.since = now;
    copy.end = now + copy.left / shares_.rate(share);
    reschedule(id);
  }
}

std::optional<Transfers::Next> Transfers::next() const {
  if (heap_.empty()) return std::nullopt;
  const Copy& copy = copies_[heap_.front()];
  return Next {copy.end, copy.what.order};
}

InFlight Transfers::pop(double now) {
  const std::uint32_t id = heap_.front();
  const std::uint32_t last = heap_.back();
  heap_.pop_back();
  if (!heap_.empty()) {
    place(0, last);
    sift_down(0);
  }
  const Path& path = *copies_[id].path;
  vacate(now, path);
  if (sharing_ == Sharing::Fair) {
    shares_.remove(copies_[id].share);
    unsettled_ = true;
  } else {
    for (const std::uint32_t c : path.channels) {
      queues_[c].pop_front();
      if (queues_[c].empty()) continue;
      const std::uint32_t head = queues_[c].front();
      if (--copies_[head].ahead == 0) serve(now, head);
    }
  }
  free_.push_back(id);
  return copies_[id].what;
}

bool Transfers::before(std::uint32_t a, std::uint32_t b) const {
  const Copy &x = copies_[a], &y = copies_[b];
  return x.end != y.end ? x.end < y.end : x.what.order < y.what.order;
}

void Transfers::place(std::uint32_t position, std::uint32_t copy) {
  heap_[position] = copy;
  copies_[copy].heap = position;
}

void Transfers::sift_up(std::uint32_t position) {
  const std::uint32_t copy = heap_[position];
  while (position > 0) {
    const std::uint32_t parent = (position - 1) / 2;
    if (!before(copy, heap_[parent])) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, copy);
}

void Transfers::sift_down(std::uint32_t position) {
  const std::uint32_t copy = heap_[position];
  const auto size = static_cast<std::uint32_t>(heap_.size());
  for (;;) {
    std::uint32_t child = 2 * position + 1;
    if (child >= size) break;
    if (child + 1 < size && before(heap_[child + 1], heap_[child])) ++child;
    if (!before(heap_[child], copy)) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, copy);
}

void Transfers::reschedule(std::uint32_t copy) {
  if (copies_[copy].heap == kNotQueued) {
    copies_[copy].heap = static_cast<std::uint32_t>(heap_.size());
    heap_.push_back(copy);
  }
  const std::uint32_t position = copies_[copy].heap;
  sift_up(position);
  if (copies_[copy].heap == position) sift_down(position);
}

}  // namespace mapwright::engine::sim
