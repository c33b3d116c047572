// The nest of the 2-D programs: task_7 (one per node) -> task_6 (k-blocks) -> task_5 (GPUs of the node) -> task_4 (leaf).
#include "apps/gemm/gemm.h"

namespace mapwright::apps::gemm {

using program::Argument;
using program::Builder;
using program::Expr;
using program::PartitionId;
using program::Privilege;
using program::RegionId;
using program::TaskId;

namespace {

constexpr ProcessorKind kCpu = ProcessorKind::Cpu, kGpu = ProcessorKind::Gpu, kOmp = ProcessorKind::Omp;

struct Sizes {
  std::int64_t n = 0, gx = 1, gy = 1;
  std::int64_t px() const { return 2 * gx; }
  std::int64_t py() const { return 2 * gy; }
  std::int64_t rows() const { return ceil_div(n, px()); }     // of a tile of A or B; width of a k-chunk
  std::int64_t columns() const { return ceil_div(n, py()); }  // of a tile of A or C
};

struct Data : Matrices {
  PartitionId a_tiles, b_tiles, c_tiles;                   // placement: Px x Py
  PartitionId a_nodes, b_rows, c_columns;                  // task_7: per node
  PartitionId b_node, c_node, b_half, c_half, b_chunks;    // task_6, task_5, task_4
};

Data add_data(Builder& builder, const Sizes& s) {
  Data d;
  static_cast<Matrices&>(d) = add_matrices(builder, s.n);
  const std::int64_t row = s.rows(), column = s.columns();
  const auto add = [&](std::string name, RegionId r, std::int64_t down, std::int64_t height, std::int64_t across, std::int64_t width) {
    return add_tiles(builder, std::move(name), r, s.n, down, height, across, width);
  };
  d.a_tiles = add("A_tiles", d.a, s.px(), row, s.py(), column);
  d.b_tiles = add("B_tiles", d.b, s.px(), row, s.py(), column);
  d.c_tiles = add("C_tiles", d.c, s.px(), row, s.py(), column);
  d.a_nodes = add("A_nodes", d.a, s.gx, 2 * row, s.gy, 2 * column);
  d.b_rows = add("B_rows", d.b, s.gx, 2 * row, 1, s.n);
  d.c_columns = add("C_columns", d.c, 1, s.n, s.gy, 2 * column);
  d.b_node = add("B_node", d.b, s.gx, 2 * row, s.gx, 2 * row);
  d.c_node = add("C_node", d.c, s.gx, 2 * row, s.gy, 2 * column);
  d.b_half = add("B_half", d.b, s.px(), row, s.gx, 2 * row);
  d.c_half = add("C_half", d.c, s.gx, 2 * row, s.py(), column);
  d.b_chunks = add("B_chunks", d.b, s.px(), row, s.px(), row);
  return d;
}

struct Tasks {
  TaskId init, fill, leaf, gpus, block, nodes, validate;
  std::array<TaskId, 3> place;
};

Tasks add_tasks(Builder& b, const Sizes& s) {
  Tasks t;
  const auto all = {kCpu, kOmp, kGpu};
  t.init = add_init(b);
  t.fill = b.add_task("taco_fill", variants(all, fill_kernel(s.n)));
  t.place = add_places(b, nothing_kernel());
  t.leaf = add_leaf(b, s.n, 2 * Expr::ancestor(3, 1) + Expr::ancestor(1, 1), s.columns());
  t.gpus = b.add_task("task_5", inner_variants(all));
  t.block = b.add_task("task_6", inner_variants({kCpu, kOmp}));
  t.nodes = b.add_task("task_7", inner_variants({kCpu, kOmp}));
  t.validate = b.add_task("taco_validate", variants(all, validate_kernel(s.n), Expr::elements(0)));
  return t;
}

// The bodies of task_7, task_6 and task_5. `level` below is how far up the point of task_7 is.
void add_nest(Builder& b, const Sizes& s, const Data& d, const Tasks& t, const Schedule& schedule) {
  const auto in = [](int level) { return Expr::ancestor(level, 0); };
  const auto jn = [](int level) { return Expr::ancestor(level, 1); };
  const auto block = [&](int level) { return schedule.node_block(in(level), jn(level), Expr::loop("kos"), s.gx); };
  const Privilege write = Privilege::ReadWrite, read = Privilege::Read;

  b.begin_body(t.nodes);
  b.begin_loop("kos", s.gx);
  b.single_launch(t.block, {part("A", d.a, d.a_nodes, {0}, write, {in(1), jn(1)}), part("B", d.b, d.b_node, {0}, read, {in(1), block(1)}),
                            part("C", d.c, d.c_node, {0}, read, {block(1), jn(1)})});
  b.end_loop();
  b.end_body();

  b.begin_body(t.block);
  const Expr row = 2 * in(2) + Expr::point(0), column = 2 * jn(2) + Expr::point(1);
  // The parent, task_6, is a single task; its own parent is task_7.
  b.index_launch(t.gpus, Rect::of_extents({2, 2}),
                 {part("A", d.a, d.a_tiles, {0}, write, {row, column}), part("B", d.b, d.b_half, {0}, read, {row, block(2)}),
                  part("C", d.c, d.c_half, {0}, read, {block(2), column})});
  b.end_body();

  b.begin_body(t.gpus);
  b.begin_loop("kios", 2);
  const Expr il = Expr::ancestor(1, 0), jl = Expr::ancestor(1, 1);
  const Expr chunk = 2 * block(3) + schedule.half(il, jl, Expr::loop("kios"));
  b.single_launch(t.leaf, {part("A", d.a, d.a_tiles, {0}, write, {2 * in(3) + il, 2 * jn(3) + jl}), part("B", d.b, d.b_chunks, {0}, read, {2 * in(3) + il, chunk}),
                           part("C", d.c, d.c_tiles, {0}, read, {chunk, 2 * jn(3) + jl})});
  b.end_loop();
  b.end_body();
}

// One repetition: fill and place outside the window, so that copies of the last one do not make this one cheaper.
void add_repetitions(Builder& b, const Sizes& s, const Data& d, const Tasks& t, std::int64_t repetitions) {
  const Rect grid = Rect::of_extents({s.px(), s.py()});
  const std::vector<Expr> tile {Expr::point(0), Expr::point(1)};
  const std::pair<RegionId, PartitionId> matrices[] = {{d.a, d.a_tiles}, {d.b, d.b_tiles}, {d.c, d.c_tiles}};
  const char* names[] = {"A", "B", "C"};
  b.begin_loop("repetition", repetitions);
  for (std::size_t k = 0; k < 3; ++k) {
    b.index_launch(t.fill, grid, {part(names[k], matrices[k].first, matrices[k].second, {0}, Privilege::WriteDiscard, tile)}).values = {static_cast<double>(k)};
  }
  for (std::size_t k = 0; k < 3; ++k) {
    b.index_launch(t.place[k], grid, {untouched(part(names[k], matrices[k].first, matrices[k].second, {0}, Privilege::Read, tile))});
  }
  b.fence();
  b.timer_start("compute");
  b.index_launch(t.nodes, Rect::of_extents({s.gx, s.gy}),
                 {part("A", d.a, d.a_nodes, {0}, Privilege::ReadWrite, tile), part("B", d.b, d.b_rows, {0}, Privilege::Read, {Expr::point(0), Expr(0)}),
                  part("C", d.c, d.c_columns, {0}, Privilege::Read, {Expr(0), Expr::point(1)})});
  b.fence();
  b.timer_stop("compute");
  b.end_loop();
}

}  // namespace

Expected<program::Program> build_2d(const std::string& name, const Schedule& schedule, const Values& values) {
  const Sizes s {values.at("n"), values.at("gx"), values.at("gy")};
  if (s.px() > s.n || s.py() > s.n) return does_not_fit(fmt::format("{} x {} tiles are more than n = {} rows or columns", s.px(), s.py(), s.n));
  if (s.px() * s.px() > (std::int64_t {1} << 18)) return does_not_fit(fmt::format("gx = {} cuts B into more than 2^18 chunks", s.gx));
  if (s.gx * s.gy > 4096) return does_not_fit(fmt::format("{} x {} nodes are more than 4096", s.gx, s.gy));
  Builder b(name);
  const Data d = add_data(b, s);
  const Tasks t = add_tasks(b, s);
  const program::FutureId errors = b.add_future("errors");
  add_nest(b, s, d, t, schedule);
  b.index_launch(t.init, Rect::of_extents({s.px() * s.py()}), {});
  add_repetitions(b, s, d, t, values.at("reps"));
  b.index_launch(t.validate, Rect::of_extents({s.px(), s.py()}), {part("A", d.a, d.a_tiles, {0}, Privilege::Read, {Expr::point(0), Expr::point(1)})}).result = {
      errors, program::ReductionOp::Sum};
  b.wait(errors);
  b.set_metric(metric(s.n, s.gx * s.gy));
  b.program().check = numeric_check(s.n);
  return b.finish();
}

std::vector<Parameter> parameters_2d() {
  return {
      {"n", "rows and columns of the matrices", 2, std::int64_t {1} << 20, {{"test", 64}, {"host", 1024}, {"paper", 20000}}},
      {"gx", "nodes in the first dimension; each has 2 x 2 GPUs", 1, 4096, {{"test", 1}, {"host", 1}, {"paper", 1}}},
      {"gy", "nodes in the second dimension", 1, 4096, {{"test", 1}, {"host", 1}, {"paper", 1}}},
      {"reps", "timed repetitions", 1, 1000, {{"test", 2}, {"host", 10}, {"paper", 10}}},
  };
}

Values preset_2d(std::string_view name, std::int64_t nodes, bool wide) {
  const std::vector<Parameter> parameters = parameters_2d();
  Values v = listed_preset(parameters, name);
  if (grows(name)) {
    const auto [larger, smaller] = squarest(nodes);
    v["n"] = weak_size(nodes);
    v["gx"] = wide ? larger : smaller;
    v["gy"] = wide ? smaller : larger;
  }
  return v;
}

}  // namespace mapwright::apps::gemm
