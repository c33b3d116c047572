// apps/circuit/circuit.h - what structure (program.cc), graph (graph.cc), work (kernels.h) and check (check.cc) share.
#pragma once

#include <array>
#include <cmath>

#include "apps/support/host_device.h"
#include "program/program.h"

namespace mapwright::apps::circuit {

inline constexpr std::int64_t kSegments = 10, kNeighbours = 5, kWindow = 3;
inline constexpr float kDeltaT = 1e-6F;

enum NodeField : program::FieldIndex { kNodeCap, kLeakage, kCharge, kNodeVoltage, kNodeFields };
enum WireField : program::FieldIndex {
  kInPtr, kInRegion, kOutPtr, kOutRegion, kInductance, kResistance, kWireCap, kCurrent,
  kVoltage = kCurrent + kSegments, kWireFields = kVoltage + kSegments - 1
};
enum TimesField : program::FieldIndex { kInitStart, kLoopStart, kLoopStop, kInitStop, kTimesFields };
enum RegionIndex : std::uint32_t { kNodes, kWires, kGhostRanges, kTimes };

// Which of its three node arguments a wire's end is found through.
enum Pointer : std::uint8_t { kPrivate = 1, kShared = 2, kGhost = 4 };

struct Node {
  float cap = 0, leakage = 0, charge = 0, voltage = 0;
};

struct Wire {
  std::int64_t in = 0, out = 0;
  float inductance = 0, resistance = 0, cap = 0;
  std::array<float, kSegments> current {};
  std::array<float, kSegments - 1> voltage {};
};

// The random graph: a pure function of its numbers and the seed. Nodes are numbered shared ones first (piece by piece),
// then private ones; wires piece by piece.
struct Shape {
  std::int64_t pieces = 0, per_super = 1, nodes = 0, wires = 0, percent = 0;  // per_super: pieces per superpiece
  std::int64_t steps = 0, loops = 0;  // loops: all, the untimed ones included
  std::uint64_t seed = 1;

  std::int64_t shared() const { return (nodes + 99) / 100; }  // nodes of a piece that others may reach: 1 %
  std::int64_t superpieces() const { return pieces / per_super; }
  std::int64_t all_shared() const { return pieces * shared(); }
  std::int64_t node(std::int64_t piece, std::int64_t k) const;  // k < shared(): a shared node
  Rect private_nodes(std::int64_t superpiece) const;
  Rect shared_nodes(std::int64_t superpiece) const;
  Rect wires_of(std::int64_t superpiece) const;

  struct Neighbours {
    std::array<std::int64_t, 2 * kWindow> piece {};
    std::int64_t count = 0;
  };
  // Up to five distinct pieces within +-3.
  Neighbours neighbours(std::int64_t piece) const;
  // Far end of a wire of `piece`. Absent in `far_end` when it stays in the piece.
  std::optional<std::int64_t> far_end(std::int64_t wire, const Neighbours& n) const;
  Wire wire(std::int64_t wire) const;
  Node initial_node(std::int64_t index) const;
  // The shortest interval of shared nodes that holds every far end of the superpiece's wires that leave their piece;
  // empty when none does. Stores no wires and stops as soon as the neighbours' outermost nodes are found.
  Rect ghost(std::int64_t superpiece) const;
  // Share of the wires that leave their piece whose far end is in another superpiece; expected value.
  double leaving_share() const;

  // Charge contributions are rounded to multiples of this power of two, small enough for 15 significant bits and large
  // enough that every sum of them is exact in single precision: results do not depend on the order of reductions.
  float charge_unit() const;
};

// One call of the inner solver: `steps` iterations for the currents and voltages of the wire's segments.
MW_HOST_DEVICE inline void advance(Wire& w, float in_voltage, float out_voltage, std::int64_t steps) {
  constexpr auto kN = static_cast<std::size_t>(kSegments);
  std::array<float, kN> current = w.current;
  std::array<float, kN + 1> voltage {};
  voltage[0] = in_voltage;
  voltage[kN] = out_voltage;
  for (std::size_t k = 0; k + 1 < kN; ++k) voltage[k + 1] = w.voltage[k];
  const float per_resistance = 1.0F / w.resistance, per_time = w.inductance / kDeltaT, time_per_cap = kDeltaT / w.cap;
  for (std::int64_t step = 0; step < steps; ++step) {
    for (std::size_t k = 0; k < kN; ++k) {
      current[k] = ((voltage[k + 1] - voltage[k]) - per_time * (current[k] - w.current[k])) * per_resistance;
    }
    for (std::size_t k = 0; k + 1 < kN; ++k) voltage[k + 1] = w.voltage[k] + time_per_cap * (current[k] - current[k + 1]);
  }
  w.current = current;
  for (std::size_t k = 0; k + 1 < kN; ++k) w.voltage[k] = voltage[k + 1];
}
// What the wire's ends receive in one time step, rounded.
MW_HOST_DEVICE inline float rounded(float charge, float unit) { return std::nearbyint(charge / unit) * unit; }
MW_HOST_DEVICE inline float charge_in(float first_current, float unit) { return rounded(-kDeltaT * first_current, unit); }
MW_HOST_DEVICE inline float charge_out(float last_current, float unit) { return rounded(kDeltaT * last_current, unit); }
MW_HOST_DEVICE inline void update(Node& n) {
  n.voltage = (n.voltage + n.charge / n.cap) * (1.0F - n.leakage);
  n.charge = 0;
}

Shape shape(const std::map<std::string, std::int64_t>& values);  // of the parameters

program::Kernel begin_init_kernel();
program::Kernel init_piece_kernel(Shape s);
program::Kernel init_pointers_kernel();
program::Kernel calculate_new_currents_kernel(Shape s);
program::Kernel distribute_charge_kernel(Shape s);
program::Kernel update_voltages_kernel();
program::Kernel elapsed_kernel();
program::Kernel print_kernel();
program::NumericCheck numeric_check(Shape s);

}  // namespace mapwright::apps::circuit
