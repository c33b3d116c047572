// base/small_vector.h - a vector that holds its first N items in itself, for state with millions of mostly short lists: a
// list in the heap is one more cache line to fetch for each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>

namespace mapwright {

template <typename T, std::uint32_t N>
class SmallVector {
  static_assert(std::is_trivially_copyable_v<T> && N > 0);

 public:
  SmallVector() = default;
  SmallVector(SmallVector&& other) noexcept { steal(other); }
  SmallVector& operator=(SmallVector&& other) noexcept {
    if (this == &other) return *this;
    release();
    steal(other);
    return *this;
  }
  SmallVector(const SmallVector&) = delete;
  SmallVector& operator=(const SmallVector&) = delete;
  ~SmallVector() { release(); }

  bool empty() const { return size_ == 0; }
  std::uint32_t size() const { return size_; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  const T& front() const { return *begin(); }
  const T& back() const { return *(end() - 1); }

  void clear() { size_ = 0; }
  void push_back(T item) {
    if (size_ == capacity_) grow();
    data()[size_++] = item;
  }
  void assign(T only) {  // one item
    clear();
    push_back(only);
  }
  template <typename F>
  void erase_if(F&& f) {
    size_ = static_cast<std::uint32_t>(std::remove_if(begin(), end(), f) - begin());
  }

 private:
  T* data() { return capacity_ == N ? reinterpret_cast<T*>(own_) : many_; }
  const T* data() const { return capacity_ == N ? reinterpret_cast<const T*>(own_) : many_; }
  void grow() {
    T* const more = std::allocator<T>().allocate(2 * std::size_t {capacity_});
    std::memcpy(more, data(), size_ * sizeof(T));
    const std::uint32_t capacity = 2 * capacity_;
    release();
    many_ = more;
    capacity_ = capacity;
  }
  void release() {
    if (capacity_ != N) std::allocator<T>().deallocate(many_, capacity_);
    capacity_ = N;
  }
  void steal(SmallVector& other) {
    std::memcpy(static_cast<void*>(this), static_cast<const void*>(&other), sizeof *this);
    other.size_ = 0;
    other.capacity_ = N;
  }

  std::uint32_t size_ = 0, capacity_ = N;  // capacity N: the items are in `own_`
  union {
    alignas(T) unsigned char own_[N * sizeof(T)] = {};
    T* many_;
  };
};

}  // namespace mapwright
