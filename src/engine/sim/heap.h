// engine/sim/heap.h - a heap with four children per node: fewer levels, and siblings in one cache line or two.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace mapwright::engine::sim {

// Whether a comes before b, or a is b and i comes before j. Without branches: which of two items of a heap comes first cannot be
// predicted.
template <typename T, typename N>
bool in_order(T a, T b, N i, N j) {
  return int(a < b) | (int(a == b) & int(i < j));
}

// Items come out in the order of T::before(const T&), a strict weak order, best one by in_order().
template <typename T>
class Heap {
 public:
  bool empty() const { return items_.empty(); }
  const T& front() const { return items_.front(); }
  const std::vector<T>& items() const { return items_; }  // in no particular order
  void clear() { items_.clear(); }
  // Changes all items by f(item), which keeps their order.
  template <typename F>
  void for_each(F&& f) {
    for (T& item : items_) f(item);
  }

  void push(const T& item) {
    std::size_t at = items_.size();
    items_.push_back(item);
    while (at > 0) {
      const std::size_t parent = (at - 1) / 4;
      if (!item.before(items_[parent])) break;
      items_[at] = items_[parent];
      at = parent;
    }
    items_[at] = item;
  }

  T pop() {
    const T top = items_.front(), last = items_.back();
    items_.pop_back();
    if (items_.empty()) return top;
    std::size_t at = 0;
    for (;;) {
      const std::size_t first = 4 * at + 1, end = std::min(first + 4, items_.size());
      if (first >= end) break;
      std::size_t child = first;
      for (std::size_t c = first + 1; c < end; ++c) child = items_[c].before(items_[child]) ? c : child;
      if (!items_[child].before(last)) break;
      items_[at] = items_[child];
      at = child;
    }
    items_[at] = last;
    return top;
  }

 private:
  std::vector<T> items_;
};

}  // namespace mapwright::engine::sim
