// Where tasks run: options, slices, shards, replication and limits.
#include <deque>

#include "engine/legion/convert.h"
#include "engine/legion/functor.h"
#include "engine/legion/mapper.h"

namespace mapwright::engine::legion {

using Legion::Processor;
using Legion::Task;
using Legion::Mapping::MapperContext;

namespace {

constexpr std::size_t kSlices = 4096;  // launch shapes whose slices are remembered
// A processor that has more pieces of a launch gets them as one sparse slice: Legion spends more on a slice than on a point.
// Its index spaces cannot be deleted, so there are only so many.
constexpr std::size_t kPieces = 8, kSparse = 4096;

bool launched_by_top_level(const Task& task) { return !task.parent_task || task.parent_task->get_depth() == 0; }

// Who launched the task, for InstanceLimit: a processor, or the address space for what the top-level task launches.
std::uint64_t launcher_of(const Task& task) { return launched_by_top_level(task) ? 0 : task.orig_proc.id; }

std::vector<Point> points_of(const Legion::Domain& domain) {
  std::vector<Point> out;
  for (Legion::Domain::DomainPointIterator it(domain); it; it.step()) out.push_back(to_point(it.p));
  return out;
}

}  // namespace

FileMapper::FileMapper(Legion::Mapping::Mapper* below, Mode mode)
    : ForwardingMapper(below), mode_(mode),
      name_(mode == Mode::Alone ? std::string("mapwright") : std::string("mapwright beside ") + below->get_mapper_name()), session_(Session::get()) {
  session_.open(Legion::Machine::get_machine());
}

bool FileMapper::places(const TaskFacts& facts, bool index) const {
  return mode_ == Mode::Alone || facts.rules.map(index) || facts.rules.kind_origin;
}

std::shared_ptr<const Placed> FileMapper::place(const Task& task, const TaskFacts& facts) {
  std::vector<const Task*> ancestors;
  for (const Task* p = task.parent_task; p && p->get_depth() > 0; p = p->parent_task) ancestors.push_back(p);
  std::deque<sema::TaskContext> chain {top_level_context()};
  for (auto p = ancestors.rbegin(); p != ancestors.rend(); ++p) {
    sema::TaskContext c;
    c.name = (*p)->get_task_name();
    c.processor = session_.machine().point((*p)->current_proc);
    if (c.processor) c.kind = c.processor->kind;
    if ((*p)->is_index_space) {
      const Rect domain = to_rect((*p)->index_domain);
      c.point = to_point((*p)->index_point);
      for (int d = 0; d < c.point.dim; ++d) c.point[d] -= domain.lo[d];
      c.extents = domain.extents();
    }
    c.parent = &chain.back();
    chain.push_back(c);
  }
  Launch launch;
  launch.index = task.is_index_space;
  launch.parent = &chain.back();
  launch.top_level = launched_by_top_level(task);
  launch.replicated = launch.top_level && task.parent_task && task.parent_task->get_total_shards() > 1;
  if (launch.index) {
    launch.domain = to_rect(task.index_domain);
    if (!task.index_domain.dense()) launch.only = points_of(task.index_domain);
  }
  auto placed = session_.policy().place(facts.rules, launch);
  session_.log_printed();
  if (!placed) session_.fail(placed.error());
  return *std::move(placed);
}

void FileMapper::select_task_options(const MapperContext context, const Task& task, TaskOptions& output) {
  const Timed timed(session_.watcher(), task);
  ForwardingMapper::select_task_options(context, task, output);
  Watcher* const watcher = session_.watcher();
  if (session_.observes_only() && !watcher) return;
  session_.saw_reductions(task);
  const TaskFacts& facts = session_.facts(runtime, context, task);
  if (watcher) watcher->launched(runtime, context, task, facts);
  if (session_.observes_only()) return;
  const bool alone = mode_ == Mode::Alone;
  if (alone && task.output_regions.empty()) output.valid_instances = false;  // map_task() does not look at them
  if (facts.rules.limit) output.map_locally = false;  // select_tasks_to_map() must be asked
  choose_replication(task, facts, output);
  if (output.inline_task || !places(facts, task.is_index_space)) return;
  const bool right_kind = kind_of(output.initial_proc) == facts.rules.kind;
  if (task.is_index_space) {
    // Only the kind matters, and that the launch is sliced here: slice_task() chooses the processors.
    if (!right_kind) output.initial_proc = session_.machine().processor({facts.rules.kind, task.current_proc.address_space(), 0});
    output.stealable = false;
  } else if (facts.rules.single_map || !right_kind || (alone && task.get_depth() > 0)) {
    output.initial_proc = session_.machine().processor(place(task, facts)->points.front());
    output.stealable = false;
  }
}

void FileMapper::choose_replication(const Task& task, const TaskFacts& facts, TaskOptions& output) {
  const auto decided = session_.policy().replicated(facts.rules.name);
  if (!decided && mode_ == Mode::Beside) return;
  const bool wanted = decided ? decided->value : task.get_depth() == 0;
  const TaskFacts::Variant* const variant = facts.variant(facts.rules.kind);
  output.replicate = wanted && session_.machine().shape().address_spaces > 1 && variant && variant->replicable;
}

void FileMapper::replicate_task(MapperContext context, const Task& task, const ReplicateTaskInput& input, ReplicateTaskOutput& output) {
  const TaskFacts* const facts = session_.observes_only() ? nullptr : &session_.facts(runtime, context, task);
  const auto decided = facts ? session_.policy().replicated(facts->rules.name) : std::nullopt;
  if (!facts || (!decided && mode_ == Mode::Beside)) return ForwardingMapper::replicate_task(context, task, input, output);
  output.chosen_variant = facts->variant(facts->rules.kind)->id;
  output.target_processors.clear();
  const auto spaces = static_cast<std::uint32_t>(session_.machine().shape().address_spaces);
  for (std::uint32_t s = 0; s < spaces; ++s) output.target_processors.push_back(session_.machine().processor({facts->rules.kind, s, 0}));
  if (Log* const log = session_.log()) {
    log->write(replicate_json(facts->rules.name, output.target_processors.size(), {session_.policy().line(decided ? Origin(decided->span) : Origin()), false}));
  }
}

void FileMapper::select_sharding_functor(const MapperContext context, const Task& task, const SelectShardingFunctorInput& input,
                                         SelectShardingFunctorOutput& output) {
  // The functors know nothing of parents, take shard s to be on address space s, and shard the launch domain. Elsewhere the mapper below chooses who
  // analyses the points; slice_task() still sends each to the processor that the mapper file names.
  const auto usable = [&](const TaskFacts& facts) {
    const auto& map = facts.rules.index_map;
    if (!task.is_index_space || !task.index_domain.dense() || (mode_ == Mode::Beside && !map)) return false;
    if (task.sharding_space.exists() && runtime->get_index_space_domain(context, task.sharding_space) != task.index_domain) return false;
    if (!launched_by_top_level(task) && (!map || session_.policy().mapper().reads_parent(map->value))) return false;
    if (input.shard_mapping.size() != static_cast<std::size_t>(session_.machine().shape().address_spaces)) return false;
    for (std::size_t s = 0; s < input.shard_mapping.size(); ++s) {
      if (input.shard_mapping[s].address_space() != s) return false;
    }
    return true;
  };
  const TaskFacts* const facts = session_.observes_only() ? nullptr : &session_.facts(runtime, context, task);
  if (!facts || !usable(*facts)) return ForwardingMapper::select_sharding_functor(context, task, input, output);
  const auto& map = facts->rules.index_map;
  output.chosen_functor = map ? session_.sharding(map->value, facts->rules.kind) : session_.default_sharding();
  output.slice_recurse = true;
}

std::vector<FileMapper::TaskSlice> FileMapper::cut(MapperContext context, const std::vector<Slice>& slices) {
  std::vector<TaskSlice> out;
  for (std::size_t i = 0; i < slices.size();) {
    const Processor processor = session_.machine().processor(slices[i].processor);
    std::size_t end = i;
    while (end < slices.size() && slices[end].processor == slices[i].processor) ++end;
    bool sparse = end - i > kPieces && session_.machine().shape().address_spaces == 1;
    if (sparse) {
      const std::scoped_lock lock(mutex_);
      sparse = sparse_ < kSparse;
      if (sparse) ++sparse_;
    }
    if (sparse) {
      std::vector<Legion::Domain> rectangles;
      for (std::size_t j = i; j < end; ++j) rectangles.push_back(to_legion(slices[j].points));
      out.emplace_back(runtime->create_index_space(context, rectangles, "mapwright"), processor, false, false);
    } else {
      for (std::size_t j = i; j < end; ++j) out.emplace_back(to_legion(slices[j].points), processor, false, false);
    }
    i = end;
  }
  return out;
}

void FileMapper::slice_task(const MapperContext context, const Task& task, const SliceTaskInput& input, SliceTaskOutput& output) {
  const Timed timed(session_.watcher(), task);
  const TaskFacts* const facts = session_.observes_only() ? nullptr : &session_.facts(runtime, context, task);
  if (!facts || !places(*facts, true)) return ForwardingMapper::slice_task(context, task, input, output);
  if (mode_ == Mode::Beside && !facts->rules.index_map) {
    // Only the kind is decided: the slices of the mapper below stay when they respect it.
    ForwardingMapper::slice_task(context, task, input, output);
    const auto right = [&](const TaskSlice& s) { return kind_of(s.proc) == facts->rules.kind; };
    if (std::all_of(output.slices.begin(), output.slices.end(), right)) return;
    output.slices.clear();
  }
  const std::shared_ptr<const Placed> placed = place(task, *facts);
  const Rect domain = to_rect(task.index_domain);
  if (input.domain.dense()) {
    const Rect part = to_rect(input.domain);
    const std::pair key {placed, part};
    std::shared_ptr<const std::vector<TaskSlice>> slices;
    {
      const std::scoped_lock lock(mutex_);
      if (const auto known = slices_.find(key); known != slices_.end()) slices = known->second;
    }
    if (!slices) {
      slices = std::make_shared<const std::vector<TaskSlice>>(cut(context, slice(*placed, domain, {&part, 1})));
      const std::scoped_lock lock(mutex_);
      if (slices_.size() >= kSlices) slices_.clear();
      slices_.emplace(key, slices);
    }
    output.slices = *slices;
  } else {
    std::vector<Rect> parts;
    for (const Point& p : points_of(input.domain)) parts.emplace_back(p, p);
    for (const Slice& s : slice(*placed, domain, parts)) {
      output.slices.emplace_back(to_legion(s.points), session_.machine().processor(s.processor), false, false);
    }
  }
  output.verify_correctness = session_.options().strict;
}

void FileMapper::select_tasks_to_map(const MapperContext context, const SelectMappingInput& input, SelectMappingOutput& output) {
  if (session_.observes_only() || !session_.policy().limits_instances()) return ForwardingMapper::select_tasks_to_map(context, input, output);
  // The choice of the mapper below does not count: were all of it held back, nothing would be mapped that ends the wait.
  std::vector<std::pair<const Task*, std::int64_t>> refused;
  const auto admit = [&](const Task* task, std::int64_t limit) {
    if (!session_.limiter().admit(task->task_id, launcher_of(*task), limit)) return false;
    output.map_tasks.insert(task);
    return true;
  };
  for (const Task* const task : input.ready_tasks) {
    const auto& limit = session_.facts(runtime, context, *task).rules.limit;
    if (!limit) {
      output.map_tasks.insert(task);
    } else if (!admit(task, limit->value)) {
      refused.emplace_back(task, limit->value);
    }
  }
  if (!output.map_tasks.empty() || refused.empty()) return;
  if (!deferral_.exists() || runtime->has_mapper_event_triggered(context, deferral_)) {
    deferral_ = runtime->create_mapper_event(context);
    session_.wait(deferral_);
  }
  output.deferral_event = deferral_;
  // A point may have ended before the event was known to wake().
  for (const auto& [task, limit] : refused) admit(task, limit);
}

void FileMapper::memoize_operation(const MapperContext context, const Legion::Mappable& mappable, const MemoizeInput& input, MemoizeOutput& output) {
  ForwardingMapper::memoize_operation(context, mappable, input, output);
  // Replayed traces do not ask for tasks to map.
  const Task* const task = mappable.as_task();
  if (task && output.memoize && !session_.observes_only() && session_.facts(runtime, context, *task).rules.limit) output.memoize = false;
}

void FileMapper::report_profiling(const MapperContext context, const Task& task, const TaskProfilingInfo& input) {
  const bool limited =
      !session_.observes_only() && session_.policy().limits_instances() && session_.facts(runtime, context, task).rules.limit;
  if (limited && input.task_response) {
    session_.limiter().finish(task.task_id, launcher_of(task));
    session_.wake(runtime, context);
  }
  Watcher* const watcher = session_.watcher();
  if (watcher) watcher->reported(runtime, context, task, input);
  // Mappers need not bear reports that they have not asked for: Legion's default one aborts.
  bool forward = !watcher && !limited;
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = asked_.find(task.get_unique_id()); found != asked_.end()) {
      Asked& asked = found->second;
      forward = input.task_response ? asked.tasks : asked.copies;
      if (asked.left == 0) asked.left = input.total_reports;
      if (asked.left <= 1) asked_.erase(found);
      else --asked.left;
    }
  }
  if (forward) ForwardingMapper::report_profiling(context, task, input);
}

void FileMapper::handle_instance_collection(const MapperContext context, const Legion::Mapping::PhysicalInstance& instance) {
  if (Watcher* const watcher = session_.watcher()) watcher->collected(instance);
  ForwardingMapper::handle_instance_collection(context, instance);
}

}  // namespace mapwright::engine::legion
