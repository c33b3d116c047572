// search/evaluator.h - one mapper or a batch of them through an engine, each as an Evaluation. Private.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "search/search.h"

namespace mapwright::search {

// Keeps no history.
class Evaluator {
 public:
  struct Done {
    Evaluation evaluation;
    std::optional<Error> engine_error;
    bool abandoned = false;  // interrupted before it was a result
  };

  // `request` has program, machine, profile and deadline. `clock` in seconds; nothing starts at `end` or later.
  Evaluator(engine::Engine& engine, engine::EvaluationRequest request, int jobs, const std::atomic<bool>* interrupted,
            std::function<double()> clock, double end)
      : engine_(engine), request_(std::move(request)), jobs_(jobs), interrupted_(interrupted), clock_(std::move(clock)), end_(end) {}

  bool interrupted() const { return interrupted_ != nullptr && interrupted_->load(); }
  bool out_of_time() const { return clock_() >= end_; }

  Done run(std::int64_t iteration, const std::string& mapper) const;

  // Runs `mappers` with up to `jobs` at a time and hands results over in order, from the calling thread. Stops early when
  // interrupted, out of time, or `take` returns false; whatever is under way is finished first.
  void run_all(const std::vector<const std::string*>& mappers, std::int64_t first_iteration, const std::function<bool(Done)>& take) const;

 private:
  engine::Engine& engine_;
  engine::EvaluationRequest request_;
  int jobs_;
  const std::atomic<bool>* interrupted_;
  std::function<double()> clock_;
  double end_;
};

}  // namespace mapwright::search
