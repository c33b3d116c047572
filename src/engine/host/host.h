// engine/host/host.h - executes a Plan for real on this host: kernels on worker threads, instances as allocations.
// Host memories are all DRAM, so its times say nothing about device memories; its numbers prove the plan's coherence.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace mapwright::engine::host {

// Runs functions; the executor behind the DAG. Two implementations: oneTBB, and plain threads (ThreadSanitizer does not
// understand TBB).
class Executor {
 public:
  virtual ~Executor() = default;
  // Enqueues `work`; may run it on any worker. Thread-safe, also from inside work.
  virtual void submit(std::function<void()> work) = 0;
  // Blocks until everything submitted, also from inside work, has run.
  virtual void wait() = 0;
};
// How many threads an executor that is asked for `workers` has: one per core for 0.
unsigned worker_count(unsigned workers);
std::unique_ptr<Executor> make_tbb_executor(unsigned workers);
std::unique_ptr<Executor> make_thread_executor(unsigned workers);
// One thread that takes the next piece of work at random: reorders whatever no dependence orders. For tests.
std::unique_ptr<Executor> make_shuffling_executor(std::uint64_t seed);

// Whether plain threads are the default of this build (MAPWRIGHT_HOST_EXECUTOR).
bool default_plain_threads();

struct Options {
  bool emulate_gpu = false;     // run points mapped to GPUs with their CPU kernels on workers that stand for GPUs
  unsigned workers = 0;         // 0: one per core; TBB never takes more
  bool plain_threads = default_plain_threads();
  std::optional<std::uint64_t> shuffle;  // use the shuffling executor with this seed
  bool verify = true;           // compare all regions bit for bit with the sequential execution, and run the check
  // For times instead of proofs: nothing is poisoned while it runs, instances that are never freed have their memory
  // before the clock starts, as in a runtime that allocates its memories at its start, and what serves a task waits for
  // what its mapping waits for.
  bool measure = false;
  bool record = false;          // fill Observed::operations
  std::int64_t max_bytes = 0;   // memory it may take; 0: nine tenths of what this host has to spare
  std::optional<Seconds> deadline;  // no operation starts after so much time
};

// What happened in a run, for proofs and tests.
struct Observed {
  double seconds = 0, makespan = 0;           // measured: timed window, whole execution
  std::int64_t bytes_copied = 0;              // really moved between different memories
  std::int64_t bytes_inside = 0, bytes_folded = 0;
  std::int64_t transposing_copies = 0, folds = 0, aliased_copies = 0, fall_throughs = 0, collected = 0, inter_node_copies = 0;
  std::vector<double> busy;                   // by ProcessorId
  std::vector<std::int64_t> points;
  std::vector<std::int64_t> memory_peak;      // by MemoryId: most bytes allocated at once, in the plan's sizes
  std::vector<TaskProfile> tasks;             // busy seconds and points by task and kind, in order of first launch
  std::vector<Event> events;                  // Options::record: of operations that take time, by end; of a task its kernel alone
  // First difference from the sequential execution, or data that the plan uses while they are invalid, or the complaint
  // of the program's check.
  std::optional<std::string> wrong;
};

// Executes. Every instance is its own allocation in its layout, poisoned with NaN bytes when fresh and when its data
// become invalid (docs/models/host.md). Errors: MW6101 a point needs a kernel that the program does not have, MW6102 more
// memory than this host has, MW6103 GPU points without emulate_gpu, MW6104 a kernel threw, MW6106 the deadline passed.
// Thread-safe. A kernel on an OMP processor may use as many threads as the machine's OMP processors have and not more than
// there are workers (one with Options::shuffle); every other kernel, and BLAS, has one.
Expected<Observed> execute(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine,
                           const Options& options);

// Refuses plans with GPU points unless Options::emulate_gpu (outcome unsupported). The child-process wrapper that
// protects the tuner is make_isolated() of engine/command.
std::unique_ptr<Engine> make_engine(Options options = {});

}  // namespace mapwright::engine::host
