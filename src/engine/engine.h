// engine/engine.h - the one thing that guide, search, journal and report know of engines: a request in, an Execution out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/base.h"
#include "diag/diag.h"
#include "machine/machine.h"
#include "plan/plan.h"
#include "program/program.h"
#include "sema/sema.h"

namespace mapwright::engine {

// How an execution ended.
enum class Outcome : std::uint8_t {
  Ok, CompileError, InvalidMapping, OutOfMemory, ExecutionError, WrongResult, Crashed, Timeout, Unsupported
};
std::string_view to_string(Outcome o);  // "ok", "compile_error", ...
std::optional<Outcome> outcome(std::string_view text);

struct MetricValue {
  std::string name, unit;
  double value = 0;
  bool higher_is_better = false;
};

struct NamedBytes {
  std::string name;
  std::int64_t bytes = 0;
};

struct BytesMoved {
  std::int64_t total = 0, intra_node = 0, inter_node = 0;  // between different memories
  std::int64_t inside = 0, folded = 0;                     // separate columns
  std::vector<NamedBytes> by_region, by_channel;           // descending by bytes, then by name
};

struct MemoryUse {
  std::string memory;
  std::int64_t bytes = 0, capacity = 0;
};

struct ProcessorUse {
  std::string name;
  ProcessorKind kind = ProcessorKind::Cpu;
  double busy_seconds = 0;
  std::int64_t points = 0;
};

// Where the time of a task name went, summed over its points.
struct TaskProfile {
  std::string task;
  ProcessorKind kind = ProcessorKind::Cpu;
  std::int64_t points = 0;
  double seconds = 0;          // busy
  double compute_seconds = 0;  // what the arithmetic alone would take
  double overhead_seconds = 0;
  // What the traffic to each memory kind alone would take, by argument position.
  struct ArgumentCost {
    std::string argument;      // own name
    MemoryKind memory = MemoryKind::SysMem;
    double seconds = 0;
    std::int64_t bytes = 0;
  };
  std::vector<ArgumentCost> arguments;
};

// A share of the critical path: what kind of thing it was spent on, and which statement of the mapper made it so.
struct CriticalShare {
  enum class What : std::uint8_t { Compute, Memory, Copy, Fold, Mapping, Launch, Wait } what = What::Compute;
  std::string task;                    // task, or the task a copy serves
  std::string detail;                  // argument or region; channel for copies
  double seconds = 0;
  std::optional<diag::Span> statement; // absent: the default policy
};

struct Profile {
  std::vector<TaskProfile> tasks;
  std::vector<CriticalShare> critical; // descending by seconds; sums to the end of the timed window as far as attributed
  struct ChannelUse {
    std::string channel;
    double busy_seconds = 0;
    std::int64_t bytes = 0;
  };
  std::vector<ChannelUse> channels;    // descending by busy time, those that were used
};

// When an operation of a plan could have run and did, for timelines and calibration: seconds since the start.
struct Event {
  plan::OpIndex op = 0;
  std::uint64_t repetition = 0;
  double ready = 0, start = 0, end = 0;
};

// What any engine returns.
struct Execution {
  std::string engine;
  Outcome outcome = Outcome::Ok;
  double seconds = 0;                  // of the timed window; 0 unless ok
  double makespan = 0;                 // whole execution
  std::optional<MetricValue> metric;   // present when ok
  BytesMoved moved;
  std::vector<MemoryUse> memory_peak;
  std::vector<ProcessorUse> processors;
  Profile profile;
  std::vector<diag::Diagnostic> diagnostics;  // errors behind a bad outcome first, then warnings
  std::vector<std::string> log;        // output of `print` and raw output of the engine, bounded
  std::int64_t simulations = 0;        // performance predictions of this candidate that were made
};

// As JSON and back, for the journal and between processes; the result of an engine has its Error inside. Everything
// survives but infinities (NaN afterwards), bytes that are not UTF-8, and places in other texts than `mapper` (compared by
// name). Error MW6107 for a text that is not such JSON.
std::string to_json(const Execution& e);
std::string to_json(const Expected<Execution>& e);
Expected<Execution> execution_from_json(std::string_view text, const diag::SourcePtr& mapper);

struct EvaluationRequest {
  diag::SourcePtr mapper;
  const program::Program* program = nullptr;
  const machine::Machine* machine = nullptr;
  bool profile = true;                        // fill Execution::profile (costs time)
  std::optional<Seconds> deadline;            // wall time
};

// Runs one mapper. Never throws. An Error means that the engine itself could not work (missing, no resources); whatever
// the mapper causes is an outcome. Implementations are safe to call from several threads at once unless they say not.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual Expected<Execution> run(const EvaluationRequest& request) = 0;
  virtual std::string_view name() const = 0;
  virtual bool deterministic() const = 0;     // equal requests give equal results
};

// Throughput ratio of `a` to `b`, more than 1 when a is better whatever the metric's direction; 0 when a is not ok,
// absent when b is not ok.
std::optional<double> relative(const Execution& a, const Execution& b);

// Common first part of engines that execute plans: compile, verify, plan. A bad outcome fills an Execution.
struct Prepared {
  sema::Mapper mapper;
  plan::Plan plan;
  std::vector<diag::Diagnostic> warnings;
};
tl::expected<Prepared, Execution> prepare(const EvaluationRequest& request, std::string_view engine,
                                          plan::Options options = {});

// The parts of an Execution that follow from the plan alone: bytes moved, memory peaks, log.
void describe_plan(const Prepared& prepared, const EvaluationRequest& request, Execution& out);

// The intervals of the timers that a metric looks at, in order, in seconds.
class TimedWindow {
 public:
  void start(double t) {
    open_ = t;
    if (!begun_) first_ = t;
    begun_ = true;
  }
  void stop(double t) {
    sum_ += t - open_;
    last_ = t;
    ++intervals_;
  }
  // As the metric combines them; 0 without any.
  double length(program::Metric::Combine combine) const;

 private:
  double sum_ = 0, first_ = 0, last_ = 0, open_ = 0;
  int intervals_ = 0;
  bool begun_ = false;
};

// The value of the program's metric for a timed window of `seconds`.
MetricValue metric_value(const program::Program& program, double seconds);

}  // namespace mapwright::engine
