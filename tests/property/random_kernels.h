// Kernels for random programs, so that they can be executed.
#pragma once

#include "program/program.h"

namespace mapwright::testing {

// Gives every launch of a task without a body a task of its own whose kernel reads, updates, overwrites or reduces every
// element of its arguments. All values are small integers, so that every order of reductions gives the same bits.
void add_kernels(program::Program& program);

}  // namespace mapwright::testing
