// engine/sim/workers.h - threads that execute everything, where a machine limits their number (docs/models/plan-time.md).
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace mapwright::engine::sim {

// Work stealing as in oneTBB (and Cilk: Blumofe and Leiserson, JACM 1999): work that becomes ready when a worker's
// operation ends goes to the end of that worker's list; a worker takes the newest of its own list, else the oldest of
// another one's.
class Workers {
 public:
  struct Work {
    std::uint32_t op = 0, block = 0;
    std::uint64_t order = 0;  // position in the program
  };

  explicit Workers(std::uint32_t count) : own_(count), idle_(count, true) {}

  // Work became ready; `early` when its processor, not its data, was what it waited for: then it comes before the rest.
  void offer(Work work, bool early) { (early ? early_ : fresh_).push_back(work); }
  // Worker `w` has nothing to do any more; what is offered from now on is its own.
  void release(std::uint32_t w) {
    hand_over();
    idle_[w] = true;
    maker_ = w;
  }
  // An idle worker and what it does next, until there is none.
  std::optional<std::pair<std::uint32_t, Work>> next() {
    hand_over();
    // The worker that has just ended something looks first.
    for (std::uint32_t i = 0; i < idle_.size(); ++i) {
      const auto w = static_cast<std::uint32_t>((maker_ + i) % idle_.size());
      if (!idle_[w]) continue;
      const std::optional<Work> work = take(w);
      if (!work) return std::nullopt;  // there is none at all
      idle_[w] = false;
      return std::pair(w, *work);
    }
    return std::nullopt;
  }

 private:
  // What became ready together is spawned last in the program first, so that its worker goes on with the first.
  void hand_over() {
    std::deque<Work>& own = own_[maker_];
    for (std::vector<Work>* offered : {&early_, &fresh_}) {
      std::sort(offered->begin(), offered->end(), [](const Work& a, const Work& b) { return a.order > b.order; });
      own.insert(own.end(), offered->begin(), offered->end());
    }
    early_.clear();
    fresh_.clear();
  }

  std::optional<Work> take(std::uint32_t w) {
    if (!own_[w].empty()) {
      const Work newest = own_[w].back();
      own_[w].pop_back();
      return newest;
    }
    for (std::size_t i = 1; i < own_.size(); ++i) {
      std::deque<Work>& other = own_[(w + i) % own_.size()];
      if (other.empty()) continue;
      const Work oldest = other.front();
      other.pop_front();
      return oldest;
    }
    return std::nullopt;
  }

  std::vector<std::deque<Work>> own_;  // by worker
  std::vector<bool> idle_;
  std::vector<Work> early_, fresh_;    // offered and not handed over
  std::uint32_t maker_ = 0;            // the worker that was released last
};

}  // namespace mapwright::engine::sim
