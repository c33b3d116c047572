// engine/executor/parity.h - whether Legion did what the plan says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace mapwright::engine::executor {

struct Parity {
  std::int64_t points = 0;               // point tasks that both have
  std::vector<std::string> differences;  // one line each; the first ones, then how many more
};

// Compares every point task - its processor, and of every argument the kind of memory and the layout - with a log of
// decisions (docs/formats/legion-log.md, the files of all processes one after the other) of an execution without tracing.
// Points of nested launches are compared as a whole, whatever their parents. `plan` must be unrolled. Error MW6107: no such
// log.
Expected<Parity> compare_decisions(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine, std::string_view log);

// One line for each sum of bytes - between memories, inside them, folded, of each region, of each pair of memory kinds - that
// the plan and Legion's profiling of the execution do not have in common.
std::vector<std::string> compare_bytes(const BytesMoved& plan, const BytesMoved& real);

}  // namespace mapwright::engine::executor
