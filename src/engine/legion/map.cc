// How tasks are mapped: variant, processor, and what becomes of each region argument.
#include <fmt/format.h>
#include <mappers/default_mapper.h>

#include "engine/legion/convert.h"
#include "engine/legion/mapper.h"

namespace mapwright::engine::legion {

using Legion::Processor;
using Legion::RegionRequirement;
using Legion::Task;
using Legion::Mapping::MapperContext;

namespace {

constexpr std::size_t kRules = 100000;  // arguments whose rules are remembered

bool without_access(const RegionRequirement& r) { return r.privilege == LEGION_NO_ACCESS || r.privilege_fields.empty(); }
bool is_reduction(const RegionRequirement& r) { return r.privilege == LEGION_REDUCE; }
bool only_read(const RegionRequirement& r) { return (r.privilege & LEGION_READ_WRITE) == LEGION_READ_PRIV; }

}  // namespace

// Legion folds pending reductions into the instance of a reader and forgets both when the instance is not tracked, so
// that what was reduced would be lost. Only the process that launches a task surely knows what was reduced before.
bool FileMapper::may_forget(const Task& task, const RegionRequirement& requirement, Processor target) const {
  return only_read(requirement) && task.orig_proc.address_space() == target.address_space() && !session_.reduced(requirement.region.get_tree_id());
}

const TaskFacts::Variant& FileMapper::choose_variant(const Task& task, const TaskFacts& facts, Processor target, const MapTaskInput& input,
                                                     const MapTaskOutput& output) {
  const auto kind = mapwright::engine::legion::kind_of(target);
  if (kind && input.shard_processor.exists()) {
    if (const auto* v = facts.variant(*kind, input.shard_variant)) return *v;
  }
  if (kind && output.chosen_variant != 0) {  // by the mapper below
    if (const auto* v = facts.variant(*kind, output.chosen_variant)) return *v;
  }
  const TaskFacts::Variant* const first = kind ? facts.variant(*kind) : nullptr;
  if (!first) {
    session_.fail(session_.policy().finding(diag::kNoFittingKind, diag::Severity::Error, facts.rules.kind_origin,
                                            fmt::format("task `{}` was sent to a {} processor, for which it has no variant", task.get_task_name(),
                                                        kind ? to_string(*kind) : "utility")));
  }
  return *first;
}

void FileMapper::map_task(const MapperContext context, const Task& task, const MapTaskInput& input, MapTaskOutput& output) {
  const Timed timed(session_.watcher(), task);
  const bool beside = mode_ == Mode::Beside;
  // Only Legion's default mapper knows what output regions need.
  if (beside || !task.output_regions.empty()) ForwardingMapper::map_task(context, task, input, output);
  const TaskFacts& facts = session_.facts(runtime, context, task);

  const Processor::Kind below_kind = output.target_procs.empty() ? Processor::NO_KIND : output.target_procs.front().kind();
  Processor target = input.shard_processor.exists() ? input.shard_processor : task.target_proc;
  if (beside && !output.target_procs.empty()) {
    const bool keeps = session_.observes_only() || input.shard_processor.exists() ||
                       (!facts.rules.map(task.is_index_space) && output.target_procs.front().kind() == legion_kind(facts.rules.kind)) ||
                       !places(facts, task.is_index_space);
    if (keeps) target = output.target_procs.front();
    else output.target_procs = {target};
  } else {
    output.target_procs = {target};
  }
  const TaskFacts::Variant& variant = choose_variant(task, facts, target, input, output);
  // What the mapper below chose stays where it runs on that kind, also when the variant was registered after we looked.
  const bool keeps_variant = beside && output.chosen_variant != 0 && target.kind() == below_kind;
  if (!keeps_variant) output.chosen_variant = variant.id;
  if (!beside) output.postmap_task = false;

  std::optional<LoggedTask> logged;
  if (session_.log()) logged.emplace();
  std::map<unsigned, Moved> moved;
  for (unsigned i = 0; i < task.regions.size(); ++i) {
    const bool premapped = std::find(input.premapped_regions.begin(), input.premapped_regions.end(), i) != input.premapped_regions.end();
    if (premapped || without_access(task.regions[i])) continue;
    if (beside) map_beside(context, task, variant, i, target, output, moved, logged ? &*logged : nullptr);
    else map_alone(context, task, variant, i, target, output, logged ? &*logged : nullptr);
  }
  Watcher* const watcher = session_.watcher();
  const bool limited = !session_.observes_only() && facts.rules.limit;
  if (watcher) watcher->mapped(runtime, context, task, output.chosen_instances);
  if (watcher || limited) {
    {
      const std::scoped_lock lock(mutex_);
      asked_[task.get_unique_id()] = {!output.task_prof_requests.empty(), !output.copy_prof_requests.empty()};
    }
    if (watcher) watcher->request(output);
    if (limited) output.task_prof_requests.add_measurement<Legion::Mapping::ProfilingMeasurements::OperationStatus>();
  }
  if (!logged) return;
  logged->task = facts.rules.name;
  if (task.is_index_space) logged->point = to_point(task.index_point);
  logged->processor = session_.machine().point(target).value_or(sema::MachinePoint {});
  logged->variant = variant.name;
  const bool decided = !session_.observes_only();
  const auto by = [&](const Origin& origin) { return By {decided ? session_.policy().line(origin) : std::nullopt, beside && !(decided && origin)}; };
  const auto& map = facts.rules.map(task.is_index_space);
  logged->kind_by = by(facts.rules.kind_origin);
  logged->place_by = by(map ? Origin(map->span) : Origin());
  session_.log()->write(to_json(*logged));
}

std::shared_ptr<const FileMapper::Rules> FileMapper::rules_of(MapperContext context, const Task& task, const TaskFacts::Variant& variant,
                                                              ProcessorKind kind, unsigned position, Processor target,
                                                              std::optional<MemoryKind> present) {
  const RegionRequirement& requirement = task.regions[position];
  const RulesKey key {requirement.region, task.task_id, variant.id, position, static_cast<std::uint32_t>(kind),
                      present ? 1 + static_cast<std::uint32_t>(*present) : 0};
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = rules_.find(key); found != rules_.end()) return found->second;
  }
  auto out = std::make_shared<Rules>();
  Legion::LogicalRegion root = requirement.region;
  std::string own;
  if (runtime->has_parent_logical_partition(context, root)) {
    own = Watcher::name_of(runtime, context, root);
    const Legion::LogicalPartition nearest_partition = runtime->get_parent_logical_partition(context, root);
    out->partition = Watcher::name_of(runtime, context, nearest_partition);
    while (runtime->has_parent_logical_partition(context, root)) {
      root = runtime->get_parent_logical_region(context, runtime->get_parent_logical_partition(context, root));
    }
  }
  out->region = Watcher::name_of(runtime, context, root);
  std::string partition = session_.spoken(out->partition), region = session_.spoken(out->region);
  own = own.empty() && partition.empty() && region.empty() ? stand_in_name(position) : session_.spoken(own);
  for (const std::string& name : {own, partition, region}) session_.saw_argument(name);
  const auto addressable = [&](MemoryKind m) {
    if (!session_.machine().memory(target, m)) return false;
    for (auto [at, end] = variant.constraints.equal_range(position); at != end; ++at) {
      const Legion::MemoryConstraint& c = runtime->find_layout_constraints(context, at->second).memory_constraint;
      if (c.has_kind && c.kind != legion_kind(m)) return false;
    }
    return true;
  };
  const sema::ArgumentNames names {static_cast<int>(position), own, partition, region};
  auto rules = session_.policy().argument(task.get_task_name(), names, kind, addressable, present, variant.demands,
                                          requirement.region.get_index_space().get_dim());
  if (!rules) session_.fail(rules.error());
  out->rules = *std::move(rules);
  const std::scoped_lock lock(mutex_);
  if (rules_.size() >= kRules) rules_.clear();
  return rules_.emplace(key, std::move(out)).first->second;
}

void FileMapper::map_alone(MapperContext context, const Task& task, const TaskFacts::Variant& variant, unsigned position, Processor target,
                           MapTaskOutput& output, LoggedTask* logged) {
  const RegionRequirement& requirement = task.regions[position];
  const ProcessorKind kind = *mapwright::engine::legion::kind_of(target);
  auto& chosen = output.chosen_instances[position];
  chosen.clear();
  const bool relaxed = requirement.prop != LEGION_EXCLUSIVE;
  Made made;
  std::shared_ptr<const Rules> rules;
  if ((variant.inner && !relaxed) || (is_reduction(requirement) && !variant.leaf)) {
    made.instance = Instance::get_virtual_instance();
  } else {
    rules = rules_of(context, task, variant, kind, position, target, std::nullopt);
    if (!rules->rules.decided && !variant.leaf && (requirement.tag & Legion::Mapping::DefaultMapper::VIRTUAL_MAP) != 0) {
      made.instance = Instance::get_virtual_instance();  // the program asks Legion's default mapper for it
    } else if (rules->rules.is_virtual) {
      if (variant.leaf) {
        session_.fail(session_.policy().finding(diag::kLeafNeedsInstance, diag::Severity::Error, rules->rules.first,
                                                fmt::format("argument {} of `{}` is mapped to VIRTUAL, but the task computes on it", position, task.get_task_name()),
                                                "give it a memory; only tasks that launch tasks can be virtual"));
      }
      made.instance = Instance::get_virtual_instance();
    } else {
      Wanted wanted;
      wanted.position = position;
      wanted.rules = rules.get();
      wanted.variant = &variant;
      wanted.target = target;
      wanted.regions = {requirement.region};
      made = make_instance(context, task, wanted);
      if (rules->rules.collect && may_forget(task, requirement, target)) output.untracked_valid_regions.insert(position);
    }
  }
  chosen.push_back(made.instance);
  if (logged) log_instance(position, rules.get(), rules.get(), made, true, output, *logged);
}

void FileMapper::map_beside(MapperContext context, const Task& task, const TaskFacts::Variant& variant, unsigned position, Processor target,
                            MapTaskOutput& output, std::map<unsigned, Moved>& moved, LoggedTask* logged) {
  const RegionRequirement& requirement = task.regions[position];
  auto& chosen = output.chosen_instances[position];
  if (chosen.empty()) return;
  Made made;
  made.instance = chosen.front();
  const bool is_virtual = made.instance.is_virtual_instance();
  std::shared_ptr<const Rules> rules, decided;  // by its own names; of the statements that decided
  bool ours = false;
  if (!session_.observes_only() && !(is_virtual && variant.inner)) {
    const std::optional<MemoryKind> present = is_virtual ? std::nullopt : memory_kind(made.instance.get_location());
    rules = rules_of(context, task, variant, *mapwright::engine::legion::kind_of(target), position, target, present);
    const ArgumentRules& r = rules->rules;
    const auto along = moved.find(position);
    if (along != moved.end()) {  // the first statement decides for all that stay together
      decided = along->second.rules;
      made = along->second.made;
      ours = true;
    } else if (r.is_virtual && !variant.leaf && !is_virtual) {
      chosen = {Instance::get_virtual_instance()};
      made.instance = chosen.front();
      ours = true;
    } else if (r.decided && !r.is_virtual && (r.first || present)) {
      // Arguments that the mapper below put into one instance stay together: the program may rely on that.
      Wanted wanted;
      std::vector<unsigned> together {position};
      wanted.regions = {requirement.region};
      for (unsigned other = 0; other < task.regions.size() && !is_virtual; ++other) {
        const auto& theirs = output.chosen_instances[other];
        if (other == position || theirs.size() != 1 || theirs.front() != made.instance) continue;
        together.push_back(other);
        wanted.regions.push_back(task.regions[other].region);
      }
      wanted.position = position;
      wanted.rules = rules.get();
      wanted.variant = &variant;
      wanted.target = target;
      wanted.like = is_virtual ? nullptr : &chosen.front();
      made = make_instance(context, task, wanted);
      for (const unsigned i : together) {
        output.chosen_instances[i] = {made.instance};
        if (i != position) moved[i] = {rules, made};
      }
      ours = true;
    }
    if (r.collect && may_forget(task, requirement, target)) output.untracked_valid_regions.insert(position);
  }
  if (logged) log_instance(position, rules.get(), decided ? decided.get() : rules.get(), made, ours, output, *logged);
}

void FileMapper::log_instance(unsigned position, const Rules* names, const Rules* rules, const Made& made, bool ours, const MapTaskOutput& output,
                              LoggedTask& logged) {
  LoggedArgument a;
  a.position = static_cast<int>(position);
  a.memory_by.program = a.layout_by.program = !ours;
  a.collected = output.untracked_valid_regions.contains(position);
  if (names) {
    a.region = names->region;
    a.partition = names->partition;
  }
  if (made.instance.is_virtual_instance()) {
    a.memory = "VIRTUAL";
    if (rules && ours) a.memory_by.line = session_.policy().line(rules->rules.first);
  } else {
    a.memory = memory_name(made.instance.get_location());
    a.bytes = static_cast<std::int64_t>(made.instance.get_instance_size());
    if (rules && ours) {
      a.layout = plan::to_string(made.layout);
      a.memory_by.line = session_.policy().line(rules->rules.memories[made.candidate].origin);
      a.layout_by.line = session_.policy().line(made.layout.origin);
      a.fell_through = made.candidate > 0;
    }
  }
  logged.arguments.push_back(std::move(a));
}

}  // namespace mapwright::engine::legion
