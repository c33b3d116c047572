// engine/executor/run.h - a program with kernels executed by Legion; only where Legion is.
// In:  Program, the command line of this process.   Out: a report file per process (read by make_engine() of executor.h).
// Not here: mapping, which is the mapper library's (engine/legion). Start at: run().
#pragma once

#include <string>
#include <vector>

#include "program/program.h"

namespace mapwright::engine::executor {

struct RunOptions {
  std::string report;  // file; `%` becomes the rank, without one ranks above 0 append ".RANK"
  bool verify = true;  // compare all regions with the sequential execution, and run the program's check
  bool gpus = false;   // GPU variants have kernels for GPUs (apps/gpu.h); else Legion gets none
  bool trace = true;   // use Legion's tracing for the loops that the program marks
};

// Runs the program; `arguments` (with the program's name) are for Legion and the mapper library. Returns the exit status.
int run(program::Program program, const RunOptions& options, std::vector<std::string> arguments);

}  // namespace mapwright::engine::executor
