// sema/trace.h - what is left of a placement function when everything but the launch point is known: straight-line
// integer arithmetic on the coordinates of the point, and the machine space that the results index.
// An interpreter records it by evaluating the function once with symbols in place of the point's coordinates; a function
// whose control flow, tuples' lengths or spaces depend on the point has none.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sema/arithmetic.h"
#include "sema/space.h"

namespace mapwright::sema {

struct Trace {
  struct Step {
    syntax::BinaryOp op = syntax::BinaryOp::Add;
    std::uint32_t a = 0, b = 0, result = 0;  // places in `values`
  };
  bool usable = false;
  std::vector<std::int64_t> values;  // the point, then constants and results as they came
  std::vector<Step> steps;
  std::int64_t points = 0;  // machine points made; the trace describes one that is the only one
  SpaceId space = 0;
  std::array<std::uint32_t, kMaxSpaceDims> coordinates {};  // places in `values`

  std::uint32_t constant(std::int64_t v) {
    values.push_back(v);
    return static_cast<std::uint32_t>(values.size() - 1);
  }
  std::uint32_t record(syntax::BinaryOp op, std::uint32_t a, std::uint32_t b) {
    const std::uint32_t result = constant(0);
    steps.push_back({op, a, b, result});
    return result;
  }

  // The processor of a point, as SpaceTable::locate gives it. False when a step fails or a coordinate is out of range:
  // the interpreter then says what is wrong.
  bool place(const Point& point, SpaceTable& spaces, std::uint64_t& out) {
    for (int d = 0; d < point.dim; ++d) values[static_cast<std::size_t>(d)] = point[d];
    for (const Step& s : steps) {
      const std::int64_t a = values[s.a], b = values[s.b];
      const bool divides = s.op == syntax::BinaryOp::Divide || s.op == syntax::BinaryOp::Remainder;
      if ((divides && b == 0) || !compute(s.op, a, b, values[s.result])) return false;
    }
    std::array<std::int64_t, kMaxSpaceDims> c;
    const Space& s = spaces[space];
    for (std::size_t d = 0; d < static_cast<std::size_t>(s.dims); ++d) {
      c[d] = values[coordinates[d]];
      if (c[d] < 0 || c[d] >= s.sizes[d]) return false;
    }
    out = spaces.locate(space, c.data());
    return true;
  }
};

}  // namespace mapwright::sema
