// engine/host/run.h - the execution of one plan: issues operations in program order within a window, runs each when its
// predecessors have ended, and keeps the books.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/host/fills.h"
#include "engine/host/holdings.h"
#include "engine/host/host.h"
#include "engine/host/storage.h"
#include "engine/host/stream.h"
#include "engine/host/task.h"
#include "engine/host/timing.h"
#include "engine/host/tracker.h"

namespace mapwright::engine::host {

// What a launch's future gets from its points: the reduction in order of the points, from the identity.
double reduced(program::ReductionOp op, const Contributions& values);
Error out_of_memory(std::int64_t bytes);

class Run {
 public:
  // `kernels` by launch decision; null for those that run nothing (inner variants).
  Run(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine, const Options& options,
      std::vector<const program::Kernel*> kernels);

  // Executes everything; call once. Fills `observed` but for the comparison of results.
  Expected<void> execute(Executor& executor, Observed& observed);

  // After execute(): what is known of the final data.
  const Tracker& tracker() const { return tracker_; }
  const Holdings& holdings() const { return holdings_; }
  Storage& storage(plan::InstanceId i) { return *storages_[i.value]; }

 private:
  // An operation from its issue to its end.
  struct Active {
    Place place;
    double ready = 0;           // Options::record: when the last predecessor ended
    std::uint32_t waiting = 0;  // predecessors not ended, and 1 until issued, and 1 for a fence until its turn
    bool done = false;
    std::vector<Position> successors;
    std::vector<Access> accesses;
    std::vector<std::shared_ptr<const double>> futures;  // Task: the values it may read
    std::shared_ptr<Contributions> contributions;        // Task, Future: of the launch
    std::shared_ptr<double> value;                       // Future: result; Fence: time of its end
  };
  // What an operation adds to the books, measured outside the lock.
  struct Effect {
    double start = 0, end = 0;
    std::int64_t bytes = 0;
  };
  struct Processor {
    std::deque<Position> ready;
    bool busy = false;
  };

  Active& active(Position p) { return window_[p % window_.size()]; }
  const plan::Op& op_of(const Active& a) const { return plan_.ops[a.place.op]; }

  bool allocate_early();
  bool acquire(plan::InstanceId i);
  void discard(plan::InstanceId i);

  // issue.cc, all under the lock
  void issue_all();
  void issue(Position position);
  void note_launch(const Active& a);
  void note_task(Active& a);
  void note_transfer(Active& a);
  void note_future(Active& a);

  // run.cc
  void release(Position position);
  void ready(Position position);
  void end(Position position);
  void settle();
  void start_task_of(Processor& processor);
  void submit_ready(std::unique_lock<std::mutex>& lock);
  void perform(Position position);
  void account(const Active& a, const Effect& effect);
  void describe_tasks(std::vector<TaskProfile>& tasks) const;

  // operation.cc, outside the lock
  Effect run_operation(const Active& a);
  void run_task(const Active& a, Effect& effect);
  std::int64_t run_transfer(const plan::Op& op);
  void run_reclaim(const plan::Op& op);
  void poison(Slot s);
  void fail(Error error);
  bool failed();
  double now() const;

  const plan::Plan& plan_;
  const program::Program& program_;
  const machine::Machine& machine_;
  const Options& options_;
  std::vector<const program::Kernel*> kernels_;
  int omp_threads_;  // of an OMP processor
  std::vector<program::Program::Site> sites_;
  std::vector<std::uint32_t> record_sites_;  // by record: into sites_
  std::vector<std::uint32_t> roots_;         // by record: its ancestor record at top level
  std::vector<std::unique_ptr<Storage>> storages_;
  Stream stream_;
  Holdings holdings_;
  Tracker tracker_;
  Fills fills_;
  Timing timing_;
  Executor* executor_ = nullptr;
  std::chrono::steady_clock::time_point begin_;

  std::mutex mutex_;
  std::optional<Error> error_;
  std::vector<Active> window_;
  Place cursor_;
  Position next_ = 0, oldest_ = 0;             // to be issued; not ended
  std::vector<Position> released_, submitted_;
  std::vector<Processor> processors_;
  std::vector<std::shared_ptr<const double>> futures_;  // latest issued, by FutureId
  std::map<std::uint32_t, std::pair<std::uint64_t, std::shared_ptr<Contributions>>> contributions_;  // by record
  std::shared_ptr<const double> last_fence_;
  std::optional<std::pair<std::uint32_t, std::uint64_t>> launch_;  // top-level record and repetition being issued
  Observed* observed_ = nullptr;
  std::vector<std::pair<double, std::int64_t>> costs_;  // by launch decision: busy seconds, points
  std::mutex memory_mutex_;
  std::vector<std::int64_t> memory_used_;  // by memory, in the plan's sizes
  std::vector<bool> acquired_;             // by instance
};

}  // namespace mapwright::engine::host
