// Operators, tuples and comprehensions.
#include <fmt/format.h>

#include <algorithm>

#include "sema/arithmetic.h"
#include "sema/compile.h"

namespace mapwright::sema {

using syntax::BinaryOp;

Static Compiler::value(const Expr& e, std::uint32_t dst) {
  switch (e.kind) {
    case Expr::Kind::Integer: {
      emit(e.span, Op::Constant, dst, constant(Type::Int, e.value));
      Static s = of_type(Type::Int);
      s.value = e.value;
      return s;
    }
    case Expr::Kind::Name: return name(e, dst);
    case Expr::Kind::Star:
      report(diag::kMisplacedStar, e.span, "a `*` that stands for no dimension", "a whole dimension is meant only by a coordinate of a machine space, as in `m[*, 0]`");
      return {};
    case Expr::Kind::Unpack:
      report(diag::kMisplacedStar, e.name_span, "nothing can be unpacked here", "a tuple is unpacked among coordinates, arguments or the elements of a tuple");
      return {};
    case Expr::Kind::Negate:
    case Expr::Kind::Not: return negate(e, dst);
    case Expr::Kind::Binary: return e.op == BinaryOp::And || e.op == BinaryOp::Or ? logic(e, dst) : binary(e, dst);
    case Expr::Kind::Conditional: return conditional(e, dst);
    case Expr::Kind::Tuple: return tuple(e, dst);
    case Expr::Kind::Call: return call(e, dst);
    case Expr::Kind::Index: return index(e, dst);
    case Expr::Kind::Slice: return slice(e, dst);
    case Expr::Kind::Attribute: return attribute(e, dst);
    case Expr::Kind::Comprehension: return comprehension(e, dst);
    case Expr::Kind::Error: break;
  }
  ok_ = false;
  return {};
}

Compiler::Operand Compiler::operand(const Expr& e) {
  if (e.kind == Expr::Kind::Name) {
    if (const auto local = locals_.find(e.name); local != locals_.end()) return {local->second.reg, local->second.known};
  }
  const std::uint32_t reg = allocate();
  const Static known = value(e, reg);
  return {reg, known};
}

Static Compiler::negate(const Expr& e, std::uint32_t dst) {
  const std::uint32_t mark = next_;
  const Expr& inner = *e.children[0];
  const Operand a = operand(inner);
  next_ = mark;
  if (e.kind == Expr::Kind::Not) {
    must_be(Type::Bool, a.known, inner, "a boolean after `!`");
    emit(e.span, Op::Not, dst, a.reg);
    return of_type(Type::Bool);
  }
  emit(e.span, Op::Negate, dst, a.reg);
  Static s = a.known;
  if (s.type == Type::Int && s.value) {
    // The only integer without a negative cannot be written as a literal.
    s.value = *s.value == INT64_MIN ? std::optional<std::int64_t>() : -*s.value;
    return s;
  }
  if (s.type != Type::Int && s.type != Type::Tuple && s.type != Type::Unknown) wrong_type(inner, s, "an integer or a tuple after `-`");
  return s.type == Type::Tuple || s.type == Type::Int ? s : Static {};
}

Static Compiler::binary(const Expr& e, std::uint32_t dst) {
  const std::uint32_t mark = next_;
  const Operand a = operand(*e.children[0]);
  const Operand b = operand(*e.children[1]);
  next_ = mark;
  const auto folded = fold(e, a.known, b.known);
  Static s = binary_type(e, a.known, b.known);
  if (folded) {
    emit(e.span, Op::Constant, dst, constant(Type::Int, *folded));
    s.value = folded;
    return s;
  }
  emit(e.span, Op::Binary, dst, a.reg, b.reg, static_cast<std::uint8_t>(e.op));
  return s;
}

// The value of an arithmetic operator on known integers. Mistakes are reported here, before anything runs.
std::optional<std::int64_t> Compiler::fold(const Expr& e, const Static& a, const Static& b) {
  const bool arithmetic = e.op >= BinaryOp::Add;
  if (!arithmetic || !b.value || (a.type != Type::Int && a.type != Type::Tuple && a.type != Type::Unknown)) return std::nullopt;
  const bool divides = e.op == BinaryOp::Divide || e.op == BinaryOp::Remainder;
  if (divides && *b.value == 0) {
    report(diag::kDivisionByZero, e.children[1]->span, fmt::format("`{}` by zero", to_string(e.op)), "the divisor is always 0");
    return std::nullopt;
  }
  if (!a.value) return std::nullopt;
  std::int64_t r = 0;
  if (!compute(e.op, *a.value, *b.value, r)) {
    report(diag::kIntegerOverflow, e.span, fmt::format("{} {} {} does not fit into 64 bits", *a.value, to_string(e.op), *b.value));
    return std::nullopt;
  }
  return r;
}

Static Compiler::binary_type(const Expr& e, const Static& a, const Static& b) {
  const Expr &left = *e.children[0], &right = *e.children[1];
  const bool equality = e.op == BinaryOp::Equal || e.op == BinaryOp::NotEqual;
  if (equality) {
    const bool comparable = a.type == b.type || a.type == Type::Unknown || b.type == Type::Unknown;
    for (const auto& [side, known] : {std::pair(&left, &a), std::pair(&right, &b)}) {
      if (known->type == Type::Space || known->type == Type::Point || known->type == Type::Task) {
        wrong_type(*side, *known, fmt::format("integers, booleans, tuples or kinds beside `{}`", to_string(e.op)));
        return of_type(Type::Bool);
      }
    }
    if (!comparable) wrong_type(right, b, fmt::format("{} beside `{}`, as on the left", describe(a.type), to_string(e.op)));
    return of_type(Type::Bool);
  }
  if (e.op < BinaryOp::Add) {
    must_be(Type::Int, a, left, fmt::format("an integer beside `{}`", to_string(e.op))) &&
        must_be(Type::Int, b, right, fmt::format("an integer beside `{}`", to_string(e.op)));
    return of_type(Type::Bool);
  }
  for (const auto& [side, known] : {std::pair(&left, &a), std::pair(&right, &b)}) {
    if (known->type == Type::Int || known->type == Type::Tuple || known->type == Type::Unknown) continue;
    wrong_type(*side, *known, fmt::format("an integer or a tuple beside `{}`", to_string(e.op)));
    return {};
  }
  if (a.type == Type::Tuple && b.type == Type::Tuple && a.len >= 0 && b.len >= 0 && a.len != b.len) {
    report(diag::kTupleLengthMismatch, e.span, fmt::format("`{}` of a tuple of {} and a tuple of {}", to_string(e.op), a.len, b.len),
           "tuples are combined element by element; shorten one with a slice, as in `t[:2]`");
    return tuple_of(Type::Int, -1);
  }
  if (a.type == Type::Tuple || b.type == Type::Tuple) return tuple_of(Type::Int, std::max(a.type == Type::Tuple ? a.len : -1, b.type == Type::Tuple ? b.len : -1));
  return a.type == Type::Int && b.type == Type::Int ? of_type(Type::Int) : Static {};
}

// && and || evaluate the right side only when it matters.
Static Compiler::logic(const Expr& e, std::uint32_t dst) {
  const std::uint32_t mark = next_;
  const Expr &left = *e.children[0], &right = *e.children[1];
  const Operand a = operand(left);
  next_ = mark;
  const std::string what = fmt::format("a boolean beside `{}`", to_string(e.op));
  must_be(Type::Bool, a.known, left, what);
  emit(left.span, Op::Truth, dst, a.reg);
  const std::size_t jump = emit(left.span, e.op == BinaryOp::And ? Op::JumpIfFalse : Op::JumpIfTrue, 0, dst);
  const Operand b = operand(right);
  next_ = mark;
  must_be(Type::Bool, b.known, right, what);
  emit(right.span, Op::Truth, dst, b.reg);
  code_.instructions[jump].b = here();
  return of_type(Type::Bool);
}

Static Compiler::conditional(const Expr& e, std::uint32_t dst) {
  const std::uint32_t mark = next_;
  const Expr& condition = *e.children[0];
  const Operand c = operand(condition);
  next_ = mark;
  must_be(Type::Bool, c.known, condition, "a boolean before `?`");
  const std::size_t to_else = emit(condition.span, Op::JumpIfFalse, 0, c.reg);
  const Static yes = value(*e.children[1], dst);
  next_ = mark;
  const std::size_t to_end = emit(e.span, Op::Jump, 0);
  code_.instructions[to_else].b = here();
  const Static no = value(*e.children[2], dst);
  next_ = mark;
  code_.instructions[to_end].a = here();
  return join(yes, no);
}

Compiler::List Compiler::list(const std::vector<syntax::ExprPtr>& from, std::size_t begin, std::uint32_t first, bool stars_allowed) {
  List out;
  Masks masks;
  if (from.size() - begin > kMaxTuple) {
    const diag::Span span {from[begin]->span.begin, from.back()->span.end};
    report(diag::kTupleTooLong, span, fmt::format("a list of {} values", from.size() - begin), fmt::format("at most {} are possible", kMaxTuple));
    return out;
  }
  out.count = static_cast<std::uint32_t>(from.size() - begin);
  MW_CHECK(allocate(out.count) == first, "lists take the next free registers");
  for (std::uint32_t i = 0; i < out.count; ++i) {
    const std::uint32_t mark = next_;
    const Expr& e = *from[begin + i];
    Static known;
    if (e.kind == Expr::Kind::Unpack) {
      known = value(*e.children[0], first + i);
      must_be(Type::Tuple, known, *e.children[0], "a tuple to unpack");
      masks.unpack |= std::uint64_t {1} << i;
      out.unpacks = true;
    } else if (e.kind == Expr::Kind::Star && stars_allowed) {
      emit(e.span, Op::Constant, first + i, constant(Type::Int, 0));
      known = of_type(Type::Int);
      masks.star |= std::uint64_t {1} << i;
      out.stars = true;
    } else {
      known = value(e, first + i);
    }
    next_ = mark;
    out.known.push_back(known);
  }
  if (out.unpacks || out.stars) {
    code_.masks.push_back(masks);
    out.mask = static_cast<std::uint32_t>(code_.masks.size() - 1);
  }
  return out;
}

Static Compiler::tuple(const Expr& e, std::uint32_t dst) {
  const std::uint32_t mark = next_;
  const List elements = list(e.children, 0, mark, false);
  next_ = mark;
  emit(e.span, Op::Tuple, dst, mark, elements.mask, 0, elements.count);
  int len = 0;
  Type element = Type::Unknown;
  for (std::size_t i = 0; i < elements.known.size(); ++i) {
    const bool unpacked = e.children[i]->kind == Expr::Kind::Unpack;
    const Static& k = elements.known[i];
    len = len < 0 || (unpacked && k.len < 0) ? -1 : len + (unpacked ? k.len : 1);
    const Type t = unpacked ? k.element : k.type;
    element = i == 0 || t == element ? t : Type::Unknown;
  }
  return tuple_of(element, len);
}

Static Compiler::comprehension(const Expr& e, std::uint32_t dst) {
  const std::uint32_t mark = next_;
  const Expr& over = *e.children[1];
  const Operand source = operand(over);
  if (source.known.type != Type::Tuple && source.known.type != Type::Int && source.known.type != Type::Unknown) {
    wrong_type(over, source.known, "a tuple or an integer after `in`");
  }
  if (is_reserved(e.name)) report(diag::kReservedName, e.name_span, fmt::format("`{}` is a word of the language", e.name), "choose another name");
  const std::uint32_t loop = allocate(3), variable = allocate(), body = allocate();
  emit(over.span, Op::LoopBegin, loop, source.reg);
  const std::size_t next = emit(e.span, Op::LoopNext, 0, loop, variable);
  // The variable hides a local of its name inside of the comprehension.
  const auto shadowed = locals_.find(e.name);
  const std::optional<Local> before = shadowed == locals_.end() ? std::nullopt : std::optional(shadowed->second);
  locals_[e.name] = {variable, of_type(source.known.type == Type::Tuple ? source.known.element : source.known.type)};
  const Static element = value(*e.children[0], body);
  if (before) {
    locals_[e.name] = *before;
  } else {
    locals_.erase(e.name);
  }
  emit(e.children[0]->span, Op::LoopStore, 0, loop, body);
  emit(e.span, Op::Jump, 0, static_cast<std::uint32_t>(next));
  code_.instructions[next].site = here();
  emit(e.span, Op::LoopEnd, dst, loop);
  next_ = mark;
  const bool counted = source.known.type == Type::Int && source.known.value && *source.known.value >= 0 && *source.known.value <= kMaxTuple;
  return tuple_of(element.type, source.known.type == Type::Tuple ? source.known.len : counted ? static_cast<int>(*source.known.value) : -1);
}

}  // namespace mapwright::sema
