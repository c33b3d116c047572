#include "plan/default_policy.h"

#include <gtest/gtest.h>

namespace mapwright::plan {
namespace {

std::vector<std::uint32_t> numbers(const std::vector<machine::ProcessorId>& placed) {
  std::vector<std::uint32_t> out;
  for (const auto p : placed) out.push_back(p.value);
  return out;
}

std::vector<machine::ProcessorId> targets(std::size_t n) {
  std::vector<machine::ProcessorId> out;
  for (std::size_t i = 0; i < n; ++i) out.emplace_back(i);
  return out;
}

TEST(SpreadBlocks, CutsOneDimensionEvenly) {
  // Point i of 10 goes to block i * 4 / 10.
  EXPECT_EQ(numbers(spread_blocks(Rect::of_extents({10}), targets(4))), (std::vector<std::uint32_t> {0, 0, 0, 1, 1, 2, 2, 2, 3, 3}));
}

TEST(SpreadBlocks, CountsBlocksFirstDimensionFastest) {
  // 4 = 2 x 2 over a 4 x 3 domain: block (x / 2, y * 2 / 3), number x / 2 + 2 (y * 2 / 3).
  EXPECT_EQ(numbers(spread_blocks(Rect::of_extents({4, 3}), targets(4))),
            (std::vector<std::uint32_t> {0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3}));
}

TEST(SpreadSharded, DealsPointsToSpacesAndRunsToProcessors) {
  diag::Sink sink;
  machine::Overrides two;
  two.nodes = 2;
  two.gpus = 2;
  const auto m = machine::load_machine("generic", two, sink);
  ASSERT_TRUE(m);
  const auto placed = spread_sharded(Rect::of_extents({10}), *m, ProcessorKind::Gpu);
  // Space i mod 2; the five points of a space, in order, go to GPU rank * 2 / 5.
  for (std::int64_t i = 0; i < 10; ++i) {
    const machine::Processor& p = (*m)[placed[static_cast<std::size_t>(i)]];
    EXPECT_EQ(p.kind, ProcessorKind::Gpu);
    EXPECT_EQ(p.space.value, i % 2);
    EXPECT_EQ(p.index, i / 2 * 2 / 5) << "point " << i;
  }
}

}  // namespace
}  // namespace mapwright::plan
