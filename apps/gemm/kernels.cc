// The work of the matrix multiplications.
#include <cblas.h>

#include <cmath>

#include "apps/gemm/gemm.h"
#include "apps/support/views.h"

// Present when BLAS is OpenBLAS.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int);

namespace mapwright::apps::gemm {

namespace {

using program::KernelContext;

// Engines run one kernel per worker: BLAS must not start threads of its own.
void use_one_thread() {
  static const bool kDone = [] {
    if (openblas_set_num_threads != nullptr) openblas_set_num_threads(1);
    return true;
  }();
  static_cast<void>(kDone);
}

struct Operand {
  double* base;
  int rows, columns, leading;
};

Operand operand(KernelContext& c, std::size_t argument) {
  const Rect r = c.points(argument).bounds();
  const Grid<double> g(c.field(argument, 0), r);
  MW_CHECK(g.unit_y(), "a DGEMM operand that is not row-major");
  return {&g(r.lo[0], r.lo[1]), static_cast<int>(r.extent(0)), static_cast<int>(r.extent(1)), static_cast<int>(g.stride_x() / 8)};
}

template <typename F>
void for_each_element(const program::FieldView& view, F&& f) {
  for (const Rect& r : view.points->rects()) {
    const Grid<double> g(view, r);
    for (std::int64_t i = r.lo[0]; i <= r.hi[0]; ++i) {
      for (std::int64_t j = r.lo[1]; j <= r.hi[1]; ++j) f(i, j, g(i, j));
    }
  }
}

using Vector = std::vector<double>;

// Vector k of the check: integers from 1 to 7, so that no wrong element is multiplied by 0.
Vector random_vector(std::int64_t n, std::uint64_t k) {
  Vector x;
  for (std::int64_t j = 0; j < n; ++j) x.push_back(static_cast<double>(1 + counter_random(77, k, static_cast<std::uint64_t>(j)) % 7));
  return x;
}

Vector times(const program::FieldView& m, std::int64_t n, const Vector& x) {
  Vector y(static_cast<std::size_t>(n), 0);
  for_each_element(m, [&](std::int64_t i, std::int64_t j, double v) { y[static_cast<std::size_t>(i)] += v * x[static_cast<std::size_t>(j)]; });
  return y;
}

std::string wrong_row(const program::FieldView& a, std::int64_t n, std::int64_t row) {
  for (std::int64_t j = 0; j < n; ++j) {
    double sum = 0;
    for (std::int64_t k = 0; k < n; ++k) sum += element(kB, n, row, k) * element(kC, n, k, j);
    if (!(a.at<double>({row, j}) == sum)) return wrong_value("vals", "A", {row, j}, a.at<double>({row, j}), sum);
  }
  return fmt::format("row {} of A is wrong", row);
}

}  // namespace

double element(RegionIndex matrix, std::int64_t n, std::int64_t row, std::int64_t column) {
  if (matrix == kA) return 0;
  return static_cast<double>(counter_random(1, matrix, static_cast<std::uint64_t>(row * n + column)) % 9) - 4;
}

program::Kernel fill_kernel(std::int64_t n) {
  return [n](KernelContext& c) {
    if (c.value(0) == kKeep) return;
    const auto matrix = static_cast<RegionIndex>(c.value(0));
    for_each_element(c.field(0, 0), [&](std::int64_t i, std::int64_t j, double& v) { v = element(matrix, n, i, j); });
  };
}

program::Kernel nothing_kernel() {
  return [](KernelContext&) {};
}

program::Kernel leaf_kernel() {
  return [](KernelContext& c) {
    if (c.points(0).empty() || c.points(1).empty() || c.points(2).empty()) return;
    use_one_thread();
    const Operand a = operand(c, 0), left = operand(c, 1), right = operand(c, 2);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, a.rows, a.columns, left.columns, 1.0, left.base, left.leading, right.base, right.leading, 1.0,
                a.base, a.leading);
  };
}

program::Kernel validate_kernel(std::int64_t n) {
  return [n](KernelContext& c) {
    double wrong = 0;
    for_each_element(c.field(0, 0), [&](std::int64_t, std::int64_t, double v) {
      wrong += std::abs(v) <= 16.0 * static_cast<double>(n) && v == std::floor(v) ? 0 : 1;
    });
    c.set_result(wrong);
  };
}

program::NumericCheck numeric_check(std::int64_t n) {
  return [n](const program::RegionReader& regions) -> std::optional<std::string> {
    const program::FieldView a = regions.field(kA, 0);
    for (const RegionIndex m : {kB, kC}) {
      std::optional<std::string> wrong;
      for_each_element(regions.field(m, 0), [&](std::int64_t i, std::int64_t j, double v) {
        if (!wrong && !(v == element(m, n, i, j))) wrong = wrong_value("vals", m == kB ? "B" : "C", {i, j}, v, element(m, n, i, j));
      });
      if (wrong) return wrong;
    }
    for (const std::uint64_t k : {0U, 1U}) {
      const Vector x = random_vector(n, k);
      const Vector expected = times(regions.field(kB, 0), n, times(regions.field(kC, 0), n, x)), found = times(a, n, x);
      for (std::size_t i = 0; i < found.size(); ++i) {
        if (!(found[i] == expected[i])) return wrong_row(a, n, static_cast<std::int64_t>(i));
      }
    }
    return std::nullopt;
  };
}

}  // namespace mapwright::apps::gemm
