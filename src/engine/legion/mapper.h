// engine/legion/mapper.h - the mapper that a mapper file makes of another one. Private. Which statement of the language acts
// in which callback: docs/legion.md, last section.
#pragma once

#include <legion.h>
#include <mappers/forwarding_mapper.h>
#include <mutex>
#include <string>
#include <unordered_map>

#include "engine/legion/session.h"

namespace mapwright::engine::legion {

enum class Mode : std::uint8_t {
  Alone,   // the file and mapwright's default policy decide; the mapper below (Legion's default one) does what they do not cover
  Beside,  // the mapper below decides, except where the file has a statement
};

class FileMapper final : public Legion::Mapping::ForwardingMapper {
 public:
  // Owns `below`.
  FileMapper(Legion::Mapping::Mapper* below, Mode mode);

  Legion::Mapping::Mapper* below() const { return mapper; }

  const char* get_mapper_name() const override { return name_.c_str(); }

  void select_task_options(const Legion::Mapping::MapperContext context, const Legion::Task& task, TaskOptions& output) override;
  void slice_task(const Legion::Mapping::MapperContext context, const Legion::Task& task, const SliceTaskInput& input, SliceTaskOutput& output) override;
  void map_task(const Legion::Mapping::MapperContext context, const Legion::Task& task, const MapTaskInput& input, MapTaskOutput& output) override;
  void select_task_sources(const Legion::Mapping::MapperContext context, const Legion::Task& task, const SelectTaskSrcInput& input,
                           SelectTaskSrcOutput& output) override;
  void report_profiling(const Legion::Mapping::MapperContext context, const Legion::Task& task, const TaskProfilingInfo& input) override;
  void handle_instance_collection(const Legion::Mapping::MapperContext context, const Legion::Mapping::PhysicalInstance& instance) override;
  void select_tasks_to_map(const Legion::Mapping::MapperContext context, const SelectMappingInput& input, SelectMappingOutput& output) override;
  void memoize_operation(const Legion::Mapping::MapperContext context, const Legion::Mappable& mappable, const MemoizeInput& input,
                         MemoizeOutput& output) override;
  void replicate_task(Legion::Mapping::MapperContext context, const Legion::Task& task, const ReplicateTaskInput& input,
                      ReplicateTaskOutput& output) override;
  void select_sharding_functor(const Legion::Mapping::MapperContext context, const Legion::Task& task,
                               const SelectShardingFunctorInput& input, SelectShardingFunctorOutput& output) override;
  using ForwardingMapper::report_profiling;
  using ForwardingMapper::select_sharding_functor;

 private:
  using Context = Legion::Mapping::MapperContext;
  using Instance = Legion::Mapping::PhysicalInstance;

  // --- placement (place.cc)
  bool places(const TaskFacts& facts, bool index) const;
  std::shared_ptr<const Placed> place(const Legion::Task& task, const TaskFacts& facts);
  std::vector<TaskSlice> cut(Context context, const std::vector<Slice>& slices);
  void choose_replication(const Legion::Task& task, const TaskFacts& facts, TaskOptions& output);

  // --- arguments (map.cc)
  struct Rules {
    ArgumentRules rules;
    std::string region, partition;  // names
  };
  struct Made {
    Instance instance;
    std::size_t candidate = 0;             // into ArgumentRules::memories
    plan::ArgumentDecision::LayoutDecision layout;
  };
  std::shared_ptr<const Rules> rules_of(Context context, const Legion::Task& task, const TaskFacts::Variant& variant, ProcessorKind kind,
                                        unsigned position, Legion::Processor target, std::optional<MemoryKind> present);
  bool may_forget(const Legion::Task& task, const Legion::RegionRequirement& requirement, Legion::Processor target) const;
  const TaskFacts::Variant& choose_variant(const Legion::Task& task, const TaskFacts& facts, Legion::Processor target,
                                           const MapTaskInput& input, const MapTaskOutput& output);
  void map_alone(Context context, const Legion::Task& task, const TaskFacts::Variant& variant, unsigned position,
                 Legion::Processor target, MapTaskOutput& output, LoggedTask* logged);
  // `moved`: by position, whose statements have moved an argument along with another one.
  struct Moved {
    std::shared_ptr<const Rules> rules;
    Made made;
  };
  void map_beside(Context context, const Legion::Task& task, const TaskFacts::Variant& variant, unsigned position,
                  Legion::Processor target, MapTaskOutput& output, std::map<unsigned, Moved>& moved, LoggedTask* logged);
  void log_instance(unsigned position, const Rules* names, const Rules* rules, const Made& made, bool ours, const MapTaskOutput& output,
                    LoggedTask& logged);

  // --- instances (instance.cc)
  struct Wanted {
    unsigned position = 0;
    const Rules* rules = nullptr;
    const TaskFacts::Variant* variant = nullptr;
    Legion::Processor target;
    std::vector<Legion::LogicalRegion> regions;
    const Instance* like = nullptr;        // layout to keep where the mapper names none
  };
  Made make_instance(Context context, const Legion::Task& task, const Wanted& wanted);
  bool find_or_create(Context context, const Legion::RegionRequirement& requirement, const Wanted& wanted, const plan::LayoutResult& layout,
                      Legion::Memory memory, Instance& out, std::string& why);
  bool find_known(Context context, const Legion::RegionRequirement& requirement, Legion::LogicalRegion region, Legion::Memory memory,
                  std::uint64_t layout, Instance& out);

  struct RulesKey {
    Legion::LogicalRegion region;
    Legion::TaskID task = 0;
    Legion::VariantID variant = 0;
    std::uint32_t position = 0, kind = 0, present = 0;
    bool operator==(const RulesKey&) const = default;
  };
  struct RulesHash {
    std::size_t operator()(const RulesKey& k) const {
      std::uint64_t h = mix64(std::hash<Legion::LogicalRegion> {}(k.region) + 1);
      h = mix64(h ^ (std::uint64_t {k.task} << 32 | k.variant));
      return mix64(h ^ (std::uint64_t {k.position} << 16 | k.kind << 8 | k.present));
    }
  };
  struct InstanceKey {
    Legion::LogicalRegion region;
    Legion::Memory memory;
    std::uint64_t layout = 0;
    bool operator==(const InstanceKey&) const = default;
  };
  struct InstanceHash {
    std::size_t operator()(const InstanceKey& k) const {
      const std::uint64_t h = mix64(std::hash<Legion::LogicalRegion> {}(k.region) + 1);
      return mix64(h ^ k.memory.id ^ (k.layout << 48));
    }
  };

  const Mode mode_;
  const std::string name_;
  Session& session_;
  std::mutex mutex_;  // of the tables below; never held while the runtime is called
  std::unordered_map<RulesKey, std::shared_ptr<const Rules>, RulesHash> rules_;
  std::unordered_map<InstanceKey, Instance, InstanceHash> instances_;
  std::map<std::pair<std::shared_ptr<const Placed>, Rect>, std::shared_ptr<const std::vector<TaskSlice>>> slices_;
  std::size_t sparse_ = 0;  // sparse slices that were made
  // What the mapper below wants to hear of tasks that we have asked about; gone with the last report.
  struct Asked {
    bool tasks = false, copies = false;
    unsigned left = 0;  // reports; 0: none has come
  };
  std::unordered_map<Legion::UniqueID, Asked> asked_;
  Legion::Mapping::MapperEvent deferral_;           // of select_tasks_to_map()
};

}  // namespace mapwright::engine::legion
