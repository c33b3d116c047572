#include "engine/legion/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "engine/legion/functor.h"

namespace mapwright::engine::legion {

using Legion::TaskID;
using Legion::Mapping::MapperContext;
using Legion::Mapping::MapperEvent;
using Legion::Mapping::MapperRuntime;

namespace {

constexpr unsigned kSecondsForTheFirstRank = 3;

}  // namespace

const TaskFacts::Variant* TaskFacts::variant(ProcessorKind k) const {
  const auto& all = variants[static_cast<std::size_t>(k)];
  return all.empty() ? nullptr : &all.front();
}

const TaskFacts::Variant* TaskFacts::variant(ProcessorKind k, Legion::VariantID wanted) const {
  for (const Variant& v : variants[static_cast<std::size_t>(k)]) {
    if (v.id == wanted) return &v;
  }
  return nullptr;
}

Session& Session::get() {
  // Never destroyed: threads of Legion may still call mappers while the process ends.
  static Session* const session = new Session;
  return *session;
}

void Session::fail(const Diagnostic& d) {
  if (log_) log_->write(warning_json(diag::code_name(d.code), d.message, policy_ ? policy_->line(d.source ? Origin(d.span) : Origin()) : std::nullopt));
  std::fflush(nullptr);
  std::fputs(diag::render_text(d).c_str(), stderr);
  std::fflush(nullptr);
  _exit(1);
}

void Session::warn(const Diagnostic& d) {
  if (rank_.value_or(0) == 0) std::fputs(diag::render_text(d).c_str(), stderr);
  if (log_) log_->write(warning_json(diag::code_name(d.code), d.message, policy_ ? policy_->line(d.source ? Origin(d.span) : Origin()) : std::nullopt));
}

void Session::configure(const Expected<Options>& options, std::optional<int> rank) {
  if (configured_) return;
  configured_ = true;
  rank_ = rank;
  // A launcher ends all ranks as soon as one has failed, so the others leave the first one time to speak.
  const auto leave_to_first = [&] {
    if (rank.value_or(0) == 0) return;
    sleep(kSecondsForTheFirstRank);
    _exit(1);
  };
  const auto stop = [&](const Error& e) {
    leave_to_first();
    fail(diag::from_error(e));
  };
  if (!options) stop(options.error());
  options_ = *options;
  active_ = !options_.mapper.empty() || !options_.log.empty() || !options_.profile.empty() || !options_.record.empty();
  if (!active_) return;
  if (!options_.mapper.empty()) {
    Expected<std::string> text = read_file(options_.mapper);
    if (!text) stop(text.error());
    diag::Sink sink;
    mapper_ = sema::compile(diag::make_source(options_.mapper, *std::move(text)), sink);
    if (sink.has_errors()) leave_to_first();
    for (const Diagnostic& d : sink.take_sorted()) {
      if (rank.value_or(0) == 0) std::fputs(diag::render_text(d).c_str(), stderr);
    }
    if (sink.has_errors()) {
      std::fflush(nullptr);
      _exit(1);
    }
  }
  if (!options_.log.empty()) {
    auto log = Log::open(file_of_rank(options_.log, rank.value_or(0)));
    if (!log) stop(log.error());
    log_ = *std::move(log);
  }
}

void Session::open(Legion::Machine machine) {
  std::call_once(opened_, [&] {
    machine_ = std::make_unique<MachineView>(machine);
    policy_ = std::make_unique<Policy>(mapper_, machine_->shape());
    for (const auto& mention : mapper_.mentions()) mentioned_.insert(mention.name);
    const bool records = !options_.record.empty() && rank_.value_or(0) == 0;
    if (records || !options_.profile.empty()) watcher_ = std::make_unique<Watcher>(*machine_, !options_.profile.empty(), records);
    if (machine_->uneven()) {
      warn(policy_->finding(diag::kLegionMachine, diag::Severity::Warning, std::nullopt,
                            "the address spaces of this run have different processors; each counts as many as the smallest has",
                            "start all ranks with the same -ll: options"));
    }
  });
}

const TaskFacts& Session::facts(MapperRuntime* runtime, MapperContext context, const Legion::Task& task) {
  {
    const std::shared_lock lock(facts_mutex_);
    if (const auto found = facts_.find(task.task_id); found != facts_.end()) return *found->second;
  }
  // Without the lock: the runtime may suspend this call while it answers.
  auto facts = std::make_unique<const TaskFacts>(examine(runtime, context, task));
  const std::unique_lock lock(facts_mutex_);
  const auto [at, fresh] = facts_.emplace(task.task_id, std::move(facts));
  if (fresh) {
    for (const Diagnostic& d : at->second->rules.warnings) warn(d);
  }
  return *at->second;
}

TaskFacts Session::examine(MapperRuntime* runtime, MapperContext context, const Legion::Task& task) {
  TaskFacts out;
  out.id = task.task_id;
  Kinds kinds;
  for (const ProcessorKind k : kAllProcessorKinds) {
    std::vector<Legion::VariantID> found;
    runtime->find_valid_variants(context, task.task_id, found, legion_kind(k));
    if (!found.empty()) kinds.add(k);
    for (const Legion::VariantID id : found) {
      TaskFacts::Variant v;
      v.id = id;
      if (const char* name = runtime->find_task_variant_name(context, task.task_id, id)) v.name = name;
      v.inner = runtime->is_inner_variant(context, task.task_id, id);
      v.leaf = runtime->is_leaf_variant(context, task.task_id, id);
      v.replicable = runtime->is_replicable_variant(context, task.task_id, id);
      v.constraints = runtime->find_task_layout_constraints(context, task.task_id, id).layouts;
      for (const auto& [position, layout] : v.constraints) {
        program::LayoutDemand demand = demand_of(runtime->find_layout_constraints(context, layout).ordering_constraint.ordering);
        if (!demand.fields && !demand.dims) continue;
        demand.argument = position;
        v.demands.push_back(demand);
      }
      out.variants[static_cast<std::size_t>(k)].push_back(std::move(v));
    }
  }
  auto rules = policy_->rules(task.get_task_name(), kinds);
  if (!rules && rules.error().source) fail(rules.error());
  // Without a statement about it, it is for Legion or the mapper below to say that a task cannot run.
  if (rules) out.rules = *std::move(rules);
  else out.rules.name = task.get_task_name();
  return out;
}

void Session::register_functors(Legion::Runtime* runtime) {
  const std::size_t functions = mapper_.function_count();
  first_functor_ = runtime->generate_library_sharding_ids("mapwright", 1 + functions * kProcessorKinds);
  runtime->register_sharding_functor(first_functor_, new Functor(TaskRules {}), true);
  for (std::size_t f = 0; f < functions; ++f) {
    for (const ProcessorKind k : kAllProcessorKinds) {
      TaskRules rules;
      rules.name = mapper_.function_name(sema::FunctionId(f));
      rules.kind = k;
      rules.index_map = sema::Decided<sema::FunctionId> {sema::FunctionId(f), mapper_.function_span(sema::FunctionId(f))};
      runtime->register_sharding_functor(sharding(sema::FunctionId(f), k), new Functor(std::move(rules)), true);
    }
  }
}

Legion::ShardingID Session::sharding(sema::FunctionId f, ProcessorKind k) const {
  return first_functor_ + 1 + f.value * static_cast<unsigned>(kProcessorKinds) + static_cast<unsigned>(k);
}

void Session::wait(MapperEvent event) {
  const std::scoped_lock lock(waiting_mutex_);
  waiting_.push_back(event);
}

void Session::wake(MapperRuntime* runtime, MapperContext context) {
  std::vector<MapperEvent> all;
  {
    const std::scoped_lock lock(waiting_mutex_);
    all.swap(waiting_);
  }
  for (const MapperEvent& event : all) runtime->trigger_mapper_event(context, event);
}

void Session::log_printed() {
  if (!policy_ || !log_) return;
  for (const std::string& line : policy_->take_printed()) log_->write(print_json(line));
}

void Session::saw_argument(const std::string& name) {
  if (name.empty()) return;
  const std::scoped_lock lock(names_mutex_);
  arguments_seen_.insert(name);
}

std::string Session::spoken(const std::string& name) const {
  return mentioned_.contains(name) || !mentioned_.contains(plain_name(name)) ? name : plain_name(name);
}

bool Session::write_files() {
  if (!watcher_) return true;
  bool good = true;
  const auto write = [&](const std::string& path, const std::string& text) {
    if (write_file(path, text)) return;
    warn(policy_->finding(diag::kFileUnwritable, diag::Severity::Error, std::nullopt, fmt::format("cannot write `{}`", path)));
    good = false;
  };
  if (Profiler* const profiler = watcher_->profiler()) write(file_of_rank(options_.profile, rank_.value_or(0)), to_json(profiler->execution()) + "\n");
  if (watcher_->recorder() && !write_record(options_.record)) good = false;
  return good;
}

bool Session::write_record(const std::string& path) {
  program::Program recorded = watcher_->recorder()->program("recorded");
  diag::Sink sink;
  const bool valid = program::validate(recorded, sink);
  for (const Diagnostic& d : sink.take_sorted()) warn(d);
  const auto tell = [&](diag::Severity severity, std::string message, std::string help) {
    warn(policy_->finding(diag::kLegionRecording, severity, std::nullopt, std::move(message), std::move(help)));
  };
  if (!valid) {
    tell(diag::Severity::Error, "what the program did cannot be written as a program file", "the findings above say what it has that such files lack");
    return false;
  }
  if (const auto unseen = recorded.parameters.find("unseen"); unseen != recorded.parameters.end()) {
    tell(diag::Severity::Warning, fmt::format("the data of some points was not seen, of {}", unseen->second), "record in one process; what a task runs inline is not seen");
  }
  if (const auto flat = recorded.parameters.find("flat"); flat != recorded.parameters.end()) {
    tell(diag::Severity::Warning, fmt::format("what some tasks launch stands in the file as if their own parent launched it ({})", flat->second),
         "a program file has one body per task, the same for all its points; times and data are right, the order may be too loose");
  }
  if (const auto written = recorded.parameters.find("written"); written != recorded.parameters.end()) {
    tell(diag::Severity::Warning, fmt::format("reductions of values that are neither 4 nor 8 bytes count as writes, in {}", written->second),
         "points that reduce to the same data run one after the other in the simulation");
  }
  if (const auto lost = recorded.parameters.find("unplaced"); lost != recorded.parameters.end()) {
    tell(diag::Severity::Warning, fmt::format("not in the file: {}", lost->second), "mapwright explain MW6304 says what is recorded, and when");
  }
  if (const Expected<std::string> before = read_file(path)) {
    diag::Sink ignored;
    const auto earlier = program::import_json(diag::make_source(path, *before), ignored);
    if (!earlier || !merge(*earlier, recorded)) {
      tell(diag::Severity::Warning, fmt::format("`{}` is no recording of the same run and is replaced", path), "times are added up only over runs with the same arguments");
    }
  }
  if (write_file(path, program::export_json(recorded))) return true;
  warn(policy_->finding(diag::kFileUnwritable, diag::Severity::Error, std::nullopt, fmt::format("cannot write `{}`", path)));
  return false;
}

void Session::saw_reductions(const Legion::Task& task) {
  for (const Legion::RegionRequirement& r : task.regions) {
    if (r.privilege != LEGION_REDUCE) continue;
    const Legion::RegionTreeID tree = r.region.exists() ? r.region.get_tree_id() : r.partition.get_tree_id();
    if (reduced(tree)) continue;
    const std::unique_lock lock(reduced_mutex_);
    reduced_.insert(tree);
  }
}

bool Session::reduced(Legion::RegionTreeID tree) const {
  const std::shared_lock lock(reduced_mutex_);
  return reduced_.contains(tree);
}

bool Session::check_names() {
  // Tasks may be met by other processes only, so a process among several cannot be sure.
  if (!policy_ || rank_.value_or(0) != 0) return true;
  const bool strict = options_.strict && policy_->shape().address_spaces == 1;
  std::vector<std::string> tasks {kInlineTask, kCopyTask};  // in mappers of recordings
  {
    const std::shared_lock lock(facts_mutex_);
    for (const auto& [id, facts] : facts_) tasks.push_back(facts->rules.name);
  }
  const std::scoped_lock lock(names_mutex_);
  const std::vector<std::string> arguments(arguments_seen_.begin(), arguments_seen_.end());
  bool good = true;
  for (const auto& mention : mapper_.mentions()) {
    const bool is_task = mention.what == sema::Mapper::Mention::What::Task;
    const std::vector<std::string>& known = is_task ? tasks : arguments;
    if (std::find(known.begin(), known.end(), mention.name) != known.end()) continue;
    const auto near = nearest(mention.name, known);
    warn(policy_->finding(is_task ? diag::kUnknownTask : diag::kUnknownArgument,
                          strict ? diag::Severity::Error : diag::Severity::Warning, mention.span,
                          fmt::format("no {} called `{}` was met in this {}", is_task ? "task" : "region or partition", mention.name,
                                      policy_->shape().address_spaces == 1 ? "run" : "process"),
                          near ? fmt::format("did you mean `{}`?", *near) : "the statement had no effect"));
    good = good && !strict;
  }
  return good;
}

program::LayoutDemand demand_of(const std::vector<Legion::DimensionKind>& ordering) {
  program::LayoutDemand demand;
  std::vector<int> dims;
  for (const Legion::DimensionKind d : ordering) {
    if (d >= LEGION_DIM_X && d < LEGION_DIM_F) dims.push_back(d - LEGION_DIM_X);
  }
  if (dims.size() > 1) demand.dims = dims.front() < dims.back() ? DimOrder::F : DimOrder::C;
  if (ordering.size() > 1 && ordering.front() == LEGION_DIM_F) demand.fields = FieldOrder::Aos;
  if (ordering.size() > 1 && ordering.back() == LEGION_DIM_F) demand.fields = FieldOrder::Soa;
  return demand;
}

}  // namespace mapwright::engine::legion
