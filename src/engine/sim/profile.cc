#include "engine/sim/profile.h"

#include <algorithm>

namespace mapwright::engine::sim {

TaskTotals::TaskTotals(const plan::Plan& plan, const machine::Machine& machine, const Sites& sites)
    : plan_(plan), machine_(machine), sites_(sites) {}

void TaskTotals::add(plan::OpIndex op, const TaskCost& cost, std::uint64_t times) {
  const plan::Op& task = plan_.ops[op];
  const program::Launch& launch = *sites_.of_record(task.record).launch;
  const ProcessorKind kind = machine_[machine::ProcessorId(task.b)].kind;
  Row& row = rows_[{launch.task.value, kind}];
  TaskProfile& p = row.profile;
  if (p.task.empty()) {
    p.task = sites_.task(task.record);
    p.kind = kind;
  }
  const double n = static_cast<double>(times), overhead = machine_.compute(kind).launch.value;
  p.points += static_cast<std::int64_t>(times);
  p.seconds += n * (cost.seconds + overhead);
  p.compute_seconds += n * cost.compute;
  p.overhead_seconds += n * overhead;
  for (std::size_t i = 0; i < launch.arguments.size(); ++i) {
    const plan::InstanceId instance = plan_.task_arguments[task.detail + i].instance;
    if (instance.value == plan::kNone) continue;
    const std::pair key(i, machine_[plan_.instances[instance.value].memory].kind);
    auto at = static_cast<std::size_t>(std::find(row.keys.begin(), row.keys.end(), key) - row.keys.begin());
    if (at == row.keys.size()) {
      row.keys.push_back(key);
      p.arguments.push_back({.argument = launch.arguments[i].name, .memory = key.second});
    }
    p.arguments[at].seconds += n * cost.arguments[i];
    p.arguments[at].bytes += static_cast<std::int64_t>(times) * cost.bytes[i];
  }
}

std::vector<TaskProfile> TaskTotals::take() {
  std::vector<TaskProfile> all;
  for (auto& [key, row] : rows_) all.push_back(std::move(row.profile));
  return all;
}

std::vector<Profile::ChannelUse> channel_use(const machine::Machine& machine, const std::vector<double>& busy,
                                             const std::vector<std::int64_t>& bytes) {
  std::vector<Profile::ChannelUse> all;
  for (std::size_t c = 0; c < busy.size(); ++c) {
    if (busy[c] > 0) all.push_back({machine.channels()[c].name, busy[c], bytes[c]});
  }
  std::sort(all.begin(), all.end(), [](const Profile::ChannelUse& a, const Profile::ChannelUse& b) {
    return a.busy_seconds != b.busy_seconds ? a.busy_seconds > b.busy_seconds : a.channel < b.channel;
  });
  return all;
}

}  // namespace mapwright::engine::sim
