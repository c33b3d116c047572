// engine/sim/agenda.h - what is to happen, in order of time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "engine/sim/buckets.h"
#include "engine/sim/ticks.h"

namespace mapwright::engine::sim {

// Items that come out by time, those of the same time by T::before(const T&). They are put in order when their time has come.
template <typename T>
class Agenda {
 public:
  bool empty() const { return !begun() && later_.empty(); }
  Ticks time() const { return begun() ? time_ : later_.key(); }  // of what comes first
  // Some item of that time.
  const T& any() const { return begun() ? first() : later_.front(); }
  T pop_any() { return begun() ? take() : later_.pop(); }
  // The first item. From then on nothing earlier may be pushed until all items of that time have been popped.
  const T& front() {
    begin();
    return first();
  }
  T pop() {
    begin();
    return take();
  }
  void push(Ticks time, const T& item) {
    if (begun() && time == time_) return late_.push(item);
    later_.push(time, item);
  }

  // All items, in order.
  std::vector<std::pair<Ticks, T>> items() const {
    std::vector<std::pair<Ticks, T>> all;
    for (std::size_t i = next_; i < batch_.size(); ++i) all.emplace_back(time_, batch_[i]);
    for (const T& item : late_.items()) all.emplace_back(time_, item);
    later_.for_each([&](Ticks time, const T& item) { all.emplace_back(time, item); });
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return a.first < b.first || (a.first == b.first && a.second.before(b.second));
    });
    return all;
  }
  void clear() {
    batch_.clear();
    next_ = 0;
    late_.clear();
    later_.clear();
  }

 private:
  bool begun() const { return next_ < batch_.size() || !late_.empty(); }
  void begin() {
    if (begun()) return;
    batch_.clear();
    next_ = 0;
    time_ = later_.key();
    later_.pop_all(batch_);
    const auto before = [](const T& a, const T& b) { return a.before(b); };
    if (!std::is_sorted(batch_.begin(), batch_.end(), before)) std::sort(batch_.begin(), batch_.end(), before);
  }
  bool late() const { return next_ == batch_.size() || (!late_.empty() && late_.front().before(batch_[next_])); }
  const T& first() const { return late() ? late_.front() : batch_[next_]; }
  T take() { return late() ? late_.pop() : batch_[next_++]; }

  BucketQueue<Ticks, T> later_;
  Ticks time_ = 0;             // of what has begun:
  std::vector<T> batch_;       // in order, from next_ on
  std::size_t next_ = 0;
  Heap<T> late_;               // came since
};

}  // namespace mapwright::engine::sim
