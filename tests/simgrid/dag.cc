#include "dag.h"

#include <algorithm>
#include <cmath>
#include <ctime>

namespace mapwright::referee {

std::size_t Dag::activities() const {
  return static_cast<std::size_t>(std::count_if(nodes.begin(), nodes.end(), [](const Node& n) {
    return n.kind != Node::Kind::Join && n.amount > 0;
  }));
}

double Dag::over(const Node& delay, double begin) const {
  const double end = begin + delay.amount;
  return delay.kind == Node::Kind::Start && grid > 0 ? std::max(begin, std::floor(end / grid + 0.5) * grid) : end;
}

Dag DagBuilder::finish() {
  dag.pending.assign(dag.nodes.size(), 0);
  dag.successor_offsets.assign(dag.nodes.size() + 1, 0);
  for (const auto& [from, to] : edges_) {
    ++dag.pending[to];
    ++dag.successor_offsets[from + 1];
  }
  for (std::size_t i = 0; i < dag.nodes.size(); ++i) dag.successor_offsets[i + 1] += dag.successor_offsets[i];
  dag.successors.resize(edges_.size());
  std::vector<std::uint32_t> next(dag.successor_offsets.begin(), dag.successor_offsets.end() - 1);
  for (const auto& [from, to] : edges_) dag.successors[next[from]++] = to;
  edges_.clear();
  return std::move(dag);
}

double cpu_seconds() {
  timespec t {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace mapwright::referee
