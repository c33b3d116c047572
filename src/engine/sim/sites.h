// engine/sim/sites.h - which launch statement a launch record executes, and under which loops.
#pragma once

#include <vector>

#include "engine/sim/sim.h"

namespace mapwright::engine::sim {

// Launch statements by LaunchRecord::decision: by launch id, then the further places of launches in bodies that several
// statements launch, in program order.
class Sites {
 public:
  Sites(const plan::Plan& plan, const program::Program& program);
  const program::Program::Site& operator[](const plan::LaunchRecord& record) const { return sites_[record.decision]; }
  const program::Program::Site& of_record(std::uint32_t record) const { return sites_[plan_.records[record].decision]; }
  const plan::LaunchDecision& decision(std::uint32_t record) const {
    return plan_.decisions->launches[plan_.records[record].decision];
  }
  // Name of the task of a record; empty for kNone.
  std::string_view task(std::uint32_t record) const;

 private:
  const plan::Plan& plan_;
  const program::Program& program_;
  std::vector<program::Program::Site> sites_;
};

}  // namespace mapwright::engine::sim
