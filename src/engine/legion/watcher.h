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

// All calls are safe from several threads. Nothing is locked while the runtime is asked.
class Watcher {
 public:
  using Runtime = Legion::Mapping::MapperRuntime;
  using Context = Legion::Mapping::MapperContext;
  using Instance = Legion::Mapping::PhysicalInstance;

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

  // The name attached to something; empty without one.
  static std::string name_of(Runtime* runtime, Context context, Legion::LogicalRegion region);
  static std::string name_of(Runtime* runtime, Context context, Legion::LogicalPartition partition);

 private:
  struct Node {
    std::uint32_t region = 0;
    Recorder::Touched touched;
    std::int64_t volume = 0;
  };
  Node node_of(Runtime* runtime, Context context, Legion::LogicalRegion region);
  std::uint32_t partition_of(Runtime* runtime, Context context, Legion::LogicalPartition partition);
  Recorder::Shape describe(Runtime* runtime, Context context, const Legion::Task& task);
  std::vector<program::FieldIndex> fields_of(Runtime* runtime, Context context, const Legion::RegionRequirement& r, std::uint32_t region);
  std::string root_name(Runtime* runtime, Context context, Legion::LogicalRegion region);
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
