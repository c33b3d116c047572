// engine/sim/buckets.h - a priority queue for few distinct keys.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/random.h"
#include "engine/sim/heap.h"

namespace mapwright::engine::sim {

// Items by key, a number of 64 bits that is not negative. Things in equal positions happen at the same time and have equal rates: items of a
// key stand in a list, in the order in which they came, and only the lists are in a heap. Of hundreds of keys some have several lists.
template <typename Key, typename T>
class BucketQueue {
 public:
  BucketQueue() { recent_.fill(kNone); }
  bool empty() const { return order_.empty(); }
  Key key() const { return order_.front().key; }                          // the smallest one
  const T& front() const { return nodes_[lists_[order_.front().list].first].item; }  // an item of it
  void clear() {
    order_.clear();
    lists_.clear();
    nodes_.clear();
    free_lists_.clear();
    free_node_ = kNone;
    recent_.fill(kNone);
  }

  void push(Key key, T item) {
    std::uint32_t node = free_node_;
    if (node == kNone) {
      node = static_cast<std::uint32_t>(nodes_.size());
      nodes_.push_back({item, kNone});
    } else {
      free_node_ = std::exchange(nodes_[node].next, kNone);
      nodes_[node].item = item;
    }
    std::uint32_t& known = recent_[mix64(std::bit_cast<std::uint64_t>(key)) % recent_.size()];
    if (known != kNone && lists_[known].key == key && lists_[known].first != kNone) {
      nodes_[std::exchange(lists_[known].last, node)].next = node;
      return;
    }
    if (free_lists_.empty()) {
      known = static_cast<std::uint32_t>(lists_.size());
      lists_.emplace_back();
    } else {
      known = free_lists_.back();
      free_lists_.pop_back();
    }
    lists_[known] = {key, node, node};
    order_.push({key, known});
  }

  // Removes front().
  T pop() {
    const std::uint32_t number = order_.front().list;
    List& list = lists_[number];
    const std::uint32_t node = list.first;
    list.first = std::exchange(nodes_[node].next, free_node_);
    free_node_ = node;
    if (list.first == kNone) close(number);
    return nodes_[node].item;
  }
  // Removes all items of the smallest key and appends them to `items`.
  void pop_all(std::vector<T>& items) {
    for (const Key key = this->key(); !empty() && this->key() == key;) {
      const std::uint32_t number = order_.front().list;
      List& list = lists_[number];
      for (std::uint32_t n = list.first; n != kNone; n = nodes_[n].next) items.push_back(nodes_[n].item);
      nodes_[list.last].next = std::exchange(free_node_, list.first);
      list.first = kNone;
      close(number);
    }
  }
  // Calls f(key, item) for all items, in no particular order.
  template <typename F>
  void for_each(F&& f) const {
    for (const Place& place : order_.items()) {
      for (std::uint32_t n = lists_[place.list].first; n != kNone; n = nodes_[n].next) f(place.key, nodes_[n].item);
    }
  }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Node {
    T item;
    std::uint32_t next;
  };
  struct List {
    Key key {};
    std::uint32_t first = kNone, last = kNone;
  };
  struct Place {
    Key key;
    std::uint32_t list;
    bool before(const Place& p) const { return in_order(key, p.key, list, p.list); }
  };
  void close(std::uint32_t list) {
    free_lists_.push_back(list);
    order_.pop();
  }

  Heap<Place> order_;                       // of the lists that are not empty
  std::vector<List> lists_;
  std::vector<std::uint32_t> free_lists_;
  std::vector<Node> nodes_;
  std::uint32_t free_node_ = kNone;         // first of those that are not in use
  std::array<std::uint32_t, 256> recent_;   // the latest list of keys that stand here; a key may have several lists
};

}  // namespace mapwright::engine::sim
