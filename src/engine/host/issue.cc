// Issuing operations in program order: what waits for what, which data become valid and invalid.
#include "engine/host/run.h"

namespace mapwright::engine::host {

using plan::InstanceId;
using plan::OpKind;

void Run::issue_all() {
  while (next_ < stream_.size() && next_ - oldest_ < window_.size()) {
    issue(next_++);
    cursor_ = stream_.next(cursor_);
  }
}

void Run::issue(Position position) {
  Active& a = active(position);
  a.place = cursor_;
  a.waiting = 1;
  a.done = false;
  a.successors.clear();
  a.accesses.clear();
  a.futures.clear();
  a.contributions.reset();
  a.value.reset();
  for_each_predecessor(plan_, stream_, a.place, position, options_.measure, [&](Position p) {
    if (p < oldest_ || active(p).done) return;
    active(p).successors.push_back(position);
    ++a.waiting;
  });
  switch (op_of(a).kind) {
    case OpKind::Task: note_launch(a); note_task(a); break;
    case OpKind::Copy:
    case OpKind::Fold:
    case OpKind::Fill:
    case OpKind::Reclaim: note_launch(a); note_transfer(a); break;
    case OpKind::Future: note_future(a); break;
    case OpKind::Fence:
      a.value = std::make_shared<double>(0);
      last_fence_ = a.value;
      if (oldest_ < position) ++a.waiting;  // settle() releases it when it is the oldest
      break;
    case OpKind::TimerStart:
    case OpKind::TimerStop: timing_.issue_timer(a.place, last_fence_); break;
    case OpKind::Complete:
    case OpKind::Join: break;
  }
  release(position);
}

// The first operation of a top-level launch: what the program filled before it happens now.
void Run::note_launch(const Active& a) {
  const plan::Op& op = op_of(a);
  const std::pair launch(roots_[op.record], a.place.repetition);
  if (launch_ == launch) return;
  launch_ = launch;
  fills_.before_next_launch([&](plan::CellId c, double value) { tracker_.program_fill(c, value); });
}

void Run::note_task(Active& a) {
  const plan::Op& op = op_of(a);
  const program::Launch& launch = *sites_[record_sites_[op.record]].launch;
  for (program::FutureId f : launch.futures) a.futures.push_back(futures_[f.value]);
  if (launch.result) {
    auto& [repetition, values] = contributions_[op.record];
    if (!values || repetition != a.place.repetition) {
      repetition = a.place.repetition;
      values = std::make_shared<Contributions>(static_cast<std::size_t>(launch.domain.volume()));
    }
    a.contributions = values;
  }
  bool fell_through = false;
  for (std::size_t i = 0; i < launch.arguments.size(); ++i) {
    const plan::TaskArgument& argument = plan_.task_arguments[op.detail + i];
    if (argument.instance.value == plan::kNone) continue;
    fell_through = fell_through || argument.candidate > 0;
    const program::Privilege privilege = launch.arguments[i].privilege;
    holdings_.for_each_slot(argument.instance, launch, i, [&](Slot s) {
      if (privilege == program::Privilege::Read) tracker_.read(s);
      if (privilege == program::Privilege::ReadWrite) tracker_.write(s, false);
      if (privilege == program::Privilege::WriteDiscard) tracker_.write(s, true);
      if (privilege == program::Privilege::Reduce) tracker_.reduce(s);
      tracker_.use(s, a.accesses);
    });
  }
  if (fell_through) ++observed_->fall_throughs;
}

void Run::note_transfer(Active& a) {
  const plan::Op& op = op_of(a);
  if (op.kind == OpKind::Reclaim) {
    for (std::uint32_t i = plan_.freed_offsets[op.detail]; i < plan_.freed_offsets[op.detail + 1]; ++i) {
      const InstanceId freed = plan_.freed[i];
      for (Slot s = holdings_.first(freed); s < holdings_.end(freed); ++s) {
        tracker_.reclaim(s);
        tracker_.use(s, a.accesses);
      }
    }
    return;
  }
  for (plan::CellId c : plan_.cells_of(plan_.transfers[op.detail])) {
    const Slot to = holdings_.slot(InstanceId(op.b), c);
    if (op.kind == OpKind::Fill) {
      tracker_.fill(to, plan_.instances[op.b].reduction.has_value());
    } else {
      const Slot from = holdings_.slot(InstanceId(op.a), c);
      if (op.kind == OpKind::Copy) tracker_.copy(from, to); else tracker_.fold(from, to);
      tracker_.use(from, a.accesses);
    }
    tracker_.use(to, a.accesses);
  }
}

void Run::note_future(Active& a) {
  const plan::Op& op = op_of(a);
  a.value = std::make_shared<double>(0);
  if (const auto found = contributions_.find(op.record); found != contributions_.end()) {
    a.contributions = std::move(found->second.second);
    contributions_.erase(found);
  }
  futures_[op.detail] = a.value;
}

}  // namespace mapwright::engine::host
