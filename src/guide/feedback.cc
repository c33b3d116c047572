// Puts the levels together: raw words, then our diagnostics, then the rules, then the profile.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

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

// What Realm and launchers print around every message: that there are fewer cores than threads, and the frames of a crash.
bool is_noise(std::string_view line) {
  if (line.find("{threads}: reservation (") != std::string_view::npos && line.ends_with("cannot be satisfied")) return true;
  const std::size_t frame = line.find("] [");
  return line.starts_with("[") && frame != std::string_view::npos && line.substr(frame).find("(+0x") != std::string_view::npos;
}

template <typename F>
void for_each_line(std::string_view text, const F& f) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    f(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string without_noise(std::string_view text) {
  std::string out;
  for_each_line(text, [&](std::string_view line) {
    if (!is_noise(line)) out += fmt::format("{}\n", line);
  });
  return out;
}

// Errors that the program printed in our form: mapwright's mapper in it has found them.
struct Told {
  std::string code, message, place, help;
};

std::vector<Told> told_errors(const engine::Execution& execution) {
  std::vector<Told> out;
  const auto after = [](std::string_view line, std::string_view word) -> std::optional<std::string> {
    const std::size_t at = line.find_first_not_of(' ');
    if (at == std::string_view::npos || !line.substr(at).starts_with(word)) return std::nullopt;
    return std::string(line.substr(at + word.size()));
  };
  for (const std::string& text : execution.log) {
    bool inside = false;
    for_each_line(text, [&](std::string_view line) {
      if (line.starts_with("error[MW") && line.find("]: ") != std::string_view::npos) {
        const std::size_t end = line.find("]: ");
        out.push_back({std::string(line.substr(6, end - 6)), std::string(line.substr(end + 3)), {}, {}});
        inside = true;
      } else if (const auto place = after(line, "--> "); inside && place) {
        const std::size_t column = place->rfind(':'), row = column == std::string::npos || column == 0 ? column : place->rfind(':', column - 1);
        if (row != std::string::npos) out.back().place = fmt::format("line {}: ", place->substr(row + 1, column - row - 1));
      } else if (const auto help = after(line, "= help: "); inside && help) {
        out.back().help = *help;
        inside = false;
      }
    });
  }
  return out;
}

// Names that are no words stand in quotes in mapper files.
Slots as_statements(Slots slots) {
  const auto task = slots.find("task");
  if (task != slots.end() && !std::all_of(task->second.begin(), task->second.end(), [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.'; })) {
    task->second = fmt::format("\"{}\"", task->second);
  }
  return slots;
}

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
  for (const std::string& text : execution.log) lines.add(without_noise(text));
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
  const std::vector<Told> told = ok ? std::vector<Told>() : told_errors(execution);
  for (const Told& error : told) {
    explain.add(error.place + error.message);
    suggest.add(error.help);
    suggest.add(fmt::format("`mapwright explain {}` says more.", error.code));
  }
  std::vector<std::pair<const Rule*, Slots>> speaking;
  for (const Rule& rule : rules.all()) {
    if (ours && rule.code == 0) continue;
    if (auto slots = applies(rule, execution, out.system)) speaking.emplace_back(&rule, *std::move(slots));
  }
  const bool definite = !told.empty() || std::any_of(speaking.begin(), speaking.end(), [](const auto& s) { return !s.first->fallback && !s.first->pattern.empty(); });
  for (const auto& [rule, slots] : speaking) {
    if (rule->fallback && definite) continue;
    explain.add(fill_slots(rule->explain, slots));
    suggest.add(fill_slots(rule->suggest, as_statements(slots)));
  }
  out.explained = ok || !explain.empty() || !suggest.empty();
  if (!out.explained) explain.add("No rule knows this message; it is passed on whole.");
  out.explain = explain.text();
  out.suggest = suggest.text();
  if (ok) out.profile = profile_text(execution, context);
  return out;
}

}  // namespace mapwright::guide
