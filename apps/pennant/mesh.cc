// Numbers of zones, sides and points, in closed form.
#include <algorithm>

#include "apps/pennant/pennant.h"

namespace mapwright::apps::pennant {

namespace {

// Zones [0, extent) cut into `pieces`: first zone of a piece, and the piece of a zone.
std::int64_t first(std::int64_t extent, std::int64_t pieces, std::int64_t piece) { return extent * piece / pieces; }
std::int64_t piece_of(std::int64_t extent, std::int64_t pieces, std::int64_t zone) { return ((zone + 1) * pieces - 1) / extent; }

// Lines of points in one dimension that lie inside pieces: before piece `piece`, and of it.
std::int64_t inner_before(std::int64_t extent, std::int64_t pieces, std::int64_t piece) {
  return piece == 0 ? 0 : first(extent, pieces, piece) - (piece - 1);
}
std::int64_t inner(std::int64_t extent, std::int64_t pieces, std::int64_t piece) {
  const std::int64_t zones = first(extent, pieces, piece + 1) - first(extent, pieces, piece);
  return zones + 1 - (piece > 0) - (piece + 1 < pieces);
}

Rect interval(std::int64_t first, std::int64_t count) { return Rect({first}, {first + count - 1}); }

}  // namespace

Rect Mesh::block(std::int64_t piece) const {
  const std::int64_t cx = piece % pcx, cy = piece / pcx;
  return {{first(nzx, pcx, cx), first(nzy, pcy, cy)}, {first(nzx, pcx, cx + 1) - 1, first(nzy, pcy, cy + 1) - 1}};
}

Rect Mesh::zones(std::int64_t piece) const {
  const Rect b = block(piece);
  return interval(nzx * b.lo[1] + b.extent(1) * b.lo[0], b.volume());
}

Rect Mesh::sides(std::int64_t piece) const {
  const Rect z = zones(piece);
  return Rect({4 * z.lo[0]}, {4 * z.hi[0] + 3});
}

Rect Mesh::private_points(std::int64_t piece) const {
  const std::int64_t cx = piece % pcx, cy = piece / pcx, rows = inner(nzy, pcy, cy);
  return interval((nzx + 2 - pcx) * inner_before(nzy, pcy, cy) + rows * inner_before(nzx, pcx, cx), rows * inner(nzx, pcx, cx));
}

std::int64_t Mesh::top_count(std::int64_t piece) const {
  const std::int64_t cx = piece % pcx, cy = piece / pcx;
  return cy + 1 < pcy ? block(piece).extent(0) + 1 - (cx > 0) : 0;
}

std::int64_t Mesh::right_count(std::int64_t piece) const {
  return piece % pcx + 1 < pcx ? inner(nzy, pcy, piece / pcx) : 0;
}

std::int64_t Mesh::first_shared(std::int64_t piece) const {
  const std::int64_t cx = piece % pcx, cy = piece / pcx;
  const std::int64_t below = (nzx + 1) * cy + (pcx - 1) * inner_before(nzy, pcy, cy);
  const std::int64_t tops = cy + 1 < pcy && cx > 0 ? first(nzx, pcx, cx) + 1 : 0;
  return private_count() + below + tops + cx * inner(nzy, pcy, cy);
}

Rect Mesh::shared_points(std::int64_t piece) const {
  return interval(first_shared(piece), top_count(piece) + right_count(piece));
}

PointSet Mesh::ghost_points(std::int64_t piece) const {
  const std::int64_t cx = piece % pcx, cy = piece / pcx;
  std::vector<Rect> all {shared_points(piece)};
  if (cx > 0) {  // the left one's column, with the corner on its top
    const Rect left = shared_points(piece - 1);
    all.push_back(Rect({left.lo[0] + top_count(piece - 1) - (cy + 1 < pcy)}, left.hi));
  }
  if (cy > 0) all.push_back(interval(first_shared(piece - pcx), top_count(piece - pcx)));
  if (cx > 0 && cy > 0) {
    const std::int64_t below = piece - pcx - 1;
    all.push_back(interval(first_shared(below) + top_count(below) - 1, 1));
  }
  return PointSet::of_rects(1, std::move(all));
}

std::int64_t Mesh::column_of_pieces(std::int64_t column) const { return piece_of(nzx, pcx, column); }
std::int64_t Mesh::row_of_pieces(std::int64_t row) const { return piece_of(nzy, pcy, row); }

std::int64_t Mesh::zone(std::int64_t column, std::int64_t row) const {
  const std::int64_t piece = row_of_pieces(row) * pcx + column_of_pieces(column);
  const Rect b = block(piece);
  return zones(piece).lo[0] + (row - b.lo[1]) * b.extent(0) + column - b.lo[0];
}

Point Mesh::zone_at(std::int64_t zone) const {
  const std::int64_t cy = row_of_pieces(zone / nzx);
  const std::int64_t rows = first(nzy, pcy, cy + 1) - first(nzy, pcy, cy), within = zone - nzx * first(nzy, pcy, cy);
  const std::int64_t piece = cy * pcx + column_of_pieces(within / rows);
  const Rect b = block(piece);
  const std::int64_t i = zone - zones(piece).lo[0];
  return {b.lo[0] + i % b.extent(0), b.lo[1] + i / b.extent(0)};
}

std::int64_t Mesh::point(std::int64_t column, std::int64_t row) const {
  const std::int64_t cx = column_of_pieces(std::max<std::int64_t>(column - 1, 0)), cy = row_of_pieces(std::max<std::int64_t>(row - 1, 0));
  const std::int64_t piece = cy * pcx + cx;
  const Rect b = block(piece);
  const std::int64_t i = column - b.lo[0] - (cx > 0), j = row - b.lo[1] - (cy > 0);
  if (cy + 1 < pcy && row == b.hi[1] + 1) return first_shared(piece) + i;
  if (cx + 1 < pcx && column == b.hi[0] + 1) return first_shared(piece) + top_count(piece) + right_count(piece) - 1 - j;  // downwards
  return private_points(piece).lo[0] + j * inner(nzx, pcx, cx) + i;
}

std::int64_t pieces_in_x(std::int64_t nzx, std::int64_t nzy, std::int64_t pieces) {
  const bool wide = nzx > nzy;
  const auto narrow = static_cast<double>(wide ? nzy : nzx), across = static_cast<double>(wide ? nzx : nzy);
  const double n = std::sqrt(static_cast<double>(pieces) * narrow / across);
  std::int64_t fewer = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(n + 1e-12)), 1, pieces);
  std::int64_t more = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(n - 1e-12)), 1, pieces);
  while (pieces % fewer != 0) --fewer;
  while (pieces % more != 0) ++more;
  const auto longest = [&](std::int64_t count) {
    return std::max(narrow / static_cast<double>(count), across / static_cast<double>(pieces / count));
  };
  const std::int64_t chosen = longest(fewer) <= longest(more) ? fewer : more;
  return wide ? pieces / chosen : chosen;
}

}  // namespace mapwright::apps::pennant
