// Expressions: precedence climbing, so the stack grows with the nesting of the text and not with the table of operators.
#include <fmt/format.h>

#include <algorithm>

#include "syntax/parser.h"

namespace mapwright::syntax {

namespace {

struct OperatorInfo {
  TokenKind token;
  BinaryOp op;
  int precedence;
};
constexpr OperatorInfo kOperators[] = {
    {TokenKind::OrOr, BinaryOp::Or, 1},           {TokenKind::AndAnd, BinaryOp::And, 2},
    {TokenKind::Equal, BinaryOp::Equal, 3},       {TokenKind::NotEqual, BinaryOp::NotEqual, 3},
    {TokenKind::Less, BinaryOp::Less, 4},         {TokenKind::LessEqual, BinaryOp::LessEqual, 4},
    {TokenKind::Greater, BinaryOp::Greater, 4},   {TokenKind::GreaterEqual, BinaryOp::GreaterEqual, 4},
    {TokenKind::Plus, BinaryOp::Add, 5},          {TokenKind::Minus, BinaryOp::Subtract, 5},
    {TokenKind::Star, BinaryOp::Multiply, 6},     {TokenKind::Slash, BinaryOp::Divide, 6},
    {TokenKind::Percent, BinaryOp::Remainder, 6}};

struct ForeignOperator {
  std::string_view text, ours;
  BinaryOp op;
  int precedence;
};
constexpr ForeignOperator kForeign[] = {{"and", "&&", BinaryOp::And, 2}, {"or", "||", BinaryOp::Or, 1}, {"is", "==", BinaryOp::Equal, 3},
                                        {"&", "&&", BinaryOp::And, 2},   {"|", "||", BinaryOp::Or, 1}};

class Nesting {
 public:
  explicit Nesting(int& depth) : depth_(++depth) {}
  ~Nesting() { --depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  int& depth_;
};

}  // namespace

std::string_view to_string(BinaryOp op) {
  static constexpr std::string_view kTexts[] = {"||", "&&", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"};
  return kTexts[static_cast<std::size_t>(op)];
}

ExprPtr Parser::node(Expr::Kind kind, diag::Span span, std::vector<ExprPtr> children) {
  auto e = std::make_unique<Expr>();
  e->kind = kind;
  e->span = span;
  for (const ExprPtr& child : children) {
    if (child) e->depth = std::max(e->depth, child->depth + 1);
  }
  e->children = std::move(children);
  if (e->depth > kMaxExpressionDepth && too_deep(e->span)) return nullptr;
  return e;
}

bool Parser::too_deep(diag::Span span) {
  report(diag::kNestingTooDeep, span, fmt::format("this expression is nested deeper than {}", kMaxExpressionDepth),
         "give names to parts of it");
  return true;
}

ExprPtr Parser::expression() {
  const Nesting guard(nesting_);
  if (nesting_ > kMaxExpressionDepth && too_deep(token().span)) return nullptr;
  ExprPtr condition = binary(1);
  if (!condition) return nullptr;
  if (!is(TokenKind::Question)) {
    if (is_word("if") && !token().first_on_line) {
      report(diag::kPythonOperator, token().span, "`if` is no operator", "write `condition ? value : other`");
      return nullptr;
    }
    return condition;
  }
  next();
  ExprPtr yes = expression();
  if (!yes || !expect(TokenKind::Colon, "`:`")) return nullptr;
  ExprPtr no = expression();
  if (!no) return nullptr;
  const diag::Span span {condition->span.begin, no->span.end};
  std::vector<ExprPtr> children;
  children.push_back(std::move(condition));
  children.push_back(std::move(yes));
  children.push_back(std::move(no));
  return node(Expr::Kind::Conditional, span, std::move(children));
}

// The binary operator at this token, if there is one. Operators of other languages are reported and read as ours.
std::optional<std::pair<BinaryOp, int>> Parser::binary_operator() {
  for (const OperatorInfo& o : kOperators) {
    if (!is(o.token)) continue;
    if (o.token == TokenKind::Star && token(1).kind == TokenKind::Star && token().span.end == token(1).span.begin) {
      report(diag::kPythonOperator, {token().span.begin, token(1).span.end}, "`**` is no operator",
             "there is no power; write a product, as in `x * x`");
      next();
    }
    return std::pair(o.op, o.precedence);
  }
  if (token().first_on_line || (!is(TokenKind::Word) && !is(TokenKind::And) && !is(TokenKind::Or))) return std::nullopt;
  for (const ForeignOperator& o : kForeign) {
    if (text(token()) != o.text) continue;
    diag::Diagnostic d = make(diag::kPythonOperator, token().span, fmt::format("`{}` is no operator", o.text), fmt::format("write `{}`", o.ours));
    d.fix = diag::Fix {token().span, std::string(o.ours)};
    emit(std::move(d));
    return std::pair(o.op, o.precedence);
  }
  return std::nullopt;
}

ExprPtr Parser::binary(int min_precedence) {
  ExprPtr left = unary();
  while (left) {
    const std::size_t before = at_;
    const auto found = binary_operator();
    if (!found || found->second < min_precedence) {
      at_ = before;
      return left;
    }
    const diag::Span op_span = token().span;
    next();
    ExprPtr right = binary(found->second + 1);
    if (!right) return nullptr;
    const diag::Span span {left->span.begin, right->span.end};
    std::vector<ExprPtr> children;
    children.push_back(std::move(left));
    children.push_back(std::move(right));
    left = node(Expr::Kind::Binary, span, std::move(children));
    if (!left) return nullptr;
    left->op = found->first;
    left->name_span = op_span;
  }
  return nullptr;
}

ExprPtr Parser::unary() {
  const Token op = token();
  const bool python_not = is_word("not") && !token(1).first_on_line &&
                          (token(1).kind == TokenKind::Word || token(1).kind == TokenKind::LeftParen);
  if (!is(TokenKind::Minus) && !is(TokenKind::Bang) && !is(TokenKind::Star) && !python_not) return postfix();
  const Nesting guard(nesting_);
  if (nesting_ > kMaxExpressionDepth && too_deep(op.span)) return nullptr;
  if (python_not) {
    diag::Diagnostic d = make(diag::kPythonOperator, op.span, "`not` is no operator", "write `!`");
    d.fix = diag::Fix {{op.span.begin, token(1).span.begin}, "!"};
    emit(std::move(d));
  }
  next();
  ExprPtr operand = op.kind == TokenKind::Star ? postfix() : unary();
  if (!operand) return nullptr;
  const diag::Span span {op.span.begin, operand->span.end};
  std::vector<ExprPtr> children;
  children.push_back(std::move(operand));
  ExprPtr e = node(op.kind == TokenKind::Star    ? Expr::Kind::Unpack
                   : op.kind == TokenKind::Minus ? Expr::Kind::Negate
                                                 : Expr::Kind::Not,
                   span, std::move(children));
  if (e) e->name_span = op.span;
  return e;
}

ExprPtr Parser::postfix() {
  ExprPtr e = primary();
  while (e) {
    if (is(TokenKind::LeftParen)) {
      e = call(std::move(e));
    } else if (is(TokenKind::LeftBracket)) {
      e = index(std::move(e));
    } else if (is(TokenKind::Dot)) {
      next();
      if (!is(TokenKind::Word)) {
        expected(diag::kExpectedName, "an attribute");
        return nullptr;
      }
      const Token name = token();
      next();
      const diag::Span span {e->span.begin, name.span.end};
      std::vector<ExprPtr> children;
      children.push_back(std::move(e));
      e = node(Expr::Kind::Attribute, span, std::move(children));
      if (!e) return nullptr;
      e->name = std::string(text(name));
      e->name_span = name.span;
    } else {
      return e;
    }
  }
  return nullptr;
}

ExprPtr Parser::primary() {
  const Token t = token();
  if (t.kind == TokenKind::LeftParen) return parenthesis();
  if (t.kind == TokenKind::Word && text(t) == "tuple" && token(1).kind == TokenKind::LeftParen) return comprehension();
  if (t.kind == TokenKind::Integer || t.kind == TokenKind::Word) {
    // A declaration on a line of its own means that the expression before it is unfinished.
    if (t.first_on_line && begins_declaration()) {
      expected(diag::kExpectedExpression, "an expression");
      return nullptr;
    }
    next();
    ExprPtr e = node(t.kind == TokenKind::Integer ? Expr::Kind::Integer : Expr::Kind::Name, t.span);
    e->value = t.value;
    if (t.kind == TokenKind::Word) e->name = std::string(text(t));
    return e;
  }
  expected(diag::kExpectedExpression, "an expression",
           t.kind == TokenKind::String        ? "a string stands only in `print` and as the name of a task or region"
           : t.kind == TokenKind::LeftBracket ? "a tuple is written `(a, b)`"
                                              : "");
  return nullptr;
}

// `*` alone, `*expression`, or an expression: what stands between commas in brackets and parentheses.
ExprPtr Parser::element() {
  if (!is(TokenKind::Star)) return expression();
  const Token star = token();
  const TokenKind after = token(1).kind;
  if (after == TokenKind::Comma || after == TokenKind::RightBracket || after == TokenKind::RightParen) {
    next();
    return node(Expr::Kind::Star, star.span);
  }
  next();
  ExprPtr operand = expression();
  if (!operand) return nullptr;
  const diag::Span span {star.span.begin, operand->span.end};
  std::vector<ExprPtr> children;
  children.push_back(std::move(operand));
  ExprPtr e = node(Expr::Kind::Unpack, span, std::move(children));
  if (e) e->name_span = star.span;
  return e;
}

bool Parser::elements(std::vector<ExprPtr>& out, TokenKind close, diag::Span open) {
  do {
    ExprPtr e = element();
    if (!e) return false;
    out.push_back(std::move(e));
  } while (accept(TokenKind::Comma));
  return expect_close(close, open, close == TokenKind::RightParen ? "`,` or `)`" : "`,` or `]`");
}

ExprPtr Parser::parenthesis() {
  const diag::Span open = token().span;
  next();
  std::vector<ExprPtr> inner;
  if (!elements(inner, TokenKind::RightParen, open)) return nullptr;
  if (inner.size() == 1) {
    ExprPtr e = std::move(inner.front());
    e->parenthesised = true;
    e->span = from(open.begin);
    return e;
  }
  return node(Expr::Kind::Tuple, from(open.begin), std::move(inner));
}

ExprPtr Parser::comprehension() {
  const std::uint32_t begin = token().span.begin;
  next();
  const diag::Span open = token().span;
  next();
  ExprPtr body = expression();
  if (!body) return nullptr;
  if (!is_word("for")) {
    expected(diag::kUnexpectedToken, "`for`", "as in `tuple(2 * x for x in t)`; a tuple of values is written `(a, b)`");
    return nullptr;
  }
  next();
  if (!is(TokenKind::Word)) {
    expected(diag::kExpectedName, "the name of a variable");
    return nullptr;
  }
  const Token variable = token();
  next();
  if (!is_word("in")) {
    expected(diag::kUnexpectedToken, "`in`");
    return nullptr;
  }
  next();
  ExprPtr over = expression();
  if (!over || !expect_close(TokenKind::RightParen, open, "`)`")) return nullptr;
  std::vector<ExprPtr> children;
  children.push_back(std::move(body));
  children.push_back(std::move(over));
  ExprPtr e = node(Expr::Kind::Comprehension, from(begin), std::move(children));
  if (!e) return nullptr;
  e->name = std::string(text(variable));
  e->name_span = variable.span;
  return e;
}

ExprPtr Parser::call(ExprPtr callee) {
  const std::uint32_t begin = callee->span.begin;
  const diag::Span open = token().span;
  next();
  std::vector<ExprPtr> children;
  children.push_back(std::move(callee));
  if (!accept(TokenKind::RightParen) && !elements(children, TokenKind::RightParen, open)) return nullptr;
  return node(Expr::Kind::Call, from(begin), std::move(children));
}

ExprPtr Parser::index(ExprPtr object) {
  const std::uint32_t begin = object->span.begin;
  const diag::Span open = token().span;
  next();
  std::vector<ExprPtr> children;
  children.push_back(std::move(object));
  if (!is(TokenKind::Colon)) {
    ExprPtr first = element();
    if (!first) return nullptr;
    children.push_back(std::move(first));
  }
  if (accept(TokenKind::Colon)) {
    if (children.size() == 1) children.push_back(nullptr);
    ExprPtr upper;
    if (!is(TokenKind::RightBracket)) {
      upper = expression();
      if (!upper) return nullptr;
    }
    children.push_back(std::move(upper));
    if (!expect_close(TokenKind::RightBracket, open, "`]`")) return nullptr;
    return node(Expr::Kind::Slice, from(begin), std::move(children));
  }
  if (accept(TokenKind::Comma)) {
    if (!elements(children, TokenKind::RightBracket, open)) return nullptr;
  } else if (!expect_close(TokenKind::RightBracket, open, "`,` or `]`")) {
    return nullptr;
  }
  return node(Expr::Kind::Index, from(begin), std::move(children));
}

}  // namespace mapwright::syntax
