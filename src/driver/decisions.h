// driver/decisions.h - small helpers of the commands that show decisions (why, diff).
#pragma once

#include <string>
#include <vector>

#include "driver/console.h"
#include "plan/plan.h"
#include "program/program.h"
#include "sema/sema.h"

namespace mapwright::driver {

// Launches of a program by their ids.
std::vector<const program::Launch*> launches_by_id(const program::Program& program);

// How a mapper can call argument `i` of a launch.
sema::ArgumentNames argument_names(const program::Program& program, const program::Launch& launch, std::size_t i);


// Reports a task that the program does not have, with the nearest name; returns kUsage.
int unknown_task(const program::Program& program, const std::string& task, Console& console);

}  // namespace mapwright::driver
