// program/cover.h - how many points a heap of rectangles covers, and whether a partition is disjoint and complete.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/base.h"

namespace mapwright::program {

__extension__ using Wide = unsigned __int128;  // 2^24 pieces of 2^50 points do not fit in 64 bits

// Number of points in the union of non-empty rectangles of one dimension >= 1. Nothing when it would take more than
// `budget` steps, which it counts down. Cost: O(n log n) in one dimension; with k distinct coordinates in the slowest
// dimension, k times the cost of the rectangles alive in a slab - so O(n log n) for grids of tiles with or without halos.
std::optional<Wide> union_volume(std::span<const Rect> rects, std::int64_t& budget);

struct Cover {
  bool disjoint = false;  // no point in two pieces
  bool complete = false;  // the pieces, which must lie inside the parent, cover it
};
// Nothing when it takes more than `budget` steps.
std::optional<Cover> cover(const PointSet& parent, std::span<const PointSet> pieces, std::int64_t& budget);

// `whole` cut into equal blocks, one per colour, first dimension fastest: Builder::add_block_partition.
std::vector<PointSet> block_pieces(const Rect& whole, const Rect& colors);

// Whether every point of `inner` is in `outer`. Cost: O(log n) per rectangle of `inner` in one dimension, else linear.
bool inside(const PointSet& inner, const PointSet& outer);

}  // namespace mapwright::program
