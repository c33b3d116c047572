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

// Every line of a mapper costs the command a second; the simulator knows better what is fast.
TEST_F(Engines, AScreenPredictsAndTheCommandMeasures) {
  const auto tune = [&](const std::string& journal, const std::string& iterations, bool resume) {
    std::vector<std::string> words {"tune", "--program", "stencil", "--preset", "test", "--engine", "command", "--command", "echo \"time = $(wc -l < {mapper})\"",
                                    "--metric", "time = *([0-9]+)", "--screen", "sim:6", "--iterations", iterations, "--journal", journal, "--json", "--quiet"};
    if (resume) words.emplace_back("--resume");
    return json(words);
  };
  const auto whole = tune("whole.db", "6", false);
  ASSERT_EQ(whole["history"].size(), 6u);
  std::int64_t simulations = 0;
  for (const auto& e : whole["history"]) {
    EXPECT_EQ(e["outcome"], "ok");
    EXPECT_EQ(e["note"].get<std::string>().rfind("predicted ", 0), 0u) << e["note"];
    EXPECT_THAT(e["note"].get<std::string>(), HasSubstr(e["iteration"] == 1 ? ": default mapper" : " (1 of "));
    simulations += e["simulations"].get<std::int64_t>();
  }
  EXPECT_EQ(whole["simulations"], simulations);
  EXPECT_GT(simulations, 6);
  EXPECT_LE(simulations, 1 + 5 * 6);

  EXPECT_EQ(tune("parts.db", "3", false)["history"].size(), 3u);
  const auto resumed = tune("parts.db", "6", true);
  EXPECT_EQ(resumed["replayed"], 3);
  EXPECT_EQ(resumed["history"], whole["history"]);
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
