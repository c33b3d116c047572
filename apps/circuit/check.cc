// The numeric check of Circuit: the whole graph again, without pieces, regions or reductions.
#include <vector>

#include "apps/circuit/circuit.h"
#include "apps/support/build.h"

namespace mapwright::apps::circuit {

namespace {

struct Graph {
  std::vector<Node> nodes;
  std::vector<Wire> wires;
};

Graph simulated(const Shape& s) {
  Graph g;
  for (std::int64_t i = 0; i < s.pieces * s.nodes; ++i) g.nodes.push_back(s.initial_node(i));
  for (std::int64_t i = 0; i < s.pieces * s.wires; ++i) g.wires.push_back(s.wire(i));
  const auto at = [&](std::int64_t i) -> Node& { return g.nodes[static_cast<std::size_t>(i)]; };
  const float unit = s.charge_unit();
  for (std::int64_t loop = 0; loop < s.loops; ++loop) {
    for (Wire& w : g.wires) advance(w, at(w.in).voltage, at(w.out).voltage, s.steps);
    for (const Wire& w : g.wires) {
      at(w.in).charge += charge_in(w.current.front(), unit);
      at(w.out).charge += charge_out(w.current.back(), unit);
    }
    for (Node& n : g.nodes) update(n);
  }
  return g;
}

// Compilers may fuse multiplications and additions differently in two places; nothing else differs.
bool close(float found, float expected) { return std::abs(found - expected) <= 1e-5F * (std::abs(expected) + 1e-3F); }

// Compares one field of every element.
class Comparison {
 public:
  explicit Comparison(const program::RegionReader& regions) : regions_(regions) {}

  template <typename T, typename F>
  void field(RegionIndex region, std::string_view region_name, program::FieldIndex field, std::string_view name, std::size_t count, F&& expected) {
    const program::FieldView view = regions_.field(region, field);
    for (std::size_t i = 0; i < count && !wrong_; ++i) {
      const Point p {static_cast<std::int64_t>(i)};
      const T found = view.at<T>(p), right = expected(i);
      bool same = found == right;
      if constexpr (std::is_same_v<T, float>) same = close(found, right);  // false for NaN
      if (!same) wrong_ = wrong_value(name, region_name, p, static_cast<double>(found), static_cast<double>(right));
    }
  }
  const std::optional<std::string>& wrong() const { return wrong_; }

 private:
  const program::RegionReader& regions_;
  std::optional<std::string> wrong_;
};

}  // namespace

program::NumericCheck numeric_check(Shape s) {
  return [s](const program::RegionReader& regions) {
    const Graph g = simulated(s);
    Comparison c(regions);
    const auto node = [&](program::FieldIndex f, std::string_view name, float Node::*member) {
      c.field<float>(kNodes, "all_nodes", f, name, g.nodes.size(), [&](std::size_t i) { return g.nodes[i].*member; });
    };
    node(kNodeCap, "node_cap", &Node::cap);
    node(kLeakage, "leakage", &Node::leakage);
    node(kCharge, "charge", &Node::charge);
    node(kNodeVoltage, "node_voltage", &Node::voltage);
    const auto wire = [&]<typename T>(program::FieldIndex f, std::string_view name, T Wire::*member) {
      c.field<T>(kWires, "all_wires", f, name, g.wires.size(), [&](std::size_t i) { return g.wires[i].*member; });
    };
    wire(kInPtr, "in_ptr", &Wire::in);
    wire(kOutPtr, "out_ptr", &Wire::out);
    wire(kInductance, "inductance", &Wire::inductance);
    wire(kResistance, "resistance", &Wire::resistance);
    wire(kWireCap, "wire_cap", &Wire::cap);
    for (std::size_t k = 0; k < static_cast<std::size_t>(kSegments); ++k) {
      c.field<float>(kWires, "all_wires", kCurrent + static_cast<program::FieldIndex>(k), "current", g.wires.size(), [&](std::size_t i) { return g.wires[i].current[k]; });
    }
    for (std::size_t k = 0; k + 1 < static_cast<std::size_t>(kSegments); ++k) {
      c.field<float>(kWires, "all_wires", kVoltage + static_cast<program::FieldIndex>(k), "voltage", g.wires.size(), [&](std::size_t i) { return g.wires[i].voltage[k]; });
    }
    for (const TimesField f : {kLoopStart, kLoopStop}) {
      c.field<std::int64_t>(kTimes, "all_times", f, "calls", static_cast<std::size_t>(s.superpieces()), [&](std::size_t) { return s.loops; });
    }
    return c.wrong();
  };
}

}  // namespace mapwright::apps::circuit
