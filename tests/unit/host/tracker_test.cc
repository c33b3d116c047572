// Validity in program order, and when memory may be poisoned.
#include "engine/host/tracker.h"

#include <gtest/gtest.h>

namespace mapwright::engine::host {
namespace {

using plan::CellId;
using plan::InstanceId;

// A region of one cell with two ordinary instances (slots 0 and 1) and a reduction instance (slot 2).
struct Fixture {
  plan::Plan plan;
  program::Program program;
  std::vector<Slot> poisoned;

  Fixture() {
    program::Builder b("tiny");
    b.add_region("r", PointSet(Rect({0}, {9})), {{"f", 8}});
    program = b.finish();
    plan.pieces = plan.point_sets = {program.regions[0].points};
    plan.field_groups = {{program::RegionId(0), {0}, 8}};
    plan.cells = {{program::RegionId(0), 0, 0, 80}};
    plan::Instance i;
    plan.group_lists = {{0}};
    plan.instances = {i, i, i};
    plan.instances[2].reduction = program::ReductionOp::Sum;
  }
};

struct TrackerTest : ::testing::Test {
  Fixture f;
  Holdings holdings {f.plan, f.program};
  Tracker tracker {holdings, [this](Slot s) { f.poisoned.push_back(s); }};
  const CellState& cell() const { return tracker.state(CellId(0)); }
};

TEST_F(TrackerTest, CopiesShareAndWritesOwn) {
  tracker.write(0, true);
  tracker.copy(0, 1);
  EXPECT_EQ(cell().valid, (std::vector<Slot> {0, 1}));
  tracker.read(1);
  tracker.write(1, false);
  EXPECT_EQ(cell().valid, std::vector<Slot> {1});
  EXPECT_EQ(f.poisoned, std::vector<Slot> {0});
  EXPECT_FALSE(tracker.incoherent());
}

TEST_F(TrackerTest, PoisonWaitsForEarlierUsers) {
  std::vector<Access> reader, copy, writer;
  tracker.write(0, true);
  tracker.copy(0, 1);
  tracker.use(0, copy);
  tracker.use(1, copy);
  tracker.read(0);
  tracker.use(0, reader);
  tracker.write(1, false);  // slot 0 is invalid now, but a copy and a task still read it
  tracker.use(1, writer);
  EXPECT_TRUE(f.poisoned.empty());
  EXPECT_TRUE(tracker.finish(copy).empty());
  EXPECT_EQ(tracker.finish(reader), std::vector<Slot> {0});
  EXPECT_TRUE(tracker.finish(writer).empty());
}

TEST_F(TrackerTest, PoisonIsForTheOldDataOnly) {
  std::vector<Access> reader, back;
  tracker.write(0, true);
  tracker.read(0);
  tracker.use(0, reader);
  tracker.write(1, true);  // invalidates 0
  tracker.copy(1, 0);      // which becomes valid again
  tracker.use(0, back);
  EXPECT_EQ(tracker.finish(reader), std::vector<Slot> {0});  // before the copy starts, which waits for the reader
  EXPECT_TRUE(tracker.finish(back).empty());
}

TEST_F(TrackerTest, ReductionsArePendingUntilFolded) {
  tracker.write(0, true);
  tracker.fill(2, true);
  tracker.reduce(2);
  tracker.reduce(2);
  EXPECT_EQ(cell().pending, std::vector<Slot> {2});
  tracker.fold(2, 0);
  EXPECT_TRUE(cell().pending.empty());
  EXPECT_EQ(cell().valid, std::vector<Slot> {0});
  tracker.read(0);
  EXPECT_FALSE(tracker.incoherent());
}

TEST_F(TrackerTest, ProgramFillsReachInstancesLater) {
  tracker.write(0, true);
  tracker.reduce(2);
  tracker.program_fill(CellId(0), 5);
  EXPECT_TRUE(cell().valid.empty());
  EXPECT_TRUE(cell().pending.empty());
  EXPECT_EQ(cell().filled, 5);
  EXPECT_EQ(f.poisoned, (std::vector<Slot> {0, 2}));
  tracker.fill(1, false);
  tracker.fill(0, false);
  EXPECT_EQ(cell().valid, (std::vector<Slot> {1, 0}));
  tracker.read(0);
  EXPECT_FALSE(tracker.incoherent());
}

TEST_F(TrackerTest, SeesStaleReads) {
  tracker.write(0, true);
  tracker.read(1);
  ASSERT_TRUE(tracker.incoherent());
  EXPECT_EQ(tracker.incoherent()->first, 1u);
  EXPECT_EQ(tracker.incoherent()->second, "a task reads: the instance is not valid");
}

TEST_F(TrackerTest, SeesStaleCopies) {
  tracker.write(0, true);
  tracker.copy(1, 0);
  EXPECT_EQ(tracker.incoherent()->second, "a copy reads: the instance is not valid");
}

TEST_F(TrackerTest, SeesReductionsThatAreNotFolded) {
  tracker.write(0, true);
  tracker.reduce(2);
  tracker.read(0);
  EXPECT_EQ(tracker.incoherent()->second, "a task reads: a reduction is not folded");
}

TEST_F(TrackerTest, SeesLostData) {
  tracker.write(0, true);
  tracker.reclaim(0);
  EXPECT_FALSE(tracker.incoherent());  // they may be overwritten
  tracker.read(1);
  EXPECT_EQ(tracker.incoherent()->second, "a task reads: the only valid instance was freed");
}

TEST_F(TrackerTest, SeesLostReductions) {
  tracker.reduce(2);
  tracker.reclaim(2);
  EXPECT_EQ(tracker.incoherent()->second, "a reduction instance was freed before its fold");
}

}  // namespace
}  // namespace mapwright::engine::host
