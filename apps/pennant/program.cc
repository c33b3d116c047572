// Pennant: structure and costs. Source: Regent's pennant.rg, after LANL's PENNANT (Ferenbaugh).
#include <algorithm>

#include "apps/pennant/arguments.h"
#include "apps/registry.h"
#include "apps/support/build.h"

namespace mapwright::apps::pennant {

Expected<Setup> set_up(const Values& v) {
  Mesh m;
  m.nzx = v.at("nzx");
  m.nzy = v.at("nzy");
  const std::int64_t pieces = v.at("pieces");
  m.pcx = v.at("pcx") > 0 ? v.at("pcx") : pieces_in_x(m.nzx, m.nzy, pieces);
  m.pcy = pieces / m.pcx;
  if (pieces % m.pcx != 0) return does_not_fit(fmt::format("pieces = {} are not a multiple of pcx = {}", pieces, m.pcx));
  if (m.pcx > m.nzx || m.pcy > m.nzy) return does_not_fit(fmt::format("{} x {} zones cannot be cut into {} x {} pieces", m.nzx, m.nzy, m.pcx, m.pcy));
  if (m.nzx > (std::int64_t {1} << 36) / m.nzy) return does_not_fit(fmt::format("{} x {} zones are more than 2^36", m.nzx, m.nzy));
  return set_up(static_cast<Deck>(v.at("deck")), m, v.at("cycles") + 2 * v.at("prune"));
}

namespace {

using program::AccessPattern;
using program::Argument;
using program::Builder;
using program::Expr;
using program::FutureId;
using program::PartitionId;
using program::RegionId;

constexpr ProcessorKind kCpu = ProcessorKind::Cpu, kGpu = ProcessorKind::Gpu;

// Sectors of 32 bytes per field, ghost point and pointer of a side: a warp has the sides of eight zones, of whose sixteen
// that touch a border each pointer finds the nine neighbouring points on it, eight of them its own, in three sectors.
constexpr double kSectorsPerGhost = 3.0 / 8;
// Two zones of a piece touch a point on its border, with one corner each.
constexpr int kCornersPerGhost = 2;

std::vector<program::Field> fields_of(RegionIndex region, std::initializer_list<std::string_view> names) {
  std::vector<program::Field> all;
  for (const std::string_view name : names) {
    const auto f = static_cast<FieldIndex>(all.size());
    if (is_vector(region, f)) {
      all.push_back({fmt::format("{}.x", name), 8});
      all.push_back({fmt::format("{}.y", name), 8});
    } else {
      const bool small = name == "znump" || name.starts_with("has_") || name.ends_with("_tag");
      all.push_back({std::string(name), small ? 1 : 8});
    }
  }
  return all;
}

struct Data {
  RegionId regions[3];
  PartitionId parts[5];  // by Part
  RegionId region(Part p) const { return regions[region_of(p)]; }
  PartitionId partition(Part p) const { return parts[static_cast<std::size_t>(p)]; }
};
constexpr std::string_view kPartNames[] = {"rz", "rp_private", "rp_ghost", "rs", "rp_shared"};

Data add_data(Builder& b, const Mesh& m) {
  Data d;
  const auto line = [](std::int64_t n) { return PointSet(Rect::of_extents({n})); };
  d.regions[kZones] = b.add_region("zones", line(m.zone_count()),
                                   fields_of(kZones, {"zxp", "zx", "zuc", "zareap", "zarea", "zvol0", "zvolp", "zvol", "zdl", "zm", "zrp", "zr", "ze",
                                                      "zetot", "zw", "zwrate", "zp", "zss", "zdu", "z0tmp", "znump"}));
  d.regions[kPoints] = b.add_region("points", line(m.point_count()),
                                    fields_of(kPoints, {"px0", "pxp", "px", "pu0", "pu", "pf", "pmaswt", "has_bcx", "has_bcy"}));
  d.regions[kSides] = b.add_region("sides", line(4 * m.zone_count()),
                                   fields_of(kSides, {"sfp", "sft", "sfq", "exp", "ex", "cqe1", "cqe2", "sareap", "sarea", "smf", "elen", "carea",
                                                      "cevol", "cdu", "cdiv", "ccos", "mapsz", "mapss3", "mapss4", "mapsp1", "mapsp2", "mapsp1_tag", "mapsp2_tag"}));
  const std::int64_t inner = m.private_count(), all = m.point_count();
  const PartitionId split = b.add_partition("private_or_ghost", d.regions[kPoints], Rect::of_extents({2}), {line(inner), PointSet(Rect({inner}, {all - 1}))});
  const auto pieces = [&](Part part, auto&& points, std::optional<std::uint32_t> of = {}) {
    std::vector<PointSet> sets;
    for (std::int64_t i = 0; i < m.pieces(); ++i) sets.push_back(points(i));
    std::optional<std::pair<PartitionId, std::uint32_t>> parent;
    if (of) parent.emplace(split, *of);
    const auto i = static_cast<std::size_t>(part);
    d.parts[i] = b.add_partition(std::string(kPartNames[i]), d.region(part), Rect::of_extents({m.pieces()}), std::move(sets), parent);
  };
  const auto set_of = [](Rect r) { return r.empty() ? PointSet(Rect({0}, {-1})) : PointSet(r); };
  pieces(Part::Zones, [&](std::int64_t i) { return set_of(m.zones(i)); });
  pieces(Part::Sides, [&](std::int64_t i) { return set_of(m.sides(i)); });
  pieces(Part::Private, [&](std::int64_t i) { return set_of(m.private_points(i)); }, 0);
  pieces(Part::Ghost, [&](std::int64_t i) { return m.ghost_points(i); }, 1);
  pieces(Part::Shared, [&](std::int64_t i) { return set_of(m.shared_points(i)); }, 1);
  return d;
}

AccessPattern pattern(AccessPattern::Kind kind, std::vector<FieldIndex> fields, double passes = 1) {
  AccessPattern p;
  p.kind = kind;
  p.fields = std::move(fields);
  p.passes = passes;
  return p;
}

// Zone-ordered sides find their zones and private points in cache: these are streams. Ghosts are few and may be far away.
std::vector<AccessPattern> patterns_of(const Use& u, int position, double walls) {
  using enum AccessPattern::Kind;
  if (u.part == Part::Ghost && u.privilege == Privilege::Reduce) {
    AccessPattern p = pattern(Atomic, u.fields);
    const auto fields = static_cast<std::int64_t>(u.fields.size());
    p.count = Expr::elements(position) * Expr(kCornersPerGhost * fields);
    p.bytes = 8;
    p.distinct = Expr::elements(position) * Expr(fields);
    return {p};
  }
  if (u.part == Part::Ghost && !u.fields.empty()) {
    AccessPattern p = pattern(Gather, u.fields);
    p.count = Expr::elements(position) * Expr(kSectorsPerGhost * u.pointers);
    return {p};
  }
  if (u.part == Part::Own && u.privilege == Privilege::ReadWrite) {  // only points on walls
    AccessPattern p = pattern(Gather, u.fields);
    p.count = Expr::elements(position) * Expr(walls);
    return {p};
  }
  if (!u.twice.empty()) {
    std::vector<FieldIndex> once;
    std::set_difference(u.fields.begin(), u.fields.end(), u.twice.begin(), u.twice.end(), std::back_inserter(once));
    return {pattern(Stream, once), pattern(Stream, u.twice, 2)};
  }
  if (u.passes != 1) return {pattern(Stream, u.fields, u.passes)};
  return {};
}

// Share of the points that lie on a wall.
double on_walls(const Setup& s) {
  const auto nx = static_cast<double>(s.mesh.nzx + 1), ny = static_cast<double>(s.mesh.nzy + 1);
  const double inside = (nx - (s.bcx_far ? 2 : 1)) * (ny - (s.bcy_far ? 2 : 1));
  return 1 - std::max(inside, 0.0) / (nx * ny);
}

class Writer {
 public:
  explicit Writer(const Setup& s) : setup_(s), b_("pennant"), d_(add_data(b_, s.mesh)), domain_(Rect::of_extents({s.mesh.pieces()})) {
    for (const std::vector<Task>* tasks : {&initial_tasks(), &cycle_tasks()}) {
      for (const Task& t : *tasks) ids_.emplace(&t, b_.add_task(t.name, variants_of(t)));
    }
    const auto scalar = [&](std::string name, program::Kernel kernel) { return b_.add_task(std::move(name), variants({kCpu}, std::move(kernel))); };
    initial_value_ = scalar("initial_value", [](program::KernelContext& c) { c.set_result(c.value(0)); });
    // The time at which this cycle starts; the loop ends when it has reached the last one. Futures: time, step before.
    continue_ = scalar("continue_simulation", [](program::KernelContext& c) { c.set_result(c.future(0) + c.future(1)); });
    // Futures: step before, limit of the hydrodynamics, time. After the end steps are 0 and change nothing.
    global_dt_ = scalar("calc_global_dt", [s](program::KernelContext& c) {
      const double before = c.future(0), next = before > 0 ? std::min(s.dtmax, s.dtfac * before) : std::min(s.dtmax, s.dtinit);
      c.set_result(std::max(0.0, std::min({next, s.tstop - c.future(2), c.future(1)})));
    });
    dt_ = b_.add_future("dt");
    limit_ = b_.add_future("dthydro");
    time_ = b_.add_future("time");
    bad_ = b_.add_future("bad_sides");
  }

  program::Program write(std::int64_t cycles, std::int64_t prune) {
    initialise();
    loop("warmup", prune);
    b_.fence();
    b_.timer_start("main_loop");
    loop("timed", cycles);
    b_.fence();
    b_.timer_stop("main_loop");
    loop("cooldown", prune);
    program::Metric m;
    m.name = "throughput";
    m.unit = "Mzones/s";
    m.formula = Expr(1e-6 * static_cast<double>(setup_.mesh.zone_count()) * static_cast<double>(cycles)) / Expr::seconds();
    m.higher_is_better = true;
    m.label = "main_loop";
    b_.set_metric(std::move(m));
    b_.program().check = numeric_check(setup_);
    return b_.finish();
  }

 private:
  std::vector<program::Variant> variants_of(const Task& t) {
    const Setup s = setup_;
    const program::Kernel kernel = [&t, s](program::KernelContext& c) { t.work(Arguments(c, t), s); };
    Expr flops = 0;
    for (std::size_t i = 0; i < t.uses.size() && t.flops > 0; ++i) {
      if (t.uses[i].part != t.per) continue;
      flops = Expr(t.flops) * Expr::elements(static_cast<int>(i));
      break;
    }
    return t.on_gpu ? variants({kCpu, kGpu}, kernel, flops) : variants({kCpu}, kernel, flops);
  }

  // `own`: what Part::Own stands for.
  void launch(const Task& t, Part own = Part::Private) {
    std::vector<Argument> arguments;
    for (const Use& u : t.uses) {
      const Part p = u.part == Part::Own ? own : u.part;
      Argument a = part(std::string(kPartNames[static_cast<std::size_t>(p)]), d_.region(p), d_.partition(p), u.fields, u.privilege);
      if (u.privilege == Privilege::Reduce) a = reduced(std::move(a));
      a.patterns = patterns_of(u, static_cast<int>(arguments.size()), on_walls(setup_));
      arguments.push_back(std::move(a));
    }
    program::Launch& l = b_.index_launch(ids_.at(&t), domain_, std::move(arguments));
    if (t.uses_dt) l.futures = {dt_};
    if (t.result == Task::Result::BadSides) l.result = {bad_, program::ReductionOp::Sum};
    if (t.result == Task::Result::TimeStep) l.result = {limit_, program::ReductionOp::Min};
  }

  void both(const Task& t) {
    const bool per_point = t.uses.front().part == Part::Own;
    launch(t);
    if (per_point) launch(t, Part::Shared);
  }

  void single(program::TaskId task, std::vector<FutureId> futures, FutureId result) {
    program::Launch& l = b_.single_launch(task, {});
    l.futures = std::move(futures);
    l.result = {result, program::ReductionOp::Min};
  }

  void initialise() {
    for (const std::string_view name : {"initialize_topology", "init_pointers", "init_mesh_zones", "calc_centers_full", "calc_volumes_full",
                                        "init_side_fracs", "init_hydro", "init_radial_velocity"}) {
      both(task_named(name));
    }
    for (const auto& [future, value] : {std::pair(dt_, 0.0), std::pair(limit_, setup_.dtmax), std::pair(time_, 0.0)}) {
      single(initial_value_, {}, future);
      std::get<program::Launch>(b_.program().main.back().what).values = {value};
    }
  }

  void loop(std::string name, std::int64_t count) {
    if (count == 0) return;
    b_.begin_loop(std::move(name), count, true, "main_loop");
    single(continue_, {time_, dt_}, time_);
    b_.wait(time_);
    for (const Task& t : cycle_tasks()) {
      if (t.name == "adv_pos_half") single(global_dt_, {dt_, limit_, time_}, dt_);
      both(t);
    }
    b_.end_loop();
  }

  Setup setup_;
  Builder b_;
  Data d_;
  Rect domain_;
  std::map<const Task*, program::TaskId> ids_;
  program::TaskId initial_value_, continue_, global_dt_;
  FutureId dt_, limit_, time_, bad_;
};

Expected<program::Program> build(const Values& v) {
  const Expected<Setup> setup = set_up(v);
  if (!setup) return tl::unexpected(setup.error());
  return Writer(*setup).write(v.at("cycles"), v.at("prune"));
}

constexpr std::int64_t of(Deck d) { return static_cast<std::int64_t>(d); }

std::vector<Parameter> parameters() {
  Parameter deck {"deck", "what is simulated", 0, of(Deck::LeBlancLong),
                  {{"test", of(Deck::SedovSmall)}, {"host", of(Deck::LeBlanc)}, {"paper", of(Deck::LeBlancLong)}}};
  deck.words.assign(std::begin(kDecks), std::end(kDecks));
  return {
      deck,
      {"nzx", "zones in x", 1, std::int64_t {1} << 24, {{"test", 9}, {"host", 40}, {"paper", 320}}},
      {"nzy", "zones in y", 1, std::int64_t {1} << 28, {{"test", 9}, {"host", 360}, {"paper", 5760}, {"weak", 92160}}},
      {"pieces", "pieces of the mesh; one point task per piece", 1, 65536, {{"test", 3}, {"host", 4}, {"paper", 4}}},
      {"pcx", "pieces side by side in x; 0: as square as possible", 0, 65536, {{"test", 0}, {"host", 0}, {"paper", 0}}},
      {"cycles", "timed cycles", 1, 1000000, {{"test", 10}, {"host", 20}, {"paper", 30}}},
      {"prune", "untimed cycles before and after", 0, 1000000, {{"test", 0}, {"host", 1}, {"paper", 30}}},
  };
}

// Paper and weak: leblanc_long1x30 and leblanc_long16x30 per node, one piece per GPU.
Values preset(std::string_view name, std::int64_t nodes, std::int64_t gpus) {
  Values v = listed_preset(parameters(), name);
  if (grows(name)) {
    v["nzy"] *= nodes;
    v["pieces"] = nodes * gpus;
  }
  return v;
}

}  // namespace

App app() {
  return {"pennant", "Lagrangian hydrodynamics on a staggered mesh", parameters(), expert_mapper("pennant"), build, preset};
}

}  // namespace mapwright::apps::pennant
