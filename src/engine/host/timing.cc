#include "engine/host/timing.h"

#include <algorithm>

#include "engine/engine.h"

namespace mapwright::engine::host {

Timing::Timing(const plan::Plan& plan, const Stream& stream)
    : plan_(&plan), watched_(plan.records.size()), segments_(plan.records.size()) {
  for (const plan::Op& op : plan.ops) {
    const bool timer = op.kind == plan::OpKind::TimerStart || op.kind == plan::OpKind::TimerStop;
    if (timer && op.b != plan::kNone) watched_[op.b] = true;
  }
  for (std::size_t i = 0; i < plan.ops.size(); ++i) {
    const plan::Op& op = plan.ops[i];
    if (op.kind == plan::OpKind::Task && watched_[op.record]) {
      segments_[op.record] = stream.segment_of(static_cast<plan::OpIndex>(i));
    }
  }
}

void Timing::issue_timer(const Place& place, std::shared_ptr<const double> fence) {
  const plan::Op& op = plan_->ops[place.op];
  Event event {op.a, op.kind == plan::OpKind::TimerStart, std::move(fence), std::nullopt};
  if (op.b != plan::kNone) {
    const std::uint32_t segment = segments_[op.b];
    const std::uint64_t repetition = segment == place.segment  ? place.repetition
                                     : segment > place.segment ? 0
                                                               : plan_->segments[segment].repeat - 1;
    event.launch = Execution {op.b, repetition};
  }
  events_.push_back(std::move(event));
}

void Timing::ran(const Place& place, double start, double end) {
  const std::uint32_t record = plan_->ops[place.op].record;
  if (!watched_[record]) return;
  const auto [entry, fresh] = launches_.try_emplace({record, place.repetition}, Interval {start, end});
  if (fresh) return;
  entry->second.start = std::min(entry->second.start, start);
  entry->second.end = std::max(entry->second.end, end);
}

double Timing::stamp(const Event& e) const {
  if (!e.launch) return e.fence ? *e.fence : 0;
  const auto found = launches_.find(*e.launch);
  if (found == launches_.end()) return 0;  // a launch without points
  return e.start ? found->second.start : found->second.end;
}

double Timing::window(const program::Metric& metric, double whole) const {
  if (metric.label.empty()) return whole;
  TimedWindow window;
  for (const Event& e : events_) {
    if (plan_->timer_labels[e.label] != metric.label) continue;
    e.start ? window.start(stamp(e)) : window.stop(stamp(e));
  }
  return window.length(metric.combine);
}

}  // namespace mapwright::engine::host
