#include "engine/legion/watcher.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/legion/convert.h"
#include "engine/legion/session.h"

namespace mapwright::engine::legion {

using Legion::Domain;
using Legion::LogicalPartition;
using Legion::LogicalRegion;
using Legion::Memory;
using Legion::RegionRequirement;
using Legion::Task;
using Legion::Mapping::Mapper;
namespace measurements = Legion::Mapping::ProfilingMeasurements;

namespace {

constexpr std::size_t kRectangles = 1000;  // of a set in more than one dimension; larger ones are replaced by their bounds

template <int D>
std::vector<Rect> rects_of(const Domain& domain) {
  std::vector<Rect> out;
  const Legion::DomainT<D> typed = domain;
  for (Legion::RectInDomainIterator<D> it(typed); it(); it++) out.push_back(to_rect(Domain(*it)));
  return out;
}

PointSet points_of(const Domain& domain) {
  const int dim = domain.get_dim();
  if (domain.empty()) return PointSet::of_rects(dim, {});
  if (domain.dense()) return PointSet(to_rect(domain));
  std::vector<Rect> rects;
  switch (dim) {
#define MAPWRIGHT_DIM(D) \
  case D: rects = rects_of<D>(domain); break;
    LEGION_FOREACH_N(MAPWRIGHT_DIM)
#undef MAPWRIGHT_DIM
    default: break;
  }
  if (dim > 1 && rects.size() > kRectangles) return PointSet(to_rect(domain));
  return PointSet::of_rects(dim, std::move(rects));
}

template <typename... Handle>
std::string attached(Watcher::Runtime* runtime, Watcher::Context context, Handle... handle) {
  const void* text = nullptr;
  std::size_t size = 0;
  if (!runtime->retrieve_semantic_information(context, handle..., LEGION_NAME_SEMANTIC_TAG, text, size, true, false)) return {};
  const std::string_view view(static_cast<const char*>(text), size);
  return std::string(view.substr(0, view.find('\0')));
}

// Tasks ask without a context, and may ask as mappers do.
template <typename... Handle>
std::string attached(Legion::Runtime* runtime, Legion::Context, Handle... handle) {
  const void* text = nullptr;
  std::size_t size = 0;
  if (!runtime->retrieve_semantic_information(handle..., LEGION_NAME_SEMANTIC_TAG, text, size, true, false)) return {};
  const std::string_view view(static_cast<const char*>(text), size);
  return std::string(view.substr(0, view.find('\0')));
}

program::Privilege privilege_of(const RegionRequirement& r) {
  using program::Privilege;
  if (r.privilege == LEGION_NO_ACCESS || r.privilege_fields.empty()) return Privilege::None;
  if (r.privilege == LEGION_REDUCE) return Privilege::Reduce;
  if (r.privilege & LEGION_DISCARD_MASK) return Privilege::WriteDiscard;
  return (r.privilege & LEGION_READ_WRITE) == LEGION_READ_PRIV ? Privilege::Read : Privilege::ReadWrite;
}

// What makes two launches the same.
class Identity {
 public:
  template <typename T>
  Identity& add(const T& value) {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
    const auto wide = static_cast<std::int64_t>(value);
    text_.append(reinterpret_cast<const char*>(&wide), sizeof wide);
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string identity_of(const Task& task) {
  Identity id;
  id.add(task.task_id).add(task.is_index_space);
  if (task.is_index_space) {
    const Rect domain = to_rect(task.index_domain);
    id.add(domain.dim());
    for (int d = 0; d < domain.dim(); ++d) id.add(domain.lo[d]).add(domain.hi[d]);
    id.add(task.index_domain.is_type);
    if (!task.index_domain.dense()) id.add(task.index_domain.get_volume());
  }
  for (const RegionRequirement& r : task.regions) {
    id.add(r.handle_type).add(r.projection).add(r.privilege).add(r.redop).add(r.privilege_fields.size());
    if (r.handle_type == LEGION_PARTITION_PROJECTION) {
      id.add(r.partition.get_tree_id()).add(r.partition.get_index_partition().get_id());
    } else {
      id.add(r.region.get_tree_id()).add(r.region.get_index_space().get_id());
    }
    for (const Legion::FieldID f : r.privilege_fields) id.add(f);
  }
  return id.take();
}

}  // namespace

std::int64_t point_number(const Task& task) {
  return task.is_index_space ? to_rect(task.index_domain).linearize(to_point(task.index_point)) : 0;
}

namespace {

// Tasks of a must-epoch launch have one number in their parent; what tells them apart is behind it.
std::int64_t number_of(const Task& task) {
  constexpr int kBits = 20;
  std::int64_t among = 0;
  if (task.must_epoch_task) {
    among = task.is_index_space ? task.task_id : 1;
    for (int d = 0; d < task.index_point.get_dim() && !task.is_index_space; ++d) among = among * 1009 + task.index_point[static_cast<unsigned>(d)] + 1;
  }
  return static_cast<std::int64_t>(task.get_context_index()) << kBits | (among & ((std::int64_t {1} << kBits) - 1));
}

}  // namespace

Recorder::Path path_of(const Task& task) {
  Recorder::Path path {number_of(task)};
  for (const Task* p = task.get_parent_task(); p && p->get_depth() > 0; p = p->get_parent_task()) {
    path.push_back(point_number(*p));
    path.push_back(number_of(*p));
  }
  std::reverse(path.begin(), path.end());
  return path;
}

program::ReductionOp reduction_of(Legion::ReductionOpID op) {
  const auto id = static_cast<std::int64_t>(op);
  if (id >= LEGION_REDOP_MIN_BOOL && id <= LEGION_REDOP_MIN_FLOAT64) return program::ReductionOp::Min;
  if (id >= LEGION_REDOP_MAX_BOOL && id <= LEGION_REDOP_MAX_FLOAT64) return program::ReductionOp::Max;
  return program::ReductionOp::Sum;
}

Watcher::Watcher(const MachineView& machine, bool profiles, bool records) : machine_(machine), one_space_(machine.shape().address_spaces == 1) {
  if (profiles) profiler_.emplace();
  if (records) recorder_.emplace();
}

template <typename R, typename C>
std::string Watcher::name_of(R* runtime, C context, LogicalRegion region) {
  return attached(runtime, context, region);
}

template <typename R, typename C>
std::string Watcher::name_of(R* runtime, C context, LogicalPartition partition) {
  std::string name = attached(runtime, context, partition);
  return name.empty() ? attached(runtime, context, partition.get_index_partition()) : name;
}

template std::string Watcher::name_of(Watcher::Runtime*, Watcher::Context, LogicalRegion);
template std::string Watcher::name_of(Watcher::Runtime*, Watcher::Context, LogicalPartition);

template <typename R, typename C>
std::string Watcher::root_name(R* runtime, C context, LogicalRegion region) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = roots_.find(region.get_tree_id()); found != roots_.end()) return found->second;
  }
  while (runtime->has_parent_logical_partition(context, region)) {
    region = runtime->get_parent_logical_region(context, runtime->get_parent_logical_partition(context, region));
  }
  std::string name = name_of(runtime, context, region);
  const std::scoped_lock lock(mutex_);
  return roots_.emplace(region.get_tree_id(), std::move(name)).first->second;
}

// --- recording

template <typename R, typename C>
Watcher::Node Watcher::node_of(R* runtime, C context, LogicalRegion region) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = nodes_.find(region); found != nodes_.end()) return found->second;
  }
  const PointSet points = points_of(runtime->get_index_space_domain(context, region.get_index_space()));
  Node node;
  node.volume = points.volume();
  if (runtime->has_parent_logical_partition(context, region)) {
    const LogicalPartition partition = runtime->get_parent_logical_partition(context, region);
    const Node parent = node_of(runtime, context, runtime->get_parent_logical_region(context, partition));
    const Rect colors = to_rect(runtime->get_index_partition_color_space(context, partition.get_index_partition()));
    node.region = parent.region;
    node.touched.partition = partition_of(runtime, context, partition);
    node.touched.color = static_cast<std::uint32_t>(colors.linearize(to_point(runtime->get_logical_region_color_point(context, region))));
    const std::scoped_lock lock(mutex_);
    return nodes_.emplace(region, node).first->second;
  }
  std::string name = name_of(runtime, context, region);
  std::vector<Legion::FieldID> ids;
  runtime->get_field_space_fields(context, region.get_field_space(), ids);
  std::sort(ids.begin(), ids.end());
  std::vector<program::Field> fields;
  std::set<std::string> taken;
  for (const Legion::FieldID f : ids) {
    std::string field = plain_name(attached(runtime, context, region.get_field_space(), f));
    if (field.empty() || !taken.insert(field).second) taken.insert(field = fmt::format("field{}", f));
    fields.push_back({std::move(field), static_cast<std::int64_t>(runtime->get_field_size(context, region.get_field_space(), f))});
  }
  const std::scoped_lock lock(mutex_);
  if (const auto found = nodes_.find(region); found != nodes_.end()) return found->second;
  node.region = recorder_->add_region(std::move(name), points, std::move(fields));
  for (std::size_t i = 0; i < ids.size(); ++i) fields_[{node.region, ids[i]}] = static_cast<program::FieldIndex>(i);
  nodes_.emplace(region, node);
  return node;
}

template <typename R, typename C>
std::uint32_t Watcher::partition_of(R* runtime, C context, LogicalPartition partition) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = partitions_.find(partition); found != partitions_.end()) return found->second;
  }
  const Node parent = node_of(runtime, context, runtime->get_parent_logical_region(context, partition));
  const Legion::IndexPartition index = partition.get_index_partition();
  const Domain color_space = runtime->get_index_partition_color_space(context, index);
  const Rect colors = to_rect(color_space);
  const int dim = partition.get_index_partition().get_dim();
  std::vector<PointSet> pieces(static_cast<std::size_t>(colors.volume()), PointSet::of_rects(dim, {}));
  for (Domain::DomainPointIterator it(color_space); it; it.step()) {
    const Legion::IndexSpace piece = runtime->get_index_subspace(context, index, it.p);
    pieces[static_cast<std::size_t>(colors.linearize(to_point(it.p)))] = points_of(runtime->get_index_space_domain(context, piece));
  }
  std::string name = name_of(runtime, context, partition);
  std::optional<std::pair<std::uint32_t, std::uint32_t>> above;
  if (parent.touched.partition) above = {*parent.touched.partition, parent.touched.color};
  const std::scoped_lock lock(mutex_);
  if (const auto found = partitions_.find(partition); found != partitions_.end()) return found->second;
  const std::uint32_t id = recorder_->add_partition(std::move(name), parent.region, above, colors, std::move(pieces));
  return partitions_.emplace(partition, id).first->second;
}

template <typename R, typename C>
std::vector<program::FieldIndex> Watcher::fields_of(R* runtime, C context, const RegionRequirement& r, std::uint32_t region) {
  std::vector<program::FieldIndex> out;
  for (const Legion::FieldID f : r.privilege_fields) {
    std::optional<program::FieldIndex> known;
    {
      const std::scoped_lock lock(mutex_);
      if (const auto found = fields_.find({region, f}); found != fields_.end()) known = found->second;
    }
    if (!known) {  // allocated since
      const auto bytes = static_cast<std::int64_t>(runtime->get_field_size(context, r.parent.get_field_space(), f));
      const std::scoped_lock lock(mutex_);
      const auto [at, fresh] = fields_.try_emplace({region, f});
      if (fresh) at->second = recorder_->add_field(region, {fmt::format("field{}", f), bytes});
      known = at->second;
    }
    out.push_back(*known);
  }
  std::sort(out.begin(), out.end());
  return out;
}

template <typename R, typename C>
Recorder::Requirement Watcher::requirement_of(R* runtime, C context, const RegionRequirement& r, unsigned position) {
  Recorder::Requirement out;
  LogicalRegion above = r.region;
  if (r.handle_type == LEGION_PARTITION_PROJECTION) {
    out.name = name_of(runtime, context, r.partition);
    above = runtime->get_parent_logical_region(context, r.partition);
  } else {
    out.name = name_of(runtime, context, r.region);
    if (out.name.empty() && runtime->has_parent_logical_partition(context, r.region)) {
      out.name = name_of(runtime, context, runtime->get_parent_logical_partition(context, r.region));
    }
  }
  if (out.name.empty()) out.name = root_name(runtime, context, above);
  out.name = out.name.empty() ? stand_in_name(position) : plain_name(out.name);
  out.region = node_of(runtime, context, above).region;
  out.privilege = privilege_of(r);
  out.reduction = reduction_of(r.redop);
  out.fields = fields_of(runtime, context, r, out.region);
  return out;
}

// For calls.cc, which asks as a task.
template Recorder::Requirement Watcher::requirement_of(Legion::Runtime*, Legion::Context, const RegionRequirement&, unsigned);
template Watcher::Node Watcher::node_of(Legion::Runtime*, Legion::Context, LogicalRegion);
template std::uint32_t Watcher::partition_of(Legion::Runtime*, Legion::Context, LogicalPartition);

Recorder::Shape Watcher::describe(Runtime* runtime, Context context, const Task& task) {
  Recorder::Shape shape;
  shape.task = task.get_task_name();
  shape.index = task.is_index_space;
  if (shape.index) shape.domain = to_rect(task.index_domain);
  for (unsigned i = 0; i < task.regions.size(); ++i) shape.requirements.push_back(requirement_of(runtime, context, task.regions[i], i));
  return shape;
}

void Watcher::launched(Runtime* runtime, Context context, const Task& task, const TaskFacts& facts) {
  if (!recorder_) return;
  const std::string name = task.get_task_name();
  if (task.get_depth() == 0) return recorder_->top_level(name);
  recorder_->launch(path_of(task), identity_of(task), [&] {
    for (const ProcessorKind k : kAllProcessorKinds) {
      if (const TaskFacts::Variant* v = facts.variant(k)) recorder_->variant(name, k, v->inner, v->demands);
    }
    return describe(runtime, context, task);
  });
}

void Watcher::mapped(Runtime* runtime, Context context, const Task& task, const std::vector<std::vector<Instance>>& instances) {
  const auto holds = [](const auto& chosen) { return std::any_of(chosen.begin(), chosen.end(), [](const Instance& i) { return !i.is_virtual_instance(); }); };
  if (recorder_ && std::any_of(instances.begin(), instances.end(), holds)) recorder_->holds_instance(task.get_task_name());
  if (profiler_) {
    for (const auto& chosen : instances) {
      for (const Instance& instance : chosen) {
        if (!instance.exists() || !instance.is_normal_instance()) continue;
        {
          const std::scoped_lock lock(mutex_);
          if (!instances_.insert(instance.get_instance_id()).second) continue;
        }
        const Memory m = instance.get_location();
        profiler_->instance(fmt::format("node{}.{}", m.address_space(), memory_name(m)), static_cast<std::int64_t>(m.capacity()),
                            static_cast<std::int64_t>(instance.get_instance_size()));
        runtime->subscribe(context, instance);
      }
    }
  }
  if (!recorder_ || task.get_depth() == 0) return;
  const Recorder::Path path = path_of(task);
  const std::int64_t point = point_number(task);
  if (!recorder_->wants(path, point)) return;
  std::vector<Recorder::Touched> touched;
  for (const RegionRequirement& r : task.regions) {
    touched.push_back(r.region.exists() ? node_of(runtime, context, r.region).touched : Recorder::Touched {});
  }
  recorder_->touches(path, point, std::move(touched));
}

void Watcher::collected(const Instance& instance) {
  if (!profiler_) return;
  {
    const std::scoped_lock lock(mutex_);
    if (instances_.erase(instance.get_instance_id()) == 0) return;
  }
  const Memory m = instance.get_location();
  profiler_->instance(fmt::format("node{}.{}", m.address_space(), memory_name(m)), static_cast<std::int64_t>(m.capacity()),
                      -static_cast<std::int64_t>(instance.get_instance_size()));
}

// --- measuring

void Watcher::request(Mapper::MapTaskOutput& output) const {
  output.task_prof_requests.add_measurement<measurements::OperationTimeline>();
  output.task_prof_requests.add_measurement<measurements::OperationProcessorUsage>();
  output.task_prof_requests.add_measurement<measurements::RuntimeOverhead>();
  // Legion 25.06 crashes over measured copies when there are several address spaces.
  if (!profiler_ || !one_space_) return;
  output.copy_prof_requests.add_measurement<measurements::OperationTimeline>();
  output.copy_prof_requests.add_measurement<measurements::OperationMemoryUsage>();
  output.copy_prof_requests.add_measurement<measurements::OperationCopyInfo>();
}

void Watcher::report_copy(Runtime* runtime, Context context, const Task& task, const Mapper::TaskProfilingInfo& info) {
  measurements::OperationMemoryUsage use;
  if (!profiler_ || info.fill_response || !info.profiling_responses.get_measurement(use) || !use.source.exists() || !use.target.exists()) return;
  CopyRun run;
  measurements::OperationTimeline times;
  if (info.profiling_responses.get_measurement(times)) {
    run.start = times.start_time;
    run.end = times.end_time;
  }
  measurements::OperationCopyInfo copy;
  if (info.profiling_responses.get_measurement(copy)) {
    run.reduction = std::any_of(copy.inst_info.begin(), copy.inst_info.end(),
                                [](const auto& i) { return i.request_type == measurements::OperationCopyInfo::REDUCE; });
  }
  const auto from = memory_kind(use.source), to = memory_kind(use.target);
  if (!from || !to) return;
  run.from = *from;
  run.to = *to;
  run.same_memory = use.source == use.target;
  run.same_node = use.source.address_space() == use.target.address_space();
  run.bytes = static_cast<std::int64_t>(use.size);
  std::string region;
  if (info.region_requirement_index < task.regions.size()) region = root_name(runtime, context, task.regions[info.region_requirement_index].region);
  run.region = region;
  profiler_->copy(run);
}

void Watcher::reported(Runtime* runtime, Context context, const Task& task, const Mapper::TaskProfilingInfo& info) {
  if (!info.task_response) return report_copy(runtime, context, task, info);
  measurements::OperationTimeline times;
  measurements::OperationProcessorUsage use;
  if (!info.profiling_responses.get_measurement(times) || !info.profiling_responses.get_measurement(use)) return;
  const auto processor = machine_.point(use.proc);
  if (!processor) return;
  TaskRun run;
  run.task = task.get_task_name();
  run.top_level = task.get_depth() == 0;
  run.processor = *processor;
  run.start = times.start_time;
  run.end = times.end_time;
  run.busy = run.end - run.start;
  // Waiting for what it launched is no work of a task; what a GPU does after the task has ended is.
  if (processor->kind != ProcessorKind::Gpu && info.profiling_responses.has_measurement<measurements::RuntimeOverhead>()) {
    measurements::RuntimeOverhead overhead;
    if (info.profiling_responses.get_measurement(overhead) && overhead.application_time > 0) run.busy = std::min<std::int64_t>(run.busy, overhead.application_time);
  }
  if (profiler_) profiler_->task(run);
  if (!recorder_ || run.top_level) return;
  TimeSample sample;
  sample.seconds = static_cast<double>(run.busy) * 1e-9;
  for (const RegionRequirement& r : task.regions) sample.elements.push_back(r.region.exists() ? node_of(runtime, context, r.region).volume : 0);
  recorder_->time(task.get_task_name(), processor->kind, std::move(sample));
}

}  // namespace mapwright::engine::legion
