// apps/stencil/stencil.h - what structure (program.cc) and work (kernels.cc) of Stencil share.
#pragma once

#include "program/program.h"

namespace mapwright::apps::stencil {

inline constexpr std::int64_t kRadius = 2;

enum Field : program::FieldIndex { kInput, kOutput };
enum TimesField : program::FieldIndex { kAllStart, kLoopStart, kLoopStop, kAllStop };
enum RegionIndex : std::uint32_t { kPoints, kXm, kXp, kYm, kYp, kTimes };
inline constexpr RegionIndex kExchanges[] = {kXm, kXp, kYm, kYp};

// Geometry. `n` counts the grid without its border; tile i = iy * ntx + ix.
struct Shape {
  std::int64_t nx = 0, ny = 0, ntx = 1, nty = 1, steps = 0, init = 0;  // steps: all, the untimed ones included

  std::int64_t tiles() const { return ntx * nty; }
  // The tile in coordinates of the grid without its border.
  Rect tile(std::int64_t i) const;
  // The tile with its own border, in coordinates of region `points`.
  Rect with_border(std::int64_t i) const;
  Rect interior(std::int64_t i) const;  // with_border without the border
  Rect exterior(std::int64_t i) const;  // interior, and the border where it is the border of the whole grid
  // The slot of tile i in an exchange region.
  Rect slot(RegionIndex region, std::int64_t i) const;
  // Coordinates in the whole grid, border included, of the first column and row of what a tile or slot holds.
  Point origin_of_tile(std::int64_t i) const { return tile(i).lo; }
  Point origin_of_slot(RegionIndex region, std::int64_t i) const;
  // Where tile i keeps, in region `points`, what it reads through an exchange region.
  Point border(RegionIndex region, std::int64_t i) const;
  // The tile whose slot tile i reads; -1 on the edge of the grid.
  std::int64_t neighbour(RegionIndex region, std::int64_t i) const;
};

Shape shape(const std::map<std::string, std::int64_t>& values);  // of the parameters

program::Kernel begin_init_kernel();
program::Kernel ramp_kernel(Shape s);
program::Kernel stencil_kernel(Shape s);
program::Kernel increment_kernel(Shape s);
program::Kernel check_kernel(Shape s);
program::Kernel elapsed_kernel();
program::Kernel print_kernel();
program::NumericCheck numeric_check(Shape s);

}  // namespace mapwright::apps::stencil
