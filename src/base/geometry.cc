#include "base/geometry.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace mapwright {

namespace {

// Appends a minus b to out: at most two slabs per dimension.
void subtract_rect(const Rect& a, const Rect& b, std::vector<Rect>& out) {
  const Rect common = intersect(a, b);
  if (common.empty()) {
    out.push_back(a);
    return;
  }
  Rect rest = a;
  for (int d = a.dim() - 1; d >= 0; --d) {
    if (rest.lo[d] < common.lo[d]) {
      Rect slab = rest;
      slab.hi[d] = common.lo[d] - 1;
      out.push_back(slab);
      rest.lo[d] = common.lo[d];
    }
    if (rest.hi[d] > common.hi[d]) {
      Rect slab = rest;
      slab.lo[d] = common.hi[d] + 1;
      out.push_back(slab);
      rest.hi[d] = common.hi[d];
    }
  }
}

std::vector<Rect> merge_intervals(std::vector<Rect> rects) {
  std::sort(rects.begin(), rects.end());
  std::vector<Rect> merged;
  for (const Rect& r : rects) {
    if (!merged.empty() && r.lo[0] <= merged.back().hi[0] + 1) {
      merged.back().hi[0] = std::max(merged.back().hi[0], r.hi[0]);
    } else {
      merged.push_back(r);
    }
  }
  return merged;
}

std::vector<Rect> make_disjoint(const std::vector<Rect>& rects) {
  std::vector<Rect> disjoint;
  for (const Rect& r : rects) {
    std::vector<Rect> fresh {r};
    for (const Rect& have : disjoint) {
      std::vector<Rect> next;
      for (const Rect& f : fresh) subtract_rect(f, have, next);
      fresh = std::move(next);
      if (fresh.empty()) break;
    }
    disjoint.insert(disjoint.end(), fresh.begin(), fresh.end());
  }
  std::sort(disjoint.begin(), disjoint.end());
  return disjoint;
}

}  // namespace

Point::Point(std::initializer_list<std::int64_t> coordinates)
    : Point(std::span<const std::int64_t>(coordinates.begin(), coordinates.size())) {}

Point::Point(std::span<const std::int64_t> coordinates) : dim(static_cast<int>(coordinates.size())) {
  MW_CHECK(dim <= kMaxDim, "a point has {} coordinates", dim);
  std::copy(coordinates.begin(), coordinates.end(), at.begin());
}

Point Point::filled(int dim, std::int64_t value) {
  Point p;
  p.dim = dim;
  for (int d = 0; d < dim; ++d) p[d] = value;
  return p;
}

std::string to_string(const Point& p) {
  return fmt::format("({})", fmt::join(p.at.begin(), p.at.begin() + p.dim, ", "));
}

Rect Rect::of_extents(std::span<const std::int64_t> extents) {
  Rect r(Point::filled(static_cast<int>(extents.size()), 0), Point(extents));
  for (int d = 0; d < r.dim(); ++d) --r.hi[d];
  return r;
}

Rect Rect::of_extents(std::initializer_list<std::int64_t> extents) {
  return of_extents(std::span<const std::int64_t>(extents.begin(), extents.size()));
}

bool Rect::empty() const {
  for (int d = 0; d < dim(); ++d) {
    if (hi[d] < lo[d]) return true;
  }
  return false;
}

std::int64_t Rect::volume() const {
  std::int64_t v = 1;
  for (int d = 0; d < dim(); ++d) v *= extent(d);
  return v;
}

bool Rect::contains(const Point& p) const {
  if (p.dim != dim()) return false;
  for (int d = 0; d < dim(); ++d) {
    if (p[d] < lo[d] || p[d] > hi[d]) return false;
  }
  return true;
}

bool Rect::contains(const Rect& r) const { return r.empty() || (contains(r.lo) && contains(r.hi)); }

Point Rect::extents() const {
  Point e = Point::filled(dim(), 0);
  for (int d = 0; d < dim(); ++d) e[d] = extent(d);
  return e;
}

std::int64_t Rect::linearize(const Point& p) const {
  std::int64_t index = 0;
  for (int d = dim() - 1; d >= 0; --d) index = index * extent(d) + (p[d] - lo[d]);
  return index;
}

Point Rect::delinearize(std::int64_t index) const {
  Point p = lo;
  for (int d = 0; d < dim(); ++d) {
    p[d] = lo[d] + index % extent(d);
    index /= extent(d);
  }
  return p;
}

Rect intersect(const Rect& a, const Rect& b) {
  MW_CHECK(a.dim() == b.dim(), "dimensions {} and {}", a.dim(), b.dim());
  Rect r = a;
  for (int d = 0; d < a.dim(); ++d) {
    r.lo[d] = std::max(a.lo[d], b.lo[d]);
    r.hi[d] = std::min(a.hi[d], b.hi[d]);
  }
  return r;
}

std::string to_string(const Rect& r) {
  std::string text = "[";
  for (int d = 0; d < r.dim(); ++d) text += fmt::format("{}{}..{}", d ? ", " : "", r.lo[d], r.hi[d]);
  return text + "]";
}

PointSet::PointSet(Rect r) : dim_(r.dim()) {
  if (r.empty()) return;
  volume_ = r.volume();
  rects_.push_back(r);
}

PointSet PointSet::of_rects(int dim, std::vector<Rect> rects) {
  std::erase_if(rects, [](const Rect& r) { return r.empty(); });
  PointSet s;
  s.dim_ = dim;
  s.rects_ = dim == 1 ? merge_intervals(std::move(rects)) : make_disjoint(rects);
  for (const Rect& r : s.rects_) s.volume_ += r.volume();
  return s;
}

Rect PointSet::bounds() const {
  if (rects_.empty()) return Rect(Point::filled(dim_, 0), Point::filled(dim_, -1));
  Rect b = rects_.front();
  for (const Rect& r : rects_) {
    for (int d = 0; d < dim_; ++d) {
      b.lo[d] = std::min(b.lo[d], r.lo[d]);
      b.hi[d] = std::max(b.hi[d], r.hi[d]);
    }
  }
  return b;
}

bool PointSet::contains(const Point& p) const { return index_of(p) >= 0; }

std::int64_t PointSet::index_of(const Point& p) const {
  std::int64_t before = 0;
  for (const Rect& r : rects_) {
    if (r.contains(p)) return before + r.linearize(p);
    before += r.volume();
  }
  return -1;
}

PointSet intersect(const PointSet& a, const PointSet& b) {
  MW_CHECK(a.dim() == b.dim(), "dimensions {} and {}", a.dim(), b.dim());
  std::vector<Rect> common;
  if (a.dim() == 1) {
    std::size_t i = 0, j = 0;
    while (i < a.rects().size() && j < b.rects().size()) {
      const Rect r = intersect(a.rects()[i], b.rects()[j]);
      if (!r.empty()) common.push_back(r);
      if (a.rects()[i].hi[0] < b.rects()[j].hi[0]) ++i; else ++j;
    }
  } else {
    for (const Rect& x : a.rects()) {
      for (const Rect& y : b.rects()) common.push_back(intersect(x, y));
    }
  }
  return PointSet::of_rects(a.dim(), std::move(common));
}

PointSet unite(const PointSet& a, const PointSet& b) {
  std::vector<Rect> all(a.rects().begin(), a.rects().end());
  all.insert(all.end(), b.rects().begin(), b.rects().end());
  return PointSet::of_rects(a.dim(), std::move(all));
}

PointSet subtract(const PointSet& a, const PointSet& b) {
  std::vector<Rect> rest(a.rects().begin(), a.rects().end());
  for (const Rect& y : b.rects()) {
    std::vector<Rect> next;
    for (const Rect& x : rest) subtract_rect(x, y, next);
    rest = std::move(next);
  }
  return PointSet::of_rects(a.dim(), std::move(rest));
}

bool intersects(const PointSet& a, const PointSet& b) {
  if (a.dim() == 1) {
    std::size_t i = 0, j = 0;
    while (i < a.rects().size() && j < b.rects().size()) {
      if (!intersect(a.rects()[i], b.rects()[j]).empty()) return true;
      if (a.rects()[i].hi[0] < b.rects()[j].hi[0]) ++i; else ++j;
    }
    return false;
  }
  for (const Rect& x : a.rects()) {
    for (const Rect& y : b.rects()) {
      if (!intersect(x, y).empty()) return true;
    }
  }
  return false;
}

bool same_points(const PointSet& a, const PointSet& b) {
  return a == b || (a.dim() == b.dim() && a.volume() == b.volume() && intersect(a, b).volume() == a.volume());
}

std::string to_string(const PointSet& s) {
  if (s.empty()) return "{}";
  std::string text;
  for (const Rect& r : s.rects()) text += (text.empty() ? "" : "+") + to_string(r);
  return text;
}

}  // namespace mapwright
