// The lookups of Mapper.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "sema/state.h"

namespace mapwright::sema {

namespace {

std::uint32_t select(ProcessorKind k) { return kSelectProcessor + static_cast<std::uint32_t>(k); }
std::uint32_t select(MemoryKind k) { return kSelectMemory + static_cast<std::uint32_t>(k); }

// Keys of a name, 0xffffffff when no statement mentions it.
constexpr std::uint32_t kUnknown = 0xffffffffU;
std::uint32_t id_of(const NameIds& ids, std::string_view name) {
  const auto found = ids.find(name);
  return found == ids.end() ? kUnknown : found->second;
}

// The keys of an argument from the most specific to the least: position, own name, partition, root region.
std::array<std::uint32_t, 4> argument_keys(const Mapper::State& s, const ArgumentNames& a) {
  std::array<char, 16> position {'#'};
  const auto written = fmt::format_to_n(position.data() + 1, position.size() - 1, "{}", a.position);
  const std::string_view text(position.data(), static_cast<std::size_t>(written.out - position.data()));
  const auto named = [&](std::string_view n) { return n.empty() ? kUnknown : id_of(s.arguments, n); };
  return {id_of(s.arguments, text), named(a.own), named(a.partition), named(a.region)};
}

// Calls hit(value) for the first match of each of (T,R), (T,*), (*,R), (*,*), in that order, until it returns false.
// Inside a match of names, `selectors` are tried in order.
template <typename Hit>
void look_up(const Mapper::State& s, const RuleTable<std::uint32_t>& table, std::string_view task, const ArgumentNames& argument,
             std::span<const std::uint32_t> selectors, Hit&& hit) {
  if (table.empty()) return;
  const auto arguments = argument_keys(s, argument);
  const std::uint32_t tasks[] = {id_of(s.tasks, task), 0};
  const auto find = [&](std::uint32_t t, std::uint32_t a) -> const std::uint32_t* {
    if (t == kUnknown || a == kUnknown) return nullptr;
    for (const std::uint32_t selector : selectors) {
      if (const auto found = table.find({t, a, selector}); found != table.end()) return &found->second;
    }
    return nullptr;
  };
  for (const std::uint32_t t : tasks) {
    const std::uint32_t* named = nullptr;
    for (std::size_t i = 0; !named && i < arguments.size(); ++i) named = find(t, arguments[i]);
    if (named && !hit(*named)) return;
    if (const std::uint32_t* star = find(t, 0); star && !hit(*star)) return;
  }
}

template <typename Value>
std::optional<Value> by_task(const Mapper::State& s, const RuleTable<std::uint32_t>& table, const std::vector<Value>& values, std::string_view task,
                             std::uint32_t selector = kSelectAny) {
  if (table.empty()) return std::nullopt;
  // The task, then (for maps) the processor kind, then `*`.
  const RuleKey keys[] = {{id_of(s.tasks, task), 0, kSelectAny}, {0, 0, selector}, {0, 0, kSelectAny}};
  for (const RuleKey& key : keys) {
    if (const auto found = table.find(key); found != table.end()) return values[found->second];
  }
  return std::nullopt;
}

}  // namespace

std::int64_t Alignment::chosen() const {
  constexpr std::int64_t kLargest = std::int64_t {1} << 30;
  for (std::int64_t a = 1; a <= kLargest; a *= 2) {
    const bool fits = op == AlignOp::Equal          ? a == bytes
                      : op == AlignOp::LessEqual    ? a <= bytes
                      : op == AlignOp::GreaterEqual ? a >= bytes
                      : op == AlignOp::Less         ? a < bytes
                      : op == AlignOp::Greater      ? a > bytes
                                                    : a != bytes;
    if (fits) return a;
  }
  return 0;
}

const diag::SourcePtr& Mapper::source() const { return state_->source; }

Mapper::KindLists Mapper::processor_kinds(std::string_view task) const {
  KindLists out;
  const auto entries = [&](std::uint32_t id) {
    const auto found = state_->kinds.find({id, 0, kSelectAny});
    return found == state_->kinds.end() ? std::vector<Decided<ProcessorKind>> {} : state_->kind_lists[found->second].entries;
  };
  if (const std::uint32_t id = id_of(state_->tasks, task); id != kUnknown) out.own = entries(id);
  out.star = entries(0);
  return out;
}

std::vector<Decided<MemoryKind>> Mapper::memories(std::string_view task, const ArgumentNames& argument, ProcessorKind kind) const {
  std::vector<Decided<MemoryKind>> out;
  const std::uint32_t selectors[] = {select(kind), kSelectAny};
  look_up(*state_, state_->memories, task, argument, selectors, [&](std::uint32_t at) {
    for (const Decided<MemoryKind>& m : state_->memory_lists[at].entries) {
      const auto same = [&](const Decided<MemoryKind>& d) { return d.value == m.value; };
      if (std::none_of(out.begin(), out.end(), same)) out.push_back(m);
      if (m.value == MemoryKind::Virtual) return false;
    }
    return true;
  });
  return out;
}

std::optional<Decided<LayoutChoice>> Mapper::layout(std::string_view task, const ArgumentNames& argument, ProcessorKind kind, MemoryKind memory) const {
  std::optional<Decided<LayoutChoice>> out;
  const std::uint32_t selectors[] = {select(memory), select(kind), kSelectAny};
  look_up(*state_, state_->layouts, task, argument, selectors, [&](std::uint32_t at) {
    out = state_->layout_choices[at];
    return false;
  });
  return out;
}

std::optional<Decided<std::int64_t>> Mapper::instance_limit(std::string_view task) const {
  return by_task(*state_, state_->limits, state_->limit_values, task);
}

std::optional<Decided<bool>> Mapper::collects(std::string_view task, const ArgumentNames& argument) const {
  std::optional<Decided<bool>> out;
  const std::uint32_t selectors[] = {kSelectAny};
  look_up(*state_, state_->collections, task, argument, selectors, [&](std::uint32_t at) {
    out = Decided<bool> {true, state_->collection_spans[at]};
    return false;
  });
  return out;
}

std::optional<Decided<FunctionId>> Mapper::index_map(std::string_view task, ProcessorKind kind) const {
  return by_task(*state_, state_->index_maps, state_->maps, task, select(kind));
}

std::optional<Decided<FunctionId>> Mapper::single_map(std::string_view task, ProcessorKind kind) const {
  return by_task(*state_, state_->single_maps, state_->maps, task, select(kind));
}

std::optional<Decided<bool>> Mapper::replicated(std::string_view task) const {
  if (!state_->first_replicate) return std::nullopt;
  for (const std::uint32_t id : {id_of(state_->tasks, task), std::uint32_t {0}}) {
    if (const auto found = state_->replicated.find({id, 0, kSelectAny}); found != state_->replicated.end()) return Decided<bool> {true, found->second};
  }
  return Decided<bool> {false, *state_->first_replicate};
}

std::vector<Mapper::Mention> Mapper::mentions() const { return state_->mentions; }
const std::vector<Mapper::Statement>& Mapper::statements() const { return state_->statements; }
std::size_t Mapper::function_count() const { return state_->functions.size(); }
std::string_view Mapper::function_name(FunctionId f) const { return state_->functions[f.value].name; }
diag::Span Mapper::function_span(FunctionId f) const { return state_->functions[f.value].span; }
bool Mapper::reads_parent(FunctionId f) const { return state_->functions[f.value].reads_parent; }

std::vector<ProcessorKind> Mapper::function_kinds(FunctionId f) const {
  std::vector<ProcessorKind> out;
  for (const ProcessorKind k : kAllProcessorKinds) {
    if (state_->functions[f.value].kinds >> static_cast<unsigned>(k) & 1U) out.push_back(k);
  }
  return out;
}

}  // namespace mapwright::sema
