// Beside a mapper of the program only what the file decides changes; and `mapwright legion exec`.
#include <gmock/gmock.h>

#include "base/base.h"
#include "probe_run.h"

namespace mapwright::test {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;

TEST(Beside, AnEmptyFileChangesNothing) {
  ProbeRun run;
  run.arguments = {"-own"};
  const ProbeResult r = run_probe(run);
  EXPECT_EQ(r.checksum, kChecksum) << r.all();
  ASSERT_FALSE(r.log.empty());
  for (const auto& line : r.log) {
    EXPECT_EQ(line["kind_by"], "program");
    EXPECT_EQ(line["place_by"], "program");
    for (const auto& a : line["arguments"]) EXPECT_EQ(a["memory_by"], "program");
  }
}

TEST(Beside, OnlyNamedThingsAreDecided) {
  ProbeRun run;
  run.arguments = {"-own", "-ll:rsize", "64"};
  run.mapper =
      "m = Machine(CPU);\ndef odd(Task t) { return m[0, (t.ipoint[0] + 1) % 2]; }\nIndexTaskMap count odd;\n"
      "Region work 0 CPU RDMEM;\nLayout work 0 * AOS C_order Exact;\n";
  const ProbeResult r = run_probe(run);
  EXPECT_EQ(r.checksum, kChecksum) << r.all();
  EXPECT_THAT(r.places("count"), testing::ElementsAre("0.1", "0.0", "0.1", "0.0", "0.1", "0.0", "0.1", "0.0"));
  for (const auto& [point, seen] : r.tasks.at("work")) {
    EXPECT_THAT(seen.at("arg0"), HasSubstr("RDMEM/")) << point;
    // The program's mapper had both arguments in one instance; they stay together.
    EXPECT_EQ(seen.at("arg1").substr(0, seen.at("arg1").rfind('/')), seen.at("arg0").substr(0, seen.at("arg0").rfind('/'))) << point;
  }
  EXPECT_THAT(r.tasks.at("work").at("1,1").at("arg0"), HasSubstr("RDMEM/160,16/"));
  for (const auto& line : r.logged("work")) {
    EXPECT_EQ(line["arguments"][0]["memory_by"], 4);
    EXPECT_EQ(line["arguments"][0]["layout_by"], 5);
    EXPECT_EQ(line["arguments"][1]["memory_by"], 4);
    EXPECT_EQ(line["arguments"][1]["memory"], "RDMEM");
    EXPECT_EQ(line["place_by"], "program");
  }
  // What the file does not name is as it was: one instance of all 32 x 32 cells.
  for (const auto& [point, seen] : r.tasks.at("fill")) EXPECT_THAT(seen.at("arg0"), HasSubstr("SYSMEM/8,256/")) << point;
  for (const auto& line : r.logged("count")) EXPECT_EQ(line["place_by"], 3);
}

TEST(Beside, MistakesAreToldToo) {
  ProbeRun run;
  run.arguments = {"-own"};
  run.mapper = "Region work ghosts CPU FBMEM;\n";
  const ProbeResult r = run_probe(run);
  EXPECT_EQ(r.child.exit_status, 1) << r.all();
  EXPECT_THAT(r.child.err, HasSubstr("error[MW5004]"));
}

TEST(Exec, RunsTheProgramUnderTheMapper) {
  const std::string mapper = testing::TempDir() + "mapwright_exec.mapper";
  ASSERT_TRUE(write_file(mapper, "m = Machine(CPU);\ndef last(Task t) { return m[0, 1]; }\nIndexTaskMap work last;\n"));
  ProbeRun run;
  run.mapper.reset();
  run.preload = false;
  run.launcher = {MAPWRIGHT_BINARY, "legion", "exec", "--mapper", mapper, "--"};
  const ProbeResult r = run_probe(run);
  EXPECT_EQ(r.checksum, kChecksum) << r.all();
  EXPECT_THAT(r.places("work"), Each("0.1"));
}

TEST(Exec, PassesTheExitStatusOn) {
  engine::command::Limits limits;
  limits.deadline = Seconds(30);
  const std::vector<std::string> fails {MAPWRIGHT_BINARY, "legion", "exec", "--", "sh", "-c", "exit 7"};
  EXPECT_EQ(engine::command::run_child(fails, limits)->exit_status, 7);
  const std::vector<std::string> missing {MAPWRIGHT_BINARY, "legion", "exec", "--", "/nowhere/program"};
  const auto ended = engine::command::run_child(missing, limits);
  EXPECT_EQ(ended->exit_status, 3);
  EXPECT_THAT(ended->err, HasSubstr("cannot start `/nowhere/program`"));
}

}  // namespace
}  // namespace mapwright::test
