// How planning and simulating grow with the number of point tasks: user CPU time and peak memory of one core, each row in
// a process of its own.
//
//   bench_scale                     the targets, then growth from 10^3 to 10^7 point tasks with fitted exponents
//   bench_scale ROW...              rows of the form program:nodes:repetitions[:unrolled][:profile][:fifo]
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

#include "load.h"

namespace {

using namespace mapwright;

struct Row {
  std::string program;
  std::int64_t nodes = 1, repetitions = 1;
  bool unrolled = false, profile = false, fifo = false;
};

struct Measured {
  double tasks = 0, activities = 0, planned_tasks = 0;  // activities: tasks, copies, folds and fills executed
  double operations = 0;                                // of all kinds, that were simulated and not left out
  double decide = 0, plan = 0, simulate = 0;            // user CPU seconds
  double mib = 0;                                       // peak of the resident memory above that of the loaded program
  double makespan = 0;
  double seconds() const { return decide + plan + simulate; }
};

double user_seconds() {
  rusage u {};
  getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

double status_mib(const char* key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != key) continue;
    double kib = 0;
    status >> kib;
    return kib / 1024;
  }
  return 0;
}

std::map<std::string, std::string> parameters(const Row& row) {
  const auto n = std::to_string(row.repetitions);
  if (row.program == "stencil") return {{"tsteps", n}, {"tprune", "0"}};
  if (row.program == "circuit") return {{"l", n}, {"prune", "0"}};
  return {{"reps", n}};
}

Measured measure(const Row& row) {
  const auto l = bench::load(row.program, row.nodes, parameters(row));
  l->decisions.reset();
  std::ofstream("/proc/self/clear_refs") << 5;  // resets the peak
  const double base = status_mib("VmRSS:");
  Measured m;
  double t = user_seconds();
  const auto lap = [&t] {
    const double from = t;
    t = user_seconds();
    return t - from;
  };
  l->decisions = bench::decide(l->mapper, l->program, l->machine);
  m.decide = lap();
  const plan::Plan plan = bench::plan_of(*l, row.unrolled);
  m.plan = lap();
  engine::sim::Options options;
  options.profile = row.profile;
  if (row.fifo) options.sharing = engine::sim::Sharing::Fifo;
  const engine::sim::Timing timing = engine::sim::simulate(plan, l->program, l->machine, options);
  m.simulate = lap();
  m.makespan = timing.makespan;
  m.operations = static_cast<double>(plan.executed_ops() - timing.repeated_ops);
  m.mib = status_mib("VmHWM:") - base;
  m.tasks = static_cast<double>(plan.executed_tasks());
  for (const plan::Segment& s : plan.segments) {
    for (plan::OpIndex i = s.begin; i < s.end; ++i) {
      const plan::OpKind k = plan.ops[i].kind;
      m.planned_tasks += k == plan::OpKind::Task ? 1 : 0;
      const bool works = k == plan::OpKind::Task || plan::moves_data(k);
      m.activities += works ? static_cast<double>(s.repeat) : 0;
    }
  }
  return m;
}

Measured measure_apart(const Row& row) {
  int ends[2];
  MW_CHECK(pipe(ends) == 0);
  const pid_t child = fork();
  MW_CHECK(child >= 0);
  if (child == 0) {
    const Measured m = measure(row);
    _exit(write(ends[1], &m, sizeof m) == sizeof m ? 0 : 1);
  }
  close(ends[1]);
  Measured m;
  MW_CHECK(read(ends[0], &m, sizeof m) == sizeof m, "a measurement failed");
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return m;
}

void heading() {
  fmt::print("{:9}{:>6}{:>7} {:<9}{:>11}{:>10}{:>12}{:>12}{:>9}{:>9}{:>9}{:>11}{:>11}{:>10}{:>8}  {}\n", "program", "nodes", "reps", "", "tasks", "planned",
             "activities", "simulated", "decide s", "plan s", "sim s", "tasks/s", "act/s sim", "MiB", "B/task", "makespan s");
}

Measured print(const Row& row) {
  const Measured m = measure_apart(row);
  std::string how = row.unrolled ? "unrolled" : "loops";
  if (row.profile) how += "+p";
  if (row.fifo) how += "+f";
  fmt::print("{:9}{:>6}{:>7} {:<9}{:>11.0f}{:>10.0f}{:>12.0f}{:>12.0f}{:>9.3f}{:>9.3f}{:>9.3f}{:>11.0f}{:>11.0f}{:>10.1f}{:>8.0f}  {:.17g}\n", row.program,
             row.nodes, row.repetitions, how, m.tasks, m.planned_tasks, m.activities, m.operations, m.decide, m.plan, m.simulate, m.tasks / m.seconds(),
             m.activities / m.simulate, m.mib, m.mib * 1048576 / m.tasks, m.makespan);
  std::fflush(stdout);
  return m;
}

Row parse(const std::string& text) {
  Row row;
  std::istringstream in(text);
  std::string word;
  std::getline(in, row.program, ':');
  if (std::getline(in, word, ':')) row.nodes = std::atoll(word.c_str());
  if (std::getline(in, word, ':')) row.repetitions = std::atoll(word.c_str());
  while (std::getline(in, word, ':')) {
    row.unrolled |= word == "unrolled";
    row.profile |= word == "profile";
    row.fifo |= word == "fifo";
  }
  return row;
}

// Slope of log y over log x by least squares.
double exponent(const std::vector<std::pair<double, double>>& points) {
  double x = 0, y = 0, xx = 0, xy = 0;
  const auto n = static_cast<double>(points.size());
  for (const auto& [a, b] : points) {
    const double u = std::log(a), v = std::log(b);
    x += u;
    y += v;
    xx += u * u;
    xy += u * v;
  }
  return (n * xy - x * y) / (n * xx - x * x);
}

void growth(const std::string& title, const std::vector<Row>& rows) {
  fmt::print("\n{}\n", title);
  heading();
  std::vector<std::pair<double, double>> time, memory;
  for (const Row& row : rows) {
    const Measured m = print(row);
    time.emplace_back(m.tasks, std::max(m.seconds(), 1e-6));
    memory.emplace_back(m.tasks, std::max(m.mib, 1.0 / 256));
  }
  fmt::print("time ~ tasks^{:.2f}, memory ~ tasks^{:.2f}\n", exponent(time), exponent(memory));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    std::vector<Row> rows;
    for (int i = 1; i < argc; ++i) {
      rows.push_back(parse(argv[i]));
      if (apps::find(rows.back().program)) continue;
      fmt::print(stderr, "usage: bench_scale [program:nodes:repetitions[:unrolled][:profile][:fifo]]...\n`{}` is no program that ships\n", rows.back().program);
      return 2;
    }
    heading();
    for (const Row& row : rows) print(row);
    return 0;
  }
  fmt::print("1,024 nodes x 4 GPUs\n");
  heading();
  for (const char* row : {"stencil:1024:110", "stencil:1024:1220", "cannon:1024:10", "cannon:1024:23", "cannon:1024:46", "stencil:1024:110:unrolled",
                          "cannon:1024:2:unrolled", "stencil:1024:110:profile", "cannon:1024:10:profile"}) {
    print(parse(row));
  }
  const auto rows = [](const std::string& program, bool unrolled, std::initializer_list<std::pair<int, int>> sizes) {
    std::vector<Row> all;
    for (const auto& [nodes, repetitions] : sizes) all.push_back({program, nodes, repetitions, unrolled});
    return all;
  };
  growth("stencil, more nodes, 122 steps", rows("stencil", false, {{1, 122}, {4, 122}, {16, 122}, {64, 122}, {256, 122}, {1024, 122}}));
  growth("stencil, more steps, 64 nodes", rows("stencil", false, {{64, 2}, {64, 20}, {64, 195}, {64, 1953}, {64, 19531}}));
  growth("stencil unrolled, more steps, 64 nodes", rows("stencil", true, {{64, 2}, {64, 20}, {64, 195}, {64, 1953}}));
  growth("circuit, more nodes, 81 loops", rows("circuit", false, {{1, 81}, {4, 81}, {16, 81}, {64, 81}, {256, 81}}));
  growth("cannon, more nodes, 10 repetitions", rows("cannon", false, {{1, 10}, {4, 10}, {16, 10}, {64, 10}, {256, 10}, {1024, 10}}));
  growth("cannon unrolled, more nodes, 10 repetitions", rows("cannon", true, {{1, 10}, {4, 10}, {16, 10}, {64, 10}, {256, 10}}));
  growth("stencil to 10^7 tasks, nodes and steps together",
         rows("stencil", false, {{1, 125}, {4, 312}, {16, 781}, {64, 1953}, {256, 2441}, {1024, 1220}}));
  return 0;
}
