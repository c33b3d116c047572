// apps/pennant/hydro.h - the hydrodynamics: state, pressure forces, motion, energy and the time step.
#pragma once

#include <algorithm>

#include "apps/pennant/arguments.h"

namespace mapwright::apps::pennant::work {

template <typename Loops>
void init_step_points(const Arguments& a, const Setup&) {
  const auto pmaswt = a.line(Part::Own, kPmaswt);
  const VecLine pf = a.vec(Part::Own, kPf);
  Loops(a.context()).each(a.range(Part::Own), [=] MW_HOST_DEVICE(std::int64_t p) {
    pmaswt[p] = 0;
    pf.set(p, {});
  });
}

template <typename Loops>
void init_step_zones(const Arguments& a, const Setup&) {
  const auto zvol = a.line(Part::Zones, kZvol), zvol0 = a.line(Part::Zones, kZvol0);
  Loops(a.context()).each(a.range(Part::Zones), [=] MW_HOST_DEVICE(std::int64_t z) { zvol0[z] = zvol[z]; });
}

template <typename Loops>
void adv_pos_half(const Arguments& a, const Setup&) {
  const VecLine px = a.vec(Part::Own, kPx), pu = a.vec(Part::Own, kPu), px0 = a.vec(Part::Own, kPx0), pu0 = a.vec(Part::Own, kPu0),
                pxp = a.vec(Part::Own, kPxp);
  const double half = 0.5 * a.dt();
  Loops(a.context()).each(a.range(Part::Own), [=] MW_HOST_DEVICE(std::int64_t p) {
    const Vec x = px[p], u = pu[p];
    px0.set(p, x);
    pu0.set(p, u);
    pxp.set(p, x + half * u);
  });
}

template <typename Loops>
void calc_rho_half(const Arguments& a, const Setup&) {
  const auto zvolp = a.line(Part::Zones, kZvolp), zm = a.line(Part::Zones, kZm), zrp = a.line(Part::Zones, kZrp);
  Loops(a.context()).each(a.range(Part::Zones), [=] MW_HOST_DEVICE(std::int64_t z) { zrp[z] = zm[z] / zvolp[z]; });
}

// A corner has half of each of the sides that meet in it. Corners of several zones meet in a point; Setup's units make their
// sums exact in any order.
template <typename Loops>
void sum_point_mass(const Arguments& a, const Setup& setup) {
  const auto zareap = a.line(Part::Zones, kZareap), zrp = a.line(Part::Zones, kZrp), smf = a.line(Part::Sides, kSmf);
  const auto mapsz = a.line<std::int64_t>(Part::Sides, kMapsz), before = a.line<std::int64_t>(Part::Sides, kMapss3);
  const PointLine pmaswt = a.points(kPmaswt);
  const Ends p1(a, kMapsp1, kMapsp1Reg);
  const double unit = setup.mass_unit();
  const Loops loops(a.context());
  const auto add = loops.adder();
  loops.each(a.range(Part::Sides), [=] MW_HOST_DEVICE(std::int64_t s) {
    const std::int64_t z = mapsz[s];
    add(pmaswt[p1[s]], rounded(zrp[z] * zareap[z] * 0.5 * (smf[s] + smf[before[s]]), unit));
  });
}

// Ideal gas, its pressure advanced to the middle of the time step.
template <typename Loops>
void calc_state_at_half(const Arguments& a, const Setup& setup) {
  const auto zvol0 = a.line(Part::Zones, kZvol0), zvolp = a.line(Part::Zones, kZvolp), zm = a.line(Part::Zones, kZm),
             zr = a.line(Part::Zones, kZr), ze = a.line(Part::Zones, kZe), zwrate = a.line(Part::Zones, kZwrate),
             zp = a.line(Part::Zones, kZp), zss = a.line(Part::Zones, kZss);
  const double gm1 = setup.gamma - 1, slowest = std::max(setup.ssmin * setup.ssmin, 1e-99), half = 0.5 * a.dt();
  Loops(a.context()).each(a.range(Part::Zones), [=] MW_HOST_DEVICE(std::int64_t z) {
    const double r = zr[z], e = std::max(ze[z], 0.0);
    const double pressure = gm1 * r * e, by_density = gm1 * e, by_energy = gm1 * r;  // and its derivatives
    const double speed2 = std::max(slowest, by_density + by_energy * pressure / (r * r));
    zss[z] = std::sqrt(speed2);
    const double per_mass = 1 / zm[z], dv = (zvolp[z] - zvol0[z]) * per_mass;
    const double bulk = r * zss[z] * zss[z], source = zwrate[z] * half * per_mass;
    zp[z] = pressure + (by_energy * source - r * bulk * dv) / (1 + 0.5 * by_energy * dv);
  });
}

// Pressure on the median mesh, and what keeps sides from collapsing (temporary triangular subzoning).
template <typename Loops>
void calc_force_pgas_tts(const Arguments& a, const Setup& setup) {
  const VecLine zxp = a.vec(Part::Zones, kZxp), exp = a.vec(Part::Sides, kExp), sfp = a.vec(Part::Sides, kSfp), sft = a.vec(Part::Sides, kSft);
  const auto zareap = a.line(Part::Zones, kZareap), zrp = a.line(Part::Zones, kZrp), zp = a.line(Part::Zones, kZp),
             zss = a.line(Part::Zones, kZss), sareap = a.line(Part::Sides, kSareap), smf = a.line(Part::Sides, kSmf);
  const auto mapsz = a.line<std::int64_t>(Part::Sides, kMapsz);
  Loops(a.context()).each(a.range(Part::Sides), [=] MW_HOST_DEVICE(std::int64_t s) {
    const std::int64_t z = mapsz[s];
    const Vec surface = rotated_left(exp[s] - zxp[z]);
    const Vec pressure = -zp[z] * surface;
    const double density = zrp[z] * smf[s] * (zareap[z] / sareap[s]), speed = std::max(zss[z], setup.ssmin);
    sfp.set(s, pressure);
    sft.set(s, pressure + -(setup.alfa * speed * speed * (density - zrp[z])) * surface);
  });
}

template <typename Loops>
void sum_point_force(const Arguments& a, const Setup& setup) {
  const VecLine sfq = a.vec(Part::Sides, kSfq), sft = a.vec(Part::Sides, kSft);
  const auto before = a.line<std::int64_t>(Part::Sides, kMapss3);
  const PointVec pf = a.point_vec(kPf);
  const Ends p1(a, kMapsp1, kMapsp1Reg);
  const double unit = setup.force_unit();
  const Loops loops(a.context());
  const auto add = loops.adder();
  loops.each(a.range(Part::Sides), [=] MW_HOST_DEVICE(std::int64_t s) {
    const Vec force = (sfq[s] + sft[s]) - (sfq[before[s]] + sft[before[s]]);
    const Pointer p = p1[s];
    add(pf.x[p], rounded(force.x, unit));
    add(pf.y[p], rounded(force.y, unit));
  });
}

template <typename Loops>
void apply_boundary_conditions(const Arguments& a, const Setup&) {
  const auto bcx = a.line<std::uint8_t>(Part::Own, kHasBcx), bcy = a.line<std::uint8_t>(Part::Own, kHasBcy);
  const VecLine pu0 = a.vec(Part::Own, kPu0), pf = a.vec(Part::Own, kPf);
  Loops(a.context()).each(a.range(Part::Own), [=] MW_HOST_DEVICE(std::int64_t p) {
    if (bcx[p]) pu0.x[p] = pf.x[p] = 0;
    if (bcy[p]) pu0.y[p] = pf.y[p] = 0;
  });
}

template <typename Loops>
void adv_pos_full(const Arguments& a, const Setup&) {
  const VecLine px0 = a.vec(Part::Own, kPx0), pu0 = a.vec(Part::Own, kPu0), pf = a.vec(Part::Own, kPf), px = a.vec(Part::Own, kPx),
                pu = a.vec(Part::Own, kPu);
  const auto pmaswt = a.line(Part::Own, kPmaswt);
  const double dt = a.dt(), half = 0.5 * dt;
  Loops(a.context()).each(a.range(Part::Own), [=] MW_HOST_DEVICE(std::int64_t p) {
    const Vec before = pu0[p], after = before + dt * (pf[p] / std::max(pmaswt[p], 1e-99));
    pu.set(p, after);
    px.set(p, px0[p] + half * (after + before));
  });
}

// Force of a zone on its points times their mean velocity, around the axis.
template <typename Loops>
void calc_work(const Arguments& a, const Setup&) {
  const auto zw = a.line(Part::Zones, kZw), zetot = a.line(Part::Zones, kZetot);
  const VecLine sfp = a.vec(Part::Sides, kSfp), sfq = a.vec(Part::Sides, kSfq);
  const PointVec pxp = a.point_vec(kPxp), pu0 = a.point_vec(kPu0), pu = a.point_vec(kPu);
  const Ends p1(a, kMapsp1, kMapsp1Reg), p2(a, kMapsp2, kMapsp2Reg);
  const double half = 0.5 * a.dt();
  Loops(a.context()).each(a.range(Part::Zones), [=] MW_HOST_DEVICE(std::int64_t z) {
    double total = zetot[z], sum = 0;
    for (std::int64_t s = kCorners * z; s < kCorners * (z + 1); ++s) {
      const Vec force = sfp[s] + sfq[s];
      const Pointer from = p1[s], to = p2[s];
      const double on_from = dot(force, pu0[from] + pu[from]), on_to = -dot(force, pu0[to] + pu[to]);
      const double work = -half * (on_from * pxp.x[from] + on_to * pxp.x[to]);
      total += work;
      sum += work;
    }
    zetot[z] = total;
    zw[z] = sum;
  });
}

template <typename Loops>
void calc_work_rate_energy_rho_full(const Arguments& a, const Setup&) {
  const auto zvol0 = a.line(Part::Zones, kZvol0), zvol = a.line(Part::Zones, kZvol), zm = a.line(Part::Zones, kZm),
             zw = a.line(Part::Zones, kZw), zp = a.line(Part::Zones, kZp), zetot = a.line(Part::Zones, kZetot),
             zwrate = a.line(Part::Zones, kZwrate), ze = a.line(Part::Zones, kZe), zr = a.line(Part::Zones, kZr);
  const double dt = a.dt();
  Loops(a.context()).each(a.range(Part::Zones), [=] MW_HOST_DEVICE(std::int64_t z) {
    zwrate[z] = dt > 0 ? (zw[z] + zp[z] * (zvol[z] - zvol0[z])) / dt : 0;
    ze[z] = zetot[z] / (zm[z] + 1e-99);
    zr[z] = zm[z] / zvol[z];
  });
}

// The longest next step: sound and shocks cross a share cfl of a zone, volumes change by a share cflv.
template <typename Loops>
void calc_dt_hydro(const Arguments& a, const Setup& setup) {
  const auto zdl = a.line(Part::Zones, kZdl), zvol0 = a.line(Part::Zones, kZvol0), zvol = a.line(Part::Zones, kZvol),
             zss = a.line(Part::Zones, kZss), zdu = a.line(Part::Zones, kZdu);
  const double dt = a.dt(), cfl = setup.cfl, cflv = setup.cflv;
  a.result(Loops(a.context()).least(a.range(Part::Zones), std::min(1e99, dt * cflv / 1e-99), [=] MW_HOST_DEVICE(std::int64_t z) {
    const double courant = zdl[z] * cfl / std::max(std::max(zdu[z], zss[z]), 1e-99);
    const double change = std::max(1e-99, std::abs((zvol[z] - zvol0[z]) / zvol0[z]));
    return std::min(courant, dt * cflv / change);
  }));
}

}  // namespace mapwright::apps::pennant::work
