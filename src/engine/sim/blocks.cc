#include "engine/sim/blocks.h"

#include <algorithm>

namespace mapwright::engine::sim {

Blocks::Blocks(const Workload& workload, std::vector<std::uint32_t> pending, std::vector<std::uint8_t> mapping_pending, bool profile)
    : workload_(workload), pending_(std::move(pending)), mapping_pending_(std::move(mapping_pending)), profile_(profile) {
  rings_.resize(workload.segments.size());
  free_.resize(workload.segments.size());
  done_.resize(workload.ops.size());
  for (std::uint32_t g = 0; g < rings_.size(); ++g) at(g, 0);
}

std::uint32_t Blocks::at(std::uint32_t segment, std::uint64_t rep) {
  Ring& ring = rings_[segment];
  MW_CHECK(rep >= ring.first, "repetition {} has ended, {} is the first left", rep, ring.first);
  while (ring.first + ring.numbers.size() <= rep) ring.numbers.push_back(make(segment, ring.first + ring.numbers.size()));
  return ring.numbers[rep - ring.first];
}

std::uint32_t Blocks::make(std::uint32_t segment, std::uint64_t rep) {
  const Stretch& s = workload_.segments[segment];
  std::uint32_t number = 0;
  if (free_[segment].empty()) {
    number = static_cast<std::uint32_t>(blocks_.size());
    blocks_.push_back(std::make_unique<Block>());
  } else {
    number = free_[segment].back();
    free_[segment].pop_back();
  }
  Block& b = *blocks_[number];
  b.segment = segment;
  b.rep = rep;
  b.left = s.length();
  b.begin = s.begin;
  b.base = s.base + rep * s.length() - s.begin;
  const auto begin = static_cast<std::ptrdiff_t>(s.begin), end = static_cast<std::ptrdiff_t>(s.end);
  if (profile_) b.last.assign(s.length(), 0);
  if (s.repeat > 1) b.own_pending.assign(pending_.begin() + begin, pending_.begin() + end);
  b.pending = s.repeat > 1 ? b.own_pending.data() : pending_.data() + s.begin;
  if (!mapping_pending_.empty()) {
    if (s.repeat > 1) b.own_mapping_pending.assign(mapping_pending_.begin() + begin, mapping_pending_.begin() + end);
    b.mapping_pending = s.repeat > 1 ? b.own_mapping_pending.data() : mapping_pending_.data() + s.begin;
  }
  for (const Workload::Outside& o : workload_.outside[segment]) {
    if (done_[o.predecessor]) continue;
    if (o.mapping) {
      ++b.mapping_pending[o.op - s.begin];
    } else {
      ++b.pending[o.op - s.begin];
    }
  }
  fresh.push_back(number);
  return number;
}

void Blocks::end_one(std::uint32_t number) {
  Block& b = *blocks_[number];
  if (--b.left > 0) return;
  Ring& ring = rings_[b.segment];
  while (!ring.numbers.empty() && blocks_[ring.numbers.front()]->left == 0) {
    free_[b.segment].push_back(ring.numbers.front());
    ring.numbers.pop_front();
    ++ring.first;
    const bool repeated = workload_.segments[b.segment].repeat > 1;
    const std::uint32_t next = b.segment + 1;
    if (repeated) {
      over = b.segment;
    } else if (next < rings_.size() && workload_.segments[next].repeat > 1 && rings_[next].first == 0) {
      over = next;
    }
  }
}

bool Blocks::ended_in(std::uint32_t segment, std::uint64_t rep) const {
  const Ring& ring = rings_[segment];
  if (rep < ring.first || rep - ring.first >= ring.numbers.size()) return false;
  return blocks_[ring.numbers[rep - ring.first]]->left < workload_.segments[segment].length();
}

void Blocks::describe(Digest& state, std::uint32_t segment) const {
  state.add(marked_);
  for (std::uint32_t g = 0; g < rings_.size(); ++g) {
    const Ring& ring = rings_[g];
    if (ring.numbers.empty()) continue;
    state.add(std::uint64_t {g} << 32 | ring.numbers.size());
    if (g != segment) state.add(ring.first);
    for (const std::uint32_t number : ring.numbers) {
      const Block& b = *blocks_[number];
      state.add(b.left);
      for (std::uint32_t i = 0; i < workload_.segments[g].length(); ++i) state.add(b.pending[i]);
      for (std::uint32_t i = 0; b.mapping_pending && i < workload_.segments[g].length(); ++i) state.add(b.mapping_pending[i]);
    }
  }
}

void Blocks::shift(std::uint32_t segment, std::uint64_t repetitions) {
  Ring& ring = rings_[segment];
  ring.first += repetitions;
  for (const std::uint32_t number : ring.numbers) {
    Block& b = *blocks_[number];
    b.rep += repetitions;
    b.base += repetitions * workload_.segments[segment].length();
  }
}

}  // namespace mapwright::engine::sim
