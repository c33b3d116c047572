// engine/sim/uses.h - what the operations of a plan occupy and for how long, each such thing once: for Workload.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/index_table.h"
#include "engine/sim/workload.h"

namespace mapwright::engine::sim {

// Numbers uses while a workload is made. Many operations are alike: thousands of uses serve millions of operations.
class UseTable {
 public:
  // `moves`: how many copies, folds and fills there are. The arguments must outlive the table.
  UseTable(const plan::Plan& plan, const machine::Machine& machine, std::size_t moves);

  // Each gives the number of a use; 0 is that of operations which occupy nothing. `space`: who maps the task or issues the rest.
  std::uint32_t of_task(double seconds, std::uint32_t processor, std::uint32_t space);
  std::uint32_t of_move(const plan::Op& move, std::uint32_t space);
  std::uint32_t of_reclaim(std::uint32_t space) { return add({0, kAbsent, space}, false); }

  // How long a use takes at most when nothing else happens.
  double seconds(std::uint32_t use) const;
  // Moves everything into a workload, whose clock is set: times become ticks.
  void give(Workload& w);

 private:
  std::uint32_t add(const Use& u, bool task);
  std::uint32_t path(std::uint32_t from, std::uint32_t to, double limit);
  double element_limit(const plan::Op& move) const;

  const plan::Plan& plan_;
  const machine::Machine& machine_;
  std::vector<Use> uses_;                                    // amounts of tasks are in seconds
  std::vector<bool> by_tasks_;                               // by use
  std::vector<Path> paths_;
  std::vector<double> delays_;                               // by path: seconds before its first byte
  IndexTable use_numbers_, path_numbers_;
  std::vector<std::uint32_t> latest_on_processor_, latest_on_path_;  // latest uses, by resource + 1; 0: none
  std::vector<std::pair<std::uint64_t, double>> path_keys_;  // memories and limit
};

}  // namespace mapwright::engine::sim
