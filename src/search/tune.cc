// The tuning loop: ask, drop duplicates, hold back what the screen ranks low, evaluate (or replay), commit in order, tell.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "plan/plan.h"
#include "search/evaluator.h"
#include "search/search.h"
#include "sema/sema.h"

namespace mapwright::search {

namespace {

constexpr std::int64_t kFutileInARow = 500;  // proposals
constexpr int kEngineErrorsInARow = 5;

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Throughput ratio of two ok values of one metric.
std::optional<double> ratio(double ours, double reference, bool higher_is_better) {
  const double top = higher_is_better ? ours : reference, bottom = higher_is_better ? reference : ours;
  if (!(bottom > 0)) return std::nullopt;
  return top / bottom;
}

// A proposal on its way through a batch.
struct Candidate {
  Proposal proposal;
  std::string identity;
  std::optional<double> predicted;  // seconds; absent without a screen and when it cannot run
  std::size_t rank = 0, ranked = 0; // by prediction, from 1, of how many; 0: was not ranked
  bool chosen = false;              // to be evaluated; the others are duplicates or held back

  std::string note() const {
    if (!predicted) return proposal.note;
    const std::string place = ranked == 0 ? "" : fmt::format(" ({} of {})", rank, ranked);
    return fmt::format("predicted {}{}: {}", human_seconds(*predicted), place, proposal.note);
  }
};

class Session {
 public:
  explicit Session(const TuneRequest& request)
      : r_(request),
        clock_(request.clock ? request.clock : steady_seconds),
        start_(clock_()),
        higher_(request.program->metric.higher_is_better),
        space_(*request.program, *request.machine, request.mode),
        evaluator_(*request.engine, engine_request(request), request.jobs, request.interrupted, clock_,
                   request.seconds ? start_ + *request.seconds : std::numeric_limits<double>::infinity()) {
    if (!request.screen) return;
    engine::EvaluationRequest prediction = engine_request(request);
    prediction.profile = false;
    prediction.deadline.reset();  // predictions are part of the history, so no clock may decide them
    predictor_.emplace(*request.screen->engine, std::move(prediction), request.jobs, request.interrupted, clock_,
                       std::numeric_limits<double>::infinity());
  }

  Expected<TuneResult> run() {
    if (Expected<void> made = prepare(); !made) return tl::unexpected(made.error());
    if (Expected<void> ran = search(); !ran) return tl::unexpected(ran.error());
    if (r_.recorder) {
      if (Expected<void> ok = r_.recorder->finish(to_string(out_.stopped_by)); !ok) return tl::unexpected(ok.error());
    }
    out_.simulations += predictions_;
    out_.wall_seconds = clock_() - start_;
    return std::move(out_);
  }

 private:
  static engine::EvaluationRequest engine_request(const TuneRequest& r) {
    engine::EvaluationRequest out;
    out.program = r.program;
    out.machine = r.machine;
    out.profile = r.profile;
    out.deadline = r.deadline;
    return out;
  }

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
    const auto batch = static_cast<std::size_t>(std::max<std::int64_t>(r_.batch, 1));
    const auto proposals_each = static_cast<std::size_t>(r_.screen ? std::max<std::int64_t>(r_.screen->proposals, 1) : 1);
    Expected<bool> more = evaluate(std::move(first), std::nullopt);
    while (more && *more) {
      if (out_of_budget()) break;
      std::vector<Proposal> proposals = strategy_->ask(batch * proposals_each);
      if (proposals.empty()) {
        out_.stopped_by = StoppedBy::Strategy;
        break;
      }
      more = evaluate(std::move(proposals), batch);
    }
    return more ? Expected<void> {} : tl::unexpected(more.error());
  }

  // Sets stopped_by.
  bool out_of_budget() {
    if (static_cast<std::int64_t>(out_.history.size()) >= r_.iterations) {
      out_.stopped_by = StoppedBy::Iterations;
    } else if (futile_in_a_row_ >= kFutileInARow) {
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

  // One batch. Of its new candidates the screen chooses `most`; all are evaluated when `most` is absent. False when the
  // run ends; then the strategy is told nothing more.
  Expected<bool> evaluate(std::vector<Proposal> proposals, std::optional<std::size_t> most) {
    std::vector<Candidate> batch;
    for (Proposal& p : proposals) {
      std::string id = candidate_identity(p.mapper, *r_.program, *r_.machine, r_.decisions_identify);
      batch.push_back({std::move(p), std::move(id), std::nullopt, 0, 0, false});
    }
    std::vector<Candidate*> fresh;
    std::set<std::string_view> in_batch;
    for (Candidate& c : batch) {
      if (!seen_.contains(c.identity) && in_batch.insert(c.identity).second) fresh.push_back(&c);
    }
    if (predictor_) {
      if (Expected<bool> more = predict(fresh); !more || !*more) return more;
      if (most) hold_back(fresh, *most);
    }
    const std::size_t before = out_.history.size(), after = before + fresh.size();
    for (std::size_t k = 0; k < fresh.size(); ++k) {
      fresh[k]->chosen = true;
      seen_.emplace(fresh[k]->identity, before + k);
    }
    for (const Candidate* c : fresh) {
      if (static_cast<std::int64_t>(out_.history.size()) >= r_.iterations) break;
      if (out_.history.size() >= replayable()) break;
      if (Expected<void> ok = replay(*c); !ok) return tl::unexpected(ok.error());
    }
    if (Expected<void> ok = execute(fresh, before); !ok) return tl::unexpected(ok.error());
    if (out_.history.size() < after) {
      if (!out_of_budget()) out_.stopped_by = evaluator_.interrupted() ? StoppedBy::Interrupt : StoppedBy::Seconds;
      return false;
    }
    tell(std::move(batch), fresh.empty());
    return true;
  }

  // Predicts, each candidate once in a run. False when interrupted.
  Expected<bool> predict(const std::vector<Candidate*>& fresh) {
    std::vector<const std::string*> mappers;
    std::vector<const std::string*> identities;
    for (const Candidate* c : fresh) {
      if (predicted_.contains(c->identity)) continue;
      mappers.push_back(&c->proposal.mapper);
      identities.push_back(&c->identity);
    }
    Expected<bool> status = true;
    std::size_t done = 0;
    predictor_->run_all(mappers, static_cast<std::int64_t>(out_.history.size()) + 1, [&](const Evaluator::Done& result) {
      if (result.engine_error) {
        status = tl::unexpected(*result.engine_error);
        return false;
      }
      const Evaluation& e = result.evaluation;
      const bool ok = e.outcome == engine::Outcome::Ok;
      predicted_.emplace(*identities[done++], ok ? std::optional(e.seconds) : std::nullopt);
      predictions_ += e.simulations;
      return true;
    });
    if (status && done < mappers.size()) {
      out_.stopped_by = StoppedBy::Interrupt;
      return false;
    }
    for (Candidate* c : fresh) {
      if (status) c->predicted = predicted_.at(c->identity);
    }
    return status;
  }

  // Leaves the `most` with the least predicted time, the best one first.
  static void hold_back(std::vector<Candidate*>& fresh, std::size_t most) {
    std::erase_if(fresh, [](const Candidate* c) { return !c->predicted; });
    std::stable_sort(fresh.begin(), fresh.end(), [](const Candidate* a, const Candidate* b) { return *a->predicted < *b->predicted; });
    for (std::size_t k = 0; k < fresh.size(); ++k) {
      fresh[k]->rank = k + 1;
      fresh[k]->ranked = fresh.size();
    }
    fresh.resize(std::min(fresh.size(), most));
  }

  Expected<void> replay(const Candidate& candidate) {
    Evaluation e = r_.earlier->evaluations[out_.history.size()];
    if (e.mapper != candidate.proposal.mapper || e.candidate != candidate.identity) {
      return failure(diag::kResumeMismatch,
                     fmt::format("evaluation {} of the earlier part does not follow from this program and these options",
                                 e.iteration),
                     "resume with the version and the inputs that began the run, or start a new one");
    }
    ++out_.replayed;
    predictions_ = 0;  // they are in it
    add(std::move(e), true);
    return {};
  }

  Expected<void> execute(const std::vector<Candidate*>& fresh, std::size_t before) {
    const std::size_t done = out_.history.size() - before;
    std::vector<const std::string*> mappers;
    for (std::size_t k = done; k < fresh.size() && static_cast<std::int64_t>(before + k) < r_.iterations; ++k) {
      mappers.push_back(&fresh[k]->proposal.mapper);
    }
    Expected<void> status;
    const auto first = static_cast<std::int64_t>(out_.history.size()) + 1;
    evaluator_.run_all(mappers, first, [&](Evaluator::Done result) {
      if (result.abandoned) return false;
      const Candidate& candidate = *fresh[out_.history.size() - before];
      engine_errors_in_a_row_ = result.engine_error ? engine_errors_in_a_row_ + 1 : 0;
      if (result.engine_error && (out_.history.empty() || engine_errors_in_a_row_ >= kEngineErrorsInARow)) {
        status = tl::unexpected(*result.engine_error);
        return false;
      }
      Evaluation& e = result.evaluation;
      e.iteration = static_cast<std::int64_t>(out_.history.size()) + 1;
      e.candidate = candidate.identity;
      e.note = candidate.note();
      e.simulations += std::exchange(predictions_, 0);
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

  // `barren`: nothing was evaluated.
  void tell(std::vector<Candidate> batch, bool barren) {
    std::vector<Result> results;
    for (Candidate& c : batch) {
      const auto known = seen_.find(c.identity);
      if (known == seen_.end()) {  // held back
        futile_in_a_row_ += barren ? 1 : 0;
        continue;
      }
      out_.duplicates += c.chosen ? 0 : 1;
      futile_in_a_row_ = c.chosen ? 0 : futile_in_a_row_ + 1;
      results.push_back({std::move(c.proposal), &out_.history[known->second], !c.chosen, new_best_[known->second]});
    }
    strategy_->tell(results);
  }

  const TuneRequest& r_;
  std::function<double()> clock_;
  double start_;
  bool higher_;
  SearchSpace space_;
  Evaluator evaluator_;
  std::optional<Evaluator> predictor_;
  std::map<std::string, std::optional<double>> predicted_;  // by identity: seconds; absent when it cannot run
  std::int64_t predictions_ = 0;             // since the latest evaluation
  std::unique_ptr<Strategy> strategy_;
  std::map<std::string, std::size_t> seen_;  // identity -> history index
  std::vector<bool> new_best_;               // by history index
  std::int64_t futile_in_a_row_ = 0;         // proposals that led to no evaluation
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
  MW_CHECK(!request.screen || request.screen->engine, "a screen needs an engine");
  return Session(request).run();
}

}  // namespace mapwright::search
