// The work of Circuit on CPUs.
#include "apps/circuit/kernels.h"

namespace mapwright::apps::circuit {

using program::FieldIndex;
using program::KernelContext;

namespace {

template <typename F>
void for_each_index(const PointSet& points, F&& f) {
  for (const Rect& r : points.rects()) {
    for (std::int64_t i = r.lo[0]; i <= r.hi[0]; ++i) f(i);
  }
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
  return [s](KernelContext& c) { calculate_new_currents<Threads>(c, s); };
}

program::Kernel distribute_charge_kernel(Shape s) {
  return [s](KernelContext& c) { distribute_charge<Threads>(c, s); };
}

program::Kernel update_voltages_kernel() {
  return [](KernelContext& c) { update_voltages<Threads>(c); };
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
