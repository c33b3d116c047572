// The work of the initialisation.
#include <algorithm>

#include "apps/pennant/work.h"

namespace mapwright::apps::pennant::work {

namespace {

constexpr double kEps = 1e-12;

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

void init_mesh_zones(const Arguments& a, const Setup&) {
  const VecLine zx = a.vec(Part::Zones, kZx);
  const auto zarea = a.line(Part::Zones, kZarea), zvol = a.line(Part::Zones, kZvol);
  const Range zones = a.range(Part::Zones);
  for (std::int64_t z = zones.lo; z <= zones.hi; ++z) {
    zx.set(z, {});
    zarea[z] = zvol[z] = 0;
  }
}

void init_side_fracs(const Arguments& a, const Setup&) {
  const auto zarea = a.line(Part::Zones, kZarea), sarea = a.line(Part::Sides, kSarea), smf = a.line(Part::Sides, kSmf);
  const auto mapsz = a.line<std::int64_t>(Part::Sides, kMapsz);
  const Range sides = a.range(Part::Sides);
  for (std::int64_t side = sides.lo; side <= sides.hi; ++side) smf[side] = sarea[side] / zarea[mapsz[side]];
}

void init_hydro(const Arguments& a, const Setup& s) {
  const VecLine zx = a.vec(Part::Zones, kZx);
  const auto zvol = a.line(Part::Zones, kZvol), zr = a.line(Part::Zones, kZr), ze = a.line(Part::Zones, kZe),
             zwrate = a.line(Part::Zones, kZwrate), zm = a.line(Part::Zones, kZm), zetot = a.line(Part::Zones, kZetot);
  const Range zones = a.range(Part::Zones);
  for (std::int64_t z = zones.lo; z <= zones.hi; ++z) {
    const bool sub = s.in_subregion(zx[z].x, zx[z].y);
    zr[z] = sub ? s.rinitsub : s.rinit;
    ze[z] = sub ? s.einitsub : s.einit;
    zwrate[z] = 0;
    zm[z] = zr[z] * zvol[z];
    zetot[z] = ze[z] * zm[z];
  }
}

void init_radial_velocity(const Arguments& a, const Setup& s) {
  const VecLine px = a.vec(Part::Own, kPx), pu = a.vec(Part::Own, kPu);
  const Range points = a.range(Part::Own);
  for (std::int64_t p = points.lo; p <= points.hi; ++p) {
    const double radius = length(px[p]);
    pu.set(p, radius > kEps ? s.uinitradial / radius * px[p] : Vec {});
  }
}

}  // namespace mapwright::apps::pennant::work
