// Any bytes are either a mapper or at least one error that can be rendered, never a crash, a hang or unbounded memory.
// A mapper formats to a text that compiles and formats to itself, and every placement function ends on every machine.
#include <cstddef>
#include <cstdint>
#include <string>

#include "sema/sema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mapwright;
  const auto source = diag::make_source("fuzz.mapper", std::string(reinterpret_cast<const char*>(data), size));
  diag::Sink sink;
  const sema::Mapper mapper = sema::compile(source, sink);
  for (const diag::Diagnostic& d : sink.take_sorted()) {
    MW_CHECK(!diag::render_text(d).empty() && !diag::render_json(d).empty());
  }
  if (sink.has_errors()) return 0;
  diag::Sink again;
  const std::string formatted = syntax::format(syntax::parse(source, again));
  const auto reread = diag::make_source("formatted.mapper", formatted);
  diag::Sink second;
  sema::compile(reread, second);
  MW_CHECK(!second.has_errors(), "{}", formatted);
  MW_CHECK(syntax::format(syntax::parse(reread, second)) == formatted, "{}", formatted);
  sema::MachineShape shape;
  shape.address_spaces = 2;
  shape.processors = {4, 4, 2, 0, 0, 0};
  sema::PlacementEvaluator evaluator(mapper, shape);
  sema::TaskContext parent;
  parent.name = "parent";
  parent.processor = sema::MachinePoint {ProcessorKind::Gpu, 1, 2};
  sema::TaskContext task;
  task.name = "task";
  task.kind = ProcessorKind::Gpu;
  task.extents = Point {3, 2};
  task.point = Point {2, 1};
  task.parent = &parent;
  for (std::size_t f = 0; f < mapper.function_count(); ++f) {
    if (const auto placed = evaluator.place(sema::FunctionId(f), task); !placed) MW_CHECK(!placed.error().message.empty());
  }
  return 0;
}
