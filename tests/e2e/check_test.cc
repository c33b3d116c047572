#include <gmock/gmock.h>

#include "cli.h"

namespace mapwright::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Check : public Cli {};

TEST_F(Check, GoodMapperIsZero) {
  const Ended ended = run({"check", write("a.mapper", "Task * GPU,CPU;\n")});
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.out, "a.mapper: ok\n");
  EXPECT_THAT(ended.err, IsEmpty());
  EXPECT_THAT(run({"check", "-", "--quiet"}, "Task * GPU,CPU;\n").out, IsEmpty());
}

TEST_F(Check, MistakesGoToStandardError) {
  const Ended ended = run({"check", write("a.mapper", "Task calc GPUS;\n")});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("error[MW3004]"));
  EXPECT_THAT(ended.err, HasSubstr("--> a.mapper:1:11"));
  EXPECT_THAT(ended.err, HasSubstr("`GPU`"));
  EXPECT_EQ(ended.out, "a.mapper: 1 error, 0 warnings\n");
}

TEST_F(Check, ShortFormatIsOneLineEach) {
  const Ended ended = run({"check", write("a.mapper", "Task calc GPUS;\nRegion * * GPU FB;\n"), "--format=short"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("a.mapper:1:11: error[MW3004]: "));
  EXPECT_THAT(ended.err, HasSubstr("a.mapper:2:16: error[MW3005]: "));
  EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 2);
}

TEST_F(Check, JsonFormatIsOneObjectPerLineOnStandardOutput) {
  const Ended ended = run({"check", write("a.mapper", "Task calc GPUS;\n"), "--format=json"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, IsEmpty());
  const auto d = nlohmann::json::parse(ended.out, nullptr, false);
  ASSERT_TRUE(d.is_object()) << ended.out;
  EXPECT_EQ(d["code"], "MW3004");
  EXPECT_EQ(d["line"], 1);
  EXPECT_EQ(d["column"], 11);
}

TEST_F(Check, JsonObjectHasEveryKey) {
  const auto object = json({"check", write("a.mapper", "Task calc GPUS;\n"), "--json"}, 1);
  EXPECT_EQ(object["schema"], "mapwright.check/1");
  EXPECT_EQ(object["mapper"], "a.mapper");
  EXPECT_EQ(object["ok"], false);
  EXPECT_EQ(object["errors"], 1);
  EXPECT_EQ(object["warnings"], 0);
  EXPECT_EQ(object["hidden"], 0);
  EXPECT_TRUE(object["program"].is_null());
  EXPECT_EQ(object["diagnostics"][0]["code"], "MW3004");
}

TEST_F(Check, WithAProgramNamesArePlacedAndCapacityCounts) {
  const std::string unknown = write("a.mapper", "Task calculate_new_currentz GPU;\n");
  const Ended warned = run({"check", unknown, "--program", "circuit", "--preset", "test"});
  EXPECT_EQ(warned.status, 0) << warned.err;
  EXPECT_THAT(warned.err, HasSubstr("warning[MW5008]"));
  EXPECT_THAT(warned.err, HasSubstr("`calculate_new_currents`"));
  EXPECT_EQ(run({"check", unknown, "--program", "circuit", "--preset", "test", "--strict"}).status, 1);

  const std::string outside = write("b.mapper", "m = Machine(GPU);\ndef f(Task t) { return m[0, 99]; }\nIndexTaskMap calculate_new_currents f;\n");
  const Ended placed = run({"check", outside, "--program", "circuit", "--preset", "test"});
  EXPECT_EQ(placed.status, 1);
  EXPECT_THAT(placed.err, HasSubstr("error[MW3201]"));
  EXPECT_EQ(run({"check", outside}).status, 0);  // nothing is placed without a program
}

TEST_F(Check, ColourOnlyWhenAsked) {
  const std::string name = write("a.mapper", "Task calc GPUS;\n");
  EXPECT_THAT(run({"check", name}).err, Not(HasSubstr("\x1b[")));
  EXPECT_THAT(run({"check", name, "--color=always"}).err, HasSubstr("\x1b["));
  EXPECT_THAT(run({"check", name, "--color=never"}).err, Not(HasSubstr("\x1b[")));
}

TEST_F(Check, SeveralMappers) {
  const Ended ended = run({"check", write("a.mapper", "Task * GPU;\n"), write("b.mapper", "Task * GPU\n"), "--json"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(std::count(ended.out.begin(), ended.out.end(), '\n'), 2);
}

}  // namespace
}  // namespace mapwright::test
