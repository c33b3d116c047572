// The executors behind the host engine's graph of operations.
#include <sys/types.h>
#include <tbb/info.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "engine/host/host.h"

namespace mapwright::engine::host {

namespace {

class TbbExecutor final : public Executor {
 public:
  // TBB has no more threads than cores and warns when asked for more.
  explicit TbbExecutor(unsigned workers)
      : arena_(std::min(static_cast<int>(worker_count(workers)), tbb::info::default_concurrency())) {}
  ~TbbExecutor() noexcept override {}  // task_group's may throw when it was not waited for
  void submit(std::function<void()> work) override {
    arena_.execute([&] { group_.run(std::move(work)); });
  }
  void wait() override {
    arena_.execute([&] { group_.wait(); });
  }

 private:
  tbb::task_arena arena_;
  tbb::task_group group_;
};

class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(unsigned workers) {
    for (unsigned i = 0; i < worker_count(workers); ++i) threads_.emplace_back([this] { serve(); });
  }
  ~ThreadExecutor() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    for (std::thread& t : threads_) t.join();
  }
  void submit(std::function<void()> work) override {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(work));
      ++unfinished_;
    }
    changed_.notify_one();
  }
  void wait() override {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return unfinished_ == 0; });
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      const std::function<void()> work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
      lock.lock();
      if (--unfinished_ == 0) idle_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_, idle_;
  std::deque<std::function<void()>> queue_;
  std::int64_t unfinished_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

// One thread, the next piece of work chosen at random: an adversary that finds missing dependences.
class ShufflingExecutor final : public Executor {
 public:
  explicit ShufflingExecutor(std::uint64_t seed) : random_(seed) {}
  void submit(std::function<void()> work) override { queue_.push_back(std::move(work)); }
  void wait() override {
    while (!queue_.empty()) {
      std::swap(queue_[random_.below(queue_.size())], queue_.back());
      const std::function<void()> work = std::move(queue_.back());
      queue_.pop_back();
      work();
    }
  }

 private:
  Rng random_;
  std::vector<std::function<void()>> queue_;
};

}  // namespace

unsigned worker_count(unsigned workers) { return workers != 0 ? workers : std::max(1U, std::thread::hardware_concurrency()); }

bool default_plain_threads() { return MAPWRIGHT_HOST_PLAIN_THREADS != 0; }

std::unique_ptr<Executor> make_tbb_executor(unsigned workers) {
  // TBB's threads do not survive a fork: in the child of a process that used TBB, plain threads do the work.
  static std::atomic<pid_t> owner {0};
  pid_t nobody = 0;
  if (!owner.compare_exchange_strong(nobody, getpid()) && nobody != getpid()) return make_thread_executor(workers);
  return std::make_unique<TbbExecutor>(workers);
}

std::unique_ptr<Executor> make_thread_executor(unsigned workers) { return std::make_unique<ThreadExecutor>(workers); }

std::unique_ptr<Executor> make_shuffling_executor(std::uint64_t seed) {
  return std::make_unique<ShufflingExecutor>(seed);
}

}  // namespace mapwright::engine::host
