// mapwright journal list|show|export: what earlier runs of `tune` left in a journal.
#include <fmt/format.h>

#include "driver/commands.h"
#include "driver/inputs.h"
#include "driver/json.h"
#include "driver/summary.h"
#include "journal/journal.h"

namespace mapwright::driver {

namespace {

// The run that --run names, else the latest.
Expected<journal::Run> chosen_run(const journal::Journal& journal, const Options& options) {
  if (options.run) return journal.run(*options.run);
  const Expected<std::vector<journal::Run>> runs = journal.runs();
  if (!runs) return tl::unexpected(runs.error());
  if (runs->empty()) return failure(diag::kUnknownRun, fmt::format("`{}` has no runs", options.journal));
  return runs->back();
}

}  // namespace

int journal_list(const Options& options, Console& console) {
  const Expected<journal::Journal> journal = journal::Journal::open(options.journal, journal::Journal::Access::Read);
  if (!journal) return console.fail(journal.error());
  const Expected<std::vector<journal::Run>> runs = journal->runs();
  if (!runs) return console.fail(runs.error());
  Json list = Json::array();
  Table table({"run", "started (UTC)", "program", "machine", "engine", "optimizer", "seed", "evaluations", "best", "ended by"});
  for (const journal::Run& run : *runs) {
    const journal::Configuration& c = run.configuration;
    table.add({std::to_string(run.id), run.started, c.program, c.machine, c.engine, c.optimizer, std::to_string(c.seed),
               std::to_string(run.evaluations), run.best ? metric_text(*run.best, "") : "-", run.stopped_by.empty() ? "-" : run.stopped_by});
    list.push_back(Json {{"run", run.id}, {"started", run.started}, {"program", c.program}, {"machine", c.machine}, {"engine", c.engine},
                         {"optimizer", c.optimizer}, {"seed", c.seed}, {"evaluations", run.evaluations}, {"best", optional_number(run.best)},
                         {"stopped_by", run.stopped_by.empty() ? Json() : Json(run.stopped_by)}});
  }
  if (console.json()) {
    Json out = object("journal_list");
    out["journal"] = options.journal;
    out["runs"] = list;
    console.out(to_text(out) + "\n");
  } else {
    console.out(table.text());
  }
  return kOk;
}

int journal_show(const Options& options, Console& console) {
  const Expected<journal::Journal> journal = journal::Journal::open(options.journal, journal::Journal::Access::Read);
  if (!journal) return console.fail(journal.error());
  const Expected<journal::Run> run = chosen_run(*journal, options);
  if (!run) return console.fail(run.error());
  const Expected<search::Earlier> earlier = journal->load(run->id);
  if (!earlier) return console.fail(earlier.error());
  const search::Evaluation* best = nullptr;
  Table table({"iteration", "outcome", "value", "best", "note"});
  for (const search::Evaluation& e : earlier->evaluations) {
    if (e.outcome == engine::Outcome::Ok && (best == nullptr || search::better(e, *best, run->higher_is_better))) best = &e;
    table.add({std::to_string(e.iteration), std::string(engine::to_string(e.outcome)), e.value ? metric_text(*e.value, "") : "-",
               best != nullptr && best->value ? metric_text(*best->value, "") : "-", e.reason.empty() ? e.note : e.reason});
  }
  if (console.json()) {
    const Expected<std::string> text = journal->export_json(run->id);
    if (!text) return console.fail(text.error());
    console.out(*text);
    return kOk;
  }
  console.out(fmt::format("run {}: {} on {} with {}, seed {}, started {} UTC, {}\n", run->id, run->configuration.program,
                          run->configuration.machine, run->configuration.optimizer, run->configuration.seed, run->started,
                          run->stopped_by.empty() ? "not ended" : "ended by " + run->stopped_by));
  console.out(table.text());
  if (best != nullptr) console.out(fmt::format("\nbest mapper, iteration {}:\n{}", best->iteration, best->mapper));
  return kOk;
}

int journal_export(const Options& options, Console& console) {
  const Expected<journal::Journal> journal = journal::Journal::open(options.journal, journal::Journal::Access::Read);
  if (!journal) return console.fail(journal.error());
  const Expected<journal::Run> run = chosen_run(*journal, options);
  if (!run) return console.fail(run.error());
  const Expected<std::string> text = journal->export_json(run->id);
  if (!text) return console.fail(text.error());
  if (options.out.empty() || options.out == "-") {
    console.out(*text);
    return kOk;
  }
  if (const Expected<void> written = write_file(options.out, *text); !written) return console.fail(written.error());
  return kOk;
}

}  // namespace mapwright::driver
