// `--engine legion` against a real Legion: a small share of what `mapwright study parity` does, a search, and bad cases.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/base.h"
#include "engine/command/command.h"

namespace mapwright::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kMachine = MAPWRIGHT_SOURCE_DIR "/tests/data/legion/cpu.toml";

engine::command::ChildResult mapwright(std::vector<std::string> words, double seconds = 120) {
  words.insert(words.begin(), MAPWRIGHT_BINARY);
  engine::command::Limits limits;
  limits.deadline = Seconds(seconds);
  limits.max_output = 1 << 22;
  const auto ended = engine::command::run_child(words, limits);
  EXPECT_TRUE(ended);
  return ended ? *ended : engine::command::ChildResult {};
}

void expect_parity(std::vector<std::string> words, std::int64_t mappers) {
  words.insert(words.begin(), {"study", "parity", "--machine", kMachine, "--timeout", "60", "--json"});
  const auto ended = mapwright(words);
  EXPECT_EQ(ended.exit_status, 0) << ended.out << ended.err;
  const nlohmann::json object = nlohmann::json::parse(ended.out, nullptr, false);
  ASSERT_TRUE(object.is_object()) << ended.out << ended.err;
  EXPECT_EQ(object["schema"], "mapwright.study.parity/1");
  for (const auto& p : object["programs"]) {
    EXPECT_THAT(p["differences"], IsEmpty()) << p;
    EXPECT_THAT(p["failures"], IsEmpty()) << p;
    EXPECT_EQ(p["mappers"].get<std::int64_t>() + p["refused"].get<std::int64_t>(), mappers) << p;
    EXPECT_GE(p["points"], 43) << p;
  }
}

// The expert, the default and one random mapper of a program with aliased ghosts and traces, one with nested launches and
// one with reductions.
TEST(Parity, DecisionsAreThoseOfThePlan) { expect_parity({"--programs", "stencil,cannon,cosma", "--mappers", "1"}, 3); }

TEST(Parity, AlsoInTwoProcesses) {
  if (std::string(LEGION_NETWORKS).find("mpi") == std::string::npos) GTEST_SKIP() << "SKIP: this Legion has no MPI network module";
  const std::string launcher = "mpirun -n {ranks} --allow-run-as-root --oversubscribe --bind-to none";
  const std::vector<std::string> probe {"/bin/sh", "-c", "mpirun -n 2 --allow-run-as-root --oversubscribe true"};
  const auto ended = engine::command::run_child(probe, {.deadline = Seconds(60)});
  if (!ended || ended->exit_status != 0) GTEST_SKIP() << "SKIP: mpirun cannot start two processes here";
  expect_parity({"--programs", "cannon", "--mappers", "1", "--nodes", "2", "--launcher", launcher}, 3);
}

TEST(Run, TracedLoopsAndNumbersAreRight) {
  const auto ended = mapwright({"run", "--program", "circuit", "--preset", "test", "--machine", kMachine, "--engine", "legion", "--mapper", "default", "--json"});
  EXPECT_EQ(ended.exit_status, 0) << ended.out << ended.err;
  const nlohmann::json object = nlohmann::json::parse(ended.out, nullptr, false);
  ASSERT_TRUE(object.is_object()) << ended.out;
  EXPECT_EQ(object["outcome"], "ok");
  EXPECT_EQ(object["engine"], "legion");
  EXPECT_GT(object["seconds"], 0);
  EXPECT_GT(object["metric"]["value"], 0);
}

TEST(Run, TheLimitEndsIt) {
  const auto ended = mapwright({"run", "--program", "stencil", "--preset", "test", "--machine", kMachine, "--engine", "legion", "--timeout", "0.05"});
  EXPECT_EQ(ended.exit_status, 1);
  EXPECT_THAT(ended.err + ended.out, HasSubstr("the Legion program did not end within 50"));
}

TEST(Run, ErrorsOfLegionAreVerdicts) {
  // The top-level task has no processor.
  const auto ended = mapwright({"run", "--program", "stencil", "--preset", "test", "--machine", kMachine, "--engine", "legion", "--legion-args", "-ll:cpu 0", "--timeout", "60"});
  EXPECT_EQ(ended.exit_status, 1);
  EXPECT_THAT(ended.err + ended.out, testing::AnyOf(HasSubstr("MW6402"), HasSubstr("MW6201"), HasSubstr("MW5001"), HasSubstr("MW6202")));
}

TEST(Tune, GoesOnAfterBadCandidates) {
  const auto ended = mapwright({"tune", "--program", "cannon", "--preset", "test", "--machine", kMachine, "--engine", "legion", "--optimizer", "random", "--mode", "raw", "--iterations", "4", "--no-journal", "--quiet"});
  EXPECT_EQ(ended.exit_status, 0) << ended.out << ended.err;
}

}  // namespace
}  // namespace mapwright::test
