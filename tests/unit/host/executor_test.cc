// Every executor runs everything once, also what work submits.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "engine/host/host.h"

namespace mapwright::engine::host {
namespace {

void submit_tree(Executor& e, std::atomic<int>& count, int depth) {
  e.submit([&e, &count, depth] {
    ++count;
    if (depth == 0) return;
    submit_tree(e, count, depth - 1);
    submit_tree(e, count, depth - 1);
  });
}

void expect_complete(std::unique_ptr<Executor> e) {
  std::atomic<int> count = 0;
  submit_tree(*e, count, 9);
  e->wait();
  EXPECT_EQ(count, 1023);  // 2^10 - 1 nodes of a binary tree
  e->wait();               // nothing left: returns
  submit_tree(*e, count, 0);
  e->wait();
  EXPECT_EQ(count, 1024);
}

TEST(Executor, Tbb) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer does not see the synchronisation inside oneTBB";
#endif
  expect_complete(make_tbb_executor(1));
  expect_complete(make_tbb_executor(3));
}

TEST(Executor, Threads) {
  expect_complete(make_thread_executor(1));
  expect_complete(make_thread_executor(3));
  expect_complete(make_thread_executor(0));  // one per core
}

TEST(Executor, Shuffling) { expect_complete(make_shuffling_executor(1)); }

TEST(Executor, ThreadsWorkAtOnce) {
  auto e = make_thread_executor(2);
  std::atomic<int> inside = 0;
  for (int i = 0; i < 2; ++i) {
    e->submit([&] {
      ++inside;
      while (inside < 2) std::this_thread::yield();  // ends only when both run at once
    });
  }
  e->wait();
  EXPECT_EQ(inside, 2);
}

TEST(Executor, ShufflingDependsOnTheSeedOnly) {
  const auto order = [](std::uint64_t seed) {
    std::vector<int> done;
    auto e = make_shuffling_executor(seed);
    for (int i = 0; i < 20; ++i) e->submit([&done, i] { done.push_back(i); });
    e->wait();
    return done;
  };
  EXPECT_EQ(order(1), order(1));
  EXPECT_NE(order(1), order(2));
}

}  // namespace
}  // namespace mapwright::engine::host
