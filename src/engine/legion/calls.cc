// What tasks ask of Legion that mappers do not hear of, or hear of without its place among the rest.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/legion/convert.h"
#include "engine/legion/watcher.h"

namespace mapwright::engine::legion {

using Legion::Domain;
using Legion::RegionRequirement;

namespace {

using What = Recorder::Call::What;

constexpr const char* kFill = "fill";

// The task that asks: empty for the top-level one.
Recorder::Path path_of(Legion::Context context) {
  const Legion::Task* const task = Legion::Runtime::get_runtime()->get_current_task(context);
  if (!task || task->get_depth() == 0) return {};
  Recorder::Path path = mapwright::engine::legion::path_of(*task);
  path.push_back(point_number(*task));
  return path;
}

std::string identity_of(const char* name, const std::vector<RegionRequirement>& requirements, const Domain* domain) {
  std::string out = name;
  if (domain) out += to_string(to_rect(*domain));
  for (const RegionRequirement& r : requirements) {
    out += fmt::format(" {} {} {} {} {}", static_cast<int>(r.handle_type), r.projection, static_cast<int>(r.privilege), r.redop, fmt::join(r.privilege_fields, ","));
    if (r.handle_type == LEGION_PARTITION_PROJECTION) out += fmt::format(" {} {}", r.partition.get_tree_id(), r.partition.get_index_partition().get_id());
    else out += fmt::format(" {} {}", r.region.get_tree_id(), r.region.get_index_space().get_id());
  }
  return out;
}

}  // namespace

// What an operation of the name does to which data. Absent domain: one operation.
std::uint32_t Watcher::data_of(Legion::Context task, const char* name, const std::vector<RegionRequirement>& requirements, const Domain* domain) {
  Legion::Runtime* const runtime = Legion::Runtime::get_runtime();
  const auto shape = [&] {
    Recorder::Shape out;
    out.task = name;
    out.index = domain != nullptr;
    if (domain) out.domain = to_rect(*domain);
    for (unsigned i = 0; i < requirements.size(); ++i) out.requirements.push_back(requirement_of(runtime, task, requirements[i], i));
    return out;
  };
  // The piece of each point is known where it is that of the point's own colour.
  const auto touched = [&] {
    const Rect points = domain ? to_rect(*domain) : Rect();
    std::vector<std::vector<Recorder::Touched>> out(static_cast<std::size_t>(points.volume()));
    for (std::int64_t i = 0; i < points.volume(); ++i) {
      std::vector<Recorder::Touched> point;
      for (const RegionRequirement& r : requirements) {
        if (r.handle_type != LEGION_PARTITION_PROJECTION) {
          point.push_back(node_of(runtime, task, r.region).touched);
          continue;
        }
        const Rect colors = to_rect(runtime->get_index_partition_color_space(task, r.partition.get_index_partition()));
        const Point own = points.delinearize(i);
        if (r.projection != 0 || !colors.contains(own)) break;
        point.push_back({partition_of(runtime, task, r.partition), static_cast<std::uint32_t>(colors.linearize(own))});
      }
      if (point.size() == requirements.size()) out[static_cast<std::size_t>(i)] = std::move(point);
    }
    return out;
  };
  return recorder_->describe(identity_of(name, requirements, domain), shape, touched);
}

std::optional<std::uint32_t> Watcher::producer(std::size_t result) {
  const std::scoped_lock lock(mutex_);
  const auto found = results_.find(result);
  return found == results_.end() ? std::nullopt : std::optional(found->second);
}

void Watcher::asked_launch(Legion::Context task, const std::vector<Legion::Future>& reads, std::size_t result,
                           std::optional<Legion::ReductionOpID> reduced) {
  const Recorder::Path path = path_of(task);
  Recorder::Call call;
  if (path.empty()) {
    for (const Legion::Future& f : reads) {
      if (const auto from = producer(f.hash())) call.futures.push_back(*from);
    }
    if (reduced) call.reduced = reduction_of(*reduced);
  }
  const std::uint32_t number = recorder_->call(path, std::move(call));
  if (!path.empty()) return;
  const std::scoped_lock lock(mutex_);
  results_[result] = number;
}

void Watcher::asked_access(Legion::Context task, const RegionRequirement& requirement) {
  Recorder::Call call;
  call.what = What::Access;
  call.known = data_of(task, kInlineTask, {requirement}, nullptr);
  const Recorder::Path path = path_of(task);
  const std::uint32_t number = recorder_->call(path, call);
  if (path.empty()) recorder_->wait(number);
}

template <typename Launcher>
void Watcher::copy(Legion::Context task, const Launcher& launcher, const Domain* domain) {
  std::vector<RegionRequirement> all = launcher.src_requirements;
  for (const auto* more : {&launcher.dst_requirements, &launcher.src_indirect_requirements, &launcher.dst_indirect_requirements}) {
    all.insert(all.end(), more->begin(), more->end());
  }
  Recorder::Call call;
  call.what = What::Access;
  call.known = data_of(task, kCopyTask, all, domain);
  recorder_->call(path_of(task), std::move(call));
}

void Watcher::asked_copy(Legion::Context task, const Legion::CopyLauncher& launcher) { copy(task, launcher, nullptr); }

void Watcher::asked_copy(Legion::Context task, const Legion::IndexCopyLauncher& launcher) {
  Domain domain = launcher.launch_domain;
  if (launcher.launch_space.exists()) domain = Legion::Runtime::get_runtime()->get_index_space_domain(task, launcher.launch_space);
  copy(task, launcher, &domain);
}

void Watcher::asked_fill(Legion::Context task, Legion::LogicalRegion region, const std::set<Legion::FieldID>& fields) {
  RegionRequirement r(region, LEGION_WRITE_DISCARD, LEGION_EXCLUSIVE, region);
  for (const Legion::FieldID f : fields) r.add_field(f);
  Recorder::Call call;
  call.what = What::Fill;
  call.known = data_of(task, kFill, {r}, nullptr);
  recorder_->call(path_of(task), std::move(call));
}

void Watcher::asked_fill(Legion::Context task, const Legion::IndexFillLauncher& launcher) {
  if (!launcher.partition.exists()) return asked_fill(task, launcher.region, launcher.fields);
  Domain domain = launcher.launch_domain;
  if (launcher.launch_space.exists()) domain = Legion::Runtime::get_runtime()->get_index_space_domain(task, launcher.launch_space);
  RegionRequirement r(launcher.partition, launcher.projection, LEGION_WRITE_DISCARD, LEGION_EXCLUSIVE, launcher.parent);
  for (const Legion::FieldID f : launcher.fields) r.add_field(f);
  Recorder::Call call;
  call.what = What::Fill;
  call.known = data_of(task, kFill, {r}, &domain);
  recorder_->call(path_of(task), std::move(call));
}

void Watcher::asked_fence(Legion::Context task, std::size_t result) {
  const Recorder::Path path = path_of(task);
  if (!path.empty()) return;
  Recorder::Call call;
  call.what = What::Fence;
  const std::uint32_t number = recorder_->call(path, std::move(call));
  const std::scoped_lock lock(mutex_);
  results_[result] = number;
}

void Watcher::asked_trace(Legion::Context task, Legion::TraceID trace, bool begins) {
  const Recorder::Path path = path_of(task);
  if (!path.empty()) return;
  Recorder::Call call;
  call.what = begins ? What::BeginTrace : What::EndTrace;
  call.trace = static_cast<std::uint32_t>(trace);
  recorder_->call(path, std::move(call));
}

void Watcher::asked_time(Legion::Context task) {
  const Recorder::Path path = path_of(task);
  if (!path.empty()) return;
  Recorder::Call call;
  call.what = What::Clock;
  recorder_->call(path, std::move(call));
}

void Watcher::took(std::size_t all, std::size_t result, std::optional<Legion::ReductionOpID> reduced) {
  const auto from = producer(all);
  if (!from) return;
  if (reduced) recorder_->reduce(*from, reduction_of(*reduced));
  const std::scoped_lock lock(mutex_);
  results_[result] = *from;
}

void Watcher::waited(std::size_t result) {
  const auto from = producer(result);
  if (from && Legion::Runtime::has_context() && path_of(Legion::Runtime::get_context()).empty()) recorder_->wait(*from);
}

}  // namespace mapwright::engine::legion
