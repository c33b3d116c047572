#include "program/expr.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace mapwright::program {

namespace {

using Op = Expr::Op;
using Node = Expr::Node;

// Two's complement arithmetic: expressions of untrusted files may overflow, which must not be undefined.
std::int64_t wrap(std::uint64_t v) { return static_cast<std::int64_t>(v); }
std::uint64_t bits(std::int64_t v) { return static_cast<std::uint64_t>(v); }

std::int64_t apply(Op op, std::int64_t a, std::int64_t b) {
  switch (op) {
    case Op::Add: return wrap(bits(a) + bits(b));
    case Op::Sub: return wrap(bits(a) - bits(b));
    case Op::Mul: return wrap(bits(a) * bits(b));
    case Op::Div: return b == 0 ? 0 : b == -1 ? wrap(-bits(a)) : a / b;
    case Op::Mod: return b == 0 || b == -1 ? 0 : a % b;
    case Op::Min: return std::min(a, b);
    default: return std::max(a, b);
  }
}

double apply(Op op, double a, double b) {
  switch (op) {
    case Op::Add: return a + b;
    case Op::Sub: return a - b;
    case Op::Mul: return a * b;
    case Op::Div: return b == 0 ? 0 : a / b;
    case Op::Mod: return b == 0 ? 0 : std::fmod(a, b);
    case Op::Min: return std::min(a, b);
    default: return std::max(a, b);
  }
}

void assign(std::int64_t& to, double value) {
  to = value > -9.2e18 && value < 9.2e18 ? static_cast<std::int64_t>(value) : 0;
}
void assign(double& to, double value) { to = value; }

std::int64_t coordinate(const Point& p, int d) { return d < p.dim ? p[d] : 0; }

std::int64_t counter(const ExprContext& c, std::string_view name) {
  for (const LoopCounter& l : c.loops) {
    if (l.name == name) return l.value;
  }
  return 0;
}

template <typename T>
T evaluate(std::span<const Node> nodes, std::span<const std::string> loops, const ExprContext& context) {
  std::array<T, static_cast<std::size_t>(Expr::kMaxDepth)> stack;
  T* top = stack.data();  // behind the last operand
  for (const Node& n : nodes) {
    const auto a = static_cast<std::size_t>(n.a);
    switch (n.op) {
      case Op::Constant: assign(*top++, n.value); break;
      case Op::Point: *top++ = static_cast<T>(coordinate(context.point, n.a)); break;
      case Op::Ancestor:
        *top++ = static_cast<T>(a >= 1 && a <= context.ancestors.size() ? coordinate(context.ancestors[a - 1], n.b) : 0);
        break;
      case Op::Loop: *top++ = static_cast<T>(counter(context, loops[a])); break;
      case Op::Elements: *top++ = static_cast<T>(a < context.elements.size() ? context.elements[a] : 0); break;
      case Op::Seconds: assign(*top++, context.seconds); break;
      default:
        --top;
        top[-1] = apply(n.op, top[-1], top[0]);
    }
  }
  return nodes.empty() ? T {} : stack[0];
}

Node leaf(Op op, int a, int b = 0) {
  Node n;
  n.op = op;
  n.a = static_cast<std::int16_t>(a);
  n.b = static_cast<std::int16_t>(b);
  return n;
}

}  // namespace

Expr Expr::constant(double value) {
  Expr e;
  if (value == 0) return e;  // one representation of 0, so that equal constants are equal values
  e.nodes_.emplace_back();
  e.nodes_.back().value = value;
  return e;
}

Expr Expr::point(int dimension) {
  Expr e;
  e.nodes_.push_back(leaf(Op::Point, dimension));
  return e;
}

Expr Expr::ancestor(int level, int dimension) {
  Expr e;
  e.nodes_.push_back(leaf(Op::Ancestor, level, dimension));
  return e;
}

Expr Expr::loop(std::string name) {
  Expr e;
  e.nodes_.push_back(leaf(Op::Loop, 0));
  e.loops_.push_back(std::move(name));
  return e;
}

Expr Expr::elements(int argument) {
  Expr e;
  e.nodes_.push_back(leaf(Op::Elements, argument));
  return e;
}

Expr Expr::seconds() {
  Expr e;
  e.nodes_.push_back(leaf(Op::Seconds, 0));
  return e;
}

Expr Expr::binary(Op op, const Expr& a, const Expr& b) {
  Expr e;
  e.nodes_.reserve(a.nodes_.size() + b.nodes_.size() + 3);
  for (const Expr* x : {&a, &b}) {
    if (x->nodes_.empty()) e.nodes_.emplace_back();
    e.append(*x, 0, x->nodes_.size());
  }
  e.nodes_.push_back(leaf(op, 0));
  e.depth_ = std::max(a.depth_, b.depth_ + 1);
  MW_CHECK(e.depth_ <= kMaxDepth && e.nodes_.size() <= kMaxNodes, "expression of {} nodes, depth {}", e.nodes_.size(),
           e.depth_);
  return e;
}

void Expr::append(const Expr& e, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) {
    Node& n = nodes_.emplace_back(e.nodes_[i]);
    if (n.op != Op::Loop) continue;
    const std::string& name = e.loop_name(n);
    const auto known = std::find(loops_.begin(), loops_.end(), name);
    n.a = static_cast<std::int16_t>(known - loops_.begin());
    if (known == loops_.end()) loops_.push_back(name);
  }
}

Expr operator+(const Expr& a, const Expr& b) { return Expr::binary(Op::Add, a, b); }
Expr operator-(const Expr& a, const Expr& b) { return Expr::binary(Op::Sub, a, b); }
Expr operator*(const Expr& a, const Expr& b) { return Expr::binary(Op::Mul, a, b); }
Expr operator/(const Expr& a, const Expr& b) { return Expr::binary(Op::Div, a, b); }
Expr operator%(const Expr& a, const Expr& b) { return Expr::binary(Op::Mod, a, b); }
Expr min(const Expr& a, const Expr& b) { return Expr::binary(Op::Min, a, b); }
Expr max(const Expr& a, const Expr& b) { return Expr::binary(Op::Max, a, b); }

std::int64_t Expr::integer(const ExprContext& context) const { return evaluate<std::int64_t>(nodes_, loops_, context); }
double Expr::real(const ExprContext& context) const { return evaluate<double>(nodes_, loops_, context); }

bool Expr::is_constant() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [](const Node& n) { return n.op == Op::Constant || n.op >= Op::Add; });
}

bool Expr::reads_loop(std::string_view name) const {
  return std::find(loops_.begin(), loops_.end(), name) != loops_.end();
}

bool Expr::reads_ancestors() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [](const Node& n) { return n.op == Op::Ancestor; });
}

bool Expr::reads_point() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [](const Node& n) { return n.op == Op::Point; });
}

bool Expr::reads_elements() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [](const Node& n) { return n.op == Op::Elements; });
}

std::vector<Expr> Expr::divisors() const {
  std::vector<Expr> found;
  std::vector<std::size_t> begins;  // of the operands on the stack
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& n = nodes_[i];
    if (n.op < Op::Add) {
      begins.push_back(i);
      continue;
    }
    const std::size_t right = begins.back();
    begins.pop_back();
    if (n.op != Op::Div && n.op != Op::Mod) continue;
    if (i - right == 1 && nodes_[right].op == Op::Constant && nodes_[right].value != 0) continue;
    Expr e;
    e.append(*this, right, i);
    e.depth_ = depth_;
    found.push_back(std::move(e));
  }
  return found;
}

}  // namespace mapwright::program
