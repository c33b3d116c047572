// Speed of the language: placement per point and checking a mapper.
// Targets: 100 ns per point in the steady state, 5 us for the first point of a launch domain (two auto_splits), 1 ms to
// parse and check a mapper of 60 lines.
#include <benchmark/benchmark.h>

#include <string>

#include "sema/sema.h"

namespace {

using namespace mapwright;

// The expert map of the two-dimensional matrix products: split nodes and processors to match the domain, blocks over the
// nodes, cyclic inside.
const char* const kCannon = R"(
m_2d = Machine(GPU);
def block_primitive(IPoint x, ISpace y, MSpace z, int dim1, int dim2) { return x[dim1] * z.size[dim2] / y.size[dim1]; }
def cyclic_primitive(IPoint x, ISpace y, MSpace z, int dim1, int dim2) { return x[dim1] % z.size[dim2]; }
def auto2d(Task task) {
  m_3d = m_2d.auto_split(0, task.ispace);
  m_4d = m_3d.auto_split(2, task.ispace / m_3d[:-1]);
  upper = tuple(block_primitive(task.ipoint, task.ispace, m_4d, i, i) for i in (0, 1));
  lower = tuple(cyclic_primitive(task.ipoint, task.ispace, m_4d, i, i + 2) for i in (0, 1));
  return m_4d[*upper, *lower];
}
def linear(Task task) { return m_2d[task.ipoint[0] / m_2d.size[1] % m_2d.size[0], task.ipoint[0] % m_2d.size[1]]; }
IndexTaskMap * auto2d;
)";

sema::Mapper compiled(const std::string& text) {
  diag::Sink sink;
  sema::Mapper m = sema::compile(diag::make_source("bench.mapper", text), sink);
  if (sink.has_errors()) std::abort();
  return m;
}

sema::MachineShape four_nodes() {
  sema::MachineShape shape;
  shape.address_spaces = 4;
  shape.processors = {8, 4, 2, 0, 0, 0};
  return shape;
}

sema::FunctionId function_named(const sema::Mapper& m, std::string_view name) {
  for (std::size_t f = 0; f < m.function_count(); ++f) {
    if (m.function_name(sema::FunctionId(f)) == name) return sema::FunctionId(f);
  }
  std::abort();
}

sema::TaskContext launch(std::int64_t n) {
  sema::TaskContext t;
  t.name = "task_1";
  t.kind = ProcessorKind::Gpu;
  t.extents = {n, n};
  t.point = {0, 0};
  return t;
}

void next_point(sema::TaskContext& t) {
  if (++t.point[0] < t.extents[0]) return;
  t.point[0] = 0;
  if (++t.point[1] == t.extents[1]) t.point[1] = 0;
}

// Every point is remembered after its first evaluation: what plan and engines see when a launch repeats.
void place_steady(benchmark::State& state) {
  const sema::Mapper m = compiled(kCannon);
  sema::PlacementEvaluator e(m, four_nodes());
  const sema::FunctionId f = function_named(m, "auto2d");
  sema::TaskContext t = launch(64);
  for (auto _ : state) {
    benchmark::DoNotOptimize(e.place(f, t));
    next_point(t);
  }
}
BENCHMARK(place_steady);

// One evaluation per point: the first time that a launch domain is placed.
void place_all_per_point(benchmark::State& state, const char* name) {
  const sema::Mapper m = compiled(kCannon);
  constexpr std::int64_t kSide = 256;
  for (auto _ : state) {
    state.PauseTiming();
    sema::PlacementEvaluator e(m, four_nodes());
    state.ResumeTiming();
    benchmark::DoNotOptimize(e.place_all(function_named(m, name), launch(kSide)));
  }
  state.counters["per_point"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kSide * kSide, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK_CAPTURE(place_all_per_point, auto2d, "auto2d");
BENCHMARK_CAPTURE(place_all_per_point, linear, "linear");

// The first point of a launch domain that was not seen before: two factorisations, two new spaces, one evaluation.
void place_cold(benchmark::State& state) {
  const sema::Mapper m = compiled(kCannon);
  const sema::FunctionId f = function_named(m, "auto2d");
  std::int64_t n = 0;
  auto e = std::make_unique<sema::PlacementEvaluator>(m, four_nodes());
  for (auto _ : state) {
    if (++n % 10'000 == 0) {  // so that the memo of spaces does not fill up
      state.PauseTiming();
      e = std::make_unique<sema::PlacementEvaluator>(m, four_nodes());
      n = 1;
      state.ResumeTiming();
    }
    sema::TaskContext t = launch(16);
    t.extents = {16 + n % 100, 16 + n / 100};
    benchmark::DoNotOptimize(e->place(f, t));
  }
}
BENCHMARK(place_cold);

void factorise(benchmark::State& state) {
  sema::MachineShape shape = four_nodes();
  shape.address_spaces = state.range(0);
  const sema::Mapper m = compiled("m = Machine(GPU);\ndef f(Task t) { return m.auto_split(0, t.ispace)[0, 0, 0]; }\n");
  std::int64_t n = 0;
  auto e = std::make_unique<sema::PlacementEvaluator>(m, shape);
  for (auto _ : state) {
    if (++n % 10'000 == 0) {
      state.PauseTiming();
      e = std::make_unique<sema::PlacementEvaluator>(m, shape);
      n = 1;
      state.ResumeTiming();
    }
    sema::TaskContext t = launch(16);
    t.extents = {16 + n % 100, 16 + n / 100};
    benchmark::DoNotOptimize(e->place(sema::FunctionId(0), t));
  }
}
BENCHMARK(factorise)->Arg(4)->Arg(48)->Arg(1024)->Arg(5040);

// 60 lines: the declarations of a program with 15 tasks and the functions above.
void check_sixty_lines(benchmark::State& state) {
  std::string text = kCannon;
  for (int i = 0; i < 15; ++i) {
    const std::string t = "task_" + std::to_string(i);
    text += "Task " + t + " GPU,OMP,CPU;\nRegion " + t + " * GPU FBMEM,ZCMEM;\nLayout " + t + " * * SOA C_order Align == 128;\n";
  }
  const auto source = diag::make_source("bench.mapper", text);
  for (auto _ : state) {
    diag::Sink sink;
    benchmark::DoNotOptimize(sema::compile(source, sink));
  }
}
BENCHMARK(check_sixty_lines);

}  // namespace

