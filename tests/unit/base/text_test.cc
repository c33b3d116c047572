// Distances between words, nearest words and readable numbers.
#include <gtest/gtest.h>

#include "base/base.h"

namespace mapwright {
namespace {

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("FBMEM", "fbmem"), 0);   // letters without regard to case
  EXPECT_EQ(edit_distance("SYSMEN", "SYSMEM"), 1);
  EXPECT_EQ(edit_distance("Tsak", "Task"), 1);     // an adjacent swap
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
}

TEST(Nearest, WithinTwoEditsOrOneForShortWords) {
  const std::vector<std::string> kinds {"CPU", "GPU", "OMP", "SYSMEM", "FBMEM"};
  EXPECT_EQ(nearest("GPUS", kinds), "GPU");
  EXPECT_EQ(nearest("FPU", kinds), "CPU");  // CPU and GPU are equally near: the first
  EXPECT_EQ(nearest("SISMEN", kinds), "SYSMEM");
  EXPECT_EQ(nearest("XYZ", kinds), std::nullopt);
  EXPECT_EQ(nearest("XMX", kinds), std::nullopt);  // two edits from OMP, too many for three letters
}

TEST(Human, Bytes) {
  EXPECT_EQ(human_bytes(17), "17 B");
  EXPECT_EQ(human_bytes(12000), "12.0 kB");
  EXPECT_EQ(human_bytes(1.5e9), "1.50 GB");
  EXPECT_EQ(human_bytes(999999), "1.00 MB");
}

TEST(Human, Seconds) {
  EXPECT_EQ(human_seconds(1.25), "1.25 s");
  EXPECT_EQ(human_seconds(3.4e-3), "3.40 ms");
  EXPECT_EQ(human_seconds(12e-6), "12.0 us");
  EXPECT_EQ(human_seconds(5e-9), "5.00 ns");
  EXPECT_EQ(human_seconds(0), "0.00 s");
}

TEST(Hash, DependsOnEveryWordAndOnBoundaries) {
  EXPECT_EQ(Hasher().add("ab").add("c").hex().size(), 32U);
  EXPECT_NE(Hasher().add("ab").add("c").hex(), Hasher().add("a").add("bc").hex());
  EXPECT_NE(Hasher().add(std::uint64_t {1}).add(std::uint64_t {2}).hex(), Hasher().add(std::uint64_t {2}).add(std::uint64_t {1}).hex());
  EXPECT_EQ(Hasher().add("same").hex(), Hasher().add("same").hex());
}

}  // namespace
}  // namespace mapwright
