// Studies: each prints a table and an object, the same however many jobs there are.
#include <gmock/gmock.h>

#include <cmath>

#include "cli.h"

namespace mapwright::test {
namespace {

using testing::HasSubstr;

class Study : public Cli {};

TEST_F(Study, WithoutANameListsAll) {
  const auto object = json({"study", "--json"});
  EXPECT_EQ(object["schema"], "mapwright.studies/1");
  std::vector<std::string> names;
  for (const auto& s : object["studies"]) names.push_back(s["name"]);
  EXPECT_THAT(names, testing::Contains("throughput"));
  EXPECT_THAT(run({"study"}).out, HasSubstr("throughput"));
}

TEST_F(Study, Throughput) {
  const std::vector<std::string> words {"study", "throughput", "--programs", "circuit,cannon", "--preset", "test", "--mode", "raw", "--seeds", "3"};
  auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> all = words;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const auto object = json(with({"--json"}));
  EXPECT_EQ(object, json(with({"--json", "--jobs", "3"})));
  EXPECT_EQ(object["schema"], "mapwright.study.throughput/1");
  EXPECT_EQ(object["seeds"], 3);
  ASSERT_EQ(object["programs"].size(), 2u);
  EXPECT_EQ(object["programs"][0]["program"]["name"], "circuit");
  EXPECT_EQ(object["programs"][0]["published"]["best"], 1.34);
  EXPECT_EQ(object["programs"][1]["published"]["mean"], 1.09);
  ASSERT_EQ(object["programs"][0]["strategies"].size(), 2u);
  for (const auto& program : object["programs"]) {
    for (const auto& s : program["strategies"]) {
      EXPECT_EQ(s["proposals"], 27);  // 3 seeds x (10 evaluations - the default mapper)
      EXPECT_GT(s["invalid"], 0) << "mode raw";
      ASSERT_EQ(s["best_by_seed"].size(), 3u);
      for (std::size_t i = 0; i < 3; ++i) {
        const double best = s["best_by_seed"][i], own = s["own_by_seed"][i], plain = program["default"];
        EXPECT_EQ(best, std::max(own, plain));
      }
    }
  }
  // What one search finds is what tune finds with the same seed.
  const auto tuned = json({"tune", "--program", "cannon", "--preset", "test", "--mode", "raw", "--optimizer", "random", "--seed", "2",
                           "--no-journal", "--quiet", "--json"});
  for (const auto& s : object["programs"][1]["strategies"]) {
    if (s["strategy"] == "random") {
      EXPECT_DOUBLE_EQ(s["best_by_seed"][1], tuned["best"]["relative_to_expert"].get<double>());
    }
  }
  const Ended text = run(with({}));
  for (const char* part : {"language model, mean", "1.33", "hillclimb", "random", "invalid proposals, %", "82 % of their random mappers"}) {
    EXPECT_THAT(text.out, HasSubstr(part));
  }
}

TEST_F(Study, Limits) {
  const std::vector<std::string> words {"study", "limits", "--programs", "stencil,cannon", "--preset", "test", "--iterations", "4", "--seeds", "2"};
  std::vector<std::string> with_json = words;
  with_json.push_back("--json");
  const auto object = json(with_json);
  EXPECT_EQ(object["schema"], "mapwright.study.limits/1");
  ASSERT_EQ(object["programs"].size(), 2u);
  for (const auto& program : object["programs"]) {
    double largest = 0;
    for (const char* term : {"compute", "memory", "tasks", "communication", "mapping", "chain"}) {
      largest = std::max(largest, program["terms"][term].get<double>());
    }
    EXPECT_GT(program["limit"], 0);
    EXPECT_LE(program["limit"].get<double>(), largest * (1 + 1e-12));
    EXPECT_EQ(program["terms"][program["binding"].get<std::string>()], largest);
    EXPECT_EQ(program["complete"], true);
    for (const char* who : {"expert", "default", "best"}) {
      EXPECT_GT(program[who], 0) << who;
      EXPECT_LE(program[who], 1) << who;
    }
    EXPECT_GE(program["best"], program["expert"]);
    // `run` says the same.
    const auto ran = json({"run", "--program", program["program"]["name"], "--preset", "test", "--mapper", "expert", "--json"});
    EXPECT_DOUBLE_EQ(ran["of_limit"].get<double>(), program["expert"].get<double>());
    EXPECT_NEAR(ran["of_limit"].get<double>() * ran["seconds"].get<double>(), program["limit"].get<double>(), 1e-12);
  }
  EXPECT_THAT(run(words).out, HasSubstr("best known %"));
}

TEST_F(Study, FidelityComparesRealWithSimulatedTimes) {
  const auto object = json({"study", "fidelity", "--programs", "cannon", "--preset", "test", "--mappers", "4", "--repeats", "2", "--json"});
  EXPECT_EQ(object["schema"], "mapwright.study.fidelity/1");
  ASSERT_EQ(object["programs"].size(), 1u);
  const auto& cannon = object["programs"][0];
  ASSERT_EQ(cannon["mappers"].size(), 4u);
  for (const auto& m : cannon["mappers"]) {
    ASSERT_EQ(m["real"].size(), 2u);
    EXPECT_GT(m["real"][0], 0);
    EXPECT_GT(m["simulated"], 0);
    ASSERT_EQ(m["draws"].size(), 9u);  // the median
    int below = 0, above = 0;
    for (const auto& d : m["draws"]) below += d < m["simulated"], above += d > m["simulated"];
    EXPECT_LE(below, 4);
    EXPECT_LE(above, 4);
  }
  EXPECT_LE(cannon["rank_correlation"], 1);
  EXPECT_LE(cannon["repeats_correlation"], 1);
  EXPECT_GE(cannon["repeats_correlation"], -1);
  EXPECT_GE(cannon["error_90"], cannon["median_error"]);
}

TEST_F(Study, SensitivityHalvesAndDoublesEveryEstimate) {
  const std::vector<std::string> words {"study", "sensitivity", "--programs", "stencil", "--preset", "test", "--iterations", "3", "--json"};
  const auto object = json(words);
  EXPECT_EQ(object["schema"], "mapwright.study.sensitivity/1");
  const auto& stencil = object["programs"][0];
  EXPECT_GT(stencil["constants"].size(), 50u);
  bool latency = false;
  for (const auto& c : stencil["constants"]) {
    // Both mappers wait equally long, so halving the wait brings their ratio nowhere near 0 or infinity, but changes it.
    if (c["key"] == "overheads.ready_to_start_us") latency = c["value"] == 50 && c["halved"]["default"] > 0.1 && c["halved"]["default"] < 10;
  }
  EXPECT_TRUE(latency);
  std::vector<std::string> parallel = words;
  parallel.insert(parallel.end(), {"--jobs", "3"});
  EXPECT_EQ(json(parallel), object);
}

TEST_F(Study, CalibrationsFitOneProgram) {
  const std::string file = "times.json";
  EXPECT_EQ(run({"calibrate", "--program", "cannon", "--preset", "test", "-o", file}).status, 0);
  const auto calibrated = json({"run", "--program", "cannon", "--preset", "test", "--calibration", file, "--mapper", "default", "--json", "--gpus", "0"});
  EXPECT_EQ(calibrated["outcome"], "ok");
  const Ended other = run({"run", "--program", "stencil", "--preset", "test", "--calibration", file});
  EXPECT_NE(other.status, 0);
  EXPECT_THAT(other.err, HasSubstr("MW4117"));
}

TEST_F(Study, Decompose) {
  const auto object = json({"study", "decompose", "--json", "--jobs", "2"});
  EXPECT_EQ(object["schema"], "mapwright.study.decompose/1");
  ASSERT_EQ(object["configurations"].size(), 441u);
  EXPECT_EQ(object["published"]["mean"], 1.23);
  // decompose moves no more bytes than a grid that does not look at the shape, and is faster on the whole.
  EXPECT_GT(object["against"]["balance_split"]["mean"], 1.02);
  EXPECT_GT(object["against"]["balance_split"]["most"], 1.2);
  EXPECT_GT(object["against"]["balance_split"]["bytes_mean"], 1.5);
  EXPECT_GT(object["against"]["greedy_split"]["different"], 0);
  double log_sum = 0;
  for (const auto& c : object["configurations"]) {
    const auto bytes = [&](const char* method) { return c[method]["bytes"].get<double>(); };
    if (c["nodes"] == 1) {
      EXPECT_LE(bytes("decompose"), bytes("balance_split")) << c;
    }
    for (const char* method : {"decompose", "greedy_split", "balance_split"}) {
      const std::int64_t tiles = c[method]["grid"][0].get<std::int64_t>() * c[method]["grid"][1].get<std::int64_t>();
      EXPECT_EQ(tiles, 4 * c["nodes"].get<std::int64_t>());
    }
    log_sum += std::log(c["balance_split"]["seconds_per_step"].get<double>() / c["decompose"]["seconds_per_step"].get<double>());
  }
  EXPECT_NEAR(std::exp(log_sum / 441), object["against"]["balance_split"]["mean"].get<double>(), 1e-9);
}

}  // namespace
}  // namespace mapwright::test
