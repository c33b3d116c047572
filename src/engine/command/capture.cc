#include "engine/command/capture.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace mapwright::engine::command {

void Descriptor::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool Pipe::make() {
  std::array<int, 2> ends {};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  read = Descriptor(ends[0]);
  write = Descriptor(ends[1]);
  return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

void BoundedText::append(std::string_view more) {
  const std::size_t room = std::min(more.size(), half_ - std::min(half_, head_.size()));
  head_.append(more.substr(0, room));
  tail_.append(more.substr(room));
  if (tail_.size() <= 2 * half_) return;
  dropped_ += tail_.size() - half_;
  tail_.erase(0, tail_.size() - half_);
}

std::string BoundedText::text() const {
  std::uint64_t dropped = dropped_;
  std::string_view tail = tail_;
  if (tail.size() > half_) {
    dropped += tail.size() - half_;
    tail.remove_prefix(tail.size() - half_);
  }
  if (dropped == 0) return head_ + std::string(tail);
  return fmt::format("{}\n[... {} bytes left out ...]\n{}", head_, dropped, tail);
}

void drain(Descriptor& from, BoundedText& to) {
  std::array<char, 1 << 16> buffer;
  // A bound, so that a child that writes for ever cannot keep its reader from looking at the clock.
  for (int round = 0; round < 64 && from.open(); ++round) {
    const ssize_t n = ::read(from.get(), buffer.data(), buffer.size());
    if (n > 0) {
      to.append({buffer.data(), static_cast<std::size_t>(n)});
    } else if (n == 0) {
      from.close();
    } else if (errno != EINTR) {
      if (errno != EAGAIN) from.close();
      return;
    }
  }
}

}  // namespace mapwright::engine::command
