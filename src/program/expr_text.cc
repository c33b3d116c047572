// The text form of expressions: Expr::to_text and Expr::parse.
#include <charconv>
#include <cmath>

#include "program/expr.h"

namespace mapwright::program {

namespace {

using Op = Expr::Op;

constexpr std::string_view kSymbols[] = {" + ", " - ", " * ", " / ", " % "};
constexpr int kAtom = 3;

int precedence(Op op) { return op == Op::Add || op == Op::Sub ? 1 : op <= Op::Mod ? 2 : kAtom; }

std::string leaf_text(const Expr& e, const Expr::Node& n) {
  switch (n.op) {
    case Op::Constant: return fmt::format("{}", n.value);
    case Op::Point: return fmt::format("p{}", n.a);
    case Op::Ancestor: {
      std::string text;
      for (int level = 0; level < n.a; ++level) text += "parent.";
      return text + fmt::format("p{}", n.b);
    }
    case Op::Loop: return "loop." + e.loop_name(n);
    case Op::Elements: return fmt::format("elements({})", n.a);
    default: return "seconds";
  }
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Recursive descent. After the first error everything returns quickly with an empty expression.
class Parser {
 public:
  Parser(std::string_view text, const diag::SourcePtr& source, std::uint32_t offset, diag::Sink& sink)
      : text_(text), source_(source), offset_(offset), sink_(sink) {}

  std::optional<Expr> run() {
    Expr e = sum();
    skip();
    if (!failed_ && at_ != text_.size()) fail("unexpected text after the expression");
    if (failed_) return std::nullopt;
    return e;
  }

 private:
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
  }

  char peek() {
    skip();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool take(char c) {
    if (failed_ || peek() != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!take(c)) fail(fmt::format("expected `{}`", c));
  }

  void fail(std::string message, int code = diag::kExpressionSyntax) {
    if (failed_) return;
    failed_ = true;
    diag::Diagnostic d;
    d.code = code;
    d.message = "in an expression: " + std::move(message);
    d.source = source_;
    const auto begin = offset_ + static_cast<std::uint32_t>(std::min(at_, text_.size()));
    d.span = {begin, begin + (at_ < text_.size() ? 1U : 0U)};
    d.help = "an expression has numbers, `p0`, `parent.p0`, `loop.NAME`, `elements(0)`, `seconds`, `+ - * / %`, `min(a, b)`, "
             "`max(a, b)` and parentheses";
    sink_.emit(std::move(d));
  }

  Expr sum() {
    Expr e = product();
    while (!failed_) {
      if (take('+')) e = combine(Op::Add, e, product());
      else if (take('-')) e = combine(Op::Sub, e, product());
      else break;
    }
    return e;
  }

  Expr product() {
    Expr e = factor();
    while (!failed_) {
      if (take('*')) e = combine(Op::Mul, e, factor());
      else if (take('/')) e = combine(Op::Div, e, factor());
      else if (take('%')) e = combine(Op::Mod, e, factor());
      else break;
    }
    return e;
  }

  Expr combine(Op op, const Expr& a, const Expr& b) {
    if (failed_) return {};
    if (++operators_ > Expr::kMaxNodes / 4) {
      fail("too many operators", diag::kProgramFileTooLarge);
      return {};
    }
    switch (op) {
      case Op::Add: return a + b;
      case Op::Sub: return a - b;
      case Op::Mul: return a * b;
      case Op::Div: return a / b;
      case Op::Mod: return a % b;
      case Op::Min: return min(a, b);
      default: return max(a, b);
    }
  }

  // A level of nesting costs at most three stack slots of an evaluation: `min(a, b + c * (...))`.
  Expr factor() {
    if (failed_) return {};
    if (++depth_ > Expr::kMaxDepth / 3 - 1) {
      fail("nested too deeply", diag::kProgramFileTooLarge);
      return {};
    }
    Expr e = unnested_factor();
    --depth_;
    return e;
  }

  Expr unnested_factor() {
    const char c = peek();
    if (c == '-') {
      ++at_;
      const char next = peek();
      if (is_digit(next) || next == '.') return Expr::constant(-number());
      return combine(Op::Sub, Expr(), factor());
    }
    if (c == '(') {
      ++at_;
      Expr e = sum();
      expect(')');
      return e;
    }
    if (is_digit(c) || c == '.') return Expr::constant(number());
    if (is_letter(c)) return name();
    fail(c == '\0' ? "it ends too early" : fmt::format("`{}` can start nothing", c));
    return {};
  }

  double number() {
    double value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc() || !std::isfinite(value)) {
      fail("not a number within range");
      return 0;
    }
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  std::string_view word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  Expr name() {
    const std::size_t begin = at_;
    std::string_view w = word();
    int level = 0;
    while (w == "parent" && take('.') && level < 16) {
      ++level;
      skip();
      w = word();
    }
    if (w.size() == 2 && w[0] == 'p' && w[1] >= '0' && w[1] < '0' + kMaxDim) {
      return level > 0 ? Expr::ancestor(level, w[1] - '0') : Expr::point(w[1] - '0');
    }
    if (level == 0) {
      if (w == "seconds") return Expr::seconds();
      if (w == "loop") return loop_counter();
      if (w == "elements") return elements();
      if (w == "min" || w == "max") return extremum(w == "min" ? Op::Min : Op::Max);
    }
    at_ = begin;
    fail(fmt::format("unknown name `{}`", w));
    return {};
  }

  Expr loop_counter() {
    expect('.');
    skip();
    const std::string_view w = failed_ ? std::string_view() : word();
    if (w.empty() || is_digit(w[0])) fail("expected the name of a loop");
    return Expr::loop(std::string(w));
  }

  Expr elements() {
    expect('(');
    skip();
    const std::string_view w = failed_ ? std::string_view() : word();
    int argument = -1;
    const auto [end, error] = std::from_chars(w.data(), w.data() + w.size(), argument);
    if (error != std::errc() || end != w.data() + w.size() || argument < 0 || argument > 9999) {
      fail("expected the position of an argument");
    }
    expect(')');
    return Expr::elements(argument);
  }

  Expr extremum(Op op) {
    expect('(');
    Expr a = sum();
    expect(',');
    Expr b = sum();
    expect(')');
    return combine(op, a, b);
  }

  std::string_view text_;
  const diag::SourcePtr& source_;
  std::uint32_t offset_;
  diag::Sink& sink_;
  std::size_t at_ = 0, operators_ = 0;
  int depth_ = 0;
  bool failed_ = false;
};

}  // namespace

std::string Expr::to_text() const {
  struct Part {
    std::string text;
    int precedence;
  };
  std::vector<Part> stack;
  const auto wrapped = [](const Part& p, int needed) { return p.precedence < needed ? "(" + p.text + ")" : p.text; };
  for (const Node& n : nodes_) {
    if (n.op < Op::Add) {
      stack.push_back({leaf_text(*this, n), kAtom});
      continue;
    }
    const Part b = std::move(stack.back());
    stack.pop_back();
    Part& a = stack.back();
    const int own = precedence(n.op);
    if (own == kAtom) {
      a.text = fmt::format("{}({}, {})", n.op == Op::Min ? "min" : "max", a.text, b.text);
    } else {
      const auto symbol = static_cast<std::size_t>(n.op) - static_cast<std::size_t>(Op::Add);
      a.text = wrapped(a, own) + std::string(kSymbols[symbol]) + wrapped(b, own + 1);
    }
    a.precedence = own;
  }
  return stack.empty() ? "0" : stack.back().text;
}

std::optional<Expr> Expr::parse(std::string_view text, const diag::SourcePtr& source, std::uint32_t offset,
                                diag::Sink& sink) {
  return Parser(text, source, offset, sink).run();
}

}  // namespace mapwright::program
