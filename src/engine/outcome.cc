#include <array>

#include "engine/engine.h"

namespace mapwright::engine {

namespace {

constexpr std::array<std::string_view, 9> kOutcomes {"ok",           "compile_error", "invalid_mapping",
                                                     "out_of_memory", "execution_error", "wrong_result",
                                                     "crashed",      "timeout",       "unsupported"};

}  // namespace

std::string_view to_string(Outcome o) { return kOutcomes[static_cast<std::size_t>(o)]; }

std::optional<Outcome> outcome(std::string_view text) {
  for (std::size_t i = 0; i < kOutcomes.size(); ++i) {
    if (kOutcomes[i] == text) return static_cast<Outcome>(i);
  }
  return std::nullopt;
}

double TimedWindow::length(program::Metric::Combine combine) const {
  switch (combine) {
    case program::Metric::Combine::Sum: return sum_;
    case program::Metric::Combine::Mean: return intervals_ == 0 ? 0 : sum_ / intervals_;
    case program::Metric::Combine::Span: return last_ - first_;
  }
  return sum_;
}

MetricValue metric_value(const program::Program& program, double seconds) {
  program::ExprContext context;
  context.seconds = seconds;
  const program::Metric& m = program.metric;
  return {.name = m.name, .unit = m.unit, .value = m.formula.real(context), .higher_is_better = m.higher_is_better};
}

std::optional<double> relative(const Execution& a, const Execution& b) {
  if (b.outcome != Outcome::Ok) return std::nullopt;
  if (a.outcome != Outcome::Ok) return 0.0;
  const bool metrics = a.metric && b.metric;
  const double x = metrics ? a.metric->value : a.seconds, y = metrics ? b.metric->value : b.seconds;
  const bool higher_is_better = metrics && b.metric->higher_is_better;
  const double numerator = higher_is_better ? x : y, denominator = higher_is_better ? y : x;
  if (denominator == numerator) return 1.0;  // both may be 0: a window without any work
  if (!(denominator > 0)) return std::nullopt;
  return numerator / denominator;
}

}  // namespace mapwright::engine
