// The walk over the program: statements, launches, points.
#include <algorithm>

#include "plan/planner.h"

namespace mapwright::plan {

using program::Privilege;

Planner::Planner(std::shared_ptr<const Decisions> decisions, const program::Program& program,
                 const machine::Machine& machine, Options options)
    : decisions_(std::move(decisions)), program_(program), machine_(machine), options_(options),
      sites_(number_sites(program)), geometry_(make_geometry(program)), cells_(geometry_.cells.size()), memory_used_(machine.memories().size()),
      memory_peak_(machine.memories().size()), memory_freed_(machine.memories().size(), kNoOp), memory_live_(machine.memories().size()),
      closest_(machine.processors().size()), futures_(program.futures.size(), kNoOp), set_cache_(sites_.decisions),
      instance_cache_(sites_.decisions), argument_lists_(sites_.decisions) {
  for (std::size_t p = 0; p < closest_.size(); ++p) {
    for (const MemoryKind kind : kAllMemoryKinds) {
      if (kind == MemoryKind::Virtual) continue;
      const auto memories = machine_.addressable(ProcessorId(p), kind);
      if (!memories.empty()) closest_[p][static_cast<std::size_t>(kind)] = memories.front();
    }
  }
  plan_.fill_values.push_back(0);  // what a region holds before anything wrote it
  double subregions = 0;           // that arguments use, counted once for each point
  task_points_.assign(program.tasks.size(), 0);
  loop_dependent_.resize(program.launch_count);
  for (const auto& [site, decision, parents] : sites_.entries) {
    double once = static_cast<double>(site.launch->domain.volume());  // points without loops
    for (const program::Launch* parent : site.parents) once *= static_cast<double>(parent->domain.volume());
    double points = once;
    for (const program::Loop* loop : site.loops) points *= static_cast<double>(loop->count);
    std::int64_t& sum = task_points_[site.launch->task.value];
    sum += static_cast<std::int64_t>(std::min(points, 1e18 - static_cast<double>(sum)));
    auto& dependent = loop_dependent_[site.launch->id.value];
    dependent.resize(site.launch->arguments.size());
    for (std::size_t k = 0; k < dependent.size(); ++k) {
      const program::Argument& a = site.launch->arguments[k];
      double used = once;
      for (const program::Loop* loop : site.loops) {
        const auto reads = [loop](const program::Expr& e) { return e.reads_loop(loop->name); };
        if (!a.partition || std::none_of(a.projection.colors.begin(), a.projection.colors.end(), reads)) continue;
        dependent[k] = 1;
        used *= static_cast<double>(loop->count);
      }
      if (!decisions_->launches[decision].arguments[k].is_virtual) subregions += used;
    }
  }
  make_room(subregions);
}

// Pages of memory that nothing is written to cost nothing, while lists that grow by doubling leave behind as much as they hold.
void Planner::make_room(double subregions) {
  constexpr double kMost = 1 << 24;  // a larger program pays for growing
  constexpr double kOps = 5, kEdges = 12, kArguments = 3;  // of a task, rather too many
  const auto tasks = static_cast<double>(effort(program_, options_).tasks);
  if (tasks > kMost || subregions > kMost) return;
  const auto room = [](auto& list, double size) { list.reserve(static_cast<std::size_t>(size)); };
  room(plan_.ops, kOps * tasks);
  room(plan_.edge_offsets, kOps * tasks);
  room(plan_.edges, kEdges * tasks);
  room(plan_.task_arguments, kArguments * tasks);
  room(plan_.freed_offsets, tasks);
  room(plan_.freed, tasks);
  room(plan_.records, tasks);
  room(plan_.counters, tasks);
  room(plan_.instances, subregions);
  room(states_, subregions);
  room(slots_, subregions);
  room(assigned_, subregions);
  room(assigned_stamp_, subregions);
}

tl::expected<Plan, Verdict> Planner::run() {
  Frame top;
  if (!walk(program_.main, top)) return tl::unexpected(std::move(*verdict_));
  plan_.edge_offsets.push_back(static_cast<std::uint32_t>(plan_.edges.size()));
  close_segments();
  plan_.decisions = std::move(decisions_);
  plan_.point_sets = std::move(geometry_.point_sets);
  plan_.pieces = std::move(geometry_.pieces);
  plan_.cells = std::move(geometry_.cells);
  plan_.field_groups = std::move(geometry_.groups);
  plan_.freed_offsets.push_back(static_cast<std::uint32_t>(plan_.freed.size()));
  for (std::size_t m = 0; m < memory_peak_.size(); ++m) {
    if (memory_peak_[m] > 0) plan_.peaks.push_back({MemoryId(m), memory_peak_[m]});
  }
  return std::move(plan_);
}

OpIndex Planner::add(OpKind kind, std::uint32_t record, std::uint32_t a, std::uint32_t b, std::uint32_t detail,
                     std::vector<OpIndex>& before) {
  const auto index = static_cast<OpIndex>(plan_.ops.size());
  plan_.ops.push_back({kind, false, record, a, b, detail});
  plan_.edge_offsets.push_back(static_cast<std::uint32_t>(plan_.edges.size()));
  std::sort(before.begin(), before.end());
  OpIndex last = kNoOp;
  for (const OpIndex op : before) {
    if (op == kNoOp || op == last) continue;
    plan_.edges.push_back({op & kNoOp, 0, 0});
    last = op;
  }
  before.clear();
  return index;
}

bool Planner::walk(const program::Body& body, Frame& frame) {
  for (const program::Statement& statement : body) {
    if (!walk_statement(statement, frame)) return false;
  }
  return true;
}

bool Planner::walk_statement(const program::Statement& statement, Frame& frame) {
  if (const auto* launch = std::get_if<program::Launch>(&statement.what)) return walk_launch(*launch, frame);
  if (const auto* loop = std::get_if<program::Loop>(&statement.what)) return walk_loop(*loop, frame);
  if (const auto* f = std::get_if<program::Fill>(&statement.what)) {
    fill(*f);
  } else if (const auto* fence = std::get_if<program::Fence>(&statement.what)) {
    walk_fence(*fence, frame);
  } else if (const auto* wait = std::get_if<program::FutureWait>(&statement.what)) {
    if (futures_[wait->future.value] != kNoOp) frame.gate = futures_[wait->future.value];
  } else if (const auto* timer = std::get_if<program::Timer>(&statement.what)) {
    const auto [label, fresh] = timer_labels_.try_emplace(timer->label, static_cast<std::uint32_t>(timer_labels_.size()));
    if (fresh) plan_.timer_labels.push_back(timer->label);
    const bool at_fence = !plan_.ops.empty() && plan_.ops.back().kind == OpKind::Fence;
    scratch_.clear();
    const OpIndex op = add(timer->start ? OpKind::TimerStart : OpKind::TimerStop, kNone, label->second,
                           timer->start || at_fence ? kNone : latest_record_, kNone, scratch_);
    if (timer->start && !at_fence) waiting_timers_.push_back(op);
  }
  return true;
}

// A timer that waits for the next launch would wait for the fence, and the fence for the timer: it looks at the fence.
void Planner::walk_fence(const program::Fence& fence, Frame& frame) {
  std::vector<std::uint32_t> labels;
  while (!waiting_timers_.empty() && waiting_timers_.back() + 1 == plan_.ops.size()) {
    labels.push_back(plan_.ops.back().a);
    waiting_timers_.pop_back();
    plan_.ops.pop_back();
    plan_.edge_offsets.pop_back();
  }
  waiting_timers_.clear();  // others were stopped again: they look at the fence before them
  scratch_.clear();
  frame.fence = add(OpKind::Fence, kNone, kNone, kNone, kNone, scratch_);
  if (fence.wait) frame.gate = frame.fence;
  for (; !labels.empty(); labels.pop_back()) add(OpKind::TimerStart, kNone, labels.back(), kNone, kNone, scratch_);
}

bool Planner::walk_launch(const program::Launch& launch, Frame& frame) {
  const auto record = static_cast<std::uint32_t>(plan_.records.size());
  LaunchRecord r;
  r.launch = launch.id;
  r.decision = sites_.child.at({frame.decision, launch.id});
  r.parent = frame.parent;
  r.expansion = static_cast<std::uint32_t>(frame.expansion);
  r.fence = frame.fence & kNoOp;
  r.gate = frame.gate & kNoOp;
  const auto same = [](std::int64_t value, const program::LoopCounter& l) { return value == l.value; };
  const auto depth = static_cast<std::ptrdiff_t>(std::min(loops_.size(), plan_.counters.size()));
  if (!std::equal(plan_.counters.end() - depth, plan_.counters.end(), loops_.begin(), loops_.end(), same)) {
    for (const program::LoopCounter& l : loops_) plan_.counters.push_back(l.value);
  }
  r.counters = static_cast<std::uint32_t>(plan_.counters.size() - loops_.size());
  plan_.records.push_back(r);
  if (frame.parent == kNoOp) {
    latest_record_ = record;
    for (const OpIndex timer : waiting_timers_) plan_.ops[timer].b = record;
    waiting_timers_.clear();
  }
  const std::size_t first_child = frame.children.size();
  const LaunchDecision& decision = decisions_->launches[r.decision];
  frame.together = decision.variant->inner && !decision.limit && independent(launch);
  for (std::int64_t i = 0; i < launch.domain.volume(); ++i) {
    launch_stamp_ = record;
    if (!plan_point(launch, record, i, frame)) return false;
  }
  if (frame.together && !walk_bodies(launch, frame)) return false;
  if (launch.result) {
    std::vector<OpIndex> points(frame.children.begin() + static_cast<std::ptrdiff_t>(first_child), frame.children.end());
    const auto future = launch.result->first;
    futures_[future.value] = add(OpKind::Future, record, kNone, kNone, future.value, points);
  }
  if (frame.parent == kNoOp) frame.children.clear();
  return true;
}

void Planner::find_sets(const program::Launch& launch, std::int64_t i) {
  const std::size_t n = launch.arguments.size();
  work_.sets.assign(n, kNone);
  if (n == 0) return;
  auto& cache = set_cache_[work_.site];
  if (cache.empty()) cache.assign(work_.decision->processors.size() * n, kNone - 1);  // kNone - 1: not known yet
  auto& instances = instance_cache_[work_.site];
  if (instances.empty()) instances.assign(cache.size(), InstanceId(kNone));
  const std::size_t at = static_cast<std::size_t>(work_.position) * n;
  std::optional<program::ExprContext> context;
  for (std::size_t k = 0; k < n; ++k) {
    const program::Argument& a = launch.arguments[k];
    if (work_.decision->arguments[k].is_virtual) continue;
    std::uint32_t& known = cache[at + k];
    if (known == kNone - 1) {
      if (!a.partition) {
        known = geometry_.whole[a.region.value];
      } else {
        if (!context) {
          context.emplace();
          if (launch.index) context->point = launch.domain.delinearize(i);
          context->ancestors = ancestors_;
          context->loops = loops_;
        }
        known = geometry_.colored[a.partition->value][program_.color(launch, a, *context)];
      }
      if (geometry_.point_sets[known].empty()) known = kNone;
    }
    work_.sets[k] = known;
    if (loop_dependent_[launch.id.value][k]) known = kNone - 1;
  }
}

bool Planner::plan_point(const program::Launch& launch, std::uint32_t record, std::int64_t i, Frame& frame) {
  work_.launch = &launch;
  work_.site = plan_.records[record].decision;
  work_.decision = &decisions_->launches[work_.site];
  work_.record = record;
  work_.position = static_cast<std::uint32_t>(frame.expansion * launch.domain.volume() + i);
  work_.processor = work_.decision->processors[work_.position];
  ++task_;
  find_sets(launch, i);
  if (!acquire_all()) return false;
  for (std::size_t k = 0; k < launch.arguments.size(); ++k) require(k);
  if (verdict_) return false;
  const std::optional<LimitKey> key = limit_key(frame);
  const OpIndex task = emit_task(i, key);
  for (std::size_t k = 0; k < launch.arguments.size(); ++k) {
    if (work_.arguments[k].instance.value != kNone) use(k, task);
  }
  frame.children.push_back(task);
  if (work_.decision->variant->inner) {
    open_body(launch, task, i, frame);
    if (!frame.together && !walk_bodies(launch, frame)) return false;
  }
  if (key) limit_state(*key).push_back(frame.children.back());
  if (plan_.ops.size() < kNoOp - 2) return true;
  Verdict v;
  diag::Diagnostic d;
  d.code = diag::kPlanTooLarge;
  d.message = fmt::format("program `{}` needs more than {} operations", program_.name, plan_.ops.size());
  d.help = "run fewer iterations with --set";
  v.diagnostics.push_back(std::move(d));
  verdict_ = std::move(v);
  return false;
}

std::optional<Planner::LimitKey> Planner::limit_key(const Frame& frame) const {
  const auto n = work_.decision->limit;
  const std::uint32_t task = work_.launch->task.value;
  if (!n || *n >= task_points_[task]) return std::nullopt;
  if (frame.parent != kNoOp) return LimitKey {task, true, frame.processor.value, *n};
  return LimitKey {task, false, machine_[work_.processor].space.value, *n};
}

std::deque<OpIndex>& Planner::limit_state(const LimitKey& key) {
  std::deque<OpIndex>& ends = limits_[key];
  if (static_cast<std::int64_t>(ends.size()) == key.limit) ends.pop_front();
  return ends;
}

// First of the arguments of the task at hand: the list of the point's previous execution when that is the same.
std::uint32_t Planner::argument_list() {
  auto& lists = argument_lists_[work_.site];
  if (lists.empty()) lists.assign(work_.decision->processors.size(), kNone);
  std::uint32_t& list = lists[work_.position];
  if (list != kNone && std::equal(work_.arguments.begin(), work_.arguments.end(), plan_.task_arguments.begin() + list)) return list;
  list = static_cast<std::uint32_t>(plan_.task_arguments.size());
  plan_.task_arguments.insert(plan_.task_arguments.end(), work_.arguments.begin(), work_.arguments.end());
  return list;
}

OpIndex Planner::emit_task(std::int64_t i, const std::optional<LimitKey>& key) {
  for (const program::FutureId f : work_.launch->futures) work_.before.push_back(futures_[f.value]);
  const std::uint32_t first = argument_list();
  const OpIndex task = add(OpKind::Task, work_.record, static_cast<std::uint32_t>(i), work_.processor.value, first, work_.before);
  if (key) {
    const auto ends = limits_.find(*key);
    if (ends != limits_.end() && static_cast<std::int64_t>(ends->second.size()) == key->limit) {
      plan_.edges.push_back({ends->second.front() & kNoOp, 0, 1});
    }
  }
  return task;
}

std::uint32_t Planner::fill_value(double value) {
  // The first entry stands for data that nobody wrote; it never changes hands.
  const auto found = std::find(plan_.fill_values.begin() + 1, plan_.fill_values.end(), value);
  if (found == plan_.fill_values.end()) plan_.fill_values.push_back(value);
  return static_cast<std::uint32_t>(std::find(plan_.fill_values.begin() + 1, plan_.fill_values.end(), value) -
                                    plan_.fill_values.begin());
}

void Planner::fill(const program::Fill& f) {
  const std::uint32_t index = fill_value(f.value);
  const Geometry::RegionAtoms& atoms = geometry_.regions[f.region.value];
  const auto clear = [&](std::uint32_t set) {
    for (const std::uint32_t piece : geometry_.pieces_of(set)) {
      for (std::uint32_t k = atoms.first_group; k < atoms.first_group + atoms.groups; ++k) {
        if (std::find(f.fields.begin(), f.fields.end(), geometry_.groups[k].fields.front()) == f.fields.end()) continue;
        CellState& cell = cells_[geometry_.cell(atoms, piece, k)];
        drop_pending(cell);
        for (const Holder& h : cell.valid) {
          slots_[h.slot].valid = false;
          --states_[h.instance].valid;
        }
        cell.valid.clear();
        cell.fill = index;
      }
    }
  };
  if (!f.partition) {
    clear(geometry_.whole[f.region.value]);
  } else {
    for (const std::uint32_t set : geometry_.colored[f.partition->value]) clear(set);
  }
}

}  // namespace mapwright::plan
