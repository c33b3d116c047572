// sema/space.h - machine spaces: Machine(kind) of one machine and everything that transformations make of it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "sema/factor.h"
#include "sema/sema.h"

namespace mapwright::sema {

inline constexpr int kMaxSpaceDims = 16;

enum class Transform : std::uint8_t { Machine, Split, Merge, Swap, Slice, Reverse, BalanceSplit, AutoSplit, Decompose, GreedySplit };
std::string_view to_string(Transform t);  // "split", ...
std::optional<Transform> transform_named(std::string_view word);  // without Machine

using SpaceId = std::uint32_t;

struct Space {
  ProcessorKind kind = ProcessorKind::Cpu;
  int dims = 0;
  std::array<std::int64_t, kMaxSpaceDims> sizes {};
  std::int64_t volume = 0;  // 0 for a kind that the machine lacks
  // How this space was made of `parent`; Machine for a space without one.
  Transform how = Transform::Machine;
  SpaceId parent = 0;
  int a = 0, b = 0;        // dimensions; `a` the first new one of a split
  int parts = 0;           // number of factors of a split
  std::int64_t low = 0;    // of a slice
  Factors factors {};      // of a split, first dimension fast
  // Processors by linear index (first dimension fastest), made after the space has been used often enough.
  std::vector<std::uint64_t> table;
  std::uint64_t uses = 0;
};

// What a transformation was asked to do. Unused numbers are 0.
struct TransformRequest {
  Transform what = Transform::Split;
  SpaceId base = 0;
  std::array<std::int64_t, 3> number {};  // dimension, then factor, other dimension, low and high, or number of parts
  std::array<std::int64_t, 2> count {};   // of list elements given
  std::array<std::array<std::int64_t, kMaxFactors>, 2> list {};  // extents, halo weights
  friend bool operator==(const TransformRequest&, const TransformRequest&) = default;
};

// Why a transformation cannot be made: a code of codes.def and the text for it.
struct SpaceError {
  int code = 0;
  std::string message, help;
};

// All spaces of one machine. Equal requests give the same space, so factorisations are searched for once.
class SpaceTable {
 public:
  explicit SpaceTable(MachineShape shape) : shape_(std::move(shape)) {}

  const MachineShape& shape() const { return shape_; }
  SpaceId machine(ProcessorKind kind);
  tl::expected<SpaceId, SpaceError> transform(const TransformRequest& request);
  const Space& operator[](SpaceId id) const { return spaces_[id]; }

  // The processor at coordinates that are inside the sizes of the space; address space in the upper half of the result,
  // index in the lower.
  std::uint64_t locate(SpaceId id, const std::int64_t* coordinates);
  // The way back: coordinates of a processor of the space's kind. False when a slice cuts it away.
  bool coordinates_of(SpaceId id, std::uint32_t space, std::uint32_t index, std::int64_t* out) const;

 private:
  std::uint64_t walk(SpaceId id, const std::int64_t* coordinates) const;
  void build_table(Space& space, SpaceId id);

  struct RequestHash {
    std::size_t operator()(const TransformRequest& r) const;
  };
  MachineShape shape_;
  std::deque<Space> spaces_;
  std::array<std::optional<SpaceId>, kProcessorKinds> machines_ {};
  std::unordered_map<TransformRequest, SpaceId, RequestHash> known_;
};

std::string sizes_text(const Space& space);  // "(2, 4)"

}  // namespace mapwright::sema
