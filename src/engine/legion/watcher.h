// engine/legion/watcher.h - hands what happens in Legion to the profiler and the recorder. Private.
#pragma once

#include <chrono>
#include <legion.h>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "engine/legion/machine_view.h"
#include "engine/legion/profile.h"
#include "engine/legion/record.h"

namespace mapwright::engine::legion {

struct TaskFacts;

// Where a task stands, as recordings count; the number of a point in its launch.
Recorder::Path path_of(const Legion::Task& task);
std::int64_t point_number(const Legion::Task& task);
program::ReductionOp reduction_of(Legion::ReductionOpID op);

// All calls are safe from several threads. Nothing is locked while the runtime is asked.
class Watcher {
 public:
  using Runtime = Legion::Mapping::MapperRuntime;
  using Context = Legion::Mapping::MapperContext;
  using Instance = Legion::Mapping::PhysicalInstance;

  using RegionRequirement = Legion::RegionRequirement;

  Watcher(const MachineView& machine, bool profiles, bool records);

  Profiler* profiler() { return profiler_ ? &*profiler_ : nullptr; }
  Recorder* recorder() { return recorder_ ? &*recorder_ : nullptr; }

  // A launch is there; called for each, also where traces are replayed.
  void launched(Runtime* runtime, Context context, const Legion::Task& task, const TaskFacts& facts);
  // A point is mapped: what it touches, and the instances it has.
  void mapped(Runtime* runtime, Context context, const Legion::Task& task, const std::vector<std::vector<Instance>>& instances);
  void collected(const Instance& instance);
  // Asks for what reported() reads.
  void request(Legion::Mapping::Mapper::MapTaskOutput& output) const;
  void reported(Runtime* runtime, Context context, const Legion::Task& task, const Legion::Mapping::Mapper::TaskProfilingInfo& info);

  // --- What tasks ask of Legion, seen where this library stands in front of its functions (front.cc); calls.cc. A result
  // is known by its hash.
  void asked_launch(Legion::Context task, const std::vector<Legion::Future>& reads, std::size_t result, std::optional<Legion::ReductionOpID> reduced = {});
  void asked_access(Legion::Context task, const RegionRequirement& requirement);
  void asked_copy(Legion::Context task, const Legion::CopyLauncher& launcher);
  void asked_copy(Legion::Context task, const Legion::IndexCopyLauncher& launcher);
  void asked_fill(Legion::Context task, Legion::LogicalRegion region, const std::set<Legion::FieldID>& fields);
  void asked_fill(Legion::Context task, const Legion::IndexFillLauncher& launcher);
  void asked_fence(Legion::Context task, std::size_t result);
  void asked_trace(Legion::Context task, Legion::TraceID trace, bool begins);
  void asked_time(Legion::Context task);
  // `result` is a part of `all`, or all of it reduced to one.
  void took(std::size_t all, std::size_t result, std::optional<Legion::ReductionOpID> reduced = {});
  void waited(std::size_t result);

  // The name attached to something; empty without one. `R` and `C`: a mapper's runtime and context, or a task's.
  template <typename R, typename C>
  static std::string name_of(R* runtime, C context, Legion::LogicalRegion region);
  template <typename R, typename C>
  static std::string name_of(R* runtime, C context, Legion::LogicalPartition partition);

 private:
  struct Node {
    std::uint32_t region = 0;
    Recorder::Touched touched;
    std::int64_t volume = 0;
  };
  template <typename R, typename C>
  Node node_of(R* runtime, C context, Legion::LogicalRegion region);
  template <typename R, typename C>
  std::uint32_t partition_of(R* runtime, C context, Legion::LogicalPartition partition);
  template <typename R, typename C>
  std::vector<program::FieldIndex> fields_of(R* runtime, C context, const RegionRequirement& r, std::uint32_t region);
  template <typename R, typename C>
  std::string root_name(R* runtime, C context, Legion::LogicalRegion region);
  template <typename R, typename C>
  Recorder::Requirement requirement_of(R* runtime, C context, const RegionRequirement& r, unsigned position);
  Recorder::Shape describe(Runtime* runtime, Context context, const Legion::Task& task);
  template <typename Launcher>
  void copy(Legion::Context task, const Launcher& launcher, const Legion::Domain* domain);
  std::uint32_t data_of(Legion::Context task, const char* name, const std::vector<RegionRequirement>& requirements, const Legion::Domain* domain);
  std::optional<std::uint32_t> producer(std::size_t result);
  void report_copy(Runtime* runtime, Context context, const Legion::Task& task, const Legion::Mapping::Mapper::TaskProfilingInfo& info);

  const MachineView& machine_;
  const bool one_space_;
  std::optional<Profiler> profiler_;
  std::optional<Recorder> recorder_;

  std::mutex mutex_;
  std::map<Legion::LogicalRegion, Node> nodes_;
  std::map<Legion::LogicalPartition, std::uint32_t> partitions_;
  std::map<std::pair<std::uint32_t, Legion::FieldID>, program::FieldIndex> fields_;  // by region
  std::unordered_set<unsigned long> instances_;
  std::unordered_map<Legion::RegionTreeID, std::string> roots_;
  std::unordered_map<std::size_t, std::uint32_t> results_;  // calls of the top-level task by their results
};

// Time in the mapper, for the profile.
class Timed {
 public:
  Timed(Watcher* watcher, const Legion::Task& task) : profiler_(watcher ? watcher->profiler() : nullptr), task_(task) {
    if (profiler_) start_ = std::chrono::steady_clock::now();
  }
  ~Timed() {
    if (profiler_) profiler_->mapping(task_.get_task_name(), std::chrono::nanoseconds(std::chrono::steady_clock::now() - start_).count());
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  Profiler* const profiler_;
  const Legion::Task& task_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace mapwright::engine::legion
