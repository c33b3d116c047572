// driver/interrupt.h - Ctrl-C as a flag.
#pragma once

#include <atomic>

namespace mapwright::driver {

// While one exists, SIGINT and SIGTERM set a flag instead of ending the process; a second one ends it at once. At most
// one at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  const std::atomic<bool>& flag() const;
};

}  // namespace mapwright::driver
