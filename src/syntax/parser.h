// syntax/parser.h - the recursive-descent parser. One method per rule of the grammar; a method that returns false or null
// has reported why. Files: parser.cc (tokens, recovery, statements), parse_declaration.cc, parse_function.cc,
// parse_expression.cc.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "diag/diag.h"
#include "syntax/syntax.h"

namespace mapwright::syntax {

class Parser {
 public:
  Parser(const diag::SourcePtr& source, const TokenStream& stream, diag::Sink& sink)
      : source_(source), stream_(stream), sink_(sink) {}
  std::vector<Statement> run();

 private:
  // --- Tokens.
  const Token& token(std::size_t ahead = 0) const {
    return stream_.tokens[std::min(at_ + ahead, stream_.tokens.size() - 1)];
  }
  diag::Span previous_span() const { return at_ == 0 ? diag::Span {} : stream_.tokens[at_ - 1].span; }
  bool is(TokenKind k) const { return token().kind == k; }
  bool is_word(std::string_view w) const { return is(TokenKind::Word) && text(token()) == w; }
  std::string_view text(const Token& t) const { return source_->slice(t.span); }
  void next() {
    if (!is(TokenKind::End)) ++at_;
  }
  bool accept(TokenKind k) {
    if (!is(k)) return false;
    next();
    return true;
  }
  std::uint32_t column(const Token& t) const { return source_->position(t.span.begin).column; }
  diag::Span from(std::uint32_t begin) const { return {begin, std::max(begin, previous_span().end)}; }

  // --- Reports. `emit` is silent for tokens that the lexer has reported and beyond the limit of reports.
  diag::Diagnostic make(int code, diag::Span span, std::string message, std::string help = {}) const;
  void emit(diag::Diagnostic d);
  void report(int code, diag::Span span, std::string message, std::string help = {}) {
    emit(make(code, span, std::move(message), std::move(help)));
  }
  // "expected WHAT, found ..." at the current token; always false.
  bool expected(int code, std::string_view what, std::string help = {});
  std::string describe(const Token& t) const;
  bool expect(TokenKind k, std::string_view what);
  bool expect_semicolon();
  // The closing partner of the bracket at `open`.
  bool expect_close(TokenKind k, diag::Span open, std::string_view alternatives);

  // --- Recovery.
  bool begins_declaration() const;
  void synchronize(bool in_function);
  void skip_balanced();  // at an opening bracket or brace: behind its partner
  void skip_block_by_indentation(std::uint32_t margin);

  // --- Statements.
  std::optional<Statement> statement();
  bool declaration(Statement& s);
  void unknown_statement();
  bool old_dialect();
  std::optional<Name> name(std::string_view what, bool positions);
  bool names(std::vector<Name>& out, std::string_view what, bool positions = false);
  bool word(Word& out, std::string_view what, bool star = false);
  bool words(std::vector<Word>& out, std::string_view what);
  bool task(TaskStatement& s);
  bool region(RegionStatement& s);
  bool layout(LayoutStatement& s);
  bool constraint(LayoutStatement& s);
  bool limit(LimitStatement& s);
  bool collect(CollectStatement& s);
  bool map(MapStatement& s, std::string_view keyword);
  bool assign(AssignStatement& s);
  bool print(PrintStatement& s);

  // --- Functions.
  bool function(FunctionStatement& f);
  bool parameters(FunctionStatement& f);
  bool parameter(FunctionStatement& f);
  bool open_body(FunctionStatement& f, const Token& def);
  void body(FunctionStatement& f, const Token& def, diag::Span brace);
  bool body_statement(FunctionStatement& f);
  bool control_statement();
  bool misplaced_declaration();
  bool odd_body_statement();

  // --- Expressions; null when one could not be read.
  ExprPtr expression();
  ExprPtr binary(int min_precedence);
  ExprPtr unary();
  ExprPtr postfix();
  ExprPtr primary();
  ExprPtr parenthesis();
  ExprPtr comprehension();
  ExprPtr call(ExprPtr callee);
  ExprPtr index(ExprPtr object);
  ExprPtr element();
  bool elements(std::vector<ExprPtr>& out, TokenKind close, diag::Span open);
  std::optional<std::pair<BinaryOp, int>> binary_operator();
  ExprPtr node(Expr::Kind kind, diag::Span span, std::vector<ExprPtr> children = {});
  bool too_deep(diag::Span span);

  const diag::SourcePtr& source_;
  const TokenStream& stream_;
  diag::Sink& sink_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  int reports_ = 0;
  bool broken_value_ = false;  // an assignment was kept without its value
  bool recovered_ = false;     // a rule has already gone behind the statement it could not read
};

// "Task", "Region", ... without `def` and `print`.
const std::vector<std::string>& statement_words();

}  // namespace mapwright::syntax
