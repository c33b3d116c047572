// apps/pennant/viscosity.h - the artificial viscosity, corner by corner (Campbell and Shashkov's without limiters). Corner s of a
// zone is the first point of side s; the side before it ends there.
#pragma once

#include <algorithm>

#include "apps/pennant/arguments.h"

namespace mapwright::apps::pennant::work {

template <typename Loops>
void qcs_zone_center_velocity(const Arguments& a, const Setup&) {
  const VecLine zuc = a.vec(Part::Zones, kZuc);
  const PointVec pu = a.point_vec(kPu);
  const Ends p1(a, kMapsp1, kMapsp1Reg);
  const auto znump = a.line<std::uint8_t>(Part::Zones, kZnump);
  Loops(a.context()).each(a.range(Part::Zones), [=] MW_HOST_DEVICE(std::int64_t z) {
    Vec sum;
    for (std::int64_t s = kCorners * z; s < kCorners * (z + 1); ++s) sum = sum + pu[p1[s]];
    zuc.set(z, sum / znump[z]);
  });
}

// The quadrilateral of a corner: its point, the middle of the edge that leaves it, the centre of the zone, the middle of
// the edge that comes in.
struct Quad {
  Vec point, leaving, center, coming;
};

struct Corner {
  double area, cosine, divergence, length, speed;
};

MW_HOST_DEVICE inline Corner corner(const Quad& x, const Quad& u, double leaving_length, double coming_length) {
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

template <typename Loops>
void qcs_corner_divergence(const Arguments& a, const Setup&) {
  const VecLine zxp = a.vec(Part::Zones, kZxp), zuc = a.vec(Part::Zones, kZuc), exp = a.vec(Part::Sides, kExp);
  const PointVec pxp = a.point_vec(kPxp), pu = a.point_vec(kPu);
  const Ends p1(a, kMapsp1, kMapsp1Reg), p2(a, kMapsp2, kMapsp2Reg);
  const auto mapsz = a.line<std::int64_t>(Part::Sides, kMapsz), mapss3 = a.line<std::int64_t>(Part::Sides, kMapss3);
  const auto elen = a.line(Part::Sides, kElen), carea = a.line(Part::Sides, kCarea), ccos = a.line(Part::Sides, kCcos),
             cdiv = a.line(Part::Sides, kCdiv), cevol = a.line(Part::Sides, kCevol), cdu = a.line(Part::Sides, kCdu);
  Loops(a.context()).each(a.range(Part::Sides), [=] MW_HOST_DEVICE(std::int64_t s) {
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
  });
}

// Kurapatenko's viscosity along the two edges of a corner.
template <typename Loops>
void qcs_qcn_force(const Arguments& a, const Setup& setup) {
  const auto zrp = a.line(Part::Zones, kZrp), zss = a.line(Part::Zones, kZss), elen = a.line(Part::Sides, kElen),
             cdiv = a.line(Part::Sides, kCdiv), cdu = a.line(Part::Sides, kCdu), cevol = a.line(Part::Sides, kCevol);
  const VecLine cqe1 = a.vec(Part::Sides, kCqe1), cqe2 = a.vec(Part::Sides, kCqe2);
  const PointVec pu = a.point_vec(kPu);
  const Ends p1(a, kMapsp1, kMapsp1Reg), p2(a, kMapsp2, kMapsp2Reg);
  const auto mapsz = a.line<std::int64_t>(Part::Sides, kMapsz), mapss3 = a.line<std::int64_t>(Part::Sides, kMapss3);
  Loops(a.context()).each(a.range(Part::Sides), [=] MW_HOST_DEVICE(std::int64_t s) {
    const std::int64_t before = mapss3[s], z = mapsz[s];
    const double quadratic = setup.q2 * 0.25 * (setup.qgamma + 1) * cdu[s], linear = setup.q1 * zss[z];
    const double speed = quadratic + std::sqrt(quadratic * quadratic + linear * linear);
    const double rmu = cdiv[s] > 0 ? 0 : speed * zrp[z] * cevol[s];
    const Vec u = pu[p2[before]];
    cqe1.set(s, rmu * (u - pu[p1[before]]) / elen[before]);
    cqe2.set(s, rmu * (pu[p2[s]] - u) / elen[s]);
  });
}

// Weight of a corner and its cosine; corners that are nearly straight do not count.
struct Weight {
  double weight, cosine;
};
MW_HOST_DEVICE inline Weight weight(double area, double cosine) {
  const double sine2 = 1 - cosine * cosine;
  return sine2 < 1e-4 ? Weight {0, 0} : Weight {area / sine2, cosine};
}

template <typename Loops>
void qcs_force(const Arguments& a, const Setup&) {
  const auto after = a.line<std::int64_t>(Part::Sides, kMapss4);
  const auto elen = a.line(Part::Sides, kElen), carea = a.line(Part::Sides, kCarea), ccos = a.line(Part::Sides, kCcos);
  const VecLine cqe1 = a.vec(Part::Sides, kCqe1), cqe2 = a.vec(Part::Sides, kCqe2), sfq = a.vec(Part::Sides, kSfq);
  Loops(a.context()).each(a.range(Part::Sides), [=] MW_HOST_DEVICE(std::int64_t s) {
    const std::int64_t next = after[s];
    const Weight one = weight(carea[s], ccos[s]), two = weight(carea[next], ccos[next]);
    sfq.set(s, (one.weight * (cqe2[s] + one.cosine * cqe1[s]) + two.weight * (cqe1[next] + two.cosine * cqe2[next])) / elen[s]);
  });
}

template <typename Loops>
void qcs_vel_diff(const Arguments& a, const Setup& setup) {
  const auto zss = a.line(Part::Zones, kZss), zdu = a.line(Part::Zones, kZdu), largest = a.line(Part::Zones, kZ0tmp), elen = a.line(Part::Sides, kElen);
  const PointVec pxp = a.point_vec(kPxp), pu = a.point_vec(kPu);
  const Ends p1(a, kMapsp1, kMapsp1Reg), p2(a, kMapsp2, kMapsp2Reg);
  const double q1 = setup.q1, q2 = setup.q2;
  Loops(a.context()).each(a.range(Part::Zones), [=] MW_HOST_DEVICE(std::int64_t z) {
    double most = 0;
    for (std::int64_t s = kCorners * z; s < kCorners * (z + 1); ++s) {
      const Pointer from = p1[s], to = p2[s];
      const double along = std::abs(dot(pu[to] - pu[from], pxp[to] - pxp[from]));
      most = std::max(most, elen[s] > 0 ? along / elen[s] : 0.0);
    }
    largest[z] = most;
    zdu[z] = q1 * zss[z] + 2 * q2 * most;
  });
}

}  // namespace mapwright::apps::pennant::work
