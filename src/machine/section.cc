#include "machine/section.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mapwright::machine {

namespace {

using Type = TomlValue::Type;

std::string shown(const TomlValue& v) {
  return v.type == Type::Integer ? std::to_string(v.integer) : fmt::format("{}", v.real);
}

std::string joined(std::span<const std::string> words) {
  std::string all;
  for (const std::string& w : words) all += (all.empty() ? "" : ", ") + w;
  return all;
}

}  // namespace

std::string Section::full(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void Section::report(int code, diag::Span span, std::string message, std::string help) const {
  diag::Diagnostic d;
  d.code = code;
  d.message = std::move(message);
  d.source = source_;
  d.span = span;
  d.help = std::move(help);
  sink_->emit(std::move(d));
}

void Section::accept_only(std::span<const std::string> known) const {
  if (!own_) return;
  for (const TomlValue& member : own_->members) {
    const std::string& key = member.key;
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string where = path_.empty() ? "a machine description" : fmt::format("[{}]", path_);
    const auto near = nearest(key, known);
    report(diag::kMachineUnknownKey, member.key_span, fmt::format("unknown key `{}` in {}", key, where),
           near ? fmt::format("did you mean `{}`?", *near) : fmt::format("known keys: {}", joined(known)));
  }
}

Section Section::child(const std::string& key, bool required) {
  const auto table = [&](const TomlValue* parent) -> const TomlValue* {
    const TomlValue* found = parent ? parent->find(key) : nullptr;
    return found && found->type == Type::Table ? found : nullptr;
  };
  Section s(source_, *sink_, table(own_), table(base_));
  s.path_ = full(key);
  s.silent_ = silent_;
  const TomlValue* const stated = own_ ? own_->find(key) : nullptr;
  if (stated && stated->type != Type::Table) {
    report(diag::kMachineWrongType, stated->span,
           fmt::format("`{}` is {}; it must be a table", s.path_, to_string(stated->type)),
           fmt::format("write a section `[{}]`", s.path_));
    s.silent_ = true;
  } else if (required && !s.exists() && !silent_) {
    report(diag::kMachineMissingKey, own_ ? own_->span : diag::Span {}, fmt::format("the section [{}] is missing", s.path_),
           "state it, or start from a shipped model with `base = \"generic\"`");
    s.silent_ = true;
  }
  return s;
}

const TomlValue* Section::value(const std::string& key, Type wanted) const {
  const auto fits = [&](const TomlValue& v) {
    return v.type == wanted || (wanted == Type::Real && v.type == Type::Integer);
  };
  if (const TomlValue* v = own_ ? own_->find(key) : nullptr) {
    if (fits(*v)) return v;
    report(diag::kMachineWrongType, v->span,
           fmt::format("`{}` is {}; it must be {}", full(key), to_string(v->type), to_string(wanted)));
    return nullptr;
  }
  if (const TomlValue* v = base_ ? base_->find(key) : nullptr) return v;
  if (!silent_) {
    report(diag::kMachineMissingKey, own_ ? own_->span : diag::Span {}, fmt::format("`{}` is missing", full(key)));
  }
  return nullptr;
}

double Section::checked(const std::string& key, const TomlValue& v, Range range) const {
  const bool above = range.closed ? v.real >= range.low : v.real > range.low;
  if (std::isfinite(v.real) && above && v.real <= range.high) return v.real;
  report(diag::kMachineValue, place(key),
         fmt::format("`{}` is {}; it must be {} {} and at most {}", full(key), shown(v),
                     range.closed ? "at least" : "greater than", range.low, range.high));
  return range.high;
}

double Section::number(const std::string& key, Range range) {
  const TomlValue* v = value(key, Type::Real);
  return v ? checked(key, *v, range) : range.high;
}

std::int64_t Section::integer(const std::string& key, std::int64_t low, std::int64_t high) {
  const TomlValue* v = value(key, Type::Integer);
  if (!v) return low;
  if (v->integer >= low && v->integer <= high) return v->integer;
  report(diag::kMachineValue, place(key),
         fmt::format("`{}` is {}; it must be at least {} and at most {}", full(key), v->integer, low, high));
  return low;
}

std::string Section::text(const std::string& key) {
  const TomlValue* v = value(key, Type::String);
  return v ? v->text : std::string();
}

diag::Span Section::place(std::string_view key) const {
  if (const TomlValue* v = own_ ? own_->find(key) : nullptr) return v->span;
  return own_ ? own_->span : diag::Span {};
}

}  // namespace mapwright::machine
