// Layouts, allocation, poison, and moving elements between layouts.
#include "engine/host/storage.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>

namespace mapwright::engine::host {
namespace {

using plan::Layout;

program::Region region(std::vector<std::int64_t> field_bytes) {
  program::Region r;
  for (std::int64_t b : field_bytes) r.fields.push_back({fmt::format("f{}", r.fields.size()), b});
  return r;
}

Layout layout(FieldOrder fields, DimOrder dims, std::int64_t alignment = 1) {
  return {fields, dims, static_cast<std::uint8_t>(std::countr_zero(static_cast<std::uint64_t>(alignment)))};
}

double& at(const Storage& s, FieldIndex f, const Point& p) {
  const program::FieldView view {&s.points(), s.blocks(f)};
  return view.at<double>(p);
}

TEST(Storage, StructureOfArrays) {
  const PointSet points(Rect({2, 10}, {4, 13}));  // 3 x 4
  Storage f(region({8, 8}), points, {0, 1}, layout(FieldOrder::Soa, DimOrder::F));
  ASSERT_TRUE(f.ensure());
  EXPECT_EQ(f.bytes(), 2 * 12 * 8);
  EXPECT_EQ(f.blocks(0)[0].stride[0], 8);
  EXPECT_EQ(f.blocks(0)[0].stride[1], 24);  // after 3 elements
  EXPECT_EQ(f.blocks(1)[0].base - f.blocks(0)[0].base, 96);
  Storage c(region({8, 8}), points, {0, 1}, layout(FieldOrder::Soa, DimOrder::C));
  EXPECT_EQ(c.blocks(0)[0].stride[0], 32);  // after 4 elements
  EXPECT_EQ(c.blocks(0)[0].stride[1], 8);
}

TEST(Storage, ArrayOfStructuresKeepsFieldsNaturallyAligned) {
  // 4 bytes at 0, 8 at 8, 1 at 16: the structure takes 24.
  const PointSet points(Rect({0}, {9}));
  Storage s(region({4, 8, 1}), points, {0, 1, 2}, layout(FieldOrder::Aos, DimOrder::F));
  ASSERT_TRUE(s.ensure());
  EXPECT_EQ(s.blocks(0)[0].stride[0], 24);
  EXPECT_EQ(s.blocks(1)[0].base - s.blocks(0)[0].base, 8);
  EXPECT_EQ(s.blocks(2)[0].base - s.blocks(0)[0].base, 16);
  EXPECT_EQ(s.bytes(), 240);
}

TEST(Storage, AlignsEveryBlock) {
  const PointSet points = PointSet::of_rects(1, {Rect({0}, {2}), Rect({10}, {14})});
  Storage s(region({4, 8}), points, {0, 1}, layout(FieldOrder::Soa, DimOrder::F, 4096));
  ASSERT_TRUE(s.ensure());
  for (FieldIndex f : {0u, 1u}) {
    ASSERT_EQ(s.blocks(f).size(), 2u);
    for (const Block& b : s.blocks(f)) EXPECT_EQ(reinterpret_cast<std::uintptr_t>(b.base) % 4096, 0u);
  }
}

TEST(Storage, IsPoisonedWhenFreshAndAfterRelease) {
  const PointSet points(Rect({0}, {99}));
  Storage s(region({8}), points, {0}, layout(FieldOrder::Soa, DimOrder::F));
  EXPECT_FALSE(s.allocated());
  ASSERT_TRUE(s.ensure());
  EXPECT_TRUE(std::isnan(at(s, 0, {0})));
  EXPECT_TRUE(std::isnan(at(s, 0, {99})));
  at(s, 0, {5}) = 1;
  ASSERT_TRUE(s.ensure());
  EXPECT_EQ(at(s, 0, {5}), 1);
  s.release();
  EXPECT_FALSE(s.allocated());
  ASSERT_TRUE(s.ensure());
  EXPECT_TRUE(std::isnan(at(s, 0, {5})));
}

TEST(Storage, RefusesWhatTheHostCannotGive) {
  const PointSet points(Rect({0}, {(std::int64_t {1} << 58) - 1}));
  Storage s(region({8}), points, {0}, layout(FieldOrder::Soa, DimOrder::F));
  EXPECT_FALSE(s.ensure());
}

TEST(MoveElements, BetweenAllLayouts) {
  const PointSet from_points(Rect({0, 0}, {5, 6})), to_points(Rect({2, 1}, {9, 9})), piece(Rect({2, 2}, {4, 6}));
  for (FieldOrder a : {FieldOrder::Soa, FieldOrder::Aos}) {
    for (DimOrder b : {DimOrder::C, DimOrder::F}) {
      for (FieldOrder c : {FieldOrder::Soa, FieldOrder::Aos}) {
        for (DimOrder d : {DimOrder::C, DimOrder::F}) {
          Storage from(region({8, 8}), from_points, {0, 1}, layout(a, b)), to(region({8, 8}), to_points, {0, 1}, layout(c, d));
          ASSERT_TRUE(from.ensure() && to.ensure());
          for_each_point(from_points, [&](const Point& p) { at(from, 1, p) = static_cast<double>(p[0] * 100 + p[1]); });
          EXPECT_EQ(move_elements(from, to, piece, 1, Combine::Replace), 15 * 8);  // 3 x 5 elements
          for_each_point(to_points, [&](const Point& p) {
            const double x = at(to, 1, p);
            if (piece.contains(p)) EXPECT_EQ(x, static_cast<double>(p[0] * 100 + p[1]));
            else EXPECT_TRUE(std::isnan(x));
            EXPECT_TRUE(std::isnan(at(to, 0, p)));
          });
        }
      }
    }
  }
}

// Sides beyond tiles and no multiples of them.
TEST(MoveElements, TransposesInTiles) {
  const auto number = [](const Point& p) { return static_cast<double>(p[0] + 100 * p[1] + (p.dim > 2 ? 10000 * p[2] : 0)); };
  for (const Rect& r : {Rect({3, 1}, {39, 21}), Rect({0, 0}, {15, 31}), Rect({1, 0, 2}, {5, 39, 20}), Rect({0, 0, 0}, {0, 16, 3})}) {
    const PointSet points(r);
    Storage f(region({8}), points, {0}, layout(FieldOrder::Soa, DimOrder::F)), c(region({8}), points, {0}, layout(FieldOrder::Soa, DimOrder::C));
    Storage sum(region({8}), points, {0}, layout(FieldOrder::Soa, DimOrder::F));
    ASSERT_TRUE(f.ensure() && c.ensure() && sum.ensure());
    for_each_point(points, [&](const Point& p) { at(f, 0, p) = at(sum, 0, p) = number(p); });
    EXPECT_EQ(move_elements(f, c, points, 0, Combine::Replace), r.volume() * 8);
    EXPECT_EQ(move_elements(c, sum, points, 0, Combine::Sum), r.volume() * 8);
    for_each_point(points, [&](const Point& p) {
      EXPECT_EQ(at(c, 0, p), number(p));
      EXPECT_EQ(at(sum, 0, p), 2 * number(p));
    });
  }
}

TEST(MoveElements, BetweenSparseSets) {
  const PointSet from_points = PointSet::of_rects(1, {Rect({0}, {3}), Rect({6}, {9})});
  const PointSet to_points = PointSet::of_rects(1, {Rect({2}, {7}), Rect({9}, {12})});
  const PointSet piece = intersect(from_points, to_points);  // 2..3, 6..7, 9
  Storage from(region({4}), from_points, {0}, layout(FieldOrder::Soa, DimOrder::F));
  Storage to(region({4}), to_points, {0}, layout(FieldOrder::Aos, DimOrder::C));
  ASSERT_TRUE(from.ensure() && to.ensure());
  fill_elements(from, from_points, 0, 2.5);
  EXPECT_EQ(move_elements(from, to, piece, 0, Combine::Replace), 5 * 4);
  const program::FieldView view {&to_points, to.blocks(0)};
  for_each_point(to_points, [&](const Point& p) {
    if (piece.contains(p)) EXPECT_EQ(view.at<float>(p), 2.5F);
    else EXPECT_TRUE(std::isnan(view.at<float>(p)));
  });
}

TEST(MoveElements, Reduces) {
  const PointSet points(Rect({0}, {1}));
  for (const auto& [op, expected] : {std::pair {Combine::Sum, 7.0}, {Combine::Min, 3.0}, {Combine::Max, 4.0}}) {
    Storage a(region({4, 8}), points, {0, 1}, layout(FieldOrder::Soa, DimOrder::F)), b(region({4, 8}), points, {0, 1}, layout(FieldOrder::Aos, DimOrder::F));
    ASSERT_TRUE(a.ensure() && b.ensure());
    for (FieldIndex f : {0u, 1u}) {
      fill_elements(a, points, f, 3);
      fill_elements(b, points, f, 4);
      move_elements(a, b, points, f, op);
    }
    const program::FieldView singles {&points, b.blocks(0)};
    EXPECT_EQ(singles.at<float>({1}), static_cast<float>(expected));
    EXPECT_EQ(at(b, 1, {1}), expected);
  }
}

TEST(FillElements, ByFieldSize) {
  const PointSet points(Rect({0}, {3}));
  Storage s(region({4, 8, 1, 40}), points, {0, 1, 2, 3}, layout(FieldOrder::Soa, DimOrder::F));
  ASSERT_TRUE(s.ensure());
  for (FieldIndex f : {0u, 1u}) fill_elements(s, points, f, 1.5);
  for (FieldIndex f : {2u, 3u}) fill_elements(s, PointSet(Rect({1}, {1})), f, 0);
  const program::FieldView singles {&points, s.blocks(0)};
  EXPECT_EQ(singles.at<float>({3}), 1.5F);
  EXPECT_EQ(at(s, 1, {3}), 1.5);
  EXPECT_EQ(*s.blocks(2)[0].address({1}), std::byte {0});
  EXPECT_EQ(*s.blocks(2)[0].address({2}), std::byte {kPoison});
  EXPECT_EQ(s.blocks(3)[0].address({1})[39], std::byte {0});
}

TEST(ForEachOverlap, FindsEveryInterval) {
  const PointSet set = PointSet::of_rects(1, {Rect({0}, {1}), Rect({4}, {5}), Rect({8}, {9})});
  const auto hits = [&](std::int64_t lo, std::int64_t hi) {
    std::vector<std::size_t> all;
    for_each_overlap(set, Rect({lo}, {hi}), [&](std::size_t i) { all.push_back(i); });
    return all;
  };
  EXPECT_EQ(hits(1, 8), (std::vector<std::size_t> {0, 1, 2}));
  EXPECT_EQ(hits(2, 3), std::vector<std::size_t> {});
  EXPECT_EQ(hits(5, 5), std::vector<std::size_t> {1});
  EXPECT_EQ(hits(10, 20), std::vector<std::size_t> {});
}

}  // namespace
}  // namespace mapwright::engine::host
