// engine/host/fills.h - where the fills of a program stand among its launches. A fill makes no operation of its own: its
// value reaches an instance when that is first used, or never.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/host/holdings.h"
#include "plan/plan.h"
#include "program/program.h"

namespace mapwright::engine::host {

// Walks the top level of a program along with the launches that are issued.
class Fills {
 public:
  Fills(const plan::Plan& plan, const program::Program& program);

  // Calls f(cell, value) for everything filled before the next launch, and steps over that launch. Without launches
  // left: for all that is filled until the end.
  template <typename F>
  void before_next_launch(F&& f) {
    while (const program::Statement* s = step()) {
      if (const auto* fill = std::get_if<program::Fill>(&s->what)) {
        for (plan::CellId c : covered(*fill)) f(c, fill->value);
      } else {
        return;
      }
    }
  }

 private:
  struct Level {
    const program::Body* body;
    std::size_t next = 0;
    std::int64_t left = 1;  // repetitions, this one included
  };
  const program::Statement* step();  // next fill or launch with points; null at the end
  const std::vector<plan::CellId>& covered(const program::Fill& fill);

  const plan::Plan* plan_;
  const program::Program* program_;
  std::vector<Level> levels_;
  std::map<const program::Fill*, std::vector<plan::CellId>> covered_;
};

}  // namespace mapwright::engine::host
