// engine/host/stream.h - the operations of a plan as one long sequence, loops multiplied out but never stored.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/plan.h"

namespace mapwright::engine::host {

using Position = std::uint64_t;  // in the sequence of executed operations

// An operation in one repetition of its segment.
struct Place {
  plan::OpIndex op = 0;
  std::uint32_t segment = 0;
  std::uint64_t repetition = 0;
};

class Stream {
 public:
  explicit Stream(const plan::Plan& plan);
  Position size() const { return starts_.back(); }
  // The place after `p`, in order.
  Place next(Place p) const;
  // The position of `op` in the last repetition of its segment.
  Position last(plan::OpIndex op) const;
  std::uint32_t segment_of(plan::OpIndex op) const;
  // What operation `op`, named as a predecessor of the operation at (`place`, `position`), means.
  Position predecessor(const Place& place, Position position, plan::OpIndex op, bool carried) const;

 private:
  const plan::Plan* plan_;
  std::vector<Position> starts_;  // of each segment, and the end
};

// Calls f(Position) for everything that must have ended before an operation starts: its edges (mapping edges too: an
// operation that is not mapped does not start), the parent task, and the fence and gate of its launch. `as_mapped`: copies,
// folds, fills and reclaims also wait for what the mapping of their task waits for, the parent and InstanceLimit, as in a
// runtime that issues them then. Without it they run as early as the data allow, which finds more mistakes of plans.
template <typename F>
void for_each_predecessor(const plan::Plan& plan, const Stream& stream, const Place& place, Position position, bool as_mapped, F&& f) {
  for (const plan::Edge& e : plan.predecessors(place.op)) {
    f(stream.predecessor(place, position, e.op, e.carried != 0));
  }
  const plan::Op& op = plan.ops[place.op];
  const bool launched = op.kind == plan::OpKind::Task || op.kind == plan::OpKind::Reclaim || plan::moves_data(op.kind);
  if (!launched || op.record == plan::kNone) return;
  const plan::LaunchRecord& record = plan.records[op.record];
  if (record.parent != plan::kNoOp && (as_mapped || op.kind == plan::OpKind::Task)) {
    f(stream.predecessor(place, position, record.parent, false));
  }
  if (as_mapped && op.issued) {
    for (const plan::Edge& e : plan.predecessors(plan.issuer(place.op))) {
      if (e.mapping != 0) f(stream.predecessor(place, position, e.op, e.carried != 0));
    }
  }
  if (record.fence != plan::kNoOp) f(stream.predecessor(place, position, record.fence, record.fence_carried));
  if (record.gate != plan::kNoOp) f(stream.predecessor(place, position, record.gate, record.gate_carried));
}

}  // namespace mapwright::engine::host
