#include "engine/sim/fences.h"

#include <algorithm>
#include <utility>

namespace mapwright::engine::sim {

void Fences::find(std::uint32_t segment, std::uint64_t rep, std::size_t index) {
  notified_ = false;
  for (; segment < workload_.segments.size(); ++segment, rep = 0, index = 0) {
    const std::vector<plan::OpIndex>& own = workload_.fences[segment];
    if (own.empty()) continue;
    if (index == own.size()) {
      index = 0;
      ++rep;
    }
    const Stretch& s = workload_.segments[segment];
    if (rep == s.repeat) continue;
    next_ = {.op = own[index], .segment = segment, .rep = rep};
    index_ = index;
    order_ = s.base + rep * s.length() + (own[index] - s.begin);
    return;
  }
  next_ = {.op = plan::kNoOp};
  index_ = 0;
  order_ = ~std::uint64_t {0};
}

void Fences::pass(plan::OpIndex op, std::uint64_t at) {
  if (at > order_) {
    early_.push_back(at);  // rare: nothing but joins and timers can come before the fence before them
  } else {
    ++before_;
  }
  if (op != next_.op || at != order_) return;
  find(next_.segment, next_.rep, index_ + 1);
  const auto later = std::partition(early_.begin(), early_.end(), [&](std::uint64_t e) { return e > order_; });
  before_ += static_cast<std::uint64_t>(early_.end() - later);
  early_.erase(later, early_.end());
}

std::optional<Fences::Place> Fences::due() {
  if (next_.op == plan::kNoOp || before_ < order_ || std::exchange(notified_, true)) return std::nullopt;
  return next_;
}

void Fences::describe(Digest& state, std::uint32_t segment, std::uint64_t over) const {
  state.add(next_.op);
  state.add(std::uint64_t {next_.segment} << 1 | (notified_ ? 1 : 0));
  if (next_.segment == segment) state.add(next_.rep - over);
  state.add(before_ - over * workload_.segments[segment].length());
  for (const std::uint64_t at : early_) state.add(at);
}

std::uint64_t Fences::begun(std::uint32_t segment) const {
  return next_.segment == segment && next_.op != plan::kNoOp ? next_.rep + 1 : 0;
}

void Fences::shift(std::uint32_t segment, std::uint64_t repetitions) {
  const std::uint64_t positions = repetitions * workload_.segments[segment].length();
  before_ += positions;
  if (next_.op == plan::kNoOp || next_.segment != segment) return;
  next_.rep += repetitions;
  order_ += positions;
}

}  // namespace mapwright::engine::sim
