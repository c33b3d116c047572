// The work of the matrix multiplications on CPUs, and the numeric check.
#include "apps/gemm/kernels.h"

#include "base/blas.h"

namespace mapwright::apps::gemm {

namespace {

using program::KernelContext;

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

program::Kernel fill_kernel(std::int64_t n) {
  return [n](KernelContext& c) { fill<Threads>(c, n); };
}

program::Kernel nothing_kernel() {
  return [](KernelContext&) {};
}

program::Kernel leaf_kernel() {
  return [](KernelContext& c) {
    if (c.points(0).empty() || c.points(1).empty() || c.points(2).empty()) return;
    const Operand a = operand(c, 0), left = operand(c, 1), right = operand(c, 2);
    Threads(c).slices(Range {0, a.rows - 1}, [=](Range mine) {
      const std::int64_t first = mine.lo;
      blas::gemm(static_cast<int>(mine.hi - first + 1), a.columns, left.columns, left.base + first * left.leading, left.leading, right.base,
                 right.leading, a.base + first * a.leading, a.leading);
    });
  };
}

program::Kernel validate_kernel(std::int64_t n) {
  return [n](KernelContext& c) { validate<Threads>(c, n); };
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
