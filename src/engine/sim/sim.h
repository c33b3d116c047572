// engine/sim/sim.h - deterministic discrete-event simulation of a Plan on a Machine.
// In:  plan::Plan, program::Program, machine::Machine.   Out: Timing; as an engine: Execution.
// Models and their sources: docs/models/. The event loop: simulate.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace mapwright::engine::sim {

enum class Sharing : std::uint8_t {
  Fair,  // copies in flight share channels max-min fairly
  Fifo,  // a channel serves one copy after the other in order of arrival
};

struct Options {
  Sharing sharing = Sharing::Fair;
  bool profile = true;   // critical path and per-task costs
  bool timeline = false; // fill Timing::events and Timing::mappings
  // Real kernels never take the same time twice. Each execution of a point task is drawn from the model's time times
  // 1 +- jitter (uniform, of that standard deviation), by `seed`.
  double jitter = 0;
  std::uint64_t seed = 0;
  std::function<bool()> cancelled {};  // asked now and then; true ends the simulation early
};

// One point task mapped by a utility processor, for traces.
struct Mapping {
  plan::OpIndex op = 0;
  std::uint64_t repetition = 0;
  std::uint32_t space = 0, processor = 0;  // address space, and which of its utility processors
  double start = 0, end = 0;               // seconds
};

struct Timing {
  double makespan = 0, window = 0;       // seconds; window: the program's timed window
  std::vector<double> busy;              // by ProcessorId, seconds
  std::vector<std::int64_t> points;      // by ProcessorId
  std::vector<double> channel_busy;      // by ChannelId, seconds with at least one copy in flight
  std::vector<std::int64_t> channel_bytes;
  Profile profile;
  std::vector<Event> events;             // by end time, then op
  std::vector<Mapping> mappings;         // of each address space in the order of mapping, so by start
  std::uint64_t executed_tasks = 0, executed_ops = 0;
  std::uint64_t repeated_ops = 0;        // of those: in repetitions known to equal others, not gone through one by one
  bool cancelled = false;                // stopped by Options::cancelled: the rest covers what happened until then
};

// Simulates. Deterministic to the byte: ties are broken by sequence number, no globals. Cost O((ops + edges) log ops)
// plus the sharing of channels; memory for planned operations and those in flight, not for all repetitions.
Timing simulate(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine,
                const Options& options = {});

// Seconds one point of a task takes on its processor once started, without launch latency: max of compute and traffic
// per memory (docs/models/task.md), or the measured time. `elements` and instances as in the plan.
struct TaskCost {
  double compute = 0, seconds = 0;
  std::vector<double> arguments;         // traffic time per argument
  std::vector<std::int64_t> bytes;       // sectors x 32 per argument
};
TaskCost task_cost(const plan::Plan& plan, plan::OpIndex task, std::uint64_t repetition, const program::Program& program,
                   const machine::Machine& machine);

std::unique_ptr<Engine> make_engine(Options options = {});

}  // namespace mapwright::engine::sim
