// Functions of Legion by which tasks launch, fill, copy, map, wait and trace: mappers hear of some of them, and never of all
// in their order. Each does what Legion's does, and tells the recorder when there is one.
#include <legion.h>

#include "engine/legion/behind.h"
#include "engine/legion/session.h"

namespace mapwright::engine::legion {

namespace {

Watcher* recording() {
  Watcher* const watcher = Session::get().watcher();
  return watcher && watcher->recorder() ? watcher : nullptr;
}

Legion::RegionRequirement requirement_of(const Legion::PhysicalRegion& region) {
  const Legion::LogicalRegion logical = region.get_logical_region();
  Legion::RegionRequirement out(logical, region.get_privilege(), LEGION_EXCLUSIVE, logical);
  std::vector<Legion::FieldID> fields;
  region.get_fields(fields);
  for (const Legion::FieldID f : fields) out.add_field(f);
  return out;
}

}  // namespace

}  // namespace mapwright::engine::legion

namespace Legion {

namespace here = mapwright::engine::legion;

Future Runtime::execute_task(Context task, const TaskLauncher& launcher, std::vector<OutputRequirement>* outputs) {
  static const auto next = here::behind<Future(Runtime*, Context, const TaskLauncher&, std::vector<OutputRequirement>*)>("_ZN6Legion7Runtime12execute_taskEPNS_8Internal11TaskContextERKNS_12TaskLauncherEPSt6vectorINS_17OutputRequirementESaIS8_EE");
  Future out = next(this, task, launcher, outputs);
  if (here::Watcher* const w = here::recording(); w && launcher.predicate != Predicate::FALSE_PRED) w->asked_launch(task, launcher.futures, out.hash());
  return out;
}

FutureMap Runtime::execute_index_space(Context task, const IndexTaskLauncher& launcher, std::vector<OutputRequirement>* outputs) {
  static const auto next = here::behind<FutureMap(Runtime*, Context, const IndexTaskLauncher&, std::vector<OutputRequirement>*)>("_ZN6Legion7Runtime19execute_index_spaceEPNS_8Internal11TaskContextERKNS_17IndexTaskLauncherEPSt6vectorINS_17OutputRequirementESaIS8_EE");
  FutureMap out = next(this, task, launcher, outputs);
  if (here::Watcher* const w = here::recording(); w && launcher.predicate != Predicate::FALSE_PRED) w->asked_launch(task, launcher.futures, out.hash());
  return out;
}

Future Runtime::execute_index_space(Context task, const IndexTaskLauncher& launcher, ReductionOpID op, bool deterministic, std::vector<OutputRequirement>* outputs) {
  static const auto next = here::behind<Future(Runtime*, Context, const IndexTaskLauncher&, ReductionOpID, bool, std::vector<OutputRequirement>*)>("_ZN6Legion7Runtime19execute_index_spaceEPNS_8Internal11TaskContextERKNS_17IndexTaskLauncherEibPSt6vectorINS_17OutputRequirementESaIS8_EE");
  Future out = next(this, task, launcher, op, deterministic, outputs);
  if (here::Watcher* const w = here::recording(); w && launcher.predicate != Predicate::FALSE_PRED) w->asked_launch(task, launcher.futures, out.hash(), op);
  return out;
}

FutureMap Runtime::execute_must_epoch(Context task, const MustEpochLauncher& launcher) {
  static const auto next = here::behind<FutureMap(Runtime*, Context, const MustEpochLauncher&)>("_ZN6Legion7Runtime18execute_must_epochEPNS_8Internal11TaskContextERKNS_17MustEpochLauncherE");
  FutureMap out = next(this, task, launcher);
  if (here::Watcher* const w = here::recording()) {
    for (const TaskLauncher& l : launcher.single_tasks) w->asked_launch(task, l.futures, out.hash());
    for (const IndexTaskLauncher& l : launcher.index_tasks) w->asked_launch(task, l.futures, out.hash());
  }
  return out;
}

Future Runtime::reduce_future_map(Context task, const FutureMap& all, ReductionOpID op, bool deterministic, MapperID mapper, MappingTagID tag, const char* provenance, Future initial) {
  static const auto next = here::behind<Future(Runtime*, Context, const FutureMap&, ReductionOpID, bool, MapperID, MappingTagID, const char*, Future)>("_ZN6Legion7Runtime17reduce_future_mapEPNS_8Internal11TaskContextERKNS_9FutureMapEibjmPKcNS_6FutureE");
  Future out = next(this, task, all, op, deterministic, mapper, tag, provenance, initial);
  if (here::Watcher* const w = here::recording()) w->took(all.hash(), out.hash(), op);
  return out;
}

PhysicalRegion Runtime::map_region(Context task, const InlineLauncher& launcher) {
  static const auto next = here::behind<PhysicalRegion(Runtime*, Context, const InlineLauncher&)>("_ZN6Legion7Runtime10map_regionEPNS_8Internal11TaskContextERKNS_14InlineLauncherE");
  PhysicalRegion out = next(this, task, launcher);
  if (here::Watcher* const w = here::recording()) w->asked_access(task, launcher.requirement);
  return out;
}

PhysicalRegion Runtime::map_region(Context task, const RegionRequirement& requirement, MapperID mapper, MappingTagID tag, const char* provenance) {
  static const auto next = here::behind<PhysicalRegion(Runtime*, Context, const RegionRequirement&, MapperID, MappingTagID, const char*)>("_ZN6Legion7Runtime10map_regionEPNS_8Internal11TaskContextERKNS_17RegionRequirementEjmPKc");
  PhysicalRegion out = next(this, task, requirement, mapper, tag, provenance);
  if (here::Watcher* const w = here::recording()) w->asked_access(task, requirement);
  return out;
}

PhysicalRegion Runtime::map_region(Context task, unsigned position, MapperID mapper, MappingTagID tag, const char* provenance) {
  static const auto next = here::behind<PhysicalRegion(Runtime*, Context, unsigned, MapperID, MappingTagID, const char*)>("_ZN6Legion7Runtime10map_regionEPNS_8Internal11TaskContextEjjmPKc");
  PhysicalRegion out = next(this, task, position, mapper, tag, provenance);
  if (here::Watcher* const w = here::recording()) w->asked_access(task, get_current_task(task)->regions.at(position));
  return out;
}

void Runtime::remap_region(Context task, PhysicalRegion region, const char* provenance) {
  static const auto next = here::behind<void(Runtime*, Context, PhysicalRegion, const char*)>("_ZN6Legion7Runtime12remap_regionEPNS_8Internal11TaskContextENS_14PhysicalRegionEPKc");
  next(this, task, region, provenance);
  if (here::Watcher* const w = here::recording()) w->asked_access(task, here::requirement_of(region));
}

void Runtime::issue_copy_operation(Context task, const CopyLauncher& launcher) {
  static const auto next = here::behind<void(Runtime*, Context, const CopyLauncher&)>("_ZN6Legion7Runtime20issue_copy_operationEPNS_8Internal11TaskContextERKNS_12CopyLauncherE");
  next(this, task, launcher);
  if (here::Watcher* const w = here::recording()) w->asked_copy(task, launcher);
}

void Runtime::issue_copy_operation(Context task, const IndexCopyLauncher& launcher) {
  static const auto next = here::behind<void(Runtime*, Context, const IndexCopyLauncher&)>("_ZN6Legion7Runtime20issue_copy_operationEPNS_8Internal11TaskContextERKNS_17IndexCopyLauncherE");
  next(this, task, launcher);
  if (here::Watcher* const w = here::recording()) w->asked_copy(task, launcher);
}

void Runtime::fill_fields(Context task, const FillLauncher& launcher) {
  static const auto next = here::behind<void(Runtime*, Context, const FillLauncher&)>("_ZN6Legion7Runtime11fill_fieldsEPNS_8Internal11TaskContextERKNS_12FillLauncherE");
  next(this, task, launcher);
  if (here::Watcher* const w = here::recording()) w->asked_fill(task, launcher.handle, launcher.fields);
}

void Runtime::fill_fields(Context task, const IndexFillLauncher& launcher) {
  static const auto next = here::behind<void(Runtime*, Context, const IndexFillLauncher&)>("_ZN6Legion7Runtime11fill_fieldsEPNS_8Internal11TaskContextERKNS_17IndexFillLauncherE");
  next(this, task, launcher);
  if (here::Watcher* const w = here::recording()) w->asked_fill(task, launcher);
}

void Runtime::fill_field(Context task, LogicalRegion region, LogicalRegion parent, FieldID field, const void* value, size_t size, Predicate predicate) {
  static const auto next = here::behind<void(Runtime*, Context, LogicalRegion, LogicalRegion, FieldID, const void*, size_t, Predicate)>("_ZN6Legion7Runtime10fill_fieldEPNS_8Internal11TaskContextENS_13LogicalRegionES4_jPKvmNS_9PredicateE");
  next(this, task, region, parent, field, value, size, predicate);
  if (here::Watcher* const w = here::recording()) w->asked_fill(task, region, {field});
}

void Runtime::fill_field(Context task, LogicalRegion region, LogicalRegion parent, FieldID field, Future value, Predicate predicate) {
  static const auto next = here::behind<void(Runtime*, Context, LogicalRegion, LogicalRegion, FieldID, Future, Predicate)>("_ZN6Legion7Runtime10fill_fieldEPNS_8Internal11TaskContextENS_13LogicalRegionES4_jNS_6FutureENS_9PredicateE");
  next(this, task, region, parent, field, value, predicate);
  if (here::Watcher* const w = here::recording()) w->asked_fill(task, region, {field});
}

void Runtime::fill_fields(Context task, LogicalRegion region, LogicalRegion parent, const std::set<FieldID>& fields, const void* value, size_t size, Predicate predicate) {
  static const auto next = here::behind<void(Runtime*, Context, LogicalRegion, LogicalRegion, const std::set<FieldID>&, const void*, size_t, Predicate)>("_ZN6Legion7Runtime11fill_fieldsEPNS_8Internal11TaskContextENS_13LogicalRegionES4_RKSt3setIjSt4lessIjESaIjEEPKvmNS_9PredicateE");
  next(this, task, region, parent, fields, value, size, predicate);
  if (here::Watcher* const w = here::recording()) w->asked_fill(task, region, fields);
}

void Runtime::fill_fields(Context task, LogicalRegion region, LogicalRegion parent, const std::set<FieldID>& fields, Future value, Predicate predicate) {
  static const auto next = here::behind<void(Runtime*, Context, LogicalRegion, LogicalRegion, const std::set<FieldID>&, Future, Predicate)>("_ZN6Legion7Runtime11fill_fieldsEPNS_8Internal11TaskContextENS_13LogicalRegionES4_RKSt3setIjSt4lessIjESaIjEENS_6FutureENS_9PredicateE");
  next(this, task, region, parent, fields, value, predicate);
  if (here::Watcher* const w = here::recording()) w->asked_fill(task, region, fields);
}

Future Runtime::issue_execution_fence(Context task, const char* provenance) {
  static const auto next = here::behind<Future(Runtime*, Context, const char*)>("_ZN6Legion7Runtime21issue_execution_fenceEPNS_8Internal11TaskContextEPKc");
  Future out = next(this, task, provenance);
  if (here::Watcher* const w = here::recording()) w->asked_fence(task, out.hash());
  return out;
}

void Runtime::begin_trace(Context task, TraceID trace, bool logical_only, bool is_static, const std::set<RegionTreeID>* managed, const char* provenance) {
  static const auto next = here::behind<void(Runtime*, Context, TraceID, bool, bool, const std::set<RegionTreeID>*, const char*)>("_ZN6Legion7Runtime11begin_traceEPNS_8Internal11TaskContextEjbbPKSt3setIjSt4lessIjESaIjEEPKc");
  next(this, task, trace, logical_only, is_static, managed, provenance);
  if (here::Watcher* const w = here::recording(); w && !logical_only) w->asked_trace(task, trace, true);
}

void Runtime::end_trace(Context task, TraceID trace, const char* provenance) {
  static const auto next = here::behind<void(Runtime*, Context, TraceID, const char*)>("_ZN6Legion7Runtime9end_traceEPNS_8Internal11TaskContextEjPKc");
  next(this, task, trace, provenance);
  if (here::Watcher* const w = here::recording()) w->asked_trace(task, trace, false);
}

Future Runtime::get_current_time(Context task, Future after) {
  static const auto next = here::behind<Future(Runtime*, Context, Future)>("_ZN6Legion7Runtime16get_current_timeEPNS_8Internal11TaskContextENS_6FutureE");
  Future out = next(this, task, after);
  if (here::Watcher* const w = here::recording()) w->asked_time(task);
  return out;
}

Future Runtime::get_current_time_in_microseconds(Context task, Future after) {
  static const auto next = here::behind<Future(Runtime*, Context, Future)>("_ZN6Legion7Runtime32get_current_time_in_microsecondsEPNS_8Internal11TaskContextENS_6FutureE");
  Future out = next(this, task, after);
  if (here::Watcher* const w = here::recording()) w->asked_time(task);
  return out;
}

Future Runtime::get_current_time_in_nanoseconds(Context task, Future after) {
  static const auto next = here::behind<Future(Runtime*, Context, Future)>("_ZN6Legion7Runtime31get_current_time_in_nanosecondsEPNS_8Internal11TaskContextENS_6FutureE");
  Future out = next(this, task, after);
  if (here::Watcher* const w = here::recording()) w->asked_time(task);
  return out;
}

Future Runtime::issue_timing_measurement(Context task, const TimingLauncher& launcher) {
  static const auto next = here::behind<Future(Runtime*, Context, const TimingLauncher&)>("_ZN6Legion7Runtime24issue_timing_measurementEPNS_8Internal11TaskContextERKNS_14TimingLauncherE");
  Future out = next(this, task, launcher);
  if (here::Watcher* const w = here::recording()) w->asked_time(task);
  return out;
}

const void* Future::get_buffer(Memory::Kind memory, size_t* extent, bool check, bool silence, const char* warning) const {
  static const auto next = here::behind<const void*(const Future*, Memory::Kind, size_t*, bool, bool, const char*)>("_ZNK6Legion6Future10get_bufferEN5Realm6Memory4KindEPmbbPKc");
  const void* out = next(this, memory, extent, check, silence, warning);
  if (here::Watcher* const w = here::recording()) w->waited(hash());
  return out;
}

void Future::get_void_result(bool silence, const char* warning) const {
  static const auto next = here::behind<void(const Future*, bool, const char*)>("_ZNK6Legion6Future15get_void_resultEbPKc");
  next(this, silence, warning);
  if (here::Watcher* const w = here::recording()) w->waited(hash());
}

void FutureMap::get_void_result(const DomainPoint& point, bool silence, const char* warning) const {
  static const auto next = here::behind<void(const FutureMap*, const DomainPoint&, bool, const char*)>("_ZNK6Legion9FutureMap15get_void_resultERKNS_11DomainPointEbPKc");
  next(this, point, silence, warning);
  if (here::Watcher* const w = here::recording()) w->waited(hash());
}

void FutureMap::wait_all_results(bool silence, const char* warning) const {
  static const auto next = here::behind<void(const FutureMap*, bool, const char*)>("_ZNK6Legion9FutureMap16wait_all_resultsEbPKc");
  next(this, silence, warning);
  if (here::Watcher* const w = here::recording()) w->waited(hash());
}

Future FutureMap::get_future(const DomainPoint& point) const {
  static const auto next = here::behind<Future(const FutureMap*, const DomainPoint&)>("_ZNK6Legion9FutureMap10get_futureERKNS_11DomainPointE");
  Future out = next(this, point);
  if (here::Watcher* const w = here::recording()) w->took(hash(), out.hash());
  return out;
}

}  // namespace Legion
