#include "engine/legion/profile.h"

#include <fmt/format.h>

#include <algorithm>

namespace mapwright::engine::legion {

namespace {

double seconds_of(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) * 1e-9; }

}  // namespace

void Profiler::Window::add(std::int64_t start, std::int64_t end) {
  first = last < first ? start : std::min(first, start);
  last = std::max(last, end);
}

void Profiler::task(const TaskRun& run) {
  const std::scoped_lock lock(mutex_);
  whole_.add(run.start, run.end);
  if (!run.top_level) window_.add(run.start, run.end);
  TaskProfile& task = tasks_[{std::string(run.task), run.processor.kind}];
  ++task.points;
  task.seconds += seconds_of(run.busy);
  ProcessorUse& use = processors_[run.processor];
  ++use.points;
  use.busy_seconds += seconds_of(run.busy);
}

void Profiler::copy(const CopyRun& run) {
  const std::scoped_lock lock(mutex_);
  if (run.reduction) moved_.folded += run.bytes;
  if (run.same_memory) {
    if (!run.reduction) moved_.inside += run.bytes;
    return;
  }
  moved_.total += run.bytes;
  (run.same_node ? moved_.intra_node : moved_.inter_node) += run.bytes;
  if (!run.region.empty()) regions_[std::string(run.region)] += run.bytes;
  Channel& channel = channels_[fmt::format("{} to {} {}", to_string(run.from), to_string(run.to), run.same_node ? "inside nodes" : "between nodes")];
  channel.bytes += run.bytes;
  channel.nanoseconds += run.end - run.start;
}

void Profiler::mapping(std::string_view task, std::int64_t nanoseconds) {
  const std::scoped_lock lock(mutex_);
  mapping_[std::string(task)] += nanoseconds;
}

void Profiler::instance(std::string_view memory, std::int64_t capacity, std::int64_t bytes) {
  const std::scoped_lock lock(mutex_);
  Memory& m = memories_[std::string(memory)];
  m.capacity = capacity;
  m.now += bytes;
  m.most = std::max(m.most, m.now);
}

Execution Profiler::execution() const {
  const std::scoped_lock lock(mutex_);
  Execution e;
  e.engine = "legion";
  e.makespan = whole_.seconds();
  e.seconds = window_.last < window_.first ? e.makespan : window_.seconds();
  e.metric = MetricValue {"seconds", "s", e.seconds, false};
  e.moved = moved_;
  for (const auto& [name, bytes] : regions_) e.moved.by_region.push_back({name, bytes});
  for (const auto& [name, channel] : channels_) {
    e.moved.by_channel.push_back({name, channel.bytes});
    e.profile.channels.push_back({name, seconds_of(channel.nanoseconds), channel.bytes});
  }
  const auto more_bytes = [](const NamedBytes& a, const NamedBytes& b) { return a.bytes > b.bytes; };  // names are in order
  std::stable_sort(e.moved.by_region.begin(), e.moved.by_region.end(), more_bytes);
  std::stable_sort(e.moved.by_channel.begin(), e.moved.by_channel.end(), more_bytes);
  std::stable_sort(e.profile.channels.begin(), e.profile.channels.end(),
                   [](const Profile::ChannelUse& a, const Profile::ChannelUse& b) { return a.busy_seconds > b.busy_seconds; });
  for (const auto& [name, memory] : memories_) e.memory_peak.push_back({name, memory.most, memory.capacity});
  for (const auto& [point, use] : processors_) {
    ProcessorUse named = use;
    named.name = fmt::format("node{}.{}{}", point.space, to_string(point.kind), point.index);
    named.kind = point.kind;
    e.processors.push_back(std::move(named));
  }
  // What mapping took is known by task, not by kind: the first kind has it.
  std::string_view before;
  for (const auto& [key, profile] : tasks_) {
    TaskProfile named = profile;
    named.task = key.first;
    named.kind = key.second;
    const auto mapped = mapping_.find(key.first);
    if (mapped != mapping_.end() && before != key.first) named.overhead_seconds = seconds_of(mapped->second);
    before = key.first;
    e.profile.tasks.push_back(std::move(named));
  }
  std::stable_sort(e.profile.tasks.begin(), e.profile.tasks.end(),
                   [](const TaskProfile& a, const TaskProfile& b) { return a.seconds > b.seconds; });
  return e;
}

}  // namespace mapwright::engine::legion
