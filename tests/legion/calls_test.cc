// Recordings of what mappers see little of.
#include <gmock/gmock.h>

#include "base/file.h"
#include "probe_run.h"
#include "program/program.h"

namespace mapwright::test {
namespace {

using program::Launch;
using testing::HasSubstr;
using testing::Not;

class Calls : public testing::Test {
 protected:
  // The recording, checked by the reader of program files and run on the simulator.
  std::optional<program::Program> record(std::vector<std::string> arguments) {
    ProbeRun run;
    run.program = CALLS;
    run.mapper.reset();
    run.arguments = std::move(arguments);
    run.arguments.insert(run.arguments.end(), {"-mapwright:record", path_});
    const ProbeResult r = run_probe(run);
    EXPECT_EQ(r.child.exit_status, 0) << r.all();
    // 4 pieces of 64; y is 6, its sum 1,536; 64 of y become 0.5 and each point two times two times more by the tree:
    // 192 * 6 + 64 * 0.5 + 256 * 4 = 2,208; with -uneven one piece gets 2 and not 4: 128 less.
    const bool uneven = !run.arguments.empty() && run.arguments[0] == "-uneven";
    EXPECT_THAT(r.child.out, HasSubstr(uneven ? "checksum 1536 2080 1" : "checksum 1536 2208 1"));
    said_ = r.child.err;
    const auto text = read_file(path_);
    if (!text) {
      ADD_FAILURE() << "no recording: " << r.all();
      return std::nullopt;
    }
    diag::Sink sink;
    auto p = program::import_json(diag::make_source(path_, *text), sink);
    for (const auto& d : sink.take_sorted()) ADD_FAILURE() << diag::render_text(d);
    engine::command::Limits limits;
    limits.deadline = Seconds(60);
    const std::vector<std::string> simulate {MAPWRIGHT_BINARY, "run", "--program", path_, "--machine", "generic"};
    const auto simulated = engine::command::run_child(simulate, limits);
    EXPECT_TRUE(simulated && simulated->exit_status == 0) << (simulated ? simulated->out + simulated->err : "");
    return p;
  }
  static const Launch& launch(const program::Body& body, std::size_t i) { return std::get<Launch>(body.at(i).what); }
  static const program::Task& task(const program::Program& p, const Launch& l) { return p.tasks.at(l.task.value); }

  const TemporaryFolder folder_ = TemporaryFolder::make().value();
  const std::string path_ = folder_.file("calls.json");
  std::string said_;
};

TEST_F(Calls, AreStatementsInTheirOrder) {
  const auto p = record({});
  ASSERT_TRUE(p);
  EXPECT_THAT(said_, Not(HasSubstr("MW6304")));
  const program::Body& main = p->main;
  ASSERT_EQ(main.size(), 15U);
  // Three fills: one field, every piece of a partition, another region.
  EXPECT_FALSE(std::get<program::Fill>(main[0].what).partition);
  EXPECT_EQ(p->regions[std::get<program::Fill>(main[0].what).region.value].fields[1].name, "b");
  EXPECT_EQ(std::get<program::Fill>(main[0].what).fields, std::vector<program::FieldIndex> {1});
  EXPECT_EQ(p->partitions[std::get<program::Fill>(main[1].what).partition.value().value].name, "pieces");
  EXPECT_EQ(p->regions[std::get<program::Fill>(main[2].what).region.value].name, "y");
  EXPECT_TRUE(std::get<program::Fence>(main[3].what).wait);
  EXPECT_TRUE(std::get<program::Timer>(main[4].what).start);
  const auto& loop = std::get<program::Loop>(main[5].what);
  EXPECT_EQ(loop.count, 6);
  EXPECT_TRUE(loop.traced);
  ASSERT_EQ(loop.body.size(), 2U) << "also where the trace is replayed";
  const Launch& copy = launch(loop.body, 1);
  EXPECT_EQ(task(*p, copy).name, "explicit copy");
  ASSERT_EQ(copy.arguments.size(), 2U);
  EXPECT_EQ(copy.arguments[0].privilege, program::Privilege::Read);
  EXPECT_EQ(copy.arguments[1].privilege, program::Privilege::WriteDiscard);
  EXPECT_EQ(copy.arguments[1].projection.colors.at(0).to_text(), "p0");
  EXPECT_FALSE(std::get<program::Fence>(main[6].what).wait);
  EXPECT_FALSE(std::get<program::Timer>(main[7].what).start);
  EXPECT_EQ(p->metric.label, "clock");
  const Launch &sum = launch(main, 8), &scale = launch(main, 9), &single = launch(main, 10);
  ASSERT_TRUE(sum.result);
  EXPECT_EQ(scale.futures, std::vector<program::FutureId> {sum.result->first});
  EXPECT_FALSE(single.index);
  EXPECT_EQ(single.arguments.at(0).projection.table, std::vector<std::uint32_t> {0});
  const Launch& mapped = launch(main, 12);
  EXPECT_EQ(task(*p, mapped).name, "inline mapping");
  EXPECT_EQ(std::get<program::FutureWait>(main[13].what).future, mapped.result.value().first) << "the task stops until it has the data";
  EXPECT_EQ(std::get<program::FutureWait>(main[14].what).future, sum.result->first);
}

TEST_F(Calls, OfTasksAreTheirBodies) {
  const auto p = record({});
  ASSERT_TRUE(p);
  const program::Task& tree = *p->find_task("tree");
  const program::Task& branch = *p->find_task("branch");
  EXPECT_TRUE(tree.variants.at(0).inner);
  const auto& twice = std::get<program::Loop>(tree.body.at(0).what);
  EXPECT_EQ(twice.count, 2);
  // Each of 4 pieces of 64 has halves of 32, and each of those again: piece 2, half 1, half 0 is 2 * 64 + 32 = 160 to 175.
  const Launch& leaf = launch(std::get<program::Loop>(branch.body.at(0).what).body, 0);
  EXPECT_EQ(leaf.arguments.at(0).projection.colors.at(0).to_text(), "p0 + parent.p0 * 2 + parent.parent.p0 * 4");
  EXPECT_EQ(p->partitions.at(leaf.arguments[0].partition->value).pieces.at(2 * 4 + 1 * 2 + 0).bounds(), Rect(Point {160}, Point {175}));
  // add and copy 6 times 4, sum, scale, tree 4 each, a copy, an inline mapping; 4 * 2 * 2 branches, twice two leaves in each.
  EXPECT_EQ(p->point_tasks(), 6 * 8 + 3 * 4 + 2 + 16 + 16 * 4);
}

TEST_F(Calls, ThatDifferBetweenPointsAreNoBody) {
  const auto p = record({"-uneven"});
  ASSERT_TRUE(p);
  EXPECT_TRUE(p->find_task("tree")->body.empty());
  EXPECT_THAT(said_, HasSubstr("warning[MW6304]"));
  EXPECT_THAT(said_, HasSubstr("tree: its points do not launch the same"));
  // As above without the 4 * 4 leaves and 4 branches of one piece, with 2 * 2 others instead.
  EXPECT_EQ(p->point_tasks(), 6 * 8 + 3 * 4 + 2 + 16 + 16 * 4 - 20 + 4);
}

TEST_F(Calls, OnDataThatTheTaskDoesNotHoldAreNoBody) {
  const auto p = record({"-foreign"});
  ASSERT_TRUE(p);
  EXPECT_TRUE(p->find_task("tree")->body.empty());
  EXPECT_THAT(said_, HasSubstr("tree: what it launches works on data that it does not hold itself"));
  EXPECT_THAT(said_, HasSubstr("fills by tasks below the top level"));
}

// A program that crashes or hangs under some mappers, tuned as users do it.
class Tuning : public Calls {
 protected:
  std::string tune(const std::string& flag) {
    EXPECT_TRUE(record({}));
    const std::string machine = folder_.file("machine.toml");
    EXPECT_TRUE(write_file(machine, "format = \"mapwright.machine/1\"\nname = \"two\"\nbase = \"generic\"\n[processors.CPU]\ncount = 2\n[processors.GPU]\ncount = 0\n"
                                    "[processors.OMP]\ncount = 0\n"));
    const std::string command = std::string(MAPWRIGHT_BINARY) + " legion exec --mapper {mapper} -- " + CALLS + " -ll:cpu 2 " + flag;
    const std::vector<std::string> words {MAPWRIGHT_BINARY, "tune", "--program", path_, "--machine", machine, "--engine", "command",
                                          "--iterations", "3", "--timeout", "4", "--command", command};
    engine::command::Limits limits;
    limits.deadline = Seconds(100);
    const auto ended = engine::command::run_child(words, limits);
    EXPECT_TRUE(ended);
    return ended ? ended->out : "";
  }
};

TEST_F(Tuning, GoesOnAfterCrashes) {
  const std::string out = tune("-crash");
  EXPECT_THAT(out, HasSubstr("MW6201: the command was ended by SIGSEGV"));
  EXPECT_THAT(out, HasSubstr("3 evaluations (0 valid, 3 invalid)"));
  EXPECT_THAT(out, HasSubstr("no valid mapper was found\n\nThe last one, iteration 3:\n")) << "and what to do";
}

TEST_F(Tuning, GoesOnAfterHangs) {
  const std::string out = tune("-hang");
  EXPECT_THAT(out, HasSubstr("MW6106: the command did not end within 4.00 s"));
  EXPECT_THAT(out, HasSubstr("3 evaluations (0 valid, 3 invalid)"));
}

}  // namespace
}  // namespace mapwright::test
