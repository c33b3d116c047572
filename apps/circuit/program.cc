// Circuit: structure and costs. Source: Regent's circuit_sparse.rg.
#include "apps/circuit/circuit.h"
#include "apps/registry.h"
#include "apps/support/build.h"

namespace mapwright::apps::circuit {

Shape shape(const Values& v) {
  Shape s;
  s.pieces = v.at("p");
  s.per_super = v.at("pps");
  s.nodes = v.at("npp");
  s.wires = v.at("wpp");
  s.percent = v.at("pct");
  s.steps = v.at("steps");
  s.loops = v.at("l") + 2 * v.at("prune");
  s.seed = static_cast<std::uint64_t>(v.at("seed"));
  return s;
}

namespace {

using program::AccessPattern;
using program::Argument;
using program::Builder;
using program::Expr;
using program::FieldIndex;
using program::PartitionId;
using program::Precision;
using program::Privilege;
using program::RegionId;

constexpr ProcessorKind kCpu = ProcessorKind::Cpu, kGpu = ProcessorKind::Gpu, kOmp = ProcessorKind::Omp;

struct Data {
  RegionId nodes, wires, ghost_ranges, times;
  PartitionId own, shared, ghost, wire, ghost_range, time;
};

template <typename F>
std::vector<PointSet> per_superpiece(const Shape& s, F&& rect) {
  std::vector<PointSet> pieces;
  for (std::int64_t i = 0; i < s.superpieces(); ++i) pieces.emplace_back(rect(i));
  return pieces;
}

std::vector<program::Field> wire_fields() {
  std::vector<program::Field> all {{"in_ptr", 8}, {"in_region", 1}, {"out_ptr", 8}, {"out_region", 1}, {"inductance", 4}, {"resistance", 4}, {"wire_cap", 4}};
  for (std::int64_t k = 0; k < kSegments; ++k) all.push_back({fmt::format("current{}", k), 4});
  for (std::int64_t k = 0; k + 1 < kSegments; ++k) all.push_back({fmt::format("voltage{}", k), 4});
  return all;
}

Data add_data(Builder& b, const Shape& s) {
  Data d;
  const Rect colors = Rect::of_extents({s.superpieces()});
  const auto line = [](std::int64_t n) { return PointSet(Rect::of_extents({n})); };
  const auto one = [](std::int64_t i) { return Rect({i}, {i}); };
  d.nodes = b.add_region("all_nodes", line(s.pieces * s.nodes), {{"node_cap", 4}, {"leakage", 4}, {"charge", 4}, {"node_voltage", 4}});
  d.wires = b.add_region("all_wires", line(s.pieces * s.wires), wire_fields());
  d.ghost_ranges = b.add_region("ghost_ranges", PointSet(colors), {{"lo", 8}, {"hi", 8}});
  d.times = b.add_region("all_times", PointSet(colors), {{"init_start", 8}, {"loop_start", 8}, {"loop_stop", 8}, {"init_stop", 8}});
  const PartitionId split = b.add_partition("private_or_shared", d.nodes, Rect::of_extents({2}),
                                            {PointSet(Rect({s.all_shared()}, {s.pieces * s.nodes - 1})), line(s.all_shared())});
  const std::pair all_private(split, 0U), all_shared(split, 1U);
  d.own = b.add_partition("rp_private", d.nodes, colors, per_superpiece(s, [&](std::int64_t i) { return s.private_nodes(i); }), all_private);
  d.shared = b.add_partition("rp_shared", d.nodes, colors, per_superpiece(s, [&](std::int64_t i) { return s.shared_nodes(i); }), all_shared);
  d.ghost = b.add_partition("rp_ghost", d.nodes, colors, per_superpiece(s, [&](std::int64_t i) { return s.ghost(i); }), all_shared);
  d.wire = b.add_partition("rp_wires", d.wires, colors, per_superpiece(s, [&](std::int64_t i) { return s.wires_of(i); }));
  d.ghost_range = b.add_partition("rp_ghost_ranges", d.ghost_ranges, colors, per_superpiece(s, one));
  d.time = b.add_partition("rp_times", d.times, colors, per_superpiece(s, one));
  return d;
}

// Expected accesses per wire to private, own shared and ghost nodes: its in-node is any of its piece's nodes, its
// out-node as well or, for the share `far`, a shared node of a neighbour.
struct Shares {
  double own = 0, shared = 0, ghost = 0;
};

Shares shares(const Shape& s) {
  const double of_nodes = static_cast<double>(s.shared()) / static_cast<double>(s.nodes);
  const double far = s.pieces == 1 ? 0 : static_cast<double>(100 - s.percent) / 100;
  const double leaving = far * s.leaving_share();
  return {(2 - far) * (1 - of_nodes), (2 - far) * of_nodes + far - leaving, leaving};
}

// Irregular access to 4 bytes per node: `share` times per wire of argument 3.
Argument with_pattern(Argument a, AccessPattern::Kind kind, double share, int position) {
  AccessPattern p;
  p.kind = kind;
  p.fields = a.fields;
  p.count = Expr::elements(3) * Expr(share);
  p.bytes = 4;
  p.distinct = Expr::elements(position);
  a.patterns = {p};
  return a;
}

std::vector<Argument> current_arguments(const Data& d, const Shares& s) {
  constexpr AccessPattern::Kind kGather = AccessPattern::Kind::Gather;
  const std::vector<FieldIndex> voltage {kNodeVoltage};
  return {with_pattern(part("rp_private", d.nodes, d.own, voltage, Privilege::Read), kGather, s.own, 0),
          with_pattern(part("rp_shared", d.nodes, d.shared, voltage, Privilege::Read), kGather, s.shared, 1),
          with_pattern(part("rp_ghost", d.nodes, d.ghost, voltage, Privilege::Read), kGather, s.ghost, 2),
          part("rp_wires", d.wires, d.wire, fields(kInPtr, 7), Privilege::Read),
          part("rp_wires", d.wires, d.wire, fields(kCurrent, kWireFields - kCurrent), Privilege::ReadWrite),
          part("rp_times", d.times, d.time, fields(0, kTimesFields), Privilege::ReadWrite)};
}

std::vector<Argument> charge_arguments(const Data& d, const Shares& s) {
  constexpr AccessPattern::Kind kAtomic = AccessPattern::Kind::Atomic;
  const std::vector<FieldIndex> charge {kCharge};
  return {with_pattern(part("rp_private", d.nodes, d.own, charge, Privilege::ReadWrite), kAtomic, s.own, 0),
          with_pattern(reduced(part("rp_shared", d.nodes, d.shared, charge, Privilege::Reduce)), kAtomic, s.shared, 1),
          with_pattern(reduced(part("rp_ghost", d.nodes, d.ghost, charge, Privilege::Reduce)), kAtomic, s.ghost, 2),
          part("rp_wires", d.wires, d.wire, {kInPtr, kInRegion, kOutPtr, kOutRegion, kCurrent, kCurrent + kSegments - 1}, Privilege::Read)};
}

std::vector<Argument> voltage_arguments(const Data& d) {
  const std::vector<FieldIndex> fixed {kNodeCap, kLeakage}, state {kCharge, kNodeVoltage};
  return {part("rp_private", d.nodes, d.own, fixed, Privilege::Read), part("rp_private", d.nodes, d.own, state, Privilege::ReadWrite),
          part("rp_shared", d.nodes, d.shared, fixed, Privilege::Read), part("rp_shared", d.nodes, d.shared, state, Privilege::ReadWrite),
          part("rp_times", d.times, d.time, fields(0, kTimesFields), Privilege::ReadWrite)};
}

void add_initialisation(Builder& b, const Shape& s, const Data& d) {
  const Rect domain = Rect::of_extents({s.superpieces()});
  const program::TaskId begin_init = b.add_task("begin_init", variants({kCpu}, begin_init_kernel()));
  const program::TaskId init_piece = b.add_task("init_piece", variants({kCpu}, init_piece_kernel(s)));
  const program::TaskId init_pointers = b.add_task("init_pointers", variants({kCpu}, init_pointers_kernel()));
  const std::vector<FieldIndex> all_of_nodes = fields(0, kNodeFields), all_of_wires = fields(0, kWireFields);
  b.index_launch(begin_init, domain, {part("rp_times", d.times, d.time, fields(0, kTimesFields), Privilege::WriteDiscard)});
  b.fill(d.nodes, all_of_nodes, 0, d.own);
  b.fill(d.nodes, all_of_nodes, 0, d.shared);
  b.fill(d.wires, all_of_wires, 0, d.wire);
  b.index_launch(init_piece, domain,
                 {part("rp_ghost_ranges", d.ghost_ranges, d.ghost_range, fields(0, 2), Privilege::WriteDiscard),
                  part("rp_private", d.nodes, d.own, all_of_nodes, Privilege::ReadWrite),
                  part("rp_shared", d.nodes, d.shared, all_of_nodes, Privilege::ReadWrite),
                  part("rp_wires", d.wires, d.wire, all_of_wires, Privilege::ReadWrite)});
  b.index_launch(init_pointers, domain,
                 {part("rp_private", d.nodes, d.own, {}, Privilege::None), part("rp_shared", d.nodes, d.shared, {}, Privilege::None),
                  part("rp_ghost", d.nodes, d.ghost, {}, Privilege::None),
                  part("rp_wires", d.wires, d.wire, fields(kInPtr, 4), Privilege::ReadWrite)});
}

program::Metric metric(const Shape& s, std::int64_t timed) {
  const auto real = [](std::int64_t v) { return static_cast<double>(v); };
  const double all_wires = real(s.pieces) * real(s.wires), all_nodes = real(s.pieces) * real(s.nodes);
  program::Metric m;
  m.name = "performance";
  m.unit = "GFLOPS";
  m.formula = Expr(1e-9 * real(timed) * (all_wires * 96 * real(s.steps) + 4 * all_wires + 4 * all_nodes)) / Expr::seconds();
  m.higher_is_better = true;
  m.label = "main_loop";
  return m;
}

Expected<program::Program> build(const Values& v) {
  const Shape s = shape(v);
  if (s.pieces % s.per_super != 0) return does_not_fit(fmt::format("p = {} pieces are not a multiple of pps = {}", s.pieces, s.per_super));
  if (s.superpieces() > 65536) return does_not_fit(fmt::format("{} superpieces are more than 65536", s.superpieces()));
  if (s.pieces * s.wires > (std::int64_t {1} << 28)) return does_not_fit(fmt::format("{} wires are more than 2^28", s.pieces * s.wires));

  Builder b("circuit");
  const Data d = add_data(b, s);
  const Shares share = shares(s);
  const program::TaskId currents = b.add_task("calculate_new_currents", variants({kCpu, kOmp, kGpu}, calculate_new_currents_kernel(s), 96 * s.steps * Expr::elements(3), Precision::Single));
  const program::TaskId charge = b.add_task("distribute_charge", variants({kCpu, kGpu}, distribute_charge_kernel(s), 4 * Expr::elements(3), Precision::Single));
  const program::TaskId voltages = b.add_task("update_voltages", variants({kCpu, kGpu}, update_voltages_kernel(), 4 * (Expr::elements(0) + Expr::elements(2)), Precision::Single));
  const program::TaskId elapsed = b.add_task("get_elapsed", variants({kCpu}, elapsed_kernel()));
  const program::TaskId print = b.add_task("print_summary", variants({kCpu}, print_kernel()));
  const program::FutureId time = b.add_future("elapsed");
  add_initialisation(b, s, d);

  const Rect domain = Rect::of_extents({s.superpieces()});
  const auto loop = [&](std::string name, std::int64_t count) {
    if (count == 0) return;
    b.begin_loop(std::move(name), count, true, "main_loop");
    b.index_launch(currents, domain, current_arguments(d, share));
    b.index_launch(charge, domain, charge_arguments(d, share));
    b.index_launch(voltages, domain, voltage_arguments(d));
    b.end_loop();
  };
  loop("warmup", v.at("prune"));
  b.timer_start("main_loop");
  loop("timed", v.at("l"));
  b.timer_stop("main_loop");
  loop("cooldown", v.at("prune"));
  const Argument times = part("rp_times", d.times, d.time, fields(0, kTimesFields), Privilege::Read);
  b.index_launch(elapsed, domain, {times}).result = {time, program::ReductionOp::Max};
  b.index_launch(print, domain, {times}).futures = {time};

  b.set_metric(metric(s, v.at("l")));
  b.program().check = numeric_check(s);
  return b.finish();
}

std::vector<Parameter> parameters() {
  return {
      {"p", "pieces", 1, 1000000, {{"test", 8}, {"host", 40}, {"paper", 40}}},
      {"pps", "pieces per superpiece; one point task per superpiece", 1, 1000000, {{"test", 2}, {"host", 10}, {"paper", 10}}},
      {"npp", "nodes per piece", 2, 1000000, {{"test", 50}, {"host", 500}, {"paper", 5000}}},
      {"wpp", "wires per piece", 1, 10000000, {{"test", 200}, {"host", 2000}, {"paper", 20000}}},
      {"pct", "percent of the wires that stay in their piece", 0, 100, {{"test", 80}, {"host", 80}, {"paper", 80}}},
      {"l", "timed loops", 1, 1000000, {{"test", 3}, {"host", 15}, {"paper", 50}}},
      {"prune", "untimed loops before and after", 0, 1000000, {{"test", 1}, {"host", 1}, {"paper", 30}}},
      {"steps", "iterations of the solver per wire and loop", 1, 1000000, {{"test", 20}, {"host", 20}, {"paper", 264}}},
      {"seed", "seed of the random graph", 0, std::int64_t {1} << 40, {{"test", 3}, {"host", 3}, {"paper", 3}}},
  };
}

// Paper: one superpiece of ten pieces per GPU.
Values preset(std::string_view name, std::int64_t nodes, std::int64_t gpus) {
  Values v = listed_preset(parameters(), name);
  if (grows(name)) v["p"] = 10 * nodes * gpus;
  return v;
}

}  // namespace

App app() {
  return {"circuit", "time steps of a random graph of wires and nodes", parameters(), expert_mapper("circuit"), build, preset};
}

}  // namespace mapwright::apps::circuit
