// What operations do to memory; runs outside the lock of the books.
#include <algorithm>
#include <exception>
#include <limits>

#include "engine/host/run.h"

namespace mapwright::engine::host {

using plan::OpKind;

Run::Effect Run::run_operation(const Active& a) {
  const plan::Op& op = op_of(a);
  Effect effect;
  effect.start = now();
  if (op.kind == OpKind::Task) run_task(a, effect);
  if (moves_data(op.kind)) effect.bytes = run_transfer(op);
  if (op.kind == OpKind::Reclaim) run_reclaim(op);
  if (op.kind != OpKind::Task) effect.end = now();
  return effect;
}

// The stamps are those of the kernel alone, without the poisoning before it.
void Run::run_task(const Active& a, Effect& effect) {
  effect.end = effect.start;
  const plan::Op& op = op_of(a);
  const program::Program::Site& site = sites_[record_sites_[op.record]];
  const program::Kernel* kernel = kernels_[plan_.records[op.record].decision];
  if (kernel == nullptr) return;
  TaskContext context(plan_, program_, site, a.place);
  for (std::size_t i = 0; i < site.launch->arguments.size(); ++i) {
    const plan::InstanceId instance = plan_.task_arguments[op.detail + i].instance;
    if (instance.value == plan::kNone) continue;
    Storage& storage = *storages_[instance.value];
    if (!acquire(instance)) return fail(out_of_memory(storage.bytes()));
    const program::Argument& argument = site.launch->arguments[i];
    if (!options_.measure && argument.privilege == program::Privilege::WriteDiscard) {
      for (program::FieldIndex f : argument.fields) poison_elements(storage, context.points(i), f);
    }
    context.bind(i, &storage);
  }
  context.futures = a.futures;
  context.contributions = a.contributions;
  if (plan_.decisions->launches[plan_.records[op.record].decision].kind == ProcessorKind::Omp) context.thread_count = omp_threads_;
  effect.start = now();
  try {
    (*kernel)(context);
  } catch (const std::exception& e) {
    fail({diag::kKernelFailed, fmt::format("the kernel of task `{}` at point {} failed: {}",
                                           program_.tasks[site.launch->task.value].name, to_string(context.point()), e.what()),
          {}});
  }
  effect.end = now();
}

std::int64_t Run::run_transfer(const plan::Op& op) {
  Storage& to = *storages_[op.b];
  if (!acquire(plan::InstanceId(op.b))) return fail(out_of_memory(to.bytes())), 0;
  if (op.kind != OpKind::Fill && !acquire(plan::InstanceId(op.a))) return fail(out_of_memory(storages_[op.a]->bytes())), 0;
  std::int64_t bytes = 0;
  for (plan::CellId c : plan_.cells_of(plan_.transfers[op.detail])) {
    const plan::Cell& cell = plan_.cells[c.value];
    const PointSet& piece = plan_.pieces[cell.piece];
    for (program::FieldIndex f : plan_.field_groups[cell.field_group].fields) {
      if (op.kind == OpKind::Fill) {
        // The first value stands for data that nobody wrote: they read as poison, as in the sequential execution.
        if (op.a == 0) poison_elements(to, piece, f); else fill_elements(to, piece, f, plan_.fill_values[op.a]);
      } else if (op.kind == OpKind::Copy) {
        bytes += move_elements(*storages_[op.a], to, piece, f, Combine::Replace);
      } else {
        bytes += move_elements(*storages_[op.a], to, piece, f, combine(*plan_.instances[op.a].reduction));
        if (!options_.measure) poison_elements(*storages_[op.a], piece, f);  // nothing may rely on it now
      }
    }
  }
  return bytes;
}

void Run::run_reclaim(const plan::Op& op) {
  for (std::uint32_t i = plan_.freed_offsets[op.detail]; i < plan_.freed_offsets[op.detail + 1]; ++i) {
    discard(plan_.freed[i]);
  }
}

// Allocates an instance at its first use.
bool Run::acquire(plan::InstanceId i) {
  const std::lock_guard lock(memory_mutex_);
  if (acquired_[i.value]) return true;
  if (!storages_[i.value]->ensure()) return false;
  acquired_[i.value] = true;
  const plan::Instance& instance = plan_.instances[i.value];
  std::int64_t& used = memory_used_[instance.memory.value];
  used += instance.bytes;
  std::int64_t& peak = observed_->memory_peak[instance.memory.value];
  peak = std::max(peak, used);
  return true;
}

void Run::discard(plan::InstanceId i) {
  const std::lock_guard lock(memory_mutex_);
  if (!acquired_[i.value]) return;
  acquired_[i.value] = false;
  memory_used_[plan_.instances[i.value].memory.value] -= plan_.instances[i.value].bytes;
  storages_[i.value]->release();
}

void Run::poison(Slot s) {
  if (options_.measure) return;
  Storage& storage = *storages_[holdings_.instance(s).value];
  if (!storage.allocated()) return;
  const plan::Cell& cell = plan_.cells[holdings_.cell(s).value];
  for (program::FieldIndex f : plan_.field_groups[cell.field_group].fields) {
    poison_elements(storage, plan_.pieces[cell.piece], f);
  }
}

void Run::fail(Error error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
}

bool Run::failed() {
  const std::lock_guard lock(mutex_);
  if (!error_ && options_.deadline && now() > options_.deadline->value) {
    error_ = Error {diag::kTimeLimit, fmt::format("the execution did not end within {}", human_seconds(options_.deadline->value)), {}};
  }
  return error_.has_value();
}

double reduced(program::ReductionOp op, const Contributions& values) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double result = op == program::ReductionOp::Sum ? 0 : op == program::ReductionOp::Min ? kInfinity : -kInfinity;
  for (const std::optional<double>& v : values) {
    if (!v) continue;
    if (op == program::ReductionOp::Sum) result += *v;
    if (op == program::ReductionOp::Min) result = std::min(result, *v);
    if (op == program::ReductionOp::Max) result = std::max(result, *v);
  }
  return result;
}

Error out_of_memory(std::int64_t bytes) {
  return {diag::kHostMemory, fmt::format("this host has no memory for an instance of {}", human_bytes(static_cast<double>(bytes))),
          "use a smaller preset or `--set` smaller sizes"};
}

}  // namespace mapwright::engine::host
