#include "plan/default_policy.h"

#include "plan/choice.h"

namespace mapwright::plan {

using machine::ProcessorId;

std::vector<ProcessorId> spread_blocks(const Rect& domain, std::span<const ProcessorId> targets) {
  std::vector<ProcessorId> placed;
  placed.reserve(static_cast<std::size_t>(domain.volume()));
  for (const std::uint32_t block : spread_blocks(domain, static_cast<std::int64_t>(targets.size()))) placed.push_back(targets[block]);
  return placed;
}

std::vector<ProcessorId> spread_sharded(const Rect& domain, const machine::Machine& machine, ProcessorKind kind) {
  const std::int64_t volume = domain.volume();
  std::vector<ProcessorId> placed;
  placed.reserve(static_cast<std::size_t>(volume));
  for (std::int64_t i = 0; i < volume; ++i) {
    const Shard s = spread_sharded(i, volume, machine.spaces(), machine.processors_per_space(kind));
    placed.push_back(*machine.find(kind, machine::SpaceId(s.space), s.index));
  }
  return placed;
}

}  // namespace mapwright::plan
