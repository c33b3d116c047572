// apps/gemm/gemm.h - what the matrix multiplications share: data, the leaf, checks, and the nest of the 2-D programs.
// A = B C, n x n doubles, A(i, j) += B(i, k) C(k, j). B and C hold random integers from -4 to 4, so every sum is exact.
#pragma once

#include "apps/support/build.h"
#include "program/program.h"

namespace mapwright::apps::gemm {

enum RegionIndex : std::uint32_t { kA, kB, kC };

// Element (row, column) of B or C (`matrix` is a RegionIndex); the fill of A is 0.
double element(RegionIndex matrix, std::int64_t n, std::int64_t row, std::int64_t column);

// Fills argument 0 with the matrix that the launch's value 0 names.
program::Kernel fill_kernel(std::int64_t n);
program::Kernel nothing_kernel();
// A (argument 0) += B (1) * C (2), row-major.
program::Kernel leaf_kernel();
// Result: entries of argument 0 that are no product of such matrices: no integers, or beyond 16 n.
program::Kernel validate_kernel(std::int64_t n);
// B and C unchanged, and A x == B (C x) exactly for two random vectors; names the first wrong element.
program::NumericCheck numeric_check(std::int64_t n);

// Variants of the leaf for all kinds: 2 m k n FLOP as given, row-major operands demanded.
std::vector<program::Variant> leaf_variants(program::Expr flops);

// A partition of an n x n matrix into rectangles of `rows` x `columns` elements, `down` x `across` of them, cut at n.
std::vector<PointSet> tiles(std::int64_t n, std::int64_t down, std::int64_t rows, std::int64_t across, std::int64_t columns);

// GFLOPS per node over the mean of the intervals of timer "compute": n n (2 n - 1) FLOP.
program::Metric metric(std::int64_t n, std::int64_t nodes);

// Nodes gx x gy of 2 x 2 GPUs. The k-block that node (in, jn) uses in step `ko` of the node loop, and the half of it that
// GPU (il, jl) of the node uses in step `ki` of the inner loop, distinguish Cannon, SUMMA and PUMMA.
struct Schedule {
  program::Expr (*node_block)(const program::Expr& in, const program::Expr& jn, const program::Expr& ko, std::int64_t gx);
  program::Expr (*half)(const program::Expr& il, const program::Expr& jl, const program::Expr& ki);
};
Expected<program::Program> build_2d(const std::string& name, const Schedule& schedule, const Values& values);
std::vector<Parameter> parameters_2d();
// n = the even number at or below 20000 sqrt(nodes), gx x gy as square as possible; `wide` has gx >= gy.
Values preset_2d(std::string_view preset, std::int64_t nodes, bool wide);

}  // namespace mapwright::apps::gemm
