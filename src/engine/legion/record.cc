#include "engine/legion/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mapwright::engine::legion {

using program::Expr;

namespace {

constexpr std::size_t kSamples = 65536;  // of one task on one kind of processor
constexpr double kSpread = 1.5;          // sizes must differ so much before times are taken to depend on them,
constexpr double kExplained = 0.8;       // and explain this share of the variance

// Names that are not taken yet, each once.
class Names {
 public:
  std::string take(std::string_view wanted, std::string_view otherwise) {
    std::string base = plain_name(wanted);
    if (base.empty()) base = otherwise;
    std::string name = base;
    for (int n = 2; !taken_.insert(name).second; ++n) name = fmt::format("{}_{}", base, n);
    return name;
  }

 private:
  std::set<std::string> taken_;
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

program::Launch& add_launch(program::Body& body) {
  return std::get<program::Launch>(body.emplace_back(program::Statement {program::Launch {}}).what);
}

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

Expr fit(std::span<const TimeSample> samples) {
  std::vector<double> all;
  std::size_t arguments = samples.empty() ? 0 : samples.front().elements.size();
  for (const TimeSample& s : samples) {
    all.push_back(s.seconds);
    arguments = std::min(arguments, s.elements.size());
  }
  if (all.empty()) return 0;
  // By sizes of each argument, the medians of the times: outliers are pauses of the machine.
  Expr best = median(all);
  double best_error = -1;
  for (std::size_t a = 0; a < arguments; ++a) {
    std::map<std::int64_t, std::vector<double>> by_size;
    for (const TimeSample& s : samples) by_size[s.elements[a]].push_back(s.seconds);
    const double smallest = static_cast<double>(by_size.begin()->first), largest = static_cast<double>(by_size.rbegin()->first);
    if (largest < kSpread * std::max(smallest, 1.0)) continue;
    double n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
    for (const auto& [size, times] : by_size) {
      const auto w = static_cast<double>(times.size()), at = static_cast<double>(size), t = median(times);
      n += w;
      x += w * at;
      y += w * t;
      xx += w * at * at;
      xy += w * at * t;
      yy += w * t * t;
    }
    double slope = (n * xy - x * y) / (n * xx - x * x), base = (y - slope * x) / n;
    if (base < 0) {
      base = 0;
      slope = xy / xx;
    }
    if (slope <= 0) continue;
    double error = 0;
    for (const auto& [size, times] : by_size) {
      const double off = median(times) - base - slope * static_cast<double>(size);
      error += off * off * static_cast<double>(times.size());
    }
    if (error > (1 - kExplained) * (yy - y * y / n) || (best_error >= 0 && error >= best_error)) continue;
    best_error = error;
    best = Expr(slope) * Expr::elements(static_cast<int>(a));
    if (base > 0) best = Expr(base) + best;
  }
  return best;
}

std::uint32_t Recorder::add_region(std::string name, PointSet points, std::vector<program::Field> fields) {
  const std::scoped_lock lock(mutex_);
  regions_.push_back({std::move(name), std::move(points), std::move(fields)});
  return static_cast<std::uint32_t>(regions_.size() - 1);
}

program::FieldIndex Recorder::add_field(std::uint32_t region, program::Field field) {
  const std::scoped_lock lock(mutex_);
  regions_[region].fields.push_back(std::move(field));
  return static_cast<program::FieldIndex>(regions_[region].fields.size() - 1);
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
  partitions_.push_back(std::move(p));
  return static_cast<std::uint32_t>(partitions_.size() - 1);
}

void Recorder::launch(Path path, const std::string& same, const std::function<Shape()>& describe) {
  std::uint32_t shape = 0;
  bool fresh = false;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = shapes_.find(same);
    fresh = found == shapes_.end();
    if (!fresh) shape = found->second;
  }
  if (fresh) {
    Known known;
    known.shape = describe();  // asks the runtime, so without the lock
    known.points.resize(static_cast<std::size_t>(known.shape.domain.volume()));
    const std::scoped_lock lock(mutex_);
    const auto [at, first] = shapes_.emplace(same, static_cast<std::uint32_t>(known_.size()));
    if (first) known_.push_back(std::move(known));
    shape = at->second;
  }
  const std::scoped_lock lock(mutex_);
  launches_.emplace(std::move(path), shape);
}

bool Recorder::wants(const Path& launch, std::int64_t point) const {
  const std::scoped_lock lock(mutex_);
  const auto found = launches_.find(launch);
  if (found == launches_.end()) return false;
  const Known& known = known_[found->second];
  return !known.shape.requirements.empty() && known.points[static_cast<std::size_t>(point)].empty();
}

void Recorder::touches(const Path& launch, std::int64_t point, std::vector<Touched> arguments) {
  const std::scoped_lock lock(mutex_);
  const auto found = launches_.find(launch);
  if (found != launches_.end()) known_[found->second].points[static_cast<std::size_t>(point)] = std::move(arguments);
}

void Recorder::variant(const std::string& task, ProcessorKind kind, bool inner, std::vector<program::LayoutDemand> demands) {
  const std::scoped_lock lock(mutex_);
  Kind& known = tasks_[task][kind];
  known.inner = inner;
  known.demands = std::move(demands);
}

void Recorder::time(const std::string& task, ProcessorKind kind, TimeSample sample) {
  const std::scoped_lock lock(mutex_);
  std::vector<TimeSample>& samples = tasks_[task][kind].samples;
  if (samples.size() < kSamples) samples.push_back(std::move(sample));
}

void Recorder::top_level(std::string name) {
  const std::scoped_lock lock(mutex_);
  top_level_ = std::move(name);
}

Recorder::Order Recorder::order() const {
  Order out;
  const auto use = [](std::vector<std::uint32_t>& all, std::map<std::uint32_t, std::uint32_t>& at, std::uint32_t id) {
    if (at.emplace(id, static_cast<std::uint32_t>(all.size())).second) all.push_back(id);
  };
  const std::function<void(std::uint32_t)> use_partition = [&](std::uint32_t id) {
    if (out.partition_at.contains(id)) return;
    if (const auto& parent = partitions_[id].parent) use_partition(parent->first.value);
    use(out.partitions, out.partition_at, id);
  };
  std::vector<char> done(known_.size(), 0);
  for (const auto& [path, shape] : launches_) {
    if (std::exchange(done[shape], 1)) continue;
    for (std::size_t i = 0; i < known_[shape].shape.requirements.size(); ++i) {
      use(out.regions, out.region_at, known_[shape].shape.requirements[i].region);
      for (const auto& point : known_[shape].points) {
        if (!point.empty() && point[i].partition) use_partition(*point[i].partition);
      }
    }
  }
  return out;
}

// Pieces of one partition that all points use, or pieces of a partition that is made up of what they use.
void Recorder::fill_argument(program::Program& p, const Order& order, const Known& known, std::size_t position, program::Argument& a) const {
  // What no point told goes on like what others did: each its own piece, or else all the same.
  const auto told = std::find_if(known.points.begin(), known.points.end(), [](const auto& t) { return !t.empty(); });
  const Touched first = told == known.points.end() ? Touched {} : (*told)[position];
  bool own = first.partition && partitions_[*first.partition].pieces.size() == known.points.size();
  for (std::size_t i = 0; i < known.points.size() && own; ++i) {
    own = known.points[i].empty() || known.points[i][position] == Touched {first.partition, static_cast<std::uint32_t>(i)};
  }
  std::vector<Touched> used;
  for (std::size_t i = 0; i < known.points.size(); ++i) {
    if (!known.points[i].empty()) used.push_back(known.points[i][position]);
    else used.push_back(own ? Touched {first.partition, static_cast<std::uint32_t>(i)} : first);
  }
  const std::set<Touched> different(used.begin(), used.end());
  const bool whole = std::none_of(used.begin(), used.end(), [](const Touched& t) { return t.partition.has_value(); });
  if (whole) return;
  const bool one = std::all_of(used.begin(), used.end(), [&](const Touched& t) { return t.partition && t.partition == used.front().partition; });
  std::vector<std::uint32_t> table;
  if (one) {
    a.partition = program::PartitionId(order.partition_at.at(*used.front().partition));
    for (const Touched& t : used) table.push_back(t.color);
  } else {
    program::Partition made;
    for (const Touched& t : different) {
      made.pieces.push_back(t.partition ? partitions_[*t.partition].pieces[t.color] : p.regions[a.region.value].points);
    }
    for (const Touched& t : used) table.push_back(static_cast<std::uint32_t>(std::distance(different.begin(), different.find(t))));
    a.partition = program::PartitionId(p.partitions.size());
    program::Builder builder("pieces");
    builder.program().regions = p.regions;
    const Rect colors = Rect::of_extents({static_cast<std::int64_t>(made.pieces.size())});
    builder.add_partition(fmt::format("pieces_of_{}_{}", plain_name(known.shape.task), p.partitions.size()), a.region, colors, std::move(made.pieces));
    p.partitions.push_back(std::move(builder.program().partitions.front()));
  }
  const Rect& colors = p.partitions[a.partition->value].colors;
  bool identity = known.shape.index && known.shape.domain == colors;
  for (std::size_t i = 0; identity && i < table.size(); ++i) identity = table[i] == i;
  if (identity) {
    for (int d = 0; d < colors.dim(); ++d) a.projection.colors.push_back(Expr::point(d));
  } else {
    a.projection.table = std::move(table);
  }
}

void Recorder::fill_tasks(program::Program& p) const {
  std::map<std::string, std::vector<const Known*>> launched;
  for (const auto& [path, shape] : launches_) {
    std::vector<const Known*>& all = launched[known_[shape].shape.task];
    if (std::find(all.begin(), all.end(), &known_[shape]) == all.end()) all.push_back(&known_[shape]);
  }
  std::string unmeasured;
  for (const auto& [name, launches] : launched) {
    program::Task task;
    task.name = name;
    const auto found = tasks_.find(name);
    std::vector<ProcessorKind> missing;
    if (found != tasks_.end()) {
      for (const auto& [kind, known] : found->second) {
        if (known.samples.empty()) {
          missing.push_back(kind);
          continue;
        }
        program::Variant v;
        v.kind = kind;
        v.demands = known.demands;
        v.measured.push_back({{}, {}, {}, fit(known.samples), {}});
        task.variants.push_back(std::move(v));
      }
    }
    for (const ProcessorKind k : missing) unmeasured += fmt::format("{}{} on {}", unmeasured.empty() ? "" : "; ", name, to_string(k));
    if (task.variants.empty()) {  // a task must have one: it takes no time
      task.variants.emplace_back().kind = missing.empty() ? ProcessorKind::Cpu : missing.front();
    }
    p.tasks.push_back(std::move(task));
  }
  if (!unmeasured.empty()) p.parameters["unmeasured"] = unmeasured;
}

program::Program Recorder::program(std::string name) const {
  const std::scoped_lock lock(mutex_);
  program::Builder builder(std::move(name));
  Names names;
  const Order in = order();
  for (const std::uint32_t i : in.regions) {
    builder.add_region(names.take(regions_[i].name, fmt::format("region{}", in.region_at.at(i))), regions_[i].points, regions_[i].fields);
  }
  for (const std::uint32_t i : in.partitions) {
    const program::Partition& q = partitions_[i];
    auto parent = q.parent;
    if (parent) parent->first = program::PartitionId(in.partition_at.at(parent->first.value));
    builder.add_partition(names.take(q.name, fmt::format("partition{}", in.partition_at.at(i))),
                          program::RegionId(in.region_at.at(q.region.value)), q.colors, q.pieces, parent);
  }
  program::Program p = std::move(builder.program());
  p.top_level = top_level_;
  p.parameters["recorded"] = "from a run in Legion";
  fill_tasks(p);
  std::map<std::string, program::TaskId> task_ids;
  for (std::size_t t = 0; t < p.tasks.size(); ++t) task_ids[p.tasks[t].name] = program::TaskId(t);

  std::vector<std::optional<program::Launch>> statements(known_.size());
  std::string unseen;
  std::vector<std::uint32_t> sequence;
  for (const auto& [path, shape] : launches_) {
    sequence.push_back(shape);
    std::optional<program::Launch>& l = statements[shape];
    if (l) continue;
    const Known& known = known_[shape];
    l.emplace();
    l->task = task_ids.at(known.shape.task);
    l->index = known.shape.index;
    if (l->index) l->domain = known.shape.domain;
    const auto kinds = tasks_.find(known.shape.task);
    const bool inner = kinds != tasks_.end() && std::all_of(kinds->second.begin(), kinds->second.end(), [](const auto& k) { return k.second.inner; });
    const bool told = known.shape.requirements.empty() || std::none_of(known.points.begin(), known.points.end(), [](const auto& t) { return t.empty(); });
    if (!told) unseen += fmt::format("{}{}", unseen.empty() ? "" : ", ", known.shape.task);
    for (std::size_t i = 0; i < known.shape.requirements.size(); ++i) {
      const Requirement& r = known.shape.requirements[i];
      program::Argument a;
      a.name = r.name;
      a.region = program::RegionId(in.region_at.at(r.region));
      a.reduction = r.reduction;
      a.privilege = inner ? program::Privilege::None : r.privilege;  // its launches have them
      if (a.privilege != program::Privilege::None) a.fields = r.fields;
      fill_argument(p, in, known, i, a);
      l->arguments.push_back(std::move(a));
    }
  }
  if (!unseen.empty()) p.parameters["unseen"] = unseen;

  int loops = 0;
  const std::function<void(const std::vector<Repeated>&, program::Body&)> write = [&](const std::vector<Repeated>& all, program::Body& body) {
    for (const Repeated& r : all) {
      if (r.body.empty()) {
        add_launch(body) = *statements[r.statement];
        continue;
      }
      program::Loop loop;
      loop.name = fmt::format("loop{}", ++loops);
      loop.count = r.count;
      write(r.body, loop.body);
      body.push_back(program::Statement {std::move(loop)});
    }
  };
  write(find_loops(sequence), p.main);
  p.number_launches();
  return p;
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
