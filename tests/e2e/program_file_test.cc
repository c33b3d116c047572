// Programs as files.
#include <gmock/gmock.h>

#include "cli.h"

namespace mapwright::test {
namespace {

using testing::HasSubstr;

class ProgramFile : public Cli {};

TEST_F(ProgramFile, ProgramFilesGoOutAndIn) {
  ASSERT_EQ(run({"program", "export", "--program", "circuit", "--preset", "test", "-o", "circuit.json"}).status, 0);
  EXPECT_THAT(run({"program", "import", "circuit.json"}).out, HasSubstr("circuit: "));
  const auto shipped = json({"run", "--program", "circuit", "--preset", "test", "--json"});
  const auto file = json({"run", "--program", "circuit.json", "--json"});
  EXPECT_EQ(file["outcome"], "ok");
  EXPECT_EQ(file["metric"], shipped["metric"]);
  EXPECT_EQ(file["bytes_moved"], shipped["bytes_moved"]);
}

TEST_F(ProgramFile, RunWithoutAReference) {
  run({"program", "export", "--program", "circuit", "--preset", "test", "-o", "p.json"});
  auto program = nlohmann::ordered_json::parse(read("p.json"), nullptr, false);  // the kind of a statement comes first
  ASSERT_TRUE(program.is_object());
  program.erase("reference_mapper");
  write("p.json", program.dump());
  EXPECT_TRUE(json({"run", "--program", "p.json", "--json"})["relative_to_expert"].is_null());
  EXPECT_EQ(run({"run", "--program", "p.json", "--mapper", "expert"}).status, 2);
}

TEST_F(ProgramFile, MistakesAreTheEnvironment) {
  EXPECT_EQ(run({"run", "--program", "no-such.json"}).status, 3);
  EXPECT_EQ(run({"program", "import", write("bad.json", "{]")}).status, 3);
  EXPECT_EQ(run({"run", "--program", "bad.json", "--preset", "test"}).status, 2);  // a file has no presets
  const Ended json_mode = run({"run", "--program", "bad.json", "--json"});
  EXPECT_EQ(json_mode.status, 3);
  EXPECT_TRUE(json_mode.out.empty());
  EXPECT_THAT(json_mode.err, HasSubstr("\"code\":\"MW42"));
}

}  // namespace
}  // namespace mapwright::test
