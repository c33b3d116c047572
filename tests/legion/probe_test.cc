// Every statement of the language in a real Legion program, checked by what the tasks themselves see.
#include <gmock/gmock.h>

#include "probe_run.h"

namespace mapwright::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

void expect_fine(const ProbeResult& r) {
  EXPECT_EQ(r.child.exit_status, 0) << r.all();
  EXPECT_EQ(r.child.signal, 0) << r.all();
  EXPECT_FALSE(r.child.timed_out) << r.all();
  EXPECT_EQ(r.checksum, kChecksum) << r.all();
}

TEST(Probe, WithoutUs) {
  ProbeRun run;
  run.mapper.reset();
  run.preload = false;
  expect_fine(run_probe(run));
}

TEST(Probe, PreloadedWithoutAMapperIsLeftAlone) {
  ProbeRun run;
  run.mapper.reset();
  expect_fine(run_probe(run));
}

// 4 x 4 points on 2 CPUs: greedy_split(2, (4, 4)) = (2, 1), so the first dimension is cut in half. 8 points: 4 and 4.
TEST(Probe, TheEmptyMapperIsTheDefaultPolicy) {
  const ProbeResult r = run_probe({});
  expect_fine(r);
  EXPECT_THAT(r.places("work"), ElementsAre("0.0", "0.0", "0.0", "0.0", "0.0", "0.0", "0.0", "0.0", "0.1", "0.1", "0.1", "0.1", "0.1",
                                            "0.1", "0.1", "0.1"));
  EXPECT_THAT(r.places("count"), ElementsAre("0.0", "0.0", "0.0", "0.0", "0.1", "0.1", "0.1", "0.1"));
  // Blocks of 8 x 8 cells of two fields of 8 bytes, SOA F_order: 8 to the next cell of a row, 64 to the next row.
  ASSERT_EQ(r.tasks.at("fill").size(), 16U);
  for (const auto& [point, seen] : r.tasks.at("fill")) EXPECT_THAT(seen.at("arg0"), HasSubstr("SYSMEM/8,64/")) << point;
  // Ghosts have instances of their own: 9 or 10 cells in a row.
  EXPECT_THAT(r.tasks.at("work").at("0,0").at("arg0"), HasSubstr("SYSMEM/8,72/"));
  EXPECT_THAT(r.tasks.at("work").at("1,1").at("arg0"), HasSubstr("SYSMEM/8,80/"));
  EXPECT_EQ(r.logged("work").size(), 16U);
  for (const auto& line : r.logged("work")) {
    EXPECT_EQ(line["kind_by"], "default");
    EXPECT_EQ(line["arguments"][0]["partition"], "ghosts");
    EXPECT_EQ(line["arguments"][0]["region"], "cells");
    EXPECT_EQ(line["arguments"][1]["memory"], "SYSMEM");
  }
  // The program asks Legion's default mapper for virtual mappings by tags.
  EXPECT_EQ(r.logged("outer").size(), 8U);
  for (const auto& line : r.logged("outer")) EXPECT_EQ(line["arguments"][0]["memory"], "VIRTUAL");
  // What the only variant of a task demands is the default.
  for (const auto& [point, seen] : r.tasks.at("demanding")) EXPECT_THAT(seen.at("arg0"), HasSubstr("SYSMEM/64,8/"));
}

TEST(Probe, IndexMapsPlacePoints) {
  ProbeRun run;
  run.mapper =
      "m = Machine(CPU);\n"
      "def checker(Task t) { return m[0, (t.ipoint[0] + t.ipoint[1]) % m.size[1]]; }\n"
      "def odd(Task t) { return m[0, (t.ipoint[0] + 1) % 2]; }\n"
      "def same(Task t) { return m[*t.parent.processor(m)]; }\n"
      "def one(Task t) { return m[0, 1]; }\n"
      "IndexTaskMap work checker;\n"
      "IndexTaskMap count,sum,outer odd;\n"
      "IndexTaskMap inner same;\n"
      "SingleTaskMap report one;\n";
  const ProbeResult r = run_probe(run);
  expect_fine(r);
  EXPECT_THAT(r.places("work"), ElementsAre("0.0", "0.1", "0.0", "0.1", "0.1", "0.0", "0.1", "0.0", "0.0", "0.1", "0.0", "0.1", "0.1",
                                            "0.0", "0.1", "0.0"));
  EXPECT_THAT(r.places("count"), ElementsAre("0.1", "0.0", "0.1", "0.0", "0.1", "0.0", "0.1", "0.0"));
  // Points 10..13: relative to the origin 0..3.
  EXPECT_THAT(r.places("sum"), ElementsAre("0.1", "0.0", "0.1", "0.0"));
  EXPECT_THAT(r.places("report"), ElementsAre("0.1"));
  ASSERT_EQ(r.tasks.at("inner").size(), 16U);
  for (const auto& [point, seen] : r.tasks.at("inner")) EXPECT_EQ(seen.at("processor"), (seen.at("parent")[0] - '0') % 2 == 0 ? "1" : "0");
  for (const auto& line : r.logged("work")) EXPECT_EQ(line["place_by"], 6);
}

TEST(Probe, LayoutsReachTheTasks) {
  ProbeRun run;
  run.mapper =
      "Layout work ghosts * AOS C_order;\n"
      "Layout work 1 * AOS F_order;\n"
      "Layout fill * * SOA C_order Align==128;\n"
      "Layout count values * Align==256;\n";
  const ProbeResult r = run_probe(run);
  expect_fine(r);
  // Two fields of 8 bytes side by side; rows of 10 (ghost, inside) and 8 cells.
  EXPECT_THAT(r.tasks.at("work").at("1,1").at("arg0"), HasSubstr("SYSMEM/160,16/"));
  EXPECT_THAT(r.tasks.at("work").at("1,1").at("arg1"), HasSubstr("SYSMEM/16,128/"));
  const auto alignment = [](const Seen& seen) {
    const std::string& text = seen.at("arg0");
    return std::stoi(text.substr(text.rfind('/') + 1));
  };
  for (const auto& [point, seen] : r.tasks.at("fill")) {
    EXPECT_THAT(seen.at("arg0"), HasSubstr("SYSMEM/64,8/"));
    EXPECT_GE(alignment(seen), 128) << point;
  }
  for (const auto& [point, seen] : r.tasks.at("count")) EXPECT_GE(alignment(seen), 256) << point;
  EXPECT_EQ(r.logged("work")[0]["arguments"][0]["layout"], "AOS C_order");
  EXPECT_EQ(r.logged("work")[0]["arguments"][0]["layout_by"], 1);
}

TEST(Probe, MemoriesAreChosen) {
  ProbeRun run;
  run.mapper = "Region work ghosts CPU RDMEM;\nRegion * values CPU RDMEM,SYSMEM;\n";
  run.arguments = {"-ll:rsize", "64"};
  const ProbeResult r = run_probe(run);
  expect_fine(r);
  for (const auto& [point, seen] : r.tasks.at("work")) {
    EXPECT_THAT(seen.at("arg0"), HasSubstr("RDMEM/"));
    EXPECT_THAT(seen.at("arg1"), HasSubstr("SYSMEM/"));
  }
  for (const auto& [point, seen] : r.tasks.at("count")) EXPECT_THAT(seen.at("arg0"), HasSubstr("RDMEM/"));
  for (const auto& line : r.logged("outer")) EXPECT_EQ(line["arguments"][0]["memory"], "RDMEM") << "a statement wins over a tag";
}

TEST(Probe, FullMemoriesFallThrough) {
  ProbeRun run;
  // Blocks of 128 x 128 cells with two fields of 8 bytes are 256 KiB; 16 of them are 4 MiB, the memory has 1 MiB.
  run.mapper = "Region fill * CPU RDMEM,SYSMEM;\n";
  run.arguments = {"-ll:rsize", "1", "-size", "128"};
  const ProbeResult r = run_probe(run);
  EXPECT_EQ(r.child.exit_status, 0) << r.all();
  int in_first = 0, fallen = 0;
  for (const auto& line : r.logged("fill")) {
    (line["arguments"][0]["fell_through"] ? fallen : in_first)++;
    EXPECT_EQ(line["arguments"][0]["memory"], line["arguments"][0]["fell_through"] ? "SYSMEM" : "RDMEM");
    EXPECT_EQ(line["arguments"][0]["memory_by"], 1);
  }
  EXPECT_EQ(in_first + fallen, 16);
  EXPECT_GE(in_first, 1);
  EXPECT_GE(fallen, 12);
}

TEST(Probe, KindsFollowTheList) {
  ProbeRun run;
  run.mapper = "Task work GPU,OMP,CPU;\nTask * CPU;\n";
  run.arguments = {"-ll:ocpu", "1", "-ll:othr", "1"};
  const ProbeResult r = run_probe(run);
  expect_fine(r);
  EXPECT_THAT(r.values("work", "kind"), ElementsAre("OMP"));
  EXPECT_THAT(r.values("fill", "kind"), ElementsAre("CPU"));
  EXPECT_EQ(r.logged("work")[0]["kind_by"], 1);
  EXPECT_EQ(r.logged("fill")[0]["kind_by"], 2);
  run.mapper = "Task * CPU;\n";
  const ProbeResult cpu = run_probe(run);
  expect_fine(cpu);
  EXPECT_THAT(cpu.values("work", "kind"), ElementsAre("CPU"));
}

TEST(Probe, InstanceLimitHoldsTasksBack) {
  ProbeRun run;
  run.arguments = {"-steps", "2"};
  const ProbeResult free = run_probe(run);
  EXPECT_EQ(free.checksum, "56951999") << free.all();  // twice the sum of y more: 29,286,483 + 2 * 13,832,758
  EXPECT_EQ(free.most, "2") << "two CPUs work at the same time without a limit";
  run.mapper = "InstanceLimit work 1;\nInstanceLimit inner 1;\n";
  const ProbeResult limited = run_probe(run);
  EXPECT_EQ(limited.checksum, "56951999") << limited.all();
  EXPECT_EQ(limited.most, "1") << limited.all();
}

TEST(Probe, CollectedInstancesAreToldToTheRuntime) {
  ProbeRun run;
  run.mapper = "CollectMemory work *;\n";
  const ProbeResult r = run_probe(run);
  expect_fine(r);
  for (const auto& line : r.logged("work")) {
    EXPECT_EQ(line["arguments"][0]["collected"], true);
    EXPECT_EQ(line["arguments"][1]["collected"], false) << "only what is read";
  }
}

TEST(Probe, StrictRunsPassLegionsOwnChecks) {
  ProbeRun run;
  run.mapper =
      "Task * CPU;\nm = Machine(CPU);\ndef block(Task t) { return m[0, t.ipoint[0] * m.size[1] / t.ispace[0]]; }\n"
      "IndexTaskMap work,fill,count block;\nRegion work ghosts CPU RDMEM,SYSMEM;\nLayout work * * AOS C_order Align==64;\n";
  run.arguments = {"-mapwright:strict", "-ll:rsize", "64"};
  expect_fine(run_probe(run));
}

TEST(Probe, NothingOfOursStaysInTheArguments) {
  const ProbeResult r = run_probe({});
  EXPECT_THAT(r.child.out, testing::Not(HasSubstr("argument left")));
}

TEST(Probe, LinkedProgramsNeedNoPreload) {
  ProbeRun run;
  run.preload = false;
  run.program = PROBE_LINKED;
  run.mapper = "m = Machine(CPU);\ndef last(Task t) { return m[0, 1]; }\nIndexTaskMap work last;\n";
  const ProbeResult r = run_probe(run);
  expect_fine(r);
  EXPECT_THAT(r.places("work"), Each("0.1"));
}

}  // namespace
}  // namespace mapwright::test
