// Executions survive the way through JSON.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/engine.h"

namespace mapwright::engine {
namespace {

Execution full(const diag::SourcePtr& mapper) {
  Execution e;
  e.engine = "sim";
  e.outcome = Outcome::WrongResult;
  e.seconds = 0.1;
  e.makespan = 1.0 / 3;
  e.metric = MetricValue {"throughput", "GFLOPS", 1e300, true};
  e.moved.total = (std::int64_t {1} << 62) + 1;
  e.moved.intra_node = 2;
  e.moved.inter_node = 3;
  e.moved.inside = 4;
  e.moved.folded = 5;
  e.moved.by_region = {{"points", 7}, {"ghost", 6}};
  e.moved.by_channel = {{"nic", 8}};
  e.memory_peak = {{"node0.FBMEM0", 10, 20}};
  e.processors = {{"node0.GPU1", ProcessorKind::Gpu, 0.25, 9}};
  TaskProfile t;
  t.task = "stencil";
  t.kind = ProcessorKind::Omp;
  t.points = 11;
  t.seconds = 1;
  t.compute_seconds = 2;
  t.overhead_seconds = 3;
  t.arguments = {{"private", MemoryKind::ZcMem, 0.5, 12}};
  e.profile.tasks = {t};
  e.profile.critical = {{CriticalShare::What::Fold, "stencil", "xp", 0.75, diag::Span {1, 5}},
                        {CriticalShare::What::Wait, "", "", 0.5, std::nullopt}};
  e.profile.channels = {{"pcie", 0.125, 13}};
  diag::Diagnostic d;
  d.code = 5007;
  d.severity = diag::Severity::Warning;
  d.message = "message";
  d.source = mapper;
  d.span = {2, 6};
  d.label = "label";
  d.labels = {{{3, 4}, "other"}};
  d.help = "help";
  d.fix = diag::Fix {{0, 1}, "fixed"};
  d.equivalent = "equivalent";
  e.diagnostics = {d};
  e.log = {"one", "two\n"};
  e.simulations = 14;
  return e;
}

TEST(ExecutionJson, RoundTrip) {
  const diag::SourcePtr mapper = diag::make_source("a.mapper", "Task * GPU;");
  const std::string text = to_json(full(mapper));
  const auto back = execution_from_json(text, mapper);
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), text);
  // Equal text could hide a field that is written nowhere, so look at the values too.
  EXPECT_EQ(back->outcome, Outcome::WrongResult);
  EXPECT_EQ(back->makespan, 1.0 / 3);
  EXPECT_EQ(back->metric->value, 1e300);
  EXPECT_TRUE(back->metric->higher_is_better);
  EXPECT_EQ(back->moved.total, (std::int64_t {1} << 62) + 1);
  EXPECT_EQ(back->moved.by_region.at(1).name, "ghost");
  EXPECT_EQ(back->memory_peak.at(0).capacity, 20);
  EXPECT_EQ(back->processors.at(0).kind, ProcessorKind::Gpu);
  EXPECT_EQ(back->profile.tasks.at(0).arguments.at(0).memory, MemoryKind::ZcMem);
  EXPECT_EQ(back->profile.critical.at(0).statement, (diag::Span {1, 5}));
  EXPECT_FALSE(back->profile.critical.at(1).statement);
  EXPECT_EQ(back->profile.channels.at(0).bytes, 13);
  EXPECT_EQ(back->diagnostics.at(0).source, mapper);
  EXPECT_EQ(back->diagnostics.at(0).fix->replacement, "fixed");
  EXPECT_EQ(back->simulations, 14);
}

TEST(ExecutionJson, ForgetsPlacesInOtherTexts) {
  const std::string text = to_json(full(diag::make_source("a.mapper", "Task * GPU;")));
  const auto back = execution_from_json(text, diag::make_source("b.mapper", ""));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->diagnostics.at(0).source, nullptr);
  EXPECT_TRUE(execution_from_json(text, nullptr));
}

TEST(ExecutionJson, KeepsAnyBytesReadable) {
  Execution e;
  e.log = {"caf\xe9 \xff"};
  e.seconds = std::numeric_limits<double>::infinity();
  const auto back = execution_from_json(to_json(e), nullptr);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->log.at(0), "caf\xef\xbf\xbd \xef\xbf\xbd");
  EXPECT_TRUE(std::isnan(back->seconds));
}

TEST(ExecutionJson, RefusesOtherTexts) {
  for (const char* text : {"", "{", "[]", "3", "{}", R"({"engine":"sim","outcome":"fine"})", R"({"error":3})"}) {
    const auto e = execution_from_json(text, nullptr);
    ASSERT_FALSE(e) << text;
    EXPECT_EQ(e.error().code, diag::kMalformedExecution) << text;
  }
  std::string wrong_kind = to_json(full(nullptr));
  const std::string kind = R"("what":3)";
  ASSERT_NE(wrong_kind.find(kind), std::string::npos);
  wrong_kind.replace(wrong_kind.find(kind), kind.size(), R"("what":99)");
  EXPECT_FALSE(execution_from_json(wrong_kind, nullptr));
}

}  // namespace
}  // namespace mapwright::engine
