// Pennant: what a cycle consists of and costs, and what it computes.
#include "apps/pennant/pennant.h"

#include <cstring>

#include "support.h"

namespace mapwright::apps::pennant {
namespace {

using program::Program;

std::vector<const Program::Site*> cycle(const std::vector<Program::Site>& sites, std::string_view loop) {
  std::vector<const Program::Site*> all;
  for (const Program::Site& s : sites) {
    if (!s.loops.empty() && s.loops.front()->name == loop && s.launch->index) all.push_back(&s);
  }
  return all;
}

TEST(Pennant, ACycleHasThePublishedLaunchesInOrder) {
  const Program p = built("pennant", {"paper", {}, 1, 4});
  const std::vector<std::string> expected {
      "init_step_points rp_private", "init_step_points rp_shared", "init_step_zones rz", "adv_pos_half rp_private", "adv_pos_half rp_shared",
      "calc_centers rz", "calc_volumes rz", "calc_char_len rz", "calc_rho_half rz", "sum_point_mass rz", "calc_state_at_half rz",
      "calc_force_pgas_tts rz", "qcs_zone_center_velocity rz", "qcs_corner_divergence rz", "qcs_qcn_force rz", "qcs_force rs", "qcs_vel_diff rz",
      "sum_point_force rz", "apply_boundary_conditions rp_private", "apply_boundary_conditions rp_shared", "adv_pos_full rp_private",
      "adv_pos_full rp_shared", "calc_centers_full rz", "calc_volumes_full rz", "calc_work rz", "calc_work_rate_energy_rho_full rz", "calc_dt_hydro rz"};
  const auto sites = p.sites();
  for (const char* loop : {"warmup", "timed", "cooldown"}) {
    std::vector<std::string> found;
    for (const Program::Site* s : cycle(sites, loop)) found.push_back(p.tasks[s->launch->task.value].name + " " + s->launch->arguments.front().name);
    EXPECT_EQ(found, expected) << loop;
  }
  // 90 cycles of 27 launches over 4 pieces and 2 single tasks, 9 launches and 3 scalars before.
  EXPECT_EQ(p.point_tasks(), 90 * (27 * 4 + 2) + 9 * 4 + 3);
}

// Bytes read and written per zone, side and private point, and FLOP.
struct Cost {
  std::string name;
  double zone, side, point, flops;  // flops per point task
};

TEST(Pennant, CostsAreThePublishedOnes) {
  const Program p = built("pennant", {"paper", {}, 1, 4});
  const auto sites = p.sites();
  const double z = 460800, s = 4 * z, own = 321 * 1439, shared = 321;  // of piece 1
  const std::vector<Cost> table {
      {"init_step_points", 0, 0, 24, 0}, {"init_step_points", 0, 0, 24, 0}, {"init_step_zones", 16, 0, 0, 0}, {"adv_pos_half", 0, 0, 80, 4 * own},
      {"adv_pos_half", 0, 0, 80, 4 * shared}, {"calc_centers", 49, 42, 16, 9 * s}, {"calc_volumes", 65, 42, 16, 18 * s}, {"calc_char_len", 25, 24, 0, 4 * s},
      {"calc_rho_half", 24, 0, 0, z}, {"sum_point_mass", 16, 41, 16, 5 * s}, {"calc_state_at_half", 64, 0, 0, 28 * z}, {"calc_force_pgas_tts", 48, 72, 0, 16 * s},
      {"qcs_zone_center_velocity", 49, 17, 16, 5 * s}, {"qcs_corner_divergence", 32, 98, 32, 110 * s}, {"qcs_qcn_force", 16, 98, 16, 20 * s},
      {"qcs_force", 0, 80, 0, 22 * s}, {"qcs_vel_diff", 40, 34, 32, 10 * s}, {"sum_point_force", 1, 57, 32, 8 * s},
      {"apply_boundary_conditions", 0, 0, 2, 0}, {"apply_boundary_conditions", 0, 0, 2, 0}, {"adv_pos_full", 0, 0, 88, 16 * own}, {"adv_pos_full", 0, 0, 88, 16 * shared},
      {"calc_centers_full", 49, 42, 16, 9 * s}, {"calc_volumes_full", 65, 34, 16, 14 * s}, {"calc_work", 49, 58, 48, 20 * s},
      {"calc_work_rate_energy_rho_full", 72, 0, 0, 6 * z}, {"calc_dt_hydro", 40, 0, 0, 7 * z}};
  const auto timed = cycle(sites, "timed");
  ASSERT_EQ(timed.size(), table.size());
  double bytes_per_zone = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const program::Launch& l = *timed[i]->launch;
    SCOPED_TRACE(table[i].name);
    EXPECT_EQ(p.tasks[l.task.value].name, table[i].name);
    double bytes[3] = {};
    for (const program::Argument& a : l.arguments) {
      if (a.name == "rp_ghost") continue;
      const double ways = a.privilege == Privilege::ReadWrite ? 2 : 1;
      const auto size = [&](const std::vector<FieldIndex>& fields) {
        double sum = 0;
        for (const FieldIndex f : fields) sum += static_cast<double>(p.regions[a.region.value].fields[f].bytes);
        return sum;
      };
      if (a.patterns.empty()) bytes[a.region.value] += ways * size(a.fields);
      for (const program::AccessPattern& q : a.patterns) {
        if (q.kind == program::AccessPattern::Kind::Stream) bytes[a.region.value] += ways * q.passes * size(q.fields);
      }
    }
    EXPECT_EQ(bytes[kZones], table[i].zone);
    EXPECT_EQ(bytes[kSides], table[i].side);
    EXPECT_EQ(bytes[kPoints], table[i].point);
    for (const program::Variant& v : p.tasks[l.task.value].variants) EXPECT_EQ(value_at(p, *timed[i], v.flops, {1}), table[i].flops);
    if (l.arguments.front().name != "rp_shared") bytes_per_zone += table[i].zone + 4 * table[i].side + table[i].point;
  }
  // 720 per zone, 739 per side, 450 per point: "about 4.1 kB" per zone.
  EXPECT_EQ(bytes_per_zone, 720 + 4 * 739 + 450);
}

TEST(Pennant, GhostsAreGatheredAndAddedTo) {
  const Program p = built("pennant", {"paper", {}, 1, 4});
  const auto sites = p.sites();
  const auto ghost = [&](std::string_view task) { return std::pair(site(sites, p, task), &site(sites, p, task)->launch->arguments[2]); };
  // 642 points, three sectors for eight of them, field and pointer; two pointers of each side.
  const auto [divergence, read] = ghost("qcs_corner_divergence");
  EXPECT_EQ(read->name, "rp_ghost");
  EXPECT_EQ(read->patterns[0].kind, program::AccessPattern::Kind::Gather);
  EXPECT_EQ(value_at(p, *divergence, *read->patterns[0].count, {1}), 642 * 2 * 3.0 / 8);
  // Each of 642 points gets forces of two corners, in two fields.
  const auto [force, reduce] = ghost("sum_point_force");
  EXPECT_EQ(reduce->privilege, Privilege::Reduce);
  EXPECT_EQ(reduce->patterns[0].kind, program::AccessPattern::Kind::Atomic);
  EXPECT_EQ(value_at(p, *force, *reduce->patterns[0].count, {1}), 642 * 2 * 2);
  EXPECT_EQ(value_at(p, *force, *reduce->patterns[0].distinct, {1}), 642 * 2);
}

TEST(Pennant, MetricIsZonesTimesCyclesPerSecond) {
  const Program p = built("pennant", {"paper", {}, 1, 4});
  program::ExprContext c;
  c.seconds = 0.5;
  EXPECT_NEAR(p.metric.formula.real(c), 1e-6 * 320 * 5760 * 30 / 0.5, 1e-9);
}

// The mesh of a program built with `set` on top of the test preset, and its state after all cycles.
struct Ran {
  Mesh mesh;
  Program program;
  std::unique_ptr<program::RegionReader> regions;
  double zone(FieldIndex f, std::int64_t column, std::int64_t row) const { return regions->field(kZones, f).at<double>({mesh.zone(column, row)}); }
  double point(FieldIndex f, std::int64_t column, std::int64_t row) const { return regions->field(kPoints, f).at<double>({mesh.point(column, row)}); }
};

Ran ran(std::map<std::string, std::string> set) {
  Ran r;
  r.program = built("pennant", {"test", std::move(set), 1, 4});
  const auto number = [&](const char* name) { return std::stoll(r.program.parameters.at(name)); };
  r.mesh.nzx = number("nzx");
  r.mesh.nzy = number("nzy");
  r.mesh.pcx = number("pcx") > 0 ? number("pcx") : pieces_in_x(r.mesh.nzx, r.mesh.nzy, number("pieces"));
  r.mesh.pcy = number("pieces") / r.mesh.pcx;
  auto regions = program::run_sequential(r.program);
  MW_CHECK(regions.has_value());
  r.regions = std::move(*regions);
  return r;
}

// Zones of github.com/lanl/PENNANT, test/*/*.xy.std: number from 1 in rows of the mesh, then zr, ze, zp to nine digits.
struct Published {
  std::int64_t zone;
  double zr, ze, zp;
};
void expect_published(const Ran& r, const std::vector<Published>& zones, double absolute) {
  for (const Published& q : zones) {
    const std::int64_t column = (q.zone - 1) % r.mesh.nzx, row = (q.zone - 1) / r.mesh.nzx;
    EXPECT_NEAR(r.zone(kZr, column, row), q.zr, 1e-8 * q.zr) << q.zone;
    EXPECT_NEAR(r.zone(kZe, column, row), q.ze, std::min(absolute, 1e-8 * q.ze)) << q.zone;
    EXPECT_NEAR(r.zone(kZp, column, row), q.zp, std::min(absolute, 1e-8 * q.zp)) << q.zone;
  }
}

TEST(Pennant, SedovsmallGivesThePublishedNumbers) {
  const std::vector<Published> zones {{1, 4.27640404e-01, 2.35818234e+01, 7.21829085e+00}, {2, 1.12138876e+00, 1.31597587e+00, 9.24016097e-01},
                                      {3, 1.03124123e+00, 1.98658837e-02, 9.37278630e-03}, {10, 1.07747359e+00, 8.52815268e-01, 5.78712657e-01},
                                      {11, 1.22098328e+00, 6.74377491e-01, 4.94632456e-01}, {12, 1.02713021e+00, 4.44517848e-03, 2.00233714e-03},
                                      {20, 1.02423190e+00, 3.26958503e-03, 1.49037046e-03}, {21, 1.00311280e+00, 1.33683034e-05, 8.63910613e-06}};
  const Ran r = ran({});
  expect_published(r, zones, 1e-7);
  EXPECT_EQ(r.program.check(*r.regions), std::nullopt);
}

TEST(Pennant, SedovGivesThePublishedNumbers) {
  const std::vector<Published> zones {{1, 3.59645060e-01, 2.63291889e+03, 6.76865565e+02}, {2, 1.14933382e+00, 2.03608070e+02, 1.49735824e+02},
                                      {3, 1.04866034e+00, 6.06197945e+00, 3.22011930e+00}, {46, 1.09914370e+00, 1.28481835e+02, 9.10200031e+01},
                                      {47, 1.28536817e+00, 1.13916911e+02, 9.06329729e+01}, {93, 1.00641693e+00, 1.02245748e-02, 3.41273841e-03}};
  expect_published(ran({{"deck", "sedov"}, {"nzx", "45"}, {"nzy", "45"}, {"pieces", "6"}}), zones, 2e-6);
}

TEST(Pennant, LeblancGivesThePublishedNumbers) {
  const std::vector<Published> zones {{285, 9.79698571e-01, 9.86396539e-02, 6.51772003e-02}, {295, 7.22747698e-01, 8.05078803e-02, 4.19502049e-02},
                                      {301, 1.43833534e-03, 2.10647068e-02, 1.40327667e-05}, {311, 1.10501790e-03, 1.03850655e-03, 3.99617207e-07}};
  const Ran r = ran({{"deck", "leblanc"}, {"nzx", "10"}, {"nzy", "90"}, {"pieces", "4"}});
  expect_published(r, zones, 1e-8);
  EXPECT_EQ(r.program.check(*r.regions), std::nullopt);
}

// Bitwise: sums of corners are exact, everything else belongs to one zone.
void expect_same(const Ran& a, const Ran& b) {
  int different = 0;
  const auto compare = [&](double x, double y) { different += std::memcmp(&x, &y, sizeof x) != 0; };
  for (std::int64_t row = 0; row <= a.mesh.nzy; ++row) {
    for (std::int64_t column = 0; column <= a.mesh.nzx; ++column) {
      for (FieldIndex f = 0; f <= kPmaswt; ++f) compare(a.point(f, column, row), b.point(f, column, row));
      for (FieldIndex f = 0; f < kZnump && column < a.mesh.nzx && row < a.mesh.nzy; ++f) compare(a.zone(f, column, row), b.zone(f, column, row));
    }
  }
  EXPECT_EQ(different, 0);
}

TEST(Pennant, ResultsDoNotDependOnThePieces) {
  for (const char* deck : {"sedovsmall", "noh", "leblanc"}) {
    SCOPED_TRACE(deck);
    const auto with = [&](const char* pieces, const char* pcx) {
      return ran({{"deck", deck}, {"nzx", "12"}, {"nzy", "10"}, {"cycles", "25"}, {"prune", "1"}, {"pieces", pieces}, {"pcx", pcx}});
    };
    const Ran one = with("1", "0");
    EXPECT_EQ(one.program.check(*one.regions), std::nullopt);
    for (const auto& [pieces, pcx] : {std::pair("3", "1"), std::pair("4", "4"), std::pair("6", "2"), std::pair("30", "6"), std::pair("120", "12")}) {
      SCOPED_TRACE(pieces);
      const Ran several = with(pieces, pcx);
      expect_same(one, several);
      EXPECT_EQ(several.program.check(*several.regions), std::nullopt);
    }
  }
}

TEST(Pennant, SpheresStayRoughlyRound) {
  // Sedov's and Noh's flows are spheres, which the diagonal cuts in half; r-z differencing on a square mesh keeps that to some
  // per cent.
  for (const auto& [deck, cycles] : {std::pair("sedovsmall", "10"), std::pair("noh", "60")}) {
    const Ran r = ran({{"deck", deck}, {"nzx", "12"}, {"nzy", "12"}, {"cycles", cycles}});
    double most = 0, difference = 0;
    for (std::int64_t i = 0; i < 12; ++i) {
      for (std::int64_t j = 0; j < 12; ++j) {
        most = std::max(most, r.zone(kZr, i, j));
        difference = std::max(difference, std::abs(r.zone(kZr, i, j) - r.zone(kZr, j, i)));
      }
    }
    EXPECT_LT(difference, 0.1 * most) << deck;
    EXPECT_GT(most, 1.1) << deck;  // something happened
  }
}

TEST(Pennant, TimeEndsWhenItIsUp) {
  // Sedov's 1.0 is over long before; steps of length 0 change nothing.
  const auto after = [](const char* cycles) { return ran({{"nzx", "5"}, {"nzy", "5"}, {"cycles", cycles}}); };
  const Ran end = after("300");
  expect_same(after("280"), end);
  EXPECT_EQ(end.program.check(*end.regions), std::nullopt);
}

TEST(Pennant, TheCheckSeesDisturbedValues) {
  const Ran r = ran({{"deck", "leblanc"}, {"nzx", "6"}, {"nzy", "30"}, {"cycles", "20"}});
  const auto check = [&] { return r.program.check(*r.regions); };
  const auto disturb = [&](RegionIndex region, FieldIndex f, std::int64_t i, double value) {
    double& v = r.regions->field(region, f).at<double>({i});
    const double before = v;
    v = value;
    EXPECT_TRUE(check()) << region << " " << f;
    v = before;
    EXPECT_EQ(check(), std::nullopt);
  };
  const auto value = [&](RegionIndex region, FieldIndex f, std::int64_t i) { return r.regions->field(region, f).at<double>({i}); };
  const std::int64_t middle = r.mesh.zone(3, 10), at_front = r.mesh.point(3, 10);
  disturb(kZones, kZvol, 5, -1e-3);
  disturb(kSides, kSarea, 9, 0);
  disturb(kZones, kZm, 7, value(kZones, kZm, 7) * (1 + 1e-6));
  disturb(kZones, kZr, middle, value(kZones, kZr, middle) * (1 + 1e-5));
  disturb(kZones, kZe, middle, std::nan(""));
  disturb(kZones, kZetot, middle, value(kZones, kZetot, middle) * (1 + 1e-6));
  disturb(kZones, kZw, middle, value(kZones, kZw, middle) + 1e-6);
  disturb(kPoints, kPu + 1, at_front, value(kPoints, kPu + 1, at_front) * (1 + 1e-2));
  disturb(kPoints, kPmaswt, at_front, value(kPoints, kPmaswt, at_front) * (1 + 1e-2));
  disturb(kPoints, kPf, 3, 1e30);
}

TEST(Pennant, AMissingGhostExchangeIsSeen) {
  for (const std::string task : {"sum_point_mass", "sum_point_force"}) {
    Program p = built("pennant", {"test", {{"deck", "leblanc"}}, 1, 4});  // a border lies in the shock
    int changed = 0;
    for (program::Statement& s : p.main) {
      auto* loop = std::get_if<program::Loop>(&s.what);
      if (loop == nullptr) continue;
      for (program::Statement& inner : loop->body) {
        auto* l = std::get_if<program::Launch>(&inner.what);
        if (l == nullptr || p.tasks[l->task.value].name != task) continue;
        l->arguments[2].reduction = program::ReductionOp::Max;
        ++changed;
      }
    }
    ASSERT_EQ(changed, 1);
    const auto regions = program::run_sequential(p);
    ASSERT_TRUE(regions);
    EXPECT_TRUE(p.check(**regions)) << task;
  }
}

}  // namespace
}  // namespace mapwright::apps::pennant
