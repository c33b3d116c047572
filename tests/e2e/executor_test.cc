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

TEST_F(Executor, ItsOptionsBelongToIt) {
  const auto ended = run({"run", "--program", "stencil", "--launcher", "mpirun"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("belong to `--engine legion`"));
}

}  // namespace
}  // namespace mapwright::test
