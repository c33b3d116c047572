// BLAS: products, and how it is loaded.
#include "base/blas.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace mapwright {
namespace {

TEST(Blas, AddsTheProductOfPartsOfMatrices) {
  // a is 2 x 3 in rows of 4, b 3 x 2 in rows of 3, c 2 x 2 in rows of 5; the rest of each row is not to be touched.
  const std::vector<double> a {1, 2, 3, 99, 4, 5, 6, 99}, b {1, 2, 99, 3, 4, 99, 5, 6, 99};
  std::vector<double> c {10, 20, -1, -1, -1, 30, 40, -1, -1, -1};
  blas::gemm(2, 2, 3, a.data(), 4, b.data(), 3, c.data(), 5);
  EXPECT_EQ(c, (std::vector<double> {10 + 1 + 6 + 15, 20 + 2 + 8 + 18, -1, -1, -1, 30 + 4 + 15 + 30, 40 + 8 + 20 + 36, -1, -1, -1}));

  const std::vector<float> one {3}, other {4};
  std::vector<float> sum {5};
  blas::gemm(1, 1, 1, one.data(), 1, other.data(), 1, sum.data(), 1);
  EXPECT_EQ(sum[0], 17);
}

#ifdef __linux__
TEST(Blas, LoadingStartsNoThreadsAndLeavesTheEnvironment) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "OpenBLAS has no threads on one core";
  const auto threads = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator()); };
  const auto before = threads();
  ::setenv("OPENBLAS_NUM_THREADS", "7", 1);
  blas::load();
  EXPECT_STREQ(std::getenv("OPENBLAS_NUM_THREADS"), "7");
  EXPECT_EQ(threads(), before);
}
#endif

TEST(Blas, SeveralThreadsMultiplyAtOnce) {
  constexpr int kSize = 65;
  std::vector<std::vector<double>> products(8, std::vector<double>(kSize * kSize));
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < products.size(); ++t) {
    threads.emplace_back([t, &products] {
      const std::vector<double> a(kSize * kSize, static_cast<double>(t)), b(kSize * kSize, 2);
      for (int i = 0; i < 20; ++i) blas::gemm(kSize, kSize, kSize, a.data(), kSize, b.data(), kSize, products[t].data(), kSize);
    });
  }
  for (std::thread& t : threads) t.join();
  for (std::size_t t = 0; t < products.size(); ++t) EXPECT_EQ(products[t], std::vector<double>(kSize * kSize, 20 * 2 * kSize * static_cast<double>(t)));
}

}  // namespace
}  // namespace mapwright
