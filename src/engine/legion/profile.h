// engine/legion/profile.h - what a run of a Legion program did, summed up as an Execution. Private.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "sema/sema.h"

namespace mapwright::engine::legion {

struct TaskRun {
  std::string_view task;
  bool top_level = false;
  sema::MachinePoint processor;
  std::int64_t start = 0, end = 0;  // ns since the start of the process
  std::int64_t busy = 0;            // ns in the program's code
};

struct CopyRun {
  std::string_view region;          // root region; may be empty
  MemoryKind from = MemoryKind::SysMem, to = MemoryKind::SysMem;
  bool same_memory = false, same_node = true, reduction = false;
  std::int64_t bytes = 0, start = 0, end = 0;
};

// Gets reports from many threads. Needs memory only for different tasks, processors, regions and memories.
class Profiler {
 public:
  void task(const TaskRun& run);
  void copy(const CopyRun& run);
  void mapping(std::string_view task, std::int64_t nanoseconds);  // spent in the mapper for it
  // An instance appears, or goes with negative `bytes`.
  void instance(std::string_view memory, std::int64_t capacity, std::int64_t bytes);

  // Outcome ok; seconds: from the first start of a task below the top level to the last end; makespan: that of all tasks.
  Execution execution() const;

 private:
  struct Window {
    std::int64_t first = 0, last = -1;
    void add(std::int64_t start, std::int64_t end);
    double seconds() const { return last < first ? 0 : static_cast<double>(last - first) * 1e-9; }
  };
  struct Memory {
    std::int64_t now = 0, most = 0, capacity = 0;
  };
  struct Channel {
    std::int64_t nanoseconds = 0, bytes = 0;
  };

  mutable std::mutex mutex_;
  Window whole_, window_;
  std::map<std::pair<std::string, ProcessorKind>, TaskProfile, std::less<>> tasks_;
  std::map<std::string, std::int64_t, std::less<>> mapping_;  // ns by task
  std::map<sema::MachinePoint, ProcessorUse> processors_;
  std::map<std::string, Memory, std::less<>> memories_;
  std::map<std::string, Channel, std::less<>> channels_;
  std::map<std::string, std::int64_t, std::less<>> regions_;
  BytesMoved moved_;
};

}  // namespace mapwright::engine::legion
