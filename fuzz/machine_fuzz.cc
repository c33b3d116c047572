// Any bytes are either a machine or at least one error that can be rendered, never a crash.
#include <cstddef>
#include <cstdint>
#include <string>

#include "machine/machine.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mapwright;
  diag::Sink sink;
  const auto source = diag::make_source("fuzz.toml", std::string(reinterpret_cast<const char*>(data), size));
  // Few nodes, so that a text that is a machine costs little.
  const auto m = machine::read_machine(source, {.nodes = 2}, sink);
  MW_CHECK(m.has_value() != sink.has_errors());
  for (const diag::Diagnostic& d : sink.take_sorted()) {
    MW_CHECK(!diag::render_text(d).empty() && !diag::render_json(d).empty());
  }
  if (m && m->memories().size() > 1) {
    MW_CHECK(m->route(machine::MemoryId(std::size_t {0}), machine::MemoryId(m->memories().size() - 1)).bandwidth.value > 0);
  }
  return 0;
}
