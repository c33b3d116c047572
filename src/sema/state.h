// sema/state.h - what a Mapper holds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "sema/code.h"
#include "sema/sema.h"

namespace mapwright::sema {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const { return std::hash<std::string_view> {}(s); }
};
using NameIds = std::unordered_map<std::string, std::uint32_t, StringHash, std::equal_to<>>;

// First statement wins, so a table maps a key to the first rule with it. Keys of tasks: 0 is `*`, others are ids of
// State::tasks. Keys of arguments: 0 is `*`, others are ids of State::arguments.
struct RuleKey {
  std::uint32_t task = 0, argument = 0;
  std::uint32_t selector = 0;  // kSelectAny, kSelectProcessor + kind or kSelectMemory + kind
  friend bool operator==(const RuleKey&, const RuleKey&) = default;
};
inline constexpr std::uint32_t kSelectAny = 0, kSelectProcessor = 16, kSelectMemory = 32;

struct RuleKeyHash {
  std::size_t operator()(const RuleKey& k) const {
    return mix64(static_cast<std::uint64_t>(k.task) << 32 | k.argument) ^ mix64(k.selector + 1);
  }
};
template <typename T>
using RuleTable = std::unordered_map<RuleKey, T, RuleKeyHash>;

template <typename T>
struct SharedList {
  std::vector<Decided<T>> entries;
  diag::Span span;  // of the statement
};

struct Mapper::State {
  diag::SourcePtr source;
  NameIds tasks, arguments;  // arguments: names; positions as "#0"
  // The values are indices into the lists below, which several keys share.
  RuleTable<std::uint32_t> kinds, memories, layouts, limits, collections, index_maps, single_maps;
  std::vector<SharedList<ProcessorKind>> kind_lists;
  std::vector<SharedList<MemoryKind>> memory_lists;
  std::vector<Decided<LayoutChoice>> layout_choices;
  std::vector<Decided<std::int64_t>> limit_values;
  std::vector<diag::Span> collection_spans;
  std::vector<Decided<FunctionId>> maps;
  RuleTable<diag::Span> replicated;
  std::optional<diag::Span> first_replicate;
  std::vector<Mapper::Mention> mentions;
  std::vector<Mapper::Statement> statements;
  std::vector<Code> functions;
  std::vector<std::string> global_names;
  std::vector<Code> globals;          // in order of their lines
  std::vector<Code> prints;           // top-level print statements
  std::uint32_t transform_sites = 0;  // caches that an interpreter needs
  std::vector<std::pair<bool, std::uint32_t>> top_level;  // order of evaluation: (is print, index)
};

}  // namespace mapwright::sema
