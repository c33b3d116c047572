#include <algorithm>

#include "program/cover.h"
#include "program/program.h"

namespace mapwright::program {

Builder::Builder(std::string name) {
  program_.name = std::move(name);
  open_.push_back(&program_.main);
}

RegionId Builder::add_region(std::string name, PointSet points, std::vector<Field> fields) {
  program_.regions.push_back({std::move(name), std::move(points), std::move(fields)});
  return RegionId(program_.regions.size() - 1);
}

PartitionId Builder::add_partition(std::string name, RegionId region, Rect colors, std::vector<PointSet> pieces,
                                   std::optional<std::pair<PartitionId, std::uint32_t>> parent) {
  MW_CHECK(region.value < program_.regions.size(), "partition {} of an unknown region", name);
  const PointSet* whole = &program_.regions[region.value].points;
  if (parent) {
    MW_CHECK(parent->first.value < program_.partitions.size() &&
                 parent->second < program_.partitions[parent->first.value].pieces.size(),
             "partition {} of an unknown subregion", name);
    whole = &program_.partitions[parent->first.value].pieces[parent->second];
  }
  std::int64_t budget = std::int64_t {1} << 30;
  const std::optional<Cover> covered = cover(*whole, pieces, budget);
  MW_CHECK(covered.has_value(), "partition {} is too irregular", name);
  program_.partitions.push_back({std::move(name), region, parent, colors, std::move(pieces), covered->disjoint,
                                 covered->complete});
  return PartitionId(program_.partitions.size() - 1);
}

PartitionId Builder::add_block_partition(std::string name, RegionId region, std::span<const std::int64_t> counts) {
  const PointSet& points = program_.regions[region.value].points;
  MW_CHECK(points.is_rect() && static_cast<std::size_t>(points.dim()) == counts.size(), "block partition {}", name);
  const Rect colors = Rect::of_extents(counts);
  return add_partition(std::move(name), region, colors, block_pieces(points.bounds(), colors));
}

TaskId Builder::add_task(std::string name, std::vector<Variant> variants) {
  MW_CHECK(open_.front() == &program_.main, "task {} is added while a body is open", name);
  program_.tasks.push_back({std::move(name), std::move(variants), {}, true});
  return TaskId(program_.tasks.size() - 1);
}

FutureId Builder::add_future(std::string name) {
  program_.futures.push_back(std::move(name));
  return FutureId(program_.futures.size() - 1);
}

void Builder::set_metric(Metric m) { program_.metric = std::move(m); }

Launch& Builder::index_launch(TaskId task, Rect domain, std::vector<Argument> arguments) {
  Launch l;
  l.id = LaunchId(program_.launch_count++);  // finish() gives the final number
  l.task = task;
  l.domain = domain;
  l.arguments = std::move(arguments);
  open_.back()->push_back({std::move(l)});
  return std::get<Launch>(open_.back()->back().what);
}

Launch& Builder::single_launch(TaskId task, std::vector<Argument> arguments) {
  Launch& l = index_launch(task, Rect(), std::move(arguments));
  l.index = false;
  return l;
}

void Builder::begin_loop(std::string name, std::int64_t count, bool traced, std::string trace) {
  Loop loop;
  loop.name = std::move(name);
  loop.count = count;
  loop.traced = traced;
  loop.trace = std::move(trace);
  open_.back()->push_back({std::move(loop)});
  open_.push_back(&std::get<Loop>(open_.back()->back().what).body);
}

void Builder::end_loop() {
  MW_CHECK(open_.size() > 1, "end_loop without begin_loop");
  open_.pop_back();
}

void Builder::begin_body(TaskId task) {
  MW_CHECK(open_.size() == 1 && open_.front() == &program_.main, "begin_body inside a block");
  Body& body = program_.tasks[task.value].body;
  open_ = {&body};
}

void Builder::end_body() {
  MW_CHECK(open_.size() == 1 && open_.front() != &program_.main, "end_body without begin_body");
  open_ = {&program_.main};
}

void Builder::fence(bool wait) { open_.back()->push_back({Fence {wait}}); }
void Builder::timer_start(std::string label) { open_.back()->push_back({Timer {std::move(label), true}}); }
void Builder::timer_stop(std::string label) { open_.back()->push_back({Timer {std::move(label), false}}); }

void Builder::fill(RegionId region, std::vector<FieldIndex> fields, double value, std::optional<PartitionId> partition) {
  open_.back()->push_back({Fill {region, partition, std::move(fields), value}});
}

void Builder::wait(FutureId future) { open_.back()->push_back({FutureWait {future}}); }

Program Builder::finish() {
  MW_CHECK(open_.size() == 1 && open_.front() == &program_.main, "a loop or a body of {} is still open", program_.name);
  program_.number_launches();
  diag::Sink sink;
  if (!validate(program_, sink)) MW_CHECK(false, "program {}: {}", program_.name, sink.all().front().message);
  open_ = {&program_.main};
  return std::move(program_);
}

}  // namespace mapwright::program
