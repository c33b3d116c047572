// mapwright compare A B... --program P: mappers side by side. On a noisy engine each runs several times, in turns, and
// what the intervals do not separate is called not distinguishable.
#include <fmt/format.h>

#include "driver/commands.h"
#include "driver/inputs.h"
#include "driver/json.h"
#include "driver/statistics.h"
#include "driver/summary.h"

namespace mapwright::driver {

namespace {

struct Candidate {
  diag::SourcePtr mapper;
  engine::Execution execution;   // the first, or the first that failed
  std::vector<double> values;    // of the metric
  std::vector<double> seconds;
  bool ok() const { return execution.outcome == engine::Outcome::Ok; }
};

std::string ratio_text(const std::optional<double>& ratio) { return ratio ? fmt::format("{:.3f}", *ratio) : "-"; }

// Throughput ratio of medians.
std::optional<double> ratio(const Candidate& a, const Candidate& b) {
  if (!b.ok() || b.values.empty()) return std::nullopt;
  if (!a.ok()) return 0.0;
  const double x = median_of(a.values).median, y = median_of(b.values).median;
  const bool higher = a.execution.metric && a.execution.metric->higher_is_better;
  return higher ? x / y : y / x;
}

std::int64_t largest_peak(const engine::Execution& execution) {
  std::int64_t most = 0;
  for (const engine::MemoryUse& use : execution.memory_peak) most = std::max(most, use.bytes);
  return most;
}

// Absent when there is nothing to compare, or too little to say: on a noisy engine 95 % need six runs.
std::optional<bool> distinguishable(const Candidate& a, const Candidate& b, bool noisy) {
  if (!a.ok() || !b.ok()) return std::nullopt;
  const Interval x = median_of(a.values), y = median_of(b.values);
  if (noisy && std::min(x.confidence, y.confidence) < 0.95) return std::nullopt;
  return !overlap(x, y);
}

}  // namespace

int compare(const Options& options, Console& console) {
  const OrExit<Target> target = load_target_to_plan(options, console);
  if (!target) return target.error();
  std::vector<Candidate> candidates;
  for (const std::string& word : options.words) {
    const OrExit<diag::SourcePtr> source = load_mapper(word, &*target, console);
    if (!source) return source.error();
    candidates.push_back({*source, {}, {}, {}});
  }
  const std::size_t shown = candidates.size();
  if (target->reference) candidates.push_back({target->reference, {}, {}, {}});
  const OrExit<std::unique_ptr<engine::Engine>> engine = make_engine(options, console);
  if (!engine) return engine.error();

  // In turns, so that drift of the host hits all alike.
  const std::int64_t repeats = (*engine)->deterministic() ? 1 : options.repeats > 0 ? options.repeats : 7;
  for (std::int64_t r = 0; r < repeats; ++r) {
    for (Candidate& c : candidates) {
      if (r > 0 && !c.ok()) continue;
      console.progress(fmt::format("run {} of {}: {}", r + 1, repeats, c.mapper->name()));
      Expected<engine::Execution> execution = execute(**engine, *target, c.mapper, options, false);
      if (!execution) return console.fail(execution.error());
      if (execution->outcome == engine::Outcome::Ok && execution->metric) {
        c.values.push_back(execution->metric->value);
        c.seconds.push_back(execution->seconds);
      }
      if (r == 0 || execution->outcome != engine::Outcome::Ok) c.execution = *std::move(execution);
    }
  }
  console.end_progress();
  const Candidate* const expert = target->reference ? &candidates.back() : nullptr;

  int status = kOk;
  for (std::size_t i = 0; i < shown; ++i) {
    if (!candidates[i].ok()) status = kMapperFailed;
  }
  const bool noisy = !(*engine)->deterministic();
  if (console.json()) {
    Json out = object("compare");
    out["program"] = program_json(*target);
    out["machine"] = machine_json(target->machine);
    out["engine"] = (*engine)->name();
    out["repeats"] = repeats;
    out["mappers"] = Json::array();
    for (std::size_t i = 0; i < shown; ++i) {
      const Candidate& c = candidates[i];
      Json row {{"mapper", c.mapper->name()}};
      add_execution(row, c.execution);
      row.erase("processors");
      if (c.ok()) {
        const Interval m = median_of(c.values);
        row["seconds"] = median_of(c.seconds).median;
        row["metric"]["value"] = m.median;
        row["values"] = c.values;
        row["interval"] = Json {{"low", m.low}, {"high", m.high}, {"confidence", m.confidence}};
      }
      row["relative_to_first"] = optional_number(ratio(c, candidates[0]));
      row["relative_to_expert"] = expert ? optional_number(ratio(c, *expert)) : Json();
      const std::optional<bool> different = distinguishable(c, candidates[0], noisy);
      row["distinguishable_from_first"] = i > 0 && different ? Json(*different) : Json();
      row["diagnostics"] = to_json(c.execution.diagnostics);
      out["mappers"].push_back(std::move(row));
    }
    console.out(to_text(out) + "\n");
    return status;
  }

  const std::string metric = target->program.metric.name;
  Table table({"mapper", "outcome", "time", metric, "vs first", "vs expert", "moved", "between nodes", "largest peak", noisy ? "verdict" : ""});
  for (std::size_t i = 0; i < shown; ++i) {
    const Candidate& c = candidates[i];
    console.report(c.execution.diagnostics);
    if (!c.ok()) {
      table.add({c.mapper->name(), std::string(engine::to_string(c.execution.outcome)), "-", "-", ratio_text(ratio(c, candidates[0])),
                 expert ? ratio_text(ratio(c, *expert)) : "-", "-", "-", "-", ""});
      continue;
    }
    const Interval m = median_of(c.values);
    const std::string value = noisy ? fmt::format("{} [{}, {}]", metric_text(m.median, ""), metric_text(m.low, ""), metric_text(m.high, ""))
                                    : metric_text(m.median, c.execution.metric->unit);
    const std::optional<bool> different = distinguishable(c, candidates[0], noisy);
    const std::string verdict = !noisy || i == 0 ? "" : !different ? "too few runs" : *different ? "different" : "not distinguishable";
    table.add({c.mapper->name(), "ok", human_seconds(median_of(c.seconds).median), value, ratio_text(ratio(c, candidates[0])),
               expert ? ratio_text(ratio(c, *expert)) : "-", human_bytes(static_cast<double>(c.execution.moved.total)),
               human_bytes(static_cast<double>(c.execution.moved.inter_node)),
               human_bytes(static_cast<double>(largest_peak(c.execution))), verdict});
  }
  console.out(table.text());
  if (noisy) {
    console.out(fmt::format("medians of {} runs in turns, with their {:.0f} % interval\n", repeats,
                            100 * interval_confidence(static_cast<std::size_t>(repeats))));
  }
  return status;
}

}  // namespace mapwright::driver
