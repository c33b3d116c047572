// plan/default_policy.h - where a launch goes on a machine when a mapper says nothing. The empty mapper is this policy, on
// every engine. Private to plan; the rules themselves are in plan/choice.h.
#pragma once

#include <span>
#include <vector>

#include "machine/machine.h"
#include "program/program.h"

namespace mapwright::plan {

// Processor of every point of `domain` (first dimension fastest) spread over `targets`: blocks by greedy_split, block
// b (first dimension fastest) on targets[b].
std::vector<machine::ProcessorId> spread_blocks(const Rect& domain, std::span<const machine::ProcessorId> targets);

// Placement of a top-level index launch under a replicated top-level task on several address spaces: point i goes to
// space i mod spaces; the points of a space, in order, go in equal runs to its processors of `kind`.
std::vector<machine::ProcessorId> spread_sharded(const Rect& domain, const machine::Machine& machine, ProcessorKind kind);

}  // namespace mapwright::plan
