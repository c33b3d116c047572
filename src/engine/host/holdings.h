// engine/host/holdings.h - which cells of a plan each instance holds, as dense numbers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plan/plan.h"
#include "program/program.h"

namespace mapwright::engine::host {

// One cell in one instance. The slots of an instance are consecutive: piece after piece, field groups inside.
using Slot = std::uint32_t;

// Built once per execution. Cost: O(sum of cells of the instances, times log of the pieces).
class Holdings {
 public:
  Holdings(const plan::Plan& plan, const program::Program& program);

  std::size_t slots() const { return cells_.size(); }
  std::size_t cells() const { return plan_->cells.size(); }
  Slot first(plan::InstanceId i) const { return first_[i.value]; }
  Slot end(plan::InstanceId i) const { return first_[i.value + 1]; }
  plan::CellId cell(Slot s) const { return cells_[s]; }
  plan::InstanceId instance(Slot s) const { return instances_[s]; }
  // The slot of a cell that the instance holds.
  Slot slot(plan::InstanceId i, plan::CellId c) const;

  // Calls f(slot) for every slot of `i` whose fields belong to argument `argument` of `launch`.
  template <typename F>
  void for_each_slot(plan::InstanceId i, const program::Launch& launch, std::size_t argument, F&& f) const {
    const std::vector<bool>& used = argument_groups_[argument_start_[launch.id.value] + argument];
    for (Slot s = first(i); s < end(i); ++s) {
      if (used[plan_->cells[cells_[s].value].field_group]) f(s);
    }
  }

 private:
  void index_cells();
  void index_arguments(const program::Program& program);
  std::vector<std::uint32_t> pieces_inside(program::RegionId region, const PointSet& points) const;

  struct Key {
    std::uint32_t piece, group;
    plan::CellId cell;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Start {
    std::int64_t low;  // smallest first coordinate of the piece
    std::uint32_t piece;
    friend auto operator<=>(const Start&, const Start&) = default;
  };
  const plan::Plan* plan_;
  std::vector<Key> keys_;                           // all cells, ascending
  std::vector<std::vector<Start>> starts_;          // by region: its pieces, ascending
  std::vector<Slot> first_;                         // by instance, and the end
  std::vector<plan::CellId> cells_;                 // by slot
  std::vector<plan::InstanceId> instances_;         // by slot
  std::vector<std::size_t> argument_start_;         // by launch
  std::vector<std::vector<bool>> argument_groups_;  // by argument of launches, then by field group
};

}  // namespace mapwright::engine::host
