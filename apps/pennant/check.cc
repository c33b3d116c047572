// The numeric check of Pennant: finite state, positive volumes, constant masses, conserved energy, kept symmetries.
#include <algorithm>

#include "apps/pennant/arguments.h"
#include "apps/support/build.h"

namespace mapwright::apps::pennant {

namespace {

// Lines over whole regions, as the check sees them.
class State {
 public:
  explicit State(const program::RegionReader& regions) : regions_(regions) {}
  Line<double> line(RegionIndex region, FieldIndex f) const { return Line<double>(regions_.field(region, f)); }
  VecLine vec(RegionIndex region, FieldIndex f) const { return {line(region, f), line(region, f + 1)}; }

 private:
  const program::RegionReader& regions_;
};

double zone_volume(const Mesh& m, std::int64_t column, std::int64_t row) {
  const double x0 = m.x(column), x1 = m.x(column + 1);
  return 0.5 * (x1 * x1 - x0 * x0) * (m.y(row + 1) - m.y(row));  // of one radian around the axis
}

}  // namespace

Energy initial_energy(const Setup& s) {
  Energy e;
  const Mesh& m = s.mesh;
  for (std::int64_t row = 0; row < m.nzy; ++row) {
    for (std::int64_t column = 0; column < m.nzx; ++column) {
      const bool sub = s.in_subregion(0.5 * (m.x(column) + m.x(column + 1)), 0.5 * (m.y(row) + m.y(row + 1)));
      const double mass = (sub ? s.rinitsub : s.rinit) * zone_volume(m, column, row);
      e.internal += mass * (sub ? s.einitsub : s.einit);
      // A corner weighs with the radius of its point; only the one at the origin rests.
      for (const std::int64_t at : {column, column + 1}) {
        const double share = 0.25 * m.x(at) / (0.5 * (m.x(column) + m.x(column + 1)));
        for (int upper = 0; upper < 2; ++upper) e.kinetic += 0.5 * mass * share * s.uinitradial * s.uinitradial;
      }
    }
  }
  return e;
}

Energy energy(const Setup& s, const program::RegionReader& regions) {
  const State state(regions);
  const auto zetot = state.line(kZones, kZetot), zarea = state.line(kZones, kZarea), zvol = state.line(kZones, kZvol), zm = state.line(kZones, kZm),
             smf = state.line(kSides, kSmf);
  const VecLine px = state.vec(kPoints, kPx), pu = state.vec(kPoints, kPu);
  Energy e;
  for (std::int64_t row = 0; row < s.mesh.nzy; ++row) {
    for (std::int64_t column = 0; column < s.mesh.nzx; ++column) {
      const std::int64_t z = s.mesh.zone(column, row);
      e.internal += zetot[z];
      for (std::int64_t k = 0; k < 4; ++k) {
        const std::int64_t p = s.mesh.point(column + (k == 1 || k == 2), row + (k >= 2));
        const double share = zarea[z] * px[p].x * 0.5 * (smf[4 * z + k] + smf[4 * z + (k + 3) % 4]) / zvol[z];
        e.kinetic += zm[z] * share * 0.5 * dot(pu[p], pu[p]);
      }
    }
  }
  return e;
}

namespace {

using Complaint = std::optional<std::string>;

// Every number that the final state consists of, and what must be positive.
Complaint broken_state(const Setup& s, const State& state) {
  const Mesh& m = s.mesh;
  const auto zr = state.line(kZones, kZr), ze = state.line(kZones, kZe), zp = state.line(kZones, kZp), zvol = state.line(kZones, kZvol),
             zm = state.line(kZones, kZm), zetot = state.line(kZones, kZetot), sarea = state.line(kSides, kSarea);
  for (std::int64_t z = 0; z < m.zone_count(); ++z) {
    if (!std::isfinite(zr[z]) || !std::isfinite(ze[z]) || !std::isfinite(zp[z])) return fmt::format("the state of zone {} is not finite", z);
    if (!(zvol[z] > 0)) return fmt::format("the volume of zone {} is {}", z, zvol[z]);
    for (std::int64_t k = 0; k < 4; ++k) {
      if (!(sarea[4 * z + k] > 0)) return fmt::format("the area of side {} is {}", 4 * z + k, sarea[4 * z + k]);
    }
    const Point at = m.zone_at(z);
    const bool sub = s.in_subregion(0.5 * (m.x(at[0]) + m.x(at[0] + 1)), 0.5 * (m.y(at[1]) + m.y(at[1] + 1)));
    const double mass = (sub ? s.rinitsub : s.rinit) * zone_volume(m, at[0], at[1]);
    if (!(std::abs(zm[z] - mass) <= 1e-9 * mass)) return wrong_value("zm", "zones", {z}, zm[z], mass);
    if (!(std::abs(zr[z] * zvol[z] - mass) <= 1e-9 * mass)) return wrong_value("zr * zvol", "zones", {z}, zr[z] * zvol[z], mass);
    if (!(std::abs(ze[z] * zm[z] - zetot[z]) <= 1e-12 * std::abs(zetot[z]))) return wrong_value("zetot", "zones", {z}, zetot[z], ze[z] * zm[z]);
  }
  const VecLine px = state.vec(kPoints, kPx), pu = state.vec(kPoints, kPu), pf = state.vec(kPoints, kPf);
  const auto pmaswt = state.line(kPoints, kPmaswt);
  const double most_force = 0x1.0p52 * s.force_unit(), most_mass = 0x1.0p52 * s.mass_unit();
  for (std::int64_t p = 0; p < m.point_count(); ++p) {
    if (!std::isfinite(px[p].x + px[p].y + pu[p].x + pu[p].y)) return fmt::format("the motion of point {} is not finite", p);
    if (!(pmaswt[p] > 0)) return fmt::format("the mass at point {} is {}", p, pmaswt[p]);
    // Beyond these, sums of corners would depend on their order.
    if (!(pmaswt[p] < most_mass && std::abs(pf[p].x) < most_force && std::abs(pf[p].y) < most_force)) {
      return fmt::format("the mass or force at point {} is too large for exact sums", p);
    }
  }
  return {};
}

// Masses and forces at points are exactly those of the corners around them; walls take the force across them.
Complaint wrong_sums(const Setup& s, const State& state, const program::RegionReader& regions) {
  const Mesh& m = s.mesh;
  const auto zrp = state.line(kZones, kZrp), zareap = state.line(kZones, kZareap), smf = state.line(kSides, kSmf), pmaswt = state.line(kPoints, kPmaswt);
  const VecLine sfq = state.vec(kSides, kSfq), sft = state.vec(kSides, kSft), pf = state.vec(kPoints, kPf);
  const Line<std::uint8_t> bcx(regions.field(kPoints, kHasBcx)), bcy(regions.field(kPoints, kHasBcy));
  std::vector<double> mass(static_cast<std::size_t>(m.point_count()));
  std::vector<Vec> force(mass.size());
  for (std::int64_t z = 0; z < m.zone_count(); ++z) {
    const Point at = m.zone_at(z);
    for (std::int64_t k = 0; k < 4; ++k) {
      const std::int64_t side = 4 * z + k, before = 4 * z + (k + 3) % 4;
      const auto p = static_cast<std::size_t>(m.point(at[0] + (k == 1 || k == 2), at[1] + (k >= 2)));
      const Vec f = (sfq[side] + sft[side]) - (sfq[before] + sft[before]);
      mass[p] += rounded(zrp[z] * zareap[z] * 0.5 * (smf[side] + smf[before]), s.mass_unit());
      force[p] = force[p] + Vec {rounded(f.x, s.force_unit()), rounded(f.y, s.force_unit())};
    }
  }
  for (std::int64_t p = 0; p < m.point_count(); ++p) {
    const auto i = static_cast<std::size_t>(p);
    const Vec left {bcx[p] ? 0 : force[i].x, bcy[p] ? 0 : force[i].y};
    if (pmaswt[p] != mass[i]) return wrong_value("pmaswt", "points", {p}, pmaswt[p], mass[i]);
    if (pf[p].x != left.x) return wrong_value("pf.x", "points", {p}, pf[p].x, left.x);
    if (pf[p].y != left.y) return wrong_value("pf.y", "points", {p}, pf[p].y, left.y);
  }
  return {};
}

// What the last cycle took from the zones is what it gave to the points: work of pressure and viscosity, that of the
// subzonal forces, which the zones do not pay for, and the change of kinetic energy.
Complaint unbalanced_energy(const Setup& s, const State& state) {
  const Mesh& m = s.mesh;
  const VecLine px0 = state.vec(kPoints, kPx0), pxp = state.vec(kPoints, kPxp), px = state.vec(kPoints, kPx), pu0 = state.vec(kPoints, kPu0),
                pu = state.vec(kPoints, kPu), sfp = state.vec(kSides, kSfp), sft = state.vec(kSides, kSft), sfq = state.vec(kSides, kSfq);
  const auto pmaswt = state.line(kPoints, kPmaswt), zw = state.line(kZones, kZw);
  double kinetic = 0, fastest = 0, dt = 0;
  for (std::int64_t p = 0; p < m.point_count(); ++p) {
    kinetic += 0.5 * pmaswt[p] * pxp[p].x * (dot(pu[p], pu[p]) - dot(pu0[p], pu0[p]));
    const double speed = length(pu[p] + pu0[p]);
    if (speed <= fastest) continue;
    fastest = speed;
    dt = 2 * length(px[p] - px0[p]) / speed;
  }
  double work = 0, subzonal = 0, exchanged = 0;
  for (std::int64_t z = 0; z < m.zone_count(); ++z) {
    work += zw[z];
    const Point at = m.zone_at(z);
    for (std::int64_t k = 0; k < 4; ++k) {
      const auto corner = [&](std::int64_t i) { return m.point(at[0] + (i == 1 || i == 2), at[1] + (i == 2 || i == 3)); };
      const std::int64_t side = 4 * z + k, from = corner(k), to = corner((k + 1) % 4);
      const Vec lever = pxp[from].x * (pu0[from] + pu[from]) - pxp[to].x * (pu0[to] + pu[to]);
      subzonal += 0.5 * dt * dot(sft[side] - sfp[side], lever);
      exchanged += 0.5 * dt * (std::abs(dot(sfp[side] + sfq[side], lever)) + std::abs(dot(sft[side] - sfp[side], lever)));
    }
  }
  const double left = kinetic + work - subzonal;
  if (std::abs(left) <= 1e-7 * exchanged) return {};
  return fmt::format("the last cycle lost {} of energy while {} changed place", left, exchanged);
}

// Total energy as PENNANT reports it. Its kinetic part is weighted anew in every cycle: only motion along the axis
// conserves it to rounding.
Complaint lost_energy(const Setup& s, const program::RegionReader& regions) {
  const double before = initial_energy(s).total(), after = energy(s, regions).total();
  const bool along_axis = s.deck == Deck::LeBlanc || s.deck == Deck::LeBlancLong;
  const double tolerance = along_axis ? 1e-9 : s.deck == Deck::Noh ? 0.02 : 0.2;
  if (std::abs(after - before) <= tolerance * before) return {};
  return fmt::format("the total energy is {} instead of {}", after, before);
}

// LeBlanc's tube is the same at every x.
Complaint broken_symmetry(const Setup& s, const State& state) {
  if (s.deck != Deck::LeBlanc && s.deck != Deck::LeBlancLong) return {};
  const auto zr = state.line(kZones, kZr), ze = state.line(kZones, kZe);
  for (std::int64_t row = 0; row < s.mesh.nzy; ++row) {
    const std::int64_t first = s.mesh.zone(0, row);
    for (std::int64_t column = 1; column < s.mesh.nzx; ++column) {
      const std::int64_t z = s.mesh.zone(column, row);
      if (!(std::abs(zr[z] - zr[first]) <= 1e-6 * zr[first])) return wrong_value("zr", "zones", {z}, zr[z], zr[first]);
      if (!(std::abs(ze[z] - ze[first]) <= 1e-6 * std::abs(ze[first]))) return wrong_value("ze", "zones", {z}, ze[z], ze[first]);
    }
  }
  return {};
}

}  // namespace

program::NumericCheck numeric_check(const Setup& s) {
  return [s](const program::RegionReader& regions) {
    const State state(regions);
    Complaint wrong = broken_state(s, state);
    if (!wrong) wrong = wrong_sums(s, state, regions);
    if (!wrong) wrong = unbalanced_energy(s, state);
    if (!wrong) wrong = lost_energy(s, regions);
    if (!wrong) wrong = broken_symmetry(s, state);
    return wrong;
  };
}

}  // namespace mapwright::apps::pennant
