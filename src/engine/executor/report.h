// engine/executor/report.h - what one process saw of an execution on Legion, and what all of them make of it. Private.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace mapwright::engine::executor {

// Seconds since the epoch, so that processes on several nodes agree as far as their clocks do.
struct Interval {
  double start = 0, end = 0;
};

// A timer of the program: when the fence before it ended, or which execution of a top-level launch it looks at.
struct Stamp {
  std::string label;
  bool start = true;
  std::optional<double> fence;
  std::uint64_t launch = 0;  // when there is no fence: executions of top-level launches are numbered from 0
};

struct Report {
  int rank = 0, ranks = 1;
  std::array<std::int64_t, kProcessorKinds> processors {};  // of each kind in this process
  Interval whole;                                           // of the top-level task; equal ends where none ran
  std::vector<Stamp> stamps;                                // likewise
  std::map<std::uint64_t, Interval> launches;               // executions of top-level launches, the points of this process
  std::vector<TaskProfile> tasks;                           // by task and kind
  std::vector<ProcessorUse> used;
  std::optional<std::string> failed;                        // a kernel threw
  std::optional<std::string> wrong;                         // results that differ, or the complaint of the program's check
  bool checked = false;                                     // the results were looked at
};

std::string to_json(const Report& r);
// Error MW6107.
Expected<Report> report_from_json(std::string_view text);

// The reports of all ranks as one, by rank 0's whole and stamps.
Report merge(std::span<const Report> all);

// Length of the timed window of `metric` in a merged report.
double window(const Report& r, const program::Metric& metric);

}  // namespace mapwright::engine::executor
