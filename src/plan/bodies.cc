// What points of inner tasks launch. Points of a launch run side by side, each mapping its own launches. So where they are
// independent their bodies are planned side by side, statement by statement: what one point fetches later is no source
// of what another needs earlier.
#include <algorithm>

#include "plan/planner.h"

namespace mapwright::plan {

using program::Privilege;

namespace {

// Launches without futures, and loops of them: what bodies may hold whose order among points does not matter.
bool only_launches(const program::Program& program, const program::Body& body) {
  return std::all_of(body.begin(), body.end(), [&](const program::Statement& s) {
    if (const auto* loop = std::get_if<program::Loop>(&s.what)) return only_launches(program, loop->body);
    const auto* launch = std::get_if<program::Launch>(&s.what);
    return launch && !launch->result && launch->futures.empty() && only_launches(program, program.tasks[launch->task.value].body);
  });
}

enum class Mode : std::uint8_t { Read, Sum, Min, Max, Alone };

Mode mode_of(const program::Argument& a) {
  if (a.privilege == Privilege::Read) return Mode::Read;
  if (a.privilege != Privilege::Reduce) return Mode::Alone;
  return a.reduction == program::ReductionOp::Sum ? Mode::Sum : a.reduction == program::ReductionOp::Min ? Mode::Min : Mode::Max;
}

}  // namespace

// Whether no point of the launch touches what another writes, or reduces with another operator. Bodies stay inside their
// point's arguments, so the same holds for all that the points launch.
bool Planner::independent(const program::Launch& launch) const {
  if (launch.domain.volume() < 2 || !only_launches(program_, program_.tasks[launch.task.value].body)) return false;
  struct Claim {
    std::int64_t point;
    Mode mode;
    bool several;
  };
  std::unordered_map<std::uint32_t, Claim> claims;  // by cell
  const auto claim = [&](std::uint32_t cell, std::int64_t point, Mode mode) {
    const auto [at, fresh] = claims.try_emplace(cell, Claim {point, mode, false});
    Claim& c = at->second;
    if (fresh) return true;
    if (c.mode == mode && mode != Mode::Alone) {
      c.several |= c.point != point;
      return true;
    }
    c.mode = Mode::Alone;
    return !c.several && c.point == point;
  };
  std::vector<Mode> modes(launch.arguments.size());
  std::vector<char> mixed(program_.regions.size());  // regions that are used in another way than by its first argument
  std::vector<std::optional<Mode>> first(program_.regions.size());
  for (std::size_t k = 0; k < modes.size(); ++k) {
    const program::Argument& a = launch.arguments[k];
    if (a.privilege == Privilege::None) continue;
    modes[k] = mode_of(a);
    std::optional<Mode>& known = first[a.region.value];
    mixed[a.region.value] |= static_cast<char>(modes[k] == Mode::Alone || known.value_or(modes[k]) != modes[k]);
    known = modes[k];
  }
  program::ExprContext context;
  context.ancestors = ancestors_;
  context.loops = loops_;
  for (std::int64_t i = 0; i < launch.domain.volume(); ++i) {
    if (launch.index) context.point = launch.domain.delinearize(i);
    for (std::size_t k = 0; k < modes.size(); ++k) {
      const program::Argument& a = launch.arguments[k];
      if (a.privilege == Privilege::None || !mixed[a.region.value]) continue;
      const Geometry::RegionAtoms& atoms = geometry_.regions[a.region.value];
      const std::uint32_t set = a.partition ? geometry_.colored[a.partition->value][program_.color(launch, a, context)] : geometry_.whole[a.region.value];
      for (const std::uint32_t piece : geometry_.pieces_of(set)) {
        for (const std::uint32_t group : geometry_.argument_groups[launch.id.value][k]) {
          if (!claim(geometry_.cell(atoms, piece, group), i, modes[k])) return false;
        }
      }
    }
  }
  return true;
}

void Planner::open_body(const program::Launch& launch, OpIndex task, std::int64_t i, Frame& frame) {
  if (program_.tasks[launch.task.value].body.empty()) return;
  Frame& inner = frame.bodies.emplace_back();
  inner.parent = task;
  inner.decision = work_.site;
  inner.expansion = work_.position;
  inner.processor = work_.processor;
  inner.fence = frame.fence;
  inner.ancestors.reserve(ancestors_.size() + 1);
  inner.ancestors.push_back(launch.index ? launch.domain.delinearize(i) : Point());
  inner.ancestors.insert(inner.ancestors.end(), ancestors_.begin(), ancestors_.end());
  inner.end = frame.children.size() - 1;
}

// Leaves the operations that end when all of a body has ended among the children of `frame`.
bool Planner::walk_bodies(const program::Launch& launch, Frame& frame) {
  std::vector<Frame> bodies = std::move(frame.bodies);
  frame.bodies.clear();
  if (!walk_together(program_.tasks[launch.task.value].body, bodies)) return false;
  for (Frame& inner : bodies) {
    inner.children.push_back(inner.parent);
    frame.children[inner.end] = add(OpKind::Complete, plan_.ops[inner.parent].record, inner.parent, kNone, kNone, inner.children);
  }
  return true;
}

bool Planner::walk_together(const program::Body& body, std::vector<Frame>& frames) {
  if (frames.empty()) return true;
  for (const program::Statement& statement : body) {
    if (const auto* loop = std::get_if<program::Loop>(&statement.what)) {
      loops_.push_back({loop->name, 0});
      for (std::int64_t i = 0; i < loop->count; ++i) {
        loops_.back().value = i;
        if (!walk_together(loop->body, frames)) return false;
      }
      loops_.pop_back();
      continue;
    }
    for (Frame& frame : frames) {
      std::swap(ancestors_, frame.ancestors);
      if (!walk_statement(statement, frame)) return false;
      std::swap(ancestors_, frame.ancestors);
    }
  }
  return true;
}

}  // namespace mapwright::plan
