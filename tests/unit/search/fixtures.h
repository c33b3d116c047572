// Small programs, a machine and an engine that needs no plan, for tests of the search.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "search/search.h"

namespace mapwright::search::testing {

using program::Argument;
using program::Builder;
using program::Expr;
using program::Privilege;
using program::Program;
using program::Variant;

// Names of a program in a fixed order; `renamed` gives others of the same lengths.
struct Names {
  std::string prefix = "a";
  std::string operator()(const std::string& name) const { return prefix + "_" + name; }
};

inline Argument argument(std::string name, program::RegionId region, program::PartitionId partition, Privilege privilege,
                         std::vector<Expr> colors, std::vector<program::FieldIndex> fields) {
  Argument a;
  a.name = std::move(name);
  a.region = region;
  a.partition = partition;
  a.projection.colors = std::move(colors);
  a.privilege = privilege;
  a.fields = std::move(fields);
  return a;
}

inline Variant variant(ProcessorKind kind) {
  Variant v;
  v.kind = kind;
  v.flops = 1000;
  return v;
}

// Two tasks in a loop over eight blocks of a line: one writes, the other reads its neighbours through an aliased partition.
inline Program line_program(const Names& n = {}) {
  Builder b(n("line"));
  const auto cells = b.add_region(n("cells"), PointSet(Rect::of_extents({800})), {{n("x"), 8}, {n("y"), 8}});
  const std::int64_t counts[] = {8};
  const auto own = b.add_block_partition(n("own"), cells, counts);
  std::vector<PointSet> halo;
  for (std::int64_t i = 0; i < 8; ++i) {
    halo.emplace_back(Rect({std::max<std::int64_t>(i * 100 - 10, 0)}, {std::min<std::int64_t>(i * 100 + 109, 799)}));
  }
  const auto wide = b.add_partition(n("wide"), cells, Rect::of_extents({8}), halo);
  const auto step = b.add_task(n("step"), {variant(ProcessorKind::Cpu), variant(ProcessorKind::Gpu)});
  const auto check = b.add_task(n("check"), {variant(ProcessorKind::Cpu), variant(ProcessorKind::Gpu), variant(ProcessorKind::Omp)});
  const auto report = b.add_task(n("report"), {variant(ProcessorKind::Cpu)});
  b.begin_loop("t", 3);
  b.index_launch(step, Rect::of_extents({8}), {argument(n("own"), cells, own, Privilege::ReadWrite, {Expr::point(0)}, {0})});
  b.index_launch(check, Rect::of_extents({8}),
                 {argument(n("wide"), cells, wide, Privilege::Read, {Expr::point(0)}, {0}),
                  argument(n("own"), cells, own, Privilege::ReadWrite, {Expr::point(0)}, {1})});
  b.end_loop();
  b.single_launch(report, {argument(n("own"), cells, own, Privilege::Read, {Expr(0)}, {1})});
  return b.finish();
}

// Tiles placed by one launch and used by a nest: an inner task per node row, inside it one task per tile that launches
// the leaf. The leaf's GPU variant wants rows.
inline Program nest_program(const Names& n = {}) {
  Builder b(n("nest"));
  const auto matrix = b.add_region(n("matrix"), PointSet(Rect::of_extents({64, 64})), {{n("v"), 8}});
  const std::int64_t counts[] = {2, 2};
  const auto tiles = b.add_block_partition(n("tiles"), matrix, counts);
  Variant leaf_gpu = variant(ProcessorKind::Gpu);
  leaf_gpu.demands.push_back({std::nullopt, std::nullopt, DimOrder::C, ""});
  Variant inner_omp = variant(ProcessorKind::Omp), inner_gpu = variant(ProcessorKind::Gpu);
  inner_omp.inner = inner_gpu.inner = true;
  const auto place = b.add_task(n("place"), {variant(ProcessorKind::Cpu), variant(ProcessorKind::Gpu)});
  const auto outer = b.add_task(n("outer"), {inner_omp});
  const auto inner = b.add_task(n("inner"), {inner_gpu, inner_omp});
  const auto leaf = b.add_task(n("leaf"), {variant(ProcessorKind::Cpu), leaf_gpu});
  const std::vector<Expr> own {Expr::point(0), Expr::point(1)};
  b.index_launch(place, Rect::of_extents({2, 2}), {argument(n("t"), matrix, tiles, Privilege::WriteDiscard, own, {0})});
  Argument whole;
  whole.name = n("m");
  whole.region = matrix;
  whole.fields = {0};
  whole.privilege = Privilege::ReadWrite;
  b.index_launch(outer, Rect::of_extents({1, 1}), {whole});
  b.begin_body(outer);
  b.index_launch(inner, Rect::of_extents({2, 2}), {argument(n("t"), matrix, tiles, Privilege::ReadWrite, own, {0})});
  b.end_body();
  b.begin_body(inner);
  b.single_launch(leaf, {argument(n("t"), matrix, tiles, Privilege::ReadWrite, {Expr::ancestor(1, 0), Expr::ancestor(1, 1)}, {0})});
  b.end_body();
  return b.finish();
}

inline machine::Machine shipped(const std::string& name, std::int64_t nodes = 1) {
  diag::Sink sink;
  machine::Overrides overrides;
  overrides.nodes = nodes;
  auto m = machine::load_machine(name, overrides, sink);
  MW_CHECK(m.has_value(), "{}", name);
  return *m;
}

// Gives a value to a mapper text; thread-safe, counts its runs.
class FakeEngine final : public engine::Engine {
 public:
  using Cost = std::function<Expected<engine::Execution>(const std::string& mapper)>;
  FakeEngine() : cost_(by_hash) {}
  explicit FakeEngine(Cost cost) : cost_(std::move(cost)) {}

  Expected<engine::Execution> run(const engine::EvaluationRequest& request) override {
    ++runs;
    return cost_(std::string(request.mapper->text()));
  }
  std::string_view name() const override { return "fake"; }
  bool deterministic() const override { return true; }

  static engine::Execution ok(double seconds) {
    engine::Execution e;
    e.engine = "fake";
    e.seconds = seconds;
    e.metric = engine::MetricValue {"seconds", "s", seconds, false};
    e.simulations = 1;
    return e;
  }
  static engine::Execution bad(engine::Outcome outcome, std::string message) {
    engine::Execution e;
    e.engine = "fake";
    e.outcome = outcome;
    diag::Diagnostic d;
    d.code = diag::kLayoutRefused;
    d.message = std::move(message);
    e.diagnostics.push_back(std::move(d));
    return e;
  }
  // One text in seven is invalid, the others take 1 to 2 seconds.
  static Expected<engine::Execution> by_hash(const std::string& mapper) {
    const std::uint64_t h = Hasher().add(mapper).low();
    if (h % 7 == 0) return bad(engine::Outcome::InvalidMapping, "refused");
    return ok(1 + to_unit(mix64(h)));
  }

  std::atomic<int> runs {0};

 private:
  Cost cost_;
};

// Keeps what it is given.
class MemoryRecorder final : public Recorder {
 public:
  Expected<void> reference(const Evaluation& e) override {
    kept.reference = e;
    return {};
  }
  Expected<void> commit(std::span<const Evaluation> evaluations) override {
    if (fail_at >= 0 && static_cast<int>(kept.evaluations.size()) >= fail_at) return failure(7101, "disk full");
    kept.evaluations.insert(kept.evaluations.end(), evaluations.begin(), evaluations.end());
    return {};
  }
  Expected<void> finish(std::string_view by) override {
    stopped_by = std::string(by);
    return {};
  }
  Earlier kept;
  std::string stopped_by;
  int fail_at = -1;
};

// A history without wall times and executions, for comparing.
inline std::string flat(const std::vector<Evaluation>& history) {
  std::string out;
  for (const Evaluation& e : history) {
    out += fmt::format("{}|{}|{}|{}|{}|{}|{}\n{}\n", e.iteration, engine::to_string(e.outcome), e.value.value_or(-1),
                       e.candidate, e.reason, e.note, e.simulations, e.mapper);
  }
  return out;
}

}  // namespace mapwright::search::testing
