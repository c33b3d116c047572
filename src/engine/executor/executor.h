// engine/executor/executor.h - programs with kernels on Legion: the engine `legion`.
// In:  EvaluationRequest.   Out: Execution, measured. Every request starts `mapwright-legion` (built where Legion is, from
// run.h) in a process group of its own, or a launcher that starts it on every node.
// Not here: mapping (engine/legion), any other program than the shipped ones (engine/command).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace mapwright::engine::executor {

inline constexpr const char* kExecutorName = "mapwright-legion";

struct Options {
  std::string executable;         // of mapwright-legion
  std::string launcher;           // words before it, such as "mpirun -n {ranks}"; {ranks} becomes the number of address spaces
  std::string legion_args;        // further options of Legion, after ours, so that they win
  std::string log;                // file for the log of decisions, `%` becomes the rank; empty: none
  std::string profile;            // file for what Legion's profiling saw (an Execution), likewise; Legion 25.06 cannot profile copies of several processes
  bool verify = true;             // compare with the sequential execution, and run the program's check
  bool trace = true;              // use Legion's tracing
  Seconds timeout {600};          // when the request has no deadline
  std::string directory;          // of temporary files, see TemporaryFolder; with a launcher all nodes must see it
  std::int64_t max_output = 256 << 10;
};

// Finds mapwright-legion for the program at `executable`: beside it. Error MW6401.
Expected<std::string> find_executor(const std::string& executable);

// Options of Legion that give a process the processors and memories of one address space of the machine; host memories at
// most as large as this host can spare for all of them, and with several processes, which touch every page when they start,
// at most 64 MiB and eight times what the regions of the program hold.
std::vector<std::string> legion_arguments(const machine::Machine& machine, const program::Program& program);

// Outcomes beside those of the mapper's static verification: unsupported (MW6101 a program without kernels, MW6103 points
// on GPUs, MW6403), timeout (MW6106), crashed (MW6201), invalid_mapping and out_of_memory (what the mapper library found,
// with its line), execution_error (MW6402 an error of Legion, MW6104 a kernel, MW6202), wrong_result (MW6105). Not
// deterministic; bytes moved and memory peaks are the plan's.
std::unique_ptr<Engine> make_engine(Options options);

}  // namespace mapwright::engine::executor
