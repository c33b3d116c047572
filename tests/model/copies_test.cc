// docs/models/copies.md and docs/models/sharing.md in numbers.
#include "hand_plan.h"

namespace mapwright::test {
namespace {

using engine::sim::Sharing;
using plan::OpKind;
constexpr std::int64_t kGb = 1'000'000'000;
constexpr double kUs = 1e-6, kExact = 1e-12;

TEST(Copies, OneTakesLatencyAndBytesOverBandwidth) {
  HandPlan h(free_machine());
  const auto c = h.copy(h.device(0), h.device(1), kGb);
  // 1 us + 1 GB / 50 GB/s
  EXPECT_NEAR(end_of(h.run(), c), 1 * kUs + 0.020, kExact);
}

TEST(Copies, StartOverheadComesOnTop) {
  HandPlan h(free_machine("\ncopy_start_us = 7"));
  const auto c = h.copy(h.device(0), h.device(1), kGb);
  // 7 us + 1 us + 1 GB / 50 GB/s
  EXPECT_NEAR(end_of(h.run(), c), 8 * kUs + 0.020, kExact);
}

// Ready at 0, 10 us of overhead, 1 us of latency: 11 us. The nearest multiple of 4 us is 12, of 8 us is 8, of 30 us is 0.
TEST(Copies, StartOnTheGrid) {
  for (const auto& [grid, start] : {std::pair(4, 12), std::pair(8, 8), std::pair(30, 0)}) {
    HandPlan h(free_machine(fmt::format("\ncopy_start_us = 10\ncopy_grid_us = {}", grid)));
    const auto c = h.copy(h.device(0), h.device(1), kGb);
    EXPECT_NEAR(end_of(h.run(), c), start * kUs + 0.020, kExact) << grid;
    const auto empty = h.copy(h.device(0), h.device(1), 0);
    EXPECT_NEAR(end_of(h.run(), empty), start * kUs, kExact) << grid;
  }
}

// A copy never starts before what it waits for has ended: 1 us of latency after 6 us of work, on a grid of 12 us.
TEST(Copies, TheGridStartsNothingEarly) {
  HandPlan h(free_machine("\ncopy_grid_us = 12"));
  const auto fill = h.copy(h.device(0), h.device(0), 3'000'000, {}, false, OpKind::Fill);  // 6 us at 500 GB/s
  const auto next = h.copy(h.device(0), h.device(1), kGb, {after(fill)});
  const auto t = h.run();
  EXPECT_NEAR(end_of(t, fill), 6 * kUs, kExact);          // 1 us is nearest to 0
  EXPECT_NEAR(end_of(t, next), 12 * kUs + 0.020, kExact); // 7 us is nearest to 12

  HandPlan late(free_machine("\ncopy_grid_us = 40"));
  const auto first = late.copy(late.device(0), late.device(0), 3'000'000, {}, false, OpKind::Fill);
  const auto second = late.copy(late.device(0), late.device(1), kGb, {after(first)});
  EXPECT_NEAR(end_of(late.run(), second), 6 * kUs + 0.020, kExact);  // 7 us is nearest to 0, but ready at 6
}

TEST(Copies, TwoShareAPortEqually) {
  HandPlan h(free_machine());
  const auto large = h.copy(h.device(0), h.device(1), kGb);
  const auto small = h.copy(h.device(0), h.device(2), kGb / 2);
  const auto t = h.run();
  // 25 GB/s each until 0.5 GB are through at 20 ms; then the large one has 0.5 GB left at 50 GB/s: 10 ms.
  EXPECT_NEAR(end_of(t, small), 1 * kUs + 0.020, kExact);
  EXPECT_NEAR(end_of(t, large), 1 * kUs + 0.030, kExact);
}

TEST(Copies, OppositeDirectionsDoNotShare) {
  HandPlan h(free_machine());
  const auto there = h.copy(h.device(0), h.device(1), kGb);
  const auto back = h.copy(h.device(1), h.device(0), kGb);
  const auto t = h.run();
  EXPECT_NEAR(end_of(t, there), 1 * kUs + 0.020, kExact);
  EXPECT_NEAR(end_of(t, back), 1 * kUs + 0.020, kExact);
}

TEST(Copies, WhatOneCannotUseAnotherGets) {
  HandPlan h(free_machine());
  // Port 0 out carries a, b, c: 50/3 each. Port 3 in carries c and d: d gets the other 50 - 50/3 = 100/3.
  const auto a = h.copy(h.device(0), h.device(1), kGb);
  const auto b = h.copy(h.device(0), h.device(2), kGb);
  const auto c = h.copy(h.device(0), h.device(3), kGb);
  const auto d = h.copy(h.device(2), h.device(3), kGb);
  const auto t = h.run();
  // d: 1 GB / (100/3 GB/s) = 30 ms; a, b, c: 1 GB / (50/3 GB/s) = 60 ms, which the end of d does not change.
  EXPECT_NEAR(end_of(t, d), 1 * kUs + 0.030, kExact);
  EXPECT_NEAR(end_of(t, a), 1 * kUs + 0.060, kExact);
  EXPECT_NEAR(end_of(t, b), 1 * kUs + 0.060, kExact);
  EXPECT_NEAR(end_of(t, c), 1 * kUs + 0.060, kExact);
}

TEST(Copies, ALateOneSlowsTheEarlyOne) {
  HandPlan h(free_machine());
  const auto gate = h.task(h.cpu(0), 10);
  const auto early = h.copy(h.device(0), h.device(1), kGb);
  const auto late = h.copy(h.device(0), h.device(2), kGb, {after(gate)});
  const auto t = h.run();
  // Until 10 ms + 1 us the early one moves 0.5 GB alone (it began at 1 us). Then 25 GB/s each: it ends 20 ms later, the
  // late one has 0.5 GB left then: 10 ms more.
  EXPECT_NEAR(end_of(t, early), 1 * kUs + 0.010 + 0.020, kExact);
  EXPECT_NEAR(end_of(t, late), 1 * kUs + 0.010 + 0.020 + 0.010, kExact);
}

TEST(Copies, TransposingIsCappedAndLeavesTheRest) {
  HandPlan h(free_machine("\ntranspose_factor = 0.25"));
  const auto transposing = h.copy(h.device(0), h.device(1), kGb, {}, true);
  const auto plain = h.copy(h.device(0), h.device(2), kGb);
  const auto t = h.run();
  // Capped at 0.25 x 50 = 12.5 GB/s; the plain one gets 37.5 GB/s.
  EXPECT_NEAR(end_of(t, transposing), 1 * kUs + 0.080, kExact);
  EXPECT_NEAR(end_of(t, plain), 1 * kUs + 1.0 / 37.5, kExact);
}

TEST(Copies, ElementsThatMoveOneByOneHaveARateOfTheirOwn) {
  const auto ends = [](bool transpose, FieldOrder order, std::size_t fields, const char* rate = "100") {
    HandPlan h(free_machine(fmt::format("\nelements_m_s = {}", rate)));
    // 100 elements of one field of 8 bytes; the instances hold some such fields.
    h.plan.field_groups.assign(std::max<std::size_t>(fields, 2), {program::RegionId(std::size_t {0}), {0}, 8});
    h.plan.pieces.push_back(h.program.regions[0].points);
    plan::Cell cell;
    cell.bytes = 800;
    h.plan.cells.push_back(cell);
    h.plan.transfer_cells.push_back(plan::CellId(std::size_t {0}));
    const auto c = h.copy(h.device(0), h.device(1), 800, {}, transpose);
    h.plan.transfers.back().count = 1;
    h.plan.group_lists.assign(1, {});
    for (std::uint32_t g = 0; g < fields; ++g) h.plan.group_lists[0].push_back(g);
    for (plan::Instance& i : h.plan.instances) i.layout.fields = order;
    return end_of(h.run(), c);
  };
  const double plain = 1 * kUs + 800 / 50e9;           // latency, then 50 GB/s
  const double one_by_one = 1 * kUs + 100 / 100e6;     // latency, then 100 M/s
  EXPECT_NEAR(ends(false, FieldOrder::Soa, 2), plain, kExact);
  EXPECT_NEAR(ends(true, FieldOrder::Soa, 2), one_by_one, kExact);
  EXPECT_NEAR(ends(false, FieldOrder::Aos, 2), one_by_one, kExact) << "one field of two";
  EXPECT_NEAR(ends(false, FieldOrder::Aos, 1), plain, kExact) << "whole structures";
  // Faster elements: those of structures of 16 bytes cost 8 + 16 bytes each of 50 GB/s, and of 80 bytes a cache line.
  EXPECT_NEAR(ends(true, FieldOrder::Soa, 2, "2000"), 1 * kUs + 100 / 2e9, kExact);
  EXPECT_NEAR(ends(false, FieldOrder::Aos, 2, "5000"), 1 * kUs + 100 * 24 / 50e9, kExact);
  EXPECT_NEAR(ends(false, FieldOrder::Aos, 10, "5000"), 1 * kUs + 100 * 72 / 50e9, kExact);
}

TEST(Copies, FillsAndFoldsUseTheInsideOfAMemory) {
  HandPlan h(free_machine());
  const auto fill = h.copy(h.device(0), h.device(0), kGb, {}, false, OpKind::Fill);
  const auto fold = h.copy(h.device(0), h.device(0), kGb, {after(fill)}, false, OpKind::Fold);
  const auto far = h.copy(h.device(0), h.device(1), kGb, {after(fold)}, false, OpKind::Fold);
  const auto t = h.run();
  // 1 us + 1 GB / 500 GB/s each; the fold between two memories travels: 1 us + 1 GB / 50 GB/s.
  EXPECT_NEAR(end_of(t, fill), 1 * kUs + 0.002, kExact);
  EXPECT_NEAR(end_of(t, fold), 2 * kUs + 0.004, kExact);
  EXPECT_NEAR(end_of(t, far), 3 * kUs + 0.024, kExact);
}

TEST(Copies, AnEmptyOneTakesItsLatency) {
  HandPlan h(free_machine());
  const auto c = h.copy(h.device(0), h.device(1), 0);
  EXPECT_NEAR(end_of(h.run(), c), 1 * kUs, kExact);
}

TEST(Copies, InFifoOrderOneServesTheOther) {
  HandPlan h(free_machine());
  const auto first = h.copy(h.device(0), h.device(1), kGb);
  const auto second = h.copy(h.device(0), h.device(2), kGb / 2);
  const auto behind = h.copy(h.device(3), h.device(2), kGb);   // waits for the port of device 2, which `second` has booked
  const auto t = h.run(Sharing::Fifo);
  EXPECT_NEAR(end_of(t, first), 1 * kUs + 0.020, kExact);
  EXPECT_NEAR(end_of(t, second), 1 * kUs + 0.030, kExact);
  EXPECT_NEAR(end_of(t, behind), 1 * kUs + 0.050, kExact);
}

TEST(Copies, ChannelsCountBytesAndBusyTime) {
  HandPlan h(free_machine());
  h.copy(h.device(0), h.device(1), kGb);
  h.copy(h.device(0), h.device(1), kGb);
  const auto t = h.run();
  // Both channels of the path are busy for 2 GB / 50 GB/s and carry 2 GB.
  ASSERT_EQ(t.profile.channels.size(), 2u);
  for (const auto& c : t.profile.channels) {
    EXPECT_NEAR(c.busy_seconds, 0.040, kExact);
    EXPECT_EQ(c.bytes, 2 * kGb);
  }
}

}  // namespace
}  // namespace mapwright::test
