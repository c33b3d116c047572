// mapwright legion exec, without Legion: what it sets and what it becomes. With Legion: tests/legion.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "cli.h"
#include "engine/command/command.h"

namespace mapwright::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

// The binary in a folder of its own; `library`: with something that has the name of the mapper library.
class LegionExec : public Cli {
 protected:
  engine::command::ChildResult exec(bool library, std::vector<std::string> words) const {
    const fs::path binary = fs::path(directory()) / "mapwright";
    if (!fs::exists(binary)) fs::copy_file(MAPWRIGHT_BINARY, binary);
    if (library) std::ofstream(fs::path(directory()) / "libmapwright_legion.so") << "none";
    words.insert(words.begin(), {binary.string(), "legion", "exec"});
    engine::command::Limits limits;
    limits.deadline = Seconds(60);
    const auto ended = engine::command::run_child(words, limits);
    EXPECT_TRUE(ended);
    return ended ? *ended : engine::command::ChildResult {};
  }
};

TEST_F(LegionExec, BecomesTheProgramWithTheLibraryInFront) {
  const auto ended = exec(true, {"--mapper", "/tmp/m.mapper", "--log", "/tmp/log_%.jsonl", "--strict", "--", "sh", "-c",
                                 "echo $MAPWRIGHT_MAPPER $MAPWRIGHT_LOG $MAPWRIGHT_STRICT $LD_PRELOAD; exit 7"});
  EXPECT_EQ(ended.exit_status, 7);
  EXPECT_THAT(ended.out, HasSubstr("/tmp/m.mapper /tmp/log_%.jsonl 1 "));
  EXPECT_THAT(ended.out, HasSubstr("/libmapwright_legion.so\n"));
}

TEST_F(LegionExec, TellsWhatIsMissing) {
  const auto program = exec(true, {"--", "/nowhere/program", "-x"});
  EXPECT_EQ(program.exit_status, 3);
  EXPECT_THAT(program.err, HasSubstr("cannot start `/nowhere/program`: No such file or directory"));
  fs::remove(fs::path(directory()) / "libmapwright_legion.so");
  const auto library = exec(false, {"--", "true"});
  EXPECT_EQ(library.exit_status, 3);
  EXPECT_THAT(library.err, HasSubstr("error[MW6302]"));
}

}  // namespace
}  // namespace mapwright::test
