// Reports of processes as JSON, merged, and the window of the metric in them.
#include "engine/executor/report.h"

#include <gtest/gtest.h>

namespace mapwright::engine::executor {
namespace {

Report report(int rank) {
  Report r;
  r.rank = rank;
  r.ranks = 2;
  r.processors[static_cast<std::size_t>(ProcessorKind::Cpu)] = 2;
  if (rank == 0) {
    r.whole = {10, 20};
    // Two intervals: a fence at 11 to the end of launch 1, the start of launch 2 to a fence at 18.
    r.stamps = {{"loop", true, 11.0, 0}, {"loop", false, std::nullopt, 1}, {"loop", true, std::nullopt, 2}, {"loop", false, 18.0, 0}, {"other", true, 0.0, 0}};
    r.launches = {{0, {10, 11}}, {1, {11, 12.5}}, {2, {15.5, 17}}};
    r.wrong = "x";
    r.checked = true;
  } else {
    r.launches = {{1, {11.5, 13}}, {2, {15, 16}}};
  }
  r.tasks.emplace_back();
  r.tasks.back().task = "work";
  r.tasks.back().points = 2 + rank;
  r.tasks.back().seconds = 1.5;
  r.used = {{rank == 0 ? "node0.CPU0" : "node1.CPU0", ProcessorKind::Cpu, 1.5, 2 + rank}};
  return r;
}

TEST(Report, SurvivesJson) {
  const auto back = report_from_json(to_json(report(0)));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), to_json(report(0)));
  EXPECT_EQ(back->stamps.size(), 5U);
  EXPECT_EQ(back->wrong, "x");
  EXPECT_FALSE(back->failed);
  EXPECT_EQ(back->processors[static_cast<std::size_t>(ProcessorKind::Cpu)], 2);
}

TEST(Report, OtherTextsAreErrors) {
  for (const char* text : {"", "{", "[]", "{\"schema\": \"mapwright.run/1\"}", R"({"schema": "mapwright.legion-run/1"})"}) {
    const auto r = report_from_json(text);
    ASSERT_FALSE(r) << text;
    EXPECT_EQ(r.error().code, diag::kMalformedExecution);
  }
}

TEST(Report, RanksMerge) {
  const Report all[] = {report(0), report(1)};
  const Report r = merge(all);
  EXPECT_EQ(r.launches.at(1).start, 11);
  EXPECT_EQ(r.launches.at(1).end, 13);
  EXPECT_EQ(r.launches.at(2).start, 15);
  ASSERT_EQ(r.tasks.size(), 1U);
  EXPECT_EQ(r.tasks[0].points, 2 + 3);
  EXPECT_DOUBLE_EQ(r.tasks[0].seconds, 3);
  EXPECT_EQ(r.used.size(), 2U);
  EXPECT_TRUE(r.checked);
}

TEST(Report, WindowOfTheMetric) {
  const Report all[] = {report(0), report(1)};
  const Report r = merge(all);
  program::Metric m;
  EXPECT_DOUBLE_EQ(window(r, m), 20 - 10);
  m.label = "loop";
  EXPECT_DOUBLE_EQ(window(r, m), (13 - 11) + (18 - 15));
  m.combine = program::Metric::Combine::Mean;
  EXPECT_DOUBLE_EQ(window(r, m), 2.5);
  m.combine = program::Metric::Combine::Span;
  EXPECT_DOUBLE_EQ(window(r, m), 18 - 11);
  m.label = "none";
  EXPECT_DOUBLE_EQ(window(r, m), 0);
}

}  // namespace
}  // namespace mapwright::engine::executor
