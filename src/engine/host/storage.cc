#include "engine/host/storage.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace mapwright::engine::host {

namespace {

// The alignment that every type of this size may need: the largest power of two that divides it, at most 16.
std::int64_t natural_alignment(std::int64_t bytes) {
  std::int64_t alignment = 1;
  while (alignment < 16 && bytes % (2 * alignment) == 0) alignment *= 2;
  return alignment;
}

std::int64_t round_up(std::int64_t value, std::int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// Strides of a dense array over r whose elements take `step` bytes.
std::array<std::int64_t, kMaxDim> dense_strides(const Rect& r, DimOrder order, std::int64_t step) {
  std::array<std::int64_t, kMaxDim> strides {};
  for (int i = 0; i < r.dim(); ++i) {
    const int d = order == DimOrder::F ? i : r.dim() - 1 - i;
    strides[static_cast<std::size_t>(d)] = step;
    step *= r.extent(d);
  }
  return strides;
}

constexpr std::int64_t kTile = 16;  // two cache lines of doubles

// The dimension of r whose elements are closest to each other.
int fastest(const Rect& r, const Block& block) {
  int fast = 0;
  for (int d = 1; d < r.dim(); ++d) {
    const bool closer = block.stride[static_cast<std::size_t>(d)] < block.stride[static_cast<std::size_t>(fast)];
    if (r.extent(d) > 1 && (closer || r.extent(fast) == 1)) fast = d;
  }
  return fast;
}

// Calls f(from, from_step, to, to_step, count) for every row of r along the dimension that is fastest in `to`. Where another
// one is fastest in `from`, rows are cut to a few elements and come in square tiles: the cache lines of a tile are all there
// until it is done, also where the strides of long rows are powers of two and their lines displace each other.
template <typename F>
void for_each_row(const Rect& r, const Block& from, const Block& to, F&& f) {
  if (r.dim() == 0) {
    f(from.base, 0, to.base, 0, std::int64_t {1});
    return;
  }
  const int fast = fastest(r, to), near = fastest(r, from);
  const std::int64_t from_step = from.stride[static_cast<std::size_t>(fast)], to_step = to.stride[static_cast<std::size_t>(fast)];
  Rect starts = r;
  starts.hi[fast] = r.lo[fast];
  if (near == fast) {
    for_each_point(starts, [&](const Point& p) { f(from.address(p), from_step, to.address(p), to_step, r.extent(fast)); });
    return;
  }
  starts.hi[near] = r.lo[near];
  const std::int64_t from_next = from.stride[static_cast<std::size_t>(near)], to_next = to.stride[static_cast<std::size_t>(near)];
  const std::int64_t length = r.extent(fast), rows = r.extent(near);
  for_each_point(starts, [&](const Point& p) {
    auto* const a = from.address(p);
    auto* const b = to.address(p);
    for (std::int64_t row = 0; row < rows; row += kTile) {
      const std::int64_t end = std::min(row + kTile, rows);
      for (std::int64_t i = 0; i < length; i += kTile) {
        for (std::int64_t k = row; k < end; ++k) {
          f(a + i * from_step + k * from_next, from_step, b + i * to_step + k * to_next, to_step, std::min(kTile, length - i));
        }
      }
    }
  });
}

template <std::size_t Size>
void copy_row(const std::byte* from, std::int64_t from_step, std::byte* to, std::int64_t to_step, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) std::memcpy(to + i * to_step, from + i * from_step, Size);
}

void copy_row(std::size_t size, const std::byte* from, std::int64_t from_step, std::byte* to, std::int64_t to_step,
              std::int64_t count) {
  const auto step = static_cast<std::int64_t>(size);
  if (from_step == step && to_step == step) {
    std::memcpy(to, from, size * static_cast<std::size_t>(count));
  } else if (size == 8) {
    copy_row<8>(from, from_step, to, to_step, count);
  } else if (size == 4) {
    copy_row<4>(from, from_step, to, to_step, count);
  } else {
    for (std::int64_t i = 0; i < count; ++i) std::memcpy(to + i * to_step, from + i * from_step, size);
  }
}

template <typename T>
void reduce_row(Combine how, const std::byte* from, std::int64_t from_step, std::byte* to, std::int64_t to_step,
                std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    T a, b;
    std::memcpy(&a, to + i * to_step, sizeof(T));
    std::memcpy(&b, from + i * from_step, sizeof(T));
    if (how == Combine::Sum) a += b;
    if (how == Combine::Min) a = std::min(a, b);
    if (how == Combine::Max) a = std::max(a, b);
    std::memcpy(to + i * to_step, &a, sizeof(T));
  }
}

// Calls f(rectangle, block) for every part of `piece` in the blocks of one field.
template <typename F>
void for_each_part(const Storage& s, const PointSet& piece, FieldIndex field, F&& f) {
  const std::span<const Block> blocks = s.blocks(field);
  for (const Rect& r : piece.rects()) {
    for_each_overlap(s.points(), r, [&](std::size_t i) { f(intersect(r, blocks[i].rect), blocks[i]); });
  }
}

}  // namespace

Storage::Storage(const program::Region& region, const PointSet& points, std::vector<FieldIndex> fields,
                 plan::Layout layout)
    : points_(&points), fields_(std::move(fields)), layout_(layout) {
  for (FieldIndex f : fields_) bytes_.push_back(region.fields[f].bytes);
  lay_out();
}

void Storage::lay_out() {
  const std::size_t rects = points_->rects().size();
  offsets_.resize(fields_.size() * rects);
  blocks_.resize(offsets_.size());
  std::int64_t structure = 0, widest = 1;
  std::vector<std::int64_t> within;  // offset of each field in its structure
  for (std::int64_t b : bytes_) {
    widest = std::max(widest, natural_alignment(b));
    within.push_back(round_up(structure, natural_alignment(b)));
    structure = within.back() + b;
  }
  structure = round_up(structure, widest);
  alignment_ = std::max({layout_.alignment(), widest, static_cast<std::int64_t>(alignof(std::max_align_t))});
  for (std::size_t r = 0; r < rects; ++r) {
    const Rect& rect = points_->rects()[r];
    if (layout_.fields == FieldOrder::Aos) total_ = round_up(total_, std::max(layout_.alignment(), widest));
    for (std::size_t f = 0; f < fields_.size(); ++f) {
      const std::size_t i = f * rects + r;
      const bool soa = layout_.fields == FieldOrder::Soa;
      if (soa) total_ = round_up(total_, std::max(layout_.alignment(), natural_alignment(bytes_[f])));
      offsets_[i] = soa ? total_ : total_ + within[f];
      blocks_[i].rect = rect;
      blocks_[i].stride = dense_strides(rect, layout_.dims, soa ? bytes_[f] : structure);
      if (soa) total_ += rect.volume() * bytes_[f];
    }
    if (layout_.fields == FieldOrder::Aos) total_ += rect.volume() * structure;
  }
}

void Storage::Free::operator()(std::byte* p) const { std::free(p); }

// 256 GiB in one instance is refused without asking the system: sanitizers stop the program where malloc would refuse.
constexpr std::int64_t kLargestAllocation = std::int64_t {1} << 38;

bool Storage::ensure() {
  const std::lock_guard lock(mutex_);
  if (memory_) return true;
  if (total_ > kLargestAllocation) return false;
  void* fresh = nullptr;
  const auto size = static_cast<std::size_t>(std::max<std::int64_t>(total_, 1));
  if (posix_memalign(&fresh, static_cast<std::size_t>(alignment_), size) != 0) return false;
  std::memset(fresh, kPoison, size);
  memory_.reset(static_cast<std::byte*>(fresh));
  for (std::size_t i = 0; i < blocks_.size(); ++i) blocks_[i].base = memory_.get() + offsets_[i];
  return true;
}

bool Storage::allocated() const {
  const std::lock_guard lock(mutex_);
  return memory_ != nullptr;
}

void Storage::release() {
  const std::lock_guard lock(mutex_);
  memory_.reset();
  for (Block& b : blocks_) b.base = nullptr;
}

std::size_t Storage::slot(FieldIndex field) const {
  const auto found = std::lower_bound(fields_.begin(), fields_.end(), field);
  MW_CHECK(found != fields_.end() && *found == field, "an instance without field {}", field);
  return static_cast<std::size_t>(found - fields_.begin());
}

std::span<const Block> Storage::blocks(FieldIndex field) const {
  const std::size_t rects = points_->rects().size();
  return std::span(blocks_).subspan(slot(field) * rects, rects);
}

Combine combine(program::ReductionOp op) {
  switch (op) {
    case program::ReductionOp::Sum: return Combine::Sum;
    case program::ReductionOp::Min: return Combine::Min;
    case program::ReductionOp::Max: return Combine::Max;
  }
  return Combine::Sum;
}

std::int64_t move_elements(const Storage& from, Storage& to, const PointSet& piece, FieldIndex field, Combine how) {
  const std::int64_t bytes = to.field_bytes(field);
  MW_CHECK(how == Combine::Replace || bytes == 4 || bytes == 8, "a reduction of {} bytes", bytes);
  std::int64_t moved = 0;
  for_each_part(to, piece, field, [&](const Rect& part, const Block& target) {
    for_each_part(from, PointSet(part), field, [&](const Rect& common, const Block& source) {
      for_each_row(common, source, target, [&](auto* a, std::int64_t a_step, auto* b, std::int64_t b_step, std::int64_t n) {
        if (how == Combine::Replace) {
          copy_row(static_cast<std::size_t>(bytes), a, a_step, b, b_step, n);
        } else if (bytes == 4) {
          reduce_row<float>(how, a, a_step, b, b_step, n);
        } else {
          reduce_row<double>(how, a, a_step, b, b_step, n);
        }
      });
      moved += common.volume() * bytes;
    });
  });
  return moved;
}

namespace {

// Writes the same `bytes` bytes to every element.
void set_elements(Storage& to, const PointSet& piece, FieldIndex field, std::span<const std::byte> element) {
  for_each_part(to, piece, field, [&](const Rect& part, const Block& target) {
    for_each_row(part, target, target, [&](auto*, std::int64_t, auto* b, std::int64_t b_step, std::int64_t n) {
      copy_row(element.size(), element.data(), 0, b, b_step, n);
    });
  });
}

}  // namespace

void fill_elements(Storage& to, const PointSet& piece, FieldIndex field, double value) {
  std::vector<std::byte> element(static_cast<std::size_t>(to.field_bytes(field)));
  const auto single = static_cast<float>(value);
  if (element.size() == 4) std::memcpy(element.data(), &single, 4);
  if (element.size() == 8) std::memcpy(element.data(), &value, 8);
  set_elements(to, piece, field, element);
}

void poison_elements(Storage& to, const PointSet& piece, FieldIndex field) {
  const std::vector<std::byte> element(static_cast<std::size_t>(to.field_bytes(field)), std::byte {kPoison});
  set_elements(to, piece, field, element);
}

}  // namespace mapwright::engine::host
