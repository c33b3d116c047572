#include "engine/sim/sites.h"

namespace mapwright::engine::sim {

Sites::Sites(const plan::Plan& plan, const program::Program& program) : plan_(plan), program_(program) {
  sites_.resize(program.launch_count);
  std::vector<program::Program::Site> further;
  for (program::Program::Site& site : program.sites()) {
    program::Program::Site& first = sites_[site.launch->id.value];
    if (first.launch) {
      further.push_back(std::move(site));
    } else {
      first = std::move(site);
    }
  }
  sites_.insert(sites_.end(), further.begin(), further.end());
}

std::string_view Sites::task(std::uint32_t record) const {
  if (record == plan::kNone) return {};
  return program_.tasks[of_record(record).launch->task.value].name;
}

}  // namespace mapwright::engine::sim
