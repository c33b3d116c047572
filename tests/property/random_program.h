// Random programs, machines and decisions for property tests: everything from one seed.
#pragma once

#include <memory>

#include "machine/machine.h"
#include "plan/plan.h"
#include "program/program.h"

namespace mapwright::testing {

// `nodes` nodes of two CPUs and two GPUs, every memory of the same capacity in MiB. `workers` 0: as many as there is work
// for. `quick_mapping`: utility processors take a thousandth of the usual time.
machine::Machine small_machine(int nodes, int capacity_mib, int workers = 0, bool quick_mapping = false);

// One- and two-dimensional regions, block, aliased and sparse partitions, read, write and reduce arguments, nested
// tasks, loops inside loops, fills and fences. Ends with a launch that reads everything.
// Loops of the top level run up to `longest_loop` times.
program::Program random_program(std::uint64_t seed, std::int64_t longest_loop = 9);

// Decisions that a mapper could have made: processors, memory lists, layouts, limits and collection at random. A large
// alignment pads the small instances, so that memories stated in MiB run short of space.
std::shared_ptr<const plan::Decisions> random_decisions(std::uint64_t seed, const program::Program& program,
                                                        const machine::Machine& machine, std::int64_t alignment = 1);

}  // namespace mapwright::testing
