// mapwright study decompose: what choosing the grid of processors by the shape of the data is worth. Stencil on 1 to 64
// nodes, data of many shapes and sizes, one tile per GPU; the grid of tiles by `decompose`, by `greedy_split`, and by
// `balance_split`, which does not look at the shape.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>

#include "driver/json.h"
#include "driver/published.h"
#include "driver/study.h"
#include "engine/sim/sim.h"
#include "sema/factor.h"

namespace mapwright::driver {

namespace {

// The grid of configurations: 7 x 9 x 7 = 441.
constexpr std::int64_t kNodes[] = {1, 4, 6, 12, 24, 48, 64};
constexpr std::pair<int, int> kShapes[] = {{1, 64}, {1, 16}, {1, 4}, {9, 16}, {1, 1}, {16, 9}, {4, 1}, {16, 1}, {64, 1}};  // nx : ny
constexpr std::int64_t kSides[] = {256, 512, 1024, 2048, 4096, 8192, 16384};  // of a square with a GPU's points
constexpr std::string_view kMethods[] = {"decompose", "greedy_split", "balance_split"};
constexpr std::size_t kMethodCount = std::size(kMethods);
constexpr std::int64_t kSteps = 10;

struct Outcome {
  Point nodes {0, 0}; // grid of nodes
  Point grid {0, 0};  // of tiles
  double seconds = 0; // of a step
  plan::Traffic::Row moved;
};

struct Configuration {
  std::int64_t nodes = 1, side = 0;
  std::pair<int, int> shape;
  std::int64_t nx = 0, ny = 0;
  std::array<Outcome, kMethodCount> by_method;
  std::optional<Error> error;
};

std::vector<Configuration> configurations(std::int64_t gpus) {
  std::vector<Configuration> all;
  for (const std::int64_t nodes : kNodes) {
    for (const auto& shape : kShapes) {
      for (const std::int64_t side : kSides) {
        Configuration& c = all.emplace_back();
        c.nodes = nodes;
        c.side = side;
        c.shape = shape;
        const double whole = static_cast<double>(side) * std::sqrt(static_cast<double>(nodes * gpus));
        const double stretch = std::sqrt(static_cast<double>(shape.first) / shape.second);
        c.nx = std::llround(whole * stretch);
        c.ny = std::llround(whole / stretch);
      }
    }
  }
  return all;
}

Point factors(std::string_view method, std::int64_t n, const Point& extents) {
  const std::span<const std::int64_t> wanted(extents.at.data(), 2);
  const sema::Factors f = method == "decompose"      ? sema::optimal_factors(n, wanted)
                          : method == "greedy_split" ? sema::greedy_factors(n, wanted)
                                                     : sema::balance_factors(n, 2);
  return {f[0], f[1]};
}

// The mapper of a method: nodes as a grid over the data, then the GPUs of a node over what is the node's.
std::string mapper_text(std::string_view method, const Configuration& c, const Point& nodes, const Point& grid) {
  const auto call = [&](int dimension, const Point& extents) {
    return method == "balance_split" ? fmt::format("balance_split({}, 2)", dimension)
                                     : fmt::format("{}({}, ({}, {}))", method, dimension, extents[0], extents[1]);
  };
  return fmt::format(
      "Task * GPU,CPU; Region * * GPU FBMEM;\n"
      "m = Machine(GPU);\n"
      "g = m.{}.{};\n"
      "def tiles(Task t) {{\n"
      "  x = t.ipoint[0] % {};\n"
      "  y = t.ipoint[0] / {};\n"
      "  return g[x / g.size[2], y / g.size[3], x % g.size[2], y % g.size[3]];\n"
      "}}\n"
      "IndexTaskMap init_ramp, stencil, increment tiles;\n",
      call(0, {c.nx, c.ny}), call(2, {c.nx / nodes[0], c.ny / nodes[1]}), grid[0], grid[0]);
}

// The grids of a method on a configuration: the tiles are the processors of its grid.
Outcome grids(std::string_view method, const Configuration& c, std::int64_t gpus) {
  Outcome out;
  out.nodes = factors(method, c.nodes, {c.nx, c.ny});
  const Point inside = factors(method, gpus, {c.nx / out.nodes[0], c.ny / out.nodes[1]});
  out.grid = {out.nodes[0] * inside[0], out.nodes[1] * inside[1]};
  return out;
}

Expected<Outcome> simulate(std::string_view method, Outcome out, const Configuration& c, const machine::Machine& machine,
                           engine::sim::Sharing sharing) {
  apps::Choice choice;
  choice.preset = "test";
  for (const auto& [name, value] : std::map<std::string, std::int64_t> {{"nx", c.nx + 4}, {"ny", c.ny + 4}, {"ntx", out.grid[0]}, {"nty", out.grid[1]},
                                                                        {"tsteps", kSteps}, {"tprune", 2}}) {
    choice.set[name] = std::to_string(value);
  }
  const Expected<program::Program> program = apps::build("stencil", choice);
  if (!program) return tl::unexpected(program.error());
  engine::EvaluationRequest request;
  request.mapper = diag::make_source(std::string(method), mapper_text(method, c, out.nodes, out.grid));
  request.program = &*program;
  request.machine = &machine;
  const auto prepared = engine::prepare(request, "sim");
  if (!prepared) return tl::unexpected(Error {prepared.error().diagnostics.front().code, prepared.error().diagnostics.front().message, {}});
  out.moved = plan::traffic(prepared->plan, *program, machine, program->metric.label).total;
  out.seconds = engine::sim::simulate(prepared->plan, *program, machine, {.sharing = sharing, .profile = false}).window / kSteps;
  return out;
}

void fill(Configuration& c, const machine::Machine& machine, std::int64_t gpus, engine::sim::Sharing sharing) {
  for (std::size_t m = 0; m < kMethodCount; ++m) {
    const Outcome wanted = grids(kMethods[m], c, gpus);
    const auto known = std::find_if(c.by_method.begin(), c.by_method.begin() + static_cast<std::ptrdiff_t>(m),
                                    [&](const Outcome& o) { return o.nodes == wanted.nodes && o.grid == wanted.grid; });
    if (known != c.by_method.begin() + static_cast<std::ptrdiff_t>(m)) {  // equal grids are equal placements
      c.by_method[m] = *known;
      continue;
    }
    const Expected<Outcome> outcome = simulate(kMethods[m], wanted, c, machine, sharing);
    if (!outcome) {
      c.error = outcome.error();
      return;
    }
    c.by_method[m] = *outcome;
  }
}

// What a method takes over what `decompose` takes.
struct Ratios {
  double log_sum = 0, most = 0, least = HUGE_VAL;
  std::int64_t count = 0;
  const Configuration* worst = nullptr;
  void add(double ratio, const Configuration& c) {
    log_sum += std::log(ratio);
    ++count;
    least = std::min(least, ratio);
    if (ratio > most) {
      most = ratio;
      worst = &c;
    }
  }
  double mean() const { return count > 0 ? std::exp(log_sum / static_cast<double>(count)) : 1; }
};

double time_ratio(const Configuration& c, std::size_t method) { return c.by_method[method].seconds / c.by_method[0].seconds; }

// Absent when nothing is moved.
std::optional<double> byte_ratio(const Configuration& c, std::size_t method) {
  const auto bytes = [&](std::size_t m) { return static_cast<double>(c.by_method[m].moved.between); };
  if (!(bytes(0) > 0)) return std::nullopt;
  return bytes(method) / bytes(0);
}

struct Summary {
  Ratios time, bytes, time_where_different;
};

Summary summarise(const std::vector<Configuration>& all, std::size_t method, const std::function<bool(const Configuration&)>& counts) {
  Summary out;
  for (const Configuration& c : all) {
    if (!counts(c)) continue;
    out.time.add(time_ratio(c, method), c);
    if (const std::optional<double> b = byte_ratio(c, method)) out.bytes.add(*b, c);
    if (c.by_method[method].grid != c.by_method[0].grid) out.time_where_different.add(time_ratio(c, method), c);
  }
  return out;
}

std::string decompose_text(const std::vector<Configuration>& all, const machine::Machine& machine) {
  const auto every = [](const Configuration&) { return true; };
  std::string out = fmt::format("Stencil, one tile per GPU, on {}: time of a step over that with the grid of `decompose`, {} configurations\n\n", machine.name(), all.size());
  Table table({"grid of", "mean", "most", "least", "other grid in", "mean there", "bytes: mean", "most", "worst case"});
  for (std::size_t m = 1; m < kMethodCount; ++m) {
    const Summary s = summarise(all, m, every);
    const Configuration& w = *s.time.worst;
    table.add({std::string(kMethods[m]), fmt::format("{:.3f}", s.time.mean()), fmt::format("{:.3f}", s.time.most), fmt::format("{:.3f}", s.time.least),
               std::to_string(s.time_where_different.count), fmt::format("{:.3f}", s.time_where_different.mean()), fmt::format("{:.3f}", s.bytes.mean()),
               fmt::format("{:.3f}", s.bytes.most),
               s.time_where_different.count == 0 ? "-" : fmt::format("{} nodes, {} x {}: {} x {}, not {} x {}", w.nodes, w.nx, w.ny, w.by_method[m].grid[0], w.by_method[m].grid[1],
                           w.by_method[0].grid[0], w.by_method[0].grid[1])});
  }
  out += table.text();
  out += fmt::format("published: {:.2f} in the geometric mean of {} configurations on 1 to 64 nodes, {:.1f} at most; over a grid blind to the shape {:.2f} at most\n",
                     kPublishedDecompose.mean, kPublishedDecompose.configurations, kPublishedDecompose.most, kPublishedDecompose.most_over_blind);
  const auto slices = [&](std::string_view name, const auto& values, auto&& text, auto&& of) {
    std::vector<std::string> head {std::string(name)};
    for (const auto& v : values) head.push_back(text(v));
    Table slice(head);
    for (std::size_t m = 1; m < kMethodCount; ++m) {
      std::vector<std::string> row {std::string(kMethods[m])};
      for (const auto& v : values) row.push_back(fmt::format("{:.3f}", summarise(all, m, [&](const Configuration& c) { return of(c) == v; }).time.mean()));
      slice.add(row);
    }
    out += "\n" + slice.text();
  };
  const auto number = [](auto v) { return std::to_string(v); };
  slices("nodes", kNodes, number, [](const Configuration& c) { return c.nodes; });
  slices("nx : ny", kShapes, [](const auto& s) { return fmt::format("{}:{}", s.first, s.second); },
         [](const Configuration& c) { return c.shape; });
  slices("side", kSides, number, [](const Configuration& c) { return c.side; });
  return out + "\nmeans are geometric; side: of the square that has the points of one GPU\n";
}

Json decompose_json(const std::vector<Configuration>& all, const machine::Machine& machine) {
  Json out = object("study.decompose");
  out["machine"] = machine_json(machine);
  out["published"] = Json {{"mean", kPublishedDecompose.mean}, {"most", kPublishedDecompose.most}, {"most_over_blind", kPublishedDecompose.most_over_blind},
                           {"configurations", kPublishedDecompose.configurations}};
  out["against"] = Json::object();
  for (std::size_t m = 1; m < kMethodCount; ++m) {
    const Summary s = summarise(all, m, [](const Configuration&) { return true; });
    out["against"][std::string(kMethods[m])] = Json {{"mean", s.time.mean()}, {"most", s.time.most}, {"least", s.time.least},
                                                     {"different", s.time_where_different.count}, {"bytes_mean", s.bytes.mean()}, {"bytes_most", s.bytes.most}};
  }
  out["configurations"] = Json::array();
  for (const Configuration& c : all) {
    Json row {{"nodes", c.nodes}, {"nx", c.nx}, {"ny", c.ny}, {"side", c.side}};
    for (std::size_t m = 0; m < kMethodCount; ++m) {
      const Outcome& o = c.by_method[m];
      row[std::string(kMethods[m])] = Json {{"grid", to_json(o.grid)}, {"seconds_per_step", o.seconds}, {"bytes", o.moved.between}, {"bytes_inter_node", o.moved.inter_node}};
    }
    out["configurations"].push_back(std::move(row));
  }
  return out;
}

}  // namespace

int study_decompose(const Options& options, Console& console) {
  std::map<std::int64_t, machine::Machine> machines;
  for (const std::int64_t nodes : kNodes) {
    Options sized = options;
    sized.overrides.nodes = nodes;
    OrExit<machine::Machine> machine = load_machine(sized, console);
    if (!machine) return machine.error();
    machines.emplace(nodes, *std::move(machine));
  }
  const machine::Machine& one = machines.begin()->second;
  const std::int64_t gpus = one.processors_per_space(ProcessorKind::Gpu);
  if (gpus == 0 || one.ranks_per_node() != 1) return console.usage("this study needs a machine with GPUs and one rank per node", "such as --machine p100");
  std::vector<Configuration> all = configurations(gpus);
  const engine::sim::Sharing sharing = sharing_of(options);
  // The largest first, so that the last ones to end are short.
  const std::size_t n = all.size();
  in_parallel(options.jobs, n, [&](std::size_t i) { fill(all[n - 1 - i], machines.at(all[n - 1 - i].nodes), gpus, sharing); }, "configuration", console);
  for (const Configuration& c : all) {
    if (c.error) return console.fail(*c.error);
  }
  if (console.json()) {
    console.out(to_text(decompose_json(all, one)) + "\n");
  } else {
    console.out(decompose_text(all, one));
  }
  return kOk;
}

}  // namespace mapwright::driver
