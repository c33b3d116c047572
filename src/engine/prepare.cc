#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/engine.h"

namespace mapwright::engine {

namespace {

// Errors first, then warnings, each in the order of the text.
std::vector<diag::Diagnostic> errors_first(std::vector<diag::Diagnostic> all) {
  std::stable_partition(all.begin(), all.end(),
                        [](const diag::Diagnostic& d) { return d.severity == diag::Severity::Error; });
  return all;
}

Execution failed(std::string_view engine, Outcome outcome, std::vector<diag::Diagnostic> diagnostics) {
  Execution e;
  e.engine = std::string(engine);
  e.outcome = outcome;
  e.diagnostics = errors_first(std::move(diagnostics));
  return e;
}

void sort_descending(std::vector<NamedBytes>& rows) {
  std::erase_if(rows, [](const NamedBytes& r) { return r.bytes == 0; });
  std::sort(rows.begin(), rows.end(), [](const NamedBytes& a, const NamedBytes& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.name < b.name;
  });
}

BytesMoved bytes_moved(const plan::Traffic& t, const program::Program& program) {
  BytesMoved m;
  m.total = t.total.between;
  m.intra_node = t.total.intra_node;
  m.inter_node = t.total.inter_node;
  m.inside = t.total.inside;
  m.folded = t.total.folded;
  for (std::size_t i = 0; i < t.by_region.size(); ++i) {
    m.by_region.push_back({program.regions[i].name, t.by_region[i].between});
  }
  for (const plan::Traffic::Pair& p : t.by_pair) {
    m.by_channel.push_back({fmt::format("{} to {} {}", to_string(p.from), to_string(p.to),
                                        p.inter_node ? "between nodes" : "inside nodes"),
                            p.row.between});
  }
  sort_descending(m.by_region);
  sort_descending(m.by_channel);
  return m;
}

}  // namespace

tl::expected<Prepared, Execution> prepare(const EvaluationRequest& request, std::string_view engine,
                                          plan::Options options) {
  MW_CHECK(request.program && request.machine, "a request names a program and a machine");
  diag::Sink sink;
  sema::Mapper mapper = request.mapper ? sema::compile(request.mapper, sink) : sema::Mapper();
  if (sink.has_errors()) return tl::unexpected(failed(engine, Outcome::CompileError, sink.take_sorted()));

  std::optional<plan::Decisions> decisions = plan::decide(mapper, *request.program, *request.machine, sink);
  if (!decisions) return tl::unexpected(failed(engine, Outcome::InvalidMapping, sink.take_sorted()));
  std::vector<std::string> printed = decisions->printed;

  auto plan = plan::make_plan(std::make_shared<const plan::Decisions>(*std::move(decisions)), *request.program,
                              *request.machine, options);
  std::vector<diag::Diagnostic> warnings = sink.take_sorted();
  if (!plan) {
    plan::Verdict& verdict = plan.error();
    const Outcome outcome =
        verdict.kind == plan::Verdict::Kind::OutOfMemory ? Outcome::OutOfMemory : Outcome::InvalidMapping;
    std::vector<diag::Diagnostic> diagnostics = std::move(verdict.diagnostics);
    diagnostics.insert(diagnostics.end(), warnings.begin(), warnings.end());
    Execution e = failed(engine, outcome, std::move(diagnostics));
    e.log = std::move(printed);
    return tl::unexpected(std::move(e));
  }
  return Prepared {std::move(mapper), *std::move(plan), std::move(warnings)};
}

void describe_plan(const Prepared& prepared, const EvaluationRequest& request, Execution& out) {
  const machine::Machine& machine = *request.machine;
  out.moved = bytes_moved(plan::traffic(prepared.plan, *request.program, machine), *request.program);
  for (const plan::MemoryPeak& p : prepared.plan.peaks) {
    out.memory_peak.push_back({machine.memory_name(p.memory), p.bytes, machine[p.memory].capacity.value});
  }
  out.log = prepared.plan.decisions->printed;
  out.diagnostics.insert(out.diagnostics.end(), prepared.warnings.begin(), prepared.warnings.end());
}

}  // namespace mapwright::engine
