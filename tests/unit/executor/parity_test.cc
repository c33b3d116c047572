// Decisions of real runs on Legion 25.06, recorded by `mapwright study parity --out`, against the plan of today.
#include "engine/executor/parity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "apps/apps.h"

namespace mapwright::engine::executor {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(MAPWRIGHT_SOURCE_DIR) / "tests/data/legion";

machine::Machine machine_of_logs(std::int64_t nodes) {
  diag::Sink sink;
  machine::Overrides o;
  o.nodes = nodes;
  auto m = machine::load_machine((kData / "cpu.toml").string(), o, sink);
  EXPECT_TRUE(m);
  return *std::move(m);
}

program::Program program_named(const std::string& name, std::int64_t nodes) {
  apps::Choice choice;
  choice.preset = "test";
  choice.nodes = nodes;
  for (const apps::Parameter& p : apps::find(name)->parameters) {
    if (p.name == "ranks") choice.set["ranks"] = "1";
  }
  return *apps::build(name, choice);
}

Parity compare(const fs::path& mapper, std::string log, std::int64_t nodes, std::string_view replaced = "") {
  const std::string file = mapper.filename().string();
  const program::Program p = program_named(file.substr(0, file.find('-')), nodes);
  const machine::Machine m = machine_of_logs(nodes);
  diag::Sink sink;
  const auto text = read_file(mapper.string());
  const auto plan = plan::make_plan(sema::compile(diag::make_source(file, replaced.empty() ? *text : std::string(replaced)), sink), p, m, sink, {.unroll = true});
  EXPECT_TRUE(plan);
  const auto parity = compare_decisions(*plan, p, m, log);
  EXPECT_TRUE(parity);
  return *parity;
}

std::vector<fs::path> recorded() {
  std::vector<fs::path> all;
  for (const auto& entry : fs::recursive_directory_iterator(kData)) {
    if (entry.path().extension() == ".mapper") all.push_back(entry.path());
  }
  std::sort(all.begin(), all.end());
  return all;
}

class RecordedRuns : public ::testing::TestWithParam<fs::path> {};

TEST_P(RecordedRuns, HaveTheDecisionsOfThePlan) {
  const fs::path mapper = GetParam();
  fs::path log = mapper;
  const auto text = read_file(log.replace_extension(".jsonl").string());
  ASSERT_TRUE(text);
  // Runs in two processes stand in a folder of their own.
  const std::int64_t nodes = mapper.parent_path().filename() == "two-ranks" ? 2 : 1;
  const Parity parity = compare(mapper, *text, nodes);
  EXPECT_THAT(parity.differences, ::testing::IsEmpty());
  EXPECT_GE(parity.points, 43);  // the least, COSMA's
}

std::string name_of(const ::testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.parent_path().filename().string() + "_" + info.param.stem().string();
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}
INSTANTIATE_TEST_SUITE_P(Legion, RecordedRuns, ::testing::ValuesIn(recorded()), name_of);

TEST(Parity, AnotherMapperDiffers) {
  const fs::path mapper = kData / "cannon-default.mapper";
  const auto log = read_file((kData / "cannon-default.jsonl").string());
  ASSERT_TRUE(log);
  // All leaves in another memory: 2 repetitions of 4 tiles and 2 chunks each, on both sides.
  const Parity parity = compare(mapper, *log, 1, "Region task_4 A * RDMEM;");
  EXPECT_EQ(parity.points, 84 - 16);
  EXPECT_FALSE(parity.differences.empty());
  EXPECT_THAT(parity.differences.front(), ::testing::HasSubstr("task_4"));
}

TEST(Parity, OtherTextsAreErrors) {
  const program::Program p = program_named("cannon", 1);
  const machine::Machine m = machine_of_logs(1);
  diag::Sink sink;
  const auto plan = plan::make_plan(sema::compile(diag::make_source("m", ""), sink), p, m, sink, {.unroll = true});
  ASSERT_TRUE(plan);
  for (const char* text : {"{", "{}", "{\"event\":\"task\"}", "[1]"}) EXPECT_FALSE(compare_decisions(*plan, p, m, text)) << text;
  const auto empty = compare_decisions(*plan, p, m, "");
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->points, 0);
}

TEST(Parity, ComparesBytes) {
  BytesMoved plan;
  plan.total = 30;
  plan.inside = 7;
  plan.by_region = {{"A", 20}, {"B", 10}};
  plan.by_channel = {{"SYSMEM to RDMEM inside nodes", 30}};
  EXPECT_TRUE(compare_bytes(plan, plan).empty());
  BytesMoved real = plan;
  real.inside = 8;
  real.by_region = {{"B", 10}};
  const std::vector<std::string> expected {"bytes inside memories: plan 7, Legion 8", "bytes of A: plan 20, Legion 0"};
  EXPECT_EQ(compare_bytes(plan, real), expected);
}

}  // namespace
}  // namespace mapwright::engine::executor
