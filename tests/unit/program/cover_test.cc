#include "program/cover.h"

#include <gtest/gtest.h>

#include <set>

namespace mapwright::program {
namespace {

PointSet box(std::initializer_list<std::int64_t> lo, std::initializer_list<std::int64_t> hi) {
  return PointSet(Rect(Point(lo), Point(hi)));
}

Cover cover_of(const PointSet& parent, const std::vector<PointSet>& pieces) {
  std::int64_t budget = 1 << 30;
  return cover(parent, pieces, budget).value();
}

TEST(Cover, OneDimension) {
  const PointSet all = box({0}, {9});
  EXPECT_TRUE(cover_of(all, {box({0}, {4}), box({5}, {9})}).disjoint);
  EXPECT_TRUE(cover_of(all, {box({0}, {4}), box({5}, {9})}).complete);
  EXPECT_FALSE(cover_of(all, {box({0}, {5}), box({5}, {9})}).disjoint);
  EXPECT_TRUE(cover_of(all, {box({0}, {5}), box({5}, {9})}).complete);
  EXPECT_FALSE(cover_of(all, {box({0}, {3}), box({5}, {9})}).complete);
  // 3 + 7 points: as many as the parent has, but 3 is covered twice and 9 not at all.
  EXPECT_FALSE(cover_of(all, {box({0}, {3}), box({3}, {8})}).disjoint);
  EXPECT_FALSE(cover_of(all, {box({0}, {3}), box({3}, {8})}).complete);
  EXPECT_TRUE(cover_of(all, {}).disjoint);
  EXPECT_FALSE(cover_of(all, {}).complete);
}

TEST(Cover, AgreesWithCountingPointsInThreeDimensions) {
  Rng rng(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<PointSet> pieces;
    std::set<Point> points;
    std::int64_t sum = 0;
    for (int i = 0; i < 6; ++i) {
      Rect r(Point::filled(3, 0), Point::filled(3, 0));
      for (int d = 0; d < 3; ++d) {
        r.lo[d] = static_cast<std::int64_t>(rng.below(5));
        r.hi[d] = r.lo[d] + static_cast<std::int64_t>(rng.below(3));
      }
      pieces.emplace_back(r);
      sum += r.volume();
      for_each_point(r, [&](const Point& p) { points.insert(p); });
    }
    const Cover c = cover_of(box({0, 0, 0}, {6, 6, 6}), pieces);
    EXPECT_EQ(c.disjoint, sum == static_cast<std::int64_t>(points.size()));
    EXPECT_EQ(c.complete, points.size() == 343u);
  }
}

TEST(Cover, ManyTiles) {
  for (const std::int64_t halo : {0, 1}) {
    std::vector<PointSet> tiles;
    for_each_point(Rect::of_extents({64, 64}), [&](const Point& c) {
      Rect r(Point {c[0] * 100 - halo, c[1] * 100 - halo}, Point {c[0] * 100 + 99 + halo, c[1] * 100 + 99 + halo});
      tiles.emplace_back(intersect(r, Rect::of_extents({6400, 6400})));
    });
    const Cover c = cover_of(box({0, 0}, {6399, 6399}), tiles);
    EXPECT_EQ(c.disjoint, halo == 0);
    EXPECT_TRUE(c.complete);
  }
}

TEST(Cover, BudgetEndsTheCount) {
  std::vector<Rect> rects;
  for (std::int64_t i = 0; i < 1000; ++i) rects.emplace_back(Point {i, 0}, Point {5000 - i, i});
  std::int64_t budget = 1000;
  EXPECT_FALSE(union_volume(rects, budget));
}

TEST(Cover, Inside) {
  const PointSet two = PointSet::of_rects(1, {Rect({0}, {4}), Rect({8}, {9})});
  EXPECT_TRUE(inside(box({8}, {8}), two));
  EXPECT_FALSE(inside(box({4}, {5}), two));
  EXPECT_FALSE(inside(box({-1}, {0}), two));
  const PointSet ell = PointSet::of_rects(2, {Rect({0, 0}, {3, 1}), Rect({0, 2}, {1, 3})});
  EXPECT_TRUE(inside(box({0, 0}, {1, 3}), ell));
  EXPECT_FALSE(inside(box({0, 0}, {2, 3}), ell));
}

}  // namespace
}  // namespace mapwright::program
