// engine/host/timing.h - measured times: the timed window of the metric and busy time by launch.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/host/stream.h"
#include "plan/plan.h"
#include "program/program.h"

namespace mapwright::engine::host {

// Collects time stamps in seconds since the start of the execution. Not thread-safe.
class Timing {
 public:
  Timing(const plan::Plan& plan, const Stream& stream);
  // A timer operation was issued; `fence` receives the end of the fence before it (null: none).
  void issue_timer(const Place& place, std::shared_ptr<const double> fence);
  // A point of a launch ran.
  void ran(const Place& place, double start, double end);
  // Length of the timed window of `metric`; `whole` is the length of the execution.
  double window(const program::Metric& metric, double whole) const;

 private:
  using Execution = std::pair<std::uint32_t, std::uint64_t>;  // launch record and repetition
  struct Interval {
    double start = 0, end = 0;
  };
  struct Event {
    std::uint32_t label;
    bool start;
    std::shared_ptr<const double> fence;
    std::optional<Execution> launch;
  };
  double stamp(const Event& e) const;

  const plan::Plan* plan_;
  std::vector<bool> watched_;                   // by launch record
  std::vector<std::uint32_t> segments_;         // of watched records
  std::map<Execution, Interval> launches_;      // of watched records
  std::vector<Event> events_;
};

}  // namespace mapwright::engine::host
