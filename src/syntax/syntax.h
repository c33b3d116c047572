// syntax/syntax.h - from the text of a mapper to its syntax tree and back.
// In:  diag::Source.   Out: syntax::Program (ast.h), or diagnostics MW1xxx and MW2xxx.
// Not here: what words mean (sema/).   Start at: parse().   Grammar: docs/language.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "diag/diag.h"
#include "syntax/ast.h"         // IWYU pragma: export
#include "syntax/vocabulary.h"  // IWYU pragma: export

namespace mapwright::syntax {

inline constexpr std::size_t kMaxTextBytes = std::size_t {1} << 20;
inline constexpr int kMaxExpressionDepth = 200;

enum class TokenKind : std::uint8_t {
  Word, Integer, String, Star, Plus, Minus, Slash, Percent, Bang, Question, Colon, Semicolon, Comma, Dot, Assign, Equal,
  NotEqual, Less, LessEqual, Greater, GreaterEqual, AndAnd, OrOr, And, Or, LeftParen, RightParen, LeftBracket, RightBracket,
  LeftBrace, RightBrace, Bad, End
};

struct Token {
  TokenKind kind = TokenKind::End;
  bool first_on_line = false;
  std::int64_t value = 0;  // of Integer
  diag::Span span;
};

struct TokenStream {
  std::vector<Token> tokens;  // ends with one token End
  std::vector<Comment> comments;
};

// Splits a text into tokens. What cannot be a token is reported (MW1xxx) and becomes one token Bad. A text beyond
// kMaxTextBytes is reported (MW1005) and gives only End.
TokenStream lex(const diag::SourcePtr& source, diag::Sink& sink);

// Parses a text. Reports every mistake (MW1xxx, MW2xxx) once, at the place where it is seen, and goes on behind it; the
// tree holds the statements that could be understood. Linear in the size of the text, nesting bounded.
Program parse(const diag::SourcePtr& source, diag::Sink& sink);

// The text in its canonical form: one statement per line, two spaces of indentation, comments and single blank lines
// kept. Meant for trees without errors: format(parse(format(p))) == format(p), and the trees are the same. A comment
// inside a statement moves to the line above it.
std::string format(const Program& program);

// One token per line: "line:column kind text".
std::string dump_tokens(const diag::SourcePtr& source, diag::Sink& sink);
// The tree as indented lists, without positions: equal trees give equal text.
std::string dump(const Program& program);

}  // namespace mapwright::syntax
