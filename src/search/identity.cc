#include "diag/diag.h"
#include "plan/plan.h"
#include "search/search.h"
#include "sema/sema.h"
#include "syntax/syntax.h"

namespace mapwright::search {

namespace {

// Formatting hides differences of white space; a text that does not parse stands for itself.
std::string text_identity(const diag::SourcePtr& source) {
  diag::Sink sink;
  const syntax::Program tree = syntax::parse(source, sink);
  return "text-" + Hasher().add(sink.has_errors() ? std::string(source->text()) : syntax::format(tree)).hex();
}

}  // namespace

std::string candidate_identity(const std::string& mapper, const program::Program& program,
                               const machine::Machine& machine, bool decisions) {
  const diag::SourcePtr source = diag::make_source("candidate", mapper);
  if (!decisions) return text_identity(source);
  diag::Sink sink;
  const sema::Mapper compiled = sema::compile(source, sink);
  if (sink.has_errors()) return text_identity(source);
  const std::optional<plan::Decisions> decided = plan::decide(compiled, program, machine, sink);
  return decided ? decided->canonical_hash() : text_identity(source);
}

}  // namespace mapwright::search
