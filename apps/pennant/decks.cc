// The published set-ups. Sedov: energy in the zone at the origin. Noh: gas that streams to the origin. LeBlanc: a shock
// tube along y. Numbers are those of PENNANT's files sedov, sedovsmall, nohsquare and leblanc, and of leblanc_long*x30.
#include <algorithm>

#include "apps/pennant/pennant.h"

namespace mapwright::apps::pennant {

namespace {

double real(std::int64_t v) { return static_cast<double>(v); }

// The deck's mesh is n x n; on others the zone at the origin gets the same energy, and the first step shrinks with it.
void sedov(Setup& s, double n, double energy, double dtinit) {
  const double nx = real(s.mesh.nzx), ny = real(s.mesh.nzy);
  s.mesh.lenx = s.mesh.leny = 1.125;
  s.sub[1] = s.mesh.lenx / nx;
  s.sub[3] = s.mesh.leny / ny;
  s.einitsub = energy * (nx / n) * (nx / n) * (ny / n);  // its volume is dx^2 dy / 2
  s.dtinit = dtinit * std::min(1.0, std::pow(n / std::max(nx, ny), 2.5));  // dx / sqrt(energy)
  s.q1 = 0.1;
  s.q2 = 1;
}

void leblanc(Setup& s, double lenx, double dtinit) {
  s.mesh.lenx = lenx;
  s.mesh.leny = 9;
  s.sub[1] = lenx;
  s.sub[2] = 3;
  s.sub[3] = 9;
  s.einit = 0.1;
  s.rinitsub = 1e-3;
  s.einitsub = 1e-7;
  s.dtinit = dtinit;
  s.q1 = 0.3;
  s.q2 = 2;
  s.tstop = 6;
}

double power_of_two_above(double v) { return std::exp2(std::ceil(std::log2(v))); }

}  // namespace

Setup set_up(Deck deck, const Mesh& mesh, std::int64_t cycles) {
  Setup s;
  s.mesh = mesh;
  s.deck = deck;
  s.cycles = cycles;
  const double longest = std::max(real(mesh.nzx), real(mesh.nzy));
  switch (deck) {
    case Deck::Sedov: sedov(s, 45, 5027.7, 1e-4); break;
    case Deck::SedovSmall: sedov(s, 9, 40.222, 0.0025); break;
    case Deck::Noh:
      s.mesh.lenx = s.mesh.leny = 1;
      s.uinitradial = -1;
      s.bcx_far = s.bcy_far = false;
      s.alfa = 0.1;
      s.q1 = 0.1;
      s.q2 = 1;
      s.dtinit = 0.02 / longest;
      s.tstop = 0.6;
      break;
    case Deck::LeBlanc: leblanc(s, 1, 0.9 / std::max(real(mesh.nzy), 9 * real(mesh.nzx))); break;
    case Deck::LeBlancLong: {
      const double k = real(mesh.nzy) / 5760;  // published for k = 1, 4, 16 and 64
      leblanc(s, 0.5 / k, (k < 4 ? 2.5e-4 : k < 16 ? 2e-4 : 1.6e-4) / k);
      break;
    }
  }
  return s;
}

// A point's mass is about density times area; compression and converging flow can raise it, by less than 2^6.
double Setup::mass_unit() const {
  const double zone = mesh.lenx / real(mesh.nzx) * mesh.leny / real(mesh.nzy);
  return power_of_two_above(std::max(rinit, rinitsub) * zone) * 0x1.0p-46;
}

// Forces are pressure times length; the highest pressure is the initial one, or what stops the gas, up to a factor 2^8.
double Setup::force_unit() const {
  const double side = std::max(mesh.lenx / real(mesh.nzx), mesh.leny / real(mesh.nzy));
  const double pressure = std::max({(gamma - 1) * rinit * einit, (gamma - 1) * rinitsub * einitsub, rinit * uinitradial * uinitradial});
  return power_of_two_above(pressure * side) * 0x1.0p-44;
}

}  // namespace mapwright::apps::pennant
