#include "driver/console.h"

#include <gtest/gtest.h>

namespace mapwright::driver {
namespace {

TEST(Console, StatusFollowsTheCode) {
  EXPECT_EQ(status_of(diag::kUnexpectedToken), kMapperFailed);
  EXPECT_EQ(status_of(diag::kCoordinateOutOfRange), kMapperFailed);
  EXPECT_EQ(status_of(diag::kOutOfMemory), kMapperFailed);
  EXPECT_EQ(status_of(diag::kMachineUnknown), kUsage);
  EXPECT_EQ(status_of(diag::kMachineSyntax), kEnvironment);
  EXPECT_EQ(status_of(4301), kUsage);
  EXPECT_EQ(status_of(diag::kFileUnreadable), kEnvironment);
}

TEST(Table, AlignsNumbersRightAndTextLeft) {
  Table table({"name", "n"});
  table.add({"a", "1"});
  table.add({"long", "100"});
  EXPECT_EQ(table.text(),
            "name    n\n"
            "a       1\n"
            "long  100\n");
  EXPECT_EQ(table.text(2).substr(0, 6), "  name");
}

TEST(Table, NoTrailingSpacesAndShortRows) {
  Table table({"a", "b"});
  table.add({"x"});
  table.add({"yy", ""});
  EXPECT_EQ(table.text(), "a   b\nx\nyy\n");
}

}  // namespace
}  // namespace mapwright::driver
