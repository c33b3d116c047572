// engine/sim/heap.h - a heap with four children per node: fewer levels, and siblings in one cache line or two.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mapwright::engine::sim {

// Whether a comes before b, or a is b and i comes before j, none of them negative. A comparison of one number of 128 bits, without
// branches: which of two items of a heap comes first cannot be predicted.
__extension__ typedef unsigned __int128 HeapKey;
template <typename T>
bool in_order(T a, T b, std::uint64_t i, std::uint64_t j) {
  static_assert(sizeof(T) == 8);
  const auto key = [](T first, std::uint64_t second) { return HeapKey {std::bit_cast<std::uint64_t>(first)} << 64 | second; };
  return key(a, i) < key(b, j);
}

// Items come out in the order of T::before(const T&), a strict weak order, best one by in_order().
template <typename T>
class Heap {
 public:
  bool empty() const { return items_.empty(); }
  const T& front() const { return items_.front(); }
  const std::vector<T>& items() const { return items_; }  // in no particular order
  void clear() { items_.clear(); }

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
    while (const T* const child = first_child(at)) {
      if (!child->before(last)) break;
      items_[at] = *child;
      at = static_cast<std::size_t>(child - items_.data());
    }
    items_[at] = last;
    return top;
  }

 private:
  // Of the four children of an item the one that comes first; null when there are none.
  const T* first_child(std::size_t at) const {
    const std::size_t begin = 4 * at + 1, end = std::min(begin + 4, items_.size());
    if (begin >= end) return nullptr;
    const T* const child = items_.data() + begin;
    if (end - begin == 4) {
      const T* const a = child[1].before(child[0]) ? child + 1 : child;
      const T* const b = child[3].before(child[2]) ? child + 3 : child + 2;
      return b->before(*a) ? b : a;
    }
    const T* first = child;
    for (const T* c = child + 1; c < items_.data() + end; ++c) first = c->before(*first) ? c : first;
    return first;
  }

  std::vector<T> items_;
};

}  // namespace mapwright::engine::sim
