// The objects that scripts and agents depend on: every key of docs/formats, with its type.
#include <gmock/gmock.h>

#include "cli.h"

namespace mapwright::test {
namespace {

class JsonFormat : public Cli {
 protected:
  static std::vector<std::string> circuit(std::vector<std::string> words) {
    words.insert(words.end(), {"--program", "circuit", "--preset", "test", "--json"});
    return words;
  }
};

TEST_F(JsonFormat, Run) {
  const auto object = json(circuit({"run", "--mapper", "expert"}));
  EXPECT_EQ(object["schema"], "mapwright.run/1");
  EXPECT_EQ(object["program"]["name"], "circuit");
  EXPECT_EQ(object["program"]["hash"].get<std::string>().size(), 32u);
  EXPECT_EQ(object["machine"]["name"], "p100");
  EXPECT_EQ(object["machine"]["hash"].get<std::string>().size(), 32u);
  EXPECT_EQ(object["engine"], "sim");
  EXPECT_EQ(object["outcome"], "ok");
  EXPECT_GT(object["seconds"].get<double>(), 0);
  EXPECT_GE(object["makespan"].get<double>(), object["seconds"].get<double>());
  for (const char* key : {"name", "unit", "value", "higher_is_better"}) EXPECT_TRUE(object["metric"].contains(key)) << key;
  EXPECT_DOUBLE_EQ(object["relative_to_expert"].get<double>(), 1.0);
  EXPECT_EQ(object["simulations"], 1);
  for (const char* key : {"total", "intra_node", "inter_node", "by_region", "by_channel"}) EXPECT_TRUE(object["bytes_moved"].contains(key)) << key;
  EXPECT_EQ(object["bytes_moved"]["total"].get<std::int64_t>(),
            object["bytes_moved"]["intra_node"].get<std::int64_t>() + object["bytes_moved"]["inter_node"].get<std::int64_t>());
  ASSERT_FALSE(object["memory_peak"].empty());
  for (const char* key : {"memory", "bytes", "capacity"}) EXPECT_TRUE(object["memory_peak"][0].contains(key)) << key;
  ASSERT_FALSE(object["processors"].empty());
  for (const char* key : {"name", "busy_seconds", "points"}) EXPECT_TRUE(object["processors"][0].contains(key)) << key;
  for (const char* key : {"system", "explain", "suggest", "profile"}) EXPECT_TRUE(object["feedback"][key].is_string()) << key;
  EXPECT_TRUE(object["diagnostics"].is_array());
  EXPECT_TRUE(object.contains("version"));
}

TEST_F(JsonFormat, RunOfAnInvalidMapper) {
  const auto object = json(circuit({"run", "--mapper", write("a.mapper", "Task * GPUS;\n")}), 1);
  EXPECT_EQ(object["outcome"], "compile_error");
  EXPECT_EQ(object["relative_to_expert"], 0.0);
  EXPECT_TRUE(object["seconds"].is_null());
  EXPECT_TRUE(object["metric"].is_null());
  EXPECT_TRUE(object["of_limit"].is_null());
  EXPECT_EQ(object["diagnostics"][0]["code"], "MW3004");
}

TEST_F(JsonFormat, FeedbackStopsAtItsLevel) {
  const auto object = json(circuit({"run", "--feedback", "explain"}));
  EXPECT_TRUE(object["feedback"]["explain"].is_string());
  EXPECT_TRUE(object["feedback"]["suggest"].is_null());
  EXPECT_TRUE(object["feedback"]["profile"].is_null());
}

TEST_F(JsonFormat, EqualRunsGiveEqualBytes) {
  const std::vector<std::string> words = circuit({"run", "--mapper", "random:5"});
  EXPECT_EQ(run(words).out, run(words).out);
}

TEST_F(JsonFormat, TuneEndsWithItsObject) {
  const Ended ended = run(circuit({"tune", "--iterations", "5", "--no-journal"}));
  ASSERT_EQ(ended.status, 0) << ended.err;
  std::vector<nlohmann::json> lines;
  std::istringstream in(ended.out);
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line, nullptr, false));
  ASSERT_EQ(lines.size(), 6u) << ended.out;  // one per evaluation, then the result
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(lines[i]["schema"], "mapwright.tune.progress/1");
    EXPECT_EQ(lines[i]["iteration"], i + 1);
  }
  const nlohmann::json& object = lines.back();
  EXPECT_EQ(object["schema"], "mapwright.tune/1");
  EXPECT_EQ(object["iterations"], 5);
  EXPECT_EQ(object["seed"], 1);
  for (const char* key : {"iteration", "value", "relative_to_expert", "mapper"}) EXPECT_TRUE(object["best"].contains(key)) << key;
  ASSERT_EQ(object["history"].size(), 5u);
  for (const char* key : {"iteration", "outcome", "value", "best"}) EXPECT_TRUE(object["history"][0].contains(key)) << key;
  EXPECT_EQ(object["evaluations_valid"].get<int>() + object["evaluations_invalid"].get<int>(), 5);
  EXPECT_GE(object["simulations"].get<int>(), 5);
  EXPECT_EQ(object["stopped_by"], "iterations");
  EXPECT_GT(object["seconds"].get<double>(), 0);
  EXPECT_GE(object["best"]["value"].get<double>(), object["history"][0]["value"].get<double>() * (object["metric"]["higher_is_better"] ? 1 : 0));
}

}  // namespace
}  // namespace mapwright::test
