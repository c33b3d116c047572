#include "guide/pattern.h"

#include <gtest/gtest.h>

namespace mapwright::guide {
namespace {

TEST(Pattern, FixedTextIsFoundAnywhere) {
  EXPECT_TRUE(find_pattern("out of bound", "line one\nSlice processor index out of bound!\n"));
  EXPECT_FALSE(find_pattern("out of bound", "out of\nbound"));
  EXPECT_FALSE(find_pattern("out of bound", ""));
}

TEST(Pattern, SlotsTakeTheShortestTextOfOneLine) {
  const auto slots = find_pattern("task {task} (ID {id})", "x\nfor task init a (ID 30) and task b (ID 4)\n");
  ASSERT_TRUE(slots);
  EXPECT_EQ(slots->at("task"), "init a");
  EXPECT_EQ(slots->at("id"), "30");
  EXPECT_FALSE(find_pattern("task {task} (ID", "task init\n(ID 3)"));
}

TEST(Pattern, SlotAtTheEndTakesTheRestOfTheLine) {
  const auto slots = find_pattern("error: {message}", "warning\nerror: no such thing\nmore");
  ASSERT_TRUE(slots);
  EXPECT_EQ(slots->at("message"), "no such thing");
}

TEST(Pattern, BracesThatNameNoSlotMeanThemselves) {
  EXPECT_TRUE(find_pattern("unexpected ':', expecting '{'", "syntax error, unexpected ':', expecting '{'"));
  EXPECT_FALSE(find_pattern("expecting '{'", "expecting '}'"));
}

TEST(Pattern, FillReplacesKnownSlotsOnly) {
  EXPECT_EQ(fill_slots("Task {task} GPU; {other} { }", {{"task", "calc"}}), "Task calc GPU; {other} { }");
}

TEST(Pattern, LongInputTakesLinearTime) {
  const std::string text(4 << 20, 'a');
  EXPECT_FALSE(find_pattern("a{x}a{y}a{z}b", text));
}

}  // namespace
}  // namespace mapwright::guide
