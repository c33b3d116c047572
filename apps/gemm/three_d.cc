// The 3-D programs: A(i, j) is the sum over k of what the points (i, j, k) of a grid contribute.
#include <algorithm>

#include "apps/gemm/gemm.h"

namespace mapwright::apps::gemm {

using program::Argument;
using program::Builder;
using program::Expr;
using program::PartitionId;
using program::Privilege;
using program::TaskId;

namespace {

constexpr ProcessorKind kCpu = ProcessorKind::Cpu, kGpu = ProcessorKind::Gpu, kOmp = ProcessorKind::Omp;

struct Sizes : Cube {
  std::int64_t rows() const { return ceil_div(n, x); }
  std::int64_t columns() const { return ceil_div(n, y); }
  std::int64_t chunks() const { return z * std::max<std::int64_t>(steps, 1); }
  std::int64_t width() const { return ceil_div(n, chunks()); }                            // of a leaf's part of k
  std::int64_t depth() const { return width() * std::max<std::int64_t>(steps, 1); }       // of all k of a point
  Rect grid() const { return Rect::of_extents({x, y, z}); }
};

struct Data : Matrices {
  PartitionId a_tiles, b_tiles, c_tiles;  // placement; A also in the leaf
  PartitionId b_slabs, c_slabs;           // of a point of the grid; without steps the tiles
  PartitionId b_chunks, c_chunks;         // of a leaf; likewise
};

Data add_data(Builder& b, const Sizes& s) {
  Data d;
  static_cast<Matrices&>(d) = add_matrices(b, s.n);
  d.a_tiles = add_tiles(b, "A_tiles", d.a, s.n, s.x, s.rows(), s.y, s.columns());
  if (s.steps == 0) {
    d.b_tiles = d.b_slabs = d.b_chunks = add_tiles(b, "B_tiles", d.b, s.n, s.x, s.rows(), s.z, s.depth());
    d.c_tiles = d.c_slabs = d.c_chunks = add_tiles(b, "C_tiles", d.c, s.n, s.z, s.depth(), s.y, s.columns());
    return d;
  }
  d.b_tiles = add_tiles(b, "B_tiles", d.b, s.n, s.x, s.rows(), s.y, s.columns());
  d.c_tiles = add_tiles(b, "C_tiles", d.c, s.n, s.x, s.rows(), s.y, s.columns());
  d.b_slabs = add_tiles(b, "B_slabs", d.b, s.n, s.x, s.rows(), s.z, s.depth());
  d.c_slabs = add_tiles(b, "C_slabs", d.c, s.n, s.z, s.depth(), s.y, s.columns());
  d.b_chunks = add_tiles(b, "B_chunks", d.b, s.n, s.x, s.rows(), s.chunks(), s.width());
  d.c_chunks = add_tiles(b, "C_chunks", d.c, s.n, s.chunks(), s.width(), s.y, s.columns());
  return d;
}

// The arguments of a point (i, j, k) of the grid, or of a leaf of it with k the number of its chunk.
std::vector<Argument> operands(const Data& d, PartitionId b, PartitionId c, const Expr& i, const Expr& j, const Expr& k) {
  return {reduced(part("A", d.a, d.a_tiles, {0}, Privilege::Reduce, {i, j})), part("B", d.b, b, {0}, Privilege::Read, {i, k}),
          part("C", d.c, c, {0}, Privilege::Read, {k, j})};
}

struct Tasks {
  TaskId init, leaf, layer;
  std::array<TaskId, 3> place;
};

Tasks add_tasks(Builder& b, const Sizes& s, const Data& d) {
  Tasks t;
  t.init = add_init(b);
  t.place = add_places(b, fill_kernel(s.n));
  if (s.steps == 0) {
    t.leaf = add_leaf(b, s.n, Expr::point(1), s.columns());
    return t;
  }
  const Expr i = Expr::ancestor(1, 0), j = Expr::ancestor(1, 1);
  const Expr chunk = s.steps * Expr::ancestor(1, 2) + (i + j + Expr::loop("k1s")) % s.steps;
  t.leaf = add_leaf(b, s.n, j, s.columns());
  t.layer = b.add_task("task_5", inner_variants({kCpu, kOmp, kGpu}));
  b.begin_body(t.layer);
  b.begin_loop("k1s", s.steps);
  b.single_launch(t.leaf, operands(d, d.b_chunks, d.c_chunks, i, j, chunk));
  b.end_loop();
  b.end_body();
  return t;
}

// Launches task_1, task_2 or task_3 (`matrix` 0, 1, 2) over the tiles of its face or layer.
void place(Builder& b, const Sizes& s, const Data& d, const Tasks& t, std::size_t matrix, bool write) {
  const program::RegionId regions[] = {d.a, d.b, d.c};
  const PartitionId tiles[] = {d.a_tiles, d.b_tiles, d.c_tiles};
  const char* names[] = {"A", "B", "C"};
  const Expr i = Expr::point(0), j = Expr::point(1), k = Expr::point(2);
  const bool layer = matrix == kA || s.steps > 0;
  const Rect domain = layer ? Rect::of_extents({s.x, s.y, 1}) : matrix == kB ? Rect::of_extents({s.x, 1, s.z}) : Rect::of_extents({1, s.y, s.z});
  const std::vector<Expr> tile = layer ? std::vector<Expr> {i, j} : matrix == kB ? std::vector<Expr> {i, k} : std::vector<Expr> {k, j};
  Argument a = part(names[matrix], regions[matrix], tiles[matrix], {0}, write ? Privilege::WriteDiscard : Privilege::Read, tile);
  b.index_launch(t.place[matrix], domain, {write ? a : untouched(a)}).values = {write ? static_cast<double>(matrix) : kKeep};
}

// One repetition: data are written anew outside the window; reading A afterwards, inside it, sums its parts.
void add_repetition(Builder& b, const Sizes& s, const Data& d, const Tasks& t, bool timed) {
  for (const std::size_t matrix : {kA, kB, kC}) place(b, s, d, t, matrix, true);
  b.fence();
  if (timed) b.timer_start("compute");
  b.index_launch(s.steps == 0 ? t.leaf : t.layer, s.grid(), operands(d, d.b_slabs, d.c_slabs, Expr::point(0), Expr::point(1), Expr::point(2)));
  place(b, s, d, t, kA, false);
  b.fence();
  if (timed) b.timer_stop("compute");
}

}  // namespace

Expected<program::Program> build_3d(const std::string& name, const Cube& cube, std::int64_t init_points, std::int64_t ranks, const Values& values) {
  const Sizes s {cube};
  constexpr std::int64_t kMost = std::int64_t {1} << 18;
  if (s.x > s.n || s.y > s.n || s.chunks() > s.n) {
    return does_not_fit(fmt::format("{} x {} x {} parts are more than n = {} rows or columns", s.x, s.y, s.chunks(), s.n));
  }
  if (s.x * s.y * s.chunks() > kMost) return does_not_fit(fmt::format("{} x {} x {} products are more than 2^18", s.x, s.y, s.chunks()));
  if (init_points > kMost) return does_not_fit(fmt::format("{} GPUs are more than 2^18", init_points));
  Builder b(name);
  const Data d = add_data(b, s);
  const Tasks t = add_tasks(b, s, d);
  b.index_launch(t.init, Rect::of_extents({init_points}), {});
  add_repetition(b, s, d, t, false);
  b.begin_loop("repetition", values.at("reps"));
  add_repetition(b, s, d, t, true);
  b.end_loop();
  b.set_metric(metric(s.n, values.at("nodes")));
  b.program().ranks_per_node = ranks;
  b.program().check = numeric_check(s.n);
  return b.finish();
}

std::vector<Parameter> parameters_3d(std::vector<Parameter> grid, bool ranked) {
  grid.insert(grid.begin(), {"n", "rows and columns of the matrices", 2, std::int64_t {1} << 20, {{"test", 64}, {"host", 1024}, {"paper", 20000}}});
  grid.push_back({"nodes", "nodes that the performance is divided by", 1, 65536, {{"test", 1}, {"host", 1}, {"paper", 1}}});
  if (ranked) grid.push_back({"ranks", "address spaces per node, one for each GPU", 1, 1024, {{"test", 4}, {"host", 4}, {"paper", 4}}});
  grid.push_back({"reps", "timed repetitions, after one to warm up", 1, 1000, {{"test", 2}, {"host", 10}, {"paper", 10}}});
  return grid;
}

Values preset_3d(const std::vector<Parameter>& parameters, std::string_view name, std::int64_t nodes, std::int64_t gpus) {
  Values v = listed_preset(parameters, name);
  if (v.contains("ranks")) v["ranks"] = gpus;
  if (grows(name)) {
    v["n"] = weak_size(nodes);
    v["nodes"] = nodes;
  }
  return v;
}

}  // namespace mapwright::apps::gemm
