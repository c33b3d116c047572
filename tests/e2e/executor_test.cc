// `--engine legion` where mapwright was built without Legion.
#include <gmock/gmock.h>

#include <filesystem>

#include "cli.h"
#include "engine/command/command.h"

namespace mapwright::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class Executor : public Cli {};

TEST_F(Executor, WithoutLegionSaysWhatToInstall) {
  const fs::path binary = fs::path(directory()) / "mapwright";
  fs::copy_file(MAPWRIGHT_BINARY, binary);  // nothing stands beside it
  for (const std::vector<std::string>& words : {std::vector<std::string> {"run", "--program", "stencil", "--preset", "test", "--machine", "generic", "--engine", "legion"},
                                                {"tune", "--program", "stencil", "--preset", "test", "--machine", "generic", "--engine", "legion", "--no-journal"},
                                                {"study", "parity"}}) {
    std::vector<std::string> all = words;
    all.insert(all.begin(), binary.string());
    const auto ended = engine::command::run_child(all, {.deadline = Seconds(60)});
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->exit_status, 3) << words.front();
    EXPECT_THAT(ended->err, HasSubstr("error[MW6401]"));
    EXPECT_THAT(ended->err, HasSubstr("install Legion 25.06"));
  }
}

// An executor that fails always.
TEST_F(Executor, AStudyOfTimesLeavesOutMappersThatFail) {
  const fs::path folder = directory(), binary = folder / "mapwright", executor = folder / "mapwright-legion";
  fs::copy_file(MAPWRIGHT_BINARY, binary);
  write("mapwright-legion", "#!/bin/sh\nexit 1\n");
  fs::permissions(executor, fs::perms::owner_all);
  const std::vector<std::string> words {binary.string(), "study", "fidelity", "--engine", "legion", "--programs", "cannon", "--preset", "test",
                                        "--mappers", "2", "--repeats", "1", "--machine", MAPWRIGHT_SOURCE_DIR "/tests/data/legion/cpu.toml"};
  const auto ended = engine::command::run_child(words, {.deadline = Seconds(60)});
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_status, 1) << ended->err;
  EXPECT_THAT(ended->out, HasSubstr("left out: cannon under random:1: the Legion program ended with exit status 1"));
  EXPECT_THAT(ended->out, HasSubstr("left out: cannon under random:2"));
}

// The executor sends what Ctrl-C does.
TEST_F(Executor, CtrlCEndsAStudyOfParityWithWhatThereIs) {
  const fs::path folder = directory(), binary = folder / "mapwright", executor = folder / "mapwright-legion";
  fs::copy_file(MAPWRIGHT_BINARY, binary);
  write("mapwright-legion", "#!/bin/sh\nkill -INT $PPID\nexit 1\n");
  fs::permissions(executor, fs::perms::owner_all);
  const std::vector<std::string> words {binary.string(), "study", "parity", "--programs", "cannon,stencil", "--mappers", "50", "--json",
                                        "--machine", MAPWRIGHT_SOURCE_DIR "/tests/data/legion/cpu.toml"};
  const auto ended = engine::command::run_child(words, {.deadline = Seconds(60)});
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_status, 130) << ended->err;
  EXPECT_THAT(ended->err, HasSubstr("interrupted"));
  const auto object = nlohmann::json::parse(ended->out);
  ASSERT_EQ(object["programs"].size(), 1u);
  EXPECT_EQ(object["programs"][0]["program"], "cannon");
  EXPECT_LE(object["programs"][0]["mappers"], 1);
}

TEST_F(Executor, ItsOptionsBelongToIt) {
  const auto ended = run({"run", "--program", "stencil", "--launcher", "mpirun"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("belong to `--engine legion`"));
}

}  // namespace
}  // namespace mapwright::test
