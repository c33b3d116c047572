#include "engine/executor/job.h"

#include <algorithm>
#include <chrono>

namespace mapwright::engine::executor {

namespace {

Job* the_job = nullptr;

template <typename L, typename O>
void walk(const program::Body& body, L&& launch, O&& loop) {
  for (const program::Statement& s : body) {
    if (const auto* l = std::get_if<program::Launch>(&s.what)) launch(*l);
    if (const auto* o = std::get_if<program::Loop>(&s.what)) {
      loop(*o);
      walk(o->body, launch, loop);
    }
  }
}

}  // namespace

Job& job() { return *the_job; }
void set_job(Job* j) { the_job = j; }

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

Job::Job(program::Program program, RunOptions options) : program_(std::move(program)), options_(std::move(options)) {
  launches_.resize(program_.launch_count);
  const auto collect = [&](const program::Body& body) {
    walk(body, [&](const program::Launch& l) { launches_[l.id.value] = &l; },
         [&](const program::Loop& l) {
           loop_numbers_.emplace(l.name, static_cast<std::int64_t>(loops_.size()));
           loops_.push_back(&l);
         });
  };
  collect(program_.main);
  for (const program::Task& t : program_.tasks) collect(t.body);
}

std::vector<std::int64_t> Job::encode(const Frame& f, std::int64_t extra) const {
  std::vector<std::int64_t> out {f.launch->id.value, extra, static_cast<std::int64_t>(f.number), static_cast<std::int64_t>(f.ancestors.size())};
  for (const Point& p : f.ancestors) {
    out.push_back(p.dim);
    for (int d = 0; d < p.dim; ++d) out.push_back(p[d]);
  }
  out.push_back(static_cast<std::int64_t>(f.loops.size()));
  for (const program::LoopCounter& l : f.loops) {
    out.push_back(loop_numbers_.at(l.name));
    out.push_back(l.value);
  }
  return out;
}

Frame Job::decode(const void* data, std::size_t size, std::int64_t* extra) const {
  const auto* at = static_cast<const std::int64_t*>(data);
  MW_CHECK(size >= 5 * sizeof(std::int64_t), "a task without its frame");
  Frame f;
  f.launch = launches_[static_cast<std::size_t>(*at++)];
  if (extra) *extra = *at;
  ++at;
  f.number = static_cast<std::uint64_t>(*at++);
  f.ancestors.resize(static_cast<std::size_t>(*at++));
  for (Point& p : f.ancestors) {
    p.dim = static_cast<int>(*at++);
    for (int d = 0; d < p.dim; ++d) p[d] = *at++;
  }
  f.loops.resize(static_cast<std::size_t>(*at++));
  for (program::LoopCounter& l : f.loops) {
    l.name = loops_[static_cast<std::size_t>(*at++)]->name;
    l.value = *at++;
  }
  return f;
}

bool Job::reads_loop(const program::Body& body, std::string_view counter) const {
  bool reads = false;
  walk(body,
       [&](const program::Launch& l) {
         for (const program::Argument& a : l.arguments) {
           for (const program::Expr& e : a.projection.colors) reads = reads || e.reads_loop(counter);
         }
         reads = reads || reads_loop(program_.tasks[l.task.value].body, counter);
       },
       [](const program::Loop&) {});
  return reads;
}

void Job::ran(const Frame& f, ProcessorKind kind, const std::string& processor, double start, double end) {
  const std::scoped_lock lock(mutex_);
  const auto [at, fresh] = report_.launches.try_emplace(f.number, Interval {start, end});
  if (!fresh) at->second = {std::min(at->second.start, start), std::max(at->second.end, end)};
  const std::uint32_t task = f.launch->task.value;
  const auto [row, first] = task_rows_.try_emplace({task, kind}, report_.tasks.size());
  if (first) {
    report_.tasks.emplace_back();
    report_.tasks.back().task = program_.tasks[task].name;
    report_.tasks.back().kind = kind;
  }
  ++report_.tasks[row->second].points;
  report_.tasks[row->second].seconds += end - start;
  const auto [use, unused] = used_rows_.try_emplace(processor, report_.used.size());
  if (unused) report_.used.push_back({processor, kind, 0, 0});
  ++report_.used[use->second].points;
  report_.used[use->second].busy_seconds += end - start;
}

void Job::failed(std::string why) {
  const std::scoped_lock lock(mutex_);
  if (!report_.failed) report_.failed = std::move(why);
}

void Job::look_at(Legion::Machine machine) {
  using Legion::Processor;
  const std::pair<ProcessorKind, Processor::Kind> kinds[] = {
      {ProcessorKind::Cpu, Processor::LOC_PROC}, {ProcessorKind::Gpu, Processor::TOC_PROC}, {ProcessorKind::Omp, Processor::OMP_PROC}, {ProcessorKind::Io, Processor::IO_PROC}, {ProcessorKind::Py, Processor::PY_PROC}};
  for (const auto& [kind, theirs] : kinds) {
    std::map<Legion::AddressSpace, std::vector<Processor>> by_space;
    Legion::Machine::ProcessorQuery query(machine);
    query.only_kind(theirs);
    for (const Processor p : query) by_space[p.address_space()].push_back(p);
    for (auto& [space, all] : by_space) {
      std::sort(all.begin(), all.end());
      for (std::size_t i = 0; i < all.size(); ++i) places_[all[i].id] = {fmt::format("node{}.{}{}", space, to_string(kind), i), kind};
    }
    if (by_space.contains(static_cast<Legion::AddressSpace>(report_.rank))) {
      report_.processors[static_cast<std::size_t>(kind)] = static_cast<std::int64_t>(by_space[static_cast<Legion::AddressSpace>(report_.rank)].size());
    }
  }
}

}  // namespace mapwright::engine::executor
