// engine/sim/profile.h - where the time of each task name went, and how busy the channels were.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "engine/sim/workload.h"

namespace mapwright::engine::sim {

// Sums the costs of point tasks by task name and processor kind.
class TaskTotals {
 public:
  TaskTotals(const plan::Plan& plan, const machine::Machine& machine, const Sites& sites);
  // `times` executions of task `op`.
  void add(plan::OpIndex op, const TaskCost& cost, std::uint64_t times);
  std::vector<TaskProfile> take();  // by task, then kind

 private:
  struct Row {
    TaskProfile profile;
    std::vector<std::pair<std::size_t, MemoryKind>> keys;  // parallel to profile.arguments: position, memory
  };
  const plan::Plan& plan_;
  const machine::Machine& machine_;
  const Sites& sites_;
  std::map<std::pair<std::uint32_t, ProcessorKind>, Row> rows_;
};

// Channels that were used, descending by busy time, then by name.
std::vector<Profile::ChannelUse> channel_use(const machine::Machine& machine, const std::vector<double>& busy,
                                             const std::vector<std::int64_t>& bytes);

}  // namespace mapwright::engine::sim
