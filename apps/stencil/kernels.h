// apps/stencil/kernels.h - the work of Stencil on any processor. Kernels take any strides; a unit stride in x is the fast path.
#pragma once

#include "apps/stencil/stencil.h"
#include "apps/support/loops.h"
#include "apps/support/views.h"

namespace mapwright::apps::stencil {

inline Range rows(const Rect& r) { return {r.lo[1], r.hi[1]}; }
inline Range columns(const Rect& r) { return {r.lo[0], r.hi[0]}; }

template <typename Loops>
void count_call(const Loops& loops, const program::KernelContext& c, TimesField field) {
  const Line<std::int64_t> calls(c.field(6, field));
  loops.each(Range {c.point()[0], c.point()[0]}, [=] MW_HOST_DEVICE(std::int64_t tile) { ++calls[tile]; });
}

// PRK's ramp: x + y on top of the initial value.
template <typename Loops>
void add_ramp(const Loops& loops, const program::FieldView& view, const Rect& r, const Point& origin) {
  const Grid<double> g(view, r);
  const std::int64_t more = origin[0] - r.lo[0] + origin[1] - r.lo[1];
  loops.each(rows(r), columns(r), [=] MW_HOST_DEVICE(std::int64_t y, std::int64_t x) { g(x, y) += static_cast<double>(more + x + y); });
}

template <typename Loops>
void add_one(const Loops& loops, const program::FieldView& view, const Rect& r) {
  const Grid<double> g(view, r);
  loops.each(rows(r), columns(r), [=] MW_HOST_DEVICE(std::int64_t y, std::int64_t x) { g(x, y) += 1; });
}

// Copies what a neighbour left in `from`, the whole strip, to `to` and what follows it.
template <typename Loops>
void copy_strip(const Loops& loops, const program::FieldView& strip, const Rect& from, const Grid<double>& in, const Point& to) {
  const Grid<double> g(strip, from);
  const std::int64_t dx = to[0] - from.lo[0], dy = to[1] - from.lo[1];
  loops.each(rows(from), columns(from), [=] MW_HOST_DEVICE(std::int64_t y, std::int64_t x) { in(x + dx, y + dy) = g(x, y); });
}

// One point of the star; `kContiguous` when both grids have a unit stride in x.
template <bool kContiguous>
struct Star {
  Grid<double> in, out;

  MW_HOST_DEVICE static double& at(const Grid<double>& g, std::int64_t x, std::int64_t y) {
    return kContiguous ? g.contiguous(x, y) : g(x, y);
  }
  // The four points at distance d, weighted.
  template <std::int64_t d>
  MW_HOST_DEVICE double arms(std::int64_t x, std::int64_t y) const {
    constexpr double kWeight = 1.0 / static_cast<double>(2 * d * kRadius);
    return kWeight * (at(in, x + d, y) - at(in, x - d, y) + at(in, x, y + d) - at(in, x, y - d));
  }
  MW_HOST_DEVICE void operator()(std::int64_t y, std::int64_t x) const {
    static_assert(kRadius == 2);
    double& sum = at(out, x, y);
    sum = sum + arms<1>(x, y) + arms<2>(x, y);
  }
};

template <typename Loops>
void ramp(program::KernelContext& c, const Shape& s) {
  const Loops loops(c);
  const std::int64_t tile = c.point()[0];
  add_ramp(loops, c.field(0, kInput), s.with_border(tile), s.origin_of_tile(tile));
  for (std::size_t k = 0; k < 4; ++k) {
    add_ramp(loops, c.field(1 + k, kInput), s.slot(kExchanges[k], tile), s.origin_of_slot(kExchanges[k], tile));
  }
}

template <typename Loops>
void stencil(program::KernelContext& c, const Shape& s) {
  const Loops loops(c);
  const std::int64_t tile = c.point()[0];
  const Grid<double> in(c.field(0, kInput), s.with_border(tile)), out(c.field(0, kOutput), s.with_border(tile));
  for (std::size_t k = 0; k < 4; ++k) {
    if (c.points(2 + k).empty()) continue;
    copy_strip(loops, c.field(2 + k, kInput), c.points(2 + k).bounds(), in, s.border(kExchanges[k], tile));
  }
  const Rect r = c.points(1).bounds();
  if (in.unit_x() && out.unit_x()) loops.each(rows(r), columns(r), Star<true> {in, out});
  else loops.each(rows(r), columns(r), Star<false> {in, out});
  count_call(loops, c, kLoopStart);
}

template <typename Loops>
void increment(program::KernelContext& c, const Shape& s) {
  const Loops loops(c);
  const std::int64_t tile = c.point()[0];
  add_one(loops, c.field(0, kInput), c.points(1).bounds());
  for (std::size_t k = 0; k < 4; ++k) add_one(loops, c.field(2 + k, kInput), s.slot(kExchanges[k], tile));
  count_call(loops, c, kLoopStop);
}

}  // namespace mapwright::apps::stencil
