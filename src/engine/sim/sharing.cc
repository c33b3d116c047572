#include "engine/sim/sharing.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/base.h"

namespace mapwright::engine::sim {

namespace {

constexpr double kTolerance = 1e-11;
constexpr std::size_t kFew = 24;  // flows for which a heap does not pay

// A rate with 40 significant bits, rounded down (less than 1e-12 of it). Flows in equal positions then have equal rates and
// end together, in one step instead of one each; and sums of a few thousand rates are exact.
double rounded(double rate) {
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(rate) & ~std::uint64_t {0xfff});
}

}  // namespace

FairShares::FairShares(std::vector<double> capacities) {
  channels_.resize(capacities.size());
  for (std::size_t i = 0; i < capacities.size(); ++i) channels_[i].capacity = channels_[i].spare = capacities[i];
}

// The flows that a channel limits have to be looked at again.
void FairShares::touch(Channel& c, std::uint32_t number, bool joined) {
  if (c.limited == kNone) return;
  c.joined |= joined;
  if (c.dirty) return;
  c.dirty = true;
  dirty_.push_back(number);
}

std::uint32_t FairShares::add(std::span<const std::uint32_t> channels, double cap) {
  MW_CHECK(cap > 0 && channels.size() <= kMaxChannels, "a flow over {} channels with cap {}", channels.size(), cap);
  std::uint32_t id = 0;
  if (free_.empty()) {
    id = static_cast<std::uint32_t>(flows_.size());
    flows_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  Flow& f = flows_[id];
  f.cap = rounded(cap);
  f.rate = 0;
  f.channels = static_cast<std::uint8_t>(channels.size());
  f.alive = true;
  std::copy(channels.begin(), channels.end(), f.channel.begin());
  for (const std::uint32_t channel : channels) {
    channels_[channel].add(id);
    touch(channels_[channel], channel, true);
  }
  fresh_.push_back(id);
  return id;
}

void FairShares::remove(std::uint32_t flow) {
  Flow& f = flows_[flow];
  f.alive = false;
  for (const std::uint32_t channel : f.list()) {
    Channel& c = channels_[channel];
    touch(c, channel, false);
    c.remove(flow);
    c.spare = c.flows == 0 ? c.capacity : c.spare + f.rate;
  }
  unlink(f);
  free_.push_back(flow);
}

void FairShares::unlink(Flow& f) {
  if (f.bottleneck == kNone) return;
  (f.previous == kNone ? channels_[f.bottleneck].limited : flows_[f.previous].next) = f.next;
  if (f.next != kNone) flows_[f.next].previous = f.previous;
  f.bottleneck = kNone;
}

void FairShares::choose(std::uint32_t flow, bool falls) {
  Flow& f = flows_[flow];
  if (f.chosen != kNone) return;
  unlink(f);
  f.chosen = static_cast<std::uint32_t>(chosen_.size());
  f.falls = falls;
  chosen_.push_back(flow);
  before_.push_back(f.rate);
}

void FairShares::choose_limited(Channel& c, bool fall) {
  std::uint32_t flow = std::exchange(c.limited, kNone);
  while (flow != kNone) {
    Flow& f = flows_[flow];
    f.bottleneck = kNone;
    choose(flow, fall);
    flow = f.next;
  }
}

// Counts in the flows that were chosen since the last call, and chooses those that depend on them: a flow that gets another
// rate changes that of the flows which a channel with a higher level limits. A channel at its own level holds a flow that
// would become faster, and gives to others what one that becomes slower leaves.
void FairShares::prepare() {
  for (; prepared_ < chosen_.size(); ++prepared_) {
    Flow& f = flows_[chosen_[prepared_]];
    f.fixed = false;
    ++unfixed_;
    if (slots_.size() <= prepared_ * kMaxChannels) slots_.resize((2 * prepared_ + 1) * kMaxChannels);
    std::uint32_t* slot = slots_.data() + prepared_ * kMaxChannels;
    const double level = f.rate * (f.falls ? 1 - kTolerance : 1 + kTolerance);
    for (const std::uint32_t channel : f.list()) {
      Channel& c = channels_[channel];
      if (c.share == kNone) {
        c.share = static_cast<std::uint32_t>(shared_.size());
        shared_.push_back({.left = c.spare, .channel = channel});
      }
      *slot++ = c.share;
      Shared& s = shared_[c.share];
      ++s.unfixed;
      s.caps += f.cap;
      s.left += f.rate;
      if (c.limited != kNone && c.level > level) choose_limited(c, !f.falls);
    }
  }
}

void FairShares::fix(std::uint32_t number, double rate, std::uint32_t bottleneck) {
  Flow& f = flows_[chosen_[number]];
  f.fixed = true;
  f.bottleneck = bottleneck;
  f.rate = rate;
  --unfixed_;
  const std::uint32_t* slot = slots_.data() + number * kMaxChannels;
  for (const std::uint32_t* end = slot + f.channels; slot != end; ++slot) {
    Shared& s = shared_[*slot];
    s.left -= rate;
    s.caps -= f.cap;
    --s.unfixed;
    s.fastest = std::max(s.fastest, rate);
  }
}

// A channel is full at `level`. Flows beside the chosen ones that are faster share with those instead: then it is full at a
// higher one, and false is returned. Otherwise its flows get their rate.
bool FairShares::limit(const Shared& s, double level) {
  const std::uint32_t number = s.channel;
  Channel& c = channels_[number];
  level = rounded(level);
  if (level < c.level && c.flows > s.unfixed) {
    const std::size_t before = chosen_.size();
    for (std::uint32_t i = 0; i < c.flows; ++i) {
      if (flows_[c.at(i)].rate > level * (1 + kTolerance)) choose(c.at(i), true);
    }
    if (chosen_.size() > before) return false;
  }
  shared_[c.share].level = level;
  for (std::uint32_t i = 0; s.unfixed > 0; ++i) {
    const Flow& f = flows_[c.at(i)];
    if (f.chosen != kNone && !f.fixed) fix(f.chosen, level, number);
  }
  return true;
}

// Progressive filling: the rate of all chosen flows rises together; at each step either the flow with the smallest cap or
// all flows of the channel that is full first get their final rate.
void FairShares::fill() {
  prepare();
  while (unfixed_ > 0 && chosen_.size() <= kFew) {
    double cap = kLimitsNobody;
    std::uint32_t smallest = 0;
    for (std::uint32_t i = 0; i < chosen_.size(); ++i) {
      const Flow& f = flows_[chosen_[i]];
      if (f.fixed || f.cap >= cap) continue;
      cap = f.cap;
      smallest = i;
    }
    Shared* fullest = nullptr;
    double left = cap, unfixed = 1;  // of the fullest
    for (Shared& s : shared_) {
      if (!s.can_limit() || !(s.left * unfixed < left * s.unfixed)) continue;
      fullest = &s;
      left = s.left;
      unfixed = s.unfixed;
    }
    if (!fullest) {
      fix(smallest, cap, kNone);
    } else if (!limit(*fullest, fullest->full_at())) {
      prepare();
    }
  }
  if (unfixed_ > 0) fill_many();
}

// The same with flows in order of caps, most of which no flow reaches, and channels in order of levels. Those only rise, unless flows are
// added: then they get another entry.
void FairShares::fill_many() {
  caps_.clear();
  levels_.clear();
  for (std::uint32_t i = 0; i < chosen_.size(); ++i) {
    if (!flows_[chosen_[i]].fixed) caps_.push(flows_[chosen_[i]].cap, i);
  }
  for (std::uint32_t i = 0; i < shared_.size(); ++i) {
    if (shared_[i].can_limit()) levels_.push(shared_[i].full_at(), i);
  }

  while (unfixed_ > 0) {
    if (levels_.empty() || (!caps_.empty() && caps_.key() <= levels_.key())) {
      const double cap = caps_.key();
      const std::uint32_t flow = caps_.pop();
      if (!flows_[chosen_[flow]].fixed) fix(flow, cap, kNone);
      continue;
    }
    const double rate = levels_.key();
    const std::uint32_t number = levels_.pop();
    const Shared& shared = shared_[number];
    if (!shared.can_limit()) continue;
    const double level = shared.full_at();
    if (level > rate) {
      levels_.push(level, number);
      continue;
    }
    const std::size_t known = chosen_.size();
    if (limit(shared, level)) continue;
    prepare();
    for (auto i = static_cast<std::uint32_t>(known); i < chosen_.size(); ++i) {
      const Flow& f = flows_[chosen_[i]];
      caps_.push(f.cap, i);
      for (std::uint32_t k = 0; k < f.channels; ++k) {
        const std::uint32_t slot = slots_[i * kMaxChannels + k];
        if (shared_[slot].can_limit()) levels_.push(shared_[slot].full_at(), slot);
      }
    }
  }
}

// Chooses flows that nobody chose although their bottleneck is full no longer or carries a faster flow now.
bool FairShares::choose_more() {
  const std::size_t before = chosen_.size();
  for (const Shared& s : shared_) {
    Channel& c = channels_[s.channel];
    if (c.limited == kNone) continue;
    const bool passed = s.fastest > c.level * (1 + kTolerance);
    if (passed || s.left > c.capacity * kTolerance) choose_limited(c, passed);
  }
  return chosen_.size() > before;
}

void FairShares::commit() {
  for (const Shared& s : shared_) {
    Channel& c = channels_[s.channel];
    c.share = kNone;
    c.spare = s.left;
    if (s.level != kLimitsNobody) {
      c.level = s.level;
    } else if (c.limited == kNone) {
      c.level = kLimitsNobody;
    }
  }
  shared_.clear();
}

std::span<const std::uint32_t> FairShares::update() {
  chosen_.clear();
  before_.clear();
  for (const std::uint32_t flow : fresh_) {
    if (flows_[flow].alive) choose(flow, false);
  }
  for (const std::uint32_t channel : dirty_) {
    Channel& c = channels_[channel];
    choose_limited(c, c.joined);
    c.dirty = c.joined = false;
  }
  fresh_.clear();
  dirty_.clear();
  while (!chosen_.empty()) {
    prepared_ = unfixed_ = 0;
    fill();
    const bool again = choose_more();
    commit();
    if (!again) break;
  }
  std::size_t changed = 0;
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    const std::uint32_t flow = chosen_[i];
    Flow& f = flows_[flow];
    f.chosen = kNone;
    if (f.bottleneck != kNone) {
      std::uint32_t& first = channels_[f.bottleneck].limited;
      f.previous = kNone;
      f.next = first;
      if (first != kNone) flows_[first].previous = flow;
      first = flow;
    }
    if (f.rate == before_[i]) continue;
    chosen_[changed] = flow;
    before_[changed++] = before_[i];
  }
  chosen_.resize(changed);
  return chosen_;
}

}  // namespace mapwright::engine::sim
