#include "tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "apps/apps.h"
#include "cases.h"
#include "compare.h"
#include "simgrid_run.h"

namespace mapwright::referee {

namespace {

// Comparisons that share a row: sums, and the worst of each.
struct Row {
  std::size_t cases = 0, disagree = 0, operations = 0;
  Agreement chained, pinned, itself, fifo;
  double worst_start = 0, our_seconds = 0, simgrid_seconds = 0;
  std::string why;

  void add(const Comparison& c) {
    ++cases;
    if (!c.agrees()) {
      ++disagree;
      if (why.empty()) why = c.trouble + c.first_difference;
    }
    if (!c.trouble.empty()) return;
    operations += c.operations;
    merge(chained, c.chained);
    merge(pinned, c.pinned);
    merge(fifo, c.fifo);
    if (c.itself) merge(itself, *c.itself);
    worst_start = std::max(worst_start, c.worst_start);
    our_seconds += c.our_seconds;
    simgrid_seconds += c.simgrid_seconds;
  }

  static void merge(Agreement& all, const Agreement& one) {
    if (std::abs(std::log(one.makespan)) >= std::abs(std::log(all.makespan))) all.makespan = one.makespan;
    all.copies += one.copies;
    all.within += one.within;
    all.worst_copy = std::max(all.worst_copy, one.worst_copy);
  }
};

std::string percent(const Agreement& a) {
  return a.copies == 0 ? "-" : fmt::format("{:.2f} %", 100.0 * static_cast<double>(a.within) / static_cast<double>(a.copies));
}

constexpr const char* kColumns =
    "{:<16} {:>5} {:<7} {:>5} {:>8} {:>8} | {:>8} {:>9} {:>7} | {:>9} {:>7} {:>7} | {:>8} {:>9} | {:>8} {:>9} | {:>7} {:>8}\n";

template <typename... Cells>
void line(const Cells&... cells) {
  fmt::print(fmt::runtime(kColumns), cells...);
  std::fflush(stdout);
}

void head() {
  line("", "", "", "", "", "", "chained", "copies", "worst", "pinned", "worst", "worst", "SimGrid", "itself", "fifo", "copies", "CPU s", "");
  line("program", "nodes", "mapper", "cases", "ops", "copies", "makespan", "in 1 %", "copy", "in 1 %", "copy", "start", "makespan",
       "in 1 %", "makespan", "in 1 %", "ours", "SimGrid");
}

void print(const std::string& name, std::int64_t nodes, const std::string& mapper, const Row& r) {
  const auto small = [](double x) { return fmt::format("{:.0e}", x); };
  const auto near_one = [](double x) { return fmt::format("{:.6f}", x); };
  if (r.cases == 0) {
    fmt::print("{:<16} {:>5} {:<7} no valid mapper\n", name, nodes, mapper);
    return;
  }
  line(name, nodes > 0 ? std::to_string(nodes) : "1-4", mapper, r.cases, r.operations, r.chained.copies, near_one(r.chained.makespan),
       percent(r.chained), small(r.chained.worst_copy), percent(r.pinned), small(r.pinned.worst_copy), small(r.worst_start),
       r.itself.copies > 0 ? near_one(r.itself.makespan) : "-", percent(r.itself), fmt::format("{:.4f}", r.fifo.makespan),
       percent(r.fifo), fmt::format("{:.3f}", r.our_seconds), fmt::format("{:.3f}", r.simgrid_seconds));
  if (r.disagree > 0) fmt::print("  {} of {} DISAGREE: {}\n", r.disagree, r.cases, r.why);
}

Row of_mappers(const Prepared& p, const std::vector<std::string>& mappers) {
  Row row;
  for (const std::string& mapper : mappers) {
    if (const auto plan = plan_of(p, mapper)) row.add(compare(*plan, p.program, p.machine));
  }
  return row;
}

// The fastest of three runs, for others may use this machine; of one when a run takes long.
template <typename Seconds>
double fastest(Seconds&& seconds) {
  double best = seconds();
  for (int i = 0; i < 2 && best < 10; ++i) best = std::min(best, seconds());
  return best;
}

double our_seconds(const plan::Plan& plan, const Prepared& p) {
  return fastest([&] {
    const double begin = cpu_seconds();
    (void)engine::sim::simulate(plan, p.program, p.machine, {.profile = false});
    return cpu_seconds() - begin;
  });
}

std::map<std::string, std::string> settings(const TableOptions& options, const std::string& program) {
  std::map<std::string, std::string> set;
  const apps::App* app = apps::find(program);
  for (const std::string& text : options.set) {
    const std::string name = text.substr(0, text.find('='));
    const auto known = [&](const apps::Parameter& p) { return p.name == name; };
    if (app && name.size() < text.size() && std::any_of(app->parameters.begin(), app->parameters.end(), known)) {
      set[name] = text.substr(name.size() + 1);
    }
  }
  return set;
}

}  // namespace

bool print_random(const TableOptions& options) {
  Row dags, programs;
  head();
  for (int i = 0; i < options.random; ++i) {
    const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(i);
    for (const bool storm : {true, false}) {
      const Case c = storm ? random_dag(seed) : random_program_case(seed);
      const Comparison result = compare(c.plan, c.program, c.machine);
      (storm ? dags : programs).add(result);
      if (!result.agrees()) fmt::print("  seed {} of {} disagrees: {}{}\n", seed, storm ? "DAGs" : "programs", result.trouble, result.first_difference);
    }
  }
  print("random DAGs", 0, "", dags);
  print("random programs", 0, "random", programs);
  return dags.disagree + programs.disagree == 0;
}

bool print_programs(const TableOptions& options) {
  std::vector<std::string> names = options.programs;
  if (names.empty()) {
    for (const apps::App& app : apps::all()) names.push_back(app.name);
  }
  bool agree = true;
  head();
  for (const std::string& name : names) {
    for (const std::int64_t nodes : options.nodes) {
      const auto p = prepare({name, options.preset, options.machine, nodes, settings(options, name)});
      if (!p) {
        fmt::print("{:<16} {:>5} does not fit\n", name, nodes);
        continue;
      }
      const std::vector<std::pair<std::string, std::vector<std::string>>> classes {
          {"expert", {std::string(apps::find(name)->expert_mapper)}},
          {"default", {""}},
          {"random", random_mappers(*p, options.seed, options.mappers)}};
      for (const auto& [label, mappers] : classes) {
        const Row row = of_mappers(*p, mappers);
        print(name, nodes, label, row);
        agree = agree && row.disagree == 0;
      }
    }
  }
  return agree;
}

void print_speed(const TableOptions& options) {
  fmt::print("{:>5}  {:<34} {:>10} {:>10} {:>9} {:>12} {:>14} {:>14}\n", "nodes", "simulator and what it executes", "tasks", "activities",
             "CPU s", "activities/s", "/ours, loops", "/ours, unroll.");
  for (const std::int64_t nodes : options.speed_nodes) {
    const auto p = prepare({"stencil", "paper", options.machine, nodes, {{"tsteps", std::to_string(options.steps)}, {"tprune", "0"}}});
    if (!p) {
      fmt::print("{:>5}  does not fit\n", nodes);
      continue;
    }
    const std::string mapper(apps::find("stencil")->expert_mapper);
    const auto kept = plan_of(*p, mapper, false), plan = plan_of(*p, mapper, true);
    const engine::sim::Timing timing =
        engine::sim::simulate(*plan, p->program, p->machine, {.profile = false, .timeline = true});
    const PlanDag dag = to_dag(*plan, p->program, p->machine, timing);
    const double loops = our_seconds(*kept, *p), unrolled = our_seconds(*plan, *p);
    const auto row = [&](const char* what, std::size_t activities, double seconds) {
      fmt::print("{:>5}  {:<34} {:>10} {:>10} {:>9.4f} {:>12.0f} {:>13.1f}x {:>13.1f}x\n", nodes, what, plan->executed_tasks(), activities,
                 seconds, static_cast<double>(activities) / seconds, seconds / loops, seconds / unrolled);
      std::fflush(stdout);
    };
    row("ours, loops kept", dag.dag.activities(), loops);
    row("ours, unrolled", dag.dag.activities(), unrolled);
    for (const bool all : {true, false}) {
      const Dag what = all ? dag.dag : lean(dag.dag, dag);
      std::string trouble;
      const double seconds = fastest([&] {
        const Executed run = run_simgrid(what);
        trouble += run.trouble;
        return run.trouble.empty() ? run.seconds : HUGE_VAL;
      });
      if (trouble.empty()) {
        row(all ? "SimGrid, everything" : "SimGrid, tasks and copies only", what.activities(), seconds);
      } else {
        fmt::print("{:>5}  {}\n", nodes, trouble);
      }
    }
  }
}

}  // namespace mapwright::referee
