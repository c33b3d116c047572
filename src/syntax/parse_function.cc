// Functions and the statements of their bodies.
#include <fmt/format.h>

#include <algorithm>

#include "base/base.h"
#include "syntax/parser.h"

namespace mapwright::syntax {

namespace {

constexpr const char* kColonText = "syntax error, unexpected ':', expecting '{'";
const std::vector<std::string> kTypes = {"int", "bool", "IPoint", "ISpace", "MSpace", "Task"};

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

bool Parser::function(FunctionStatement& f) {
  const Token def = token();
  next();
  if (!is(TokenKind::Word)) return expected(diag::kExpectedName, "the name of a function");
  f.name = {std::string(text(token())), token().span};
  next();
  bool head = parameters(f);
  f.head = from(def.span.begin);
  if (!head) {
    // The name is known, so uses of the function are no further mistakes.
    f.broken = true;
    while (!is(TokenKind::LeftBrace) && !is(TokenKind::End) && !is(TokenKind::Semicolon) && !token().first_on_line) next();
    if (is(TokenKind::LeftBrace)) {
      skip_balanced();
    } else {
      skip_block_by_indentation(column(def));
    }
    f.body_end = previous_span();
    return true;
  }
  if (!open_body(f, def)) {
    f.broken = true;
    f.body_end = previous_span();
    return true;
  }
  const diag::Span brace = token().span;
  next();
  body(f, def, brace);
  f.body_end = previous_span();
  return true;
}

bool Parser::parameters(FunctionStatement& f) {
  const diag::Span open = token().span;
  if (!expect(TokenKind::LeftParen, "`(`")) return false;
  if (accept(TokenKind::RightParen)) return true;
  do {
    if (!parameter(f)) return false;
  } while (accept(TokenKind::Comma));
  return expect_close(TokenKind::RightParen, open, "`,` or `)`");
}

bool Parser::parameter(FunctionStatement& f) {
  Parameter p;
  if (!is(TokenKind::Word)) return expected(diag::kUnknownType, "a parameter, a type and a name,", "as in `def place(Task task)`");
  p.type = {std::string(text(token())), token().span};
  next();
  if (!is(TokenKind::Word)) {
    const bool is_type = contains(kTypes, p.type.text);
    report(diag::kUnknownType, p.type.span,
           is_type ? fmt::format("the parameter of type `{}` has no name", p.type.text) : fmt::format("the parameter `{}` has no type", p.type.text),
           is_type ? fmt::format("write `{} name`", p.type.text)
                   : fmt::format("write the type before the name, as in `{} {}`", p.type.text == "m" ? "MSpace" : "Task", p.type.text));
    return false;
  }
  p.name = {std::string(text(token())), token().span};
  next();
  if (!contains(kTypes, p.type.text)) {
    diag::Diagnostic d = make(diag::kUnknownType, p.type.span, fmt::format("`{}` is no type", p.type.text));
    if (const auto near = nearest(p.type.text, kTypes)) {
      d.help = fmt::format("did you mean `{}`?", *near);
      d.fix = diag::Fix {p.type.span, *near};
    } else {
      d.help = fmt::format("known: {}", fmt::join(kTypes, ", "));
    }
    emit(std::move(d));
    f.broken = true;
  }
  f.parameters.push_back(std::move(p));
  return true;
}

// To the opening brace; false when there is none.
bool Parser::open_body(FunctionStatement& f, const Token& def) {
  if (is(TokenKind::LeftBrace)) return true;
  const Token found = token();
  if (found.kind == TokenKind::Colon && token(1).kind == TokenKind::LeftBrace) {
    diag::Diagnostic d = make(diag::kColonAfterDef, found.span, "a function has no colon before its body", "remove the colon");
    d.fix = diag::Fix {found.span, ""};
    d.equivalent = kColonText;
    emit(std::move(d));
    next();
    return true;
  }
  if (found.kind != TokenKind::Colon && found.kind != TokenKind::Word) return expected(diag::kUnexpectedToken, "`{`");
  diag::Diagnostic d = make(diag::kPythonIndentation, found.kind == TokenKind::Colon ? found.span : f.head,
                            fmt::format("the body of `{}` has no braces", f.name.text),
                            fmt::format("newlines and indentation mean nothing: write `{} {{`, end each statement with `;`, and close with `}}`",
                                        source_->slice(f.head)));
  d.equivalent = found.kind == TokenKind::Colon ? kColonText : "syntax error, unexpected IDENTIFIER, expecting '{'";
  emit(std::move(d));
  next();
  skip_block_by_indentation(column(def));
  return false;
}

void Parser::body(FunctionStatement& f, const Token& def, diag::Span brace) {
  while (!accept(TokenKind::RightBrace)) {
    const bool next_declaration = token().first_on_line && begins_declaration() && column(token()) <= column(def);
    if (is(TokenKind::End) || next_declaration) {
      expect_close(TokenKind::RightBrace, brace, "`}`");
      f.broken = true;
      return;
    }
    const std::size_t before = at_;
    if (!body_statement(f) || std::exchange(broken_value_, false)) {
      f.broken = true;
      synchronize(true);
      if (at_ == before && !is(TokenKind::RightBrace)) next();
    }
  }
}

bool Parser::body_statement(FunctionStatement& f) {
  BodyStatement s;
  const std::uint32_t begin = token().span.begin;
  const bool assigns = is(TokenKind::Word) && token(1).kind == TokenKind::Assign;
  bool done = false;
  if (assigns) {
    done = assign(s.what.emplace<AssignStatement>());
  } else if (is_word("print") && token(1).kind == TokenKind::LeftParen) {
    done = print(s.what.emplace<PrintStatement>());
  } else if (is_word("return")) {
    next();
    ReturnStatement& r = s.what.emplace<ReturnStatement>();
    r.value = expression();
    done = r.value != nullptr;
  } else {
    return odd_body_statement();
  }
  if (!done || (!assigns && !expect_semicolon())) return false;
  s.span = from(begin);
  f.body.push_back(std::move(s));
  return true;
}

// What cannot stand in a body, with a reason. Always false.
bool Parser::odd_body_statement() {
  if (control_statement()) return false;
  if (begins_declaration()) return misplaced_declaration();
  if (is(TokenKind::Word) && token(1).kind == TokenKind::Word && token(2).kind == TokenKind::Assign && !token(1).first_on_line) {
    diag::Diagnostic d = make(diag::kUnexpectedToken, token().span, "a local is not declared with a type",
                              fmt::format("write `{} = ...;`", text(token(1))));
    d.fix = diag::Fix {{token().span.begin, token(1).span.begin}, ""};
    emit(std::move(d));
    return false;
  }
  if (is(TokenKind::Word) && token(2).kind == TokenKind::Assign && token(1).span.end == token(2).span.begin) {
    const std::string name(text(token())), op(text(token(1)));
    report(diag::kUnexpectedToken, {token(1).span.begin, token(2).span.end}, fmt::format("`{}=` is no operator", op),
           fmt::format("write `{} = {} {} ...;`", name, name, op));
    return false;
  }
  if (is(TokenKind::Word)) {
    const std::vector<std::string> known = {"return", "print"};
    const std::string found(text(token()));
    diag::Diagnostic d = make(diag::kUnknownStatement, token().span, fmt::format("`{}` begins no statement of a function", found));
    if (const auto near = nearest(found, known)) {
      d.help = fmt::format("did you mean `{}`?", *near);
      d.fix = diag::Fix {token().span, *near};
    } else {
      d.help = "a body has assignments `name = value;`, `print(...)` and `return value;`";
    }
    emit(std::move(d));
    return false;
  }
  return expected(diag::kUnexpectedToken, "a statement or `}`");
}

bool Parser::misplaced_declaration() {
  report(diag::kMisplacedStatement, token().span, fmt::format("`{}` inside of a function", text(token())),
         "close the function with `}` before it");
  const bool def = is_word("def");
  next();
  while (def && !is(TokenKind::End) && !is(TokenKind::LeftBrace) && !is(TokenKind::RightBrace) && !is(TokenKind::Semicolon)) next();
  if (def && is(TokenKind::LeftBrace)) {
    skip_balanced();
    recovered_ = true;
  }
  return false;
}

// if, for, while and so on: reports and skips the whole construct. False when there is none here.
bool Parser::control_statement() {
  static const std::vector<std::string> kControl = {"if", "else", "elif", "for", "while", "do", "switch", "break", "continue"};
  const std::string found(text(token()));
  if (!is(TokenKind::Word) || !contains(kControl, found) || token(1).kind == TokenKind::Assign) return false;
  const bool loop = found == "for" || found == "while" || found == "do";
  report(diag::kControlStatement, token().span, fmt::format("the language has no `{}`", found),
         loop ? "go over a tuple with `tuple(expression for x in t)`" : "choose a value with `condition ? a : b`");
  const std::uint32_t margin = column(token());
  next();
  while (!is(TokenKind::End) && !is(TokenKind::RightBrace) && !is(TokenKind::Semicolon) && !is(TokenKind::Colon) && !is(TokenKind::LeftBrace)) {
    if (is(TokenKind::LeftParen)) {
      skip_balanced();
    } else {
      next();
    }
  }
  if (is(TokenKind::Colon)) skip_block_by_indentation(margin);
  if (is(TokenKind::LeftBrace)) skip_balanced();
  while (is_word("else") || is_word("elif")) {
    while (!is(TokenKind::End) && !is(TokenKind::LeftBrace) && !is(TokenKind::RightBrace) && !is(TokenKind::Semicolon)) next();
    if (is(TokenKind::LeftBrace)) skip_balanced();
  }
  accept(TokenKind::Semicolon);
  recovered_ = true;
  return true;
}

}  // namespace mapwright::syntax
