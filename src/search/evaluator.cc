#include "search/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace mapwright::search {

namespace {

constexpr std::size_t kReasonBytes = 2000;

// The first error of ours that the program itself printed: mapwright's mapper in it has found it. "MW5007: ..."
std::optional<std::string> told_reason(const engine::Execution& e) {
  constexpr std::string_view kBegin = "error[";
  for (const std::string& text : e.log) {
    for (std::size_t at = text.find("error[MW"); at != std::string::npos; at = text.find("error[MW", at + 1)) {
      const std::size_t end = std::min(text.find('\n', at), text.size()), close = text.find("]: ", at);
      if ((at > 0 && text[at - 1] != '\n') || close >= end) continue;
      return text.substr(at + kBegin.size(), close - at - kBegin.size()) + ": " + text.substr(close + 3, end - close - 3);
    }
  }
  return std::nullopt;
}

std::string first_reason(const engine::Execution& e) {
  for (const diag::Diagnostic& d : e.diagnostics) {
    if (d.severity != diag::Severity::Error) continue;
    std::string reason = diag::code_name(d.code) + ": " + d.message;
    if (d.code == diag::kCommandFailed) reason = told_reason(e).value_or(reason);  // an exit status says less
    if (reason.size() > kReasonBytes) reason.resize(kReasonBytes);
    return reason;
  }
  return std::string(engine::to_string(e.outcome));
}

}  // namespace

Evaluator::Done Evaluator::run(std::int64_t iteration, const std::string& mapper) const {
  Done done;
  done.evaluation.mapper = mapper;
  engine::EvaluationRequest request = request_;
  request.mapper = candidate_source(iteration, mapper);
  const double start = clock_();
  Expected<engine::Execution> execution = engine_.run(request);
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

void Evaluator::run_all(const std::vector<const std::string*>& mappers, std::int64_t first_iteration,
                        const std::function<bool(Done)>& take) const {
  std::vector<std::optional<Done>> done(mappers.size());
  const auto run_one = [&](std::size_t i) { return run(first_iteration + static_cast<std::int64_t>(i), *mappers[i]); };
  const auto threads = std::min<std::size_t>(static_cast<std::size_t>(std::max(jobs_, 1)), mappers.size());
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

}  // namespace mapwright::search
