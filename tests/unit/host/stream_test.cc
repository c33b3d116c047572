// Positions in the unrolled sequence of operations.
#include "engine/host/stream.h"

#include <gtest/gtest.h>

namespace mapwright::engine::host {
namespace {

// Operations 0..3 once, 4..5 three times, 6 once: positions 0..3, 4..9, 10.
plan::Plan looped() {
  plan::Plan p;
  p.ops.resize(7);
  p.edge_offsets.assign(8, 0);
  p.segments = {{0, 4, 1, -1}, {4, 6, 3, 0}, {6, 7, 1, -1}};
  return p;
}

TEST(Stream, WalksRepetitions) {
  const plan::Plan p = looped();
  const Stream s(p);
  EXPECT_EQ(s.size(), 11u);
  std::vector<plan::OpIndex> ops;
  std::vector<std::uint64_t> repetitions;
  Place at;
  for (Position i = 0; i < s.size(); ++i, at = s.next(at)) {
    ops.push_back(at.op);
    repetitions.push_back(at.repetition);
  }
  EXPECT_EQ(ops, (std::vector<plan::OpIndex> {0, 1, 2, 3, 4, 5, 4, 5, 4, 5, 6}));
  EXPECT_EQ(repetitions, (std::vector<std::uint64_t> {0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 0}));
}

TEST(Stream, Last) {
  const plan::Plan p = looped();
  const Stream s(p);
  EXPECT_EQ(s.last(1), 1u);
  EXPECT_EQ(s.last(4), 8u);  // third repetition
  EXPECT_EQ(s.last(6), 10u);
}

TEST(Stream, Predecessors) {
  const plan::Plan p = looped();
  const Stream s(p);
  EXPECT_EQ(s.predecessor({5, 1, 2}, 9, 4, false), 8u);  // the same repetition
  EXPECT_EQ(s.predecessor({4, 1, 2}, 8, 5, true), 7u);   // the one before
  EXPECT_EQ(s.predecessor({4, 1, 0}, 4, 5, true), 3u);   // the copy of the body before the loop: 5 - 2
  EXPECT_EQ(s.predecessor({5, 1, 2}, 9, 1, false), 1u);  // before the loop, whatever the repetition
  EXPECT_EQ(s.predecessor({6, 2, 0}, 10, 4, false), 8u); // after the loop: its last repetition
}

TEST(Stream, FencesAndParentsAreWaitedFor) {
  plan::Plan p = looped();
  p.ops[1].kind = plan::OpKind::Fence;
  for (plan::Op& op : p.ops) op.record = 0;
  plan::LaunchRecord record;
  record.parent = 0;
  record.fence = 1;
  p.records.push_back(record);
  const Stream s(p);
  const auto waits = [&](plan::OpIndex op, bool as_mapped = false) {
    std::vector<Position> all;
    for_each_predecessor(p, s, Place {op, 0, 0}, op, as_mapped, [&](Position q) { all.push_back(q); });
    return all;
  };
  EXPECT_EQ(waits(3), (std::vector<Position> {0, 1}));
  p.ops[3].kind = plan::OpKind::Copy;
  EXPECT_EQ(waits(3), std::vector<Position> {1});
  EXPECT_EQ(waits(3, true), (std::vector<Position> {0, 1})) << "issued when its task is mapped, after the parent";
  p.ops[3].kind = plan::OpKind::Join;
  EXPECT_EQ(waits(3), std::vector<Position> {});
}

}  // namespace
}  // namespace mapwright::engine::host
