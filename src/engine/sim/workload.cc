#include "engine/sim/workload.h"

#include <algorithm>

#include "base/base.h"

namespace mapwright::engine::sim {

std::uint32_t Workload::item_of(plan::OpIndex task) const {
  const plan::OpIndex parent = plan->records[record_of(task)].parent;
  const std::vector<std::uint32_t>& offsets = parent == plan::kNoOp ? top_offsets : context_offsets;
  std::size_t list = std::size_t {segment_of(task)} * spaces + use_of(task).space;
  if (parent != plan::kNoOp) list = std::lower_bound(contexts.begin(), contexts.end(), std::pair(parent, 0u))->second;
  const auto end = items.begin() + offsets[list + 1];
  const auto it = std::lower_bound(items.begin() + offsets[list], end, task, [](const Item& i, plan::OpIndex op) { return i.op < op; });
  MW_CHECK(it != end && it->op == task, "operation {} is no task that is mapped", task);
  return static_cast<std::uint32_t>(it - items.begin());
}

std::uint32_t Workload::gate_index(plan::OpIndex op) const {
  const auto it = std::lower_bound(gates.begin(), gates.end(), op, [](const Gate& g, plan::OpIndex o) { return g.op < o; });
  MW_CHECK(it != gates.end() && it->op == op, "operation {} is no gate", op);
  return static_cast<std::uint32_t>(it - gates.begin());
}

}  // namespace mapwright::engine::sim
