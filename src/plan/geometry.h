// plan/geometry.h - the atoms of coherence: pieces of regions, groups of fields, and the cells they span.
// Private to plan. Depends on the program only, never on the mapper.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plan/plan.h"

namespace mapwright::plan {

// The common refinement of all subregions that arguments and fills use.
//   piece        a maximal set of points that belong to the same used subregions
//   field group  a maximal set of fields of a region that the same arguments and fills use
//   cell         piece x group; cells of a region are numbered piece-major from RegionAtoms::first_cell
struct Geometry {
  struct RegionAtoms {
    std::uint32_t first_piece = 0, pieces = 0;
    std::uint32_t first_group = 0, groups = 0;
    std::uint32_t first_cell = 0;
  };
  std::vector<RegionAtoms> regions;
  std::vector<PointSet> pieces;           // global numbers
  std::vector<FieldGroup> groups;         // global numbers
  std::vector<Cell> cells;

  std::vector<PointSet> point_sets;       // distinct used subregions
  std::vector<program::RegionId> set_region;
  std::vector<std::uint32_t> set_offsets; // point set s consists of set_pieces[set_offsets[s]..set_offsets[s+1])
  std::vector<std::uint32_t> set_pieces;  // global piece numbers, ascending
  std::vector<std::uint32_t> whole;       // by RegionId: its point set, kNone when never used as a whole
  std::vector<std::vector<std::uint32_t>> colored;  // by PartitionId, then colour; empty when never used

  // Groups (global numbers, ascending) of an argument of a launch: [LaunchId][argument]. Empty for privilege None.
  std::vector<std::vector<std::vector<std::uint32_t>>> argument_groups;
  // Groups an ordinary instance of a point set holds: every field of the region that a task using it touches.
  std::vector<std::vector<std::uint32_t>> instance_groups;
  // Groups a reduction instance of a point set holds, per operator.
  std::vector<std::array<std::vector<std::uint32_t>, 3>> reduction_groups;

  std::span<const std::uint32_t> pieces_of(std::uint32_t set) const {
    return std::span(set_pieces).subspan(set_offsets[set], set_offsets[set + 1] - set_offsets[set]);
  }
  std::uint32_t cell(const RegionAtoms& r, std::uint32_t piece, std::uint32_t group) const {
    return r.first_cell + (piece - r.first_piece) * r.groups + (group - r.first_group);
  }
};

// Cost: O(intervals log intervals) for one-dimensional regions, O(grid of distinct coordinates) otherwise.
Geometry make_geometry(const program::Program& program);

}  // namespace mapwright::plan
