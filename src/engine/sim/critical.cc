#include "engine/sim/critical.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace mapwright::engine::sim {

NodeId Chains::add(Node node) {
  hold(node.parent);
  node.references = 1;
  if (free_.empty()) {
    nodes_.push_back(node);
    return static_cast<NodeId>(nodes_.size() - 1);
  }
  const NodeId n = free_.back();
  free_.pop_back();
  nodes_[n] = node;
  return n;
}

void Chains::drop(NodeId n) {
  while (n != kRoot && --nodes_[n].references == 0) {
    free_.push_back(n);
    n = nodes_[n].parent;
  }
}

std::uint32_t Chains::add(Jump jump) {
  for (const Jump::Place& p : jump.places) hold(p.after);  // and so its ancestors
  jumps_.push_back(std::move(jump));
  return static_cast<std::uint32_t>(jumps_.size() - 1);
}

namespace {

using What = CriticalShare::What;

// Time of the chain inside the intervals, by operation.
struct Spent {
  Ticks mapping = 0, head = 0, body = 0;  // head: what came before a task's own work
};

class Shares {
 public:
  Shares(std::span<const Interval> intervals, const plan::Plan& plan, const machine::Machine& machine,
         const Workload& workload, CostModel& costs)
      : intervals_(intervals), plan_(plan), machine_(machine), workload_(workload), costs_(costs), spent_(plan.ops.size()) {}

  // One step of the chain, from the end of its parent to its own.
  void add(const Chains::Node& node, Ticks begin, Ticks end) {
    Spent& spent = spent_[node.op];
    if (node.mapping) {
      spent.mapping += inside(begin, end);
      return;
    }
    const OpInfo& info = workload_.ops[node.op];
    Ticks start = begin;
    if (info.kind == plan::OpKind::Task) {
      const TaskCost& cost =
          info.varies ? costs_.transient(node.op, node.rep) : costs_.cost(workload_.cost_ids[node.op]);
      start = std::max(begin, end - workload_.clock.ticks(cost.seconds));
    }
    spent.head += inside(begin, start);
    spent.body += inside(start, end);
  }

  std::vector<CriticalShare> take() {
    for (plan::OpIndex i = 0; i < spent_.size(); ++i) attribute(i, spent_[i]);
    std::vector<CriticalShare> all;
    for (auto& [key, s] : shares_) all.push_back(std::move(s));
    std::stable_sort(all.begin(), all.end(),
                     [](const CriticalShare& a, const CriticalShare& b) { return a.seconds > b.seconds; });
    return all;
  }

 private:
  Ticks inside(Ticks begin, Ticks end) const {
    const auto after = std::partition_point(intervals_.begin(), intervals_.end(),
                                            [end](const Interval& i) { return i.begin < end; });
    Ticks time = 0;
    for (auto i = after; i != intervals_.begin() && std::prev(i)->end > begin; --i) {
      time += std::min(end, std::prev(i)->end) - std::max(begin, std::prev(i)->begin);
    }
    return time;
  }

  double seconds(Ticks t) const { return workload_.clock.seconds(t); }

  void attribute(plan::OpIndex i, const Spent& spent) {
    const plan::Op& op = plan_.ops[i];
    const OpInfo& info = workload_.ops[i];
    share(seconds(spent.mapping), What::Mapping, op.record, {}, plan_.decisions->replicated_origin);
    switch (info.kind) {
      case plan::OpKind::Task: return task(i, spent);
      case plan::OpKind::Copy:
      case plan::OpKind::Fill: return transfer(i, seconds(spent.body), What::Copy);
      case plan::OpKind::Fold: return transfer(i, seconds(spent.body), What::Fold);
      case plan::OpKind::Future: return share(seconds(spent.body), What::Wait, op.record, "future", {});
      default: return share(seconds(spent.body), What::Wait, op.record, {}, {});
    }
  }

  void task(plan::OpIndex i, const Spent& spent) {
    if (!(spent.head + spent.body > 0)) return;
    const plan::Op& op = plan_.ops[i];
    const plan::LaunchDecision& decision = sites_.decision(op.record);
    const TaskCost& cost = costs_.cost(workload_.cost_ids[i]);
    share(seconds(spent.head), What::Launch, op.record, {}, decision.kind_origin);
    if (cost.compute >= cost.seconds) return share(seconds(spent.body), What::Compute, op.record, {}, decision.kind_origin);
    // Bound by the memory with the largest sum; its arguments share the time by their traffic.
    const program::Launch& launch = *sites_.of_record(op.record).launch;
    std::map<std::uint32_t, double> by_memory;
    const auto memory_of = [&](std::size_t a) {
      const plan::InstanceId instance = plan_.task_arguments[op.detail + a].instance;
      return instance.value == plan::kNone ? plan::kNone : plan_.instances[instance.value].memory.value;
    };
    for (std::size_t a = 0; a < cost.arguments.size(); ++a) by_memory[memory_of(a)] += cost.arguments[a];
    const auto slowest = std::max_element(by_memory.begin(), by_memory.end(),
                                          [](const auto& a, const auto& b) { return a.second < b.second; });
    for (std::size_t a = 0; a < cost.arguments.size(); ++a) {
      if (memory_of(a) != slowest->first) continue;
      const plan::TaskArgument& argument = plan_.task_arguments[op.detail + a];
      share(seconds(spent.body) * cost.arguments[a] / slowest->second, What::Memory, op.record, launch.arguments[a].name,
            decision.arguments[a].memories[argument.candidate].origin);
    }
  }

  void transfer(plan::OpIndex i, double seconds, What what) {
    const Path& path = workload_.paths[workload_.use_of(i).resource];
    const machine::Channel* slowest = nullptr;
    for (const std::uint32_t c : path.list()) {
      const machine::Channel& channel = machine_.channels()[c];
      if (!slowest || channel.bandwidth < slowest->bandwidth) slowest = &channel;
    }
    const std::uint32_t record = plan_.ops[i].record;
    plan::Origin origin;
    if (record != plan::kNone) origin = sites_.decision(record).placement_origin;
    share(seconds, what, record, slowest ? slowest->name : std::string(), origin);
  }

  void share(double seconds, What what, std::uint32_t record, std::string detail, const plan::Origin& origin) {
    if (!(seconds > 0)) return;
    const std::string name(sites_.task(record));
    const auto span = origin ? std::tuple(true, origin->begin, origin->end) : std::tuple(false, 0u, 0u);
    auto [it, fresh] = shares_.try_emplace(Key(what, name, detail, span));
    if (fresh) it->second = {.what = what, .task = name, .detail = std::move(detail), .seconds = 0, .statement = origin};
    it->second.seconds += seconds;
  }

  using Key = std::tuple<What, std::string, std::string, std::tuple<bool, std::uint32_t, std::uint32_t>>;
  std::span<const Interval> intervals_;
  const plan::Plan& plan_;
  const machine::Machine& machine_;
  const Workload& workload_;
  CostModel& costs_;
  const Sites& sites_ = costs_.sites();
  std::vector<Spent> spent_;  // by operation
  std::map<Key, CriticalShare> shares_;
};

}  // namespace

std::vector<CriticalShare> critical_shares(const Chains& chains, NodeId last, std::span<const Interval> intervals,
                                           const plan::Plan& plan, const machine::Machine& machine,
                                           const Workload& workload, CostModel& costs) {
  Shares shares(intervals, plan, machine, workload, costs);
  chains.for_each(last, [&](const Chains::Node& node, Ticks begin, Ticks end) { shares.add(node, begin, end); });
  return shares.take();
}

}  // namespace mapwright::engine::sim
