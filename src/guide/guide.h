// guide/guide.h - from an Execution to what a person or a language model can act on.
// In:  engine::Execution, rules (rules.toml, compiled in).   Out: Feedback at four levels; Advice.
// Not here: choosing the next mapper (search/).   Start at: give_feedback().   Described in docs/guide.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/base.h"
#include "diag/diag.h"
#include "engine/engine.h"

namespace mapwright::guide {

// How much is said. Each level contains those before it.
enum class Level : std::uint8_t { System, Explain, Suggest, Profile };
std::string_view to_string(Level level);
std::optional<Level> level(std::string_view word);

// What is said about one execution. Lines of text, no trailing newline; empty where there is nothing to say.
struct Feedback {
  std::string system;     // what happened, raw: the engine's own words
  std::string explain;    // what it means
  std::string suggest;    // what to change
  std::string profile;    // where the time, the bytes and the memory went
  bool explained = true;  // false: an error that no rule and no diagnostic of ours knows; `system` has it whole

  // The levels up to `upto`, with a heading each, as one text.
  std::string text(Level upto) const;
};

// Which executions a rule looks at.
enum class RuleClass : std::uint8_t { Compile, Execution, Metric };

// One rule: when it applies and what it says. Slots `{name}` of `pattern` match the shortest text without a newline and
// may be used in `explain` and `suggest`.
struct Rule {
  RuleClass of = RuleClass::Execution;
  std::string pattern;                      // found anywhere in the raw text; empty: not looked for
  std::optional<engine::Outcome> outcome;   // only executions that ended so
  int code = 0;                             // only when there is a diagnostic with this code; 0: any
  bool fallback = false;                    // only when nothing more definite is known: no pattern of another rule, no
                                            // error of ours in the output
  std::string explain, suggest;
};

// An ordered list of rules; every rule that applies speaks, in order.
class Rules {
 public:
  // Those of rules.toml.
  static const Rules& shipped();
  // Reads the format of rules.toml (docs/guide.md). Nothing when there was an error (MW4401).
  static std::optional<Rules> read(const diag::SourcePtr& toml, diag::Sink& sink);
  void append(const Rules& more) { rules_.insert(rules_.end(), more.rules_.begin(), more.rules_.end()); }
  const std::vector<Rule>& all() const { return rules_; }

 private:
  std::vector<Rule> rules_;
};

// What the guide may look at beside the execution. Pointers may be null; then it says less.
struct Context {
  const program::Program* program = nullptr;
  const machine::Machine* machine = nullptr;
  diag::SourcePtr mapper;  // to show the statements behind costs
};

// Everything worth saying about one execution. Deterministic; linear in the size of the execution's texts.
Feedback give_feedback(const engine::Execution& execution, const Context& context, const Rules& rules = Rules::shipped());

// A change of the mapper that the profile speaks for.
struct Advice {
  std::string text;       // one line for a person
  std::string statement;  // of the mapper language, ready to be added at the top; empty when there is no single one
  double seconds = 0;     // of the critical path that it acts on
  double saving = 0;      // estimate of what it saves, seconds; from this profile and the machine alone, no simulation
};
// For a successful execution with a profile: changes in descending order of estimated saving.
std::vector<Advice> advise(const engine::Execution& execution, const Context& context);

// Where a statement stands and what it says: "line 4: `Region * rp_shared GPU ZCMEM;`", "default policy" without one.
std::string describe_statement(const std::optional<diag::Span>& statement, const diag::SourcePtr& mapper);

// A name as the mapper language writes it: quoted when it is no identifier.
std::string name_in_mapper(const std::string& name);

}  // namespace mapwright::guide
