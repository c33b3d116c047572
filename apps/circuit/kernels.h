// apps/circuit/kernels.h - the work of Circuit's time steps on any processor.
#pragma once

#include "apps/circuit/circuit.h"
#include "apps/support/loops.h"
#include "apps/support/views.h"

namespace mapwright::apps::circuit {

// The views of several fields of one argument, opened once per call.
template <typename T, std::size_t N>
std::array<Line<T>, N> lines(const program::KernelContext& c, std::size_t argument, program::FieldIndex first) {
  std::array<Line<T>, N> all;
  for (std::size_t i = 0; i < N; ++i) all[i] = Line<T>(c.field(argument, first + static_cast<program::FieldIndex>(i)));
  return all;
}

// Both ends of wires with the argument that each is found through.
struct Ends {
  Line<std::int64_t> in, out;
  Line<std::uint8_t> in_region, out_region;
  Ends(const program::KernelContext& c, std::size_t argument)
      : in(c.field(argument, kInPtr)), out(c.field(argument, kOutPtr)), in_region(c.field(argument, kInRegion)),
        out_region(c.field(argument, kOutRegion)) {}
};

// One field of the nodes through arguments 0 (private), 1 (shared) and 2 (ghost).
struct NodeViews {
  Line<float> own, shared, ghost;
  NodeViews(const program::KernelContext& c, program::FieldIndex field) : own(c.field(0, field)), shared(c.field(1, field)), ghost(c.field(2, field)) {}
  MW_HOST_DEVICE float& at(std::int64_t node, std::uint8_t region) const {
    return (region == kPrivate ? own : region == kShared ? shared : ghost)[node];
  }
};

inline Range range(const Rect& r) { return {r.lo[0], r.hi[0]}; }

template <typename Loops>
void count_call(const Loops& loops, const program::KernelContext& c, std::size_t argument, TimesField field) {
  const Line<std::int64_t> calls(c.field(argument, field));
  loops.each(Range {c.point()[0], c.point()[0]}, [=] MW_HOST_DEVICE(std::int64_t piece) { ++calls[piece]; });
}

template <typename Loops>
void calculate_new_currents(program::KernelContext& c, const Shape& s) {
  const Loops loops(c);
  const NodeViews voltage_of(c, kNodeVoltage);
  const Ends ends(c, 3);
  const auto constants = lines<float, 3>(c, 3, kInductance);
  const auto current = lines<float, static_cast<std::size_t>(kSegments)>(c, 4, kCurrent);
  const auto voltage = lines<float, static_cast<std::size_t>(kSegments - 1)>(c, 4, kVoltage);
  const std::int64_t steps = s.steps;
  for (const Rect& r : c.points(4).rects()) {
    loops.each(range(r), [=] MW_HOST_DEVICE(std::int64_t i) {
      Wire w;
      w.inductance = constants[0][i];
      w.resistance = constants[1][i];
      w.cap = constants[2][i];
      for (std::size_t k = 0; k < current.size(); ++k) w.current[k] = current[k][i];
      for (std::size_t k = 0; k < voltage.size(); ++k) w.voltage[k] = voltage[k][i];
      advance(w, voltage_of.at(ends.in[i], ends.in_region[i]), voltage_of.at(ends.out[i], ends.out_region[i]), steps);
      for (std::size_t k = 0; k < current.size(); ++k) current[k][i] = w.current[k];
      for (std::size_t k = 0; k < voltage.size(); ++k) voltage[k][i] = w.voltage[k];
    });
  }
  count_call(loops, c, 5, kLoopStart);
}

// Wires meet in nodes, so they share sums; charge_unit() makes these exact in any order.
template <typename Loops>
void distribute_charge(program::KernelContext& c, const Shape& s) {
  const Loops loops(c);
  const auto add = loops.adder();
  const NodeViews charge(c, kCharge);
  const Ends ends(c, 3);
  const Line<float> first(c.field(3, kCurrent)), last(c.field(3, kCurrent + kSegments - 1));
  const float unit = s.charge_unit();
  for (const Rect& r : c.points(3).rects()) {
    loops.each(range(r), [=] MW_HOST_DEVICE(std::int64_t i) {
      add(charge.at(ends.in[i], ends.in_region[i]), charge_in(first[i], unit));
      add(charge.at(ends.out[i], ends.out_region[i]), charge_out(last[i], unit));
    });
  }
}

template <typename Loops>
void update_voltages(program::KernelContext& c) {
  const Loops loops(c);
  for (const std::size_t constant : {std::size_t {0}, std::size_t {2}}) {
    const auto fixed = lines<float, 2>(c, constant, kNodeCap);
    const auto state = lines<float, 2>(c, constant + 1, kCharge);
    for (const Rect& r : c.points(constant).rects()) {
      loops.each(range(r), [=] MW_HOST_DEVICE(std::int64_t i) {
        Node n {fixed[0][i], fixed[1][i], state[0][i], state[1][i]};
        update(n);
        state[0][i] = n.charge;
        state[1][i] = n.voltage;
      });
    }
  }
  count_call(loops, c, 4, kLoopStop);
}

}  // namespace mapwright::apps::circuit
