#include "driver/tune_report.h"

#include <fmt/format.h>

#include "driver/summary.h"
#include "guide/guide.h"

namespace mapwright::driver {

namespace {

std::string unit_of(const Target& target) { return target.program.metric.unit; }

Json evaluation_json(const search::Evaluation& e, const std::optional<double>& best) {
  return Json {{"iteration", e.iteration}, {"outcome", engine::to_string(e.outcome)}, {"value", optional_number(e.value)},
               {"best", optional_number(best)}, {"simulations", e.simulations}, {"reason", e.reason.empty() ? Json() : Json(e.reason)},
               {"note", e.note.empty() ? Json() : Json(e.note)}, {"candidate", e.candidate}};
}

std::string shell_word(const std::string& word) {
  if (!word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,%@") == std::string::npos) {
    return word;
  }
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// What the guide makes of the last failure.
std::string last_failure(const search::TuneResult& result) {
  for (auto e = result.history.rbegin(); e != result.history.rend(); ++e) {
    if (!e->execution) continue;
    const guide::Feedback f = guide::give_feedback(*e->execution, {});
    std::string out = fmt::format("\nThe last one, iteration {}:\n{}\n", e->iteration, f.explain);
    if (!f.suggest.empty()) out += fmt::format("{}\n", f.suggest);
    return out;
  }
  return {};
}

}  // namespace

void show_progress(const search::Progress& progress, const Target& target, Console& console) {
  const search::Evaluation* const last = progress.last;
  if (console.json()) {
    if (last == nullptr || console.quiet()) return;
    Json out = object("tune.progress");
    out.update(evaluation_json(*last, progress.best != nullptr ? progress.best->value : std::nullopt));
    out["replayed"] = progress.replayed;
    out["relative_to_expert"] = optional_number(progress.relative_to_reference);
    console.out(to_text(out) + "\n");
    return;
  }
  std::string line = fmt::format("[{}/{}]", progress.iteration, progress.iterations);
  if (progress.best != nullptr && progress.best->value) {
    line += fmt::format(" best {}", metric_text(*progress.best->value, unit_of(target)));
    if (progress.relative_to_reference) line += fmt::format(" ({:.3f}x expert)", *progress.relative_to_reference);
  }
  if (last != nullptr) line += fmt::format("; last {}", engine::to_string(last->outcome));
  if (last != nullptr && !last->note.empty()) line += fmt::format(": {}", last->note);
  console.progress(line);
}

Json tune_json(const search::TuneResult& result, const Options& options, const Target& target) {
  Json out = object("tune");
  out["program"] = program_json(target);
  out["machine"] = machine_json(target.machine);
  out["engine"] = options.engine;
  out["optimizer"] = options.optimizer;
  out["mode"] = options.mode;
  out["seed"] = options.seed;
  out["batch"] = options.batch;
  out["iterations"] = result.history.size();
  out["metric"] = Json {{"name", target.program.metric.name}, {"unit", unit_of(target)}, {"higher_is_better", target.program.metric.higher_is_better}};
  out["best"] = Json();
  if (result.best) {
    const search::Evaluation& best = result.history[*result.best];
    out["best"] = Json {{"iteration", best.iteration}, {"value", optional_number(best.value)},
                        {"relative_to_expert", optional_number(result.relative_to_reference)}, {"mapper", best.mapper}};
  }
  out["expert"] = Json();
  if (result.reference) {
    out["expert"] = Json {{"outcome", engine::to_string(result.reference->outcome)}, {"value", optional_number(result.reference->value)}};
  }
  out["history"] = Json::array();
  for (std::size_t i = 0; i < result.history.size(); ++i) out["history"].push_back(evaluation_json(result.history[i], result.best_so_far[i]));
  out["evaluations_valid"] = result.valid;
  out["evaluations_invalid"] = result.invalid;
  out["duplicates"] = result.duplicates;
  out["simulations"] = result.simulations;
  out["replayed"] = result.replayed;
  out["stopped_by"] = search::to_string(result.stopped_by);
  out["seconds"] = result.wall_seconds;
  return out;
}

std::string tune_text(const search::TuneResult& result, const Options& options, const Target& target, const Console& console) {
  std::string out;
  Table table({"iteration", "outcome", target.program.metric.name, "best", "change"});
  for (std::size_t i = 0; i < result.history.size(); ++i) {
    const search::Evaluation& e = result.history[i];
    const std::optional<double>& best = result.best_so_far[i];
    std::string change = e.outcome == engine::Outcome::Ok ? e.note : e.reason;
    if (change.size() > 90) change = change.substr(0, 87) + "...";
    table.add({std::to_string(e.iteration), std::string(engine::to_string(e.outcome)), e.value ? metric_text(*e.value, unit_of(target)) : "-",
               best ? metric_text(*best, unit_of(target)) : "-", change});
  }
  if (!console.quiet()) out += table.text() + "\n";
  out += fmt::format("{} evaluations ({} valid, {} invalid), {} duplicates, {} simulations in {}; stopped by {}\n", result.history.size(),
                     result.valid, result.invalid, result.duplicates, result.simulations, human_seconds(result.wall_seconds),
                     search::to_string(result.stopped_by));
  if (!result.best) return out + "no valid mapper was found\n" + last_failure(result);
  const search::Evaluation& best = result.history[*result.best];
  out += fmt::format("best: iteration {}, {}{}\n", best.iteration, console.bold(metric_text(best.value.value_or(0), unit_of(target))),
                     result.relative_to_reference ? fmt::format(", {:.3f}x the expert", *result.relative_to_reference) : "");
  if (!options.out.empty()) return out + fmt::format("written to {}\n", options.out);
  return out + "\n" + (best.mapper.empty() ? "# the default mapper\n" : best.mapper);
}

std::string resume_command(const Options& options) {
  std::string out = "mapwright";
  for (const std::string& word : options.arguments) {
    if (word != "--resume") out += " " + shell_word(word);
  }
  return out + " --resume";
}

}  // namespace mapwright::driver
