#include "compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "simgrid_run.h"

namespace mapwright::referee {

namespace {

using engine::Event;
using engine::sim::Sharing;
using engine::sim::Timing;

double ratio(double ours, double theirs) { return ours == theirs ? 1 : theirs > 0 ? ours / theirs : HUGE_VAL; }

void count(double ours, double theirs, Agreement& a) {
  const double error = std::abs(ratio(ours, theirs) - 1);
  a.worst_copy = std::max(a.worst_copy, error);
  ++a.copies;
  if (error <= kTolerance) ++a.within;
}

Agreement against(const Executed& run, const plan::Plan& plan, const PlanDag& dag, const Timing& timing) {
  Agreement a;
  a.makespan = ratio(timing.makespan, run.makespan);
  for (const Event& e : timing.events) {
    if (plan::moves_data(plan.ops[e.op].kind)) count(e.end - e.start, run.end[dag.last[e.op]] - run.start[dag.first[e.op]], a);
  }
  return a;
}

Agreement against_itself(const Executed& run, const PlanDag& dag) {
  Dag changed = dag.dag;
  for (std::size_t n = 0; n < changed.nodes.size(); ++n) {
    if (changed.nodes[n].kind != Node::Kind::Work) continue;
    changed.nodes[n].amount *= 1 + kRounding * (2 * to_unit(counter_random(1, 0, n)) - 1);
  }
  const Executed other = run_simgrid(changed);
  Agreement a;
  if (!other.trouble.empty()) return a;
  a.makespan = ratio(other.makespan, run.makespan);
  for (std::size_t n = 0; n < changed.nodes.size(); ++n) {
    if (changed.nodes[n].kind == Node::Kind::Copy) count(other.end[n] - other.start[n], run.end[n] - run.start[n], a);
  }
  return a;
}

// When everything that takes part in run_simgrid_at() began with us.
std::vector<double> our_starts(const PlanDag& dag, const Timing& timing) {
  std::vector<double> dates(dag.dag.nodes.size(), 0);
  for (const Event& e : timing.events) {
    if (dag.first[e.op] != PlanDag::kIgnored) dates[dag.first[e.op]] = e.start;
  }
  for (const engine::sim::Mapping& m : timing.mappings) dates[dag.mapping[m.op]] = m.start;
  return dates;
}

// Follows the precedences through joins and delays, which took no part. Returns the largest distance, in makespans, between
// a start and the end of the last predecessor; completes the makespan. Between two times of the grid either is the nearest.
double worst_start(const Dag& dag, const std::vector<double>& dates, Executed& run) {
  std::vector<std::uint32_t> pending = dag.pending;
  std::vector<double> earliest(dag.nodes.size(), 0), instead(dag.nodes.size(), HUGE_VAL);
  std::vector<NodeIndex> ready;
  for (NodeIndex n = 0; n < dag.nodes.size(); ++n) {
    if (pending[n] == 0) ready.push_back(n);
  }
  double worst = 0;
  std::size_t seen = 0;
  for (; !ready.empty(); ++seen) {
    const NodeIndex n = ready.back();
    ready.pop_back();
    double end = earliest[n];
    if (dag.nodes[n].kind == Node::Kind::Delay || dag.nodes[n].kind == Node::Kind::Start) end = dag.over(dag.nodes[n], end);
    if (dag.nodes[n].kind == Node::Kind::Work || dag.nodes[n].kind == Node::Kind::Copy) {
      worst = std::max(worst, std::min(std::abs(dates[n] - earliest[n]), std::abs(dates[n] - instead[n])));
      end = run.end[n];
    }
    const double off_grid = earliest[n] + dag.nodes[n].amount;
    const bool on_grid = dag.nodes[n].kind == Node::Kind::Start && dag.grid > 0;
    const bool tie = on_grid && std::abs(std::abs(end - off_grid) - dag.grid / 2) <= kSameDate * end;
    run.makespan = std::max(run.makespan, end);
    for (const NodeIndex s : dag.successors_of(n)) {
      earliest[s] = std::max(earliest[s], end);
      if (tie) instead[s] = end > off_grid ? end - dag.grid : end + dag.grid;
      if (--pending[s] == 0) ready.push_back(s);
    }
  }
  MW_CHECK(seen == dag.nodes.size(), "{} of {} nodes stand in a circle", dag.nodes.size() - seen, dag.nodes.size());
  return worst / run.makespan;
}

std::string first_difference(const plan::Plan& plan, const PlanDag& dag, const Executed& run, const Timing& timing) {
  double earliest = HUGE_VAL;
  std::string text;
  const auto look = [&](const char* what, std::uint32_t op, NodeIndex first, NodeIndex last, double start, double end) {
    const double when = std::min(end, run.end[last]);
    if (std::abs(end - run.end[last]) <= kSameDate * run.makespan || when >= earliest) return;
    earliest = when;
    text = fmt::format("{} of operation {} (kind {}): {:.12f} to {:.12f}, SimGrid {:.12f} to {:.12f}", what, op,
                       static_cast<int>(plan.ops[op].kind), start, end, run.start[first], run.end[last]);
  };
  for (const Event& e : timing.events) {
    if (dag.last[e.op] != PlanDag::kIgnored) look("execution", e.op, dag.first[e.op], dag.last[e.op], e.start, e.end);
  }
  for (const engine::sim::Mapping& m : timing.mappings) {
    look("mapping", m.op, dag.mapping[m.op], dag.mapping[m.op], m.start, m.end);
  }
  return text;
}

}  // namespace

bool Agreement::good() const {
  return std::abs(makespan - 1) <= kTolerance && static_cast<double>(within) >= kShare * static_cast<double>(copies);
}

bool Comparison::agrees() const {
  return trouble.empty() && pinned.good() && worst_start <= kSameDate && (chained.good() || (itself && !itself->good()));
}

Comparison compare(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine) {
  Comparison c;
  const double begin = cpu_seconds();
  (void)engine::sim::simulate(plan, program, machine, {.profile = false});
  c.our_seconds = cpu_seconds() - begin;
  const Timing fair = engine::sim::simulate(plan, program, machine, {.profile = false, .timeline = true});
  const PlanDag dag = to_dag(plan, program, machine, fair);
  const std::vector<double> dates = our_starts(dag, fair);
  const Executed chained = run_simgrid(dag.dag);
  Executed pinned = run_simgrid_at(dag.dag, dates);
  c.trouble = chained.trouble + pinned.trouble;
  if (!c.trouble.empty()) return c;
  c.operations = plan.ops.size();
  c.activities = chained.activities;
  c.chained = against(chained, plan, dag, fair);
  c.worst_start = worst_start(dag.dag, dates, pinned);
  c.pinned = against(pinned, plan, dag, fair);
  if (!c.chained.good()) c.itself = against_itself(chained, dag);
  const Timing fifo = engine::sim::simulate(plan, program, machine, {.sharing = Sharing::Fifo, .profile = false, .timeline = true});
  c.fifo = against(chained, plan, dag, fifo);
  c.first_difference = first_difference(plan, dag, chained, fair);
  c.simgrid_seconds = chained.seconds;
  return c;
}

}  // namespace mapwright::referee
