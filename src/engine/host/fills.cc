#include "engine/host/fills.h"

#include <algorithm>

#include "engine/host/storage.h"

namespace mapwright::engine::host {

Fills::Fills(const plan::Plan& plan, const program::Program& program) : plan_(&plan), program_(&program) {
  levels_.push_back({&program.main});
}

const program::Statement* Fills::step() {
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.next == level.body->size()) {
      level.next = 0;
      if (--level.left == 0) levels_.pop_back();
      continue;
    }
    const program::Statement& s = (*level.body)[level.next++];
    if (const auto* loop = std::get_if<program::Loop>(&s.what)) {
      if (loop->count > 0) levels_.push_back({&loop->body, 0, loop->count});
    } else if (const auto* launch = std::get_if<program::Launch>(&s.what)) {
      if (!launch->domain.empty()) return &s;
    } else if (std::holds_alternative<program::Fill>(s.what)) {
      return &s;
    }
  }
  return nullptr;
}

const std::vector<plan::CellId>& Fills::covered(const program::Fill& fill) {
  const auto [entry, fresh] = covered_.try_emplace(&fill);
  if (!fresh) return entry->second;
  std::vector<const PointSet*> targets;
  if (fill.partition) {
    for (const PointSet& p : program_->partitions[fill.partition->value].pieces) targets.push_back(&p);
  } else {
    targets.push_back(&program_->regions[fill.region.value].points);
  }
  for (std::size_t c = 0; c < plan_->cells.size(); ++c) {
    const plan::Cell& cell = plan_->cells[c];
    const plan::FieldGroup& group = plan_->field_groups[cell.field_group];
    const PointSet& piece = plan_->pieces[cell.piece];
    if (cell.region != fill.region || piece.empty()) continue;
    const bool fields = std::all_of(group.fields.begin(), group.fields.end(), [&](program::FieldIndex f) {
      return std::find(fill.fields.begin(), fill.fields.end(), f) != fill.fields.end();
    });
    const Point& p = piece.rects().front().lo;
    const bool points = std::any_of(targets.begin(), targets.end(), [&](const PointSet* t) {
      bool hit = false;
      for_each_overlap(*t, Rect(p, p), [&](std::size_t) { hit = true; });
      return hit;
    });
    if (fields && points) entry->second.push_back(plan::CellId(c));
  }
  return entry->second;
}

}  // namespace mapwright::engine::host
