// What the programs of the family are made of.
#include <algorithm>
#include <cmath>

#include "apps/gemm/gemm.h"

namespace mapwright::apps::gemm {

using program::Expr;
using program::PartitionId;
using program::TaskId;
using program::Variant;

namespace {

constexpr std::initializer_list<ProcessorKind> kAll {ProcessorKind::Cpu, ProcessorKind::Omp, ProcessorKind::Gpu};

}  // namespace

Matrices add_matrices(program::Builder& b, std::int64_t n) {
  const PointSet square(Rect::of_extents({n, n}));
  const auto add = [&](const char* name) { return b.add_region(name, square, {{"vals", 8}}); };
  Matrices m;
  m.a = add("A");
  m.b = add("B");
  m.c = add("C");
  return m;
}

PartitionId add_tiles(program::Builder& b, std::string name, program::RegionId region, std::int64_t n, std::int64_t down, std::int64_t rows,
                      std::int64_t across, std::int64_t columns) {
  std::vector<PointSet> pieces;
  pieces.reserve(static_cast<std::size_t>(down * across));
  for (std::int64_t j = 0; j < across; ++j) {
    for (std::int64_t i = 0; i < down; ++i) {
      const Point lo {i * rows, j * columns};
      pieces.emplace_back(Rect(lo, {std::min(n, lo[0] + rows) - 1, std::min(n, lo[1] + columns) - 1}));
    }
  }
  return b.add_partition(std::move(name), region, Rect::of_extents({down, across}), std::move(pieces));
}

TaskId add_init(program::Builder& b) { return b.add_task("init_cublas", variants(kAll, nothing_kernel())); }

std::array<TaskId, 3> add_places(program::Builder& b, const program::Kernel& kernel) {
  std::array<TaskId, 3> place;
  for (std::size_t k = 0; k < 3; ++k) place[k] = b.add_task(fmt::format("task_{}", k + 1), variants(kAll, kernel));
  return place;
}

TaskId add_leaf(program::Builder& b, std::int64_t n, const Expr& column, std::int64_t width) {
  // The last tiles can be narrower, or empty.
  const Expr columns = max(0, min(Expr(width), Expr(n) - column * width));
  std::vector<Variant> all = variants(kAll, leaf_kernel(), 2 * Expr::elements(1) * columns);
  program::LayoutDemand row_major;
  row_major.fields = FieldOrder::Soa;
  row_major.dims = DimOrder::C;
  row_major.equivalent = "DGEMM parameter number 8 had an illegal value";
  for (Variant& v : all) {
    v.demands = {row_major};
    v.preferred = DimOrder::C;
  }
  return b.add_task("task_4", std::move(all));
}

program::Argument untouched(program::Argument a) {
  a.patterns.emplace_back();
  a.patterns.back().count = Expr(0);
  return a;
}

program::Metric metric(std::int64_t n, std::int64_t nodes) {
  const auto real = static_cast<double>(n);
  program::Metric m;
  m.name = "performance per node";
  m.unit = "GFLOPS";
  m.formula = Expr(real * real * (2 * real - 1) / 1e9 / static_cast<double>(nodes)) / Expr::seconds();
  m.higher_is_better = true;
  m.combine = program::Metric::Combine::Mean;
  m.label = "compute";
  return m;
}

std::int64_t weak_size(std::int64_t nodes) { return 2 * static_cast<std::int64_t>(10000 * std::sqrt(static_cast<double>(nodes))); }

}  // namespace mapwright::apps::gemm
