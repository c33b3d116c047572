// base/index_table.h - finds the numbers of things by what they are. Holds those and 32 bits of hash only: of half a million
// things, nodes and keys of their own would take most of the memory, and fetching them most of the time.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace mapwright {

class IndexTable {
 public:
  // The number with this hash for which is(number) holds; `number` is added when there is none.
  template <typename F>
  std::uint32_t find_or_add(std::uint64_t hash64, std::uint32_t number, F&& is) {
    if (4 * ++size_ > 3 * entries_.size()) grow();
    const auto hash = static_cast<std::uint32_t>(hash64 >> 32);
    for (std::size_t i = hash & (entries_.size() - 1);; i = (i + 1) & (entries_.size() - 1)) {
      Entry& e = entries_[i];
      if (e.number == kFree) return (e = {hash, number}).number;
      if (e.hash != hash || !is(e.number)) continue;
      --size_;
      return e.number;
    }
  }

 private:
  static constexpr std::uint32_t kFree = 0xffffffff;
  struct Entry {
    std::uint32_t hash = 0, number = kFree;
  };
  void grow() {
    std::vector<Entry> old(entries_.size() * 2);
    std::swap(old, entries_);
    for (const Entry& e : old) {
      if (e.number == kFree) continue;
      std::size_t i = e.hash & (entries_.size() - 1);
      while (entries_[i].number != kFree) i = (i + 1) & (entries_.size() - 1);
      entries_[i] = e;
    }
  }
  std::vector<Entry> entries_ = std::vector<Entry>(64);  // a power of two, at most three quarters full
  std::size_t size_ = 0;
};

}  // namespace mapwright
