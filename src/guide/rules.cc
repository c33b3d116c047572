// Reading rules. The only file of the guide that knows toml++; its exceptions end here.
#include <fmt/format.h>

#include <toml++/toml.h>

#include <utility>

#include "guide/guide.h"
#include "guide/rule_files.h"

namespace mapwright::guide {

namespace {

constexpr std::size_t kMostRules = 1000;

struct Reader {
  const diag::SourcePtr& source;
  diag::Sink& sink;

  void complain(const toml::source_region& where, std::string message) {
    diag::Diagnostic d;
    d.code = diag::kInvalidRule;
    d.message = std::move(message);
    d.source = source;
    d.span = source->span_of({where.begin.line, where.begin.column}, {where.end.line, where.end.column});
    sink.emit(std::move(d));
  }

  std::optional<std::string> text(const toml::table& table, std::string_view key) {
    const toml::node* const node = table.get(key);
    if (!node) return std::nullopt;
    if (const auto value = node->value_exact<std::string>()) return *value;
    complain(node->source(), fmt::format("`{}` of a rule is not a text", key));
    return std::nullopt;
  }

  Rule rule(const toml::table& table) {
    Rule out;
    for (const auto& [key, value] : table) {
      const std::string_view k = key.str();
      if (k != "class" && k != "pattern" && k != "outcome" && k != "code" && k != "explain" && k != "suggest" && k != "fallback") {
        complain(value.source(), fmt::format("a rule has no `{}`", k));
      }
    }
    const std::string of = text(table, "class").value_or("");
    if (of == "compile") out.of = RuleClass::Compile;
    else if (of == "execution") out.of = RuleClass::Execution;
    else if (of == "metric") out.of = RuleClass::Metric;
    else complain(table.source(), "the `class` of a rule is not compile, execution or metric");
    out.pattern = text(table, "pattern").value_or("");
    out.explain = text(table, "explain").value_or("");
    out.suggest = text(table, "suggest").value_or("");
    if (const toml::node* const fallback = table.get("fallback")) {
      if (const auto value = fallback->value_exact<bool>()) out.fallback = *value;
      else complain(fallback->source(), "`fallback` of a rule is not true or false");
    }
    if (const auto word = text(table, "outcome")) {
      out.outcome = engine::outcome(*word);
      if (!out.outcome) complain(table.get("outcome")->source(), fmt::format("`{}` is no outcome", *word));
    }
    if (const auto word = text(table, "code")) {
      for (const diag::CodeInfo& info : diag::all_codes()) {
        if (*word == info.name || *word == diag::code_name(info.code)) out.code = info.code;
      }
      if (out.code == 0) complain(table.get("code")->source(), fmt::format("`{}` is no diagnostic", *word));
    }
    if (out.pattern.empty() && !out.outcome && out.code == 0) {
      complain(table.source(), "a rule needs a `pattern`, an `outcome` or a `code`");
    }
    if (out.explain.empty() && out.suggest.empty()) complain(table.source(), "a rule says nothing: give `explain` or `suggest`");
    return out;
  }
};

}  // namespace

std::optional<Rules> Rules::read(const diag::SourcePtr& toml_text, diag::Sink& sink) {
  Reader reader {toml_text, sink};
  const int before = sink.errors();
  Rules out;
  try {
    const toml::table table = toml::parse(toml_text->text());
    const toml::array* const rules = table["rule"].as_array();
    if (!rules || rules->size() > kMostRules || table.size() != 1) {
      reader.complain(table.source(), fmt::format("a file of rules is a list of up to {} [[rule]] tables", kMostRules));
      return std::nullopt;
    }
    for (const toml::node& node : *rules) {
      if (const toml::table* const rule = node.as_table()) {
        out.rules_.push_back(reader.rule(*rule));
      } else {
        reader.complain(node.source(), "a rule is not a table");
      }
    }
  } catch (const toml::parse_error& error) {
    reader.complain(error.source(), std::string(error.description()));
  }
  if (sink.errors() > before) return std::nullopt;
  return out;
}

const Rules& Rules::shipped() {
  static const Rules kRules = [] {
    diag::Sink sink;
    const auto& [name, text] = rule_files().front();
    std::optional<Rules> rules = read(diag::make_source(std::string(name), std::string(text)), sink);
    MW_CHECK(rules, "{}", sink.all().empty() ? "" : diag::render_short(sink.all().front()));
    return *std::move(rules);
  }();
  return kRules;
}

}  // namespace mapwright::guide
