#include "engine/executor/point.h"

#include <algorithm>
#include <limits>

// Realm's, where Legion was built with OpenMP: the threads of this processor.
extern "C" __attribute__((weak)) int omp_get_max_threads();

struct CUstream_st;
// Realm's, where Legion was built with CUDA (realm/cuda/cuda_module.h).
namespace Realm::Cuda {
__attribute__((weak)) CUstream_st* get_task_cuda_stream();
__attribute__((weak)) void set_task_ctxsync_required(bool is_required);
}  // namespace Realm::Cuda

namespace mapwright::engine::executor {

namespace {

template <int D>
void blocks_of(const Legion::PhysicalRegion& region, Legion::FieldID field, const PointSet& points, std::vector<program::Block>& out) {
  for (const Rect& r : points.rects()) {
    Legion::Rect<D> bounds;
    for (int d = 0; d < D; ++d) {
      bounds.lo[d] = r.lo[d];
      bounds.hi[d] = r.hi[d];
    }
    // Elements of any size: only addresses are taken. A rectangle of a compact instance is one piece of it.
    const Legion::UnsafeFieldAccessor<std::byte, D, Legion::coord_t, Realm::AffineAccessor<std::byte, D, Legion::coord_t>> accessor(region, field, bounds, true);
    program::Block b;
    b.rect = r;
    b.base = accessor.ptr(bounds.lo);
    for (int d = 0; d < D; ++d) {
      if (bounds.hi[d] == bounds.lo[d]) continue;
      Legion::Point<D> next = bounds.lo;
      next[d] += 1;
      b.stride[static_cast<std::size_t>(d)] = accessor.ptr(next) - b.base;
    }
    out.push_back(b);
  }
}

}  // namespace

void add_blocks(const Legion::PhysicalRegion& region, Legion::FieldID field, const PointSet& points, std::vector<program::Block>& out) {
  switch (points.dim()) {
    case 1: return blocks_of<1>(region, field, points, out);
    case 2: return blocks_of<2>(region, field, points, out);
    case 3: return blocks_of<3>(region, field, points, out);
    default: MW_CHECK(false, "a region of {} dimensions", points.dim());
  }
}

PointTask::PointTask(const Job& job, const Legion::Task& task, const std::vector<Legion::PhysicalRegion>& regions, const Frame& frame,
                     ProcessorKind kind)
    : task_(task), frame_(frame), threads_(kind == ProcessorKind::Omp && omp_get_max_threads != nullptr ? omp_get_max_threads() : 1) {
  if (kind == ProcessorKind::Gpu) {
    stream_ = Realm::Cuda::get_task_cuda_stream();
    Realm::Cuda::set_task_ctxsync_required(false);  // all work goes to the stream
  }
  if (task.is_index_space) point_ = from_legion(task.index_point);
  const program::Launch& l = *frame.launch;
  const program::ExprContext at = frame.at(point_);
  for (std::size_t i = 0; i < l.arguments.size(); ++i) {
    const program::Argument& a = l.arguments[i];
    points_.push_back(&job.program().points(a, job.program().color(l, a, at)));
    auto& mine = blocks_.emplace_back(a.fields.size());
    if (a.privilege == program::Privilege::None) continue;
    for (std::size_t f = 0; f < a.fields.size(); ++f) add_blocks(regions[i], a.fields[f], *points_[i], mine[f]);
  }
}

const Point& PointTask::ancestor(int level) const {
  MW_CHECK(level >= 1 && static_cast<std::size_t>(level) <= frame_.ancestors.size(), "no ancestor {}", level);
  return frame_.ancestors[static_cast<std::size_t>(level - 1)];
}

std::int64_t PointTask::loop(std::string_view name) const {
  for (const program::LoopCounter& l : frame_.loops) {
    if (l.name == name) return l.value;
  }
  MW_CHECK(false, "no loop `{}`", name);
}

program::FieldView PointTask::field(std::size_t argument, std::uint32_t field) const {
  const auto& fields = frame_.launch->arguments[argument].fields;
  const auto at = std::lower_bound(fields.begin(), fields.end(), field);
  MW_CHECK(at != fields.end() && *at == field, "argument {} does not name field {}", argument, field);
  return {points_[argument], blocks_[argument][static_cast<std::size_t>(at - fields.begin())]};
}

double PointTask::future(std::size_t index) const {
  MW_CHECK(index < task_.futures.size(), "future {} of a launch that takes {}", index, task_.futures.size());
  return task_.futures[index].get_result<double>(true);
}

double PointTask::value(std::size_t index) const {
  MW_CHECK(index < frame_.launch->values.size(), "by-value argument {} of a launch with {}", index, frame_.launch->values.size());
  return frame_.launch->values[index];
}

double PointTask::result() const {
  if (result_ || !frame_.launch->result) return result_.value_or(0);
  constexpr double kMost = std::numeric_limits<double>::max();
  switch (frame_.launch->result->second) {
    case program::ReductionOp::Sum: return 0;
    case program::ReductionOp::Min: return kMost;
    case program::ReductionOp::Max: return -kMost;
  }
  return 0;
}

}  // namespace mapwright::engine::executor
