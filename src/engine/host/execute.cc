// execute(): checks that a plan can run here, runs it, compares the results.
#include <algorithm>
#include <thread>

#include "base/blas.h"
#include "base/memory.h"
#include "engine/host/host.h"
#include "engine/host/result.h"
#include "engine/host/run.h"

namespace mapwright::engine::host {

namespace {

// The kernel of one launch decision; null when there is nothing to run.
Expected<const program::Kernel*> find_kernel(const program::Program& program, const plan::LaunchDecision& decision,
                                             program::TaskId id, bool emulate_gpu) {
  const program::Task& task = program.tasks[id.value];
  if (decision.kind == ProcessorKind::Gpu && !emulate_gpu) {
    return failure(diag::kGpuNeedsEmulation, fmt::format("task `{}` is mapped to GPUs, which the host engine does not have", task.name),
                   "map it to CPU or OMP, or run the GPU's points with their CPU kernels: --emulate-gpu");
  }
  const program::Variant* variant = decision.variant;
  if (variant->inner) return nullptr;
  if (decision.kind == ProcessorKind::Gpu) {
    for (ProcessorKind kind : {ProcessorKind::Omp, ProcessorKind::Cpu}) {
      const program::Variant* v = program.variant(id, kind);
      if (v != nullptr && v->kernel) variant = v;
    }
  }
  if (variant->kernel) return &variant->kernel;
  return failure(diag::kNoKernel, fmt::format("task `{}` has no kernel, so program `{}` cannot be executed", task.name, program.name),
                 "use the engine sim; `mapwright programs` shows which programs have kernels");
}

// By launch decision, for those that the plan executes.
Expected<std::vector<const program::Kernel*>> find_kernels(const plan::Plan& plan, const program::Program& program,
                                                           bool emulate_gpu) {
  const std::vector<plan::LaunchDecision>& decisions = plan.decisions->launches;
  std::vector<program::TaskId> tasks(program.launch_count);
  for (const program::Program::Site& site : program.sites()) tasks[site.launch->id.value] = site.launch->task;
  std::vector<const program::Kernel*> kernels(decisions.size(), nullptr);
  std::vector<bool> found(decisions.size());
  for (const plan::LaunchRecord& r : plan.records) {
    if (found[r.decision]) continue;
    found[r.decision] = true;
    const auto kernel = find_kernel(program, decisions[r.decision], tasks[r.launch.value], emulate_gpu);
    if (!kernel) return tl::unexpected(kernel.error());
    kernels[r.decision] = *kernel;
  }
  return kernels;
}

// Bytes needed at once: the peaks of the simulated memories; and for the comparison all regions twice.
Expected<std::int64_t> check_memory(const plan::Plan& plan, const program::Program& program, const Options& options) {
  double need = 0, regions = 0;
  for (const plan::MemoryPeak& p : plan.peaks) need += static_cast<double>(p.bytes);
  for (const program::Region& r : program.regions) {
    for (const program::Field& f : r.fields) regions += static_cast<double>(r.points.volume()) * static_cast<double>(f.bytes);
  }
  if (options.verify) need += 2 * regions;
  const std::int64_t limit = options.max_bytes > 0 ? options.max_bytes : usable_memory() / 10 * 9;
  if (need <= static_cast<double>(limit)) return limit;
  return failure(diag::kHostMemory, fmt::format("executing the plan of `{}` needs {} of memory, this host has {} to spare", program.name,
                                                human_bytes(need), human_bytes(static_cast<double>(limit))),
                 "use a smaller preset or --set smaller sizes");
}

std::unique_ptr<Executor> make_executor(const Options& options) {
  if (options.shuffle) return make_shuffling_executor(*options.shuffle);
  return options.plain_threads ? make_thread_executor(options.workers) : make_tbb_executor(options.workers);
}

}  // namespace

Expected<Observed> execute(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine,
                           const Options& options) {
  auto kernels = find_kernels(plan, program, options.emulate_gpu);
  if (!kernels) return tl::unexpected(kernels.error());
  const auto memory = check_memory(plan, program, options);
  if (!memory) return tl::unexpected(memory.error());
  blas::load();

  Observed observed;
  Run run(plan, program, machine, options, std::move(*kernels));
  if (const auto done = run.execute(*make_executor(options), observed); !done) return tl::unexpected(done.error());
  if (!options.verify) return observed;

  if (const auto& incoherent = run.tracker().incoherent()) {
    const plan::Cell& cell = plan.cells[run.holdings().cell(incoherent->first).value];
    observed.wrong = fmt::format("the plan is incoherent: {} (region {}, points {}, instance {})", incoherent->second,
                                 program.regions[cell.region.value].name, to_string(plan.pieces[cell.piece].bounds()),
                                 run.holdings().instance(incoherent->first).value);
    return observed;
  }
  const auto result = Result::gather(plan, program, run);
  if (!result) return tl::unexpected(result.error());
  const auto expected = program::run_sequential(program, *memory);
  if (!expected) return tl::unexpected(expected.error());
  observed.wrong = first_difference(program, **expected, *result);
  if (!observed.wrong && program.check) observed.wrong = program.check(*result);
  return observed;
}

}  // namespace mapwright::engine::host
