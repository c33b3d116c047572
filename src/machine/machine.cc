#include "machine/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <tuple>

namespace mapwright::machine {

namespace {

template <typename Q>
std::uint64_t bits(Q quantity) {
  return std::bit_cast<std::uint64_t>(quantity.value);
}

void add(Hasher& h, const Access& a) {
  h.add(bits(a.stream)).add(bits(a.gather)).add(bits(a.atomic)).add(bits(a.atomic_same)).add(bits(a.latency));
}

void add(Hasher& h, const Compute& c) {
  h.add(bits(c.fp64)).add(bits(c.fp32)).add(std::bit_cast<std::uint64_t>(c.efficiency)).add(bits(c.launch)).add(c.threads);
}

void add(Hasher& h, const Overheads& o) {
  h.add(o.utility_processors).add(bits(o.point_traced)).add(bits(o.point_untraced)).add(bits(o.launch)).add(bits(o.copy));
  h.add(bits(o.instance)).add(bits(o.ready_to_start)).add(bits(o.copy_start));
  h.add(std::bit_cast<std::uint64_t>(o.transpose_factor));
  if (o.copy_grid.value > 0) h.add("copy_grid").add(bits(o.copy_grid));
  if (o.elements) h.add("elements").add(bits(*o.elements));
  if (o.workers) h.add("workers").add(*o.workers);
}

}  // namespace

std::string Machine::hash() const {
  Hasher h;
  const auto add_routes = [&h](const std::vector<LocalRoute>& routes) {
    for (const LocalRoute& r : routes) {
      h.add(bits(r.bandwidth)).add(bits(r.latency)).add(r.count);
      for (std::size_t i = 0; i < r.count; ++i) h.add(r.channels[i]);
    }
  };
  h.add(name_).add(nodes_).add(ranks_per_node_);
  for (const std::uint32_t n : per_space_) h.add(n);
  // Nodes are alike, so the first one stands for all.
  for (std::size_t i = 0; i < processors_per_node_; ++i) {
    h.add(static_cast<std::uint64_t>(processors_[i].kind)).add(processors_[i].space.value).add(processors_[i].socket);
  }
  for (std::size_t i = 0; i < memories_per_node_; ++i) {
    const Memory& m = memories_[i];
    h.add(static_cast<std::uint64_t>(m.kind)).add(m.space.value).add(m.socket);
    h.add(static_cast<std::uint64_t>(m.capacity.value));
  }
  for (std::size_t i = 0; i < channels_per_node_; ++i) h.add(bits(channels_[i].bandwidth));
  add_routes(within_);
  add_routes(out_);
  add_routes(in_);
  h.add(bits(network_latency_));
  for (const std::optional<Access>& a : access_) {
    h.add(a.has_value());
    if (a) add(h, *a);
  }
  for (const Compute& c : compute_) add(h, c);
  add(h, overheads_);
  return h.hex();
}

sema::MachineShape Machine::shape() const {
  sema::MachineShape s;
  s.machine_name = name_;
  s.address_spaces = spaces();
  for (std::size_t k = 0; k < kProcessorKinds; ++k) s.processors[k] = per_space_[k];
  return s;
}

std::optional<ProcessorId> Machine::find(ProcessorKind k, SpaceId space, std::uint32_t index) const {
  if (space.value >= spaces() || index >= processors_per_space(k)) return std::nullopt;
  std::size_t first = std::size_t {space.value} * (processors_per_node_ / ranks_per_node_);
  for (std::size_t before = 0; before < static_cast<std::size_t>(k); ++before) first += per_space_[before];
  return ProcessorId(first + index);
}

std::string Machine::processor_name(ProcessorId id) const {
  const Processor& p = (*this)[id];
  if (ranks_per_node_ == 1) return fmt::format("node{}.{}{}", p.node, to_string(p.kind), p.index);
  return fmt::format("node{}.rank{}.{}{}", p.node, p.space.value % ranks_per_node_, to_string(p.kind), p.index);
}

std::string Machine::memory_name(MemoryId id) const {
  const Memory& m = (*this)[id];
  const bool numbered = m.kind == MemoryKind::FbMem || m.kind == MemoryKind::SockMem;
  const std::string index = numbered ? std::to_string(m.index) : std::string();
  if (ranks_per_node_ == 1) return fmt::format("node{}.{}{}", m.node, to_string(m.kind), index);
  return fmt::format("node{}.rank{}.{}{}", m.node, m.space.value % ranks_per_node_, to_string(m.kind), index);
}

const Access* Machine::access(ProcessorId p, MemoryId m) const {
  if (processors_[p.value].node != memories_[m.value].node) return nullptr;
  const std::size_t row = p.value % processors_per_node_, column = m.value % memories_per_node_;
  const std::optional<Access>& a = access_[row * memories_per_node_ + column];
  return a ? &*a : nullptr;
}

std::vector<MemoryId> Machine::addressable(ProcessorId id, MemoryKind kind) const {
  const Processor& p = (*this)[id];
  const std::size_t first = std::size_t {p.node} * memories_per_node_;
  std::vector<MemoryId> found;
  for (std::size_t i = first; i < first + memories_per_node_; ++i) {
    if (memories_[i].kind == kind && access(id, MemoryId(i))) found.push_back(MemoryId(i));
  }
  std::stable_sort(found.begin(), found.end(), [&](MemoryId a, MemoryId b) {
    return ((*this)[a].socket == p.socket) > ((*this)[b].socket == p.socket);
  });
  return found;
}

Route Machine::route(MemoryId from, MemoryId to) const {
  const std::size_t a = from.value % memories_per_node_, z = to.value % memories_per_node_;
  const std::uint32_t source = memories_[from.value].node, target = memories_[to.value].node;
  Route r;
  const auto append = [&r, this](const LocalRoute& part, std::uint32_t node) {
    const std::size_t first = std::size_t {node} * channels_per_node_;
    for (std::size_t i = 0; i < part.count; ++i) r.channels[r.count++] = ChannelId(first + part.channels[i]);
    r.latency += part.latency;
  };
  if (source == target) {
    const LocalRoute& local = within_[a * memories_per_node_ + z];
    append(local, source);
    r.bandwidth = local.bandwidth;
    return r;
  }
  append(out_[a], source);
  append(in_[z], target);
  r.inter_node = true;
  r.bandwidth = std::min(out_[a].bandwidth, in_[z].bandwidth);
  r.latency += network_latency_;
  return r;
}

}  // namespace mapwright::machine
