// Puts the levels together: raw words, then our diagnostics, then the rules, then the profile.
#include <fmt/format.h>

#include <algorithm>

#include "guide/guide.h"
#include "guide/pattern.h"
#include "guide/profile.h"

namespace mapwright::guide {

namespace {

constexpr std::size_t kMostDiagnostics = 20;
constexpr std::size_t kMostAdvice = 3;

// Lines without repetition, in order of first appearance.
class Lines {
 public:
  void add(std::string line) {
    while (!line.empty() && line.back() == '\n') line.pop_back();
    if (!line.empty() && std::find(lines_.begin(), lines_.end(), line) == lines_.end()) lines_.push_back(std::move(line));
  }
  bool empty() const { return lines_.empty(); }
  std::string text() const { return fmt::format("{}", fmt::join(lines_, "\n")); }

 private:
  std::vector<std::string> lines_;
};

std::string raw_text(const engine::Execution& execution) {
  Lines lines;
  std::size_t shown = 0;
  for (const diag::Diagnostic& d : execution.diagnostics) {
    if (d.severity != diag::Severity::Error || shown++ == kMostDiagnostics) continue;
    lines.add(diag::render_short(d));
    lines.add(d.equivalent);
  }
  if (execution.outcome == engine::Outcome::Ok) {
    if (execution.seconds > 0) lines.add(fmt::format("Execution time is {:.6g}s.", execution.seconds));
    if (execution.metric && execution.metric->higher_is_better) {
      lines.add(fmt::format("Achieved throughput = {:.6g} {}", execution.metric->value, execution.metric->unit));
    }
  } else if (lines.empty() && execution.log.empty()) {
    lines.add(fmt::format("The execution ended with outcome `{}`.", engine::to_string(execution.outcome)));
  }
  for (const std::string& line : execution.log) lines.add(line);
  return lines.text();
}

RuleClass class_of(engine::Outcome outcome) {
  switch (outcome) {
    case engine::Outcome::Ok: return RuleClass::Metric;
    case engine::Outcome::CompileError: return RuleClass::Compile;
    default: return RuleClass::Execution;
  }
}

// Whether the rule applies, and what its slots took.
std::optional<Slots> applies(const Rule& rule, const engine::Execution& execution, const std::string& raw) {
  if (rule.of != class_of(execution.outcome)) return std::nullopt;
  if (rule.outcome && *rule.outcome != execution.outcome) return std::nullopt;
  if (rule.code != 0) {
    const bool present = std::any_of(execution.diagnostics.begin(), execution.diagnostics.end(),
                                     [&](const diag::Diagnostic& d) { return d.code == rule.code; });
    if (!present) return std::nullopt;
  }
  return rule.pattern.empty() ? Slots {} : find_pattern(rule.pattern, raw);
}

}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::System: return "system";
    case Level::Explain: return "explain";
    case Level::Suggest: return "suggest";
    case Level::Profile: return "profile";
  }
  return "";
}

std::optional<Level> level(std::string_view word) {
  for (const Level l : {Level::System, Level::Explain, Level::Suggest, Level::Profile}) {
    if (to_string(l) == word) return l;
  }
  return std::nullopt;
}

std::string Feedback::text(Level upto) const {
  std::string out;
  const auto part = [&](Level l, std::string_view title, const std::string& body) {
    if (upto < l || body.empty()) return;
    if (!out.empty()) out += "\n\n";
    out += fmt::format("{}:\n{}", title, body);
  };
  part(Level::System, "Output", system);
  part(Level::Explain, "Explanation", explain);
  part(Level::Suggest, "Suggestion", suggest);
  part(Level::Profile, "Profile", profile);
  return out;
}

std::string describe_statement(const std::optional<diag::Span>& statement, const diag::SourcePtr& mapper) {
  if (!statement) return "default policy";
  if (!mapper) return "a statement of the mapper";
  std::string text(mapper->slice(*statement));
  for (char& c : text) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  return fmt::format("line {}: `{}`", mapper->position(statement->begin).line, text);
}

Feedback give_feedback(const engine::Execution& execution, const Context& context, const Rules& rules) {
  Feedback out;
  out.system = raw_text(execution);
  Lines explain, suggest;

  // Our own diagnostics know the exact place and values, so they speak first.
  std::size_t shown = 0;
  for (const diag::Diagnostic& d : execution.diagnostics) {
    if (shown++ == kMostDiagnostics) break;
    const std::string where = d.source ? fmt::format("line {}: ", d.source->position(d.span.begin).line) : "";
    const std::string what = d.severity == diag::Severity::Error ? "" : "warning: ";
    explain.add(fmt::format("{}{}{}{}", what, where, d.message, d.label.empty() ? "" : " (" + d.label + ")"));
    suggest.add(d.help);
  }
  const bool ok = execution.outcome == engine::Outcome::Ok;
  // Fixed advice on metrics is for engines that tell nothing but the metric.
  const bool ours = ok && !execution.processors.empty();
  if (ours) {
    explain.add(explain_profile(execution, context));
    std::size_t advised = 0;
    for (const Advice& advice : advise(execution, context)) {
      if (advised++ < kMostAdvice) suggest.add(advice.text);
    }
  }
  for (const Rule& rule : rules.all()) {
    if (ours && rule.code == 0) continue;
    const std::optional<Slots> slots = applies(rule, execution, out.system);
    if (!slots) continue;
    explain.add(fill_slots(rule.explain, *slots));
    suggest.add(fill_slots(rule.suggest, *slots));
  }
  out.explained = ok || !explain.empty() || !suggest.empty();
  if (!out.explained) explain.add("No rule knows this message; it is passed on whole.");
  out.explain = explain.text();
  out.suggest = suggest.text();
  if (ok) out.profile = profile_text(execution, context);
  return out;
}

}  // namespace mapwright::guide
