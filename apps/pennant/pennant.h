// apps/pennant/pennant.h - what mesh (mesh.cc), set-ups (decks.cc), tasks (tasks.cc), work (work.h), structure
// (program.cc) and check (check.cc) of Pennant share.
#pragma once

#include <cmath>

#include "apps/support/host_device.h"
#include "program/program.h"

namespace mapwright::apps::pennant {

using program::FieldIndex;
using program::Privilege;

enum RegionIndex : std::uint32_t { kZones, kPoints, kSides };

// Vectors are two fields, x and y, as Regent makes them: the enumerator names x, y follows.
enum ZoneField : FieldIndex {
  kZxp = 0, kZx = 2, kZuc = 4,  // vectors
  kZareap = 6, kZarea, kZvol0, kZvolp, kZvol, kZdl, kZm, kZrp, kZr, kZe, kZetot, kZw, kZwrate, kZp, kZss, kZdu, kZ0tmp,
  kZnump, kZoneFields
};
enum PointField : FieldIndex {
  kPx0 = 0, kPxp = 2, kPx = 4, kPu0 = 6, kPu = 8, kPf = 10,  // vectors
  kPmaswt = 12, kHasBcx, kHasBcy, kPointFields
};
enum SideField : FieldIndex {
  kSfp = 0, kSft = 2, kSfq = 4, kExp = 6, kEx = 8, kCqe1 = 10, kCqe2 = 12,  // vectors
  kSareap = 14, kSarea, kSmf, kElen, kCarea, kCevol, kCdu, kCdiv, kCcos,
  kMapsz, kMapss3, kMapss4, kMapsp1, kMapsp2, kMapsp1Reg, kMapsp2Reg, kSideFields
};
// Whether field f of a region is the x of a vector.
bool is_vector(RegionIndex region, FieldIndex f);

inline constexpr std::int64_t kCorners = 4;  // of a zone

// A rectangular mesh of nzx x nzy zones in pcx x pcy pieces (pcx fastest). Zones are numbered piece by piece, x fastest in a
// piece; side 4 z + k of zone z goes from its corner k to corner k + 1, counterclockwise from the lower left. Points
// inside a piece come first, piece by piece; then the points between pieces, by owner: the piece that holds the lower left
// one of their zones. So everything a piece has is an interval, and what it borders on are at most four.
struct Mesh {
  std::int64_t nzx = 0, nzy = 0, pcx = 1, pcy = 1;
  double lenx = 1, leny = 1;

  std::int64_t pieces() const { return pcx * pcy; }
  std::int64_t zone_count() const { return nzx * nzy; }
  std::int64_t point_count() const { return (nzx + 1) * (nzy + 1); }
  Rect block(std::int64_t piece) const;  // its zones as columns and rows of the mesh
  Rect zones(std::int64_t piece) const;
  Rect sides(std::int64_t piece) const;
  Rect private_points(std::int64_t piece) const;
  Rect shared_points(std::int64_t piece) const;   // between pieces, owned by this one
  PointSet ghost_points(std::int64_t piece) const;  // between pieces, touched by this one
  std::int64_t private_count() const { return (nzx + 2 - pcx) * (nzy + 2 - pcy); }

  std::int64_t zone(std::int64_t column, std::int64_t row) const;
  std::int64_t point(std::int64_t column, std::int64_t row) const;
  // Column and row of a zone; the inverse of zone().
  Point zone_at(std::int64_t zone) const;
  double x(std::int64_t column) const { return lenx / static_cast<double>(nzx) * static_cast<double>(column); }
  double y(std::int64_t row) const { return leny / static_cast<double>(nzy) * static_cast<double>(row); }

 private:
  std::int64_t column_of_pieces(std::int64_t column) const;
  std::int64_t row_of_pieces(std::int64_t row) const;
  // Points between pieces that `piece` owns: the row on its top, the column on its right.
  std::int64_t top_count(std::int64_t piece) const;
  std::int64_t right_count(std::int64_t piece) const;
  std::int64_t first_shared(std::int64_t piece) const;
};
// How many of n pieces stand side by side in x: PENNANT's choice, pieces as square as possible.
std::int64_t pieces_in_x(std::int64_t nzx, std::int64_t nzy, std::int64_t pieces);

// What to simulate: initial state, boundary and constants. The published decks, for any mesh.
enum class Deck : std::uint8_t { Sedov, SedovSmall, Noh, LeBlanc, LeBlancLong };
inline constexpr std::string_view kDecks[] = {"sedov", "sedovsmall", "noh", "leblanc", "leblanc_long"};

struct Setup {
  Mesh mesh;
  Deck deck = Deck::Sedov;
  std::int64_t cycles = 0;  // all, the untimed ones included
  double rinit = 1, einit = 0, rinitsub = 1, einitsub = 0;
  double sub[4] = {};       // x from, to, y from, to of the subregion
  double uinitradial = 0;
  bool bcx_far = true, bcy_far = true;  // x = 0 and y = 0 are walls always
  double alfa = 0.5, cfl = 0.6, cflv = 0.1, gamma = 5.0 / 3.0, qgamma = 5.0 / 3.0, q1 = 0, q2 = 2, ssmin = 0.1;
  double dtfac = 1.2, dtinit = 0, dtmax = 1e99, tstop = 1;

  // What corners add to points is rounded to multiples of these powers of two, so that every sum is exact and neither
  // order nor grouping matters (README.md).
  double mass_unit() const;
  double force_unit() const;
  MW_HOST_DEVICE bool in_subregion(double x, double y) const {
    constexpr double kEps = 1e-12;
    return x > sub[0] - kEps && x < sub[1] + kEps && y > sub[2] - kEps && y < sub[3] + kEps;
  }
};
Setup set_up(Deck deck, const Mesh& mesh, std::int64_t cycles);
// The set-up that the program's parameters name. Error MW4305.
Expected<Setup> set_up(const std::map<std::string, std::int64_t>& values);

MW_HOST_DEVICE inline double rounded(double value, double unit) { return std::nearbyint(value / unit) * unit; }

// The subregions of a piece. Own stands for Private or Shared: the tasks that are launched once for each.
enum class Part : std::uint8_t { Zones, Private, Ghost, Sides, Shared, Own };
RegionIndex region_of(Part part);

// Fields of a subregion that a task uses with one privilege: one argument of its launches.
struct Use {
  Part part = Part::Zones;
  Privilege privilege = Privilege::Read;
  std::vector<FieldIndex> fields;  // ascending; both fields of a vector
  double passes = 1;               // over the fields; 1.5 of read-write: cleared, then accumulated into
  std::vector<FieldIndex> twice;   // of `fields`: read twice
  double pointers = 2;             // Ghost: pointers of a side through which it is read
};

class Arguments;
struct Task {
  std::string name;
  std::vector<Use> uses;
  double flops = 0;             // per element of `per`
  Part per = Part::Sides;
  bool uses_dt = false;         // takes the time step
  enum class Result : std::uint8_t { None, BadSides, TimeStep } result = Result::None;
  void (*work)(const Arguments&, const Setup&) = nullptr;
  bool on_gpu = true;
};
// The 23 tasks of a cycle in order of their first launch; those of the initialisation.
const std::vector<Task>& cycle_tasks();
const std::vector<Task>& initial_tasks();
const Task& task_named(std::string_view name);

program::NumericCheck numeric_check(const Setup& s);
// Internal and kinetic energy at the end of an execution, and at its start.
struct Energy {
  double internal = 0, kinetic = 0;
  double total() const { return internal + kinetic; }
};
Energy energy(const Setup& s, const program::RegionReader& regions);
Energy initial_energy(const Setup& s);

}  // namespace mapwright::apps::pennant
