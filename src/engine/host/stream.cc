#include "engine/host/stream.h"

#include <algorithm>

namespace mapwright::engine::host {

Stream::Stream(const plan::Plan& plan) : plan_(&plan) {
  Position at = 0;
  for (const plan::Segment& s : plan.segments) {
    starts_.push_back(at);
    at += static_cast<Position>(s.end - s.begin) * s.repeat;
  }
  starts_.push_back(at);
}

Place Stream::next(Place p) const {
  if (++p.op < plan_->segments[p.segment].end) return p;
  if (++p.repetition < plan_->segments[p.segment].repeat) {
    p.op = plan_->segments[p.segment].begin;
    return p;
  }
  p.repetition = 0;
  do {
    ++p.segment;
  } while (p.segment < plan_->segments.size() && starts_[p.segment] == starts_[p.segment + 1]);
  if (p.segment < plan_->segments.size()) p.op = plan_->segments[p.segment].begin;
  return p;
}

std::uint32_t Stream::segment_of(plan::OpIndex op) const {
  const auto after = std::upper_bound(plan_->segments.begin(), plan_->segments.end(), op,
                                      [](plan::OpIndex o, const plan::Segment& s) { return o < s.end; });
  MW_CHECK(after != plan_->segments.end() && op >= after->begin, "operation {} is in no segment", op);
  return static_cast<std::uint32_t>(after - plan_->segments.begin());
}

Position Stream::last(plan::OpIndex op) const {
  const std::uint32_t s = segment_of(op);
  const plan::Segment& segment = plan_->segments[s];
  return starts_[s] + (segment.repeat - 1) * (segment.end - segment.begin) + (op - segment.begin);
}

Position Stream::predecessor(const Place& place, Position position, plan::OpIndex op, bool carried) const {
  const plan::Segment& segment = plan_->segments[place.segment];
  const plan::OpIndex length = segment.end - segment.begin;
  Position result = 0;
  if (carried && place.repetition == 0) {
    MW_CHECK(op >= length, "operation {} has no predecessor before its loop", place.op);
    result = last(op - length);
  } else if (carried) {
    result = position + op - place.op - length;
  } else {
    result = op >= segment.begin ? position + op - place.op : last(op);
  }
  MW_CHECK(result < position, "operation {} waits for a later one", place.op);
  return result;
}

}  // namespace mapwright::engine::host
