#include "search/space.h"

#include <fmt/format.h>

#include <algorithm>

#include "search/space_impl.h"

namespace mapwright::search {

namespace {

constexpr std::array<MemoryKind, 5> kSearchedMemories {MemoryKind::FbMem, MemoryKind::ZcMem, MemoryKind::SysMem,
                                                       MemoryKind::SockMem, MemoryKind::RdMem};
constexpr std::int64_t kMaxWeight = 16;

std::string describe(const LayoutValue& l) {
  std::string text = l.fields == FieldOrder::Soa ? "SOA " : "AOS ";
  text += l.dims == DimOrder::F ? "F_order" : "C_order";
  return l.alignment > 0 ? text + fmt::format(" Align=={}", l.alignment) : text;
}

// Adds the parameters of a space in a fixed order: by task, inside a task by decision and position, then the program's.
class Deriver {
 public:
  explicit Deriver(SearchSpace::Impl& impl) : s_(impl), raw_(impl.mode == Mode::Raw) {}

  void run() {
    tabulate_machine();
    s_.tasks = launched_tasks(*s_.program, *s_.machine);
    s_.of.resize(s_.tasks.size());
    find_largest_domains();
    for (std::size_t t = 0; t < s_.tasks.size(); ++t) {
      if (s_.tasks[t].expressible) derive_task(t);
    }
    derive_program();
  }

 private:
  void tabulate_machine() {
    for (const ProcessorKind k : kAllProcessorKinds) {
      if (s_.machine->processors_per_space(k) == 0) continue;
      for (const MemoryKind m : kAllMemoryKinds) {
        s_.addressable[static_cast<std::size_t>(k)][static_cast<std::size_t>(m)] = can_address(*s_.machine, k, m);
      }
    }
    for (const machine::Memory& m : s_.machine->memories()) s_.capacity[m.kind] += m.capacity.value;
  }

  void find_largest_domains() {
    for (const TaskInfo& task : s_.tasks) {
      if (!task.index || task.dim == 0) continue;
      std::vector<std::int64_t>& largest = largest_[{task.dim, task.nested}];
      largest.resize(static_cast<std::size_t>(task.dim), 1);
      for (std::size_t d = 0; d < largest.size(); ++d) largest[d] = std::max(largest[d], task.extents[d]);
    }
  }

  std::uint32_t add(Decision decision, std::size_t t, std::vector<std::string> values,
                    std::optional<std::uint32_t> argument = {}) {
    if (values.size() < 2) return kNoParameter;
    Parameter p {.decision = decision, .argument = argument};
    if (t < s_.tasks.size()) p.task = s_.tasks[t].id;
    p.highest = static_cast<std::int64_t>(values.size()) - 1;
    p.values = std::move(values);
    s_.parameters.push_back(std::move(p));
    s_.owner.push_back(t);
    return static_cast<std::uint32_t>(s_.parameters.size() - 1);
  }

  void derive_task(std::size_t t) {
    const TaskInfo& task = s_.tasks[t];
    TaskParameters& of = s_.of[t];
    if (raw_) {
      of.kinds = {ProcessorKind::Gpu, ProcessorKind::Omp, ProcessorKind::Cpu};
    } else {
      of.kinds.assign(task.kinds.begin() + 1, task.kinds.end());
    }
    std::vector<std::string> values {"default"};
    for (const ProcessorKind k : of.kinds) values.emplace_back(to_string(k));
    of.kind = add(Decision::Kind, t, values);
    of.arguments.resize(task.arguments.size());
    const bool maps_instances = raw_ || std::any_of(task.kinds.begin(), task.kinds.end(), [&](ProcessorKind k) {
      return !s_.program->variant(task.id, k)->inner;
    });
    for (std::size_t a = 0; maps_instances && a < task.arguments.size(); ++a) derive_memory(t, a);
    for (std::size_t a = 0; maps_instances && a < task.arguments.size(); ++a) derive_layout(t, a);
    derive_maps(t);
    values = {"none"};
    for (const std::int64_t n : kLimits) values.push_back(std::to_string(n));
    of.limit = add(Decision::Limit, t, values);
    const bool reads = maps_instances && std::any_of(task.arguments.begin(), task.arguments.end(),
                                   [](const ArgumentInfo& a) { return a.read_only; });
    if (reads) of.collect = add(Decision::Collect, t, {"keep", "collect"});
  }

  void derive_memory(std::size_t t, std::size_t a) {
    const ArgumentInfo& info = s_.tasks[t].arguments[a];
    if (!info.mapped) return;
    TaskParameters::Argument& of = s_.of[t].arguments[a];
    std::vector<std::string> values {"default"};
    for (const MemoryKind m : kSearchedMemories) {
      const bool reachable = std::any_of(s_.tasks[t].kinds.begin(), s_.tasks[t].kinds.end(), [&](ProcessorKind k) {
        return s_.addressable[static_cast<std::size_t>(k)][static_cast<std::size_t>(m)];
      });
      if (!raw_ && !reachable) continue;
      of.memories.push_back(m);
      values.emplace_back(to_string(m));
    }
    of.memory = add(Decision::Memory, t, values, static_cast<std::uint32_t>(a));
    for (const DataId& data : info.data) measure(data);
  }

  void measure(const DataId& data) {
    if (s_.points_of.contains(data)) return;
    std::int64_t points = 0;
    if (data.partition) {
      for (const PointSet& piece : s_.program->partitions[data.partition->value].pieces) points += piece.volume();
    } else {
      points = s_.program->regions[data.region.value].points.volume();
    }
    s_.points_of[data] = points;
  }

  void derive_layout(std::size_t t, std::size_t a) {
    const ArgumentInfo& info = s_.tasks[t].arguments[a];
    if (!info.mapped) return;
    TaskParameters::Argument& of = s_.of[t].arguments[a];
    std::vector<std::string> values {"default"};
    for (const FieldOrder fields : {FieldOrder::Soa, FieldOrder::Aos}) {
      for (const DimOrder dims : {DimOrder::F, DimOrder::C}) {
        // In one dimension, and with one field, some orders are the same.
        if (!raw_ && ((fields == FieldOrder::Aos && info.fields < 2) || (dims == DimOrder::C && info.dim < 2))) continue;
        for (const std::int64_t alignment : {0, 64, 128}) {
          of.layouts.push_back({fields, dims, alignment});
          values.push_back(describe(of.layouts.back()));
        }
      }
    }
    of.layout = add(Decision::Layout, t, values, static_cast<std::uint32_t>(a));
  }

  void derive_maps(std::size_t t) {
    const TaskInfo& task = s_.tasks[t];
    TaskParameters& of = s_.of[t];
    const std::int64_t spaces = s_.machine->spaces();
    const auto names = [](const std::vector<MapForm>& forms) {
      std::vector<std::string> out;
      for (const MapForm& f : forms) out.push_back(f.name);
      return out;
    };
    std::int64_t points = 1;
    for (const std::int64_t extent : task.extents) points *= extent;
    if (task.index && task.dim > 0 && (points > 1 || raw_)) {
      of.index_forms = index_maps({.dim = task.dim,
                                   .extents = task.extents,
                                   .largest = largest_[{task.dim, task.nested}],
                                   .fold_base = task.fold_base,
                                   .spaces = spaces,
                                   .nested = task.parent.has_value(),
                                   .raw = raw_});
      of.index_map = add(Decision::IndexMap, t, names(of.index_forms));
      const std::int64_t extent = *std::max_element(task.extents.begin(), task.extents.end());
      for (int d = 0; d < task.dim; ++d) {
        Parameter p {.decision = Decision::Weight, .task = task.id, .argument = static_cast<std::uint32_t>(d)};
        p.number = true;
        p.highest = std::min(std::max<std::int64_t>(extent, 1), kMaxWeight);
        if (d == 0) of.first_weight = static_cast<std::uint32_t>(s_.parameters.size());
        s_.parameters.push_back(std::move(p));
        s_.owner.push_back(t);
      }
    }
    if (task.single) {
      SingleFamily family {.spaces = spaces, .nested = task.parent.has_value(), .raw = raw_};
      family.processors = s_.machine->processors_per_space(task.kinds.front());
      for (const ProcessorKind k : task.kinds) {
        if (!raw_) family.processors = std::min<std::int64_t>(family.processors, s_.machine->processors_per_space(k));
      }
      if (task.parent) family.parent_dim = s_.tasks[*task.parent].single ? 0 : s_.tasks[*task.parent].dim;
      of.single_forms = single_maps(family);
      of.single_map = add(Decision::SingleMap, t, names(of.single_forms));
    }
  }

  void derive_program() {
    const std::size_t whole = s_.tasks.size();
    s_.spill = add(Decision::Spill, whole, {"no", "yes"});
    const program::Program& p = *s_.program;
    for (std::size_t t = 0; t < s_.tasks.size() && !s_.stand_in; ++t) {
      if (s_.tasks[t].expressible && p.tasks[s_.tasks[t].id.value].name != p.top_level) s_.stand_in = t;
    }
    if (s_.machine->spaces() > 1 && s_.stand_in) {
      s_.replicate = add(Decision::Replicate, whole, {"default", "one shard"});
    }
  }

  SearchSpace::Impl& s_;
  bool raw_;
  std::map<std::pair<int, bool>, std::vector<std::int64_t>> largest_;
};

// Makes a point of the valid space legal.
class Repair {
 public:
  Repair(const SearchSpace::Impl& impl, Point& point) : s_(impl), point_(point) {}

  void run() {
    for (std::size_t i = 0; i < point_.size(); ++i) {
      const Parameter& p = s_.parameters[i];
      if (point_[i] < p.lowest || point_[i] > p.highest) point_[i] = p.lowest;
    }
    for (std::size_t t = 0; t < s_.tasks.size(); ++t) {
      if (!s_.tasks[t].expressible) continue;
      repair_arguments(t);
      repair_maps(t);
    }
    fit_memories();
  }

 private:
  void reset(std::uint32_t parameter) {
    if (parameter != kNoParameter) point_[parameter] = 0;
  }

  void repair_arguments(std::size_t t) {
    const ProcessorKind kind = s_.kind_of(t, point_);
    const program::Variant* variant = s_.variant_of(t, point_);
    for (std::size_t a = 0; a < s_.of[t].arguments.size(); ++a) {
      const TaskParameters::Argument& of = s_.of[t].arguments[a];
      if (variant->inner) {
        reset(of.memory);
        reset(of.layout);
        continue;
      }
      if (of.memory != kNoParameter && point_[of.memory] > 0) {
        const MemoryKind m = of.memories[static_cast<std::size_t>(point_[of.memory] - 1)];
        // CPU and GPU have one default memory; naming it says nothing. OMP has two, so naming one does.
        const bool said = kind != ProcessorKind::Omp && m == default_memory(kind);
        if (said || !s_.addressable[static_cast<std::size_t>(kind)][static_cast<std::size_t>(m)]) point_[of.memory] = 0;
      }
      if (of.layout != kNoParameter && point_[of.layout] > 0) {
        const LayoutValue& layout = of.layouts[static_cast<std::size_t>(point_[of.layout] - 1)];
        if (!says_something(*variant, a, s_.tasks[t].arguments[a].dim, layout)) point_[of.layout] = 0;
      }
    }
    if (variant->inner) reset(s_.of[t].collect);
  }

  // Whether a variant accepts a layout that is not the default one anyway.
  static bool says_something(const program::Variant& variant, std::size_t argument, int dim, const LayoutValue& layout) {
    LayoutValue by_default;
    for (const program::LayoutDemand& d : variant.demands) {
      if (d.argument && *d.argument != argument) continue;
      if (d.fields && *d.fields != layout.fields) return false;
      by_default.fields = d.fields.value_or(by_default.fields);
      if (!d.dims || dim < 2) continue;
      if (*d.dims != layout.dims) return false;
      by_default.dims = *d.dims;
    }
    return layout.alignment > 0 || layout.fields != by_default.fields || layout.dims != by_default.dims;
  }

  void repair_maps(std::size_t t) {
    const TaskParameters& of = s_.of[t];
    const bool known_parent = s_.parent_kind(t, point_).has_value();
    const MapForm* index = s_.index_form(t, point_);
    if (index && needs_parent(*index) && !known_parent) {
      point_[of.index_map] = 0;
      index = nullptr;
    }
    if (of.first_weight != kNoParameter && !(index && is_weighted(*index))) {
      for (int d = 0; d < s_.tasks[t].dim; ++d) point_[of.first_weight + static_cast<std::uint32_t>(d)] = 0;
    }
    const MapForm* single = s_.single_form(t, point_);
    if (single && needs_parent(*single) && !known_parent) point_[of.single_map] = 0;
  }

  // What is placed explicitly in a memory kind must plausibly fit: all its pieces spread evenly over the memories of the
  // kind. Otherwise the data that came last go back to the default.
  void fit_memories() {
    std::map<MemoryKind, std::map<DataId, std::int64_t>> placed;
    std::map<MemoryKind, std::int64_t> used;
    for (std::size_t t = 0; t < s_.tasks.size(); ++t) {
      for (std::size_t a = 0; a < s_.of[t].arguments.size(); ++a) {
        const TaskParameters::Argument& of = s_.of[t].arguments[a];
        if (of.memory == kNoParameter || point_[of.memory] == 0) continue;
        const MemoryKind m = of.memories[static_cast<std::size_t>(point_[of.memory] - 1)];
        const ArgumentInfo& info = s_.tasks[t].arguments[a];
        std::int64_t growth = 0;
        for (const DataId& data : info.data) {
          const std::int64_t bytes = s_.points_of.at(data) * info.bytes_per_point;
          growth += std::max<std::int64_t>(bytes - placed[m][data], 0);
        }
        if (used[m] + growth > s_.capacity.at(m)) {
          point_[of.memory] = 0;
          continue;
        }
        used[m] += growth;
        for (const DataId& data : info.data) {
          std::int64_t& bytes = placed[m][data];
          bytes = std::max(bytes, s_.points_of.at(data) * info.bytes_per_point);
        }
      }
    }
  }

  const SearchSpace::Impl& s_;
  Point& point_;
};

}  // namespace

std::string_view to_string(Mode m) { return m == Mode::Valid ? "valid" : "raw"; }

std::optional<Mode> mode(std::string_view word) {
  if (word == "valid") return Mode::Valid;
  if (word == "raw") return Mode::Raw;
  return std::nullopt;
}

std::string_view to_string(Decision d) {
  constexpr std::string_view kNames[] = {"processor kind", "memory", "layout",  "index map", "single map",
                                         "weight",         "limit",  "collect", "spill",     "replication"};
  return kNames[static_cast<std::size_t>(d)];
}

ProcessorKind SearchSpace::Impl::kind_of(std::size_t t, const Point& point) const {
  const std::uint32_t p = of[t].kind;
  if (p == kNoParameter || point[p] == 0) return tasks[t].kinds.front();
  return of[t].kinds[static_cast<std::size_t>(point[p] - 1)];
}

const program::Variant* SearchSpace::Impl::variant_of(std::size_t t, const Point& point) const {
  return program->variant(tasks[t].id, kind_of(t, point));
}

std::optional<ProcessorKind> SearchSpace::Impl::parent_kind(std::size_t t, const Point& point) const {
  if (!tasks[t].parent) return std::nullopt;
  return kind_of(*tasks[t].parent, point);
}

const MapForm* SearchSpace::Impl::index_form(std::size_t t, const Point& point) const {
  const std::uint32_t p = of[t].index_map;
  return p == kNoParameter || point[p] == 0 ? nullptr : &of[t].index_forms[static_cast<std::size_t>(point[p])];
}

const MapForm* SearchSpace::Impl::single_form(std::size_t t, const Point& point) const {
  const std::uint32_t p = of[t].single_map;
  return p == kNoParameter || point[p] == 0 ? nullptr : &of[t].single_forms[static_cast<std::size_t>(point[p])];
}

std::vector<std::int64_t> SearchSpace::Impl::weights(std::size_t t, const Point& point) const {
  std::vector<std::int64_t> out;
  if (of[t].first_weight == kNoParameter) return out;
  for (int d = 0; d < tasks[t].dim; ++d) out.push_back(point[of[t].first_weight + static_cast<std::uint32_t>(d)]);
  return out;
}

SearchSpace::SearchSpace(const program::Program& program, const machine::Machine& machine, Mode mode)
    : impl_(std::make_unique<Impl>()) {
  impl_->program = &program;
  impl_->machine = &machine;
  impl_->mode = mode;
  Deriver(*impl_).run();
}

SearchSpace::~SearchSpace() = default;
SearchSpace::SearchSpace(SearchSpace&&) noexcept = default;

Mode SearchSpace::mode() const { return impl_->mode; }
const program::Program& SearchSpace::program() const { return *impl_->program; }
const machine::Machine& SearchSpace::machine() const { return *impl_->machine; }
const std::vector<Parameter>& SearchSpace::parameters() const { return impl_->parameters; }

Point SearchSpace::default_point() const { return Point(impl_->parameters.size(), 0); }

void SearchSpace::repair(Point& point) const {
  if (impl_->mode == Mode::Valid) Repair(*impl_, point).run();
}

void SearchSpace::apply(const Move& move, Point& point) {
  for (const auto& [parameter, value] : move.assignments) point[parameter] = value;
}

}  // namespace mapwright::search
