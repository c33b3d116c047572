// A program of four points, planned on a shipped machine with a mapper of one line, outside mapwright's own build.
#include <cstdint>
#include <cstdio>

#include "machine/machine.h"
#include "plan/plan.h"
#include "program/program.h"
#include "sema/sema.h"

using namespace mapwright;

namespace {

program::Program four_points() {
  program::Builder b("four");
  const std::int64_t pieces = 4;
  const program::RegionId cells = b.add_region("cells", PointSet(Rect::of_extents({16})), {{"value", 8}});
  const program::PartitionId blocks = b.add_block_partition("blocks", cells, {&pieces, 1});
  program::Variant gpu;
  gpu.kind = ProcessorKind::Gpu;
  const program::TaskId step = b.add_task("step", {gpu});
  program::Argument argument;
  argument.name = "cells";
  argument.region = cells;
  argument.partition = blocks;
  argument.projection.colors = {program::Expr::point(0)};
  argument.fields = {0};
  argument.privilege = program::Privilege::WriteDiscard;
  b.index_launch(step, Rect::of_extents({pieces}), {argument});
  return b.finish();
}

}  // namespace

int main() {
  diag::Sink sink;
  const auto machine = machine::load_machine("p100", {}, sink);
  const sema::Mapper mapper = sema::compile(diag::make_source("m.mapper", "Region * * GPU ZCMEM;\n"), sink);
  if (!machine || sink.has_errors()) return 1;
  const program::Program program = four_points();
  const auto plan = plan::make_plan(mapper, program, *machine, sink);
  if (!plan) return 1;
  for (const plan::Instance& i : plan->instances) {
    if ((*machine)[i.memory].kind != MemoryKind::ZcMem) return 1;
  }
  std::printf("%llu tasks, %zu instances\n", static_cast<unsigned long long>(plan->executed_tasks()), plan->instances.size());
  return plan->executed_tasks() == 4 && plan->instances.size() == 4 ? 0 : 1;
}
