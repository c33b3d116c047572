#include "plan/choice.h"

#include <algorithm>

namespace mapwright::plan {

diag::Diagnostic finding(const sema::Mapper& mapper, int code, diag::Severity severity, Origin origin, std::string message, std::string help) {
  diag::Diagnostic d;
  d.code = code;
  d.severity = severity;
  d.message = std::move(message);
  d.help = std::move(help);
  if (origin) {
    d.source = mapper.source();
    d.span = *origin;
  }
  return d;
}

std::span<const MemoryKind> default_memories(ProcessorKind kind) {
  static constexpr std::array kGpu {MemoryKind::FbMem};
  static constexpr std::array kOmp {MemoryKind::SockMem, MemoryKind::SysMem};
  static constexpr std::array kHost {MemoryKind::SysMem};
  if (kind == ProcessorKind::Gpu) return kGpu;
  if (kind == ProcessorKind::Omp) return kOmp;
  return kHost;
}

KindChoice choose_kind(const sema::Mapper& mapper, std::string_view task, const std::function<bool(ProcessorKind)>& fits) {
  KindChoice out;
  const auto lists = mapper.processor_kinds(task);
  for (const auto* list : {&lists.own, &lists.star}) {
    for (const auto& k : *list) {
      if (!out.origin) out.origin = k.span;
      out.considered.push_back(k.span);
      if (fits(k.value)) {
        out.kind = k.value;
        out.origin = k.span;
        return out;
      }
      out.fell_back = true;
    }
  }
  if (out.origin) return out;
  for (const ProcessorKind k : kDefaultKinds) {
    if (!out.kind && fits(k)) out.kind = k;
  }
  for (const ProcessorKind k : kAllProcessorKinds) {
    if (!out.kind && fits(k)) out.kind = k;
  }
  return out;
}

MapChoice choose_map(const sema::Mapper& mapper, std::string_view task, bool index, ProcessorKind kind, bool fell_back) {
  MapChoice out;
  out.map = index ? mapper.index_map(task, kind) : mapper.single_map(task, kind);
  if (!out.map || !fell_back) return out;
  const auto kinds = mapper.function_kinds(out.map->value);
  if (!kinds.empty() && std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) std::swap(out.map, out.skipped);
  return out;
}

MemoriesChoice choose_memories(const sema::Mapper& mapper, std::string_view task, const sema::ArgumentNames& argument,
                               ProcessorKind kind, const std::function<bool(MemoryKind)>& addressable) {
  MemoriesChoice out;
  const auto add = [&](MemoryKind m, Origin origin) {
    const bool known = std::any_of(out.memories.begin(), out.memories.end(), [&](const MemoryChoice& c) { return c.kind == m; });
    if (!known && addressable(m)) out.memories.push_back({m, origin});
  };
  for (const auto& m : mapper.memories(task, argument, kind)) {
    if (!out.given) out.first = m.span;
    out.given = true;
    out.considered.push_back(m.span);
    if (m.value == MemoryKind::Virtual) {
      out.is_virtual = true;
      break;
    }
    add(m.value, m.span);
  }
  if (!out.given) {
    for (const MemoryKind m : default_memories(kind)) add(m, std::nullopt);
  }
  return out;
}

LayoutResult choose_layout(const sema::Mapper& mapper, std::string_view task, const sema::ArgumentNames& argument, ProcessorKind kind,
                           MemoryKind memory, std::span<const program::LayoutDemand> demands, int rank) {
  LayoutResult out;
  const auto asked = mapper.layout(task, argument, kind, memory);
  ArgumentDecision::LayoutDecision& layout = out.layout;
  if (asked) {
    layout.origin = asked->span;
    layout.fields = asked->value.fields;
    layout.dims = asked->value.dims;
    out.exact = asked->value.exact;
    out.compact = asked->value.compact;
    if (asked->value.alignment) layout.alignment = std::max<std::int64_t>(1, asked->value.alignment->chosen());
  }
  for (const program::LayoutDemand& demand : demands) {
    if (demand.argument && *demand.argument != static_cast<std::uint32_t>(argument.position)) continue;
    const bool fields_ok = !demand.fields || *demand.fields == layout.fields;
    const bool dims_ok = !demand.dims || rank < 2 || *demand.dims == layout.dims;
    const bool fields_given = asked && asked->value.fields_given, dims_given = asked && asked->value.dims_given;
    if ((!fields_ok && fields_given) || (!dims_ok && dims_given)) {
      out.refused.push_back(&demand);
      continue;
    }
    if (demand.fields) layout.fields = *demand.fields;
    if (demand.dims) layout.dims = *demand.dims;
  }
  return out;
}

sema::MachinePoint LeastLoaded::take(sema::Placement set) {
  sema::MachinePoint best = set.front();
  if (set.size() == 1) return best;
  for (const sema::MachinePoint& p : set) {
    if (load_[p] < load_[best]) best = p;
  }
  ++load_[best];
  return best;
}

std::vector<std::uint32_t> spread_blocks(const Rect& domain, std::int64_t targets) {
  const Point extents = domain.extents();
  const Point factors = sema::greedy_split(targets, extents);
  std::vector<std::uint32_t> placed;
  placed.reserve(static_cast<std::size_t>(domain.volume()));
  for_each_point(domain, [&](const Point& p) {
    std::int64_t block = 0;
    for (int d = domain.dim() - 1; d >= 0; --d) {
      block = block * factors[d] + (p[d] - domain.lo[d]) * factors[d] / extents[d];
    }
    placed.push_back(static_cast<std::uint32_t>(block));
  });
  return placed;
}

Shard spread_sharded(std::int64_t i, std::int64_t volume, std::int64_t spaces, std::int64_t processors) {
  const std::int64_t space = i % spaces, rank = i / spaces;
  const std::int64_t here = (volume - space + spaces - 1) / spaces;  // points of this space
  return {static_cast<std::uint32_t>(space), static_cast<std::uint32_t>(rank * processors / here)};
}

}  // namespace mapwright::plan
