#include "support.h"

namespace mapwright::apps {
namespace {

int code(std::string_view name, std::map<std::string, std::string> set, std::string preset = "test", std::int64_t nodes = 1, std::int64_t gpus = 4) {
  const auto p = build(name, {std::move(preset), std::move(set), nodes, gpus});
  return p ? 0 : p.error().code;
}

TEST(Apps, MistakesHaveCodesAndHelp) {
  EXPECT_EQ(code("stensil", {}), diag::kUnknownProgram);
  EXPECT_NE(build("stensil", {}).error().help.find("did you mean `stencil`"), std::string::npos);
  EXPECT_EQ(code("stencil", {}, "large"), diag::kUnknownPreset);
  EXPECT_EQ(code("stencil", {{"n", "5"}}), diag::kUnknownParameter);
  for (const char* bad : {"", "ten", "1.5", "0", "-3", "99999999999999999999", "1000000000000", "5 "}) {
    EXPECT_EQ(code("stencil", {{"ntx", bad}}), diag::kParameterOutOfRange) << bad;
  }
  EXPECT_EQ(code("stencil", {}, "paper", 0), diag::kParameterOutOfRange);
  EXPECT_EQ(code("stencil", {}, "paper", 1, -1), diag::kParameterOutOfRange);
}

TEST(Apps, MistakesSayWhoChoseTheValueAndWhatToDo) {
  const auto error = [](std::string_view name, std::map<std::string, std::string> set, std::int64_t nodes) {
    const auto p = build(name, {"paper", std::move(set), nodes, 4});
    return p ? std::string("built") : p.error().message + " / " + p.error().help;
  };
  const std::string derived = error("cannon", {}, 4096);
  EXPECT_NE(derived.find("what preset `paper` makes of 4096 nodes with 4 GPUs each"), std::string::npos) << derived;
  EXPECT_NE(derived.find("use fewer nodes, or choose it with `--set n=...`"), std::string::npos) << derived;
  EXPECT_EQ(error("cannon", {{"n", "99999999999999999999"}}, 1),
            "parameter `n` of `cannon`: `99999999999999999999` is outside 2..1048576 / n: rows and columns of the matrices");
  EXPECT_EQ(error("cannon", {{"n", "1e4"}}, 1), "parameter `n` of `cannon`: `1e4` is not an integer of 2..1048576 / n: rows and columns of the matrices");
  const std::string unfit = error("circuit", {{"p", "10"}, {"pps", "4"}}, 1);
  EXPECT_NE(unfit.find("`mapwright programs show circuit` lists them"), std::string::npos) << unfit;
}

TEST(Apps, EveryPresetOfEveryProgramBuilds) {
  for (const App& app : all()) {
    for (const char* preset : {"test", "host", "paper", "weak"}) {
      for (const std::int64_t nodes : {1, 2, 4, 8, 16, 32}) {
        const auto p = build(app.name, {preset, {}, nodes, 4});
        ASSERT_TRUE(p) << app.name << " " << preset << ": " << p.error().message;
        EXPECT_EQ(p->name, app.name);
        EXPECT_EQ(p->parameters.size(), app.parameters.size());
        EXPECT_FALSE(p->reference_mapper.empty());
        EXPECT_TRUE(p->check);
      }
    }
    for (const Parameter& q : app.parameters) {
      for (const char* preset : {"test", "host", "paper"}) EXPECT_TRUE(q.presets.contains(preset)) << app.name << " " << q.name;
    }
  }
}

TEST(Apps, ExtremeParametersAreRefusedOrBuiltWithoutHarm) {
  for (const App& app : all()) {
    for (const Parameter& q : app.parameters) {
      for (const std::int64_t v : {q.minimum, q.maximum}) {
        const int c = code(app.name, {{q.name, std::to_string(v)}});
        EXPECT_TRUE(c == 0 || c == diag::kParametersDoNotFit) << app.name << " " << q.name << "=" << v << " gave " << c;
      }
      EXPECT_EQ(code(app.name, {{q.name, std::to_string(q.maximum + 1)}}), diag::kParameterOutOfRange);
    }
  }
}

TEST(Apps, TestPresetsComputeTheRightNumbers) {
  for (const App& app : all()) {
    SCOPED_TRACE(app.name);
    expect_right(built(app.name, {"test", {}, 1, 4}));
  }
}

}  // namespace
}  // namespace mapwright::apps
