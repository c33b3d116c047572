// engine/command/capture.h - the bounded output of a child and the descriptors it comes through.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace mapwright::engine::command {

// An owned file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void close();

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read, write;
  // Both ends close on exec; the reading end does not block. False when the system refuses.
  bool make();
};

// Keeps the first and the last half of what is appended when it is more than `limit` bytes.
class BoundedText {
 public:
  explicit BoundedText(std::int64_t limit) : half_(static_cast<std::size_t>(limit) / 2) {}
  void append(std::string_view more);
  bool truncated() const { return dropped_ > 0 || tail_.size() > half_; }
  std::string text() const;  // with a line that says how much is missing

 private:
  std::size_t half_;
  std::string head_, tail_;  // tail_ is cut back to half_ when it reaches twice that
  std::uint64_t dropped_ = 0;
};

// Appends what can be read without waiting. Closes the descriptor at the end of the stream.
void drain(Descriptor& from, BoundedText& to);

}  // namespace mapwright::engine::command
