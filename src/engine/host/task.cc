#include "engine/host/task.h"

namespace mapwright::engine::host {

TaskContext::TaskContext(const plan::Plan& plan, const program::Program& program, const program::Program::Site& site,
                         const Place& place)
    : site_(&site) {
  const plan::Op& op = plan.ops[place.op];
  const plan::LaunchRecord& record = plan.records[op.record];
  position_ = op.a;
  point_ = domain().delinearize(position_);
  plan::OpIndex parent = record.parent;
  for (std::size_t level = site.parents.size(); level-- > 0;) {
    const plan::Op& above = plan.ops[parent];
    ancestors_.push_back(site.parents[level]->domain.delinearize(above.a));
    parent = plan.records[above.record].parent;
  }
  const plan::Segment& segment = plan.segments[place.segment];
  for (std::size_t i = 0; i < site_->loops.size(); ++i) {
    std::int64_t value = plan.counters[record.counters + i];
    if (segment.loop_counter == static_cast<std::int32_t>(i)) value += static_cast<std::int64_t>(place.repetition * segment.counter_step);
    loops_.push_back({site_->loops[i]->name, value});
  }
  program::ExprContext context;
  context.point = point_;
  context.ancestors = ancestors_;
  context.loops = loops_;
  for (const program::Argument& a : launch().arguments) {
    arguments_.push_back({&program.points(a, program.color(launch(), a, context)), nullptr});
  }
}

const Point& TaskContext::ancestor(int level) const {
  MW_CHECK(level >= 1 && static_cast<std::size_t>(level) <= ancestors_.size(), "no ancestor {}", level);
  return ancestors_[static_cast<std::size_t>(level - 1)];
}

std::int64_t TaskContext::loop(std::string_view name) const {
  for (const program::LoopCounter& l : loops_) {
    if (l.name == name) return l.value;
  }
  MW_CHECK(false, "no loop `{}`", name);
}

program::FieldView TaskContext::field(std::size_t argument, std::uint32_t field) const {
  const ArgumentState& a = arguments_[argument];
  if (a.storage == nullptr) {
    MW_CHECK(a.points->empty(), "argument {} of a kernel has no instance", argument);
    return {a.points, {}};
  }
  return {a.points, a.storage->blocks(field)};
}

double TaskContext::future(std::size_t index) const {
  MW_CHECK(index < futures.size(), "future {} of a launch that takes {}", index, futures.size());
  return futures[index] ? *futures[index] : 0;
}

void TaskContext::set_result(double value) {
  MW_CHECK(contributions != nullptr, "a result of a launch without a future");
  (*contributions)[position_] = value;
}

double TaskContext::value(std::size_t index) const {
  MW_CHECK(index < launch().values.size(), "by-value argument {} of a launch with {}", index, launch().values.size());
  return launch().values[index];
}

}  // namespace mapwright::engine::host
