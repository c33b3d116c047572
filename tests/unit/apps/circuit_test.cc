#include "apps/circuit/circuit.h"

#include <cmath>

#include "support.h"

namespace mapwright::apps {
namespace {

using circuit::Shape;

Shape shape(std::int64_t pieces, std::int64_t per_super, std::int64_t nodes, std::int64_t wires, std::int64_t percent = 80, std::uint64_t seed = 1) {
  Shape s;
  s.pieces = pieces;
  s.per_super = per_super;
  s.nodes = nodes;
  s.wires = wires;
  s.percent = percent;
  s.steps = 10;
  s.seed = seed;
  return s;
}

TEST(Circuit, SizesOfThePublishedRunOnTwoNodes) {
  // p = 80 pieces of 5000 nodes (50 shared) and 20000 wires, 10 pieces per superpiece: 8 superpieces.
  const program::Program p = built("circuit", {"paper", {}, 2, 4});
  EXPECT_EQ(region(p, "all_nodes").points.volume(), 400000);
  EXPECT_EQ(bytes_per_element(region(p, "all_nodes")), 16);
  EXPECT_EQ(bytes_per_element(region(p, "all_wires")), 106);
  EXPECT_EQ(bytes_per_element(region(p, "all_times")), 32);
  EXPECT_EQ(partition(p, "rp_private").pieces[0].volume(), 49500);
  EXPECT_EQ(partition(p, "rp_shared").pieces[0].volume(), 500);
  EXPECT_EQ(partition(p, "rp_wires").pieces[7].volume(), 200000);
  // Logged ghosts: 650 (superpiece 0 and three pieces above it) and 750. Ours lie within 2 x 3 pieces of their own.
  EXPECT_EQ(partition(p, "rp_ghost").pieces[0].volume(), 650);
  EXPECT_EQ(partition(p, "rp_ghost").pieces[1].volume(), 750);
  for (const PointSet& g : partition(p, "rp_ghost").pieces) {
    EXPECT_LE(g.volume(), (10 + 2 * 3) * 50);
    EXPECT_GE(g.volume(), 500);
  }
  EXPECT_TRUE(partition(p, "rp_private").complete);
  EXPECT_TRUE(partition(p, "rp_shared").complete);
  EXPECT_FALSE(partition(p, "rp_ghost").disjoint);
}

TEST(Circuit, GhostBoundsAreThoseOfTheWires) {
  for (const Shape& s : {shape(8, 2, 50, 200), shape(12, 3, 500, 40), shape(5, 1, 1000, 7, 50), shape(6, 6, 300, 100), shape(4, 1, 100, 300, 99, 5), shape(9, 3, 2000, 3, 10, 9)}) {
    for (std::int64_t i = 0; i < s.superpieces(); ++i) {
      std::int64_t low = -1, high = -2;
      for (std::int64_t w = s.wires_of(i).lo[0]; w <= s.wires_of(i).hi[0]; ++w) {
        const std::int64_t end = s.wire(w).out, piece = w / s.wires;
        const bool own = (end < s.all_shared() && end / s.shared() == piece) || (end >= s.all_shared() && (end - s.all_shared()) / (s.nodes - s.shared()) == piece);
        if (own) continue;
        low = low < 0 ? end : std::min(low, end);
        high = std::max(high, end);
      }
      const Rect ghost = s.ghost(i);
      EXPECT_EQ(PointSet(ghost), low < 0 ? PointSet(Rect({0}, {-1})) : PointSet(Rect({low}, {high}))) << i;
    }
  }
}

TEST(Circuit, TheGraphHasThePublishedProportions) {
  const Shape s = shape(20, 5, 1000, 5000);
  std::int64_t far = 0, shared_in = 0;
  const std::int64_t total = 20 * 5000;
  for (std::int64_t w = 0; w < total; ++w) {
    const circuit::Wire wire = s.wire(w);
    const std::int64_t piece = w / s.wires;
    shared_in += wire.in < s.all_shared();
    EXPECT_TRUE(wire.in < s.all_shared() ? wire.in / 10 == piece : (wire.in - 200) / 990 == piece);
    if (wire.out < s.all_shared() && wire.out / 10 != piece) {
      ++far;
      EXPECT_LE(std::abs(wire.out / 10 - piece), circuit::kWindow);
    }
    EXPECT_GE(wire.resistance, 1.0F);
    EXPECT_LT(wire.resistance, 11.0F);
  }
  EXPECT_NEAR(static_cast<double>(far) / static_cast<double>(total), 0.20, 0.01);
  EXPECT_NEAR(static_cast<double>(shared_in) / static_cast<double>(total), 0.01, 0.002);
  const auto n = s.neighbours(10);
  EXPECT_EQ(n.count, 5);
  EXPECT_EQ(std::set<std::int64_t>(n.piece.begin(), n.piece.begin() + 5).size(), 5u);
  EXPECT_EQ(s.neighbours(0).count, 3);
}

TEST(Circuit, CostsPerSuperpiece) {
  const program::Program p = built("circuit", {"paper", {{"steps", "100"}}, 1, 4});
  const auto sites = p.sites();
  const auto* s = site(sites, p, "calculate_new_currents");
  ASSERT_NE(s, nullptr);
  const double w = 200000;
  EXPECT_EQ(value_at(p, *s, p.tasks[s->launch->task.value].variants[0].flops, {0}), 96 * 100 * w);
  // Streamed: 18 + 12 read, 76 read and 76 written per wire.
  std::int64_t read = 0, state = 0;
  for (const auto f : s->launch->arguments[3].fields) read += region(p, "all_wires").fields[f].bytes;
  for (const auto f : s->launch->arguments[4].fields) state += region(p, "all_wires").fields[f].bytes;
  EXPECT_EQ(read + 2 * state, 182);
  // Two gathers per wire; 0.01 + 0.8 x 0.01 + 0.2 = 0.218 of them reach shared nodes, own or ghost.
  double count[3] = {};
  for (std::size_t i = 0; i < 3; ++i) count[i] = value_at(p, *s, *s->launch->arguments[i].patterns[0].count, {1});
  EXPECT_NEAR(count[0] + count[1] + count[2], 2 * w, 1e-6 * w);
  EXPECT_NEAR(count[1] + count[2], 0.218 * w, 1e-6 * w);
  EXPECT_GT(count[2], 0.02 * w);
  const auto* d = site(sites, p, "distribute_charge");
  std::int64_t stream = 0;
  for (const auto f : d->launch->arguments[3].fields) stream += region(p, "all_wires").fields[f].bytes;
  EXPECT_EQ(stream, 26);
  EXPECT_EQ(value_at(p, *d, p.tasks[d->launch->task.value].variants[0].flops, {0}), 4 * w);
  const auto* u = site(sites, p, "update_voltages");
  EXPECT_EQ(value_at(p, *u, p.tasks[u->launch->task.value].variants[0].flops, {0}), 4 * 50000);
}

TEST(Circuit, MetricIsThePublishedFormula) {
  const program::Program p = built("circuit", {"paper", {{"steps", "10000"}}, 1, 4});
  program::ExprContext c;
  c.seconds = 2;
  // 1e-9 x 50 x (8e5 x 960000 + 4 x 8e5 + 4 x 2e5) / 2
  EXPECT_NEAR(p.metric.formula.real(c), 1e-9 * 50 * (768e9 + 3.2e6 + 0.8e6) / 2, 1e-6);
}

TEST(Circuit, OtherShapesAreRight) {
  expect_right(built("circuit", {"test", {{"p", "5"}, {"pps", "1"}, {"prune", "0"}}, 1, 4}));
  expect_right(built("circuit", {"test", {{"p", "1"}, {"pps", "1"}}, 1, 4}));
  expect_right(built("circuit", {"test", {{"pct", "0"}, {"seed", "7"}}, 1, 4}));
  expect_right(built("circuit", {"test", {{"pct", "100"}}, 1, 4}));
}

TEST(Circuit, PiecesMustFillSuperpieces) {
  const auto p = build("circuit", {"test", {{"pps", "3"}}, 1, 4});
  ASSERT_FALSE(p);
  EXPECT_EQ(p.error().code, diag::kParametersDoNotFit);
}

TEST(Circuit, ChargeIsConservedExactlyAndIndependentlyOfOrder) {
  const Shape s = shape(8, 2, 50, 200);
  const float unit = s.charge_unit();
  std::vector<float> forward(400, 0), backward(400, 0);
  std::vector<circuit::Wire> wires;
  for (std::int64_t w = 0; w < 1600; ++w) {
    circuit::Wire wire = s.wire(w);
    circuit::advance(wire, s.initial_node(wire.in).voltage, s.initial_node(wire.out).voltage, 20);
    wires.push_back(wire);
  }
  double expected = 0, sum = 0, exact = 0;
  const auto add = [&](std::vector<float>& charge, const circuit::Wire& w) {
    charge[static_cast<std::size_t>(w.in)] += circuit::charge_in(w.current.front(), unit);
    charge[static_cast<std::size_t>(w.out)] += circuit::charge_out(w.current.back(), unit);
  };
  for (std::size_t i = 0; i < wires.size(); ++i) {
    add(forward, wires[i]);
    add(backward, wires[wires.size() - 1 - i]);
    expected += static_cast<double>(circuit::kDeltaT) * (static_cast<double>(wires[i].current.back()) - static_cast<double>(wires[i].current.front()));
    exact += static_cast<double>(circuit::charge_in(wires[i].current.front(), unit)) + static_cast<double>(circuit::charge_out(wires[i].current.back(), unit));
  }
  EXPECT_EQ(forward, backward);
  double magnitude = 0;
  for (const float c : forward) sum += static_cast<double>(c), magnitude += std::abs(static_cast<double>(c));
  EXPECT_EQ(sum, exact);
  EXPECT_GT(magnitude, 0);
  EXPECT_NEAR(sum, expected, 1e-4 * magnitude);
}

TEST(Circuit, TheCheckSeesDisturbedValues) {
  const program::Program p = built("circuit", {"test", {}, 1, 4});
  const auto regions = program::run_sequential(p);
  ASSERT_TRUE(regions);
  const auto disturb = [&](std::uint32_t r, std::uint32_t f, std::int64_t i, float change) {
    float& v = (*regions)->field(r, f).at<float>({i});
    const float before = v;
    v += change;
    const auto wrong = p.check(**regions);
    EXPECT_TRUE(wrong) << r << " " << f;
    v = before;
    EXPECT_FALSE(p.check(**regions));
  };
  disturb(circuit::kNodes, circuit::kCharge, 3, 1e-6F);
  disturb(circuit::kNodes, circuit::kNodeVoltage, 399, 1e-4F);
  disturb(circuit::kWires, circuit::kCurrent + 9, 1599, 1e-3F);
  disturb(circuit::kWires, circuit::kVoltage, 0, std::nanf(""));
}

TEST(Circuit, AMissingGhostExchangeIsSeen) {
  program::Program p = built("circuit", {"test", {}, 1, 4});
  // The contributions to ghosts are not folded: the argument reads instead of reducing.
  for (program::Statement& s : p.main) {
    auto* loop = std::get_if<program::Loop>(&s.what);
    if (loop == nullptr) continue;
    program::Argument& ghost = std::get<program::Launch>(loop->body[1].what).arguments[2];
    ghost.reduction = program::ReductionOp::Max;
  }
  const auto regions = program::run_sequential(p);
  ASSERT_TRUE(regions);
  EXPECT_TRUE(p.check(**regions));
}

}  // namespace
}  // namespace mapwright::apps
