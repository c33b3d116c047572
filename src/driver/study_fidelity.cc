// mapwright study fidelity: random valid mappers executed for real on this host and simulated on a measured model of it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "driver/calibrate.h"
#include "driver/jitter.h"
#include "driver/json.h"
#include "driver/statistics.h"
#include "driver/study.h"
#include "engine/host/host.h"
#include "engine/sim/sim.h"
#include "search/search.h"

namespace mapwright::driver {

namespace {

constexpr std::int64_t kMappers = 20, kRepeats = 4;
constexpr double kApart = 2;  // noises between two times that can be told apart
// Real kernels vary: a mapper whose simulated time rests on two tasks that end at the same time is simulated several times.
constexpr double kJitter = 0.02;

struct Compared {
  std::string mapper;          // name
  std::vector<double> real;    // seconds of the timed window, one per repeat
  std::vector<double> draws;   // simulated, with kernels that vary
  double simulated() const { return median_of(draws).median; }
  // Of the repeats the fastest: what disturbs a run only makes it slower.
  double best() const { return *std::min_element(real.begin(), real.end()); }
  double error() const { return std::abs(simulated() / best() - 1); }
  // Of every other repeat, from the first (0) or second (1) on; at least two repeats.
  double half(std::size_t first) const {
    double least = real[first];
    for (std::size_t i = first; i < real.size(); i += 2) least = std::min(least, real[i]);
    return least;
  }
  double spread() const { return median_of(real).median / best() - 1; }
};

struct Fidelity {
  std::string program;
  std::vector<Compared> mappers;
  std::vector<std::string> failed;  // mappers that could not be executed, and why: one line each
  double correlation = 0, error = 0, error90 = 0;
  std::optional<double> repeatable;  // rank correlation of one half of the repeats with the other
  std::optional<double> ordered;  // of the pairs of mappers that differ by more than kApart noises: share in the right order
  double spread = 0;   // of the mappers' times: (90th - 10th percentile) / median
  double noise = 0;    // median over mappers of (median - fastest repeat) / fastest
};

template <typename F>
std::vector<double> each(const std::vector<Compared>& all, F&& value) {
  std::vector<double> result;
  for (const Compared& c : all) result.push_back(value(c));
  return result;
}

// Pairs whose real times can be told apart: the share of them that the simulator puts in the same order.
std::optional<double> ordered_pairs(const std::vector<double>& real, const std::vector<double>& simulated, double noise) {
  double pairs = 0, right = 0;
  for (std::size_t i = 0; i < real.size(); ++i) {
    for (std::size_t j = 0; j < real.size(); ++j) {
      if (real[j] <= real[i] * (1 + kApart * noise)) continue;
      ++pairs;
      right += simulated[j] > simulated[i] ? 1 : 0;
    }
  }
  return pairs > 0 ? std::optional(right / pairs) : std::nullopt;
}

void summarise(Fidelity& f) {
  const std::vector<double> real = each(f.mappers, [](const Compared& c) { return c.best(); });
  const std::vector<double> simulated = each(f.mappers, [](const Compared& c) { return c.simulated(); });
  const std::vector<double> errors = each(f.mappers, [](const Compared& c) { return c.error(); });
  f.correlation = spearman(real, simulated);
  f.error = quantile(errors, 0.5);
  f.error90 = quantile(errors, 0.9);
  f.spread = (quantile(real, 0.9) - quantile(real, 0.1)) / quantile(real, 0.5);
  f.noise = quantile(each(f.mappers, [](const Compared& c) { return c.spread(); }), 0.5);
  f.ordered = ordered_pairs(real, simulated, f.noise);
  if (std::all_of(f.mappers.begin(), f.mappers.end(), [](const Compared& c) { return c.real.size() >= 2; })) {
    f.repeatable = spearman(each(f.mappers, [](const Compared& c) { return c.half(0); }), each(f.mappers, [](const Compared& c) { return c.half(1); }));
  }
}

// Random mappers with different decisions that can be planned, with their plans.
struct Candidate {
  Compared compared;
  diag::SourcePtr mapper;
  engine::Prepared prepared;
  bool failed = false;  // could not be executed
};
std::vector<Candidate> candidates(const Target& target, std::uint64_t seed, std::size_t wanted) {
  const search::SearchSpace space(target.program, target.machine, search::Mode::Valid);
  std::vector<Candidate> found;
  std::vector<std::string> seen;
  for (std::uint64_t i = 0; found.size() < wanted && i < 20 * wanted; ++i) {
    engine::EvaluationRequest request;
    request.mapper = diag::make_source(fmt::format("random:{}", seed + i), search::random_mapper(space, seed + i));
    request.program = &target.program;
    request.machine = &target.machine;
    auto prepared = engine::prepare(request, "host");
    if (!prepared) continue;  // out of memory
    const std::string identity = search::candidate_identity(std::string(request.mapper->text()), target.program, target.machine);
    if (std::find(seen.begin(), seen.end(), identity) != seen.end()) continue;
    seen.push_back(identity);
    found.push_back({{std::string(request.mapper->name()), {}, {}}, request.mapper, *std::move(prepared), false});
  }
  return found;
}

// `legion`: null measures on the host engine. Once `stop` is set, with the runs that there are.
Expected<Fidelity> compare_all(Target& target, const Options& options, const std::unique_ptr<engine::Engine>* legion, const std::atomic<bool>& stop,
                               Console& console) {
  Calibrator calibrator(target, options.emulate_gpu);
  std::vector<Candidate> all = candidates(target, options.seed, static_cast<std::size_t>(options.runs > 0 ? options.runs : kMappers));
  engine::host::Options host;
  host.emulate_gpu = options.emulate_gpu;
  host.verify = false;
  host.measure = true;
  Fidelity f;
  f.program = target.program.name;
  const std::int64_t repeats = options.repeats > 0 ? options.repeats : kRepeats;
  for (std::int64_t r = 0; r < repeats && !stop; ++r) {  // all in turns, so that drift of the host hits all alike
    if (const Expected<void> measured = calibrator.measure(console); !measured) return tl::unexpected(measured.error());
    for (Candidate& c : all) {
      if (stop) break;
      if (c.failed) continue;
      console.progress(fmt::format("{}: run {} of {}, {}", target.program.name, r + 1, repeats, c.compared.mapper));
      if (legion) {
        const Expected<engine::Execution> run = execute(**legion, target, c.mapper, options, false);
        if (!run) return tl::unexpected(run.error());
        if (run->outcome != engine::Outcome::Ok) {
          const std::string why = run->diagnostics.empty() ? std::string(engine::to_string(run->outcome)) : run->diagnostics.front().message;
          f.failed.push_back(fmt::format("{} under {}: {}", target.program.name, c.compared.mapper, why));
          c.failed = true;
          continue;
        }
        c.compared.real.push_back(run->seconds);
        continue;
      }
      const auto observed = engine::host::execute(c.prepared.plan, target.program, target.machine, host);
      if (!observed) return tl::unexpected(observed.error());
      c.compared.real.push_back(observed->seconds);
    }
  }
  std::erase_if(all, [](const Candidate& c) { return c.failed || c.compared.real.empty(); });
  if (const Expected<void> applied = program::apply(calibrator.result(), target.program); !applied) return tl::unexpected(applied.error());
  for (Candidate& c : all) {
    c.compared.draws = jittered_times(c.prepared.plan, target, kJitter, engine::sim::Sharing::Fair);
    f.mappers.push_back(std::move(c.compared));
  }
  if (!f.mappers.empty()) summarise(f);
  return f;
}

std::string text_of(const std::vector<Fidelity>& all, bool details) {
  Table table({"program", "mappers", "rank correlation", "of repeats", "pairs in order", "median error", "90 % error", "real spread", "noise"});
  const auto percent = [](double v) { return fmt::format("{:.1f} %", 100 * v); };
  for (const Fidelity& f : all) {
    table.add({f.program, std::to_string(f.mappers.size()), fmt::format("{:.3f}", f.correlation), f.repeatable ? fmt::format("{:.3f}", *f.repeatable) : "-", f.ordered ? percent(*f.ordered) : "-", percent(f.error), percent(f.error90), percent(f.spread), percent(f.noise)});
  }
  std::string text = table.text();
  for (const Fidelity& f : all) {
    for (const std::string& line : f.failed) text += "left out: " + line + "\n";
  }
  if (!details) return text;
  Table each({"program", "mapper", "real", "simulated", "error"});
  for (const Fidelity& f : all) {
    for (const Compared& c : f.mappers) {
      each.add({f.program, c.mapper, human_seconds(c.best()), human_seconds(c.simulated()), fmt::format("{:+.1f} %", 100 * (c.simulated() / c.best() - 1))});
    }
  }
  return text + "\n" + each.text();
}

Json json_of(const Fidelity& f) {
  Json out {{"program", f.program}, {"rank_correlation", f.correlation}, {"repeats_correlation", optional_number(f.repeatable)}, {"pairs_in_order", optional_number(f.ordered)}, {"median_error", f.error}, {"error_90", f.error90}, {"real_spread", f.spread}, {"noise", f.noise}};
  out["failures"] = f.failed;
  out["mappers"] = Json::array();
  for (const Compared& c : f.mappers) out["mappers"].push_back(Json {{"mapper", c.mapper}, {"real", c.real}, {"simulated", c.simulated()}, {"draws", c.draws}});
  return out;
}

}  // namespace

int study_fidelity(const Options& given, Console& console) {
  const InterruptGuard interrupt;
  Options options = given;
  if (options.engine != "legion") options.engine = "host";  // decides the preset
  std::unique_ptr<engine::Engine> legion;
  if (options.engine == "legion") {
    OrExit<std::unique_ptr<engine::Engine>> made = make_engine(options, console);
    if (!made) return made.error();
    legion = *std::move(made);
  }
  if (options.machine.empty()) {
    console.progress("measuring this host");
    Expected<std::string> toml = describe_this_host(options.engine, 3);
    console.end_progress();
    if (!toml) return console.fail(toml.error());
    options.machine = "detected";
    options.machine_text = *std::move(toml);
  }
  OrExit<std::vector<Target>> targets = load_targets(options, console);
  if (!targets) return targets.error();
  std::vector<Fidelity> all;
  for (Target& target : *targets) {
    if (interrupt.flag()) break;
    Expected<Fidelity> one = compare_all(target, options, legion ? &legion : nullptr, interrupt.flag(), console);
    console.end_progress();
    if (!one) return console.fail(one.error());
    all.push_back(*std::move(one));
  }
  if (console.json()) {
    Json out = object("study.fidelity");
    out["machine"] = options.machine;
    out["programs"] = Json::array();
    for (const Fidelity& f : all) out["programs"].push_back(json_of(f));
    console.out(to_text(out) + "\n");
  } else {
    console.out(text_of(all, options.details));
  }
  if (!console.json() && !console.quiet()) {
    console.out(
        "\nreal: the fastest repeat; spread: (90th - 10th percentile) / median of the mappers' times; noise: how much\n"
        "longer than the fastest the median repeat of a mapper takes; of repeats: the rank correlation r of one half of the repeats with\n"
        "the other (a perfect model reaches about sqrt(2 r / (1 + r))); pairs in order: of the pairs of mappers whose real times differ by\n"
        "more than twice the noise; simulated: the median of nine simulations with kernels that vary by 2 %.\nAll memories of a host are the same DRAM, so this says nothing about the costs of FBMEM and ZCMEM.\n");
  }
  const bool nothing = std::any_of(all.begin(), all.end(), [](const Fidelity& f) { return f.mappers.empty(); });
  return status_of(interrupt, nothing ? kMapperFailed : kOk, console);
}

}  // namespace mapwright::driver
