// SimGrid against hand calculation, then our simulator against SimGrid. The whole table: executable `referee`.
#include <gtest/gtest.h>

#include "apps/apps.h"
#include "cases.h"
#include "compare.h"
#include "simgrid_run.h"

namespace mapwright::referee {
namespace {

constexpr double kGb = 1e9, kExact = 1e-11;

Node work(std::uint32_t host, double seconds) { return {Node::Kind::Work, host, seconds}; }
Node delay(double seconds) { return {Node::Kind::Delay, 0, seconds}; }
Node copy(std::uint32_t path, double bytes) { return {Node::Kind::Copy, path, bytes}; }

void expect_agreement(const Comparison& c) {
  EXPECT_TRUE(c.agrees()) << c.trouble << c.first_difference << "\nmakespan " << c.chained.makespan << ", " << c.chained.within
                          << " of " << c.chained.copies << " copies; pinned " << c.pinned.within << ", worst start " << c.worst_start;
}

TEST(SimGrid, SharesALinkEquallyWhateverTheDelays) {
  DagBuilder b;
  b.dag.links = {10 * kGb};
  b.dag.paths = {{.from = 0, .to = 1, .links = {0}, .cap = 10 * kGb}, {.from = 0, .to = 2, .links = {0}, .cap = 10 * kGb}};
  const auto early = b.add(copy(0, kGb)), wait = b.add(delay(0.02)), late = b.add(copy(1, kGb));
  b.edge(wait, late);
  const Executed run = run_simgrid(b.finish());
  ASSERT_EQ(run.trouble, "");
  // Alone for 20 ms: 0.2 GB. Then 5 GB/s each: the early one has 0.8 GB left, 160 ms; the late one then has 0.2 GB left.
  EXPECT_NEAR(run.end[early], 0.180, kExact);
  EXPECT_NEAR(run.start[late], 0.020, kExact);
  EXPECT_NEAR(run.end[late], 0.200, kExact);
  EXPECT_EQ(run.activities, 3u);
}

TEST(SimGrid, CapsLeaveTheRestToOthers) {
  DagBuilder b;
  b.dag.links = {10 * kGb, 8 * kGb};
  b.dag.paths = {{.from = 0, .to = 1, .links = {0}, .cap = 2 * kGb},
                 {.from = 0, .to = 1, .transposes = true, .links = {0, 1}, .cap = 10 * kGb},
                 {.from = 0, .to = 0, .links = {1}, .cap = 8 * kGb}};
  const auto slow = b.add(copy(0, kGb)), both = b.add(copy(1, kGb)), inside = b.add(copy(2, kGb));
  const Executed run = run_simgrid(b.finish());
  // 2 GB/s for the first. The others share 8 GB/s, for 10 - 2 is more than 4: 250 ms.
  EXPECT_NEAR(run.end[slow], 0.500, kExact);
  EXPECT_NEAR(run.end[both], 0.250, kExact);
  EXPECT_NEAR(run.end[inside], 0.250, kExact);
}

TEST(SimGrid, ChainsAndDates) {
  DagBuilder b;
  b.dag.hosts = 1;
  const auto first = b.add(work(0, 0.003)), join = b.join(), second = b.add(work(0, 0.002));
  b.edge(first, join);
  b.edge(join, second);
  const Dag dag = b.finish();
  const Executed chained = run_simgrid(dag);
  EXPECT_NEAR(chained.start[second], 0.003, kExact);
  EXPECT_NEAR(chained.makespan, 0.005, kExact);
  const std::vector<double> dates {0.001, 0, 0.010};
  const Executed pinned = run_simgrid_at(dag, dates);
  EXPECT_NEAR(pinned.start[first], 0.001, kExact);
  EXPECT_NEAR(pinned.end[first], 0.004, kExact);
  EXPECT_NEAR(pinned.end[second], 0.012, kExact);
}

TEST(SimGrid, SaysWhatNeverEnds) {
  DagBuilder b;
  const auto a = b.join(), c = b.join();
  b.edge(a, c);
  b.edge(c, a);
  EXPECT_EQ(run_simgrid(b.finish()).trouble, "2 of 2 nodes never ended in SimGrid");
}

TEST(Referee, RandomDags) {
  std::size_t copies = 0, shared = 0;
  for (std::uint64_t seed = 1000; seed < 1100; ++seed) {
    SCOPED_TRACE(seed);
    const Case c = random_dag(seed);
    const Comparison result = compare(c.plan, c.program, c.machine);
    expect_agreement(result);
    copies += result.chained.copies;
    shared += result.fifo.copies - result.fifo.within;
  }
  EXPECT_GT(shared, copies / 4) << "copies hardly meet, so sharing is not tested";
}

TEST(Referee, RandomPrograms) {
  for (std::uint64_t seed = 1000; seed < 1100; ++seed) {
    SCOPED_TRACE(seed);
    const Case c = random_program_case(seed);
    expect_agreement(compare(c.plan, c.program, c.machine));
  }
}

TEST(Referee, MoreLaunchesThanTheWindowHolds) {
  const Case c = many_launches();
  expect_agreement(compare(c.plan, c.program, c.machine));
}

TEST(Referee, NoticesAWrongBandwidth) {
  const Case c = random_dag(1000);
  const auto timing = engine::sim::simulate(c.plan, c.program, c.machine, {.profile = false, .timeline = true});
  PlanDag dag = to_dag(c.plan, c.program, c.machine, timing);
  const double right = run_simgrid(dag.dag).makespan;
  EXPECT_NEAR(right, timing.makespan, 1e-9 * right);
  for (double& link : dag.dag.links) link *= 0.95;
  EXPECT_GT(run_simgrid(dag.dag).makespan, 1.01 * right);
}

class Programs : public ::testing::TestWithParam<std::string> {};

TEST_P(Programs, AgreeUnderExpertDefaultAndRandomMappers) {
  int compared = 0;
  for (const std::int64_t nodes : {1, 4, 16}) {
    const auto p = prepare({GetParam(), "test", "p100", nodes});
    ASSERT_TRUE(p) << nodes << " nodes";
    std::vector<std::string> mappers {std::string(apps::find(GetParam())->expert_mapper), ""};
    for (std::string& mapper : random_mappers(*p, 1000, 20)) mappers.push_back(std::move(mapper));
    for (std::size_t m = 0; m < mappers.size(); ++m) {
      SCOPED_TRACE(fmt::format("{} nodes, mapper {}", nodes, m));
      const auto plan = plan_of(*p, mappers[m]);
      if (!plan) continue;  // the default mapper need not be valid
      expect_agreement(compare(*plan, p->program, p->machine));
      ++compared;
    }
  }
  EXPECT_GE(compared, 3 * 21);
}

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const apps::App& app : apps::all()) names.push_back(app.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, Programs, ::testing::ValuesIn(names()), [](const auto& program) { return program.param; });

}  // namespace
}  // namespace mapwright::referee
