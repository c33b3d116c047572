// apps/gemm/gemm.h - what the matrix multiplications share: data, the leaf, checks, and the structure of the 2-D and
// of the 3-D programs.
// A = B C, n x n doubles, A(i, j) += B(i, k) C(k, j). B and C hold random integers from -4 to 4, so every sum is exact.
#pragma once

#include <array>

#include "apps/support/build.h"
#include "apps/support/host_device.h"
#include "program/program.h"

namespace mapwright::apps::gemm {

enum RegionIndex : std::uint32_t { kA, kB, kC };

// Element (row, column) of B or C (`matrix` is a RegionIndex); the fill of A is 0.
MW_HOST_DEVICE inline double element(RegionIndex matrix, std::int64_t n, std::int64_t row, std::int64_t column) {
  if (matrix == kA) return 0;
  return static_cast<double>(counter_random(1, matrix, static_cast<std::uint64_t>(row * n + column)) % 9) - 4;
}

// Fills argument 0 with the matrix that the launch's value 0 names, or leaves it as it is when that is kKeep.
constexpr double kKeep = -1;
program::Kernel fill_kernel(std::int64_t n);
program::Kernel nothing_kernel();
// A (argument 0) += B (1) * C (2), row-major.
program::Kernel leaf_kernel();
// Result: entries of argument 0 that are no product of such matrices: no integers, or beyond 16 n.
program::Kernel validate_kernel(std::int64_t n);
// B and C unchanged, and A x == B (C x) exactly for two random vectors; names the first wrong element.
program::NumericCheck numeric_check(std::int64_t n);

// Regions A, B and C with the field `vals`.
struct Matrices {
  program::RegionId a, b, c;
};
Matrices add_matrices(program::Builder& b, std::int64_t n);

// A partition into `down` x `across` rectangles of `rows` x `columns` elements, cut at n; the last ones may be empty.
program::PartitionId add_tiles(program::Builder& b, std::string name, program::RegionId region, std::int64_t n, std::int64_t down, std::int64_t rows,
                               std::int64_t across, std::int64_t columns);

// init_cublas; task_1, task_2 and task_3, which place A, B and C; task_4, the leaf. All with variants for every kind.
program::TaskId add_init(program::Builder& b);
std::array<program::TaskId, 3> add_places(program::Builder& b, const program::Kernel& kernel);
// The leaf multiplies into a tile of A in column `column` of the tiles, `width` columns each and cut at n: 2 m k n FLOP,
// row-major operands demanded. Argument 1 is the m x k chunk of B.
program::TaskId add_leaf(program::Builder& b, std::int64_t n, const program::Expr& column, std::int64_t width);

// The argument of a task that looks at nothing.
program::Argument untouched(program::Argument a);

// GFLOPS per node over the mean of the intervals of timer "compute": n n (2 n - 1) FLOP.
program::Metric metric(std::int64_t n, std::int64_t nodes);

// The published size on `nodes` nodes: the even number at or below 20000 sqrt(nodes).
std::int64_t weak_size(std::int64_t nodes);
inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Nodes gx x gy of 2 x 2 GPUs. The k-block that node (in, jn) uses in step `ko` of the node loop, and the half of it that
// GPU (il, jl) of the node uses in step `ki` of the inner loop, distinguish Cannon, SUMMA and PUMMA.
struct Schedule {
  program::Expr (*node_block)(const program::Expr& in, const program::Expr& jn, const program::Expr& ko, std::int64_t gx);
  program::Expr (*half)(const program::Expr& il, const program::Expr& jl, const program::Expr& ki);
};
Expected<program::Program> build_2d(const std::string& name, const Schedule& schedule, const Values& values);
std::vector<Parameter> parameters_2d();
// gx x gy as square as possible; `wide` has gx >= gy.
Values preset_2d(std::string_view preset, std::int64_t nodes, bool wide);

// Grids of x * y * z points; point (i, j, k) adds the product of B(i, k) and C(k, j) to A(i, j).
struct Cube {
  std::int64_t n = 0, x = 1, y = 1, z = 1;
  // 0: one launch of task_4, with B placed on the face j = 0 and C on the face i = 0.
  // Else: B and C are placed in square tiles on the layer k = 0, and task_5 launches so many leaves one after the other, each
  // with another chunk of the layer's k, shifted by i + j.
  std::int64_t steps = 0;
};
// `init_points` GPUs in all; `ranks` address spaces per node.
Expected<program::Program> build_3d(const std::string& name, const Cube& cube, std::int64_t init_points, std::int64_t ranks, const Values& values);
// n, then `grid`, then nodes and reps; ranks too where `ranked`.
std::vector<Parameter> parameters_3d(std::vector<Parameter> grid, bool ranked);
// Sizes and ranks; the grid is the caller's.
Values preset_3d(const std::vector<Parameter>& parameters, std::string_view preset, std::int64_t nodes, std::int64_t gpus);

}  // namespace mapwright::apps::gemm
