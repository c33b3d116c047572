// Planning and simulating: time per executed point task and memory, by program and number of nodes.
#include <benchmark/benchmark.h>

#include <fstream>

#include "load.h"

namespace {

using namespace mapwright;

using bench::plan_of;

auto load(const std::string& name, std::int64_t nodes, const std::string& loop_parameter, std::int64_t loops) {
  return bench::load(name, nodes, loops > 0 ? std::map<std::string, std::string> {{loop_parameter, std::to_string(loops)}} : std::map<std::string, std::string> {});
}

// Peak of the resident memory since the last reset, in MiB (Linux).
double peak_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    double kib = 0;
    status >> kib;
    return kib / 1024;
  }
  return 0;
}
void reset_peak() { std::ofstream("/proc/self/clear_refs") << 5; }

void report(benchmark::State& state, const plan::Plan& plan) {
  const auto tasks = static_cast<double>(plan.executed_tasks());
  state.counters["tasks"] = tasks;
  state.counters["planned_ops"] = static_cast<double>(plan.ops.size());
  state.counters["executed_ops"] = static_cast<double>(plan.executed_ops());
  state.counters["tasks/s"] =
      benchmark::Counter(tasks * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  state.counters["peak_MiB"] = peak_mib();
}

void planning(benchmark::State& state, const std::string& name, const std::string& loop, std::int64_t loops, bool unroll) {
  const auto l = load(name, state.range(0), loop, loops);
  if (!l) return state.SkipWithError("the program is not built in");
  reset_peak();
  plan::Plan plan;
  for (auto _ : state) plan = plan_of(*l, unroll);
  report(state, plan);
}

void simulating(benchmark::State& state, const std::string& name, const std::string& loop, std::int64_t loops, bool unroll,
                bool profile) {
  const auto l = load(name, state.range(0), loop, loops);
  if (!l) return state.SkipWithError("the program is not built in");
  const plan::Plan plan = plan_of(*l, unroll);
  reset_peak();
  engine::sim::Options options;
  options.profile = profile;
  for (auto _ : state) {
    benchmark::DoNotOptimize(engine::sim::simulate(plan, l->program, l->machine, options).makespan);
  }
  report(state, plan);
}

#define NODES ->Arg(1)->Arg(4)->Arg(16)->Unit(benchmark::kMillisecond)
BENCHMARK_CAPTURE(planning, circuit, "circuit", "l", 0, false) NODES;
BENCHMARK_CAPTURE(planning, circuit_unrolled, "circuit", "l", 0, true) NODES;
BENCHMARK_CAPTURE(planning, cannon, "cannon", "", 0, false) NODES;
BENCHMARK_CAPTURE(simulating, circuit, "circuit", "l", 0, false, false) NODES;
BENCHMARK_CAPTURE(simulating, circuit_profile, "circuit", "l", 0, false, true) NODES;
BENCHMARK_CAPTURE(simulating, circuit_unrolled, "circuit", "l", 0, true, false) NODES;
BENCHMARK_CAPTURE(simulating, cannon, "cannon", "", 0, false, false) NODES;
// Growth with the number of repetitions: memory must not.
BENCHMARK_CAPTURE(simulating, circuit_1000_loops, "circuit", "l", 1000, false, false) NODES;
BENCHMARK_CAPTURE(simulating, circuit_10000_loops, "circuit", "l", 10000, false, false) NODES;
BENCHMARK_CAPTURE(simulating, circuit_10000_loops_profile, "circuit", "l", 10000, false, true) NODES;
BENCHMARK_CAPTURE(simulating, stencil, "stencil", "tsteps", 0, false, false) NODES;

}  // namespace
