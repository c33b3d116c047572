// search/space_impl.h - the tables behind a SearchSpace, shared by deriving, moving and rendering. Private to search/.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "search/maps.h"
#include "search/space.h"
#include "search/structure.h"

namespace mapwright::search {

inline constexpr std::uint32_t kNoParameter = 0xffffffff;

struct LayoutValue {
  FieldOrder fields = FieldOrder::Soa;
  DimOrder dims = DimOrder::F;
  std::int64_t alignment = 0;  // 0: none
};

// Where the decisions of one task stand among the parameters, and what their values mean. Values start with the default,
// so values[v - 1] of the vectors below belongs to value v, except for maps, where form 0 is the default.
struct TaskParameters {
  std::uint32_t kind = kNoParameter;
  std::vector<ProcessorKind> kinds;
  struct Argument {
    std::uint32_t memory = kNoParameter, layout = kNoParameter;
    std::vector<MemoryKind> memories;
    std::vector<LayoutValue> layouts;
  };
  std::vector<Argument> arguments;
  std::uint32_t index_map = kNoParameter, single_map = kNoParameter;
  std::vector<MapForm> index_forms, single_forms;
  std::uint32_t first_weight = kNoParameter;  // one per dimension of the index launches
  std::uint32_t limit = kNoParameter, collect = kNoParameter;
};

inline constexpr std::int64_t kLimits[] = {1, 2, 4, 8};

struct SearchSpace::Impl {
  const program::Program* program = nullptr;
  const machine::Machine* machine = nullptr;
  Mode mode = Mode::Valid;
  std::vector<TaskInfo> tasks;
  std::vector<TaskParameters> of;       // parallel to `tasks`
  std::vector<Parameter> parameters;
  std::vector<std::size_t> owner;       // parameter -> position in `tasks`; tasks.size() for the whole program
  std::uint32_t spill = kNoParameter, replicate = kNoParameter;
  std::optional<std::size_t> stand_in;  // a task to name when the top-level task is not to be replicated
  // Bytes of a partition's or region's points per byte of fields, all pieces together.
  std::map<DataId, std::int64_t> points_of;
  std::map<MemoryKind, std::int64_t> capacity;  // of all memories of a kind
  std::array<std::array<bool, kMemoryKinds>, kProcessorKinds> addressable {};

  // The kind that task `t` runs on at a point.
  ProcessorKind kind_of(std::size_t t, const Point& point) const;
  const program::Variant* variant_of(std::size_t t, const Point& point) const;
  // The kind of the only parent of task `t`; absent when there is none or it is not known.
  std::optional<ProcessorKind> parent_kind(std::size_t t, const Point& point) const;
  const MapForm* index_form(std::size_t t, const Point& point) const;  // null for the default
  const MapForm* single_form(std::size_t t, const Point& point) const;
  std::vector<std::int64_t> weights(std::size_t t, const Point& point) const;
};

}  // namespace mapwright::search
