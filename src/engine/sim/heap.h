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
HeapKey heap_key(T first, std::uint64_t second) {
  static_assert(sizeof(T) == 8);
  return HeapKey {std::bit_cast<std::uint64_t>(first)} << 64 | second;
}
template <typename T>
bool in_order(T a, T b, std::uint64_t i, std::uint64_t j) {
  return heap_key(a, i) < heap_key(b, j);
}

// Of the four children of a heap's item the one that comes first; null when there are none.
template <typename T>
const T* first_child(const T* items, std::size_t size, std::size_t at) {
  const std::size_t begin = 4 * at + 1;
  if (begin + 4 <= size) {
    const T* const child = items + begin;
    const T* const a = child[1].before(child[0]) ? child + 1 : child;
    const T* const b = child[3].before(child[2]) ? child + 3 : child + 2;
    return b->before(*a) ? b : a;
  }
  if (begin >= size) return nullptr;
  const T* first = items + begin;
  for (std::size_t c = begin + 1; c < size; ++c) first = items[c].before(*first) ? items + c : first;
  return first;
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
    if (!items_.empty()) sink(0, last);
    return top;
  }

  // Items in any order, and then all at once into theirs: faster than one by one.
  void add(const T& item) { items_.push_back(item); }
  void order() {
    for (std::size_t at = (items_.size() + 2) / 4; at-- > 0;) sink(at, T(items_[at]));
  }

 private:
  // Puts an item at a place or below.
  void sink(std::size_t at, const T& item) {
    while (const T* const child = first_child(items_.data(), items_.size(), at)) {
      if (!child->before(item)) break;
      items_[at] = *child;
      at = static_cast<std::size_t>(child - items_.data());
    }
    items_[at] = item;
  }

  std::vector<T> items_;
};

}  // namespace mapwright::engine::sim
