// search/search.h - finding fast mappers: strategies propose mapper texts, tune() evaluates them.
// In:  TuneRequest (program, machine, engine, optimizer, budgets).   Out: TuneResult; every evaluation to a Recorder.
// Not here: how a mapper runs (engine/), where the log lives (journal/). Start at: tune(). Description: docs/search.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/base.h"
#include "diag/diag.h"
#include "engine/engine.h"
#include "machine/machine.h"
#include "program/program.h"
#include "search/space.h"  // IWYU pragma: export

namespace mapwright::search {

// ---------------------------------------------------------------------------------------------------- evaluations

// One execution of one mapper, as it is kept in a history and in a journal.
struct Evaluation {
  std::int64_t iteration = 0;          // from 1; 0 for the reference
  std::string mapper;                  // text
  std::string candidate;               // identity: plan::Decisions::canonical_hash, or a hash of the formatted text
  engine::Outcome outcome = engine::Outcome::Ok;
  std::optional<double> value;         // of the metric; present when ok
  double seconds = 0;                  // of the timed window; 0 unless ok
  std::int64_t simulations = 0;        // performance predictions that were made for it; by a screen: since the one before
  std::string reason;                  // why it is not ok: first error, "MW5003: ..."; empty when ok
  // What the strategy says about it ("memory of region 2 to ZCMEM"), behind what a screen predicted.
  std::string note;
  double wall_seconds = 0;             // time it took us; never compared
  std::shared_ptr<const engine::Execution> execution;  // null when the engine failed or it was too large for a journal
};

// The text of a candidate as the engine sees it: "candidate-3.mapper", "reference.mapper" for iteration 0. Diagnostics of
// an Evaluation's execution point into an equal source.
diag::SourcePtr candidate_source(std::int64_t iteration, const std::string& mapper);

// Whether a is a better result than b: ok beats everything else, then the metric's direction decides.
bool better(const Evaluation& a, const Evaluation& b, bool higher_is_better);

// ---------------------------------------------------------------------------------------------------- strategies

// A candidate. `point` is for the strategy's own use when it works on the SearchSpace.
struct Proposal {
  std::string mapper;
  std::string note;
  std::optional<Point> point;
};

// What became of a proposal.
struct Result {
  Proposal proposal;
  const Evaluation* evaluation = nullptr;  // valid during tell(); of the earlier equal candidate when `duplicate`
  bool duplicate = false;                  // free: nothing was executed
  bool new_best = false;                   // better than everything before it; a duplicate has its original's flag
};

// Proposes mappers and learns from results. Deterministic: its proposals follow from the seed and the results told.
class Strategy {
 public:
  virtual ~Strategy() = default;
  // Up to `n` proposals, `n` = the batch size, with a screen its multiple. Fewer are fine; none ends the search.
  virtual std::vector<Proposal> ask(std::size_t n) = 0;
  // Results of the last ask() in its order. Proposals without one were held back by a screen: nothing is known of them, and
  // they may be proposed again. The first call, before any ask(), tells the default mapper and warm starts.
  virtual void tell(std::span<const Result> results) = 0;
};

// What every strategy may know. Not the reference mapper.
struct StrategyContext {
  const SearchSpace* space = nullptr;
  const engine::Engine* engine = nullptr;
  std::uint64_t seed = 1;
  bool higher_is_better = false;
  // Static verification of a text, free: empty when it passes, else its errors.
  std::function<std::vector<diag::Diagnostic>(const std::string& mapper)> check;
  std::map<std::string, std::string> options;  // of the strategy
};

// "hillclimb", "random".
std::vector<std::string> optimizer_names();
// Error: MW7001 unknown optimizer, with the nearest name.
Expected<std::unique_ptr<Strategy>> make_strategy(std::string_view optimizer, const StrategyContext& context);

// ---------------------------------------------------------------------------------------------------- the loop

// Receives evaluations in the order of their iterations. What commit() accepted is durable. journal/ implements it.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual Expected<void> reference(const Evaluation& evaluation) = 0;
  virtual Expected<void> commit(std::span<const Evaluation> evaluations) = 0;
  virtual Expected<void> finish(std::string_view stopped_by) = 0;
};

// What an interrupted run had committed.
struct Earlier {
  std::optional<Evaluation> reference;
  std::vector<Evaluation> evaluations;  // iterations 1..n
};

enum class StoppedBy : std::uint8_t { Iterations, Seconds, Duplicates, Strategy, Interrupt };
std::string_view to_string(StoppedBy s);  // "iterations", "seconds", "duplicates", "strategy", "interrupt"

struct Progress {
  std::int64_t iteration = 0, iterations = 0;
  const Evaluation* last = nullptr;
  const Evaluation* best = nullptr;                // null until one is ok
  std::optional<double> relative_to_reference;     // of the best
  bool new_best = false;
  bool replayed = false;                           // from the journal, nothing was executed
};

// Proposals are predicted first, and only the best are executed.
struct Screen {
  engine::Engine* engine = nullptr;  // predicts; deterministic, and knows the program and the machine
  std::int64_t proposals = 1;        // predicted for each one that is executed
};

struct TuneRequest {
  const program::Program* program = nullptr;
  const machine::Machine* machine = nullptr;
  engine::Engine* engine = nullptr;

  std::string optimizer = "hillclimb";
  std::map<std::string, std::string> options;      // of the strategy
  Mode mode = Mode::Valid;
  std::uint64_t seed = 1;
  std::int64_t batch = 1;                          // proposals per ask(); part of the history
  std::optional<Screen> screen;                    // part of the history
  std::vector<std::string> warm_starts;            // mapper texts evaluated right after the default mapper

  std::int64_t iterations = 10;                    // evaluations in all, replayed ones included
  std::optional<double> seconds;                   // wall time of this call
  std::optional<Seconds> deadline;                 // per evaluation
  int jobs = 1;                                    // evaluations of a batch at the same time; changes no result
  bool profile = false;                            // ask engines for profiles
  bool decisions_identify = true;                  // false: texts identify candidates (engines without plans)

  diag::SourcePtr reference;                       // run once for the ratio, not counted; null when there is none
  std::optional<Earlier> earlier;                  // resume: replayed without executing
  Recorder* recorder = nullptr;                    // may be null
  std::function<void(const Progress&)> on_progress;
  const std::atomic<bool>* interrupted = nullptr;  // set it to stop after the running evaluations
  std::function<double()> clock;                   // monotonic seconds; null: std::chrono::steady_clock
};

struct TuneResult {
  std::vector<Evaluation> history;                 // by iteration
  std::vector<std::optional<double>> best_so_far;  // metric value after each iteration
  std::optional<std::size_t> best;                 // into history; the first of equals
  std::optional<Evaluation> reference;
  std::optional<double> relative_to_reference;     // throughput ratio of the best; absent without a valid reference
  std::int64_t valid = 0, invalid = 0, duplicates = 0, simulations = 0, replayed = 0;
  StoppedBy stopped_by = StoppedBy::Iterations;
  double wall_seconds = 0;
};

// Runs an optimizer. Evaluation 1 is the default mapper. Equal candidates are free. With a screen, batch * proposals are
// asked for at a time; of those that are new and valid for its engine the `batch` with the least predicted time are
// executed, in that order. 500 proposals in a row without an evaluation end the run.
// An engine that fails on one candidate costs that candidate (outcome crashed). Deterministic when the engine is: equal
// requests give equal histories but for wall times, whatever `jobs`, `iterations` of an earlier part, and interruptions.
// Errors: MW7001 unknown optimizer; MW7002 the earlier part does not follow from this request (other version or other
// inputs); the engine's error when it cannot run the default mapper or five candidates in a row; the recorder's error.
Expected<TuneResult> tune(const TuneRequest& request);

// Identity of a candidate without running it: canonical hash of its decisions, or of its formatted text when it does
// not pass static verification or `decisions` is false.
std::string candidate_identity(const std::string& mapper, const program::Program& program,
                               const machine::Machine& machine, bool decisions = true);

}  // namespace mapwright::search
