// A vector with its first items in itself, also against std::vector.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/small_vector.h"

namespace mapwright {
namespace {

template <typename T, std::uint32_t N>
std::vector<T> items(const SmallVector<T, N>& v) {
  return {v.begin(), v.end()};
}

TEST(SmallVectorTest, GrowsOutOfItselfAndKeepsItsItems) {
  SmallVector<std::uint32_t, 2> v;
  EXPECT_TRUE(v.empty());
  for (std::uint32_t i = 0; i < 9; ++i) v.push_back(i);
  EXPECT_EQ(items(v), (std::vector<std::uint32_t> {0, 1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(v.front(), 0u);
  EXPECT_EQ(v.back(), 8u);
}

TEST(SmallVectorTest, MovesInsideVectors) {
  std::vector<SmallVector<std::uint64_t, 1>> all;
  for (std::uint64_t i = 0; i < 50; ++i) {
    all.emplace_back();
    for (std::uint64_t k = 0; k < i % 5; ++k) all.back().push_back(i + k);
  }
  for (std::uint64_t i = 0; i < 50; ++i) {
    ASSERT_EQ(all[i].size(), i % 5);
    for (std::uint64_t k = 0; k < i % 5; ++k) EXPECT_EQ(all[i].begin()[k], i + k);
  }
  SmallVector<std::uint64_t, 1> taken = std::move(all[4]);
  EXPECT_EQ(items(taken), (std::vector<std::uint64_t> {4, 5, 6, 7}));
  EXPECT_TRUE(all[4].empty());
  all[4].push_back(1);  // usable again, and apart from the other
  EXPECT_EQ(items(all[4]), std::vector<std::uint64_t> {1});
  EXPECT_EQ(items(taken), (std::vector<std::uint64_t> {4, 5, 6, 7}));
}

TEST(SmallVectorTest, DoesWhatAVectorDoes) {
  std::mt19937 random(1);
  SmallVector<std::uint32_t, 2> ours;
  std::vector<std::uint32_t> theirs;
  for (int step = 0; step < 5000; ++step) {
    const auto x = static_cast<std::uint32_t>(random() % 100), what = static_cast<std::uint32_t>(random() % 40);
    if (what == 0) {
      ours.clear();
      theirs.clear();
    } else if (what == 1) {
      ours.assign(x);
      theirs.assign(1, x);
    } else if (what < 6) {
      const auto small = [x](std::uint32_t y) { return y < x; };
      ours.erase_if(small);
      std::erase_if(theirs, small);
    } else {
      ours.push_back(x);
      theirs.push_back(x);
    }
    ASSERT_EQ(items(ours), theirs);
  }
}

}  // namespace
}  // namespace mapwright
