// mapwright tune --program P: the whole product. A strategy proposes mappers, the engine runs each, the journal keeps
// every evaluation, and the best mapper comes out.
#include <fmt/format.h>

#include "driver/commands.h"
#include "driver/inputs.h"
#include "driver/interrupt.h"
#include "driver/json.h"
#include "driver/summary.h"
#include "driver/tune_report.h"
#include "journal/journal.h"
#include "search/search.h"

namespace mapwright::driver {

namespace {

// Everything that decides the history of this run, for the journal.
journal::Configuration configuration(const Options& options, const Target& target, const std::vector<std::string>& warm_starts) {
  journal::Configuration out;
  out.version = MAPWRIGHT_VERSION;
  out.optimizer = options.optimizer;
  out.space = options.mode;
  out.seed = options.seed;
  out.batch = options.batch;
  out.program = target.program.name;
  out.program_hash = target.program.hash();
  out.machine = target.machine.name();
  out.machine_hash = target.machine.hash();
  out.engine = options.engine;
  out.options = engine_settings(options);
  for (std::size_t i = 0; i < warm_starts.size(); ++i) {
    out.options[fmt::format("warm_start.{}", i)] = Hasher().add(warm_starts[i]).hex();
  }
  return out;
}

}  // namespace

int tune(const Options& options, Console& console) {
  // 1. What is tuned, on what, by which engine, and what predicts for it.
  const OrExit<Screening> screen = make_screen(options, console);
  if (!screen) return screen.error();
  const OrExit<Target> target = load_target_to_plan(options, console);
  if (!target) return target.error();
  const OrExit<std::unique_ptr<engine::Engine>> engine = make_engine(options, console);
  if (!engine) return engine.error();

  search::TuneRequest request;
  request.program = &target->program;
  request.machine = &target->machine;
  request.engine = engine->get();
  request.optimizer = options.optimizer;
  request.mode = *search::mode(options.mode);
  request.seed = options.seed;
  request.batch = options.batch;
  if (screen->engine) request.screen = search::Screen {screen->engine.get(), screen->proposals};
  request.iterations = options.iterations;
  request.seconds = options.budget_seconds;
  request.jobs = static_cast<int>(options.jobs);
  if (options.timeout) request.deadline = Seconds(*options.timeout);
  request.decisions_identify = options.engine != "command";
  request.reference = target->reference;
  for (const std::string& name : options.warm_start) {
    const OrExit<diag::SourcePtr> mapper = load_mapper(name, &*target, console);
    if (!mapper) return mapper.error();
    request.warm_starts.emplace_back((*mapper)->text());
  }

  // 2. The journal: a new run, or what an interrupted one had committed.
  std::optional<journal::Journal> journal;
  std::unique_ptr<search::Recorder> recorder;
  if (!options.no_journal) {
    Expected<journal::Journal> opened = journal::Journal::open(options.journal, journal::Journal::Access::Write);
    if (!opened) return console.fail(opened.error());
    journal.emplace(*std::move(opened));
    const journal::Configuration now = configuration(options, *target, request.warm_starts);
    // A run that was killed before it recorded anything is resumed by starting it.
    const Expected<std::vector<journal::Run>> earlier_runs = journal->runs();
    if (!earlier_runs) return console.fail(earlier_runs.error());
    const bool resume = options.resume && !earlier_runs->empty();
    const Expected<std::int64_t> run = resume ? journal->find_resumable(now)
                                              : journal->begin(now, target->program.metric.higher_is_better);
    if (!run) return console.fail(run.error());
    if (resume) {
      Expected<search::Earlier> earlier = journal->load(*run);
      if (!earlier) return console.fail(earlier.error());
      request.earlier = *std::move(earlier);
    }
    recorder = journal->recorder(*run);
    request.recorder = recorder.get();
  }

  // 3. The loop: propose, run, learn (search::tune), shown as it goes; Ctrl-C ends it after the running evaluations.
  const InterruptGuard interrupt;
  request.interrupted = &interrupt.flag();
  request.on_progress = [&](const search::Progress& progress) { show_progress(progress, *target, console); };
  const Expected<search::TuneResult> result = search::tune(request);
  console.end_progress();
  if (!result) return console.fail(result.error());

  // 4. The best mapper, and how it was found.
  const search::Evaluation* const best = result->best ? &result->history[*result->best] : nullptr;
  if (best != nullptr && !options.out.empty()) {
    if (const Expected<void> written = write_file(options.out, best->mapper); !written) return console.fail(written.error());
  }
  if (console.json()) {
    console.out(to_text(tune_json(*result, options, *target)) + "\n");
  } else {
    console.out(tune_text(*result, options, *target, console));
  }
  if (result->stopped_by == search::StoppedBy::Interrupt) {
    console.err(fmt::format("interrupted; to go on: {}\n", resume_command(options)));
    return kInterrupted;
  }
  return best != nullptr ? kOk : kMapperFailed;
}

}  // namespace mapwright::driver
