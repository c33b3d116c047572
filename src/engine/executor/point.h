// engine/executor/point.h - a point task of Legion as the program's kernel sees it. Private.
#pragma once

#include <legion.h>
#include <vector>

#include "engine/executor/job.h"

namespace mapwright::engine::executor {

// Views of the points of `points` in field `field` of a mapped region, one block per rectangle. Instances of any affine
// layout, also compact ones.
void add_blocks(const Legion::PhysicalRegion& region, Legion::FieldID field, const PointSet& points, std::vector<program::Block>& out);

class PointTask final : public program::KernelContext {
 public:
  PointTask(const Job& job, const Legion::Task& task, const std::vector<Legion::PhysicalRegion>& regions, const Frame& frame, ProcessorKind kind);

  const Point& point() const override { return point_; }
  const Rect& domain() const override { return frame_.launch->domain; }
  const Point& ancestor(int level) const override;
  std::int64_t loop(std::string_view name) const override;
  std::size_t arguments() const override { return points_.size(); }
  const PointSet& points(std::size_t argument) const override { return *points_[argument]; }
  program::FieldView field(std::size_t argument, std::uint32_t field) const override;
  double future(std::size_t index) const override;
  void set_result(double value) override { result_ = value; }
  double value(std::size_t index) const override;
  int threads() const override { return threads_; }
  void* stream() const override { return stream_; }

  // The point's contribution; the identity of the operator when it made none.
  double result() const;

 private:
  const Legion::Task& task_;
  const Frame& frame_;
  int threads_;
  void* stream_ = nullptr;
  Point point_;
  std::vector<const PointSet*> points_;
  std::vector<std::vector<std::vector<program::Block>>> blocks_;  // by argument and position of the field in it
  std::optional<double> result_;
};

}  // namespace mapwright::engine::executor
