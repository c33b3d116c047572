// syntax/ast.h - the syntax tree of a mapper. Every node has the span of its text.
// Words of the vocabulary (kinds, layout constraints) are kept as written; sema/ gives them a meaning or a diagnostic.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "diag/diag.h"

namespace mapwright::syntax {

// An identifier where a word of the vocabulary, a function or a variable is expected. "*" where a star is allowed.
struct Word {
  std::string text;
  diag::Span span;
};

// How a task or an argument is named.
struct Name {
  enum class Form : std::uint8_t { Plain, Quoted, Star, Position } form = Form::Plain;
  std::string text;            // without quotes; "*" for a star, the digits for a position
  std::int64_t position = 0;   // of Form::Position, from 0
  diag::Span span;
};

enum class BinaryOp : std::uint8_t {
  Or, And, Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, Add, Subtract, Multiply, Divide, Remainder
};
std::string_view to_string(BinaryOp op);  // "||", "&&", ...

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

// One expression. What `children` are depends on `kind`:
//   Integer, Name, Star      none
//   Negate, Not, Unpack      operand
//   Binary                   left, right
//   Conditional              condition, value if true, value if false
//   Tuple                    elements, two or more
//   Call                     callee, arguments
//   Index                    object, one or more coordinates
//   Slice                    object, lower bound, upper bound; a bound left out is null
//   Attribute                object
//   Comprehension            element expression, tuple that is gone over
//   Error                    none; stands where the text could not be understood, already reported
struct Expr {
  enum class Kind : std::uint8_t {
    Integer, Name, Star, Negate, Not, Unpack, Binary, Conditional, Tuple, Call, Index, Slice, Attribute, Comprehension, Error
  } kind = Kind::Error;
  BinaryOp op = BinaryOp::Add;   // of Binary
  bool parenthesised = false;    // written in parentheses; the formatter keeps them
  int depth = 1;                 // height of the tree below and with this node
  std::int64_t value = 0;        // of Integer
  diag::Span span;               // with the parentheses
  std::string name;              // of Name, Attribute; variable of Comprehension
  diag::Span name_span;          // of Attribute, Comprehension; operator of Binary, Negate, Not, Unpack
  std::vector<ExprPtr> children;
};

struct TaskStatement {
  std::vector<Name> tasks;
  std::vector<Word> kinds;
};
struct RegionStatement {
  std::vector<Name> tasks, arguments;
  Word kind;  // processor kind or "*"
  std::vector<Word> memories;
};
struct Constraint {
  Word word;
  std::optional<Word> op;  // of Align
  std::int64_t bytes = 0;
  diag::Span span;
};
struct LayoutStatement {
  std::vector<Name> tasks, arguments;
  Word target;  // processor kind, memory kind or "*"
  std::vector<Constraint> constraints;
};
struct LimitStatement {
  std::vector<Name> tasks;
  std::int64_t limit = 0;
  diag::Span limit_span;
};
struct CollectStatement {
  std::vector<Name> tasks, arguments;
};
// IndexTaskMap and SingleTaskMap. A plain name that is a processor kind means all tasks of that kind.
struct MapStatement {
  bool single = false;
  std::vector<Name> tasks;
  Word function;
};
struct ReplicateStatement {
  std::vector<Name> tasks;
};
struct AssignStatement {
  Word name;
  ExprPtr value;
};
struct PrintStatement {
  std::string text;
  diag::Span text_span;
  std::vector<ExprPtr> values;
};
struct ReturnStatement {
  ExprPtr value;
};

struct BodyStatement {
  diag::Span span;  // with the semicolon
  std::variant<AssignStatement, PrintStatement, ReturnStatement> what;
};
struct Parameter {
  Word type, name;
};
struct FunctionStatement {
  Word name;
  std::vector<Parameter> parameters;
  std::vector<BodyStatement> body;
  diag::Span head;      // from `def` to the closing parenthesis
  diag::Span body_end;  // the closing brace
  bool broken = false;  // part of the body could not be understood, so nothing can be said about what is missing
};

struct Statement {
  diag::Span span;  // from the first word to the semicolon or brace
  std::variant<TaskStatement, RegionStatement, LayoutStatement, LimitStatement, CollectStatement, MapStatement,
               ReplicateStatement, FunctionStatement, AssignStatement, PrintStatement>
      what;
};
// "Task", "Region", "def", "assignment", ...
std::string_view kind_name(const Statement& s);

// From the first sign to the end of its line, without the newline.
struct Comment {
  diag::Span span;
};

// A whole mapper in the order of its text.
struct Program {
  diag::SourcePtr source;
  std::vector<Statement> statements;
  std::vector<Comment> comments;
};

}  // namespace mapwright::syntax
