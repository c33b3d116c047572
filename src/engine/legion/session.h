// engine/legion/session.h - what all mappers of a process share: options, the parsed mapper file, the machine, tables, the
// log. Private.
#pragma once

#include <array>
#include <atomic>
#include <legion.h>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
#include <unordered_map>

#include "engine/legion/legion.h"
#include "engine/legion/log.h"
#include "engine/legion/machine_view.h"
#include "engine/legion/policy.h"
#include "engine/legion/watcher.h"

namespace mapwright::engine::legion {

// What is known of a task: its variants, what they demand, and what the mapper says of it.
struct TaskFacts {
  Legion::TaskID id = 0;
  TaskRules rules;
  struct Variant {
    Legion::VariantID id = 0;
    std::string name;
    bool inner = false, leaf = false, replicable = false;
    std::vector<program::LayoutDemand> demands;
    // Constraints of the variant that are handed on: by position of the argument.
    std::multimap<unsigned, Legion::LayoutConstraintID> constraints;
  };
  std::array<std::vector<Variant>, kProcessorKinds> variants;  // of each kind, in the order of registration

  // Where the mapper does not choose between variants of a kind, the first one runs. Null when there is none.
  const Variant* variant(ProcessorKind k) const;
  const Variant* variant(ProcessorKind k, Legion::VariantID id) const;
};

class Session {
 public:
  static Session& get();

  // Reads the mapper file. Ends the process when something is wrong with it or with the options; only the first rank says
  // why. Later calls do nothing. `rank` absent: unknown, so this process speaks.
  void configure(const Expected<Options>& options, std::optional<int> rank);
  bool configured() const { return configured_; }
  // A mapper file was given, or a log: then the mappers of the process are ours.
  bool active() const { return active_; }
  // Without a mapper file there is only a log: the program decides everything.
  bool observes_only() const { return options_.mapper.empty(); }
  const Options& options() const { return options_; }

  // Builds the machine and the policy, at the first call.
  void open(Legion::Machine machine);
  const MachineView& machine() const { return *machine_; }
  Policy& policy() { return *policy_; }
  Limiter& limiter() { return limiter_; }
  Log* log() { return log_.get(); }
  Watcher* watcher() { return watcher_.get(); }  // null: nothing is profiled or recorded

  // Computed at the first task of the name; ends the process when the mapper cannot place it.
  const TaskFacts& facts(Legion::Mapping::MapperRuntime* runtime, Legion::Mapping::MapperContext context, const Legion::Task& task);

  // Sharding functors of the mapper's functions and of the default policy; registered by register_functors().
  void register_functors(Legion::Runtime* runtime);
  Legion::ShardingID default_sharding() const { return first_functor_; }
  Legion::ShardingID sharding(sema::FunctionId f, ProcessorKind k) const;

  // Waits for the end of a point of a limited task.
  void wait(Legion::Mapping::MapperEvent event);
  void wake(Legion::Mapping::MapperRuntime* runtime, Legion::Mapping::MapperContext context);

  // Writes what `print` statements of the mapper and warnings say to the log.
  void log_printed();
  void warn(const Diagnostic& d);
  // Names of the mapper file that no task of this process had. Returns false when that is an error (strict).
  bool check_names();
  void saw_argument(const std::string& name);
  // A name of the program as the mapper file has it: recorded programs, and mappers made for them, have plain names.
  std::string spoken(const std::string& name) const;
  // Writes the profile and the recording. False, with a message, when that fails.
  bool write_files();

  // Region trees that tasks of this process have reduced to.
  void saw_reductions(const Legion::Task& task);
  bool reduced(Legion::RegionTreeID tree) const;

  [[noreturn]] void fail(const Diagnostic& d);

 private:
  bool write_record(const std::string& path);
  TaskFacts examine(Legion::Mapping::MapperRuntime* runtime, Legion::Mapping::MapperContext context, const Legion::Task& task);

  Options options_;
  bool configured_ = false, active_ = false;
  std::optional<int> rank_;
  sema::Mapper mapper_;
  std::once_flag opened_;
  std::unique_ptr<MachineView> machine_;
  std::unique_ptr<Policy> policy_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Watcher> watcher_;
  Limiter limiter_;
  Legion::ShardingID first_functor_ = 0;

  std::shared_mutex facts_mutex_;
  std::unordered_map<Legion::TaskID, std::unique_ptr<const TaskFacts>> facts_;
  std::mutex names_mutex_;
  std::set<std::string> arguments_seen_, mentioned_;
  mutable std::shared_mutex reduced_mutex_;
  std::set<Legion::RegionTreeID> reduced_;
  std::mutex waiting_mutex_;
  std::vector<Legion::Mapping::MapperEvent> waiting_;
};

// Field and dimension order that an ordering of dimensions stands for; nothing where it says nothing.
program::LayoutDemand demand_of(const std::vector<Legion::DimensionKind>& ordering);

}  // namespace mapwright::engine::legion
