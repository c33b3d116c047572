// apps/pennant/geometry.h - moving the mesh: centres, edges, areas, and volumes around the axis x = 0. A zone is the work of one
// thread with all its sides, so that sums over them need no others.
#pragma once

#include <algorithm>

#include "apps/pennant/arguments.h"

namespace mapwright::apps::pennant::work {

template <typename Loops>
void centers(const Arguments& a, FieldIndex points, FieldIndex zones, FieldIndex edges) {
  const PointVec px = a.point_vec(points);
  const VecLine zx = a.vec(Part::Zones, zones), ex = a.vec(Part::Sides, edges);
  const Ends p1(a, kMapsp1, kMapsp1Reg), p2(a, kMapsp2, kMapsp2Reg);
  const auto znump = a.line<std::uint8_t>(Part::Zones, kZnump);
  Loops(a.context()).each(a.range(Part::Zones), [=] MW_HOST_DEVICE(std::int64_t z) {
    Vec sum;
    for (std::int64_t s = kCorners * z; s < kCorners * (z + 1); ++s) {
      const Vec from = px[p1[s]];
      ex.set(s, 0.5 * (from + px[p2[s]]));
      sum = sum + from;
    }
    zx.set(z, sum / znump[z]);
  });
}

// Edge lengths too where `lengths` names a field.
template <typename Loops>
void volumes(const Arguments& a, FieldIndex points, FieldIndex centers, FieldIndex side_areas, FieldIndex areas, FieldIndex volumes,
             std::optional<FieldIndex> lengths) {
  const PointVec px = a.point_vec(points);
  const VecLine zx = a.vec(Part::Zones, centers);
  const auto sarea = a.line(Part::Sides, side_areas), zarea = a.line(Part::Zones, areas), zvol = a.line(Part::Zones, volumes);
  const bool measure = lengths.has_value();
  const auto elen = measure ? a.line(Part::Sides, *lengths) : Line<double>();
  const Ends p1(a, kMapsp1, kMapsp1Reg), p2(a, kMapsp2, kMapsp2Reg);
  a.result(Loops(a.context()).sum(a.range(Part::Zones), [=] MW_HOST_DEVICE(std::int64_t z) {
    const Vec center = zx[z];
    double areas_of_sides = 0, volumes_of_sides = 0, bad = 0;
    for (std::int64_t s = kCorners * z; s < kCorners * (z + 1); ++s) {
      const Vec from = px[p1[s]], to = px[p2[s]];
      const double area = 0.5 * cross(to - from, center - from), volume = area * (from.x + to.x + center.x) / 3;
      sarea[s] = area;
      if (measure) elen[s] = length(to - from);
      areas_of_sides += area;
      volumes_of_sides += volume;
      bad += volume <= 0 ? 1 : 0;
    }
    zarea[z] = areas_of_sides;
    zvol[z] = volumes_of_sides;
    return bad;
  }));
}

template <typename Loops>
void calc_centers(const Arguments& a, const Setup&) { centers<Loops>(a, kPxp, kZxp, kExp); }
template <typename Loops>
void calc_centers_full(const Arguments& a, const Setup&) { centers<Loops>(a, kPx, kZx, kEx); }
template <typename Loops>
void calc_volumes(const Arguments& a, const Setup&) { volumes<Loops>(a, kPxp, kZxp, kSareap, kZareap, kZvolp, kElen); }
template <typename Loops>
void calc_volumes_full(const Arguments& a, const Setup&) { volumes<Loops>(a, kPx, kZx, kSarea, kZarea, kZvol, {}); }

// Shortest distance of an edge from the opposite one; triangles reach only three quarters as far.
template <typename Loops>
void calc_char_len(const Arguments& a, const Setup&) {
  const auto zdl = a.line(Part::Zones, kZdl), sareap = a.line(Part::Sides, kSareap), elen = a.line(Part::Sides, kElen);
  const auto znump = a.line<std::uint8_t>(Part::Zones, kZnump);
  Loops(a.context()).each(a.range(Part::Zones), [=] MW_HOST_DEVICE(std::int64_t z) {
    double shortest = 1e99;
    for (std::int64_t s = kCorners * z; s < kCorners * (z + 1); ++s) {
      shortest = std::min(shortest, (znump[z] == 3 ? 3.0 : 4.0) * sareap[s] / elen[s]);
    }
    zdl[z] = shortest;
  });
}

}  // namespace mapwright::apps::pennant::work
