#include "engine/host/holdings.h"

#include <algorithm>
#include <map>

#include "engine/host/storage.h"

namespace mapwright::engine::host {

using plan::CellId;
using plan::InstanceId;

Holdings::Holdings(const plan::Plan& plan, const program::Program& program) : plan_(&plan) {
  index_cells();
  index_arguments(program);
  std::map<std::pair<program::RegionId, plan::PointSetId>, std::vector<std::uint32_t>> inside;
  for (std::size_t i = 0; i < plan.instances.size(); ++i) {
    const plan::Instance& instance = plan.instances[i];
    first_.push_back(static_cast<Slot>(cells_.size()));
    const auto [entry, fresh] = inside.try_emplace({instance.region, instance.points});
    if (fresh) entry->second = pieces_inside(instance.region, plan.point_sets[instance.points.value]);
    for (std::uint32_t piece : entry->second) {
      for (std::uint32_t group : plan.groups_of(instance)) {
        const auto found = std::lower_bound(keys_.begin(), keys_.end(), Key {piece, group, CellId(0)});
        if (found == keys_.end() || found->piece != piece || found->group != group) continue;
        cells_.push_back(found->cell);
        instances_.push_back(InstanceId(i));
      }
    }
  }
  first_.push_back(static_cast<Slot>(cells_.size()));
}

void Holdings::index_cells() {
  for (std::size_t c = 0; c < plan_->cells.size(); ++c) {
    const plan::Cell& cell = plan_->cells[c];
    keys_.push_back({cell.piece, cell.field_group, CellId(c)});
    starts_.resize(std::max<std::size_t>(starts_.size(), cell.region.value + 1));
    const PointSet& piece = plan_->pieces[cell.piece];
    if (piece.empty()) continue;
    starts_[cell.region.value].push_back({piece.dim() == 0 ? 0 : piece.bounds().lo[0], cell.piece});
  }
  std::sort(keys_.begin(), keys_.end());
  for (std::vector<Start>& region : starts_) {
    std::sort(region.begin(), region.end());
    region.erase(std::unique(region.begin(), region.end()), region.end());
  }
}

// Pieces lie completely inside or outside of every point set in use, so one point of a piece tells.
std::vector<std::uint32_t> Holdings::pieces_inside(program::RegionId region, const PointSet& points) const {
  std::vector<std::uint32_t> inside;
  if (points.empty() || region.value >= starts_.size()) return inside;
  const Rect bounds = points.bounds();
  const std::vector<Start>& starts = starts_[region.value];
  const std::int64_t low = points.dim() == 0 ? 0 : bounds.lo[0], high = points.dim() == 0 ? 0 : bounds.hi[0];
  for (auto s = std::lower_bound(starts.begin(), starts.end(), Start {low, 0}); s != starts.end() && s->low <= high; ++s) {
    const Point& p = plan_->pieces[s->piece].rects().front().lo;
    bool hit = false;
    for_each_overlap(points, Rect(p, p), [&](std::size_t) { hit = true; });
    if (hit) inside.push_back(s->piece);
  }
  std::sort(inside.begin(), inside.end());
  return inside;
}

void Holdings::index_arguments(const program::Program& program) {
  argument_start_.resize(program.launch_count);
  for (const program::Program::Site& site : program.sites()) {
    argument_start_[site.launch->id.value] = argument_groups_.size();
    for (const program::Argument& a : site.launch->arguments) {
      std::vector<bool> used(plan_->field_groups.size());
      for (std::size_t g = 0; g < used.size(); ++g) {
        const plan::FieldGroup& group = plan_->field_groups[g];
        used[g] = group.region == a.region &&
                  std::includes(a.fields.begin(), a.fields.end(), group.fields.begin(), group.fields.end());
      }
      argument_groups_.push_back(std::move(used));
    }
  }
}

Slot Holdings::slot(InstanceId i, CellId c) const {
  const auto before = [&](CellId a, CellId b) {
    const plan::Cell& x = plan_->cells[a.value];
    const plan::Cell& y = plan_->cells[b.value];
    return std::pair(x.piece, x.field_group) < std::pair(y.piece, y.field_group);
  };
  const auto begin = cells_.begin() + first(i), end = cells_.begin() + first_[i.value + 1];
  const auto found = std::lower_bound(begin, end, c, before);
  MW_CHECK(found != end && *found == c, "instance {} does not hold cell {}", i.value, c.value);
  return static_cast<Slot>(found - cells_.begin());
}

}  // namespace mapwright::engine::host
