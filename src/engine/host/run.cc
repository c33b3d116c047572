#include "engine/host/run.h"

#include <algorithm>

namespace mapwright::engine::host {

using plan::OpKind;

namespace {

// Operations that may be issued and not ended. Large enough that several repetitions of a loop overlap.
constexpr std::size_t kWindow = 1 << 14;

// The site of every record: the launch statement together with the launches it was reached through.
std::vector<std::uint32_t> find_sites(const plan::Plan& plan, const std::vector<program::Program::Site>& sites) {
  using Key = std::pair<std::uint32_t, std::uint32_t>;  // site of the parent (kNone: top level), launch
  std::map<Key, std::uint32_t> index;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    std::uint32_t parent = plan::kNone;
    for (const program::Launch* l : sites[i].parents) parent = index.at({parent, l->id.value});
    index.emplace(Key {parent, sites[i].launch->id.value}, static_cast<std::uint32_t>(i));
  }
  std::vector<std::uint32_t> result;
  for (const plan::LaunchRecord& r : plan.records) {
    const std::uint32_t parent = r.parent == plan::kNoOp ? plan::kNone : result[plan.ops[r.parent].record];
    result.push_back(index.at({parent, r.launch.value}));
  }
  return result;
}

std::vector<program::FieldIndex> fields_of(const plan::Plan& plan, const plan::Instance& instance) {
  std::vector<program::FieldIndex> fields;
  for (std::uint32_t g : plan.groups_of(instance)) {
    fields.insert(fields.end(), plan.field_groups[g].fields.begin(), plan.field_groups[g].fields.end());
  }
  std::sort(fields.begin(), fields.end());
  return fields;
}

}  // namespace

Run::Run(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine, const Options& options,
         std::vector<const program::Kernel*> kernels)
    : plan_(plan), program_(program), machine_(machine), options_(options), kernels_(std::move(kernels)),
      omp_threads_(options.shuffle ? 1 : static_cast<int>(std::min(machine.compute(ProcessorKind::Omp).threads, worker_count(options.workers)))),
      sites_(program.sites()), record_sites_(find_sites(plan, sites_)), stream_(plan), holdings_(plan, program),
      tracker_(holdings_, [this](Slot s) { poison(s); }), fills_(plan, program), timing_(plan, stream_),
      window_(std::min<std::size_t>(kWindow, std::max<Position>(stream_.size(), 1))),
      processors_(machine.processors().size()), futures_(program.futures.size()),
      costs_(plan.decisions->launches.size()), memory_used_(machine.memories().size()), acquired_(plan.instances.size()) {
  for (std::size_t r = 0; r < plan.records.size(); ++r) {
    const plan::OpIndex parent = plan.records[r].parent;
    roots_.push_back(parent == plan::kNoOp ? static_cast<std::uint32_t>(r) : roots_[plan.ops[parent].record]);
  }
  for (const plan::Instance& i : plan.instances) {
    storages_.push_back(std::make_unique<Storage>(program.regions[i.region.value], plan.point_sets[i.points.value],
                                                  fields_of(plan, i), i.layout));
  }
}

double Run::now() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }

// Instances that share memory over time have to wait for each other, so only plans that free nothing are served.
bool Run::allocate_early() {
  const auto frees = [](const plan::Op& op) { return op.kind == OpKind::Reclaim; };
  if (std::any_of(plan_.ops.begin(), plan_.ops.end(), frees)) return true;
  return std::all_of(storages_.begin(), storages_.end(), [](const auto& s) { return s->ensure(); });
}

Expected<void> Run::execute(Executor& executor, Observed& observed) {
  executor_ = &executor;
  observed_ = &observed;
  observed.busy.assign(processors_.size(), 0);
  observed.points.assign(processors_.size(), 0);
  observed.memory_peak.assign(memory_used_.size(), 0);
  if (options_.measure && !allocate_early()) return tl::unexpected(out_of_memory(0));
  begin_ = std::chrono::steady_clock::now();
  while (cursor_.segment < plan_.segments.size() && plan_.segments[cursor_.segment].begin == plan_.segments[cursor_.segment].end) {
    ++cursor_.segment;
  }
  {
    std::unique_lock lock(mutex_);
    settle();
    submit_ready(lock);
  }
  executor.wait();
  MW_CHECK(oldest_ == stream_.size(), "operation {} of {} never became ready", oldest_, stream_.size());
  if (error_) return tl::unexpected(*error_);
  fills_.before_next_launch([&](plan::CellId c, double value) { tracker_.program_fill(c, value); });
  observed.makespan = now();
  describe_tasks(observed.tasks);
  observed.seconds = timing_.window(program_.metric, observed.makespan);
  return {};
}

// Issues, ends and releases until nothing changes without an operation being performed.
void Run::settle() {
  while (true) {
    while (!released_.empty()) {
      const Position p = released_.back();
      released_.pop_back();
      ready(p);
    }
    while (oldest_ < next_ && active(oldest_).done) ++oldest_;
    if (oldest_ < next_ && op_of(active(oldest_)).kind == OpKind::Fence && active(oldest_).waiting > 0) {
      release(oldest_);
      continue;
    }
    if (next_ == stream_.size() || next_ - oldest_ == window_.size()) return;
    issue_all();
  }
}

void Run::release(Position position) {
  if (--active(position).waiting == 0) released_.push_back(position);
}

// Everything that a ready operation waits for has ended: performs it, or ends it at once if there is nothing to do.
void Run::ready(Position position) {
  Active& a = active(position);
  if (options_.record) a.ready = now();
  const plan::Op& op = op_of(a);
  switch (op.kind) {
    case OpKind::Task: {
      Processor& processor = processors_[op.b];
      processor.ready.push_back(position);
      start_task_of(processor);
      return;
    }
    case OpKind::Copy:
    case OpKind::Fold:
    case OpKind::Fill:
    case OpKind::Reclaim: submitted_.push_back(position); return;
    case OpKind::Future: {
      const auto op_kind = sites_[record_sites_[op.record]].launch->result->second;
      *a.value = reduced(op_kind, a.contributions ? *a.contributions : Contributions {});
      break;
    }
    case OpKind::Fence: *a.value = now(); break;
    default: break;
  }
  end(position);
}

void Run::start_task_of(Processor& processor) {
  if (processor.busy || processor.ready.empty()) return;
  processor.busy = true;
  submitted_.push_back(processor.ready.front());
  processor.ready.pop_front();
}

void Run::end(Position position) {
  Active& a = active(position);
  a.done = true;
  for (Position s : a.successors) release(s);
}

void Run::submit_ready(std::unique_lock<std::mutex>& lock) {
  const std::vector<Position> batch = std::exchange(submitted_, {});
  lock.unlock();
  for (Position p : batch) {
    executor_->submit([this, p] { perform(p); });
  }
}

void Run::perform(Position position) {
  const Active& a = active(position);
  const Effect effect = failed() ? Effect {} : run_operation(a);
  std::unique_lock lock(mutex_);
  const std::vector<Slot> unused = tracker_.finish(a.accesses);
  if (!unused.empty()) {
    lock.unlock();
    for (Slot s : unused) poison(s);
    lock.lock();
  }
  account(a, effect);
  if (op_of(a).kind == OpKind::Task) {
    Processor& processor = processors_[op_of(a).b];
    processor.busy = false;
    start_task_of(processor);
  }
  end(position);
  settle();
  submit_ready(lock);
}

void Run::account(const Active& a, const Effect& effect) {
  const plan::Op& op = op_of(a);
  Observed& o = *observed_;
  const auto memory = [&](std::uint32_t instance) { return plan_.instances[instance].memory; };
  if (options_.record) o.events.push_back({a.place.op, a.place.repetition, a.ready, effect.start, effect.end});
  switch (op.kind) {
    case OpKind::Task:
      o.busy[op.b] += effect.end - effect.start;
      ++o.points[op.b];
      costs_[plan_.records[op.record].decision].first += effect.end - effect.start;
      ++costs_[plan_.records[op.record].decision].second;
      timing_.ran(a.place, effect.start, effect.end);
      break;
    case OpKind::Fold:
      ++o.folds;
      o.bytes_folded += effect.bytes;
      [[fallthrough]];
    case OpKind::Copy: {
      const bool between = memory(op.a) != memory(op.b);
      if (between) o.bytes_copied += effect.bytes;
      if (op.kind == OpKind::Fold) break;
      const plan::Transfer& t = plan_.transfers[op.detail];
      if (!between) o.bytes_inside += effect.bytes;
      if (t.transpose) ++o.transposing_copies;
      if (t.aliased) ++o.aliased_copies;
      if (machine_[memory(op.a)].node != machine_[memory(op.b)].node) ++o.inter_node_copies;
      break;
    }
    case OpKind::Reclaim: o.collected += plan_.freed_offsets[op.detail + 1] - plan_.freed_offsets[op.detail]; break;
    default: break;
  }
}

void Run::describe_tasks(std::vector<TaskProfile>& tasks) const {
  std::vector<bool> seen(costs_.size());
  for (std::size_t r = 0; r < plan_.records.size(); ++r) {
    const std::uint32_t decision = plan_.records[r].decision;
    const auto [seconds, points] = costs_[decision];
    if (points == 0 || seen[decision]) continue;
    seen[decision] = true;
    const std::string& name = program_.tasks[sites_[record_sites_[r]].launch->task.value].name;
    const ProcessorKind kind = plan_.decisions->launches[decision].kind;
    auto found = std::find_if(tasks.begin(), tasks.end(), [&](const TaskProfile& t) { return t.task == name && t.kind == kind; });
    if (found == tasks.end()) {
      found = tasks.emplace(found);
      found->task = name;
      found->kind = kind;
    }
    found->seconds += seconds;
    found->points += points;
  }
}

}  // namespace mapwright::engine::host
