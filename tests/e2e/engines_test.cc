// The engines beside the simulator.
#include <gmock/gmock.h>

#include "cli.h"

namespace mapwright::test {
namespace {

using testing::HasSubstr;

class Engines : public Cli {};

TEST_F(Engines, ExternalCommandIsAnEngine) {
  const std::string mapper = write("a.mapper", "Task * GPU;\n");
  const auto object = json({"run", "--engine", "command", "--command", "wc -l < {mapper}; echo 'rate = 2.5 GF'", "--metric", "rate = ([0-9.]+)",
                            "--metric-name", "rate", "--metric-unit", "GF", "--higher-is-better", "--mapper", mapper, "--json"});
  EXPECT_EQ(object["outcome"], "ok");
  EXPECT_EQ(object["metric"]["value"], 2.5);
  EXPECT_EQ(object["metric"]["higher_is_better"], true);
  const auto late = json({"run", "--engine", "command", "--command", "sleep 30; cat {mapper}", "--timeout", "0.3", "--mapper", mapper, "--json"}, 1);
  EXPECT_EQ(late["outcome"], "timeout");
  const auto failing = json({"run", "--engine", "command", "--command", "echo 'Slice processor index out of bound {mapper}' >&2; exit 3", "--mapper", mapper, "--json"}, 1);
  EXPECT_EQ(failing["outcome"], "execution_error");
  EXPECT_THAT(failing["feedback"]["suggest"].get<std::string>(), HasSubstr("% m.size[0]"));
}

TEST_F(Engines, CommandNeedsACommand) {
  const Ended missing = run({"run", "--program", "circuit", "--engine", "command"});
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.err, HasSubstr("--command"));
  EXPECT_EQ(run({"run", "--program", "circuit", "--command", "ls"}).status, 2);
}

TEST_F(Engines, HostRunsAndChecksTheNumbers) {
  const auto object = json({"run", "--program", "stencil", "--preset", "test", "--engine", "host", "--mapper", write("cpu.mapper", "Task * CPU;\n"), "--json"});
  EXPECT_EQ(object["engine"], "host");
  EXPECT_EQ(object["outcome"], "ok");
  const auto gpu = json({"run", "--program", "stencil", "--preset", "test", "--engine", "host", "--json"}, 1);
  EXPECT_EQ(gpu["outcome"], "unsupported");
  EXPECT_EQ(json({"run", "--program", "stencil", "--preset", "test", "--engine", "host", "--emulate-gpu", "--json"})["outcome"], "ok");
}

TEST_F(Engines, NoisyEnginesAreComparedByIntervals) {
  const auto object = json({"compare", "a.mapper", write("a.mapper", "Task * CPU;\n"), "--program", "stencil", "--preset", "test", "--engine", "host",
                            "--repeats", "6", "--json"});
  EXPECT_EQ(object["repeats"], 6);
  EXPECT_EQ(object["mappers"][0]["values"].size(), 6u);
  EXPECT_DOUBLE_EQ(object["mappers"][0]["interval"]["confidence"].get<double>(), 0.96875);  // 1 - 2/64
  EXPECT_TRUE(object["mappers"][1]["distinguishable_from_first"].is_boolean());
}

}  // namespace
}  // namespace mapwright::test
