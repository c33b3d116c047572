// Any bytes are either a program or at least one error that can be rendered; what is a program writes itself to a text
// that reads back the same.
#include <cstddef>
#include <cstdint>
#include <string>

#include "program/program.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mapwright;
  diag::Sink sink;
  const auto source = diag::make_source("fuzz.json", std::string(reinterpret_cast<const char*>(data), size));
  const auto p = program::import_json(source, sink);
  MW_CHECK(p.has_value() != sink.has_errors());
  for (const diag::Diagnostic& d : sink.take_sorted()) {
    MW_CHECK(!diag::render_text(d).empty() && !diag::render_json(d).empty());
  }
  if (!p) return 0;
  const std::string text = program::export_json(*p);
  diag::Sink again;
  const auto q = program::import_json(diag::make_source("again.json", text), again);
  MW_CHECK(q && program::export_json(*q) == text && q->hash() == p->hash());
  return 0;
}
