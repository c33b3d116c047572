// Shared by the tests of sema: compile a text, evaluate an expression, place a point.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sema/sema.h"

namespace mapwright::sema {

inline Mapper compile_text(const std::string& text) {
  diag::Sink sink;
  Mapper m = compile(diag::make_source("test.mapper", text), sink);
  for (const diag::Diagnostic& d : sink.take_sorted()) {
    if (d.severity == diag::Severity::Error) ADD_FAILURE() << diag::render_text(d);
  }
  return m;
}

// The codes that a text is reported for, in order of position.
inline std::vector<int> codes_of(const std::string& text) {
  diag::Sink sink;
  compile(diag::make_source("test.mapper", text), sink);
  std::vector<int> codes;
  for (const diag::Diagnostic& d : sink.take_sorted(1000)) codes.push_back(d.code);
  return codes;
}

// Two nodes of 8 CPUs, 4 GPUs and 2 OMPs.
inline MachineShape two_nodes() {
  MachineShape shape;
  shape.machine_name = "two_nodes";
  shape.address_spaces = 2;
  shape.processors = {8, 4, 2, 0, 0, 0};
  return shape;
}

inline FunctionId function_named(const Mapper& m, std::string_view name) {
  for (std::size_t f = 0; f < m.function_count(); ++f) {
    if (m.function_name(FunctionId(f)) == name) return FunctionId(f);
  }
  ADD_FAILURE() << "no function " << name;
  return FunctionId(0);
}

inline TaskContext task_of(Point point = {}, Point extents = {}) {
  TaskContext t;
  t.name = "calc";
  t.kind = ProcessorKind::Gpu;
  t.point = point;
  t.extents = extents;
  return t;
}

// "1.3" for one processor, "1.0 1.2" for a set, "MW3201" for an error: what `return EXPRESSION;` with m = Machine(GPU)
// gives for a single task.
inline std::string placed(const std::string& expression, const MachineShape& shape = two_nodes()) {
  const Mapper m = compile_text(fmt::format("m = Machine(GPU);\ndef f(Task task) {{ return {}; }}\n", expression));
  PlacementEvaluator evaluator(m, shape);
  const auto where = evaluator.place(FunctionId(0), task_of());
  if (!where) return diag::code_name(where.error().code);
  std::string out;
  for (const MachinePoint& p : *where) out += fmt::format("{}{}.{}", out.empty() ? "" : " ", p.space, p.index);
  return out;
}

// What print("{}", EXPRESSION) prints, or the code of the error; `task` is a task at point (1, 2) of (3, 4).
inline std::string value_of(const std::string& expression, const std::string& before = "") {
  const Mapper m = compile_text(fmt::format("m = Machine(GPU);\n{}\ndef f(Task task) {{ print(\"{{}}\", {}); return m[0, 0]; }}\n", before, expression));
  PlacementEvaluator evaluator(m, two_nodes());
  const auto where = evaluator.place(function_named(m, "f"), task_of({1, 2}, {3, 4}));
  if (!where) return diag::code_name(where.error().code);
  return evaluator.printed().empty() ? "" : evaluator.printed().front();
}

}  // namespace mapwright::sema
