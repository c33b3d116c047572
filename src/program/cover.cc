#include "program/cover.h"

#include <algorithm>

namespace mapwright::program {

namespace {

using Rects = std::vector<const Rect*>;

Wide wide(std::int64_t v) { return static_cast<Wide>(v); }

Wide merged_length(Rects& rects) {
  std::sort(rects.begin(), rects.end(), [](const Rect* a, const Rect* b) { return a->lo[0] < b->lo[0]; });
  Wide length = 0;
  std::int64_t next = rects.front()->lo[0];
  for (const Rect* r : rects) {
    const std::int64_t begin = std::max(next, r->lo[0]);
    if (r->hi[0] < begin) continue;
    length += wide(r->hi[0] - begin + 1);
    next = r->hi[0] + 1;
  }
  return length;
}

// Sweeps dimension d in slabs between coordinates where a rectangle begins or ends.
std::optional<Wide> sweep(Rects& rects, int d, std::int64_t& budget) {
  budget -= static_cast<std::int64_t>(rects.size());
  if (budget < 0) return std::nullopt;
  if (d == 0) return merged_length(rects);
  std::vector<std::int64_t> cuts;
  cuts.reserve(2 * rects.size());
  for (const Rect* r : rects) {
    cuts.push_back(r->lo[d]);
    cuts.push_back(r->hi[d] + 1);
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  std::sort(rects.begin(), rects.end(), [d](const Rect* a, const Rect* b) { return a->lo[d] < b->lo[d]; });
  Wide volume = 0;
  Rects alive, slab;
  std::size_t next = 0;
  for (std::size_t c = 0; c + 1 < cuts.size(); ++c) {
    std::erase_if(alive, [&](const Rect* r) { return r->hi[d] < cuts[c]; });
    for (; next < rects.size() && rects[next]->lo[d] == cuts[c]; ++next) alive.push_back(rects[next]);
    if (alive.empty()) continue;
    slab = alive;
    const std::optional<Wide> area = sweep(slab, d - 1, budget);
    if (!area) return std::nullopt;
    volume += *area * wide(cuts[c + 1] - cuts[c]);
  }
  return volume;
}

}  // namespace

std::optional<Wide> union_volume(std::span<const Rect> rects, std::int64_t& budget) {
  if (rects.empty()) return Wide {0};
  Rects all;
  all.reserve(rects.size());
  for (const Rect& r : rects) all.push_back(&r);
  return sweep(all, rects.front().dim() - 1, budget);
}

std::optional<Cover> cover(const PointSet& parent, std::span<const PointSet> pieces, std::int64_t& budget) {
  std::vector<Rect> rects;
  Wide sum = 0;
  for (const PointSet& s : pieces) {
    rects.insert(rects.end(), s.rects().begin(), s.rects().end());
    sum += wide(s.volume());
  }
  const std::optional<Wide> covered = union_volume(rects, budget);
  if (!covered) return std::nullopt;
  return Cover {*covered == sum, *covered == wide(parent.volume())};
}

std::vector<PointSet> block_pieces(const Rect& whole, const Rect& colors) {
  std::vector<PointSet> pieces;
  pieces.reserve(static_cast<std::size_t>(colors.volume()));
  for_each_point(colors, [&](const Point& c) {
    Rect piece = whole;
    for (int d = 0; d < whole.dim(); ++d) {
      const std::int64_t size = (whole.extent(d) + colors.extent(d) - 1) / colors.extent(d);
      piece.lo[d] = whole.lo[d] + c[d] * size;
      piece.hi[d] = std::min(whole.hi[d], piece.lo[d] + size - 1);
    }
    pieces.emplace_back(piece);
  });
  return pieces;
}

bool inside(const PointSet& inner, const PointSet& outer) {
  if (inner.empty()) return true;
  if (outer.empty() || inner.dim() != outer.dim()) return false;
  for (const Rect& r : inner.rects()) {
    if (outer.dim() == 1) {
      // Intervals of a set never touch, so one of them holds all of r.
      const auto after = std::upper_bound(outer.rects().begin(), outer.rects().end(), r.lo[0],
                                          [](std::int64_t lo, const Rect& o) { return lo < o.lo[0]; });
      if (after == outer.rects().begin() || !std::prev(after)->contains(r)) return false;
    } else {
      std::int64_t covered = 0;
      for (const Rect& o : outer.rects()) covered += intersect(r, o).volume();
      if (covered != r.volume()) return false;
    }
  }
  return true;
}

}  // namespace mapwright::program
