// Cutting launches into rectangles of one processor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "engine/legion/policy.h"

namespace mapwright::engine::legion {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

Rect rect(Point lo, Point hi) { return {lo, hi}; }

TEST(Rectangles, MergeRunsAlongEveryDimension) {
  std::vector<Point> points;
  for_each_point(rect({2, 3, 4}, {5, 7, 6}), [&](const Point& p) { points.push_back(p); });
  std::reverse(points.begin(), points.end());
  EXPECT_THAT(rectangles(points), ElementsAre(rect({2, 3, 4}, {5, 7, 6})));
}

TEST(Rectangles, KeepWhatIsNoRectangleApart) {
  // An L: two columns of height 3 with one point more at the foot.
  EXPECT_THAT(rectangles({{0, 0}, {1, 0}, {2, 0}, {0, 1}, {1, 1}, {0, 2}, {1, 2}}),
              UnorderedElementsAre(rect({0, 0}, {2, 0}), rect({0, 1}, {1, 2})));
  EXPECT_THAT(rectangles({{0}, {2}, {4}}), UnorderedElementsAre(rect({0}, {0}), rect({2}, {2}), rect({4}, {4})));
  EXPECT_TRUE(rectangles({}).empty());
}

TEST(Slice, CoversEveryPointOnce) {
  // 4 x 4 points in blocks of 2 x 2 on processors 0..3: four slices.
  const Rect domain = Rect::of_extents({4, 4});
  Placed placed;
  for_each_point(domain, [&](const Point& p) {
    placed.points.push_back({ProcessorKind::Cpu, 0, static_cast<std::uint32_t>(p[0] / 2 + 2 * (p[1] / 2))});
  });
  const auto slices = slice(placed, domain, {&domain, 1});
  ASSERT_EQ(slices.size(), 4U);
  std::set<Point> seen;
  for (const Slice& s : slices) {
    EXPECT_EQ(s.points.volume(), 4);
    for_each_point(s.points, [&](const Point& p) {
      EXPECT_TRUE(seen.insert(p).second);
      EXPECT_EQ(s.processor, placed.points[static_cast<std::size_t>(domain.linearize(p))]);
    });
  }
  EXPECT_EQ(seen.size(), 16U);
}

TEST(Slice, OfAPartOfAShiftedDomain) {
  // Points 10..15 alternate between two processors; a shard has 12..14.
  const Rect domain({10}, {15}), part({12}, {14});
  Placed placed;
  for (std::uint32_t i = 0; i < 6; ++i) placed.points.push_back({ProcessorKind::Cpu, i % 2, 0});
  const auto slices = slice(placed, domain, {&part, 1});
  ASSERT_EQ(slices.size(), 3U);
  EXPECT_EQ(slices[0].processor.space, 0U);
  EXPECT_EQ(slices[0].points, rect({12}, {12}));
  EXPECT_EQ(slices[1].points, rect({14}, {14}));
  EXPECT_EQ(slices[2].processor.space, 1U);
  EXPECT_EQ(slices[2].points, rect({13}, {13}));
}

TEST(Limiter, CountsPerTaskAndLauncher) {
  Limiter limiter;
  EXPECT_TRUE(limiter.admit(1, 0, 2));
  EXPECT_TRUE(limiter.admit(1, 0, 2));
  EXPECT_FALSE(limiter.admit(1, 0, 2));
  EXPECT_TRUE(limiter.admit(1, 9, 2));
  EXPECT_TRUE(limiter.admit(2, 0, 1));
  limiter.finish(1, 0);
  EXPECT_TRUE(limiter.admit(1, 0, 2));
  EXPECT_FALSE(limiter.admit(1, 0, 2));
}

}  // namespace
}  // namespace mapwright::engine::legion
