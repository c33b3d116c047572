// apps/pennant/init.h - the work of the initialisation.
#pragma once

#include "apps/pennant/arguments.h"

namespace mapwright::apps::pennant::work {

// On CPUs only (init.cc).
void initialize_topology(const Arguments& a, const Setup& s);
void init_pointers(const Arguments& a, const Setup& s);

template <typename Loops>
void init_mesh_zones(const Arguments& a, const Setup&) {
  const VecLine zx = a.vec(Part::Zones, kZx);
  const auto zarea = a.line(Part::Zones, kZarea), zvol = a.line(Part::Zones, kZvol);
  Loops(a.context()).each(a.range(Part::Zones), [=] MW_HOST_DEVICE(std::int64_t z) {
    zx.set(z, {});
    zarea[z] = zvol[z] = 0;
  });
}

template <typename Loops>
void init_side_fracs(const Arguments& a, const Setup&) {
  const auto zarea = a.line(Part::Zones, kZarea), sarea = a.line(Part::Sides, kSarea), smf = a.line(Part::Sides, kSmf);
  const auto mapsz = a.line<std::int64_t>(Part::Sides, kMapsz);
  Loops(a.context()).each(a.range(Part::Sides), [=] MW_HOST_DEVICE(std::int64_t s) { smf[s] = sarea[s] / zarea[mapsz[s]]; });
}

template <typename Loops>
void init_hydro(const Arguments& a, const Setup& setup) {
  const VecLine zx = a.vec(Part::Zones, kZx);
  const auto zvol = a.line(Part::Zones, kZvol), zr = a.line(Part::Zones, kZr), ze = a.line(Part::Zones, kZe),
             zwrate = a.line(Part::Zones, kZwrate), zm = a.line(Part::Zones, kZm), zetot = a.line(Part::Zones, kZetot);
  Loops(a.context()).each(a.range(Part::Zones), [=] MW_HOST_DEVICE(std::int64_t z) {
    const bool sub = setup.in_subregion(zx[z].x, zx[z].y);
    zr[z] = sub ? setup.rinitsub : setup.rinit;
    ze[z] = sub ? setup.einitsub : setup.einit;
    zwrate[z] = 0;
    zm[z] = zr[z] * zvol[z];
    zetot[z] = ze[z] * zm[z];
  });
}

template <typename Loops>
void init_radial_velocity(const Arguments& a, const Setup& s) {
  const VecLine px = a.vec(Part::Own, kPx), pu = a.vec(Part::Own, kPu);
  const double speed = s.uinitradial;
  Loops(a.context()).each(a.range(Part::Own), [=] MW_HOST_DEVICE(std::int64_t p) {
    constexpr double kAtOrigin = 1e-12;
    const double radius = length(px[p]);
    pu.set(p, radius > kAtOrigin ? speed / radius * px[p] : Vec {});
  });
}

}  // namespace mapwright::apps::pennant::work
