#include <map>

#include "apps/pennant/pennant.h"
#include "support.h"

namespace mapwright::apps::pennant {
namespace {

Mesh mesh(std::int64_t nzx, std::int64_t nzy, std::int64_t pcx, std::int64_t pcy) {
  Mesh m;
  m.nzx = nzx;
  m.nzy = nzy;
  m.pcx = pcx;
  m.pcy = pcy;
  return m;
}

// Which pieces touch each point, lowest first, by looking at every zone.
std::map<std::int64_t, std::set<std::int64_t>> touching(const Mesh& m) {
  std::map<std::int64_t, std::set<std::int64_t>> pieces;
  for (std::int64_t i = 0; i < m.pieces(); ++i) {
    for_each_point(m.block(i), [&](const Point& z) {
      for (std::int64_t k = 0; k < 4; ++k) pieces[m.point(z[0] + k % 2, z[1] + k / 2)].insert(i);
    });
  }
  return pieces;
}

TEST(PennantMesh, NumbersFollowThePieces) {
  for (const Mesh& m : {mesh(9, 9, 1, 3), mesh(7, 5, 3, 2), mesh(4, 4, 4, 4), mesh(5, 1, 5, 1), mesh(10, 3, 2, 3), mesh(6, 7, 1, 1), mesh(8, 11, 3, 5)}) {
    SCOPED_TRACE(fmt::format("{} x {} zones in {} x {} pieces", m.nzx, m.nzy, m.pcx, m.pcy));
    std::set<std::int64_t> zones;
    for (std::int64_t i = 0; i < m.pieces(); ++i) {
      for_each_point(m.block(i), [&](const Point& z) {
        const std::int64_t number = m.zone(z[0], z[1]);
        EXPECT_TRUE(m.zones(i).contains({number}));
        EXPECT_TRUE(m.sides(i).contains(Rect({4 * number}, {4 * number + 3})));
        EXPECT_EQ(m.zone_at(number), z);
        zones.insert(number);
      });
      EXPECT_EQ(m.zones(i).volume(), m.block(i).volume());
    }
    EXPECT_EQ(zones.size(), static_cast<std::size_t>(m.zone_count()));
    EXPECT_EQ(*zones.rbegin(), m.zone_count() - 1);

    const auto pieces = touching(m);
    EXPECT_EQ(pieces.size(), static_cast<std::size_t>(m.point_count()));
    EXPECT_EQ(pieces.rbegin()->first, m.point_count() - 1);
    for (const auto& [point, of] : pieces) {
      EXPECT_EQ(point < m.private_count(), of.size() == 1) << point;
      for (std::int64_t i = 0; i < m.pieces(); ++i) {
        EXPECT_EQ(m.private_points(i).contains({point}), of.size() == 1 && of.contains(i)) << point << " in " << i;
        EXPECT_EQ(m.shared_points(i).contains({point}), of.size() > 1 && *of.begin() == i) << point << " in " << i;
        EXPECT_EQ(m.ghost_points(i).contains({point}), of.size() > 1 && of.contains(i)) << point << " in " << i;
      }
    }
    for (std::int64_t i = 0; i < m.pieces(); ++i) EXPECT_LE(m.ghost_points(i).rects().size(), 4u);
  }
}

TEST(PennantMesh, PiecesAreAsSquareAsPossible) {
  EXPECT_EQ(pieces_in_x(320, 5760, 4), 1);
  EXPECT_EQ(pieces_in_x(5760, 320, 4), 4);
  EXPECT_EQ(pieces_in_x(9, 9, 3), 1);
  EXPECT_EQ(pieces_in_x(9, 9, 4), 2);
  EXPECT_EQ(pieces_in_x(100, 100, 6), 2);    // 2 x 3 and 3 x 2 are equally square
  EXPECT_EQ(pieces_in_x(200, 100, 8), 4);
  EXPECT_EQ(pieces_in_x(320, 5760, 256), 4);  // 80 x 90 zones each
  EXPECT_EQ(pieces_in_x(1, 1, 1), 1);
}

TEST(PennantMesh, SizesOfThePublishedRunOnTwoNodes) {
  // leblanc_long32x30 on 8 GPUs: 320 x 23040 zones each; logged 7,372,800 zones, 29,491,200 sides, about 7.395 M private points.
  const program::Program p = built("pennant", {"weak", {}, 2, 4});
  EXPECT_EQ(p.parameters.at("deck"), "leblanc_long");
  EXPECT_EQ(p.parameters.at("nzy"), "184320");
  EXPECT_EQ(partition(p, "rz").pieces.size(), 8u);
  EXPECT_EQ(partition(p, "rz").pieces[3].volume(), 7372800);
  EXPECT_EQ(partition(p, "rs").pieces[3].volume(), 29491200);
  EXPECT_EQ(partition(p, "rp_private").pieces[3].volume(), 321 * 23039);
  EXPECT_EQ(partition(p, "rp_private").pieces[0].volume(), 321 * 23040);
  EXPECT_EQ(partition(p, "rp_ghost").pieces[3].volume(), 642);  // a row of 321 below and one above
  EXPECT_EQ(partition(p, "rp_ghost").pieces[0].volume(), 321);
  EXPECT_EQ(partition(p, "rp_ghost").pieces[7].volume(), 321);
  EXPECT_EQ(partition(p, "rp_shared").pieces[3].volume(), 321);
  EXPECT_EQ(partition(p, "rp_shared").pieces[7].volume(), 0);
  EXPECT_TRUE(partition(p, "rp_shared").complete);
  EXPECT_TRUE(partition(p, "rp_shared").disjoint);
  EXPECT_TRUE(partition(p, "rp_private").complete);
  EXPECT_FALSE(partition(p, "rp_ghost").disjoint);
  EXPECT_EQ(bytes_per_element(region(p, "zones")), 185);
  EXPECT_EQ(bytes_per_element(region(p, "sides")), 226);
  EXPECT_EQ(bytes_per_element(region(p, "points")), 122 - 16);  // without pap, which nothing uses
}

TEST(PennantMesh, MeshesThatDoNotFitAreRefused) {
  const auto code = [](std::map<std::string, std::string> set) {
    const auto p = build("pennant", {"test", std::move(set), 1, 4});
    return p ? 0 : p.error().code;
  };
  EXPECT_EQ(code({{"nzx", "-1"}}), diag::kParameterOutOfRange);
  EXPECT_EQ(code({{"nzy", "0"}}), diag::kParameterOutOfRange);
  EXPECT_EQ(code({{"pieces", "0"}}), diag::kParameterOutOfRange);
  EXPECT_EQ(code({{"pcx", "-1"}}), diag::kParameterOutOfRange);
  EXPECT_EQ(code({{"cycles", "0"}}), diag::kParameterOutOfRange);
  EXPECT_EQ(code({{"pieces", "82"}}), diag::kParametersDoNotFit);
  EXPECT_EQ(code({{"pieces", "11"}}), diag::kParametersDoNotFit);                    // 1 x 11 pieces of 9 rows
  EXPECT_EQ(code({{"pieces", "6"}, {"pcx", "4"}}), diag::kParametersDoNotFit);
  EXPECT_EQ(code({{"nzx", "16777216"}, {"nzy", "268435456"}}), diag::kParametersDoNotFit);
  EXPECT_EQ(code({{"nzx", "99999999999"}}), diag::kParameterOutOfRange);
  EXPECT_EQ(code({{"pieces", "9"}, {"pcx", "9"}}), 0);
}

TEST(PennantMesh, HugeMeshesTakeNoMemoryUntilTheyRun) {
  const program::Program p = built("pennant", {"test", {{"nzx", "16777216"}, {"nzy", "4096"}, {"pieces", "4096"}}, 1, 4});
  EXPECT_EQ(region(p, "sides").points.volume(), std::int64_t {1} << 38);
  const auto run = program::run_sequential(p);
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, diag::kProgramLimit);
}

TEST(PennantMesh, DecksAreWords) {
  EXPECT_EQ(built("pennant", {"test", {{"deck", "noh"}}, 1, 4}).parameters.at("deck"), "noh");
  EXPECT_EQ(built("pennant", {"test", {{"deck", "2"}}, 1, 4}).parameters.at("deck"), "noh");
  const auto p = build("pennant", {"test", {{"deck", "lebanc"}}, 1, 4});
  ASSERT_FALSE(p);
  EXPECT_EQ(p.error().code, diag::kParameterOutOfRange);
  EXPECT_NE(p.error().help.find("did you mean `leblanc`"), std::string::npos) << p.error().help;
  const auto q = build("pennant", {"test", {{"deck", "5"}}, 1, 4});
  ASSERT_FALSE(q);
  EXPECT_EQ(q.error().code, diag::kParameterOutOfRange);
}

}  // namespace
}  // namespace mapwright::apps::pennant
