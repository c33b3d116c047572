// Tiny programs that can be executed, with plans for them.
#pragma once

#include <gtest/gtest.h>

#include "engine/host/host.h"
#include "support/tiny_machine.h"

namespace mapwright::test {

using namespace program;

// One node per `nodes` with two CPUs and two GPUs each.
inline machine::Machine two_by_two(std::int64_t nodes = 1) {
  return tiny_machine("[processors.CPU]\ncount = 2\n[processors.GPU]\ncount = 2\n", {.nodes = nodes});
}

inline Variant runs(ProcessorKind kind, Kernel kernel) {
  Variant v;
  v.kind = kind;
  v.kernel = std::move(kernel);
  return v;
}

inline Argument argument(RegionId region, Privilege privilege, std::optional<PartitionId> partition = {}, std::vector<FieldIndex> fields = {0}) {
  Argument a;
  a.name = std::string("a");  // g++ 12 warns about assigning the literal
  a.region = region;
  a.privilege = privilege;
  a.partition = partition;
  if (partition) a.projection.colors = {Expr::point(0)};
  a.fields = std::move(fields);
  return a;
}

// Applies f(value, point) to every double of argument `a`, field 0.
template <typename F>
void update(KernelContext& c, std::size_t a, F&& f) {
  const FieldView view = c.field(a, 0);
  for_each_point(c.points(a), [&](const Point& p) { view.at<double>(p) = f(view.at<double>(p), p); });
}

// The sum of every double of argument `a`, field 0. Only reads: others may read the same instance at the same time.
inline double sum(KernelContext& c, std::size_t a) {
  const FieldView view = c.field(a, 0);
  double total = 0;
  for_each_point(c.points(a), [&](const Point& p) { total += view.at<double>(p); });
  return total;
}

// Twelve cells in four blocks; ghosts are the block and one cell on each side. `steps` times: every point adds the sum of
// its ghosts to the cells of its block, then every point reduces 1 into all its ghosts.
inline Program ghosts(std::int64_t steps) {
  Builder b("ghosts");
  const RegionId r = b.add_region("r", PointSet(Rect::of_extents({12})), {{"f", 8}});
  const RegionId s = b.add_region("s", PointSet(Rect::of_extents({12})), {{"g", 8}});
  const auto block = [&](const char* name, RegionId region, std::int64_t width) {
    std::vector<PointSet> pieces;
    for (std::int64_t i = 0; i < 4; ++i) {
      pieces.emplace_back(Rect({std::max<std::int64_t>(0, 3 * i - width)}, {std::min<std::int64_t>(11, 3 * i + 2 + width)}));
    }
    return b.add_partition(name, region, Rect::of_extents({4}), std::move(pieces));
  };
  const PartitionId blocks = block("blocks", r, 0), around = block("around", r, 1), sums = block("sums", s, 0);
  const auto both = [&](const char* name, const Kernel& k) {
    return b.add_task(name, {runs(ProcessorKind::Cpu, k), runs(ProcessorKind::Gpu, k)});
  };
  const TaskId init = both("init", [](KernelContext& c) {
    update(c, 0, [](double, const Point& p) { return static_cast<double>(p[0]); });
    update(c, 1, [](double, const Point&) { return 0.0; });
  });
  const TaskId gather = both("gather", [](KernelContext& c) {
    const double total = sum(c, 0);
    update(c, 1, [&](double x, const Point&) { return x + total; });
  });
  const TaskId spread = both("spread", [](KernelContext& c) {
    update(c, 0, [](double x, const Point&) { return x + 1; });
  });
  const Rect points = Rect::of_extents({4});
  b.index_launch(init, points, {argument(r, Privilege::WriteDiscard, blocks), argument(s, Privilege::WriteDiscard, sums)});
  b.begin_loop("step", steps);
  b.index_launch(gather, points, {argument(r, Privilege::Read, around), argument(s, Privilege::ReadWrite, sums)});
  b.index_launch(spread, points, {argument(r, Privilege::Reduce, around)});
  b.end_loop();
  return b.finish();
}

inline plan::Plan plan_for(const Program& p, const machine::Machine& m, const std::string& mapper = "") {
  diag::Sink sink;
  auto plan = plan::make_plan(sema::compile(diag::make_source("test.mapper", mapper), sink), p, m, sink);
  MW_CHECK(plan.has_value(), "{}", plan.error().diagnostics.front().message);
  return *std::move(plan);
}

}  // namespace mapwright::test
