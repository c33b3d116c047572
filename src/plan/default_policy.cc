#include "plan/default_policy.h"

namespace mapwright::plan {

using machine::ProcessorId;

std::span<const MemoryKind> default_memories(ProcessorKind kind) {
  static constexpr std::array kGpu {MemoryKind::FbMem};
  static constexpr std::array kOmp {MemoryKind::SockMem, MemoryKind::SysMem};
  static constexpr std::array kHost {MemoryKind::SysMem};
  if (kind == ProcessorKind::Gpu) return kGpu;
  if (kind == ProcessorKind::Omp) return kOmp;
  return kHost;
}

std::vector<ProcessorId> spread_blocks(const Rect& domain, std::span<const ProcessorId> targets) {
  const Point extents = domain.extents();
  const Point factors = sema::greedy_split(static_cast<std::int64_t>(targets.size()), extents);
  std::vector<ProcessorId> placed;
  placed.reserve(static_cast<std::size_t>(domain.volume()));
  for_each_point(domain, [&](const Point& p) {
    std::int64_t block = 0;
    for (int d = domain.dim() - 1; d >= 0; --d) {
      block = block * factors[d] + (p[d] - domain.lo[d]) * factors[d] / extents[d];
    }
    placed.push_back(targets[static_cast<std::size_t>(block)]);
  });
  return placed;
}

std::vector<ProcessorId> spread_sharded(const Rect& domain, const machine::Machine& machine, ProcessorKind kind) {
  const std::int64_t volume = domain.volume(), spaces = machine.spaces();
  const std::int64_t processors = machine.processors_per_space(kind);
  std::vector<ProcessorId> placed;
  placed.reserve(static_cast<std::size_t>(volume));
  for (std::int64_t i = 0; i < volume; ++i) {
    const std::int64_t space = i % spaces, rank = i / spaces;
    const std::int64_t here = (volume - space + spaces - 1) / spaces;  // points of this space
    const auto index = static_cast<std::uint32_t>(rank * processors / here);
    placed.push_back(*machine.find(kind, machine::SpaceId(static_cast<std::size_t>(space)), index));
  }
  return placed;
}

}  // namespace mapwright::plan
