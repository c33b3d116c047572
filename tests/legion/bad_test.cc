// What is wrong is told in our words, with the line of the mapper file, before Legion hangs or aborts over it.
#include <gmock/gmock.h>

#include "base/base.h"
#include "probe_run.h"

namespace mapwright::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// The run ends with status 1 and says all of `texts`.
void expect_refused(const ProbeRun& run, const std::vector<std::string>& texts) {
  const ProbeResult r = run_probe(run);
  EXPECT_EQ(r.child.exit_status, 1) << r.all();
  EXPECT_EQ(r.child.signal, 0) << r.all();
  EXPECT_FALSE(r.child.timed_out);
  for (const std::string& text : texts) EXPECT_THAT(r.child.err, HasSubstr(text)) << r.child.out;
  EXPECT_THAT(r.child.err, Not(HasSubstr("LEGION ERROR")));
}

ProbeRun with(std::string mapper, std::vector<std::string> arguments = {}) {
  ProbeRun run;
  run.mapper = std::move(mapper);
  run.arguments = std::move(arguments);
  return run;
}

TEST(Bad, MissingFile) {
  ProbeRun run;
  run.mapper.reset();
  run.arguments = {"-mapwright:mapper", "/nowhere/none.mapper"};
  expect_refused(run, {"error[MW6001]", "/nowhere/none.mapper"});
}

TEST(Bad, UnknownOption) {
  ProbeRun run;
  run.mapper.reset();
  run.arguments = {"-mapwright:maper", "x"};
  expect_refused(run, {"error[MW6301]", "did you mean `-mapwright:mapper`?"});
}

TEST(Bad, MistakeInTheFile) {
  const ProbeRun run = with("Task * CPU;\nTask work CPUS;\n");
  expect_refused(run, {"error[MW", ":2:11"});
  EXPECT_TRUE(run_probe(run).tasks.empty()) << "nothing may run";
}

TEST(Bad, UnwritableLog) {
  ProbeRun run;
  run.mapper.reset();
  run.arguments = {"-mapwright:log", "/nowhere/log"};
  expect_refused(run, {"error[MW6003]"});
}

TEST(Bad, KindThatTheMachineLacks) {
  expect_refused(with("Task work GPU;\n"), {"error[MW5001]", ":1:", "`work` can run on none of the kinds", "CPU (available on this machine)"});
}

TEST(Bad, MapOutOfRange) {
  expect_refused(with("m = Machine(CPU);\ndef f(Task t) { return m[0, t.ipoint[0]]; }\nIndexTaskMap work f;\n"), {"error[MW32", ":2:", "work"});
}

TEST(Bad, MapOfAnotherKind) {
  expect_refused(with("Task work CPU;\nm = Machine(OMP);\ndef f(Task t) { return m[0, 0]; }\nIndexTaskMap work f;\n", {"-ll:ocpu", "1", "-ll:othr", "1"}),
                 {"error[MW5002]", ":4:"});
}

TEST(Bad, MemoryThatTheProcessorCannotAddress) {
  expect_refused(with("Region work ghosts CPU FBMEM;\n"), {"error[MW5004]", ":1:", "`ghosts`", "a CPU can address SYSMEM"});
}

TEST(Bad, MemoryTooSmall) {
  // Blocks of 2 MiB (256 x 256 cells of two fields would be 1 MiB; the memory has 1 MiB for all sixteen).
  expect_refused(with("Region fill cells CPU RDMEM;\n", {"-ll:rsize", "1", "-size", "256"}),
                 {"error[MW5007]", ":1:", "argument 0 (`cells`) of task `fill` fits in no memory: RDMEM: needs"});
}

TEST(Bad, LayoutThatTheVariantRefuses) {
  expect_refused(with("Layout demanding * * F_order;\n"), {"error[MW5006]", ":1:", "`demanding` works only with SOA C_order"});
}

TEST(Bad, ComputingTaskOnVirtualMemory) {
  expect_refused(with("Region work ghosts CPU VIRTUAL;\n"), {"error[MW5005]", ":1:"});
}

TEST(Bad, NamesThatTheProgramLacks) {
  ProbeRun run = with("Task wrok CPU;\nRegion work gohsts CPU SYSMEM;\n");
  const ProbeResult warned = run_probe(run);
  EXPECT_EQ(warned.child.exit_status, 0) << warned.all();
  EXPECT_THAT(warned.child.err, HasSubstr("warning[MW5008]"));
  EXPECT_THAT(warned.child.err, HasSubstr("did you mean `work`?"));
  EXPECT_THAT(warned.child.err, HasSubstr("did you mean `ghosts`?"));
  run.arguments = {"-mapwright:strict"};
  const ProbeResult strict = run_probe(run);
  EXPECT_EQ(strict.child.exit_status, 1) << strict.all();
  EXPECT_EQ(strict.checksum, kChecksum) << "only known at the end";
}

}  // namespace
}  // namespace mapwright::test
