// What a plan moves, counted from its operations alone.
#include <algorithm>
#include <map>

#include "plan/plan.h"

namespace mapwright::plan {

namespace {

struct PairKey {
  MemoryKind from, to;
  bool inter_node;
  friend auto operator<=>(const PairKey&, const PairKey&) = default;
};

void count(Traffic::Row& row, OpKind kind, std::int64_t bytes, bool same_memory, bool inter_node) {
  if (kind == OpKind::Fold) row.folded += bytes;
  if (!same_memory) {
    row.between += bytes;
    (inter_node ? row.inter_node : row.intra_node) += bytes;
    row.copies += 1;
  } else if (kind == OpKind::Copy) {
    row.inside += bytes;
    row.copies += 1;
  }
}

void add(Traffic::Row& sum, const Traffic::Row& row, std::int64_t times) {
  sum.between += row.between * times;
  sum.intra_node += row.intra_node * times;
  sum.inter_node += row.inter_node * times;
  sum.inside += row.inside * times;
  sum.folded += row.folded * times;
  sum.copies += row.copies * times;
}

}  // namespace

Traffic traffic(const Plan& plan, const program::Program& program, const machine::Machine& machine, std::string_view window) {
  Traffic t;
  t.by_region.resize(program.regions.size());
  t.received.resize(machine.memories().size());
  std::map<PairKey, Traffic::Row> pairs;
  const auto label = static_cast<std::uint32_t>(
      std::find(plan.timer_labels.begin(), plan.timer_labels.end(), window) - plan.timer_labels.begin());
  bool open = window.empty();
  for (const Segment& segment : plan.segments) {
    // Whether the window is open at the end of the segment follows from its last timer, so one pass over a repeated
    // segment decides all repetitions but the first; a window that is only partly inside is counted by the second pass.
    const std::uint64_t passes = std::min<std::uint64_t>(segment.repeat, 2);
    for (std::uint64_t pass = 0; pass < passes; ++pass) {
      const auto times = static_cast<std::int64_t>(pass == 0 ? 1 : segment.repeat - 1);
      for (OpIndex i = segment.begin; i < segment.end; ++i) {
        const Op& op = plan.ops[i];
        if (op.kind == OpKind::TimerStart && op.a == label) open = true;
        if (op.kind == OpKind::TimerStop && op.a == label) open = false;
        if (!open || (op.kind != OpKind::Copy && op.kind != OpKind::Fold)) continue;
        const Transfer& transfer = plan.transfers[op.detail];
        const Instance &from = plan.instances[op.a], &to = plan.instances[op.b];
        const bool inter_node = machine[from.memory].node != machine[to.memory].node;
        Traffic::Row row;
        count(row, op.kind, transfer.bytes, from.memory == to.memory, inter_node);
        add(t.total, row, times);
        add(t.by_region[from.region.value], row, times);
        add(pairs[{machine[from.memory].kind, machine[to.memory].kind, inter_node}], row, times);
        t.received[to.memory.value] += row.between * times;
      }
    }
  }
  for (const auto& [key, row] : pairs) t.by_pair.push_back({key.from, key.to, key.inter_node, row});
  return t;
}

}  // namespace mapwright::plan
