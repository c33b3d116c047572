// engine/host/storage.h - one physical instance in memory: its layout, its allocation, and moving elements between two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/base.h"
#include "plan/plan.h"
#include "program/program.h"

namespace mapwright::engine::host {

using program::Block;
using program::FieldIndex;

// The byte that unusable memory is filled with: every float and double made of it is a NaN.
inline constexpr unsigned char kPoison = 0xff;

// A physical instance: some fields of a point set, one block per rectangle and field. Structure of arrays keeps one
// dense array per rectangle and field; array of structures keeps one dense array of structures per rectangle, whose
// fields are in ascending order, each at a multiple of its natural alignment. Nothing is allocated until ensure().
class Storage {
 public:
  Storage(const program::Region& region, const PointSet& points, std::vector<FieldIndex> fields,
          plan::Layout layout);

  // Allocates and poisons unless that has been done. Thread-safe. False when the host has not enough memory.
  bool ensure();
  // Frees the memory; a later ensure() starts afresh. No user may be active.
  void release();
  bool allocated() const;

  const PointSet& points() const { return *points_; }
  std::span<const FieldIndex> fields() const { return fields_; }
  std::int64_t field_bytes(FieldIndex field) const { return bytes_[slot(field)]; }
  std::int64_t bytes() const { return total_; }
  // One block per rectangle of points(), in that order. Empty before ensure(). The field must be one of fields().
  std::span<const Block> blocks(FieldIndex field) const;

 private:
  struct Free {
    void operator()(std::byte* p) const;
  };
  std::size_t slot(FieldIndex field) const;
  void lay_out();

  const PointSet* points_;
  std::vector<FieldIndex> fields_;
  std::vector<std::int64_t> bytes_;  // per element, same order as fields_
  plan::Layout layout_;
  std::int64_t alignment_ = 1, total_ = 0;
  std::vector<Block> blocks_;        // [field slot * rectangles + rectangle]; base is an offset until allocated
  std::vector<std::int64_t> offsets_;
  std::unique_ptr<std::byte, Free> memory_;
  mutable std::mutex mutex_;
};

// What elements of a piece become.
enum class Combine : std::uint8_t { Replace, Sum, Min, Max };
Combine combine(program::ReductionOp op);

// Applies the elements of `piece` in one field of `from` to the same elements of `to`. Reductions work on floats (4
// bytes) and doubles (8 bytes). Both must be allocated and hold the piece. Returns the bytes moved.
std::int64_t move_elements(const Storage& from, Storage& to, const PointSet& piece, FieldIndex field, Combine how);
// Sets every element of `piece` in one field to `value` (4 bytes: float, 8 bytes: double, else zero bytes).
void fill_elements(Storage& to, const PointSet& piece, FieldIndex field, double value);
// Fills every element of `piece` in one field with poison.
void poison_elements(Storage& to, const PointSet& piece, FieldIndex field);

// Calls f(i) for every rectangle i of `set` that meets `r`. One dimension: logarithmic; more: linear.
template <typename F>
void for_each_overlap(const PointSet& set, const Rect& r, F&& f) {
  const std::span<const Rect> rects = set.rects();
  std::size_t i = 0;
  if (set.dim() == 1) {
    std::size_t last = rects.size();
    while (i < last) {  // first rectangle that ends at or after r
      const std::size_t middle = i + (last - i) / 2;
      if (rects[middle].hi[0] < r.lo[0]) i = middle + 1; else last = middle;
    }
    for (; i < rects.size() && rects[i].lo[0] <= r.hi[0]; ++i) f(i);
    return;
  }
  for (; i < rects.size(); ++i) {
    if (!intersect(rects[i], r).empty()) f(i);
  }
}

}  // namespace mapwright::engine::host
