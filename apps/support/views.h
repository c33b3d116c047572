// apps/support/views.h - strided views of one field of an argument, cheap enough for inner loops of kernels.
#pragma once

#include "apps/support/host_device.h"
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
  MW_HOST_DEVICE T& operator[](std::int64_t i) const { return *reinterpret_cast<T*>(base_ + (i - lo_) * stride_); }

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
    lo_x_ = r.lo[0];
    lo_y_ = r.lo[1];
    stride_x_ = b.stride[0];
    stride_y_ = b.stride[1];
    base_ = b.address(r.lo);
  }
  // Absolute coordinates.
  MW_HOST_DEVICE T& operator()(std::int64_t x, std::int64_t y) const {
    return *reinterpret_cast<T*>(base_ + (x - lo_x_) * stride_x_ + (y - lo_y_) * stride_y_);
  }
  // The same where unit_x(): compilers make faster code of strides that they know.
  MW_HOST_DEVICE T& contiguous(std::int64_t x, std::int64_t y) const {
    return *reinterpret_cast<T*>(base_ + (y - lo_y_) * stride_y_ + (x - lo_x_) * std::int64_t {sizeof(T)});
  }
  bool unit_x() const { return stride_x_ == sizeof(T); }
  bool unit_y() const { return stride_y_ == sizeof(T); }
  std::int64_t stride_x() const { return stride_x_; }  // bytes

 private:
  std::byte* base_ = nullptr;
  std::int64_t lo_x_ = 0, lo_y_ = 0, stride_x_ = sizeof(T), stride_y_ = sizeof(T);
};

}  // namespace mapwright::apps
