// engine/legion/functor.h - which shard of a replicated task analyses a point: the node that the mapper places it on. Private.
#pragma once

#include <legion.h>
#include <memory>
#include <mutex>

#include "engine/legion/policy.h"

namespace mapwright::engine::legion {

// The context of a top-level task, the same on every node: placement must not depend on the shard that asks.
sema::TaskContext top_level_context();

// Shard s is on address space s, which replicate_task() sees to and select_sharding_functor() checks.
class Functor final : public Legion::ShardingFunctor {
 public:
  explicit Functor(TaskRules rules) : rules_(std::move(rules)) {}
  Legion::ShardID shard(const Legion::DomainPoint& point, const Legion::Domain& domain, std::size_t shards) override;
  bool is_invertible() const override { return true; }
  void invert(Legion::ShardID shard, const Legion::Domain& sharding_domain, const Legion::Domain& domain, std::size_t shards,
              std::vector<Legion::DomainPoint>& points) override;

 private:
  std::shared_ptr<const Placed> placed(const Rect& domain);

  const TaskRules rules_;  // without a map: the default policy
  std::mutex mutex_;
  Rect last_domain_;
  std::shared_ptr<const Placed> last_;
};

}  // namespace mapwright::engine::legion
