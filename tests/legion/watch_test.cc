// Profiles and recordings of real runs.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>

#include "engine/engine.h"
#include "probe_run.h"
#include "program/program.h"

namespace mapwright::test {
namespace {

using testing::HasSubstr;

class Watch : public testing::Test {
 protected:
  Watch() : path_(testing::TempDir() + "mapwright_watch_" + std::to_string(getpid()) + ".json") { std::remove(path_.c_str()); }
  ~Watch() override { std::remove(path_.c_str()); }

  engine::Execution profile(ProbeRun run) {
    run.arguments.insert(run.arguments.end(), {"-mapwright:profile", path_});
    const ProbeResult r = run_probe(run);
    EXPECT_EQ(r.child.exit_status, 0) << r.all();
    EXPECT_EQ(r.checksum, kChecksum) << r.all();
    const auto text = read_file(path_);
    if (!text) {
      ADD_FAILURE() << "no profile: " << r.all();
      return {};
    }
    auto execution = engine::execution_from_json(*text, nullptr);
    EXPECT_TRUE(execution);
    return execution ? *std::move(execution) : engine::Execution();
  }
  std::optional<program::Program> record(ProbeRun run) {
    run.arguments.insert(run.arguments.end(), {"-mapwright:record", path_});
    const ProbeResult r = run_probe(run);
    EXPECT_EQ(r.child.exit_status, 0) << r.all();
    said_ = r.child.err;
    const auto text = read_file(path_);
    if (!text) {
      ADD_FAILURE() << "no recording: " << r.all();
      return std::nullopt;
    }
    diag::Sink sink;
    auto p = program::import_json(diag::make_source(path_, *text), sink);
    for (const auto& d : sink.take_sorted()) ADD_FAILURE() << diag::render_text(d);
    return p;
  }

  const std::string path_;
  std::string said_;
};

const engine::TaskProfile* task(const engine::Execution& e, std::string_view name) {
  for (const engine::TaskProfile& t : e.profile.tasks) {
    if (t.task == name) return &t;
  }
  return nullptr;
}

TEST_F(Watch, AProfileHasTasksCopiesAndMemory) {
  ProbeRun run;
  run.mapper = "Region work ghosts CPU RDMEM;\n";
  run.arguments = {"-ll:rsize", "64"};
  const engine::Execution e = profile(run);
  EXPECT_EQ(e.outcome, engine::Outcome::Ok);
  EXPECT_GT(e.seconds, 0);
  EXPECT_GE(e.makespan, e.seconds);
  ASSERT_TRUE(task(e, "work"));
  EXPECT_EQ(task(e, "work")->points, 16);
  EXPECT_GE(task(e, "work")->seconds, 16 * 0.002) << "every point sleeps for 2 ms";
  EXPECT_GT(task(e, "work")->overhead_seconds, 0);
  ASSERT_EQ(e.processors.size(), 2U);
  EXPECT_EQ(e.processors[0].name, "node0.CPU0");
  // 1 top level, 16 fill, work and demanding each, 8 count, 4 sum, 8 outer, 16 inner, 1 report.
  EXPECT_EQ(e.processors[0].points + e.processors[1].points, 86);
  // The ghosts go to the other memory. Inside, 4 of 16 tiles have 10 x 10 cells, 8 have 9 x 10 and 4 have 9 x 9, one field:
  // (4 * 100 + 8 * 90 + 4 * 81) * 8 = 11,552 bytes. What another ghost has there already may be copied inside the memory, but
  // each of the 32 x 32 cells comes over once.
  EXPECT_GE(e.moved.total, 8192);
  EXPECT_LE(e.moved.total, 11552);
  EXPECT_GE(e.moved.total + e.moved.inside, 11552);
  EXPECT_EQ(e.moved.intra_node, e.moved.total);
  ASSERT_EQ(e.moved.by_channel.size(), 1U);
  EXPECT_EQ(e.moved.by_channel[0].name, "SYSMEM to RDMEM inside nodes");
  EXPECT_EQ(e.moved.by_region.at(0).name, "cells");
  bool found = false;
  for (const engine::MemoryUse& m : e.memory_peak) {
    if (m.memory != "node0.RDMEM") continue;
    found = true;
    EXPECT_EQ(m.bytes, 2 * 11552) << "instances have both fields";
    EXPECT_EQ(m.capacity, 64 << 20);
  }
  EXPECT_TRUE(found);
}

TEST_F(Watch, AProfileNeedsNoMapper) {
  ProbeRun run;
  run.mapper.reset();
  run.arguments = {"-own"};
  const engine::Execution e = profile(run);
  ASSERT_TRUE(task(e, "inner"));
  EXPECT_EQ(task(e, "inner")->points, 16);
}

TEST_F(Watch, ARecordingIsTheProgram) {
  ProbeRun run;
  run.mapper.reset();
  run.arguments = {"-steps", "5"};
  const auto p = record(run);
  ASSERT_TRUE(p);
  EXPECT_EQ(p->top_level, "top level");
  // fill, 5 times work, demanding, count, sum, outer, report and waiting for it.
  ASSERT_EQ(p->main.size(), 8U);
  const auto& loop = std::get<program::Loop>(p->main[1].what);
  EXPECT_EQ(loop.count, 5);
  const auto& work = std::get<program::Launch>(loop.body.at(0).what);
  EXPECT_EQ(p->tasks[work.task.value].name, "work");
  EXPECT_EQ(work.domain, Rect::of_extents({4, 4}));
  ASSERT_EQ(work.arguments.size(), 2U);
  EXPECT_EQ(work.arguments[0].name, "ghosts");
  EXPECT_EQ(work.arguments[0].privilege, program::Privilege::Read);
  EXPECT_EQ(work.arguments[1].privilege, program::Privilege::ReadWrite);
  const program::Partition& ghosts = p->partitions[work.arguments[0].partition->value];
  EXPECT_EQ(ghosts.name, "ghosts");
  EXPECT_FALSE(ghosts.disjoint);
  EXPECT_EQ(ghosts.pieces.at(5).bounds(), Rect(Point {7, 7}, Point {16, 16}));
  const auto& sum = std::get<program::Launch>(p->main[4].what);
  EXPECT_EQ(sum.arguments.at(0).privilege, program::Privilege::Reduce);
  // It makes halves of its piece of 16 values: piece 5 has 80 to 95, and its second half 88 to 95.
  const program::Task& outer = *p->find_task("outer");
  ASSERT_EQ(outer.body.size(), 1U);
  const auto& inner = std::get<program::Launch>(outer.body[0].what);
  EXPECT_EQ(inner.arguments.at(0).projection.colors.at(0).to_text(), "p0 + parent.p0 * 2");
  EXPECT_EQ(p->partitions[inner.arguments[0].partition->value].pieces.at(11).bounds(), Rect(Point {88}, Point {95}));
  EXPECT_TRUE(outer.variants.at(0).inner) << "its argument was virtual";
  EXPECT_EQ(p->parameters.at("unmeasured"), "work on OMP");
  EXPECT_EQ(p->parameters.count("unseen"), 0U);
  const program::Variant* variant = p->variant(work.task, ProcessorKind::Cpu);
  ASSERT_TRUE(variant);
  ASSERT_EQ(variant->measured.size(), 1U);
  EXPECT_EQ(p->point_tasks(), 16 + 5 * 16 + 16 + 8 + 4 + 8 + 16 + 1);
}

TEST_F(Watch, ReplayedTracesCount) {
  ProbeRun run;
  run.mapper = "m = Machine(CPU);\ndef f(Task t) { return m[0, t.ipoint[0] % 2]; }\nIndexTaskMap work f;\n";
  run.arguments = {"-steps", "12", "-trace", "1"};
  const auto p = record(run);
  ASSERT_TRUE(p);
  EXPECT_EQ(std::get<program::Loop>(p->main.at(1).what).count, 12);
  EXPECT_EQ(p->parameters.count("unseen"), 0U);
}

TEST_F(Watch, RecordingsAddUp) {
  ProbeRun run;
  run.arguments = {"-ll:ocpu", "1", "-ll:othr", "1"};
  run.mapper = "Task work CPU;\n";
  const auto cpu = record(run);
  ASSERT_TRUE(cpu);
  run.mapper = "Task work OMP;\n";
  const auto both = record(run);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->parameters.count("unmeasured"), 0U);
  const auto work = static_cast<std::size_t>(both->find_task("work") - both->tasks.data());
  EXPECT_TRUE(both->variant(program::TaskId(work), ProcessorKind::Cpu));
  EXPECT_TRUE(both->variant(program::TaskId(work), ProcessorKind::Omp));
  EXPECT_EQ(said_.find("MW6304"), std::string::npos) << said_;
  run.arguments = {"-size", "4"};
  run.mapper = "";
  record(run);
  EXPECT_THAT(said_, HasSubstr("warning[MW6304]"));
}

TEST_F(Watch, TuneReadsARecording) {
  ProbeRun run;
  run.mapper.reset();
  ASSERT_TRUE(record(run));
  engine::command::Limits limits;
  limits.deadline = Seconds(60);
  const std::vector<std::string> tune {MAPWRIGHT_BINARY, "tune", "--program", path_, "--machine", "generic", "--iterations", "5"};
  const auto ended = engine::command::run_child(tune, limits);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_status, 0) << ended->out << ended->err;
}

}  // namespace
}  // namespace mapwright::test
