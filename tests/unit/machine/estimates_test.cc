// Which constants of a description are estimates, and changing one.
#include <gtest/gtest.h>

#include "support/tiny_machine.h"

namespace mapwright::machine {
namespace {

constexpr const char* kText = R"(name = "x"  # an estimate of nothing: no number
nodes = 3
[processors.CPU]  # one core each
count = 3         # estimate
fp64_gflop_s = 50 # measured
efficiency = 0.8  # estimate: high
[access.CPU.RDMEM]  # estimate, as SYSMEM
stream_gb_s = 12.5
latency_us = 0.1    # measured
[overheads]
copy_us = 10
)";

TEST(Estimates, AreMarkedByTheirCommentOrTheirSections) {
  const std::vector<Estimate> found = estimates(kText);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].key, "processors.CPU.count");
  EXPECT_EQ(found[1].key, "processors.CPU.efficiency");
  EXPECT_EQ(found[2].key, "access.CPU.RDMEM.stream_gb_s");
  EXPECT_EQ(found[2].value, 12.5);
  EXPECT_EQ(found[3].key, "overheads.copy_us");
}

TEST(Estimates, ChangeInPlaceWithinTheirRange) {
  const std::vector<Estimate> found = estimates(kText);
  const auto line_of = [&](std::size_t i, double factor) {
    const std::string changed = with_factor(kText, found[i], factor);
    const std::size_t end = changed.find('\n', found[i].begin);
    return changed.substr(changed.rfind('\n', found[i].begin) + 1, end - changed.rfind('\n', found[i].begin) - 1);
  };
  EXPECT_EQ(line_of(0, 0.5), "count = 2         # estimate");        // 1.5, rounded
  EXPECT_EQ(line_of(0, 0.1), "count = 1         # estimate");
  EXPECT_EQ(line_of(1, 0.5), "efficiency = 0.4  # estimate: high");
  EXPECT_EQ(line_of(1, 2), "efficiency = 1  # estimate: high");
  EXPECT_EQ(line_of(2, 2), "stream_gb_s = 25");
}

TEST(Estimates, OfShippedMachinesCanAllBeChanged) {
  for (const std::string& name : shipped_machine_names()) {
    const std::string_view text = shipped_machine(name);
    const std::vector<Estimate> found = estimates(text);
    EXPECT_GT(found.size(), name == "generic" ? 5U : 50U) << name;
    for (const Estimate& e : found) {
      for (const double factor : {0.5, 2.0}) {
        diag::Sink sink;
        const auto m = read_machine(diag::make_source("changed", with_factor(text, e, factor)), {}, sink);
        ASSERT_TRUE(m.has_value()) << name << " " << e.key << " x " << factor;
      }
    }
  }
}

}  // namespace
}  // namespace mapwright::machine
