#include "driver/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "driver/statistics.h"

namespace mapwright::driver {

namespace {

using engine::CriticalShare;

std::string_view share_word(CriticalShare::What what) {
  switch (what) {
    case CriticalShare::What::Compute: return "arithmetic";
    case CriticalShare::What::Memory: return "memory traffic";
    case CriticalShare::What::Copy: return "copies";
    case CriticalShare::What::Fold: return "folds";
    case CriticalShare::What::Mapping: return "mapping";
    case CriticalShare::What::Launch: return "task launches";
    case CriticalShare::What::Wait: return "waiting";
  }
  return "";
}

std::string time_line(const engine::Execution& execution) {
  std::vector<std::pair<double, std::string_view>> sums;
  double total = 0;
  for (const CriticalShare& share : execution.profile.critical) {
    const std::string_view word = share_word(share.what);
    const auto at = std::find_if(sums.begin(), sums.end(), [&](const auto& s) { return s.second == word; });
    if (at == sums.end()) {
      sums.emplace_back(share.seconds, word);
    } else {
      at->first += share.seconds;
    }
    total += share.seconds;
  }
  std::stable_sort(sums.begin(), sums.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> parts;
  for (const auto& [seconds, word] : sums) {
    if (seconds >= 0.005 * total) parts.push_back(fmt::format("{} {:.0f} %", word, 100 * seconds / total));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string peaks_line(const engine::Execution& execution) {
  std::vector<engine::MemoryUse> uses = execution.memory_peak;
  const auto share = [](const engine::MemoryUse& u) {
    return u.capacity > 0 ? static_cast<double>(u.bytes) / static_cast<double>(u.capacity) : 0.0;
  };
  std::stable_sort(uses.begin(), uses.end(), [&](const auto& a, const auto& b) { return share(a) > share(b); });
  std::vector<std::string> parts;
  for (const engine::MemoryUse& use : uses) {
    if (parts.size() == 3) break;
    parts.push_back(fmt::format("{} {} of {}", use.memory, human_bytes(static_cast<double>(use.bytes)),
                                human_bytes(static_cast<double>(use.capacity))));
  }
  return fmt::format("{}{}", fmt::join(parts, ", "), uses.size() > 3 ? fmt::format(" and {} more", uses.size() - 3) : "");
}

// One line of a summary; the metric's name may be longer than the other labels.
std::string row(const engine::Execution& execution, std::string_view label, std::string_view text) {
  const std::size_t width = std::max<std::size_t>(11, execution.metric ? execution.metric->name.size() : 0);
  return fmt::format("  {:<{}} {}\n", label, width, text);
}

}  // namespace

std::string metric_text(double value, const std::string& unit) {
  // Four digits, without an exponent while that stays readable.
  const double size = std::abs(value);
  const std::string number = size >= 1000 && size < 1e9 ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
  return fmt::format("{}{}{}", number, unit.empty() ? "" : " ", unit);
}

std::string summary(const engine::Execution& execution, const std::optional<double>& relative, const std::optional<double>& of_limit, bool noisy,
                    const Target& target, const std::string& mapper, const Console& console) {
  const bool ok = execution.outcome == engine::Outcome::Ok;
  std::string out = fmt::format("{} with {} on {} ({} {}, {}): {}\n", console.bold(target.program.name), mapper,
                                target.machine.name(), target.machine.nodes(), target.machine.nodes() == 1 ? "node" : "nodes",
                                execution.engine, console.bold(engine::to_string(execution.outcome)));
  if (ok) {
    out += row(execution, "time", fmt::format("{} in the timed window, {} in all", human_seconds(execution.seconds), human_seconds(execution.makespan)));
    if (execution.metric) out += row(execution, execution.metric->name, metric_text(execution.metric->value, execution.metric->unit));
  }
  if (relative) {
    out += row(execution, "vs expert", fmt::format("{:.3f}x{}", *relative, noisy ? " (one noisy run each; `mapwright compare` repeats)" : ""));
  }
  if (of_limit) out += row(execution, "of limit", fmt::format("{:.3f}: no mapper takes less than {}", *of_limit, human_seconds(*of_limit * execution.seconds)));
  return out;
}

std::string varied_line(const engine::Execution& execution, const std::vector<double>& seconds, double percent) {
  return row(execution, "varied", fmt::format("{} to {}, median {}: {} simulations with kernels that vary by {:g} %", human_seconds(quantile(seconds, 0)),
                                              human_seconds(quantile(seconds, 1)), human_seconds(quantile(seconds, 0.5)), seconds.size(), percent));
}

std::string short_profile(const engine::Execution& execution, const guide::Context& context) {
  std::string out;
  if (execution.outcome == engine::Outcome::Ok) {
    if (const std::string times = time_line(execution); !times.empty()) out += row(execution, "spent on", times);
    const engine::BytesMoved& moved = execution.moved;
    const std::string split = fmt::format(" ({} inside nodes, {} between)", human_bytes(static_cast<double>(moved.intra_node)),
                                          human_bytes(static_cast<double>(moved.inter_node)));
    out += row(execution, "moved", fmt::format("{} between memories{}", human_bytes(static_cast<double>(moved.total)), moved.total > 0 ? split : ""));
  }
  if (!execution.memory_peak.empty()) out += row(execution, "peak", peaks_line(execution));
  const guide::Feedback feedback = guide::give_feedback(execution, context);
  const std::string advice = feedback.suggest.substr(0, feedback.suggest.find('\n'));
  if (!advice.empty()) out += row(execution, "advice", advice);
  return out;
}

}  // namespace mapwright::driver
