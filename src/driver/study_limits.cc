// mapwright study limits: how close the expert's, the default and the best known mapper of each program come to the lower
// bound on any mapper's time (docs/models/limits.md), and what that bound consists of.
#include <fmt/format.h>

#include "driver/json.h"
#include "driver/study.h"
#include "driver/summary.h"
#include "engine/sim/limits.h"
#include "search/search.h"

namespace mapwright::driver {

namespace {

using engine::sim::Limit;
using engine::sim::LimitTerm;

// One program: its limit and the window of three mappers, seconds; absent for one that does not run.
struct Row {
  Limit limit;
  std::optional<double> expert, plain, best;
  std::string found_by;  // what found the best: "expert", "default" or an optimizer with its seed
  std::optional<Error> error;
};

void consider(Row& row, std::optional<double> seconds, const std::string& who) {
  if (!seconds || (row.best && *row.best <= *seconds)) return;
  row.best = seconds;
  row.found_by = who;
}

// The best of the expert's mapper, the default one, and what all optimizers find.
void fill(Row& row, const Target& target, engine::Engine& engine, const Options& options) {
  row.limit = engine::sim::lower_bound(target.program, target.machine);
  for (const std::string& optimizer : search::optimizer_names()) {
    for (std::int64_t seed = 1; seed <= options.seeds; ++seed) {
      search::TuneRequest request;
      request.program = &target.program;
      request.machine = &target.machine;
      request.engine = &engine;
      request.optimizer = optimizer;
      request.seed = static_cast<std::uint64_t>(seed);
      request.iterations = options.iterations;
      request.reference = target.reference;
      const Expected<search::TuneResult> result = search::tune(request);
      if (!result) {
        row.error = result.error();
        return;
      }
      const auto seconds = [](const search::Evaluation& e) { return e.outcome == engine::Outcome::Ok ? std::optional(e.seconds) : std::nullopt; };
      if (result->reference) row.expert = seconds(*result->reference);
      row.plain = seconds(result->history.front());
      consider(row, row.expert, "expert");
      consider(row, row.plain, "default");
      if (result->best) consider(row, seconds(result->history[*result->best]), fmt::format("{} {}", optimizer, seed));
    }
  }
}

std::optional<double> share(const Limit& limit, const std::optional<double>& seconds) {
  if (!seconds || !(limit.seconds > 0)) return std::nullopt;
  return limit.seconds / *seconds;
}

std::string limits_text(const std::vector<Target>& targets, const std::vector<Row>& rows, const Options& options) {
  const auto percent = [](const std::optional<double>& s) { return s ? fmt::format("{:.1f}", 100 * *s) : "-"; };
  Table shares({"program", "limit", "by", "expert %", "default %", "best known %", "found by"});
  std::vector<std::string> head {"term"};
  for (const Target& t : targets) head.push_back(t.program.name);
  Table terms(head);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& r = rows[i];
    shares.add({targets[i].program.name, human_seconds(r.limit.seconds), std::string(to_string(r.limit.binding())), percent(share(r.limit, r.expert)),
                percent(share(r.limit, r.plain)), percent(share(r.limit, r.best)), r.found_by});
  }
  for (std::size_t t = 0; t < engine::sim::kLimitTerms; ++t) {
    std::vector<std::string> row {std::string(to_string(static_cast<LimitTerm>(t)))};
    for (const Row& r : rows) row.push_back(r.limit.terms[t] > 0 ? human_seconds(r.limit.terms[t]) : "-");
    terms.add(row);
  }
  const machine::Machine& machine = targets[0].machine;
  return fmt::format("lower bounds on the time of any mapper on {} ({} {}), and the share of the time of mappers that they are\n\n{}\n"
                     "terms, each a bound by itself (docs/models/limits.md)\n{}\n"
                     "best known: of the expert, the default mapper and {} searches of {} evaluations by each optimizer\n",
                     machine.name(), machine.nodes(), machine.nodes() == 1 ? "node" : "nodes", shares.text(), terms.text(2), options.seeds,
                     options.iterations);
}

Json limits_json(const std::vector<Target>& targets, const std::vector<Row>& rows, const Options& options) {
  Json out = object("study.limits");
  out["iterations"] = options.iterations;
  out["seeds"] = options.seeds;
  out["programs"] = Json::array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& r = rows[i];
    Json terms = Json::object();
    for (std::size_t t = 0; t < engine::sim::kLimitTerms; ++t) terms[std::string(to_string(static_cast<LimitTerm>(t)))] = r.limit.terms[t];
    out["programs"].push_back(Json {{"program", program_json(targets[i])},
                                    {"machine", machine_json(targets[i].machine)},
                                    {"limit", r.limit.seconds},
                                    {"binding", to_string(r.limit.binding())},
                                    {"complete", r.limit.complete},
                                    {"terms", std::move(terms)},
                                    {"expert", optional_number(share(r.limit, r.expert))},
                                    {"default", optional_number(share(r.limit, r.plain))},
                                    {"best", optional_number(share(r.limit, r.best))},
                                    {"found_by", r.found_by}});
  }
  return out;
}

}  // namespace

int study_limits(const Options& options, Console& console) {
  const OrExit<std::vector<Target>> targets = load_targets(options, console);
  if (!targets) return targets.error();
  const OrExit<std::unique_ptr<engine::Engine>> engine = make_engine(options, console);
  if (!engine) return engine.error();
  std::vector<Row> rows(targets->size());
  in_parallel(options.jobs, rows.size(), [&](std::size_t i) { fill(rows[i], (*targets)[i], **engine, options); }, "program", console);
  for (const Row& row : rows) {
    if (row.error) return console.fail(*row.error);
  }
  if (console.json()) {
    console.out(to_text(limits_json(*targets, rows, options)) + "\n");
  } else {
    console.out(limits_text(*targets, rows, options));
  }
  return kOk;
}

}  // namespace mapwright::driver
