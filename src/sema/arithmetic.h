// sema/arithmetic.h - integer operators that never wrap around.
#pragma once

#include <cstdint>
#include <limits>

#include "syntax/syntax.h"

namespace mapwright::sema {

// r = a op b for an arithmetic operator; false when it does not fit into 64 bits. The divisor is not 0. Division
// truncates toward zero, and the remainder has the sign of a.
inline bool compute(syntax::BinaryOp op, std::int64_t a, std::int64_t b, std::int64_t& r) {
  switch (op) {
    case syntax::BinaryOp::Add: return !__builtin_add_overflow(a, b, &r);
    case syntax::BinaryOp::Subtract: return !__builtin_sub_overflow(a, b, &r);
    case syntax::BinaryOp::Multiply: return !__builtin_mul_overflow(a, b, &r);
    case syntax::BinaryOp::Divide:
      if (a == std::numeric_limits<std::int64_t>::min() && b == -1) return false;
      r = a / b;
      return true;
    case syntax::BinaryOp::Remainder:
      r = b == -1 ? 0 : a % b;
      return true;
    default: return false;
  }
}

inline bool compare(syntax::BinaryOp op, std::int64_t a, std::int64_t b) {
  switch (op) {
    case syntax::BinaryOp::Equal: return a == b;
    case syntax::BinaryOp::NotEqual: return a != b;
    case syntax::BinaryOp::Less: return a < b;
    case syntax::BinaryOp::LessEqual: return a <= b;
    case syntax::BinaryOp::Greater: return a > b;
    case syntax::BinaryOp::GreaterEqual: return a >= b;
    default: return false;
  }
}

}  // namespace mapwright::sema
