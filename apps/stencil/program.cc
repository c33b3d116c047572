// Stencil: structure and costs. Source: Regent's stencil_fast.rg, after the Parallel Research Kernels' 2-D star stencil.
#include "apps/registry.h"
#include "apps/stencil/stencil.h"
#include "apps/support/build.h"

namespace mapwright::apps::stencil {

using program::AccessPattern;
using program::Argument;
using program::Builder;
using program::Expr;
using program::PartitionId;
using program::Privilege;
using program::RegionId;

Rect Shape::tile(std::int64_t i) const {
  const std::int64_t ix = i % ntx, iy = i / ntx;
  return {{nx * ix / ntx, ny * iy / nty}, {nx * (ix + 1) / ntx - 1, ny * (iy + 1) / nty - 1}};
}

Rect Shape::with_border(std::int64_t i) const {
  Rect t = tile(i);
  const std::int64_t at[] = {i % ntx, i / ntx};
  for (int d = 0; d < 2; ++d) {
    t.lo[d] += at[d] * 2 * kRadius;
    t.hi[d] += (at[d] + 1) * 2 * kRadius;
  }
  return t;
}

Rect Shape::interior(std::int64_t i) const {
  Rect t = with_border(i);
  for (int d = 0; d < 2; ++d) {
    t.lo[d] += kRadius;
    t.hi[d] -= kRadius;
  }
  return t;
}

Rect Shape::exterior(std::int64_t i) const {
  Rect t = interior(i);
  const std::int64_t ix = i % ntx, iy = i / ntx;
  if (ix == 0) t.lo[0] -= kRadius;
  if (ix == ntx - 1) t.hi[0] += kRadius;
  if (iy == 0) t.lo[1] -= kRadius;
  if (iy == nty - 1) t.hi[1] += kRadius;
  return t;
}

Rect Shape::slot(RegionIndex region, std::int64_t i) const {
  Rect t = tile(i);
  const int d = region == kXm || region == kXp ? 0 : 1;
  t.lo[d] = (d == 0 ? i % ntx : i / ntx) * kRadius;
  t.hi[d] = t.lo[d] + kRadius - 1;
  return t;
}

Point Shape::origin_of_slot(RegionIndex region, std::int64_t i) const {
  const Rect t = tile(i);
  switch (region) {
    case kXm: return {t.hi[0] + 1, t.lo[1] + kRadius};  // the last columns of the tile
    case kXp: return {t.lo[0] + kRadius, t.lo[1] + kRadius};
    case kYm: return {t.lo[0] + kRadius, t.hi[1] + 1};
    default: return {t.lo[0] + kRadius, t.lo[1] + kRadius};
  }
}

Point Shape::border(RegionIndex region, std::int64_t i) const {
  const Rect p = with_border(i);
  switch (region) {
    case kXm: return {p.lo[0], p.lo[1] + kRadius};
    case kXp: return {p.hi[0] - kRadius + 1, p.lo[1] + kRadius};
    case kYm: return {p.lo[0] + kRadius, p.lo[1]};
    default: return {p.lo[0] + kRadius, p.hi[1] - kRadius + 1};
  }
}

std::int64_t Shape::neighbour(RegionIndex region, std::int64_t i) const {
  const std::int64_t ix = i % ntx, iy = i / ntx;
  switch (region) {
    case kXm: return ix > 0 ? i - 1 : -1;
    case kXp: return ix < ntx - 1 ? i + 1 : -1;
    case kYm: return iy > 0 ? i - ntx : -1;
    default: return iy < nty - 1 ? i + ntx : -1;
  }
}

Shape shape(const Values& v) {
  return {v.at("nx") - 2 * kRadius, v.at("ny") - 2 * kRadius, v.at("ntx"), v.at("nty"), v.at("tsteps") + 2 * v.at("tprune"), v.at("init")};
}

namespace {

constexpr std::string_view kExchangeNames[] = {"xm", "xp", "ym", "yp"};
constexpr ProcessorKind kCpu = ProcessorKind::Cpu, kGpu = ProcessorKind::Gpu;

// Regions and partitions of one instance of the program, in the order of RegionIndex.
struct Data {
  RegionId points, times, exchange[4];
  PartitionId tile, interior, exterior, time, out[4], in[4];
};

template <typename F>
std::vector<PointSet> per_tile(const Shape& s, F&& rect) {
  std::vector<PointSet> pieces;
  for (std::int64_t i = 0; i < s.tiles(); ++i) pieces.emplace_back(rect(i));
  return pieces;
}

Data add_data(Builder& b, const Shape& s) {
  Data d;
  const Rect colors = Rect::of_extents({s.tiles()});
  const std::vector<program::Field> fields {{"input", 8}, {"output", 8}};
  d.points = b.add_region("points", PointSet(Rect::of_extents({s.nx + 2 * kRadius * s.ntx, s.ny + 2 * kRadius * s.nty})), fields);
  for (std::size_t k = 0; k < 4; ++k) {
    const Rect r = k < 2 ? Rect::of_extents({s.ntx * kRadius, s.ny}) : Rect::of_extents({s.nx, s.nty * kRadius});
    d.exchange[k] = b.add_region(std::string(kExchangeNames[k]), PointSet(r), fields);
  }
  d.times = b.add_region("times", PointSet(colors), {{"all_start", 8}, {"loop_start", 8}, {"loop_stop", 8}, {"all_stop", 8}});
  d.tile = b.add_partition("private", d.points, colors, per_tile(s, [&](std::int64_t i) { return s.with_border(i); }));
  d.interior = b.add_partition("interior", d.points, colors, per_tile(s, [&](std::int64_t i) { return s.interior(i); }));
  d.exterior = b.add_partition("exterior", d.points, colors, per_tile(s, [&](std::int64_t i) { return s.exterior(i); }));
  const Rect nothing(Point {0, 0}, Point {-1, -1});
  for (std::size_t k = 0; k < 4; ++k) {
    const std::string name(kExchangeNames[k]);
    d.out[k] = b.add_partition("p" + name + "_out", d.exchange[k], colors, per_tile(s, [&](std::int64_t i) { return s.slot(kExchanges[k], i); }));
    d.in[k] = b.add_partition("p" + name + "_in", d.exchange[k], colors, per_tile(s, [&](std::int64_t i) {
                                const std::int64_t from = s.neighbour(kExchanges[k], i);
                                return from < 0 ? nothing : s.slot(kExchanges[k], from);
                              }));
  }
  d.time = b.add_partition("ptimes", d.times, colors, per_tile(s, [](std::int64_t i) { return Rect({i}, {i}); }));
  return d;
}

AccessPattern pattern(AccessPattern::Kind kind, program::FieldIndex field, Expr count, double passes) {
  AccessPattern p;
  p.kind = kind;
  p.fields = {field};
  p.count = std::move(count);
  p.passes = passes;
  return p;
}

std::vector<Argument> stencil_arguments(const Data& d) {
  // 8 bytes read of input and 16 read and written of output per interior point. The argument may write input too, but
  // does so only where strips are copied to the border: half a read-write pass each.
  Argument own = part("private", d.points, d.tile, {kInput, kOutput}, Privilege::ReadWrite);
  const Expr strips = Expr::elements(2) + Expr::elements(3) + Expr::elements(4) + Expr::elements(5);
  own.patterns = {pattern(AccessPattern::Kind::Stencil, kInput, Expr::elements(1), 0.5),
                  pattern(AccessPattern::Kind::Stream, kOutput, Expr::elements(1), 1),
                  pattern(AccessPattern::Kind::Stream, kInput, strips, 0.5)};
  std::vector<Argument> all {own, part("interior", d.points, d.interior, {}, Privilege::None)};
  for (std::size_t k = 0; k < 4; ++k) {
    all.push_back(part(std::string(kExchangeNames[k]) + "_in", d.exchange[k], d.in[k], {kInput}, Privilege::Read));
  }
  all.push_back(part("times", d.times, d.time, fields(0, 4), Privilege::ReadWrite));
  return all;
}

std::vector<Argument> increment_arguments(const Data& d) {
  Argument own = part("private", d.points, d.tile, {kInput}, Privilege::ReadWrite);
  own.patterns = {pattern(AccessPattern::Kind::Stream, kInput, Expr::elements(1), 1)};
  std::vector<Argument> all {own, part("exterior", d.points, d.exterior, {}, Privilege::None)};
  for (std::size_t k = 0; k < 4; ++k) {
    all.push_back(part(std::string(kExchangeNames[k]) + "_out", d.exchange[k], d.out[k], {kInput}, Privilege::ReadWrite));
  }
  all.push_back(part("times", d.times, d.time, fields(0, 4), Privilege::ReadWrite));
  return all;
}

// Both loops: CPU with the published C kernel, which wants x contiguous, and GPU, where x runs over threads.
std::vector<program::Variant> loop_variants(program::Kernel kernel, Expr flops) {
  std::vector<program::Variant> all = variants({kCpu, kGpu}, std::move(kernel), std::move(flops));
  program::LayoutDemand unit_stride;
  unit_stride.argument = 0;
  unit_stride.fields = FieldOrder::Soa;
  unit_stride.dims = DimOrder::F;
  unit_stride.equivalent = "stride does not match expected value";
  all[0].demands = {unit_stride};
  for (program::Variant& v : all) v.preferred = DimOrder::F;
  return all;
}

Expected<program::Program> build(const Values& v) {
  const std::int64_t grid_x = v.at("nx"), grid_y = v.at("ny"), tsteps = v.at("tsteps"), tprune = v.at("tprune");
  const Shape s = shape(v);
  if (s.nx / s.ntx < kRadius || s.ny / s.nty < kRadius) {
    return does_not_fit(fmt::format("a grid of {} x {} points without its border cannot be cut into {} x {} tiles of at least {} x {}", s.nx, s.ny, s.ntx, s.nty, kRadius, kRadius));
  }
  if (s.tiles() > 65536) return does_not_fit(fmt::format("{} x {} tiles are more than 65536", s.ntx, s.nty));

  Builder b("stencil");
  const Data d = add_data(b, s);
  const program::TaskId begin_init = b.add_task("begin_init", variants({kCpu}, begin_init_kernel()));
  const program::TaskId ramp = b.add_task("init_ramp", variants({kCpu, kGpu}, ramp_kernel(s), Expr::elements(0)));
  const program::TaskId stencil = b.add_task("stencil", loop_variants(stencil_kernel(s), 16 * Expr::elements(1)));
  const program::TaskId increment = b.add_task("increment", loop_variants(increment_kernel(s), Expr::elements(1)));
  const program::TaskId check = b.add_task("check", variants({kCpu}, check_kernel(s), 2 * Expr::elements(0)));
  const program::TaskId elapsed = b.add_task("get_elapsed", variants({kCpu}, elapsed_kernel()));
  const program::TaskId print = b.add_task("print_time", variants({kCpu}, print_kernel()));
  const program::FutureId errors = b.add_future("errors"), time = b.add_future("elapsed");
  const Rect domain = Rect::of_extents({s.tiles()});

  b.index_launch(begin_init, domain, {part("times", d.times, d.time, fields(0, 4), Privilege::WriteDiscard)});
  b.fill(d.points, {kInput, kOutput}, static_cast<double>(s.init), d.tile);
  std::vector<Argument> ramp_arguments {part("private", d.points, d.tile, {kInput}, Privilege::ReadWrite)};
  for (std::size_t k = 0; k < 4; ++k) {
    b.fill(d.exchange[k], {kInput, kOutput}, static_cast<double>(s.init), d.out[k]);
    ramp_arguments.push_back(part(std::string(kExchangeNames[k]) + "_out", d.exchange[k], d.out[k], {kInput}, Privilege::ReadWrite));
  }
  b.index_launch(ramp, domain, std::move(ramp_arguments));
  const auto loop = [&](std::string name, std::int64_t count) {
    if (count == 0) return;
    b.begin_loop(std::move(name), count, true, "main_loop");
    b.index_launch(stencil, domain, stencil_arguments(d));
    b.index_launch(increment, domain, increment_arguments(d));
    b.end_loop();
  };
  loop("warmup", tprune);
  b.timer_start("main_loop");
  loop("timed", tsteps);
  b.timer_stop("main_loop");
  loop("cooldown", tprune);
  b.index_launch(check, domain, {part("private", d.points, d.tile, {kInput, kOutput}, Privilege::Read)}).result = {errors, program::ReductionOp::Sum};
  b.index_launch(elapsed, domain, {part("times", d.times, d.time, fields(0, 4), Privilege::Read)}).result = {time, program::ReductionOp::Max};
  b.index_launch(print, domain, {part("times", d.times, d.time, fields(0, 4), Privilege::Read)}).futures = {errors, time};

  program::Metric m;
  m.name = "throughput";
  m.unit = "Gpoints/s";
  m.formula = Expr(static_cast<double>(grid_x) * static_cast<double>(grid_y) * static_cast<double>(tsteps) / 1e9) / Expr::seconds();
  m.higher_is_better = true;
  m.label = "main_loop";
  b.set_metric(std::move(m));
  b.program().check = numeric_check(s);
  return b.finish();
}

std::vector<Parameter> parameters() {
  constexpr std::int64_t kMaxGrid = std::int64_t {1} << 24;
  return {
      {"nx", "grid points in x, border included", 5, kMaxGrid, {{"test", 64}, {"host", 2048}, {"paper", 30000}}},
      {"ny", "grid points in y, border included", 5, kMaxGrid, {{"test", 64}, {"host", 2048}, {"paper", 30000}}},
      {"ntx", "tiles in x", 1, 65536, {{"test", 2}, {"host", 2}, {"paper", 2}}},
      {"nty", "tiles in y", 1, 65536, {{"test", 2}, {"host", 2}, {"paper", 2}}},
      {"tsteps", "timed steps", 1, 1000000, {{"test", 5}, {"host", 10}, {"paper", 50}}},
      {"tprune", "untimed steps before and after", 0, 1000000, {{"test", 1}, {"host", 1}, {"paper", 30}}},
      {"init", "initial value of both fields", -1000000, 1000000, {{"test", 1000}, {"host", 1000}, {"paper", 1000}}},
  };
}

// Paper: 30000 x 30000 points per node, nodes in a grid as square as possible with more in x, one tile per GPU.
Values preset(std::string_view name, std::int64_t nodes, std::int64_t gpus) {
  Values v = listed_preset(parameters(), name);
  if (grows(name)) {
    const auto [ax, ay] = squarest(nodes);
    const auto [tx, ty] = squarest(gpus);
    v["nx"] = 30000 * ax;
    v["ny"] = 30000 * ay;
    v["ntx"] = tx * ax;
    v["nty"] = ty * ay;
  }
  return v;
}

}  // namespace

App app() {
  return {"stencil", "2-D star stencil of radius 2 with halo exchange", parameters(), expert_mapper("stencil"), build, preset};
}

}  // namespace mapwright::apps::stencil
