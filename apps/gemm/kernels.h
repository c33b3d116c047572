// apps/gemm/kernels.h - the work of the matrix multiplications on any processor, but for the product itself, which is BLAS's.
#pragma once

#include <cmath>

#include "apps/gemm/gemm.h"
#include "apps/support/loops.h"
#include "apps/support/views.h"

namespace mapwright::apps::gemm {

// A row-major operand of DGEMM.
struct Operand {
  double* base;
  int rows, columns, leading;
};

inline Operand operand(const program::KernelContext& c, std::size_t argument) {
  const Rect r = c.points(argument).bounds();
  const Grid<double> g(c.field(argument, 0), r);
  MW_CHECK(g.unit_y(), "a DGEMM operand that is not row-major");
  return {&g(r.lo[0], r.lo[1]), static_cast<int>(r.extent(0)), static_cast<int>(r.extent(1)), static_cast<int>(g.stride_x() / 8)};
}

template <typename Loops>
void fill(program::KernelContext& c, std::int64_t n) {
  if (c.value(0) == kKeep) return;
  const auto matrix = static_cast<RegionIndex>(c.value(0));
  const program::FieldView view = c.field(0, 0);
  for (const Rect& r : view.points->rects()) {
    const Grid<double> g(view, r);
    Loops(c).each(Range {r.lo[0], r.hi[0]}, Range {r.lo[1], r.hi[1]},
                  [=] MW_HOST_DEVICE(std::int64_t i, std::int64_t j) { g(i, j) = element(matrix, n, i, j); });
  }
}

template <typename Loops>
void validate(program::KernelContext& c, std::int64_t n) {
  const program::FieldView view = c.field(0, 0);
  const double largest = 16.0 * static_cast<double>(n);
  double wrong = 0;
  for (const Rect& r : view.points->rects()) {
    const Grid<double> g(view, r);
    const Range columns {r.lo[1], r.hi[1]};
    wrong += Loops(c).sum(Range {r.lo[0], r.hi[0]}, [=] MW_HOST_DEVICE(std::int64_t i) {
      double in_row = 0;
      for (std::int64_t j = columns.lo; j <= columns.hi; ++j) {
        const double v = g(i, j);
        in_row += std::abs(v) <= largest && v == std::floor(v) ? 0 : 1;
      }
      return in_row;
    });
  }
  c.set_result(wrong);
}

}  // namespace mapwright::apps::gemm
