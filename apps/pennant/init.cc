// The work of the initialisation that needs a CPU.
#include <algorithm>

#include "apps/pennant/work.h"

namespace mapwright::apps::pennant::work {

namespace {

// Position of points and the walls that they slide along.
void place(const Arguments& a, const Setup& s, Part part) {
  const VecLine px = a.vec(part, kPx);
  const auto bcx = a.line<std::uint8_t>(part, kHasBcx), bcy = a.line<std::uint8_t>(part, kHasBcy);
  const PointSet& mine = a.set(part);
  const Rect block = s.mesh.block(a.piece());
  const auto at = [&](std::int64_t column, std::int64_t row) {
    const std::int64_t p = s.mesh.point(column, row);
    if (!mine.contains({p})) return;
    px.set(p, {s.mesh.x(column), s.mesh.y(row)});
    bcx[p] = column == 0 || (column == s.mesh.nzx && s.bcx_far);
    bcy[p] = row == 0 || (row == s.mesh.nzy && s.bcy_far);
  };
  for (std::int64_t row = block.lo[1]; row <= block.hi[1] + 1; ++row) {
    for (std::int64_t column = block.lo[0]; column <= block.hi[0] + 1; ++column) at(column, row);
  }
}

}  // namespace

void initialize_topology(const Arguments& a, const Setup& s) {
  place(a, s, Part::Private);
  place(a, s, Part::Shared);
  const auto znump = a.line<std::uint8_t>(Part::Zones, kZnump);
  const auto mapsz = a.line<std::int64_t>(Part::Sides, kMapsz), before = a.line<std::int64_t>(Part::Sides, kMapss3),
             after = a.line<std::int64_t>(Part::Sides, kMapss4), p1 = a.line<std::int64_t>(Part::Sides, kMapsp1),
             p2 = a.line<std::int64_t>(Part::Sides, kMapsp2);
  const Rect block = s.mesh.block(a.piece());
  std::int64_t z = a.range(Part::Zones).lo;
  for (std::int64_t row = block.lo[1]; row <= block.hi[1]; ++row) {
    for (std::int64_t column = block.lo[0]; column <= block.hi[0]; ++column, ++z) {
      const std::int64_t corners[] = {s.mesh.point(column, row), s.mesh.point(column + 1, row), s.mesh.point(column + 1, row + 1), s.mesh.point(column, row + 1)};
      znump[z] = 4;
      for (std::int64_t k = 0; k < 4; ++k) {
        const std::int64_t side = 4 * z + k;
        mapsz[side] = z;
        before[side] = 4 * z + (k + 3) % 4;
        after[side] = 4 * z + (k + 1) % 4;
        p1[side] = corners[k];
        p2[side] = corners[(k + 1) % 4];
      }
    }
  }
}

void init_pointers(const Arguments& a, const Setup&) {
  const PointSet& own = a.set(Part::Private);
  const Range sides = a.range(Part::Sides);
  for (const auto& [points, tags] : {std::pair(kMapsp1, kMapsp1Reg), std::pair(kMapsp2, kMapsp2Reg)}) {
    const auto point = a.line<std::int64_t>(Part::Sides, points);
    const auto tag = a.line<std::uint8_t>(Part::Sides, tags);
    for (std::int64_t side = sides.lo; side <= sides.hi; ++side) tag[side] = own.contains({point[side]}) ? kIsPrivate : kIsGhost;
  }
}

}  // namespace mapwright::apps::pennant::work
