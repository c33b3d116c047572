// Messages that Legion 25.06 printed for mappers that were wrong on purpose, and what the guide makes of them. Identifiers,
// threads, files and lines are as they came; rules must not depend on them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guide/guide.h"

namespace mapwright::guide {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using engine::Outcome;

constexpr const char* kFrom = " (from file /build/legion/runtime/legion/legion_tasks.cc:8231)";

std::string legion_error(std::string_view text) { return fmt::format("[0 - 7f3c11fff6c0]    0.431877 {{5}}{{runtime}}: LEGION ERROR: {}{}", text, kFrom); }
std::string from_call(std::string_view call, std::string_view text) {
  return legion_error(fmt::format("Invalid mapper output from invocation of '{}' on mapper probe. {}", call, text));
}

engine::Execution ended(Outcome outcome, std::string line) {
  engine::Execution e;
  e.outcome = outcome;
  e.log = {std::move(line)};
  return e;
}

struct Case {
  std::string line;
  const char* explain;
  const char* suggest;
};

class LegionMessages : public ::testing::TestWithParam<Case> {};

TEST_P(LegionMessages, AreExplained) {
  const Feedback f = give_feedback(ended(Outcome::Crashed, GetParam().line), {});
  EXPECT_TRUE(f.explained);
  EXPECT_THAT(f.system, HasSubstr(GetParam().line)) << "the raw text stays";
  EXPECT_THAT(f.explain, HasSubstr(GetParam().explain));
  EXPECT_THAT(f.suggest, HasSubstr(GetParam().suggest));
  EXPECT_THAT(f.explain + f.suggest, Not(HasSubstr("{"))) << "every slot is filled";
}

INSTANTIATE_TEST_SUITE_P(Recorded, LegionMessages, ::testing::Values(
    // Slices.
    Case {from_call("slice_task", "Mapper returned no slices that contained some point(s) for task init (ID 5)"), "left out points of task `init`", "cover the whole domain"},
    Case {from_call("slice_task", "Mapper returned multilple slices that contained the same point for task init (ID 5)"), "one point of task `init` to several", "disjoint"},
    Case {legion_error("Duplicate future set! This can be either a runtime bug or a user error. If you have a must epoch launch in this program"), "ran more than once", "safe_mapper"},
    Case {from_call("slice_task", "Mapper returned a slice for task init (ID 5) with an invalid processor 0."), "`init` was sent to a processor that does not exist", "m.size[0]"},
    Case {legion_error("Invalid mapper output from invocation of 'slice_task' call on mapper probe. Mapper failed to specify an slices for task init (ID 5)."), "no processor to any point of task `init`", "IndexTaskMap"},
    // Variants.
    Case {from_call("map_task", "Mapper failed to specify a valid task variant or generator capable of create a variant implementation of task init (ID 30)."), "`init` that was never registered", "Task init GPU,OMP,CPU;"},
    Case {from_call("map_task", "Mapper specified an invalid task variant of ID 0 for task init (ID 30), but Legion does not yet support task generators."), "no variant of task `init`", "Task init GPU,OMP,CPU;"},
    Case {legion_error("Invalid mapper output. Mapper probe selected variant 2 for task init (ID 30). However, this variant does not permit running on processors of kind UTIL_PROC."), "kind UTIL_PROC", "variant for"},
    Case {"[0 - 7f]    0.4 {6}{taskreg}: task 10 not registered on 1d00000000000000", "kind that it has no variant for", "`Task` statement"},
    Case {"[0 - 7f]    0.4 {5}{default_mapper}: Failed to find any valid variants for task work on the current machine. All variants (OMP_PROC ) for this task are for processor kinds which are not present on this machine.", "Task `work` has no variant", "Task work GPU,OMP,CPU;"},
    Case {from_call("replicate_task", "Mapper failed to pick an valid task variant 1 for task top (UID 2) that was chosen to be replicated. Task variants selected for replication must be marked as replicable variants."), "`top` is to be control-replicated", "ControlReplicate top;"},
    // Memories and layouts.
    Case {from_call("map_task", "Mapper failed to specify an instance for 2 fields of region requirement 0 on task init (ID 30). The missing fields are listed below."), "argument 0 of task `init`", "`Region` statement"},
    Case {"[0 - 7f]    0.4 {5}{default_mapper}: Default mapper failed allocation of size 16777216 bytes for region  requirement 1 of task work (UID 38) in memory 1e00000000000000 (SYSTEM_MEM) for processor 1d00000000000001 (LOC_PROC). This means the working set", "needs 16777216 bytes that SYSTEM_MEM does not have", "Region work 1 * SYSMEM;"},
    Case {legion_error("Unable to create Realm AffineAccessor for field 10 of instance 4000000000800005 in task work"), "Task `work` cannot read an instance directly", "SYSMEM for CPU"},
    Case {from_call("map_task", "Mapper selected an instance for region requirement 0 in memory 1e00000000000002 which is not visible from the target processors for task work (ID 50)."), "cannot address a memory", "FBMEM or ZCMEM"},
    Case {legion_error("Invalid mapper output. Mapper probe selected variant 3 for task work (ID 38). But instance selected for region requirement 0 fails to satisfy the corresponding Ordering layout constraint."), "not the one that the task's variant demands", "`Layout` statement"},
    Case {legion_error("Illegal implicit mapping of a virtual mapped region in task update_voltages (UID 90)"), "`update_voltages` computes on an argument", "VIRTUAL"},
    Case {legion_error("Mapper mapwright performed illegal mapping of concurrent index space task concurrent_task (UID 8) by mapping multiple points to the same processor 1d00000000000001. All point tasks must be mapped to different processors for concurrent execution of index space tasks."), "points of task `concurrent_task` must run at the same time", "IndexTaskMap of `concurrent_task`"},
    // Shards.
    Case {legion_error("Illegal output shard 9 from sharding functor 1073741824. Shards for this index space launch must be between 0 and 4 (exclusive)."), "node 9, which does not exist", "m.size[0]"},
    Case {legion_error("Unable to find registered sharding functor ID 7777."), "not registered on every node", "same mapper file"},
    // The program, the launcher, and what stopped the run before Legion did.
    Case {legion_error("Inconsistent Semantic Tag value for tag 0 with different sizes of 9 and 5 for task impl"), "variants of one task under different names", "same name"},
    Case {"There are not enough slots available in the system to satisfy the 2 slots", "more processes", "--oversubscribe"},
    Case {"mpirun has detected an attempt to run as root.", "root", "--allow-run-as-root"},
    Case {"error[MW5007]: argument 0 (`cells`) of task `fill` fits in no memory: RDMEM: needs 1.05 MB", "argument 0 (`cells`) of task `fill` fits in no memory", "mapwright explain MW5007"}));

TEST(LegionMessages, RunsThatEndWithoutAWord) {
  EXPECT_THAT(give_feedback(ended(Outcome::Crashed, "the Legion program: ended by SIGSEGV (Segmentation fault)"), {}).suggest, HasSubstr("REALM_BACKTRACE=1"));
  EXPECT_THAT(give_feedback(ended(Outcome::Crashed, "the Legion program: ended by SIGABRT (Aborted)"), {}).suggest, HasSubstr("-logfile stderr"));
  EXPECT_THAT(give_feedback(ended(Outcome::Timeout, "the Legion program did not end within 10 s"), {}).explain, HasSubstr("waits for ever"));
  EXPECT_THAT(give_feedback(ended(Outcome::Timeout, "the execution did not end within 10 s"), {}).explain, Not(HasSubstr("Legion")));
}

// What `run --engine command` gets from a program under `mapwright legion exec`.
TEST(LegionMessages, ErrorsOfTheMapperInTheProgramSpeakForThemselves) {
  engine::Execution e = ended(Outcome::ExecutionError,
                              "[0 - 7f8384ae7c40]    0.000069 {4}{threads}: reservation ('dedicated worker (generic) #2') cannot be satisfied\n"
                              "error[MW5001]: task `sum` can run on none of the kinds that the mapper gives it\n"
                              " --> /tmp/mapwright-IfCK3D.mapper:3:1\n  |\n3 | Task sum GPU;\n  | ^^^^^^^^^^^^^\n"
                              "  = help: it has variants for CPU (available on this machine)\n");
  e.diagnostics.emplace_back();
  e.diagnostics.back().code = diag::kCommandFailed;
  e.diagnostics.back().message = "the command ended with exit status 1";
  const Feedback f = give_feedback(e, {});
  EXPECT_EQ(f.explain, "the command ended with exit status 1\nline 3: task `sum` can run on none of the kinds that the mapper gives it");
  EXPECT_EQ(f.suggest, "it has variants for CPU (available on this machine)\n`mapwright explain MW5001` says more.");
  EXPECT_THAT(f.system, Not(HasSubstr("reservation"))) << "more processors than cores is no mistake";
}

TEST(LegionMessages, ACrashIsExplainedByTheMessageBeforeIt) {
  const engine::Execution e = ended(Outcome::Crashed,
                                    "the command was ended by SIGABRT\n"
                                    "[0 - 7f07025ecc40]    0.232170 {5}{default_mapper}: Failed to find any valid variants for task axpy (cpu) on the current machine. All variants (LOC_PROC ) "
                                    "for this task are for processor kinds which are not present on this machine.\n"
                                    "[vm:00553] *** Process received signal ***\n"
                                    "[vm:00553] [ 1] /lib/x86_64-linux-gnu/libc.so.6(+0x8aeec)[0x7f0704aa8eec]\n"
                                    "[vm:00553] [ 7] /usr/local/lib/liblegion.so.1(+0x493ff4)[0x7f0705e93ff4]\n");
  const Feedback f = give_feedback(e, {});
  EXPECT_EQ(f.explain, "Task `axpy (cpu)` has no variant for the kinds of processors that this machine has.");
  EXPECT_THAT(f.suggest, HasSubstr("`Task \"axpy (cpu)\" GPU,OMP,CPU;`"));
  EXPECT_THAT(f.system, Not(HasSubstr("libc.so")));
}

TEST(LegionMessages, UnknownErrorsOfLegionAreNamed) {
  const Feedback f = give_feedback(ended(Outcome::Crashed, "ended by SIGABRT\n" + legion_error("Something new.")), {});
  EXPECT_THAT(f.explain, HasSubstr("Legion stopped the program: Something new."));
}

TEST(LegionMessages, NoProcessorNamedIsNoError) {
  engine::Execution e = ended(Outcome::Ok, "[0 - 7f] LEGION WARNING: Empty output target_procs from call to 'map_task' by mapper probe for task check (ID 9). Adding the 'target_proc' 1d00000000000001 as the default.");
  EXPECT_THAT(give_feedback(e, {}).suggest, HasSubstr("named no processor for `check`"));
}

}  // namespace
}  // namespace mapwright::guide
