#include "driver/options.h"

#include <gtest/gtest.h>

#include "driver/driver.h"

namespace mapwright::driver {
namespace {

TEST(Options, PointsAreParsedStrictly) {
  EXPECT_EQ(parse_point("4x4", 'x'), (Point {4, 4}));
  EXPECT_EQ(parse_point("7", 'x'), (Point {7}));
  EXPECT_EQ(parse_point("-1,2,3", ','), (Point {-1, 2, 3}));
  for (const char* bad : {"", "4x", "x4", "4 x4", "4.5", "a", "1,2", "1x2x3x4x5x6x7x8x9", "99999999999999999999"}) {
    EXPECT_FALSE(parse_point(bad, 'x')) << bad;
  }
}

TEST(CommandLine, WrongUsageIsTwo) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_command_line({}), 2);
  EXPECT_EQ(run_command_line({"chekc", "a.mapper"}), 2);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("did you mean `check`?"), std::string::npos);
}

}  // namespace
}  // namespace mapwright::driver
