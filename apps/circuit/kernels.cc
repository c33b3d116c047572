// The work of Circuit.
#include "apps/circuit/circuit.h"
#include "apps/support/views.h"

namespace mapwright::apps::circuit {

namespace {

using program::FieldIndex;
using program::KernelContext;

// The views of several fields of one argument, opened once per call.
template <typename T, std::size_t N>
std::array<Line<T>, N> lines(KernelContext& c, std::size_t argument, FieldIndex first) {
  std::array<Line<T>, N> all;
  for (std::size_t i = 0; i < N; ++i) all[i] = Line<T>(c.field(argument, first + static_cast<FieldIndex>(i)));
  return all;
}

// Both ends of wires with the argument that each is found through.
struct Ends {
  Line<std::int64_t> in, out;
  Line<std::uint8_t> in_region, out_region;
  Ends(KernelContext& c, std::size_t argument)
      : in(c.field(argument, kInPtr)), out(c.field(argument, kOutPtr)), in_region(c.field(argument, kInRegion)),
        out_region(c.field(argument, kOutRegion)) {}
};

// One field of the nodes through arguments 0 (private), 1 (shared) and 2 (ghost).
struct NodeViews {
  Line<float> own, shared, ghost;
  NodeViews(KernelContext& c, FieldIndex field) : own(c.field(0, field)), shared(c.field(1, field)), ghost(c.field(2, field)) {}
  float& at(std::int64_t node, std::uint8_t region) const {
    return (region == kPrivate ? own : region == kShared ? shared : ghost)[node];
  }
};

template <typename F>
void for_each_index(const PointSet& points, F&& f) {
  for (const Rect& r : points.rects()) {
    for (std::int64_t i = r.lo[0]; i <= r.hi[0]; ++i) f(i);
  }
}

void count_call(KernelContext& c, std::size_t argument, TimesField field) {
  ++Line<std::int64_t>(c.field(argument, field))[c.point()[0]];
}

}  // namespace

program::Kernel begin_init_kernel() {
  return [](KernelContext& c) {
    for (FieldIndex f = 0; f < kTimesFields; ++f) Line<std::int64_t>(c.field(0, f))[c.point()[0]] = 0;
  };
}

program::Kernel init_piece_kernel(Shape s) {
  return [s](KernelContext& c) {
    for (const std::size_t argument : {std::size_t {1}, std::size_t {2}}) {
      const auto node = lines<float, kNodeFields>(c, argument, 0);
      for_each_index(c.points(argument), [&](std::int64_t i) {
        const Node n = s.initial_node(i);
        node[kNodeCap][i] = n.cap;
        node[kLeakage][i] = n.leakage;
        node[kCharge][i] = n.charge;
        node[kNodeVoltage][i] = n.voltage;
      });
    }
    const Ends ends(c, 3);
    const auto constants = lines<float, 3>(c, 3, kInductance);
    const auto state = lines<float, static_cast<std::size_t>(2 * kSegments - 1)>(c, 3, kCurrent);
    for_each_index(c.points(3), [&](std::int64_t i) {
      const Wire w = s.wire(i);
      ends.in[i] = w.in;
      ends.out[i] = w.out;
      ends.in_region[i] = ends.out_region[i] = 0;
      constants[0][i] = w.inductance;
      constants[1][i] = w.resistance;
      constants[2][i] = w.cap;
      for (const Line<float>& value : state) value[i] = 0;
    });
    const std::int64_t piece = c.point()[0];
    const Rect ghost = s.ghost(piece);
    Line<std::int64_t>(c.field(0, 0))[piece] = ghost.lo[0];
    Line<std::int64_t>(c.field(0, 1))[piece] = ghost.hi[0];
  };
}

program::Kernel init_pointers_kernel() {
  return [](KernelContext& c) {
    const Ends ends(c, 3);
    const auto region = [&](std::int64_t node) -> std::uint8_t {
      if (c.points(0).contains({node})) return kPrivate;
      return c.points(1).contains({node}) ? kShared : kGhost;
    };
    for_each_index(c.points(3), [&](std::int64_t i) {
      ends.in_region[i] = region(ends.in[i]);
      ends.out_region[i] = region(ends.out[i]);
    });
  };
}

program::Kernel calculate_new_currents_kernel(Shape s) {
  return [s](KernelContext& c) {
    const NodeViews voltage_of(c, kNodeVoltage);
    const Ends ends(c, 3);
    const auto constants = lines<float, 3>(c, 3, kInductance);
    const auto current = lines<float, static_cast<std::size_t>(kSegments)>(c, 4, kCurrent);
    const auto voltage = lines<float, static_cast<std::size_t>(kSegments - 1)>(c, 4, kVoltage);
    for_each_index(c.points(4), [&](std::int64_t i) {
      Wire w;
      w.inductance = constants[0][i];
      w.resistance = constants[1][i];
      w.cap = constants[2][i];
      for (std::size_t k = 0; k < current.size(); ++k) w.current[k] = current[k][i];
      for (std::size_t k = 0; k < voltage.size(); ++k) w.voltage[k] = voltage[k][i];
      advance(w, voltage_of.at(ends.in[i], ends.in_region[i]), voltage_of.at(ends.out[i], ends.out_region[i]), s.steps);
      for (std::size_t k = 0; k < current.size(); ++k) current[k][i] = w.current[k];
      for (std::size_t k = 0; k < voltage.size(); ++k) voltage[k][i] = w.voltage[k];
    });
    count_call(c, 5, kLoopStart);
  };
}

program::Kernel distribute_charge_kernel(Shape s) {
  return [unit = s.charge_unit()](KernelContext& c) {
    const NodeViews charge(c, kCharge);
    const Ends ends(c, 3);
    const Line<float> first(c.field(3, kCurrent)), last(c.field(3, kCurrent + kSegments - 1));
    for_each_index(c.points(3), [&](std::int64_t i) {
      charge.at(ends.in[i], ends.in_region[i]) += charge_in(first[i], unit);
      charge.at(ends.out[i], ends.out_region[i]) += charge_out(last[i], unit);
    });
  };
}

program::Kernel update_voltages_kernel() {
  return [](KernelContext& c) {
    for (const std::size_t constant : {std::size_t {0}, std::size_t {2}}) {
      const auto fixed = lines<float, 2>(c, constant, kNodeCap);
      const auto state = lines<float, 2>(c, constant + 1, kCharge);
      for_each_index(c.points(constant), [&](std::int64_t i) {
        Node n {fixed[0][i], fixed[1][i], state[0][i], state[1][i]};
        update(n);
        state[0][i] = n.charge;
        state[1][i] = n.voltage;
      });
    }
    count_call(c, 4, kLoopStop);
  };
}

program::Kernel elapsed_kernel() {
  return [](KernelContext& c) {
    c.set_result(static_cast<double>(Line<std::int64_t>(c.field(0, kLoopStop))[c.point()[0]]));
  };
}

program::Kernel print_kernel() {
  return [](KernelContext&) {};  // the report shows the time
}

}  // namespace mapwright::apps::circuit
