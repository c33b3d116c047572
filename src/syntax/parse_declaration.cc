// Declarations: Task, Region, Layout, InstanceLimit, CollectMemory, IndexTaskMap, SingleTaskMap, ControlReplicate.
#include <fmt/format.h>

#include "syntax/parser.h"

namespace mapwright::syntax {

std::optional<Name> Parser::name(std::string_view what, bool positions) {
  Name n;
  n.span = token().span;
  if (is(TokenKind::String)) {
    const std::string_view quoted = text(token());
    n.form = Name::Form::Quoted;
    n.text = std::string(quoted.substr(1, quoted.size() - 2));
    if (n.text.empty()) {
      report(diag::kExpectedName, token().span, fmt::format("the name of {} is empty", what));
      return std::nullopt;
    }
    next();
    return n;
  }
  if (positions && is(TokenKind::Integer)) {
    n.form = Name::Form::Position;
    n.position = token().value;
    n.text = fmt::format("{}", n.position);
    next();
    return n;
  }
  if (!is(TokenKind::Word) || (token().first_on_line && begins_declaration())) {
    expected(diag::kExpectedName, fmt::format("the name of {}", what));
    return std::nullopt;
  }
  n.text = std::string(text(token()));
  next();
  while (is(TokenKind::Dot) && token(1).kind == TokenKind::Word) {
    next();
    n.text += '.';
    n.text += text(token());
    next();
  }
  n.span = from(n.span.begin);
  return n;
}

bool Parser::names(std::vector<Name>& out, std::string_view what, bool positions) {
  if (is(TokenKind::Star)) {
    Name star;
    star.form = Name::Form::Star;
    star.text = "*";
    star.span = token().span;
    out.push_back(std::move(star));
    next();
    return true;
  }
  do {
    auto n = name(what, positions);
    if (!n) return false;
    out.push_back(std::move(*n));
  } while (accept(TokenKind::Comma));
  return true;
}

bool Parser::word(Word& out, std::string_view what, bool star) {
  const bool here = is(TokenKind::Word) && !(token().first_on_line && begins_declaration());
  if (!here && !(star && is(TokenKind::Star))) return expected(diag::kExpectedName, what);
  out = {std::string(text(token())), token().span};
  next();
  return true;
}

bool Parser::words(std::vector<Word>& out, std::string_view what) {
  do {
    if (!word(out.emplace_back(), what)) return false;
  } while (accept(TokenKind::Comma));
  return true;
}

bool Parser::task(TaskStatement& s) { return names(s.tasks, "a task") && words(s.kinds, "a processor kind"); }

bool Parser::region(RegionStatement& s) {
  return names(s.tasks, "a task") && names(s.arguments, "a region argument", true) &&
         word(s.kind, "a processor kind or `*`", true) && words(s.memories, "a memory kind");
}

bool Parser::layout(LayoutStatement& s) {
  if (!names(s.tasks, "a task") || !names(s.arguments, "a region argument", true) ||
      !word(s.target, "a memory kind, a processor kind or `*`", true)) {
    return false;
  }
  while (is(TokenKind::Word) && !(token().first_on_line && begins_declaration())) {
    if (!constraint(s)) return false;
  }
  return true;
}

bool Parser::constraint(LayoutStatement& s) {
  Constraint c;
  if (!word(c.word, "a layout constraint")) return false;
  const auto compares = [](TokenKind k) {
    return k == TokenKind::Equal || k == TokenKind::NotEqual || k == TokenKind::Less || k == TokenKind::LessEqual ||
           k == TokenKind::Greater || k == TokenKind::GreaterEqual;
  };
  if (compares(token().kind)) {
    c.op = Word {std::string(text(token())), token().span};
    next();
    if (!is(TokenKind::Integer)) return expected(diag::kUnexpectedToken, "a number of bytes", "as in `Align == 128`");
    c.bytes = token().value;
    next();
  } else if (c.word.text == "Align") {
    return expected(diag::kUnexpectedToken, "a comparison", "as in `Align == 128`");
  }
  c.span = from(c.word.span.begin);
  s.constraints.push_back(std::move(c));
  return true;
}

bool Parser::limit(LimitStatement& s) {
  if (!names(s.tasks, "a task")) return false;
  const std::uint32_t begin = token().span.begin;
  const bool negative = accept(TokenKind::Minus);
  if (!is(TokenKind::Integer)) return expected(diag::kUnexpectedToken, "the number of points", "as in `InstanceLimit calc 4;`");
  s.limit = negative ? -token().value : token().value;
  next();
  s.limit_span = from(begin);
  return true;
}

bool Parser::collect(CollectStatement& s) {
  return names(s.tasks, "a task") && names(s.arguments, "a region argument", true);
}

bool Parser::map(MapStatement& s, std::string_view keyword) {
  s.single = keyword == "SingleTaskMap";
  if (!names(s.tasks, "a task") || !word(s.function, "the name of a function")) return false;
  if (!is(TokenKind::Word) || token().first_on_line) return true;
  // The old dialect has the machine space between task and function.
  diag::Diagnostic d = make(diag::kOldDialect, s.function.span, fmt::format("`{}` between task and function belongs to the old mapper dialect", s.function.text),
                            fmt::format("the modern form is `{} {} {};`", keyword, source_->slice({s.tasks.front().span.begin, s.tasks.back().span.end}),
                                        text(token())));
  d.fix = diag::Fix {{s.function.span.begin, token().span.begin}, ""};
  emit(std::move(d));
  return false;
}

}  // namespace mapwright::syntax
