// Tokens, recovery and the choice of the statement.
#include "syntax/parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base.h"

namespace mapwright::syntax {

namespace {

constexpr int kMaxReports = 100;  // of one text; twenty are shown

}  // namespace

const std::vector<std::string>& statement_words() {
  static const std::vector<std::string> kWords = {"Task",         "Region",        "Layout",       "InstanceLimit", "CollectMemory",
                                                  "IndexTaskMap", "SingleTaskMap", "ControlReplicate"};
  return kWords;
}

std::string_view kind_name(const Statement& s) {
  static constexpr std::string_view kNames[] = {"Task",         "Region", "Layout",     "InstanceLimit", "CollectMemory", "IndexTaskMap",
                                                "ControlReplicate", "def", "assignment", "print"};
  if (const auto* map = std::get_if<MapStatement>(&s.what)) return map->single ? "SingleTaskMap" : "IndexTaskMap";
  return kNames[s.what.index()];
}

diag::Diagnostic Parser::make(int code, diag::Span span, std::string message, std::string help) const {
  diag::Diagnostic d;
  d.code = code;
  d.message = std::move(message);
  d.source = source_;
  d.span = span;
  d.help = std::move(help);
  return d;
}

void Parser::emit(diag::Diagnostic d) {
  if (is(TokenKind::Bad) || ++reports_ > kMaxReports) return;
  sink_.emit(std::move(d));
}

std::string Parser::describe(const Token& t) const {
  if (t.kind == TokenKind::End) return "the end of the text";
  const std::string_view shown = text(t);
  if (t.kind == TokenKind::String) return "a string";
  return shown.size() <= 40 ? fmt::format("`{}`", shown) : fmt::format("`{}...`", shown.substr(0, 37));
}

bool Parser::expected(int code, std::string_view what, std::string help) {
  report(code, token().span, fmt::format("expected {}, found {}", what, describe(token())), std::move(help));
  return false;
}

bool Parser::expect(TokenKind k, std::string_view what) { return accept(k) || expected(diag::kUnexpectedToken, what); }

bool Parser::expect_semicolon() {
  if (accept(TokenKind::Semicolon)) return true;
  const diag::Span before = previous_span();
  if (!token().first_on_line && !is(TokenKind::End) && !is(TokenKind::RightBrace)) {
    return expected(diag::kUnexpectedToken, "`;`",
                    is(TokenKind::Comma) ? "a tuple stands in parentheses, as in `(a, b)`" : "");
  }
  diag::Diagnostic d = make(diag::kMissingSemicolon, {before.end, before.end}, "this statement has no `;` at its end", "add `;`");
  d.fix = diag::Fix {d.span, ";"};
  for (const Comment& c : stream_.comments) {
    // `a // b;` was meant as a division: the comment has swallowed the semicolon.
    if (c.span.begin < before.end || c.span.begin >= token().span.begin) continue;
    const std::string_view comment = source_->slice(c.span);
    if (comment.substr(0, 2) == "//" && comment.find(';') != std::string_view::npos) {
      d.help = "`//` begins a comment that hides the rest of the line; the quotient of integers is `/`";
      d.labels.push_back({c.span, "comment"});
      d.fix = diag::Fix {{c.span.begin, c.span.begin + 2}, "/"};
    }
    break;
  }
  emit(std::move(d));
  return true;
}

bool Parser::expect_close(TokenKind k, diag::Span open, std::string_view alternatives) {
  if (accept(k)) return true;
  const bool ended = is(TokenKind::Semicolon) || is(TokenKind::End) || is(TokenKind::RightBrace) || is(TokenKind::LeftBrace) ||
                     (token().first_on_line && begins_declaration());
  if (!ended) {
    return expected(diag::kUnexpectedToken, alternatives,
                    is(TokenKind::Assign) ? "`=` assigns; equality is `==`, and arguments have no names" : "");
  }
  const std::string_view closing = k == TokenKind::RightParen ? ")" : k == TokenKind::RightBracket ? "]" : "}";
  diag::Diagnostic d = make(diag::kUnclosedBracket, open, fmt::format("`{}` is never closed", source_->slice(open)),
                            fmt::format("add `{}`", closing));
  const diag::Span before = previous_span();
  d.labels.push_back({{before.end, before.end}, fmt::format("`{}` expected here", closing)});
  d.fix = diag::Fix {{before.end, before.end}, std::string(closing)};
  emit(std::move(d));
  return false;
}

// A word that begins a declaration and is not used as the name of a value.
bool Parser::begins_declaration() const {
  if (!is(TokenKind::Word)) return false;
  const TokenKind after = token(1).kind;
  if (after != TokenKind::Word && after != TokenKind::Star && after != TokenKind::String) return false;
  const std::string_view w = text(token());
  if (w == "def") return after == TokenKind::Word && token(2).kind == TokenKind::LeftParen;
  return std::find(statement_words().begin(), statement_words().end(), w) != statement_words().end();
}

// Goes to where the next statement probably begins.
void Parser::synchronize(bool in_function) {
  if (std::exchange(recovered_, false)) return;
  const std::size_t start = at_;
  while (!is(TokenKind::End)) {
    if (accept(TokenKind::Semicolon)) return;
    if (is(TokenKind::RightBrace)) {
      if (!in_function) next();
      return;
    }
    if (at_ > start && token().first_on_line &&
        (begins_declaration() || (is(TokenKind::Word) && token(1).kind == TokenKind::Assign) ||
         (in_function && is_word("return")))) {
      return;
    }
    if (is(TokenKind::LeftBrace)) {
      skip_balanced();
      return;
    }
    next();
  }
}

void Parser::skip_balanced() {
  int open = 0;
  do {
    if (is(TokenKind::LeftBrace) || is(TokenKind::LeftParen) || is(TokenKind::LeftBracket)) ++open;
    if (is(TokenKind::RightBrace) || is(TokenKind::RightParen) || is(TokenKind::RightBracket)) --open;
    next();
  } while (open > 0 && !is(TokenKind::End));
}

void Parser::skip_block_by_indentation(std::uint32_t margin) {
  while (!is(TokenKind::End) && !is(TokenKind::RightBrace) && !(token().first_on_line && column(token()) <= margin)) next();
}

std::vector<Statement> Parser::run() {
  std::vector<Statement> statements;
  while (!is(TokenKind::End)) {
    const std::size_t before = at_;
    auto s = statement();
    if (!s || broken_value_) synchronize(false);
    if (s) statements.push_back(std::move(*s));
    broken_value_ = false;
    if (at_ == before) next();
  }
  return statements;
}

std::optional<Statement> Parser::statement() {
  Statement s;
  const std::uint32_t begin = token().span.begin;
  bool done = false;
  if (is(TokenKind::Semicolon) && at_ > 0) {
    diag::Diagnostic d = make(diag::kUnexpectedToken, token().span, "a `;` that ends no statement", "remove it");
    d.fix = diag::Fix {token().span, ""};
    emit(std::move(d));
    return std::nullopt;
  }
  if (is(TokenKind::RightBrace)) {
    report(diag::kUnexpectedToken, token().span, "a `}` without its `{`", "remove it");
    return std::nullopt;
  }
  if (!is(TokenKind::Word)) {
    expected(diag::kUnexpectedToken, "a statement");
    return std::nullopt;
  }
  if (token(1).kind == TokenKind::Assign) {
    done = assign(s.what.emplace<AssignStatement>());
  } else if (is_word("print") && token(1).kind == TokenKind::LeftParen) {
    done = print(s.what.emplace<PrintStatement>()) && expect_semicolon();
  } else if (is_word("def")) {
    done = function(s.what.emplace<FunctionStatement>());
  } else {
    done = declaration(s);
  }
  if (!done) return std::nullopt;
  s.span = from(begin);
  return s;
}

bool Parser::declaration(Statement& s) {
  const std::string_view keyword = text(token());
  const auto& known = statement_words();
  if (std::find(known.begin(), known.end(), keyword) == known.end()) {
    unknown_statement();
    return false;
  }
  next();
  bool done = false;
  if (keyword == "Task") done = task(s.what.emplace<TaskStatement>());
  if (keyword == "Region") done = region(s.what.emplace<RegionStatement>());
  if (keyword == "Layout") done = layout(s.what.emplace<LayoutStatement>());
  if (keyword == "InstanceLimit") done = limit(s.what.emplace<LimitStatement>());
  if (keyword == "CollectMemory") done = collect(s.what.emplace<CollectStatement>());
  if (keyword == "IndexTaskMap" || keyword == "SingleTaskMap") done = map(s.what.emplace<MapStatement>(), keyword);
  if (keyword == "ControlReplicate") done = names(s.what.emplace<ReplicateStatement>().tasks, "a task");
  return done && expect_semicolon();
}

void Parser::unknown_statement() {
  if (control_statement()) return;
  const std::string found(text(token()));
  if (found == "return") {
    report(diag::kMisplacedStatement, token().span, "`return` outside of a function", "was a `}` closed too early?");
    return;
  }
  if (old_dialect()) return;
  std::vector<std::string> candidates = statement_words();
  candidates.insert(candidates.end(), {"def", "print"});
  diag::Diagnostic d = make(diag::kUnknownStatement, token().span, fmt::format("`{}` begins no statement", found));
  if (const auto near = nearest(found, candidates)) {
    d.help = fmt::format("did you mean `{}`?", *near);
    d.fix = diag::Fix {token().span, *near};
  } else {
    d.help = fmt::format("known: {}, def, print, or NAME = VALUE", fmt::join(statement_words(), ", "));
  }
  emit(std::move(d));
}

// Lower-case statements, one per line and without semicolons: how mappers were written before September 2022.
bool Parser::old_dialect() {
  static constexpr std::pair<std::string_view, std::string_view> kOld[] = {
      {"task", "Task calc GPU,CPU;"},
      {"region", "Region calc rp_private GPU FBMEM;"},
      {"layout", "Layout calc rp_private GPU SOA C_order;"},
      {"memory", "Region calc rp_private GPU FBMEM;"},
      {"instancelimit", "InstanceLimit calc 4;"},
      {"collectmemory", "CollectMemory calc *;"},
      {"indextaskmap", "IndexTaskMap calc place;"},
      {"singletaskmap", "SingleTaskMap calc place;"},
      {"controlreplicate", "ControlReplicate main;"}};
  for (const auto& [word, modern] : kOld) {
    if (text(token()) != word) continue;
    report(diag::kOldDialect, token().span, fmt::format("`{}` is a statement of the old mapper dialect", word),
           fmt::format("the modern form is `{}`", modern));
    // That dialect ends a statement with its line.
    next();
    while (!is(TokenKind::End) && !token().first_on_line) next();
    recovered_ = true;
    return true;
  }
  return false;
}

bool Parser::assign(AssignStatement& s) {
  s.name = {std::string(text(token())), token().span};
  next();
  next();
  s.value = expression();
  if (s.value && expect_semicolon()) return true;
  // The name is assigned, whatever the value is: uses of it are no further mistakes.
  s.value = node(Expr::Kind::Error, token().span);
  broken_value_ = true;
  return true;
}

bool Parser::print(PrintStatement& s) {
  next();
  const diag::Span open = token().span;
  next();
  if (!is(TokenKind::String)) return expected(diag::kUnexpectedToken, "a string", "as in `print(\"x is {}\", x);`");
  s.text_span = token().span;
  const std::string_view quoted = text(token());
  s.text = std::string(quoted.substr(1, quoted.size() - 2));
  next();
  while (accept(TokenKind::Comma)) {
    ExprPtr value = expression();
    if (!value) return false;
    s.values.push_back(std::move(value));
  }
  return expect_close(TokenKind::RightParen, open, "`,` or `)`");
}

Program parse(const diag::SourcePtr& source, diag::Sink& sink) {
  TokenStream stream = lex(source, sink);
  Program program;
  program.source = source;
  program.statements = Parser(source, stream, sink).run();
  program.comments = std::move(stream.comments);
  return program;
}

}  // namespace mapwright::syntax
