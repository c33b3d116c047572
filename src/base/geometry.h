// base/geometry.h - integer points, rectangles and sets of points in up to eight dimensions.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace mapwright {

inline constexpr int kMaxDim = 8;

// A point of `dim` coordinates (0 <= dim <= 8). Coordinates beyond `dim` are 0, so points compare as values.
struct Point {
  int dim = 0;
  std::array<std::int64_t, kMaxDim> at {};

  Point() = default;
  Point(std::initializer_list<std::int64_t> coordinates);
  explicit Point(std::span<const std::int64_t> coordinates);
  static Point filled(int dim, std::int64_t value);

  std::int64_t operator[](int i) const { return at[static_cast<std::size_t>(i)]; }
  std::int64_t& operator[](int i) { return at[static_cast<std::size_t>(i)]; }
  friend auto operator<=>(const Point&, const Point&) = default;
  friend bool operator==(const Point&, const Point&) = default;
};

// "(1, 2)"; a one-dimensional point prints as "(1)".
std::string to_string(const Point& p);

// A dense rectangle, both ends included. Empty when hi < lo in some dimension.
struct Rect {
  Point lo, hi;

  Rect() = default;
  Rect(Point low, Point high) : lo(low), hi(high) {}
  // The rectangle [0, extent) in every dimension.
  static Rect of_extents(std::span<const std::int64_t> extents);
  static Rect of_extents(std::initializer_list<std::int64_t> extents);

  int dim() const { return lo.dim; }
  bool empty() const;
  std::int64_t extent(int d) const { return hi[d] < lo[d] ? 0 : hi[d] - lo[d] + 1; }
  std::int64_t volume() const;  // 0 when empty; 1 for dimension 0
  bool contains(const Point& p) const;
  bool contains(const Rect& r) const;
  Point extents() const;
  // Position of p when the points are counted with the first dimension fastest, from 0. p must be inside.
  std::int64_t linearize(const Point& p) const;
  Point delinearize(std::int64_t index) const;
  friend auto operator<=>(const Rect&, const Rect&) = default;
  friend bool operator==(const Rect&, const Rect&) = default;
};

Rect intersect(const Rect& a, const Rect& b);
std::string to_string(const Rect& r);  // "[0..3, 0..7]"

// A set of points: a canonical list of disjoint rectangles of one dimension.
//   one dimension      sorted, never touching intervals: equal sets are equal values
//   more dimensions    disjoint rectangles sorted by (lo, hi); a single rectangle stays one. Equal sets built from
//                      different rectangles may differ as values; use same_points() to compare those.
class PointSet {
 public:
  PointSet() = default;
  explicit PointSet(Rect r);
  // Union of the rectangles, which may overlap and be empty; all of dimension `dim`.
  static PointSet of_rects(int dim, std::vector<Rect> rects);

  int dim() const { return dim_; }
  bool empty() const { return rects_.empty(); }
  std::int64_t volume() const { return volume_; }
  std::span<const Rect> rects() const { return rects_; }
  bool is_rect() const { return rects_.size() == 1; }
  Rect bounds() const;  // smallest rectangle around the set; empty for the empty set
  bool contains(const Point& p) const;
  // Position of p in the set's storage order: rectangles in order, first dimension fastest inside each. -1 if outside.
  std::int64_t index_of(const Point& p) const;
  friend auto operator<=>(const PointSet&, const PointSet&) = default;
  friend bool operator==(const PointSet&, const PointSet&) = default;

 private:
  int dim_ = 0;
  std::int64_t volume_ = 0;
  std::vector<Rect> rects_;
};

PointSet intersect(const PointSet& a, const PointSet& b);
PointSet unite(const PointSet& a, const PointSet& b);
PointSet subtract(const PointSet& a, const PointSet& b);
bool intersects(const PointSet& a, const PointSet& b);
bool same_points(const PointSet& a, const PointSet& b);
std::string to_string(const PointSet& s);

// Calls f(Point) for every point of r, first dimension fastest.
template <typename F>
void for_each_point(const Rect& r, F&& f) {
  if (r.empty()) return;
  Point p = r.lo;
  while (true) {
    f(static_cast<const Point&>(p));
    int d = 0;
    while (d < r.dim() && p[d] == r.hi[d]) { p[d] = r.lo[d]; ++d; }
    if (d == r.dim()) return;
    ++p[d];
  }
}

template <typename F>
void for_each_point(const PointSet& s, F&& f) {
  for (const Rect& r : s.rects()) for_each_point(r, f);
}

}  // namespace mapwright
