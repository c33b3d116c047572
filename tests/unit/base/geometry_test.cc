// Points, rectangles and sets of points; sets also against a check point by point.
#include <gtest/gtest.h>

#include <set>

#include "base/base.h"

namespace mapwright {
namespace {

Rect rect(Point lo, Point hi) { return Rect(lo, hi); }

TEST(Rects, SizesAndOrder) {
  const Rect r = rect({1, 2}, {3, 5});  // 3 x 4
  EXPECT_EQ(r.volume(), 12);
  EXPECT_EQ(r.extents(), Point({3, 4}));
  // First dimension fastest: (2, 4) is 1 + 3 * 2.
  EXPECT_EQ(r.linearize({2, 4}), 7);
  EXPECT_EQ(r.delinearize(7), Point({2, 4}));
  for (std::int64_t i = 0; i < 12; ++i) EXPECT_EQ(r.linearize(r.delinearize(i)), i);
  EXPECT_EQ(to_string(r), "[1..3, 2..5]");
  EXPECT_EQ(to_string(Point({4})), "(4)");
}

TEST(Rects, EmptyAndDimensionZero) {
  EXPECT_TRUE(rect({0, 3}, {5, 2}).empty());
  EXPECT_EQ(rect({0, 3}, {5, 2}).volume(), 0);
  EXPECT_EQ(Rect().volume(), 1);  // one point without coordinates: the domain of a single task
  EXPECT_TRUE(Rect::of_extents({4, 0}).empty());
  EXPECT_FALSE(rect({0}, {3}).contains(Point({1, 1})));
}

TEST(Rects, PointsComeFirstDimensionFastest) {
  std::vector<Point> seen;
  for_each_point(Rect::of_extents({2, 2}), [&](const Point& p) { seen.push_back(p); });
  EXPECT_EQ(seen, (std::vector<Point> {{0, 0}, {1, 0}, {0, 1}, {1, 1}}));
}

TEST(PointSets, IntervalsAreCanonical) {
  const PointSet s = PointSet::of_rects(1, {rect({5}, {7}), rect({0}, {2}), rect({3}, {4}), rect({10}, {9}), rect({6}, {8})});
  EXPECT_EQ(to_string(s), "[0..8]");
  EXPECT_EQ(s.volume(), 9);
  EXPECT_EQ(s, PointSet(rect({0}, {8})));
}

TEST(PointSets, IndexFollowsTheRectangles) {
  const PointSet s = PointSet::of_rects(1, {rect({10}, {12}), rect({0}, {1})});
  EXPECT_EQ(s.index_of({0}), 0);
  EXPECT_EQ(s.index_of({11}), 3);  // two points in [0..1], then 10, 11
  EXPECT_EQ(s.index_of({5}), -1);
  EXPECT_EQ(s.bounds(), rect({0}, {12}));
}

TEST(PointSets, EqualPointsFromOtherRectangles) {
  const PointSet rows = PointSet::of_rects(2, {rect({0, 0}, {3, 0}), rect({0, 1}, {3, 1})});
  const PointSet columns = PointSet::of_rects(2, {rect({0, 0}, {1, 1}), rect({2, 0}, {3, 1})});
  EXPECT_TRUE(same_points(rows, columns));
  EXPECT_FALSE(same_points(rows, subtract(columns, PointSet(rect({3, 1}, {3, 1})))));
}

using Points = std::set<Point>;

Points points_of(const PointSet& s) {
  Points all;
  std::int64_t visited = 0;
  for_each_point(s, [&](const Point& p) {
    EXPECT_EQ(s.index_of(p), visited++);
    all.insert(p);
  });
  EXPECT_EQ(static_cast<std::int64_t>(all.size()), s.volume()) << to_string(s);  // no point twice
  return all;
}

TEST(PointSets, AlgebraAgreesPointByPoint) {
  Rng rng(7);
  for (int dim = 1; dim <= 3; ++dim) {
    for (int trial = 0; trial < 200; ++trial) {
      const auto random_set = [&] {
        std::vector<Rect> rects;
        for (std::uint64_t i = 0, n = rng.below(5); i < n; ++i) {
          Rect r(Point::filled(dim, 0), Point::filled(dim, 0));
          for (int d = 0; d < dim; ++d) {
            r.lo[d] = static_cast<std::int64_t>(rng.below(7));
            r.hi[d] = r.lo[d] + static_cast<std::int64_t>(rng.below(4)) - 1;
          }
          rects.push_back(r);
        }
        return PointSet::of_rects(dim, rects);
      };
      const PointSet a = random_set(), b = random_set();
      const Points in_a = points_of(a), in_b = points_of(b);
      Points both, either = in_b, only_a;
      for (const Point& p : in_a) {
        either.insert(p);
        (in_b.contains(p) ? both : only_a).insert(p);
      }
      EXPECT_EQ(points_of(intersect(a, b)), both);
      EXPECT_EQ(points_of(unite(a, b)), either);
      EXPECT_EQ(points_of(subtract(a, b)), only_a);
      EXPECT_EQ(intersects(a, b), !both.empty());
      EXPECT_EQ(same_points(a, b), in_a == in_b);
    }
  }
}

}  // namespace
}  // namespace mapwright
