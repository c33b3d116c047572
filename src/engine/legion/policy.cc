#include "engine/legion/policy.h"

#include <fmt/format.h>

#include <algorithm>

namespace mapwright::engine::legion {

namespace {

constexpr std::size_t kMemos = 4096;  // launch shapes that are remembered; then the memo starts anew

std::string ticked(std::string_view name) { return fmt::format("`{}`", name); }

bool has_limits(const sema::Mapper& mapper) {
  return std::any_of(mapper.statements().begin(), mapper.statements().end(),
                     [](const sema::Mapper::Statement& s) { return s.kind == "InstanceLimit"; });
}

void add(std::vector<std::int64_t>& key, const Point& p) {
  key.push_back(p.dim);
  for (int d = 0; d < p.dim; ++d) key.push_back(p[d]);
}

}  // namespace

Policy::Policy(sema::Mapper mapper, sema::MachineShape shape)
    : mapper_(mapper), shape_(shape), limits_(has_limits(mapper)), evaluator_(std::move(mapper), std::move(shape)) {}

Diagnostic Policy::finding(int code, diag::Severity severity, Origin origin, std::string message, std::string help) const {
  return plan::finding(mapper_, code, severity, origin, std::move(message), std::move(help));
}

std::optional<std::uint32_t> Policy::line(Origin origin) const {
  if (!origin || !mapper_.source()) return std::nullopt;
  return mapper_.source()->position(origin->begin).line;
}

tl::expected<TaskRules, Diagnostic> Policy::rules(std::string_view task, Kinds variants) const {
  TaskRules out;
  out.name = task;
  const plan::KindChoice choice =
      plan::choose_kind(mapper_, task, [&](ProcessorKind k) { return variants.has(k) && has_processors(k); });
  if (!choice.kind) {
    std::string known;
    for (const ProcessorKind k : kAllProcessorKinds) {
      if (!variants.has(k)) continue;
      known += fmt::format("{}{} ({} on this machine)", known.empty() ? "" : ", ", to_string(k), has_processors(k) ? "available" : "none");
    }
    return tl::unexpected(finding(diag::kNoFittingKind, diag::Severity::Error, choice.origin,
                                  fmt::format("task {} can run on none of the kinds that {}", ticked(task),
                                              choice.origin ? "the mapper gives it" : "this machine has"),
                                  fmt::format("it has variants for {}", known.empty() ? "no kind" : known)));
  }
  out.kind = *choice.kind;
  out.kind_origin = choice.origin;
  for (const bool index : {true, false}) {
    plan::MapChoice map = plan::choose_map(mapper_, task, index, out.kind, choice.fell_back);
    if (map.skipped) {
      out.warnings.push_back(finding(diag::kMapNotApplied, diag::Severity::Warning, map.skipped->span,
                                     fmt::format("this map does not apply to {}, which fell back to {}", ticked(task), to_string(out.kind)),
                                     "the default policy places its points; give it a map for that kind"));
    }
    (index ? out.index_map : out.single_map) = map.map;
  }
  out.limit = mapper_.instance_limit(task);
  return out;
}

Policy::Key Policy::key_of(const TaskRules& task, const Launch& launch) const {
  Key key {launch.index ? 1 : 0, static_cast<std::int64_t>(task.kind), launch.top_level ? 1 : 0, launch.replicated ? 1 : 0};
  add(key, launch.domain.lo);
  add(key, launch.domain.hi);
  const sema::TaskContext* const parent = launch.parent;
  key.push_back(parent->processor ? parent->processor->space : 0);
  if (const auto& map = task.map(launch.index); map && mapper_.reads_parent(map->value)) {
    for (const sema::TaskContext* p = parent; p; p = p->parent) {
      key.push_back(static_cast<std::int64_t>(p->kind));
      add(key, p->point);
      add(key, p->extents);
      key.push_back(p->processor ? std::int64_t {p->processor->space} << 32 | p->processor->index : -1);
    }
  }
  return key;
}

tl::expected<std::shared_ptr<const Placed>, Diagnostic> Policy::place(const TaskRules& task, const Launch& launch) {
  if (!launch.only.empty()) return compute(task, launch);  // too many shapes to remember
  std::pair<std::string, Key> key {task.name, key_of(task, launch)};
  {
    const std::shared_lock lock(memo_mutex_);
    if (const auto found = memo_.find(key); found != memo_.end()) return found->second;
  }
  auto computed = compute(task, launch);
  if (!computed) return computed;
  const std::unique_lock lock(memo_mutex_);
  if (memo_.size() >= kMemos) memo_.clear();
  return memo_.emplace(std::move(key), *computed).first->second;
}

tl::expected<std::shared_ptr<const Placed>, Diagnostic> Policy::compute(const TaskRules& task, const Launch& launch) {
  auto out = std::make_shared<Placed>();
  if (const auto& map = task.map(launch.index)) {
    out->origin = map->span;
    if (auto done = place_by_map(task, launch, *out); !done) return tl::unexpected(std::move(done.error()));
  } else {
    place_by_default(task, launch, *out);
  }
  return out;
}

tl::expected<void, Diagnostic> Policy::place_by_map(const TaskRules& task, const Launch& launch, Placed& out) {
  const auto& map = *task.map(launch.index);
  sema::TaskContext context;
  context.name = task.name;
  context.kind = task.kind;
  context.point = Point::filled(launch.domain.dim(), 0);
  context.extents = launch.domain.extents();
  context.parent = launch.parent;
  plan::LeastLoaded sets;
  const auto take = [&](sema::Placement targets) {
    if (targets.empty() || targets.front().kind != task.kind) return false;
    out.points.push_back(sets.take(targets));
    return true;
  };
  const std::scoped_lock lock(evaluator_mutex_);
  if (launch.only.empty()) {
    const auto table = evaluator_.place_all(map.value, context);
    if (!table) return tl::unexpected(table.error());
    const auto volume = static_cast<std::size_t>(launch.domain.volume());
    out.points.reserve(volume);
    for (std::size_t i = 0; i < volume; ++i) {
      if (!take((*table)->at(i))) return tl::unexpected(wrong_kind(task, map, (*table)->at(i)));
    }
    return {};
  }
  std::vector<sema::MachinePoint> all(static_cast<std::size_t>(launch.domain.volume()));
  for (const Point& p : launch.only) {
    context.point = p;
    for (int d = 0; d < p.dim; ++d) context.point[d] -= launch.domain.lo[d];
    const auto placement = evaluator_.place(map.value, context);
    if (!placement) return tl::unexpected(placement.error());
    if (!take(*placement)) return tl::unexpected(wrong_kind(task, map, *placement));
    all[static_cast<std::size_t>(launch.domain.linearize(p))] = out.points.back();
  }
  out.points = std::move(all);
  return {};
}

void Policy::place_by_default(const TaskRules& task, const Launch& launch, Placed& out) const {
  const std::int64_t processors = shape_.processors[static_cast<std::size_t>(task.kind)], volume = launch.domain.volume();
  const std::uint32_t home = !launch.top_level && launch.parent->processor ? launch.parent->processor->space : 0;
  if (!launch.index) {
    out.points.push_back({task.kind, home, 0});
    return;
  }
  out.points.reserve(static_cast<std::size_t>(volume));
  if (launch.top_level && launch.replicated) {
    for (std::int64_t i = 0; i < volume; ++i) {
      const plan::Shard s = plan::spread_sharded(i, volume, shape_.address_spaces, processors);
      out.points.push_back({task.kind, s.space, s.index});
    }
    return;
  }
  const std::int64_t targets = launch.top_level ? processors * shape_.address_spaces : processors;
  for (const std::uint32_t t : plan::spread_blocks(launch.domain, targets)) {
    const auto n = static_cast<std::uint32_t>(processors);
    out.points.push_back({task.kind, home + t / n, t % n});
  }
}

tl::expected<std::uint32_t, Diagnostic> Policy::space_of(const TaskRules& task, const Launch& launch, const Point& point) {
  const auto placed = place(task, launch);
  if (!placed) return tl::unexpected(placed.error());
  return (*placed)->points[static_cast<std::size_t>(launch.domain.linearize(point))].space;
}

Diagnostic Policy::wrong_kind(const TaskRules& task, const sema::Decided<sema::FunctionId>& map, sema::Placement got) const {
  const std::string_view kind = got.empty() ? "nothing" : to_string(got.front().kind);
  Diagnostic d = finding(diag::kMapForWrongKind, diag::Severity::Error, map.span,
                         fmt::format("{} runs on {} but `{}` returns a {} point", ticked(task.name), to_string(task.kind),
                                     mapper_.function_name(map.value), kind),
                         fmt::format("use `Machine({})` in the function, or send the task to {}", to_string(task.kind), kind));
  d.labels.push_back({mapper_.function_span(map.value), "the function"});
  return d;
}

tl::expected<ArgumentRules, Diagnostic> Policy::argument(std::string_view task, const sema::ArgumentNames& names, ProcessorKind kind,
                                                         const std::function<bool(MemoryKind)>& addressable, std::optional<MemoryKind> present,
                                                         std::span<const program::LayoutDemand> demands, int rank) const {
  const auto name = [&] {
    const std::string_view text = !names.own.empty() ? names.own : !names.partition.empty() ? names.partition : names.region;
    return text.empty() ? fmt::format("argument {}", names.position) : fmt::format("argument {} ({})", names.position, ticked(text));
  };
  ArgumentRules out;
  plan::MemoriesChoice choice = plan::choose_memories(mapper_, task, names, kind, addressable);
  if (!choice.given && present) choice.memories = {{*present, std::nullopt}};
  out.decided = choice.given;
  out.first = choice.first;
  out.is_virtual = choice.is_virtual && choice.memories.empty();
  if (choice.memories.empty() && !out.is_virtual) {
    std::string reachable;
    for (const MemoryKind m : kAllMemoryKinds) {
      if (m != MemoryKind::Virtual && addressable(m)) reachable += fmt::format("{}{}", reachable.empty() ? "" : ", ", to_string(m));
    }
    return tl::unexpected(finding(diag::kMemoryNotAddressable, diag::Severity::Error, choice.first,
                                  fmt::format("{} of {} is in no memory that a {} can address", name(), ticked(task), to_string(kind)),
                                  fmt::format("here a {} can address {}", to_string(kind), reachable.empty() ? "nothing" : reachable)));
  }
  out.memories = std::move(choice.memories);
  for (const plan::MemoryChoice& m : out.memories) {
    plan::LayoutResult layout = plan::choose_layout(mapper_, task, names, kind, m.kind, demands, rank);
    if (!layout.refused.empty()) {
      const program::LayoutDemand& demand = *layout.refused.front();
      std::string wants;
      if (demand.fields) wants += *demand.fields == FieldOrder::Soa ? "SOA" : "AOS";
      if (demand.dims) wants += fmt::format("{}{}", wants.empty() ? "" : " ", *demand.dims == DimOrder::C ? "C_order" : "F_order");
      return tl::unexpected(finding(diag::kLayoutRefused, diag::Severity::Error, layout.layout.origin,
                                    fmt::format("the {} variant of {} works only with {} for {}", to_string(kind), ticked(task), wants, name()),
                                    "change the layout, or move the task to another processor kind"));
    }
    out.decided = out.decided || layout.layout.origin;
    out.layouts.push_back(std::move(layout));
  }
  if (const auto collects = mapper_.collects(task, names); collects && collects->value) out.collect = collects->span;
  return out;
}

std::vector<std::string> Policy::take_printed() {
  const std::scoped_lock lock(evaluator_mutex_);
  const auto& all = evaluator_.printed();
  std::vector<std::string> fresh(all.begin() + static_cast<std::ptrdiff_t>(printed_), all.end());
  printed_ = all.size();
  return fresh;
}

bool Limiter::admit(std::uint64_t task, std::uint64_t launcher, std::int64_t limit) {
  const std::scoped_lock lock(mutex_);
  std::int64_t& n = under_way_[{task, launcher}];
  if (n >= limit) return false;
  ++n;
  return true;
}

void Limiter::finish(std::uint64_t task, std::uint64_t launcher) {
  const std::scoped_lock lock(mutex_);
  --under_way_[{task, launcher}];
}

}  // namespace mapwright::engine::legion
