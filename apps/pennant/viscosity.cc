// The work of the artificial viscosity, corner by corner (Campbell and Shashkov's without limiters). Corner s of a zone is
// the first point of side s; the side before it ends there.
#include <algorithm>

#include "apps/pennant/work.h"

namespace mapwright::apps::pennant::work {

void qcs_zone_center_velocity(const Arguments& a, const Setup&) {
  const VecLine zuc = a.vec(Part::Zones, kZuc);
  const PointVec pu = a.point_vec(kPu);
  const Ends p1(a, kMapsp1, kMapsp1Reg);
  const auto mapsz = a.line<std::int64_t>(Part::Sides, kMapsz);
  const auto znump = a.line<std::uint8_t>(Part::Zones, kZnump);
  const Range zones = a.range(Part::Zones), sides = a.range(Part::Sides);
  for (std::int64_t z = zones.lo; z <= zones.hi; ++z) zuc.set(z, {});
  for (std::int64_t s = sides.lo; s <= sides.hi; ++s) zuc.set(mapsz[s], zuc[mapsz[s]] + pu[p1[s]]);
  for (std::int64_t z = zones.lo; z <= zones.hi; ++z) zuc.set(z, zuc[z] / znump[z]);
}

namespace {

// The quadrilateral of a corner: its point, the middle of the edge that leaves it, the centre of the zone, the middle of
// the edge that comes in.
struct Quad {
  Vec point, leaving, center, coming;
};

struct Corner {
  double area, cosine, divergence, length, speed;
};

Corner corner(const Quad& x, const Quad& u, double leaving_length, double coming_length) {
  Corner c {};
  c.area = 0.5 * cross(x.center - x.point, x.coming - x.leaving);
  const double shortest = std::min(coming_length, leaving_length);
  c.cosine = shortest < 1e-12 ? 0 : 4 * dot(x.coming - x.point, x.leaving - x.point) / (coming_length * leaving_length);
  c.divergence = (cross(u.center - u.point, x.coming - x.leaving) - cross(u.coming - u.leaving, x.center - x.point)) / (2 * c.area);
  if (!(c.divergence < 0)) return c;
  // Extent along the flow.
  const Vec across = 0.5 * (x.leaving + x.center - x.point - x.coming), along = 0.5 * (x.center + x.coming - x.point - x.leaving);
  const double width = length(across), height = length(along);
  const Vec mean = 0.25 * (u.point + u.leaving + u.center + u.coming);
  const bool flat = std::abs(dot(across, mean) * height) > std::abs(dot(along, mean) * width);
  c.length = std::min(std::sqrt(4 * c.area * (flat ? width / height : height / width)), 2 * shortest);
  const Vec d1 = u.leaving + u.center - u.point - u.coming, d2 = u.center + u.coming - u.point - u.leaving;
  c.speed = std::sqrt(std::max(dot(d1, d1), dot(d2, d2)));
  return c;
}

}  // namespace

void qcs_corner_divergence(const Arguments& a, const Setup&) {
  const VecLine zxp = a.vec(Part::Zones, kZxp), zuc = a.vec(Part::Zones, kZuc), exp = a.vec(Part::Sides, kExp);
  const PointVec pxp = a.point_vec(kPxp), pu = a.point_vec(kPu);
  const Ends p1(a, kMapsp1, kMapsp1Reg), p2(a, kMapsp2, kMapsp2Reg);
  const auto mapsz = a.line<std::int64_t>(Part::Sides, kMapsz), mapss3 = a.line<std::int64_t>(Part::Sides, kMapss3);
  const auto elen = a.line(Part::Sides, kElen), carea = a.line(Part::Sides, kCarea), ccos = a.line(Part::Sides, kCcos),
             cdiv = a.line(Part::Sides, kCdiv), cevol = a.line(Part::Sides, kCevol), cdu = a.line(Part::Sides, kCdu);
  const Range sides = a.range(Part::Sides);
  for (std::int64_t s = sides.lo; s <= sides.hi; ++s) {
    const std::int64_t before = mapss3[s], z = mapsz[s];
    const Pointer p = p2[before];
    const Vec u = pu[p];
    const Quad x {pxp[p], exp[s], zxp[z], exp[before]};
    const Quad v {u, 0.5 * (u + pu[p2[s]]), zuc[z], 0.5 * (pu[p1[before]] + u)};
    const Corner c = corner(x, v, elen[s], elen[before]);
    carea[s] = c.area;
    ccos[s] = c.cosine;
    cdiv[s] = c.divergence;
    cevol[s] = c.length;
    cdu[s] = c.speed;
  }
}

// Kurapatenko's viscosity along the two edges of a corner.
void qcs_qcn_force(const Arguments& a, const Setup& setup) {
  const auto zrp = a.line(Part::Zones, kZrp), zss = a.line(Part::Zones, kZss), elen = a.line(Part::Sides, kElen),
             cdiv = a.line(Part::Sides, kCdiv), cdu = a.line(Part::Sides, kCdu), cevol = a.line(Part::Sides, kCevol);
  const VecLine cqe1 = a.vec(Part::Sides, kCqe1), cqe2 = a.vec(Part::Sides, kCqe2);
  const PointVec pu = a.point_vec(kPu);
  const Ends p1(a, kMapsp1, kMapsp1Reg), p2(a, kMapsp2, kMapsp2Reg);
  const auto mapsz = a.line<std::int64_t>(Part::Sides, kMapsz), mapss3 = a.line<std::int64_t>(Part::Sides, kMapss3);
  const Range sides = a.range(Part::Sides);
  for (std::int64_t s = sides.lo; s <= sides.hi; ++s) {
    const std::int64_t before = mapss3[s], z = mapsz[s];
    const double quadratic = setup.q2 * 0.25 * (setup.qgamma + 1) * cdu[s], linear = setup.q1 * zss[z];
    const double speed = quadratic + std::sqrt(quadratic * quadratic + linear * linear);
    const double rmu = cdiv[s] > 0 ? 0 : speed * zrp[z] * cevol[s];
    const Vec u = pu[p2[before]];
    cqe1.set(s, rmu * (u - pu[p1[before]]) / elen[before]);
    cqe2.set(s, rmu * (pu[p2[s]] - u) / elen[s]);
  }
}

void qcs_force(const Arguments& a, const Setup&) {
  const auto after = a.line<std::int64_t>(Part::Sides, kMapss4);
  const auto elen = a.line(Part::Sides, kElen), carea = a.line(Part::Sides, kCarea), ccos = a.line(Part::Sides, kCcos);
  const VecLine cqe1 = a.vec(Part::Sides, kCqe1), cqe2 = a.vec(Part::Sides, kCqe2), sfq = a.vec(Part::Sides, kSfq);
  const Range sides = a.range(Part::Sides);
  // Weight of a corner and its cosine; corners that are nearly straight do not count.
  const auto weight = [&](std::int64_t c) {
    const double sine2 = 1 - ccos[c] * ccos[c];
    return sine2 < 1e-4 ? std::pair(0.0, 0.0) : std::pair(carea[c] / sine2, ccos[c]);
  };
  for (std::int64_t s = sides.lo; s <= sides.hi; ++s) {
    const std::int64_t next = after[s];
    const auto [w1, cos1] = weight(s);
    const auto [w2, cos2] = weight(next);
    sfq.set(s, (w1 * (cqe2[s] + cos1 * cqe1[s]) + w2 * (cqe1[next] + cos2 * cqe2[next])) / elen[s]);
  }
}

void qcs_vel_diff(const Arguments& a, const Setup& setup) {
  const auto zss = a.line(Part::Zones, kZss), zdu = a.line(Part::Zones, kZdu), largest = a.line(Part::Zones, kZ0tmp), elen = a.line(Part::Sides, kElen);
  const PointVec pxp = a.point_vec(kPxp), pu = a.point_vec(kPu);
  const Ends p1(a, kMapsp1, kMapsp1Reg), p2(a, kMapsp2, kMapsp2Reg);
  const auto mapsz = a.line<std::int64_t>(Part::Sides, kMapsz);
  const Range zones = a.range(Part::Zones), sides = a.range(Part::Sides);
  for (std::int64_t z = zones.lo; z <= zones.hi; ++z) largest[z] = 0;
  for (std::int64_t s = sides.lo; s <= sides.hi; ++s) {
    const Pointer from = p1[s], to = p2[s];
    const double along = std::abs(dot(pu[to] - pu[from], pxp[to] - pxp[from]));
    largest[mapsz[s]] = std::max(largest[mapsz[s]], elen[s] > 0 ? along / elen[s] : 0.0);
  }
  for (std::int64_t z = zones.lo; z <= zones.hi; ++z) zdu[z] = setup.q1 * zss[z] + 2 * setup.q2 * largest[z];
}

}  // namespace mapwright::apps::pennant::work
