#include "engine/legion/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mapwright::engine::legion {

namespace {

constexpr std::size_t kSamples = 65536;  // of one task on one kind of processor

}  // namespace

std::string plain_name(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 150)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    out += plain ? c : '_';
  }
  if (!out.empty() && out.front() >= '0' && out.front() <= '9') out.insert(out.begin(), '_');
  return out;
}

std::string stand_in_name(unsigned position) { return fmt::format("argument{}", position); }

std::uint32_t Recorder::add_region(std::string name, PointSet points, std::vector<program::Field> fields) {
  const std::scoped_lock lock(mutex_);
  data_.regions.push_back({std::move(name), std::move(points), std::move(fields)});
  return static_cast<std::uint32_t>(data_.regions.size() - 1);
}

program::FieldIndex Recorder::add_field(std::uint32_t region, program::Field field) {
  const std::scoped_lock lock(mutex_);
  auto& fields = data_.regions[region].fields;
  fields.push_back(std::move(field));
  return static_cast<program::FieldIndex>(fields.size() - 1);
}

std::uint32_t Recorder::add_partition(std::string name, std::uint32_t region, std::optional<std::pair<std::uint32_t, std::uint32_t>> parent,
                                      const Rect& colors, std::vector<PointSet> pieces) {
  const std::scoped_lock lock(mutex_);
  program::Partition p;
  p.name = std::move(name);
  p.region = program::RegionId(region);
  if (parent) p.parent = {program::PartitionId(parent->first), parent->second};
  p.colors = colors;
  p.pieces = std::move(pieces);
  data_.partitions.push_back(std::move(p));
  return static_cast<std::uint32_t>(data_.partitions.size() - 1);
}

std::uint32_t Recorder::remember(const std::string& same, const std::function<Known()>& describe) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = shapes_.find(same); found != shapes_.end()) return found->second;
  }
  Known known = describe();  // asks the runtime, so without the lock
  known.points.resize(static_cast<std::size_t>(known.shape.domain.volume()));
  const std::scoped_lock lock(mutex_);
  const auto [at, first] = shapes_.emplace(same, static_cast<std::uint32_t>(data_.known.size()));
  if (first) data_.known.push_back(std::move(known));
  return at->second;
}

void Recorder::launch(Path path, const std::string& same, const std::function<Shape()>& describe) {
  const std::uint32_t shape = remember(same, [&] { return Known {describe(), {}}; });
  const std::scoped_lock lock(mutex_);
  data_.launches.emplace(std::move(path), shape);
}

std::uint32_t Recorder::describe(const std::string& same, const std::function<Shape()>& shape,
                                 const std::function<std::vector<std::vector<Touched>>()>& touched) {
  return remember(same, [&] { return Known {shape(), touched()}; });
}

bool Recorder::wants(const Path& launch, std::int64_t point) const {
  const std::scoped_lock lock(mutex_);
  const auto found = data_.launches.find(launch);
  if (found == data_.launches.end()) return false;
  const Known& known = data_.known[found->second];
  return !known.shape.requirements.empty() && known.points[static_cast<std::size_t>(point)].empty();
}

void Recorder::touches(const Path& launch, std::int64_t point, std::vector<Touched> arguments) {
  const std::scoped_lock lock(mutex_);
  const auto found = data_.launches.find(launch);
  if (found != data_.launches.end()) data_.known[found->second].points[static_cast<std::size_t>(point)] = std::move(arguments);
}

std::uint32_t Recorder::call(const Path& task, Call c) {
  const std::scoped_lock lock(mutex_);
  std::vector<Call>& calls = data_.calls[task];
  calls.push_back(std::move(c));
  return static_cast<std::uint32_t>(calls.size() - 1);
}

void Recorder::wait(std::uint32_t call) {
  const std::scoped_lock lock(mutex_);
  std::vector<Call>& calls = data_.calls[Path()];
  Call& of = calls[call];
  if (of.waited) return;  // it is there already
  if (of.what == Call::What::Fence) {
    of.waited = call + 1 == calls.size();
  } else if (of.what == Call::What::Launch || of.what == Call::What::Access) {
    of.waited = true;
    Call wait;
    wait.what = Call::What::Wait;
    wait.futures = {call};
    calls.push_back(std::move(wait));
  }
}

void Recorder::reduce(std::uint32_t call, program::ReductionOp op) {
  const std::scoped_lock lock(mutex_);
  data_.calls[Path()][call].reduced = op;
}

void Recorder::variant(const std::string& task, ProcessorKind kind, bool inner, std::vector<program::LayoutDemand> demands) {
  const std::scoped_lock lock(mutex_);
  Kind& known = data_.tasks[task][kind];
  known.inner = inner;
  known.demands = std::move(demands);
}

void Recorder::holds_instance(const std::string& task) {
  const std::scoped_lock lock(mutex_);
  data_.holding.insert(task);
}

void Recorder::time(const std::string& task, ProcessorKind kind, TimeSample sample) {
  const std::scoped_lock lock(mutex_);
  std::vector<TimeSample>& samples = data_.tasks[task][kind].samples;
  if (samples.size() < kSamples) samples.push_back(std::move(sample));
}

void Recorder::top_level(std::string name) {
  const std::scoped_lock lock(mutex_);
  data_.top_level = std::move(name);
}

program::Program Recorder::program(std::string name) const {
  const std::scoped_lock lock(mutex_);
  program::Program p = assemble(data_, name);
  diag::Sink sink;
  const bool nested = std::any_of(p.tasks.begin(), p.tasks.end(), [](const program::Task& t) { return !t.body.empty(); });
  // What is wrong without bodies too is for the caller to find.
  if (!nested || program::validate(p, sink)) return p;
  program::Program flat = assemble(data_, std::move(name), true);
  diag::Sink again;
  return program::validate(flat, again) ? flat : p;
}

bool merge(const program::Program& earlier, program::Program& now) {
  program::Program a = earlier, b = now;
  for (program::Program* p : {&a, &b}) {
    for (program::Task& t : p->tasks) t.variants = {program::Variant {}};
  }
  if (a.hash() != b.hash()) return false;
  for (std::size_t t = 0; t < now.tasks.size(); ++t) {
    std::vector<program::Variant>& variants = now.tasks[t].variants;
    for (const program::Variant& v : earlier.tasks[t].variants) {
      const auto same = std::find_if(variants.begin(), variants.end(), [&](const program::Variant& w) { return w.kind == v.kind; });
      if (v.measured.empty()) continue;
      if (same == variants.end()) variants.push_back(v);
      else if (same->measured.empty()) *same = v;
    }
    std::erase_if(variants, [&](const program::Variant& v) { return v.measured.empty() && variants.size() > 1; });
    std::sort(variants.begin(), variants.end(), [](const program::Variant& v, const program::Variant& w) { return v.kind < w.kind; });
  }
  // What neither measured stays marked.
  std::string unmeasured;
  const auto both = [&](const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find("; ", at), text.size());
      const std::string one = text.substr(at, end - at);
      at = end + 2;
      const std::size_t on = one.rfind(" on ");
      const bool measured = std::any_of(now.tasks.begin(), now.tasks.end(), [&](const program::Task& t) {
        return t.name == one.substr(0, on) && std::any_of(t.variants.begin(), t.variants.end(), [&](const program::Variant& v) {
                 return !v.measured.empty() && to_string(v.kind) == one.substr(on + 4);
               });
      });
      if (!measured) unmeasured += (unmeasured.empty() ? "" : "; ") + one;
    }
  };
  if (const auto found = now.parameters.find("unmeasured"); found != now.parameters.end()) both(found->second);
  now.parameters.erase("unmeasured");
  if (!unmeasured.empty()) now.parameters["unmeasured"] = unmeasured;
  return true;
}

}  // namespace mapwright::engine::legion
