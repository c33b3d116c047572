#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guide/guide.h"

namespace mapwright::guide {
namespace {

using engine::Execution;
using engine::Outcome;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Execution failed(Outcome outcome, std::vector<std::string> log) {
  Execution e;
  e.engine = "command";
  e.outcome = outcome;
  e.log = std::move(log);
  return e;
}

diag::Diagnostic out_of_range() {
  diag::Diagnostic d;
  d.code = diag::kCoordinateOutOfRange;
  d.message = "coordinate 0 of `m` is 4 at launch point (4), but its size is 4";
  d.source = diag::make_source("a.mapper", "def f(Task t) {\n  return m[t.ipoint[0], 0];\n}\n");
  d.span = {25, 42};
  d.help = "write `t.ipoint[0] % m.size[0]`";
  d.equivalent = "Slice processor index out of bound";
  return d;
}

// The nine messages of the published system, each with what must be said.
struct Published {
  Outcome outcome;
  const char* message;
  const char* explain;
  const char* suggest;
};
void PrintTo(const Published& p, std::ostream* out) { *out << p.message; }  // else tests are named after addresses

class PublishedMessages : public testing::TestWithParam<Published> {};

TEST_P(PublishedMessages, HaveTheirRule) {
  const Published& p = GetParam();
  const Feedback feedback = give_feedback(failed(p.outcome, {"before", p.message, "after"}), {});
  EXPECT_THAT(feedback.system, HasSubstr(p.message));
  EXPECT_THAT(feedback.explain, HasSubstr(p.explain));
  EXPECT_THAT(feedback.suggest, HasSubstr(p.suggest));
  EXPECT_TRUE(feedback.explained);
}

INSTANTIATE_TEST_SUITE_P(
    All, PublishedMessages,
    testing::Values(Published {Outcome::CompileError, "Compile Error: syntax error, unexpected ':', expecting '{'", "", "no colon"},
                    Published {Outcome::CompileError, "Compile Error: IndexTaskMap's function undefined", "", "Define the function above"},
                    Published {Outcome::CompileError, "Compile Error: mgpu not found", "", "mgpu = Machine(GPU);"},
                    Published {Outcome::ExecutionError, "Assertion failed: stride does not match expected value.", "memory layout", "Change the layout"},
                    Published {Outcome::ExecutionError, "DGEMM parameter number 8 had an illegal value", "memory layout", "another kind of processor"},
                    Published {Outcome::ExecutionError, "Slice processor index out of bound", "IndexTaskMap", "% m.size[0]"},
                    Published {Outcome::ExecutionError, "Assertion `event.exists()' failed", "InstanceLimit", "raise its number"},
                    Published {Outcome::Ok, "Execution time is 0.52s", "", "more tasks to the GPU"},
                    Published {Outcome::Ok, "Achieved throughput = 4877 GFLOPS", "", "index maps"}));

TEST(Feedback, RulesLookOnlyAtTheirClass) {
  // A compile rule says nothing about an execution that failed, and the other way round.
  EXPECT_THAT(give_feedback(failed(Outcome::ExecutionError, {"mgpu not found"}), {}).suggest, Not(HasSubstr("Machine(GPU)")));
  EXPECT_THAT(give_feedback(failed(Outcome::Ok, {"event.exists()"}), {}).suggest, IsEmpty());
}

TEST(Feedback, UnknownMessageIsPassedOnWhole) {
  const Feedback feedback = give_feedback(failed(Outcome::ExecutionError, {"floating point exception", "at 0x1"}), {});
  EXPECT_EQ(feedback.system, "floating point exception\nat 0x1");
  EXPECT_FALSE(feedback.explained);
  EXPECT_THAT(feedback.explain, HasSubstr("No rule knows"));
  EXPECT_THAT(feedback.suggest, IsEmpty());
}

TEST(Feedback, OwnDiagnosticsSpeakFirstAndRulesSeeTheirEquivalent) {
  Execution e = failed(Outcome::InvalidMapping, {});
  e.diagnostics = {out_of_range()};
  const Feedback feedback = give_feedback(e, {});
  EXPECT_EQ(feedback.system.find("a.mapper:2:"), 0u);
  EXPECT_THAT(feedback.system, HasSubstr("Slice processor index out of bound"));
  EXPECT_EQ(feedback.explain.find("line 2: coordinate 0 of `m` is 4"), 0u);
  EXPECT_EQ(feedback.suggest.find("write `t.ipoint[0] % m.size[0]`"), 0u);
  EXPECT_THAT(feedback.suggest, HasSubstr("End the first coordinate"));  // the rule on the equivalent, after our own
}

TEST(Feedback, OutcomesOfOursHaveRules) {
  EXPECT_THAT(give_feedback(failed(Outcome::OutOfMemory, {}), {}).suggest, HasSubstr("second memory"));
  EXPECT_THAT(give_feedback(failed(Outcome::Timeout, {}), {}).explain, HasSubstr("time limit"));
  EXPECT_THAT(give_feedback(failed(Outcome::Crashed, {}), {}).explain, HasSubstr("signal"));
  EXPECT_THAT(give_feedback(failed(Outcome::Unsupported, {}), {}).suggest, HasSubstr("--emulate-gpu"));
}

TEST(Feedback, FindingsOfOursHaveRules) {
  Execution e = failed(Outcome::InvalidMapping, {});
  e.diagnostics = {diag::Diagnostic {}};
  for (const auto& [code, words] : std::vector<std::pair<int, const char*>> {{diag::kNoFittingKind, "last resort"},
                                                                             {diag::kMemoryNotAddressable, "FBMEM or ZCMEM"},
                                                                             {diag::kLayoutRefused, "demand then decides"},
                                                                             {diag::kKindNotOnMachine, "kind that the machine has"}}) {
    e.diagnostics[0].code = code;
    EXPECT_THAT(give_feedback(e, {}).suggest, HasSubstr(words));
  }
  // Warnings of a good run of ours: the rule speaks, fixed advice on the metric does not.
  Execution good;
  good.seconds = 1;
  good.processors = {{"node0.GPU0", ProcessorKind::Gpu, 1, 1}};
  good.diagnostics = {diag::Diagnostic {}};
  good.diagnostics[0].code = diag::kIdleProcessors;
  good.diagnostics[0].severity = diag::Severity::Warning;
  EXPECT_THAT(give_feedback(good, {}).suggest, HasSubstr("spread them"));
  EXPECT_THAT(give_feedback(good, {}).suggest, Not(HasSubstr("more tasks to the GPU")));
}

TEST(Feedback, LegionMessagesFillTheirSlots) {
  const Feedback feedback = give_feedback(
      failed(Outcome::Crashed,
             {"[0 - 7f] 0.1 {5}{default_mapper}: Default mapper failed allocation of size 16777216 bytes for region  requirement 1 of task "
              "work (UID 38) in memory 1e00000000000000 (SYSTEM_MEM) for processor 1d00000000000001 (LOC_PROC). This means the working set"}),
      {});
  EXPECT_THAT(feedback.explain, HasSubstr("Argument 1 of task `work` needs 16777216 bytes that SYSTEM_MEM does not have"));
}

TEST(Feedback, LevelsContainThoseBefore) {
  Feedback f;
  f.system = "s";
  f.explain = "e";
  f.suggest = "u";
  f.profile = "p";
  EXPECT_EQ(f.text(Level::System), "Output:\ns");
  EXPECT_EQ(f.text(Level::Explain), "Output:\ns\n\nExplanation:\ne");
  EXPECT_EQ(f.text(Level::Profile), "Output:\ns\n\nExplanation:\ne\n\nSuggestion:\nu\n\nProfile:\np");
  for (const Level l : {Level::System, Level::Explain, Level::Suggest, Level::Profile}) EXPECT_EQ(level(to_string(l)), l);
  EXPECT_FALSE(level("everything"));
}

TEST(Feedback, ProfileNamesStatements) {
  Execution e;
  e.outcome = Outcome::Ok;
  e.seconds = 0.008;
  e.makespan = 0.01;
  e.metric = engine::MetricValue {"throughput", "GFLOPS", 12.5, true};
  e.profile.critical = {{engine::CriticalShare::What::Memory, "calc", "ghost", 0.006, diag::Span {0, 31}},
                        {engine::CriticalShare::What::Compute, "calc", "", 0.002, std::nullopt}};
  e.processors = {{"node0.GPU0", ProcessorKind::Gpu, 0.008, 4}};
  e.moved.total = 3'000'000;
  e.moved.inter_node = 1'000'000;
  e.moved.intra_node = 2'000'000;
  e.moved.by_region = {{"nodes", 3'000'000}};
  e.memory_peak = {{"node0.FBMEM0", 4'000'000'000, 16'000'000'000}};
  const Context context {nullptr, nullptr, diag::make_source("a.mapper", "Region * ghost GPU ZCMEM,FBMEM;\n")};
  const Feedback feedback = give_feedback(e, context);
  // 6 of 8 ms.
  EXPECT_THAT(feedback.explain, HasSubstr("75 % of the critical path is memory traffic of `ghost` in `calc` (line 1: `Region * ghost GPU ZCMEM,FBMEM;`)"));
  EXPECT_THAT(feedback.system, HasSubstr("Execution time is 0.008s."));
  EXPECT_THAT(feedback.system, HasSubstr("Achieved throughput = 12.5 GFLOPS"));
  EXPECT_THAT(feedback.profile, HasSubstr("25 %   2.00 ms  arithmetic in `calc` (default policy)"));
  EXPECT_THAT(feedback.profile, HasSubstr("3.00 MB (2.00 MB inside nodes, 1.00 MB between nodes)"));
  EXPECT_THAT(feedback.profile, HasSubstr("node0.FBMEM0 4.00 GB of 16.0 GB (25 %)"));
}

}  // namespace
}  // namespace mapwright::guide
