// mapwright study sensitivity: every constant of a machine that is an estimate halved and doubled, and what becomes of the
// ratios that results are told in: the best mapper found and the default mapper against the expert's.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "driver/json.h"
#include "driver/study.h"
#include "engine/sim/sim.h"
#include "search/search.h"

namespace mapwright::driver {

namespace {

constexpr std::array<double, 2> kFactors {0.5, 2};
constexpr double kShown = 0.01;  // least change of a ratio that gets a row

// Ratios to the expert's mapper, more than 1 is better; 0 for an invalid mapper, absent where the expert's is invalid.
struct Ratios {
  std::optional<double> best, defaults;
};

// One program: as the machine is, and with every estimate halved and doubled.
struct Effects {
  std::string program;
  diag::SourcePtr best;                             // mapper
  Ratios base;
  std::vector<std::array<Ratios, kFactors.size()>> changed;  // by estimate
};

std::optional<engine::Execution> simulate(const Target& target, const machine::Machine& machine, const diag::SourcePtr& mapper) {
  engine::EvaluationRequest request;
  request.mapper = mapper;
  request.program = &target.program;
  request.machine = &machine;
  request.profile = false;
  auto execution = engine::sim::make_engine({})->run(request);
  return execution ? std::optional(*std::move(execution)) : std::nullopt;
}

Ratios ratios(const Target& target, const machine::Machine& machine, const diag::SourcePtr& best) {
  const auto expert = simulate(target, machine, target.reference);
  if (!expert) return {};
  const auto against = [&](const diag::SourcePtr& mapper) -> std::optional<double> {
    const auto execution = simulate(target, machine, mapper);
    return execution ? engine::relative(*execution, *expert) : std::nullopt;
  };
  return {against(best), against(diag::make_source("default", ""))};
}

// The best of a search on the machine as it is.
diag::SourcePtr find_best(const Target& target, const Options& options) {
  const auto engine = engine::sim::make_engine({});
  search::TuneRequest request;
  request.program = &target.program;
  request.machine = &target.machine;
  request.engine = engine.get();
  request.iterations = options.iterations;
  request.seed = options.seed;
  const auto result = search::tune(request);
  const bool found = result && result->best;
  return diag::make_source("best", found ? result->history[*result->best].mapper : std::string());
}

OrExit<std::string> machine_text(const Options& options, Console& console) {
  if (const std::string_view shipped = machine::shipped_machine(options.machine); !shipped.empty()) return std::string(shipped);
  Expected<std::string> text = read_file(options.machine);
  if (!text) return tl::unexpected(console.fail(text.error()));
  return *std::move(text);
}

std::string change(const std::optional<double>& now, const std::optional<double>& base) {
  if (!now || !base || !(*base > 0)) return "-";
  if (!(*now > 0)) return "invalid";
  const double percent = 100 * (*now / *base - 1);
  return std::abs(percent) < 0.05 ? "0" : fmt::format("{:+.1f}", percent);
}

bool matters(const std::optional<double>& now, const std::optional<double>& base) {
  return now && base && *base > 0 && std::abs(*now / *base - 1) >= kShown;
}

using Which = std::optional<double> Ratios::*;

std::string table_of(const std::vector<machine::Estimate>& estimates, const std::vector<Effects>& effects, Which which) {
  std::vector<std::string> head {"constant", "value"}, base {"ratio as it is", ""};
  for (const Effects& e : effects) {
    head.push_back(e.program);
    base.push_back(e.base.*which ? fmt::format("{:.3f}", *(e.base.*which)) : "-");
  }
  Table table(head);
  table.add(base);
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    std::vector<std::string> row {estimates[i].key, fmt::format("{}", estimates[i].value)};
    bool shown = false;
    for (const Effects& e : effects) {
      const auto& [half, twice] = e.changed[i];
      row.push_back(fmt::format("{} / {}", change(half.*which, e.base.*which), change(twice.*which, e.base.*which)));
      shown = shown || matters(half.*which, e.base.*which) || matters(twice.*which, e.base.*which);
    }
    if (shown) table.add(std::move(row));
  }
  return table.text();
}

Json json_of(const Ratios& r) { return Json {{"best", optional_number(r.best)}, {"default", optional_number(r.defaults)}}; }

Json json_of(const Options& options, const std::vector<machine::Estimate>& estimates, const std::vector<Effects>& effects) {
  Json out = object("study.sensitivity");
  out["machine"] = options.machine;
  out["programs"] = Json::array();
  for (const Effects& e : effects) {
    Json program {{"program", e.program}, {"ratios", json_of(e.base)}, {"best_mapper", std::string(e.best->text())}};
    program["constants"] = Json::array();
    for (std::size_t i = 0; i < estimates.size(); ++i) {
      program["constants"].push_back(Json {{"key", estimates[i].key}, {"value", estimates[i].value}, {"halved", json_of(e.changed[i][0])}, {"doubled", json_of(e.changed[i][1])}});
    }
    out["programs"].push_back(std::move(program));
  }
  return out;
}

}  // namespace

int study_sensitivity(const Options& options, Console& console) {
  const OrExit<std::string> text = machine_text(options, console);
  if (!text) return text.error();
  const OrExit<std::vector<Target>> targets = load_targets(options, console);
  if (!targets) return targets.error();
  const std::vector<machine::Estimate> estimates = machine::estimates(*text);

  std::vector<Effects> effects(targets->size());
  in_parallel(options.jobs, targets->size(), [&](std::size_t i) {
    const Target& target = (*targets)[i];
    effects[i] = {target.program.name, find_best(target, options), {}, {}};
    effects[i].base = ratios(target, target.machine, effects[i].best);
    effects[i].changed.resize(estimates.size());
  }, "searching for", console);

  const std::size_t per_program = estimates.size() * kFactors.size();
  in_parallel(options.jobs, targets->size() * per_program, [&](std::size_t i) {
    const Target& target = (*targets)[i / per_program];
    const std::size_t which = i % per_program / kFactors.size(), factor = i % kFactors.size();
    machine::Overrides overrides = options.overrides;
    if (target.program.ranks_per_node > 1) overrides.ranks_per_node = target.program.ranks_per_node;
    diag::Sink sink;
    const auto source = diag::make_source(options.machine, machine::with_factor(*text, estimates[which], kFactors[factor]));
    const auto machine = machine::read_machine(source, overrides, sink);
    if (machine) effects[i / per_program].changed[which][factor] = ratios(target, *machine, effects[i / per_program].best);
  }, "simulating", console);

  if (console.json()) {
    console.out(to_text(json_of(options, estimates, effects)) + "\n");
    return kOk;
  }
  console.out(fmt::format("{}: {} constants are estimates; changes of the ratio in %, halved / doubled\n", options.machine, estimates.size()));
  console.out(fmt::format("\nbest mapper of a search of {} evaluations, against the expert's\n", options.iterations));
  console.out(table_of(estimates, effects, &Ratios::best));
  console.out("\ndefault mapper, against the expert's\n");
  console.out(table_of(estimates, effects, &Ratios::defaults));
  console.out(fmt::format("\nconstants without a row change no ratio of that table by {:.0f} % or more\n", 100 * kShown));
  return kOk;
}

}  // namespace mapwright::driver
