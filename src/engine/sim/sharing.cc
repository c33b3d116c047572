#include "engine/sim/sharing.h"

#include <algorithm>
#include <functional>

#include "base/base.h"

namespace mapwright::engine::sim {

FairShares::FairShares(std::vector<double> capacities) {
  channels_.resize(capacities.size());
  for (std::size_t i = 0; i < capacities.size(); ++i) channels_[i].capacity = capacities[i];
}

void FairShares::touch(std::uint32_t channel) {
  Channel& c = channels_[channel];
  if (c.dirty) return;
  c.dirty = true;
  dirty_channels_.push_back(channel);
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
  f.rate = 0;
  f.alive = true;
  for (const std::uint32_t channel : channels) {
    Channel& c = channels_[channel];
    c.demand += cap;
    c.flows.emplace_back(id, static_cast<std::uint32_t>(f.places.size()));
    f.places.push_back({channel, static_cast<std::uint32_t>(c.flows.size() - 1)});
    if (limits(c)) touch(channel);
  }
  fresh_flows_.push_back(id);
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

void FairShares::collect(std::uint32_t channel) {
  component_channels_.assign(1, channel);
  component_flows_.clear();
  channels_[channel].seen = true;
  for (std::size_t next = 0; next < component_channels_.size(); ++next) {
    Channel& c = channels_[component_channels_[next]];
    c.residual = c.capacity;
    c.unfixed = static_cast<std::uint32_t>(c.flows.size());
    for (const auto& [flow, index] : c.flows) {
      Flow& f = flows_[flow];
      if (f.seen) continue;
      f.seen = true;
      f.fixed = false;
      component_flows_.push_back(flow);
      for (const Place& place : f.places) {
        Channel& other = channels_[place.channel];
        if (other.seen || !(limits(other) || other.dirty)) continue;
        other.seen = true;
        component_channels_.push_back(place.channel);
      }
    }
  }
}

void FairShares::fix(std::uint32_t flow, double rate) {
  Flow& f = flows_[flow];
  f.fixed = true;
  for (const Place& place : f.places) {
    Channel& c = channels_[place.channel];
    if (!c.seen) continue;
    c.residual = std::max(0.0, c.residual - rate);
    --c.unfixed;
  }
  if (rate == f.rate) return;
  f.rate = rate;
  changed_.push_back(flow);
}

// Progressive filling: the rate of all flows rises together; at each step either the flow with the smallest cap or all
// flows of the channel that is full first get their final rate. Levels of channels only rise meanwhile, so a heap entry
// that is too low is put back when it comes up.
void FairShares::solve() {
  std::sort(component_flows_.begin(), component_flows_.end(), [this](std::uint32_t a, std::uint32_t b) {
    return flows_[a].cap != flows_[b].cap ? flows_[a].cap < flows_[b].cap : a < b;
  });
  const auto level = [this](std::uint32_t channel) {
    return channels_[channel].residual / static_cast<double>(channels_[channel].unfixed);
  };
  levels_.clear();
  for (const std::uint32_t c : component_channels_) {
    if (channels_[c].unfixed > 0) levels_.emplace_back(level(c), c);
  }
  const std::greater<> later;
  std::make_heap(levels_.begin(), levels_.end(), later);

  std::size_t smallest = 0;
  while (smallest < component_flows_.size()) {
    const std::uint32_t flow = component_flows_[smallest];
    if (flows_[flow].fixed) {
      ++smallest;
      continue;
    }
    if (levels_.empty() || flows_[flow].cap <= levels_.front().first) {
      fix(flow, flows_[flow].cap);
      continue;
    }
    const auto [stored, channel] = levels_.front();
    std::pop_heap(levels_.begin(), levels_.end(), later);
    levels_.pop_back();
    if (channels_[channel].unfixed == 0) continue;
    const double now = level(channel);
    if (now > stored) {
      levels_.emplace_back(now, channel);
      std::push_heap(levels_.begin(), levels_.end(), later);
      continue;
    }
    for (const auto& [member, index] : channels_[channel].flows) {
      if (!flows_[member].fixed) fix(member, stored);
    }
  }
}

std::span<const std::uint32_t> FairShares::update() {
  changed_.clear();
  for (const std::uint32_t channel : dirty_channels_) {
    if (channels_[channel].seen) continue;
    collect(channel);
    solve();
    seen_channels_.insert(seen_channels_.end(), component_channels_.begin(), component_channels_.end());
    seen_flows_.insert(seen_flows_.end(), component_flows_.begin(), component_flows_.end());
  }
  // The marks of a component stay until all are solved, so that none is solved twice.
  for (const std::uint32_t c : seen_channels_) channels_[c].seen = false;
  for (const std::uint32_t f : seen_flows_) flows_[f].seen = false;
  for (const std::uint32_t c : dirty_channels_) channels_[c].dirty = false;
  seen_channels_.clear();
  seen_flows_.clear();
  dirty_channels_.clear();

  for (const std::uint32_t flow : fresh_flows_) {  // those that share no limiting channel
    Flow& f = flows_[flow];
    if (!f.alive || f.rate > 0) continue;
    f.rate = f.cap;
    changed_.push_back(flow);
  }
  fresh_flows_.clear();
  return changed_;
}

}  // namespace mapwright::engine::sim
