// program/expr.h - small arithmetic on launch points, loop counters and sizes that can be written to a file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/base.h"
#include "diag/diag.h"

namespace mapwright::program {

// The value of a named loop counter, from 0.
struct LoopCounter {
  std::string_view name;
  std::int64_t value = 0;
};

// What an expression may read. `ancestors` runs from the immediate parent upwards. `elements[i]` is the number of points
// of argument i's subregion; `seconds` the timed window (metrics only).
struct ExprContext {
  Point point;
  std::span<const Point> ancestors;
  std::span<const LoopCounter> loops;
  std::span<const std::int64_t> elements;
  double seconds = 0;
};

// An immutable arithmetic expression. Text form (docs/formats/program.md), also what to_text() gives back:
//   number  p0..p7 (launch point)  parent.p0  parent.parent.p1 (ancestors)  loop.NAME  elements(i)  seconds
//   + - * / % (usual precedence)  min(a,b)  max(a,b)  ( )
// Integer evaluation truncates `/` and gives `%` the sign of the dividend; real evaluation divides exactly.
class Expr {
 public:
  Expr() = default;  // the constant 0
  static Expr constant(double value);
  static Expr point(int dimension);
  static Expr ancestor(int level, int dimension);  // level 1 is the parent
  static Expr loop(std::string name);
  static Expr elements(int argument);
  static Expr seconds();
  Expr(std::int64_t value) : Expr(constant(static_cast<double>(value))) {}  // NOLINT: numbers are expressions
  Expr(int value) : Expr(constant(value)) {}                                 // NOLINT
  Expr(double value) : Expr(constant(value)) {}                              // NOLINT

  friend Expr operator+(const Expr& a, const Expr& b);
  friend Expr operator-(const Expr& a, const Expr& b);
  friend Expr operator*(const Expr& a, const Expr& b);
  friend Expr operator/(const Expr& a, const Expr& b);
  friend Expr operator%(const Expr& a, const Expr& b);
  friend Expr min(const Expr& a, const Expr& b);
  friend Expr max(const Expr& a, const Expr& b);

  // Value at a context. Integer evaluation needs integer constants. Division by zero gives 0 in both (programs are
  // validated over their whole domain by Program's builder, which reports it). A name that is absent reads as 0 likewise.
  std::int64_t integer(const ExprContext& context) const;
  double real(const ExprContext& context) const;

  bool is_constant() const;
  bool reads_loop(std::string_view name) const;  // mentions loop.NAME
  bool reads_ancestors() const;
  bool reads_point() const;
  bool reads_elements() const;                   // of any argument
  // The right operands of every `/` and `%`, except constants other than 0.
  std::vector<Expr> divisors() const;
  std::string to_text() const;
  // Parses the text form. Errors: MW42xx with a span into `source` (relative to `offset`).
  static std::optional<Expr> parse(std::string_view text, const diag::SourcePtr& source, std::uint32_t offset,
                                   diag::Sink& sink);
  friend bool operator==(const Expr&, const Expr&) = default;

  // Bounds of one expression: parse() reports larger ones, operators on larger ones abort.
  static constexpr int kMaxDepth = 64;
  static constexpr std::size_t kMaxNodes = 4096;

  // Postfix form.
  enum class Op : std::uint8_t { Constant, Point, Ancestor, Loop, Elements, Seconds, Add, Sub, Mul, Div, Mod, Min, Max };
  struct Node {
    Op op = Op::Constant;
    std::int16_t a = 0, b = 0;  // Point: dimension; Ancestor: level, dimension; Elements: argument; Loop: see loop_name()
    double value = 0;           // Constant
    friend bool operator==(const Node&, const Node&) = default;
  };
  std::span<const Node> nodes() const { return nodes_; }
  const std::string& loop_name(const Node& loop) const { return loops_[static_cast<std::size_t>(loop.a)]; }

 private:
  static Expr binary(Op op, const Expr& a, const Expr& b);
  void append(const Expr& e, std::size_t begin, std::size_t end);  // some of its nodes
  std::vector<Node> nodes_;         // empty: 0
  std::vector<std::string> loops_;  // names of those that it reads, each once
  int depth_ = 1;                   // stack slots that an evaluation needs, at most kMaxDepth
};

}  // namespace mapwright::program
