// apps/support/views.h - strided views of one field of an argument, cheap enough for inner loops of kernels.
#pragma once

#include "program/program.h"

namespace mapwright::apps {

// The block of `view` that holds `r`. A piece that is one rectangle always lies in one block.
inline const program::Block& block_of(const program::FieldView& view, const Rect& r) {
  for (const program::Block& b : view.blocks) {
    if (b.rect.contains(r)) return b;
  }
  MW_CHECK(false, "no block holds {}", to_string(r));
}

// One-dimensional: element i of the region. Nothing may be read when the argument has no points.
template <typename T>
class Line {
 public:
  Line() = default;
  explicit Line(const program::FieldView& view) {
    if (view.points->empty()) return;
    const Rect bounds = view.points->bounds();
    const program::Block& b = block_of(view, bounds);
    lo_ = bounds.lo[0];
    stride_ = b.stride[0];
    base_ = b.address(bounds.lo);
  }
  T& operator[](std::int64_t i) const { return *reinterpret_cast<T*>(base_ + (i - lo_) * stride_); }

 private:
  std::byte* base_ = nullptr;
  std::int64_t lo_ = 0, stride_ = sizeof(T);
};

// A rectangle of a two-dimensional region.
template <typename T>
class Grid {
 public:
  Grid(const program::FieldView& view, const Rect& r) {
    if (r.empty()) return;
    const program::Block& b = block_of(view, r);
    lo_ = r.lo;
    stride_ = b.stride;
    base_ = b.address(r.lo);
  }
  // Absolute coordinates.
  T& operator()(std::int64_t x, std::int64_t y) const {
    return *reinterpret_cast<T*>(base_ + (x - lo_[0]) * stride_[0] + (y - lo_[1]) * stride_[1]);
  }
  bool unit_x() const { return stride_[0] == sizeof(T); }
  bool unit_y() const { return stride_[1] == sizeof(T); }
  std::int64_t stride_x() const { return stride_[0]; }  // bytes
  std::int64_t stride_y() const { return stride_[1]; }

 private:
  std::byte* base_ = nullptr;
  Point lo_;
  std::array<std::int64_t, kMaxDim> stride_ {};
};

}  // namespace mapwright::apps
