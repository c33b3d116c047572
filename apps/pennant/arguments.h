// apps/pennant/arguments.h - what a kernel sees of its arguments, found by the table of the task's uses.
#pragma once

#include <array>

#include "apps/pennant/pennant.h"
#include "apps/support/loops.h"
#include "apps/support/views.h"

namespace mapwright::apps::pennant {

struct Vec {
  double x = 0, y = 0;
  MW_HOST_DEVICE friend Vec operator+(Vec a, Vec b) { return {a.x + b.x, a.y + b.y}; }
  MW_HOST_DEVICE friend Vec operator-(Vec a, Vec b) { return {a.x - b.x, a.y - b.y}; }
  MW_HOST_DEVICE friend Vec operator*(double f, Vec v) { return {f * v.x, f * v.y}; }
  MW_HOST_DEVICE friend Vec operator/(Vec v, double d) { return {v.x / d, v.y / d}; }
};
MW_HOST_DEVICE inline double dot(Vec a, Vec b) { return a.x * b.x + a.y * b.y; }
MW_HOST_DEVICE inline double cross(Vec a, Vec b) { return a.x * b.y - a.y * b.x; }
MW_HOST_DEVICE inline double length(Vec v) { return std::sqrt(dot(v, v)); }
MW_HOST_DEVICE inline Vec rotated_left(Vec v) { return {-v.y, v.x}; }

// Which argument a side finds a point through.
enum Tag : std::uint8_t { kIsPrivate = 1, kIsGhost = 2 };
struct Pointer {
  std::int64_t point = 0;
  std::uint8_t tag = 0;
};

// A vector field of zones or sides, or of the one argument of points of a task.
struct VecLine {
  Line<double> x, y;
  MW_HOST_DEVICE Vec operator[](std::int64_t i) const { return {x[i], y[i]}; }
  MW_HOST_DEVICE void set(std::int64_t i, Vec v) const {
    x[i] = v.x;
    y[i] = v.y;
  }
};

// A field of the points of a piece: private ones lie in one line, ghosts in up to four intervals.
class PointLine {
 public:
  PointLine(const program::FieldView& own, const program::FieldView& ghost);
  MW_HOST_DEVICE double& operator[](Pointer p) const {
    if (p.tag == kIsPrivate) return own_[p.point];
    std::size_t i = 0;
    while (i < count_ && (p.point < ghosts_[i].lo || p.point > ghosts_[i].hi)) ++i;
    MW_LOOP_CHECK(i < count_, "point {} is no ghost of this piece", p.point);
    return *reinterpret_cast<double*>(ghosts_[i].base + (p.point - ghosts_[i].lo) * ghosts_[i].stride);
  }

 private:
  struct Interval {
    std::int64_t lo, hi, stride;
    std::byte* base;
  };
  Line<double> own_;
  std::array<Interval, 4> ghosts_ {};
  std::size_t count_ = 0;
};
struct PointVec {
  PointLine x, y;
  MW_HOST_DEVICE Vec operator[](Pointer p) const { return {x[p], y[p]}; }
};

class Arguments {
 public:
  Arguments(program::KernelContext& context, const Task& task) : context_(context), task_(task) {}

  template <typename T = double>
  Line<T> line(Part part, FieldIndex f) const { return Line<T>(view(part, f)); }
  VecLine vec(Part part, FieldIndex f) const { return {line(part, f), line(part, f + 1)}; }
  PointLine points(FieldIndex f) const { return {view(Part::Private, f), view(Part::Ghost, f)}; }
  PointVec point_vec(FieldIndex f) const { return {points(f), points(f + 1)}; }
  Range range(Part part) const;
  const PointSet& set(Part part) const;
  const program::KernelContext& context() const { return context_; }
  std::int64_t piece() const { return context_.point()[0]; }
  double dt() const { return context_.future(0); }
  void result(double value) const { context_.set_result(value); }

 private:
  program::FieldView view(Part part, FieldIndex f) const;
  program::KernelContext& context_;
  const Task& task_;
};

// The ends of sides.
class Ends {
 public:
  Ends(const Arguments& a, FieldIndex points, FieldIndex tags)
      : points_(a.line<std::int64_t>(Part::Sides, points)), tags_(a.line<std::uint8_t>(Part::Sides, tags)) {}
  MW_HOST_DEVICE Pointer operator[](std::int64_t side) const { return {points_[side], tags_[side]}; }

 private:
  Line<std::int64_t> points_;
  Line<std::uint8_t> tags_;
};

}  // namespace mapwright::apps::pennant
