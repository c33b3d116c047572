#include "engine/executor/body.h"

#include <algorithm>
#include <cstring>

namespace mapwright::engine::executor {

using Legion::RegionRequirement;
using program::Argument;
using program::Launch;
using program::Privilege;
using program::ReductionOp;

namespace {

Legion::ReductionOpID operator_of(ReductionOp op, std::int64_t bytes) {
  const bool single = bytes == 4;
  switch (op) {
    case ReductionOp::Sum: return single ? LEGION_REDOP_SUM_FLOAT32 : LEGION_REDOP_SUM_FLOAT64;
    case ReductionOp::Min: return single ? LEGION_REDOP_MIN_FLOAT32 : LEGION_REDOP_MIN_FLOAT64;
    case ReductionOp::Max: return single ? LEGION_REDOP_MAX_FLOAT32 : LEGION_REDOP_MAX_FLOAT64;
  }
  return 0;
}

Legion::PrivilegeMode privilege_of(Privilege p) {
  switch (p) {
    case Privilege::None: return LEGION_NO_ACCESS;
    case Privilege::Read: return LEGION_READ_ONLY;
    case Privilege::ReadWrite: return LEGION_READ_WRITE;
    case Privilege::WriteDiscard: return LEGION_WRITE_DISCARD;
    case Privilege::Reduce: return LEGION_REDUCE;
  }
  return LEGION_NO_ACCESS;
}

// Point i of the launch takes colour i.
bool is_identity(const Argument& a, const Launch& l) {
  const auto& colors = a.projection.colors;
  if (!a.projection.table.empty() || static_cast<int>(colors.size()) != l.domain.dim()) return false;
  for (std::size_t d = 0; d < colors.size(); ++d) {
    if (colors[d] != program::Expr::point(static_cast<int>(d))) return false;
  }
  return true;
}

// Evaluates the projection of any argument; which one and where it stands is in the requirement.
class Projection final : public Legion::ProjectionFunctor {
 public:
  using ProjectionFunctor::project;
  Legion::LogicalRegion project(Legion::LogicalPartition upper, const Legion::DomainPoint& point, const Legion::Domain&, const void* arguments, std::size_t size) override {
    std::int64_t position = 0;
    const Frame frame = job().decode(arguments, size, &position);
    const Argument& a = frame.launch->arguments[static_cast<std::size_t>(position)];
    const std::uint32_t color = job().program().color(*frame.launch, a, frame.at(from_legion(point)));
    return runtime->get_logical_subregion_by_color(upper, to_legion(job().program().partitions[a.partition->value].colors.delinearize(color)));
  }
  bool is_functional() const override { return true; }
  unsigned get_depth() const override { return 0; }
};

}  // namespace

void register_projections() { Legion::Runtime::preregister_projection_functor(kProjection, new Projection); }

Body::Body(Legion::Context context, Legion::Runtime* runtime, Job& job, const Tree& tree)
    : context_(context), runtime_(runtime), job_(job), tree_(&tree), futures_(job.program().futures.size()) {}

Body::Body(Legion::Context context, Legion::Runtime* runtime, Job& job, const Frame& frame, const Point& point, const Legion::Task& task)
    : context_(context), runtime_(runtime), job_(job), task_(&task), above_(&frame), loops_(frame.loops), futures_(job.program().futures.size()) {
  ancestors_.push_back(point);
  ancestors_.insert(ancestors_.end(), frame.ancestors.begin(), frame.ancestors.end());
  const program::ExprContext at = frame.at(point);
  for (const Argument& a : frame.launch->arguments) {
    auto& as = as_.emplace_back();
    if (a.partition) as = {*a.partition, job.program().color(*frame.launch, a, at)};
  }
}

void Body::run(const program::Body& statements) {
  for (const program::Statement& s : statements) {
    if (const auto* l = std::get_if<Launch>(&s.what)) launch(*l);
    if (const auto* l = std::get_if<program::Loop>(&s.what)) loop(*l);
    if (const auto* f = std::get_if<program::Fence>(&s.what)) fence(*f);
    if (const auto* f = std::get_if<program::Fill>(&s.what)) fill(*f);
    if (const auto* t = std::get_if<program::Timer>(&s.what)) timer(*t);
    if (const auto* w = std::get_if<program::FutureWait>(&s.what)) futures_[w->future.value].get_void_result(true);
  }
}

RegionRequirement Body::requirement(const Argument& a, std::size_t position, const Frame& frame) {
  const Launch& l = *frame.launch;
  const program::Program& program = job_.program();
  const bool constant = a.projection.table.empty() && std::all_of(a.projection.colors.begin(), a.projection.colors.end(), [](const program::Expr& e) { return !e.reads_point(); });
  Legion::LogicalRegion parent, below;
  std::optional<std::pair<program::PartitionId, std::uint32_t>> as;
  if (task_) {
    const std::size_t i = covering(*above_->launch, a);
    parent = below = task_->regions[i].region;
    as = as_[i];
  } else {
    parent = tree_->root(a.region);
    below = a.partition ? tree_->above(*a.partition) : parent;
  }
  const Legion::ReductionOpID op = a.privilege == Privilege::Reduce ? operator_of(a.reduction, program.regions[a.region.value].fields[a.fields.front()].bytes) : 0;
  const auto with = [&](auto handle, auto... projection) {
    return a.privilege == Privilege::Reduce ? RegionRequirement(handle, projection..., op, LEGION_EXCLUSIVE, parent)
                                            : RegionRequirement(handle, projection..., privilege_of(a.privilege), LEGION_EXCLUSIVE, parent);
  };
  // The same region for all points.
  std::optional<Legion::LogicalRegion> region;
  if (!a.partition) {
    region = below;
  } else if (!l.index || (task_ && constant)) {
    const std::uint32_t color = program.color(l, a, frame.at(l.domain.lo));
    if (as == std::pair(*a.partition, color)) {
      region = below;
    } else if (!l.index) {
      region = runtime_->get_logical_subregion_by_color(Tree::partition(runtime_, below, *a.partition), to_legion(program.partitions[a.partition->value].colors.delinearize(color)));
    }
  }
  RegionRequirement out;
  if (region && l.index) {
    out = with(*region, Legion::ProjectionID {0});
  } else if (region) {
    out = with(*region);
  } else {
    const bool identity = is_identity(a, l);
    out = with(Tree::partition(runtime_, below, *a.partition), identity ? Legion::ProjectionID {0} : kProjection);
    if (!identity) {
      const std::vector<std::int64_t> text = job_.encode(frame, static_cast<std::int64_t>(position));
      out.set_projection_args(text.data(), text.size() * sizeof(std::int64_t));
    }
  }
  if (a.privilege != Privilege::None) {
    for (const program::FieldIndex f : a.fields) out.add_field(f);
  }
  return out;
}

template <typename Launcher>
void Body::add_arguments(Launcher& launcher, const Frame& frame) {
  const Launch& l = *frame.launch;
  for (std::size_t i = 0; i < l.arguments.size(); ++i) launcher.add_region_requirement(requirement(l.arguments[i], i, frame));
  for (const program::FutureId f : l.futures) launcher.add_future(futures_[f.value]);
}

Legion::Future Body::execute(const Launch& l, const Frame& frame) {
  const std::vector<std::int64_t> text = job_.encode(frame);
  const Legion::UntypedBuffer argument(text.data(), text.size() * sizeof(std::int64_t));
  const Legion::TaskID task = kFirstTask + l.task.value;
  if (!l.index) {
    Legion::TaskLauncher launcher(task, argument);
    add_arguments(launcher, frame);
    return runtime_->execute_task(context_, launcher);
  }
  Legion::IndexTaskLauncher launcher(task, to_legion(l.domain), argument, Legion::ArgumentMap());
  add_arguments(launcher, frame);
  if (l.result) return runtime_->execute_index_space(context_, launcher, operator_of(l.result->second, 8), true);
  runtime_->execute_index_space(context_, launcher);
  return {};
}

void Body::launch(const Launch& l) {
  if (!task_) fenced_.reset();
  if (l.index && l.domain.empty()) return;
  const Frame frame {&l, task_ ? above_->number : next_launch_++, ancestors_, loops_};
  const Legion::Future result = execute(l, frame);
  if (l.result) futures_[l.result->first.value] = result;
}

void Body::loop(const program::Loop& l) {
  const bool traced = l.traced && !task_ && !tracing_ && job_.options().trace && !job_.reads_loop(l.body, l.name);
  Legion::TraceID trace = 0;
  if (traced) {
    const auto [at, fresh] = traces_.try_emplace(l.trace.empty() ? "loop " + l.name : "trace " + l.trace, 0);
    if (fresh) at->second = static_cast<Legion::TraceID>(traces_.size());
    trace = at->second;
  }
  // What waits cannot be replayed as a whole.
  const bool waits = std::any_of(l.body.begin(), l.body.end(), [](const program::Statement& s) { return std::holds_alternative<program::FutureWait>(s.what) || std::holds_alternative<program::Fence>(s.what); });
  loops_.push_back({l.name, 0});
  const std::size_t mine = loops_.size() - 1;
  for (std::int64_t i = 0; i < l.count; ++i) {
    loops_[mine].value = i;
    if (traced) runtime_->begin_trace(context_, trace, waits);
    tracing_ = tracing_ || traced;
    run(l.body);
    if (traced) runtime_->end_trace(context_, trace);
    tracing_ = tracing_ && !traced;
  }
  loops_.pop_back();
}

void Body::fence(const program::Fence&) {
  // Also a fence that need not wait does: the time of its end is what timers ask for.
  runtime_->issue_execution_fence(context_).get_void_result(true);
  fenced_ = now();
}

void Body::fill(const program::Fill& f) {
  fenced_.reset();
  const program::Region& r = job_.program().regions[f.region.value];
  std::map<std::int64_t, std::vector<program::FieldIndex>> by_size;
  for (const program::FieldIndex i : f.fields) by_size[r.fields[i].bytes].push_back(i);
  for (const auto& [bytes, fields] : by_size) {
    std::vector<std::byte> element(static_cast<std::size_t>(bytes));
    const auto single = static_cast<float>(f.value);
    if (bytes == 4) std::memcpy(element.data(), &single, 4);
    if (bytes == 8) std::memcpy(element.data(), &f.value, 8);
    const Legion::UntypedBuffer value(element.data(), element.size());
    const Legion::LogicalRegion root = tree_->root(f.region);
    if (f.partition) {
      const Legion::LogicalPartition pieces = Tree::partition(runtime_, tree_->above(*f.partition), *f.partition);
      Legion::IndexFillLauncher launcher(to_legion(job_.program().partitions[f.partition->value].colors), pieces, root, value);
      for (const program::FieldIndex i : fields) launcher.add_field(i);
      runtime_->fill_fields(context_, launcher);
    } else {
      Legion::FillLauncher launcher(root, root, value);
      for (const program::FieldIndex i : fields) launcher.add_field(i);
      runtime_->fill_fields(context_, launcher);
    }
  }
}

void Body::timer(const program::Timer& t) {
  Stamp s {t.label, t.start, fenced_, 0};
  if (!s.fence) s.launch = t.start ? next_launch_ : next_launch_ - 1;
  stamps_.push_back(std::move(s));
}

}  // namespace mapwright::engine::executor
