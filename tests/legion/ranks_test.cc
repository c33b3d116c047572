// Several address spaces: replication, sharding, points on the ranks that the mapper names.
#include <gmock/gmock.h>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/base.h"
#include "engine/engine.h"
#include "probe_run.h"

namespace mapwright::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

bool runs(const std::vector<std::string>& argv) {
  engine::command::Limits limits;
  limits.deadline = Seconds(60);
  const auto ended = engine::command::run_child(argv, limits);
  return ended && ended->exit_status == 0;
}

class Ranks : public testing::Test {
 protected:
  void SetUp() override {
    if (std::string(LEGION_NETWORKS).find("mpi") == std::string::npos) GTEST_SKIP() << "SKIP: this Legion has no MPI network module";
    launcher_ = {"mpirun", "-n", "2", "--allow-run-as-root", "--oversubscribe"};
    std::vector<std::string> probe = launcher_;
    probe.push_back("true");
    if (!runs(probe)) GTEST_SKIP() << "SKIP: mpirun cannot start two processes here";
  }
  ProbeRun with(std::string mapper, std::vector<std::string> arguments = {}) const {
    ProbeRun run;
    run.mapper = std::move(mapper);
    run.arguments = std::move(arguments);
    run.launcher = launcher_;
    run.seconds = 120;
    return run;
  }
  std::vector<std::string> launcher_;
};

TEST_F(Ranks, TheDefaultPolicyShardsByPoint) {
  const ProbeResult r = run_probe(with("", {"-ll:cpu", "1"}));
  EXPECT_EQ(r.checksum, kChecksum) << r.all();
  // Point i on node i mod 2; the first dimension is fastest and the names sort by it, so i = x + 4 y.
  EXPECT_THAT(r.places("count"), ElementsAre("0.0", "1.0", "0.0", "1.0", "0.0", "1.0", "0.0", "1.0"));
  EXPECT_THAT(r.places("work"), ElementsAre("0.0", "0.0", "0.0", "0.0", "1.0", "1.0", "1.0", "1.0", "0.0", "0.0", "0.0", "0.0", "1.0",
                                            "1.0", "1.0", "1.0"));
}

TEST_F(Ranks, MapsNameNodesAndProcessors) {
  const ProbeResult r = run_probe(with(
      "m = Machine(CPU);\n"
      "def tile(Task t) { return m[t.ipoint[1] * m.size[0] / t.ispace[1], t.ipoint[0] % m.size[1]]; }\n"
      "def back(Task t) { return m[(t.ipoint[0] + 1) % 2, 0]; }\n"
      "def second(Task t) { return m[1, 0]; }\n"
      "IndexTaskMap work,fill tile;\nIndexTaskMap count back;\nSingleTaskMap report second;\n",
      {"-ll:cpu", "2"}));
  EXPECT_EQ(r.checksum, kChecksum) << r.all();
  // Rows x = 0..3, columns y = 0..3: node y / 2, processor x % 2.
  EXPECT_THAT(r.places("work"), ElementsAre("0.0", "0.0", "1.0", "1.0", "0.1", "0.1", "1.1", "1.1", "0.0", "0.0", "1.0", "1.0", "0.1",
                                            "0.1", "1.1", "1.1"));
  EXPECT_THAT(r.places("count"), ElementsAre("1.0", "0.0", "1.0", "0.0", "1.0", "0.0", "1.0", "0.0"));
  EXPECT_THAT(r.places("report"), ElementsAre("1.0"));
}

TEST_F(Ranks, NothingIsReplicatedWhenAnotherTaskIs) {
  const ProbeResult r = run_probe(with("ControlReplicate report;\n", {"-ll:cpu", "1"}));
  EXPECT_EQ(r.checksum, kChecksum) << r.all();
  for (const auto& line : r.log) EXPECT_NE(line["event"], "replicate");
  // Not sharded: greedy_split(2, (8)) gives each node a block of four.
  EXPECT_THAT(r.places("count"), ElementsAre("0.0", "0.0", "0.0", "0.0", "1.0", "1.0", "1.0", "1.0"));
}

TEST_F(Ranks, EveryRankWritesItsProfile) {
  const std::string stem = testing::TempDir() + "mapwright_ranks_" + std::to_string(getpid());
  const std::string recording = stem + ".json";
  const ProbeResult r = run_probe(with("", {"-ll:cpu", "1", "-mapwright:profile", stem + "_%.profile", "-mapwright:record", recording}));
  EXPECT_EQ(r.checksum, kChecksum) << r.all();
  std::int64_t points = 0;
  for (const int rank : {0, 1}) {
    const std::string path = stem + "_" + std::to_string(rank) + ".profile";
    const auto text = read_file(path);
    ASSERT_TRUE(text) << r.all();
    const auto e = engine::execution_from_json(*text, nullptr);
    ASSERT_TRUE(e);
    for (const engine::TaskProfile& t : e->profile.tasks) points += t.task == "work" ? t.points : 0;
    std::remove(path.c_str());
  }
  EXPECT_EQ(points, 16) << "of both ranks";
  // The first rank has seen half of the points, and says so.
  EXPECT_THAT(r.child.err, HasSubstr("warning[MW6304]"));
  EXPECT_TRUE(read_file(recording));
  std::remove(recording.c_str());
}

TEST_F(Ranks, OneRankTellsAMistake) {
  const ProbeResult r = run_probe(with("Task work CPUS;\n"));
  EXPECT_EQ(r.child.exit_status, 1) << r.all();
  const std::size_t first = r.child.err.find("CPUS");
  ASSERT_NE(first, std::string::npos) << r.all();
  EXPECT_EQ(r.child.err.find("error[MW", r.child.err.find("error[MW") + 1), std::string::npos) << "told twice: " << r.child.err;
}

TEST_F(Ranks, UnevenProcessorsAreMentioned) {
  const std::string mapper = testing::TempDir() + "mapwright_uneven.mapper";
  ASSERT_TRUE(write_file(mapper, "Task * CPU;\n"));
  const std::string preload = std::string("LD_PRELOAD=") + MAPWRIGHT_LEGION_LIBRARY;
  const auto rank = [&](const char* cpus) {
    return std::vector<std::string> {"-n", "1", "env", preload, PROBE, "-ll:cpu", cpus, "-logfile", "stderr", "-mapwright:mapper", mapper};
  };
  std::vector<std::string> argv {"mpirun", "--allow-run-as-root", "--oversubscribe"};
  for (const std::string& word : rank("1")) argv.push_back(word);
  argv.emplace_back(":");
  for (const std::string& word : rank("2")) argv.push_back(word);
  engine::command::Limits limits;
  limits.deadline = Seconds(120);
  const auto ended = engine::command::run_child(argv, limits);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_status, 0) << ended->out << ended->err;
  EXPECT_THAT(ended->err, HasSubstr("warning[MW6303]"));
  EXPECT_THAT(ended->out, HasSubstr(std::string("probe checksum ") + kChecksum));
}

}  // namespace
}  // namespace mapwright::test
