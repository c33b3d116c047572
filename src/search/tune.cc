// The tuning loop: ask, drop duplicates, evaluate (or replay), commit in order, tell.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <thread>

#include "plan/plan.h"
#include "search/search.h"
#include "sema/sema.h"

namespace mapwright::search {

namespace {

constexpr std::int64_t kDuplicatesInARow = 500;
constexpr int kEngineErrorsInARow = 5;
constexpr std::size_t kReasonBytes = 2000;

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string first_reason(const engine::Execution& e) {
  for (const diag::Diagnostic& d : e.diagnostics) {
    if (d.severity != diag::Severity::Error) continue;
    std::string reason = diag::code_name(d.code) + ": " + d.message;
    if (reason.size() > kReasonBytes) reason.resize(kReasonBytes);
    return reason;
  }
  return std::string(engine::to_string(e.outcome));
}

// Throughput ratio of two ok values of one metric.
std::optional<double> ratio(double ours, double reference, bool higher_is_better) {
  const double top = higher_is_better ? ours : reference, bottom = higher_is_better ? reference : ours;
  if (!(bottom > 0)) return std::nullopt;
  return top / bottom;
}

// Runs evaluations. Keeps no history.
class Evaluator {
 public:
  struct Done {
    Evaluation evaluation;
    std::optional<Error> engine_error;
    bool abandoned = false;  // interrupted before it was a result
  };

  Evaluator(const TuneRequest& request, std::function<double()> clock, double end)
      : r_(request), clock_(std::move(clock)), end_(end) {}

  bool interrupted() const { return r_.interrupted && r_.interrupted->load(); }
  bool out_of_time() const { return clock_() >= end_; }

  Done run(std::int64_t iteration, const std::string& mapper) const {
    Done done;
    done.evaluation.mapper = mapper;
    engine::EvaluationRequest request;
    request.mapper = candidate_source(iteration, mapper);
    request.program = r_.program;
    request.machine = r_.machine;
    request.profile = r_.profile;
    request.deadline = r_.deadline;
    const double start = clock_();
    Expected<engine::Execution> execution = r_.engine->run(request);
    Evaluation& e = done.evaluation;
    e.wall_seconds = clock_() - start;
    if (execution) {
      e.outcome = execution->outcome;
      e.simulations = execution->simulations;
      if (e.outcome == engine::Outcome::Ok) {
        e.seconds = execution->seconds;
        e.value = execution->metric ? execution->metric->value : execution->seconds;
        if (!std::isfinite(*e.value)) {
          e.outcome = engine::Outcome::ExecutionError;
          e.reason = fmt::format("the metric is {}", *e.value);
          e.value.reset();
          e.seconds = 0;
        }
      } else {
        e.reason = first_reason(*execution);
      }
      e.execution = std::make_shared<const engine::Execution>(std::move(*execution));
    } else {
      done.engine_error = execution.error();
      e.outcome = engine::Outcome::Crashed;
      e.reason = diag::code_name(execution.error().code) + ": " + execution.error().message;
    }
    // An interrupt also reaches child processes, so what failed meanwhile says nothing about the candidate.
    const bool suspicious = e.outcome == engine::Outcome::Crashed || e.outcome == engine::Outcome::Timeout;
    done.abandoned = suspicious && interrupted();
    return done;
  }

  // Runs `mappers` with up to `jobs` at a time and hands results over in order, from the calling thread. Stops early when
  // interrupted, out of time, or `take` returns false; whatever is under way is finished first.
  template <typename Take>
  void run_all(const std::vector<const std::string*>& mappers, std::int64_t first_iteration, Take take) const {
    std::vector<std::optional<Done>> done(mappers.size());
    const auto run_one = [&](std::size_t i) { return run(first_iteration + static_cast<std::int64_t>(i), *mappers[i]); };
    const auto threads = std::min<std::size_t>(static_cast<std::size_t>(std::max(r_.jobs, 1)), mappers.size());
    if (threads <= 1) {
      for (std::size_t i = 0; i < mappers.size() && !interrupted() && !out_of_time(); ++i) {
        if (!take(run_one(i))) return;
      }
      return;
    }
    std::mutex mutex;
    std::condition_variable ready;
    std::size_t next = 0, working = threads;
    bool stop = false;
    const auto work = [&] {
      std::unique_lock lock(mutex);
      while (!stop && next < mappers.size() && !interrupted() && !out_of_time()) {
        const std::size_t i = next++;
        lock.unlock();
        Done result = run_one(i);
        lock.lock();
        done[i] = std::move(result);
        ready.notify_one();
      }
      --working;
      ready.notify_one();
    };
    std::vector<std::thread> pool;
    for (std::size_t t = 0; t < threads; ++t) pool.emplace_back(work);
    std::unique_lock lock(mutex);
    for (std::size_t i = 0; i < mappers.size(); ++i) {
      ready.wait(lock, [&] { return done[i].has_value() || working == 0; });
      if (!done[i]) break;
      lock.unlock();
      const bool more = take(std::move(*done[i]));
      lock.lock();
      if (!more) break;
    }
    stop = true;
    lock.unlock();
    for (std::thread& t : pool) t.join();
  }

 private:
  const TuneRequest& r_;
  std::function<double()> clock_;
  double end_;
};

class Session {
 public:
  explicit Session(const TuneRequest& request)
      : r_(request),
        clock_(request.clock ? request.clock : steady_seconds),
        start_(clock_()),
        higher_(request.program->metric.higher_is_better),
        space_(*request.program, *request.machine, request.mode),
        evaluator_(request, clock_,
                   request.seconds ? start_ + *request.seconds : std::numeric_limits<double>::infinity()) {}

  Expected<TuneResult> run() {
    if (Expected<void> made = prepare(); !made) return tl::unexpected(made.error());
    if (Expected<void> ran = search(); !ran) return tl::unexpected(ran.error());
    if (r_.recorder) {
      if (Expected<void> ok = r_.recorder->finish(to_string(out_.stopped_by)); !ok) return tl::unexpected(ok.error());
    }
    out_.wall_seconds = clock_() - start_;
    return std::move(out_);
  }

 private:
  Expected<void> prepare() {
    StrategyContext context;
    context.space = &space_;
    context.engine = r_.engine;
    context.seed = r_.seed;
    context.higher_is_better = higher_;
    context.options = r_.options;
    context.check = [this](const std::string& mapper) { return check(mapper); };
    Expected<std::unique_ptr<Strategy>> strategy = make_strategy(r_.optimizer, context);
    if (!strategy) return tl::unexpected(strategy.error());
    strategy_ = std::move(*strategy);
    return run_reference();
  }

  std::vector<diag::Diagnostic> check(const std::string& mapper) const {
    if (!r_.decisions_identify) return {};
    diag::Sink sink;
    const sema::Mapper compiled = sema::compile(diag::make_source("candidate", mapper), sink);
    if (!sink.has_errors()) (void)plan::decide(compiled, *r_.program, *r_.machine, sink);
    std::vector<diag::Diagnostic> errors = sink.all();
    std::erase_if(errors, [](const diag::Diagnostic& d) { return d.severity != diag::Severity::Error; });
    return errors;
  }

  Expected<void> run_reference() {
    if (r_.earlier && r_.earlier->reference) {
      out_.reference = *r_.earlier->reference;
      return {};
    }
    if (!r_.reference) return {};
    Evaluator::Done done = evaluator_.run(0, std::string(r_.reference->text()));
    if (done.engine_error) return tl::unexpected(*done.engine_error);
    out_.reference = std::move(done.evaluation);
    return r_.recorder ? r_.recorder->reference(*out_.reference) : Expected<void> {};
  }

  Expected<void> search() {
    std::vector<Proposal> first;
    first.push_back({space_.render(space_.default_point()), "default mapper", space_.default_point()});
    for (const std::string& text : r_.warm_starts) first.push_back({text, "warm start", std::nullopt});
    Expected<bool> more = evaluate(std::move(first));
    while (more && *more) {
      if (out_of_budget()) break;
      std::vector<Proposal> proposals = strategy_->ask(static_cast<std::size_t>(std::max<std::int64_t>(r_.batch, 1)));
      if (proposals.empty()) {
        out_.stopped_by = StoppedBy::Strategy;
        break;
      }
      more = evaluate(std::move(proposals));
    }
    return more ? Expected<void> {} : tl::unexpected(more.error());
  }

  // Sets stopped_by.
  bool out_of_budget() {
    if (static_cast<std::int64_t>(out_.history.size()) >= r_.iterations) {
      out_.stopped_by = StoppedBy::Iterations;
    } else if (duplicates_in_a_row_ >= kDuplicatesInARow) {
      out_.stopped_by = StoppedBy::Duplicates;
    } else if (static_cast<std::size_t>(out_.history.size()) < replayable()) {
      return false;  // what was paid for is replayed whatever the clock says
    } else if (evaluator_.interrupted()) {
      out_.stopped_by = StoppedBy::Interrupt;
    } else if (evaluator_.out_of_time()) {
      out_.stopped_by = StoppedBy::Seconds;
    } else {
      return false;
    }
    return true;
  }

  std::size_t replayable() const { return r_.earlier ? r_.earlier->evaluations.size() : 0; }

  // One batch. False when the run ends; then the strategy is told nothing more.
  Expected<bool> evaluate(std::vector<Proposal> proposals) {
    std::vector<std::size_t> target;  // of each proposal: index into the history
    std::vector<std::size_t> fresh;   // proposals that are new
    std::vector<std::string> identities;
    std::size_t size = out_.history.size();
    for (std::size_t i = 0; i < proposals.size(); ++i) {
      std::string id = candidate_identity(proposals[i].mapper, *r_.program, *r_.machine, r_.decisions_identify);
      const auto [known, is_new] = seen_.try_emplace(id, size);
      target.push_back(known->second);
      if (is_new) {
        fresh.push_back(i);
        identities.push_back(std::move(id));
        ++size;
      }
    }
    const std::size_t before = out_.history.size();
    for (std::size_t k = 0; k < fresh.size(); ++k) {
      if (static_cast<std::int64_t>(out_.history.size()) >= r_.iterations) break;
      if (out_.history.size() >= replayable()) break;
      if (Expected<void> ok = replay(proposals[fresh[k]], identities[k]); !ok) return tl::unexpected(ok.error());
    }
    if (Expected<void> ok = execute(proposals, fresh, identities, before); !ok) return tl::unexpected(ok.error());
    if (out_.history.size() < size) {
      if (!out_of_budget()) out_.stopped_by = evaluator_.interrupted() ? StoppedBy::Interrupt : StoppedBy::Seconds;
      return false;
    }
    tell(std::move(proposals), target, before);
    return true;
  }

  Expected<void> replay(const Proposal& proposal, const std::string& identity) {
    Evaluation e = r_.earlier->evaluations[out_.history.size()];
    if (e.mapper != proposal.mapper || e.candidate != identity) {
      return failure(diag::kResumeMismatch,
                     fmt::format("evaluation {} of the earlier part does not follow from this program and these options",
                                 e.iteration),
                     "resume with the version and the inputs that began the run, or start a new one");
    }
    ++out_.replayed;
    add(std::move(e), true);
    return {};
  }

  Expected<void> execute(const std::vector<Proposal>& proposals, const std::vector<std::size_t>& fresh,
                         const std::vector<std::string>& identities, std::size_t before) {
    const std::size_t done = out_.history.size() - before;
    std::vector<const std::string*> mappers;
    for (std::size_t k = done; k < fresh.size() && static_cast<std::int64_t>(before + k) < r_.iterations; ++k) {
      mappers.push_back(&proposals[fresh[k]].mapper);
    }
    Expected<void> status;
    const auto first = static_cast<std::int64_t>(out_.history.size()) + 1;
    evaluator_.run_all(mappers, first, [&](Evaluator::Done result) {
      if (result.abandoned) return false;
      const std::size_t k = out_.history.size() - before;
      engine_errors_in_a_row_ = result.engine_error ? engine_errors_in_a_row_ + 1 : 0;
      if (result.engine_error && (out_.history.empty() || engine_errors_in_a_row_ >= kEngineErrorsInARow)) {
        status = tl::unexpected(*result.engine_error);
        return false;
      }
      Evaluation& e = result.evaluation;
      e.iteration = static_cast<std::int64_t>(out_.history.size()) + 1;
      e.candidate = identities[k];
      e.note = proposals[fresh[k]].note;
      if (r_.recorder) {
        status = r_.recorder->commit(std::span(&e, 1));
        if (!status) return false;
      }
      add(std::move(e), false);
      return true;
    });
    return status;
  }

  void add(Evaluation e, bool replayed) {
    const bool new_best = !out_.best || better(e, out_.history[*out_.best], higher_);
    const bool ok = e.outcome == engine::Outcome::Ok;
    (ok ? out_.valid : out_.invalid) += 1;
    out_.simulations += e.simulations;
    out_.history.push_back(std::move(e));
    new_best_.push_back(new_best && ok);
    if (new_best && ok) out_.best = out_.history.size() - 1;
    const Evaluation* best = out_.best ? &out_.history[*out_.best] : nullptr;
    out_.best_so_far.push_back(best ? best->value : std::nullopt);
    out_.relative_to_reference.reset();
    if (best && out_.reference && out_.reference->value) {
      out_.relative_to_reference = ratio(*best->value, *out_.reference->value, higher_);
    }
    if (!r_.on_progress) return;
    r_.on_progress({.iteration = out_.history.back().iteration,
                    .iterations = r_.iterations,
                    .last = &out_.history.back(),
                    .best = best,
                    .relative_to_reference = out_.relative_to_reference,
                    .new_best = new_best && ok,
                    .replayed = replayed});
  }

  void tell(std::vector<Proposal> proposals, const std::vector<std::size_t>& target, std::size_t before) {
    std::vector<Result> results;
    std::size_t next = before;  // the history index that the next fresh proposal has
    for (std::size_t i = 0; i < proposals.size(); ++i) {
      const bool duplicate = target[i] != next;
      if (duplicate) {
        ++out_.duplicates;
        ++duplicates_in_a_row_;
      } else {
        duplicates_in_a_row_ = 0;
        ++next;
      }
      results.push_back({std::move(proposals[i]), &out_.history[target[i]], duplicate, new_best_[target[i]]});
    }
    strategy_->tell(results);
  }

  const TuneRequest& r_;
  std::function<double()> clock_;
  double start_;
  bool higher_;
  SearchSpace space_;
  Evaluator evaluator_;
  std::unique_ptr<Strategy> strategy_;
  std::map<std::string, std::size_t> seen_;  // identity -> history index
  std::vector<bool> new_best_;               // by history index
  std::int64_t duplicates_in_a_row_ = 0;
  int engine_errors_in_a_row_ = 0;
  TuneResult out_;
};

}  // namespace

diag::SourcePtr candidate_source(std::int64_t iteration, const std::string& mapper) {
  return diag::make_source(iteration == 0 ? "reference.mapper" : fmt::format("candidate-{}.mapper", iteration), mapper);
}

bool better(const Evaluation& a, const Evaluation& b, bool higher_is_better) {
  const bool a_ok = a.outcome == engine::Outcome::Ok && a.value, b_ok = b.outcome == engine::Outcome::Ok && b.value;
  if (!a_ok || !b_ok) return a_ok && !b_ok;
  return higher_is_better ? *a.value > *b.value : *a.value < *b.value;
}

std::string_view to_string(StoppedBy s) {
  constexpr std::string_view kNames[] = {"iterations", "seconds", "duplicates", "strategy", "interrupt"};
  return kNames[static_cast<std::size_t>(s)];
}

Expected<TuneResult> tune(const TuneRequest& request) {
  MW_CHECK(request.program && request.machine && request.engine, "tune() needs program, machine and engine");
  return Session(request).run();
}

}  // namespace mapwright::search
