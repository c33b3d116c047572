// The work of moving the mesh: centres, edges, areas, and volumes around the axis x = 0.
#include <algorithm>

#include "apps/pennant/work.h"

namespace mapwright::apps::pennant::work {

namespace {

void centers(const Arguments& a, FieldIndex points, FieldIndex zones, FieldIndex edges) {
  const PointVec px = a.point_vec(points);
  const VecLine zx = a.vec(Part::Zones, zones), ex = a.vec(Part::Sides, edges);
  const Ends p1(a, kMapsp1, kMapsp1Reg), p2(a, kMapsp2, kMapsp2Reg);
  const auto mapsz = a.line<std::int64_t>(Part::Sides, kMapsz);
  const auto znump = a.line<std::uint8_t>(Part::Zones, kZnump);
  const Range z = a.range(Part::Zones), s = a.range(Part::Sides);
  for (std::int64_t i = z.lo; i <= z.hi; ++i) zx.set(i, {});
  for (std::int64_t i = s.lo; i <= s.hi; ++i) {
    const Vec from = px[p1[i]];
    ex.set(i, 0.5 * (from + px[p2[i]]));
    zx.set(mapsz[i], zx[mapsz[i]] + from);
  }
  for (std::int64_t i = z.lo; i <= z.hi; ++i) zx.set(i, zx[i] / znump[i]);
}

// Edge lengths too where `lengths` names a field.
void volumes(const Arguments& a, FieldIndex points, FieldIndex centers, FieldIndex side_areas, FieldIndex areas, FieldIndex volumes,
             std::optional<FieldIndex> lengths) {
  const PointVec px = a.point_vec(points);
  const VecLine zx = a.vec(Part::Zones, centers);
  const auto sarea = a.line(Part::Sides, side_areas), zarea = a.line(Part::Zones, areas), zvol = a.line(Part::Zones, volumes);
  const auto elen = lengths ? a.line(Part::Sides, *lengths) : Line<double>();
  const Ends p1(a, kMapsp1, kMapsp1Reg), p2(a, kMapsp2, kMapsp2Reg);
  const auto mapsz = a.line<std::int64_t>(Part::Sides, kMapsz);
  const Range z = a.range(Part::Zones), s = a.range(Part::Sides);
  for (std::int64_t i = z.lo; i <= z.hi; ++i) zarea[i] = zvol[i] = 0;
  std::int64_t bad = 0;
  for (std::int64_t i = s.lo; i <= s.hi; ++i) {
    const std::int64_t zone = mapsz[i];
    const Vec from = px[p1[i]], to = px[p2[i]], center = zx[zone];
    const double area = 0.5 * cross(to - from, center - from), volume = area * (from.x + to.x + center.x) / 3;
    sarea[i] = area;
    if (lengths) elen[i] = length(to - from);
    zarea[zone] += area;
    zvol[zone] += volume;
    bad += volume <= 0;
  }
  a.result(static_cast<double>(bad));
}

}  // namespace

void calc_centers(const Arguments& a, const Setup&) { centers(a, kPxp, kZxp, kExp); }
void calc_centers_full(const Arguments& a, const Setup&) { centers(a, kPx, kZx, kEx); }
void calc_volumes(const Arguments& a, const Setup&) { volumes(a, kPxp, kZxp, kSareap, kZareap, kZvolp, kElen); }
void calc_volumes_full(const Arguments& a, const Setup&) { volumes(a, kPx, kZx, kSarea, kZarea, kZvol, {}); }

// Shortest distance of an edge from the opposite one; triangles reach only three quarters as far.
void calc_char_len(const Arguments& a, const Setup&) {
  const auto zdl = a.line(Part::Zones, kZdl), sareap = a.line(Part::Sides, kSareap), elen = a.line(Part::Sides, kElen);
  const auto mapsz = a.line<std::int64_t>(Part::Sides, kMapsz);
  const auto znump = a.line<std::uint8_t>(Part::Zones, kZnump);
  const Range z = a.range(Part::Zones), s = a.range(Part::Sides);
  for (std::int64_t i = z.lo; i <= z.hi; ++i) zdl[i] = 1e99;
  for (std::int64_t i = s.lo; i <= s.hi; ++i) {
    const std::int64_t zone = mapsz[i];
    zdl[zone] = std::min(zdl[zone], (znump[zone] == 3 ? 3.0 : 4.0) * sareap[i] / elen[i]);
  }
}

}  // namespace mapwright::apps::pennant::work
