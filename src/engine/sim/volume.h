// engine/sim/volume.h - how few bytes can be brought to nodes that share the points of a launch, when each point uses one operand
// of each of three kinds, as the products of a matrix multiplication do.
// Derivation: docs/models/limits.md, Communication.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace mapwright::engine::sim {

inline constexpr std::size_t kOperandKinds = 3;

// Points, their operands, and the time they take at least on kinds of processors.
class Products {
 public:
  // Operand numbers are the caller's, those of one kind not also another's.
  using Operands = std::array<std::uint32_t, kOperandKinds>;
  struct Operand {
    double bytes = 0;    // > 0
    double holders = 0;  // nodes that need not be brought it, at most
  };

  // A point that is placed with its vertex, or another execution of it; seconds by kind of processor, HUGE_VAL where it cannot run.
  void add(std::uint32_t vertex, const Operands& operands, std::span<const double> seconds);
  // After all points were added, of which there must be one. `operands`: by number. Cost: O(n log n).
  void finish(std::span<const Operand> operands);

  bool empty() const { return seconds_.empty(); }
  // Points that a node with so many processors of each kind can execute in `seconds` when they are all on one kind, at most; 1 or more.
  double most_points(std::span<const double> processors, double seconds) const;
  // Bytes that are brought to all nodes together, at least, when none executes more than `points`.
  double least_bytes(double points) const;

 private:
  struct Point {
    std::uint32_t vertex = 0;
    Operands operands {};
    auto operator<=>(const Point&) const = default;
  };
  void count_uses(std::span<const Operand> operands);
  void count_alike();
  std::vector<std::uint32_t> connected(std::size_t a, std::size_t b) const;
  double bytes_per_point(double points) const;

  std::map<Point, std::vector<double>> seconds_;
  std::vector<std::vector<double>> together_;           // by kind of processor: seconds of the shortest point, of the two shortest, ...
  // By kind of operand.
  std::array<double, kOperandKinds> bytes_ {};          // of one, at least
  std::array<double, kOperandKinds> fewest_ {};         // per point of a node, at least
  std::array<double, kOperandKinds> most_ {};           // at most
  double alike_ = 1;                                    // points that no two of their operands tell apart, at most
  double held_ = 0;                                     // bytes that need not be brought
};

}  // namespace mapwright::engine::sim
