// Lines of the log of decisions.
#include "engine/legion/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace mapwright::engine::legion {
namespace {

using nlohmann::json;

TEST(Log, TellsWhoDecided) {
  LoggedTask t;
  t.task = "update \"a\"";
  t.point = Point {1, 2};
  t.processor = {ProcessorKind::Omp, 1, 3};
  t.variant = "fast";
  t.kind_by.line = 7;
  LoggedArgument a;
  a.position = 2;
  a.region = "cells";
  a.memory = "SYSMEM";
  a.layout = "SOA F_order";
  a.bytes = 4096;
  a.memory_by.program = true;
  t.arguments.push_back(a);
  const json line = json::parse(to_json(t));
  EXPECT_EQ(line["event"], "task");
  EXPECT_EQ(line["task"], "update \"a\"");
  EXPECT_EQ(line["point"], json::parse("[1,2]"));
  EXPECT_EQ(line["kind"], "OMP");
  EXPECT_EQ(line["node"], 1);
  EXPECT_EQ(line["processor"], 3);
  EXPECT_EQ(line["kind_by"], 7);
  EXPECT_EQ(line["place_by"], "default");
  EXPECT_EQ(line["arguments"][0]["memory_by"], "program");
  EXPECT_EQ(line["arguments"][0]["layout_by"], "default");
  EXPECT_EQ(line["arguments"][0]["bytes"], 4096);
  t.point.reset();
  EXPECT_TRUE(json::parse(to_json(t))["point"].is_null());
}

TEST(Log, SurvivesTextThatIsNoUnicode) {
  EXPECT_EQ(json::parse(print_json("a\xff"))["event"], "print");
  EXPECT_EQ(json::parse(replicate_json("top", 2, {}))["shards"], 2);
  EXPECT_EQ(json::parse(warning_json("MW5003", "text", 4))["line"], 4);
}

TEST(Log, WritesWholeLinesAtOnce) {
  const std::string path = testing::TempDir() + "mapwright_legion_log.jsonl";
  auto log = Log::open(path);
  ASSERT_TRUE(log);
  (*log)->write("{}");
  EXPECT_EQ(*read_file(path), "{}\n") << "nothing may be lost when the process is aborted";
  const auto nowhere = Log::open("/nowhere/log");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().message.substr(0, 27), "cannot write `/nowhere/log`");
}

}  // namespace
}  // namespace mapwright::engine::legion
