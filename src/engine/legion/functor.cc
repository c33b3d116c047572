#include "engine/legion/functor.h"

#include "engine/legion/convert.h"
#include "engine/legion/session.h"

namespace mapwright::engine::legion {

sema::TaskContext top_level_context() {
  sema::TaskContext top;
  top.name = "top-level task";
  top.kind = ProcessorKind::Cpu;
  top.processor = sema::MachinePoint {ProcessorKind::Cpu, 0, 0};
  return top;
}

std::shared_ptr<const Placed> Functor::placed(const Rect& domain) {
  {
    const std::scoped_lock lock(mutex_);
    if (last_ && last_domain_ == domain) return last_;
  }
  const sema::TaskContext top = top_level_context();
  Launch launch;
  launch.domain = domain;
  launch.parent = &top;
  launch.replicated = true;
  auto placed = Session::get().policy().place(rules_, launch);
  if (!placed) Session::get().fail(placed.error());
  const std::scoped_lock lock(mutex_);
  last_domain_ = domain;
  last_ = *placed;
  return last_;
}

Legion::ShardID Functor::shard(const Legion::DomainPoint& point, const Legion::Domain& domain, std::size_t shards) {
  const Rect rect = to_rect(domain);
  const std::int64_t at = rect.linearize(to_point(point));
  // The default policy needs no table, nor to know the processors of a kind.
  if (!rules_.index_map) return static_cast<Legion::ShardID>(at % static_cast<std::int64_t>(shards));
  return placed(rect)->points[static_cast<std::size_t>(at)].space;
}

void Functor::invert(Legion::ShardID shard_id, const Legion::Domain& sharding_domain, const Legion::Domain& domain, std::size_t shards,
                     std::vector<Legion::DomainPoint>& points) {
  for (Legion::Domain::DomainPointIterator it(domain); it; it.step()) {
    if (shard(it.p, sharding_domain, shards) == shard_id) points.push_back(it.p);
  }
}

}  // namespace mapwright::engine::legion
