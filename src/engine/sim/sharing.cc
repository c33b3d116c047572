#include "engine/sim/sharing.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "base/base.h"

namespace mapwright::engine::sim {

namespace {

constexpr double kTolerance = 1e-11;
constexpr int kRoundsBeforeAll = 5;
constexpr double kLimitsNobody = -1;

// A rate with 40 significant bits, rounded down (less than 1e-12 of it). Flows in equal positions then have equal rates and
// end together, in one step instead of one each.
double rounded(double rate) {
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(rate) & ~std::uint64_t {0xfff});
}

}  // namespace

FairShares::FairShares(std::vector<double> capacities) {
  channels_.resize(capacities.size());
  for (std::size_t i = 0; i < capacities.size(); ++i) channels_[i].capacity = capacities[i];
}

void FairShares::touch(std::uint32_t channel) {
  Channel& c = channels_[channel];
  if (c.dirty) return;
  c.dirty = true;
  dirty_.push_back(channel);
}

std::uint32_t FairShares::add(std::span<const std::uint32_t> channels, double cap) {
  MW_CHECK(cap > 0, "a flow needs a cap, not {}", cap);
  std::uint32_t id = 0;
  if (free_.empty()) {
    id = static_cast<std::uint32_t>(flows_.size());
    flows_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  Flow& f = flows_[id];
  f.places.clear();
  f.cap = cap;
  f.rate = f.before = 0;
  f.bottleneck = kNone;
  f.alive = true;
  for (const std::uint32_t channel : channels) {
    Channel& c = channels_[channel];
    c.demand += cap;
    c.flows.emplace_back(id, static_cast<std::uint32_t>(f.places.size()));
    f.places.push_back({channel, static_cast<std::uint32_t>(c.flows.size() - 1)});
    if (limits(c)) touch(channel);
  }
  fresh_.push_back(id);
  return id;
}

void FairShares::remove(std::uint32_t flow) {
  Flow& f = flows_[flow];
  f.alive = false;
  for (const Place& place : f.places) {
    Channel& c = channels_[place.channel];
    if (limits(c)) touch(place.channel);
    const auto [moved, index] = c.flows.back();
    c.flows[place.position] = {moved, index};
    flows_[moved].places[index].position = place.position;
    c.flows.pop_back();
    c.demand = c.flows.empty() ? 0 : c.demand - f.cap;  // so rounding does not add up over the life of a channel
  }
  free_.push_back(flow);
}

void FairShares::choose(std::uint32_t flow) {
  Flow& f = flows_[flow];
  if (f.chosen) return;
  f.chosen = true;
  f.before = f.rate;
  chosen_.push_back(flow);
}

void FairShares::choose_connected() {
  for (const std::uint32_t c : concerned_) channels_[c].seen = false;
  concerned_.clear();
  for (std::size_t next = 0; next < chosen_.size(); ++next) {
    for (const Place& place : flows_[chosen_[next]].places) {
      Channel& c = channels_[place.channel];
      if (c.seen || !limits(c)) continue;
      c.seen = true;
      concerned_.push_back(place.channel);
      for (const auto& [flow, index] : c.flows) choose(flow);
    }
  }
}

void FairShares::prepare() {
  for (const std::uint32_t c : concerned_) channels_[c].seen = false;
  concerned_.clear();
  for (const std::uint32_t flow : chosen_) {
    flows_[flow].fixed = false;
    for (const Place& place : flows_[flow].places) {
      Channel& c = channels_[place.channel];
      if (c.seen || !limits(c)) continue;
      c.seen = true;
      concerned_.push_back(place.channel);
      c.residual = c.capacity;
      c.level = kLimitsNobody;
      c.unfixed = 0;
      for (const auto& [member, index] : c.flows) {
        if (flows_[member].chosen) {
          ++c.unfixed;
        } else {
          c.residual -= flows_[member].rate;
        }
      }
      c.residual = std::max(0.0, c.residual);
    }
  }
}

void FairShares::fix(std::uint32_t flow, double rate, std::uint32_t bottleneck) {
  Flow& f = flows_[flow];
  f.fixed = true;
  f.rate = rate;
  f.bottleneck = bottleneck;
  for (const Place& place : f.places) {
    Channel& c = channels_[place.channel];
    if (!c.seen) continue;
    c.residual = std::max(0.0, c.residual - rate);
    --c.unfixed;
  }
}

// Progressive filling: the rate of all chosen flows rises together; at each step either the flow with the smallest cap or
// all flows of the channel that is full first get their final rate. Levels of channels only rise meanwhile, so a heap
// entry that is too low is put back when it comes up.
void FairShares::fill() {
  by_cap_ = chosen_;
  std::sort(by_cap_.begin(), by_cap_.end(), [this](std::uint32_t a, std::uint32_t b) {
    return flows_[a].cap != flows_[b].cap ? flows_[a].cap < flows_[b].cap : a < b;
  });
  const auto level = [this](std::uint32_t channel) {
    return channels_[channel].residual / static_cast<double>(channels_[channel].unfixed);
  };
  levels_.clear();
  for (const std::uint32_t c : concerned_) levels_.emplace_back(level(c), c);
  const std::greater<> later;
  std::make_heap(levels_.begin(), levels_.end(), later);

  for (std::size_t smallest = 0; smallest < by_cap_.size();) {
    const std::uint32_t flow = by_cap_[smallest];
    if (flows_[flow].fixed) {
      ++smallest;
      continue;
    }
    if (levels_.empty() || flows_[flow].cap <= levels_.front().first) {
      fix(flow, flows_[flow].cap, kNone);
      continue;
    }
    const auto [stored, channel] = levels_.front();
    std::pop_heap(levels_.begin(), levels_.end(), later);
    levels_.pop_back();
    Channel& c = channels_[channel];
    if (c.unfixed == 0) continue;
    if (const double now = level(channel); now > stored) {
      levels_.emplace_back(now, channel);
      std::push_heap(levels_.begin(), levels_.end(), later);
      continue;
    }
    c.level = rounded(stored);
    for (const auto& [member, index] : c.flows) {
      if (flows_[member].chosen && !flows_[member].fixed) fix(member, c.level, channel);
    }
  }
}

// Looks at the flows beside the chosen ones. Those are wronged or wrong: the ones whose bottleneck is full no longer or
// carries a faster flow now, and the ones that are faster than what their channel limits.
bool FairShares::choose_more() {
  const std::size_t before = chosen_.size();
  for (const std::uint32_t channel : concerned_) {
    const Channel& c = channels_[channel];
    double sum = 0, fastest_chosen = 0;
    for (const auto& [flow, index] : c.flows) {
      sum += flows_[flow].rate;
      if (flows_[flow].chosen) fastest_chosen = std::max(fastest_chosen, flows_[flow].rate);
    }
    const bool full = sum >= c.capacity * (1 - kTolerance);
    for (const auto& [flow, index] : c.flows) {
      const Flow& f = flows_[flow];
      if (f.chosen) continue;
      const bool limited_here = f.bottleneck == channel;
      const bool lost = limited_here && (!full || fastest_chosen > f.rate * (1 + kTolerance));
      const bool unfair = c.level != kLimitsNobody && f.rate > c.level * (1 + kTolerance);
      if (lost || unfair) choose(flow);
    }
  }
  return chosen_.size() > before;
}

std::span<const std::uint32_t> FairShares::update() {
  changed_.clear();
  for (const std::uint32_t flow : fresh_) {
    if (flows_[flow].alive) choose(flow);
  }
  for (const std::uint32_t channel : dirty_) {
    for (const auto& [flow, index] : channels_[channel].flows) {
      if (flows_[flow].bottleneck == channel) choose(flow);
    }
    channels_[channel].dirty = false;
  }
  fresh_.clear();
  dirty_.clear();
  for (int round = 0; !chosen_.empty(); ++round) {
    if (round == kRoundsBeforeAll) choose_connected();
    prepare();
    fill();
    if (!choose_more()) break;
  }
  for (const std::uint32_t c : concerned_) channels_[c].seen = false;
  concerned_.clear();
  for (const std::uint32_t flow : chosen_) {
    flows_[flow].chosen = false;
    if (flows_[flow].rate != flows_[flow].before) changed_.push_back(flow);
  }
  chosen_.clear();
  return changed_;
}

}  // namespace mapwright::engine::sim
