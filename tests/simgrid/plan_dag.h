// tests/simgrid/plan_dag.h - a plan and the order that the simulator resolved, as a DAG of activities.
// Written from plan/plan.h and docs/models/ alone: of the simulator it takes the durations of tasks (task_cost), the order
// on each processor and the order of mapping, never a time, a rate or a successor.
#pragma once

#include "dag.h"
#include "engine/sim/sim.h"

namespace mapwright::referee {

struct PlanDag {
  Dag dag;
  std::vector<NodeIndex> first, last;  // by operation: from its first byte or instruction on, and the end of it
  std::vector<NodeIndex> mapping;      // by operation: the mapping of a task; kNoNode for others
  static constexpr NodeIndex kNoNode = 0xffffffff;
  static constexpr NodeIndex kIgnored = 0xfffffffe;  // `last` of timers: nothing waits for them
};

// `plan`: unrolled (plan::Options::unroll). `timing`: simulated with the timeline.
PlanDag to_dag(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine,
               const engine::sim::Timing& timing);

// Without delays and mapping: only tasks and copies take time. The least that a simulator can be asked to do.
Dag lean(Dag dag, const PlanDag& of);

}  // namespace mapwright::referee
