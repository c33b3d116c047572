#include "engine/legion/machine_view.h"

#include <algorithm>

namespace mapwright::engine::legion {

using Legion::Machine;
using Legion::Memory;
using Legion::Processor;

Processor::Kind legion_kind(ProcessorKind k) {
  switch (k) {
    case ProcessorKind::Cpu: return Processor::LOC_PROC;
    case ProcessorKind::Gpu: return Processor::TOC_PROC;
    case ProcessorKind::Omp: return Processor::OMP_PROC;
    case ProcessorKind::Io: return Processor::IO_PROC;
    case ProcessorKind::Py: return Processor::PY_PROC;
    case ProcessorKind::Proc: return Processor::PROC_SET;
  }
  return Processor::NO_KIND;
}

std::optional<ProcessorKind> kind_of(Processor p) {
  for (const ProcessorKind k : kAllProcessorKinds) {
    if (legion_kind(k) == p.kind()) return k;
  }
  return std::nullopt;
}

Memory::Kind legion_kind(MemoryKind k) {
  switch (k) {
    case MemoryKind::SysMem: return Memory::SYSTEM_MEM;
    case MemoryKind::FbMem: return Memory::GPU_FB_MEM;
    case MemoryKind::ZcMem: return Memory::Z_COPY_MEM;
    case MemoryKind::SockMem: return Memory::SOCKET_MEM;
    case MemoryKind::RdMem: return Memory::REGDMA_MEM;
    case MemoryKind::Virtual: break;
  }
  return Memory::NO_MEMKIND;
}

std::optional<MemoryKind> memory_kind(Memory m) {
  for (const MemoryKind k : kAllMemoryKinds) {
    if (k != MemoryKind::Virtual && legion_kind(k) == m.kind()) return k;
  }
  return std::nullopt;
}

std::string memory_name(Memory m) {
  if (const auto kind = memory_kind(m)) return std::string(to_string(*kind));
  switch (m.kind()) {
    case Memory::DISK_MEM: return "DISK";
    case Memory::HDF_MEM: return "HDF";
    case Memory::FILE_MEM: return "FILE";
    case Memory::GLOBAL_MEM: return "GLOBAL";
    case Memory::GPU_MANAGED_MEM: return "MANAGED";
    default: return "OTHER";
  }
}

MachineView::MachineView(Machine machine) : machine_(machine) {
  shape_.machine_name = "this Legion run";
  shape_.address_spaces = static_cast<std::int64_t>(machine.get_address_space_count());
  const auto spaces = static_cast<std::size_t>(shape_.address_spaces);
  for (const ProcessorKind k : kAllProcessorKinds) {
    auto& by_space = processors_[index(k)];
    by_space.resize(spaces);
    Machine::ProcessorQuery query(machine);  // named: only_kind() returns a reference to it
    query.only_kind(legion_kind(k));
    for (const Processor p : query) by_space[p.address_space()].push_back(p);
    std::size_t fewest = by_space.front().size();
    for (std::size_t s = 0; s < spaces; ++s) {
      std::sort(by_space[s].begin(), by_space[s].end());
      uneven_ = uneven_ || by_space[s].size() != by_space.front().size();
      fewest = std::min(fewest, by_space[s].size());
      for (std::size_t i = 0; i < by_space[s].size(); ++i) {
        points_[by_space[s][i].id] = {k, static_cast<std::uint32_t>(s), static_cast<std::uint32_t>(i)};
      }
    }
    shape_.processors[index(k)] = static_cast<std::int64_t>(fewest);
  }
  std::vector<Machine::ProcessorMemoryAffinity> reach;
  machine.get_proc_mem_affinity(reach, Processor::NO_PROC, Memory::NO_MEMORY, false);
  for (const auto& a : reach) {
    if (a.m.capacity() > 0 && a.m.address_space() == a.p.address_space()) reach_[a.p.id].push_back({a.m, a.bandwidth});
  }
  for (auto& [id, memories] : reach_) {
    std::stable_sort(memories.begin(), memories.end(), [](const Reach& a, const Reach& b) { return a.bandwidth > b.bandwidth; });
  }
  std::vector<Machine::MemoryMemoryAffinity> channels;
  machine.get_mem_mem_affinity(channels, Memory::NO_MEMORY, Memory::NO_MEMORY, false);
  for (const auto& c : channels) {
    unsigned& best = channels_[{c.m1.id, c.m2.id}];
    best = std::max(best, c.bandwidth);
  }
}

std::optional<sema::MachinePoint> MachineView::point(Processor p) const {
  const auto found = points_.find(p.id);
  if (found == points_.end()) return std::nullopt;
  return found->second;
}

std::optional<Memory> MachineView::memory(Processor p, MemoryKind kind) const {
  const auto found = reach_.find(p.id);
  if (kind == MemoryKind::Virtual || found == reach_.end()) return std::nullopt;
  for (const Reach& r : found->second) {
    if (r.memory.kind() == legion_kind(kind)) return r.memory;
  }
  return std::nullopt;
}

bool MachineView::addressable(Processor p, Memory m) const {
  const auto found = reach_.find(p.id);
  return found != reach_.end() && std::any_of(found->second.begin(), found->second.end(), [m](const Reach& r) { return r.memory == m; });
}

unsigned MachineView::bandwidth(Memory from, Memory to) const {
  const auto found = channels_.find({from.id, to.id});
  return found == channels_.end() ? 0 : found->second;
}

}  // namespace mapwright::engine::legion
