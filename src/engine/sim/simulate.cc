// The event loop. Everything that takes time in a plan becomes an event; an event ends or starts an operation, and that
// may make others ready. Read from simulate() down.
//
//   mapping    utility processors map point tasks in program order             utility.h
//   tasks      wait for mapping and predecessors, then for their processor     task_cost.h
//   copies     wait likewise, then share channels                              transfers.h
//   the rest   joins, reclaims, futures, fences, timers: little or no time of their own
#include <algorithm>
#include <numbers>
#include <unordered_map>
#include <utility>

#include "base/random.h"
#include "engine/sim/run_state.h"

namespace mapwright::engine::sim {

namespace {

class Simulation : private RunState {
 public:
  Simulation(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine,
             const Options& options)
      : RunState(plan, program, machine, options) {}

  Timing run() {
    start();
    std::uint64_t steps = 0;
    for (;;) {
      settle();
      const bool queued = !queue_.empty();
      std::optional<Ticks> copy = transfers_.next();
      const bool more_now = (queued && queue_.time() <= now_) || (copy && *copy <= now_);
      if (workers_ && !more_now && employ()) continue;
      if (transfers_.unsettled() && !more_now) {
        transfers_.settle(now_);
        copy = transfers_.next();
      }
      if (!queued && !copy) break;
      if ((++steps & 0xfff) == 0 && options_.cancelled && options_.cancelled()) {
        timing_.cancelled = true;
        break;
      }
      const Ticks next = std::min(queued ? queue_.time() : kEndOfTime, copy.value_or(kEndOfTime));
      if (blocks_.over && next > now_ && !transfers_.unsettled() && skip()) continue;
      const bool copy_first = copy && (!queued || *copy < queue_.time() || (*copy == queue_.time() && transfers_.first() < queue_.front().order));
      now_ = next;
      if (copy_first) {
        const InFlight done = transfers_.pop(now_);
        end(done.op, done.block);
      } else {
        handle(queue_.pop());
      }
    }
    return finish();
  }

 private:
  // ------------------------------------------------------------------------------------------------ the queue

  void push(Ticks time, OpIndex op, std::uint32_t block, Happening::Kind kind) {
    queue_.push(time, {order(op, block) << 2 | kind, op, block});
  }

  std::uint64_t order(OpIndex op, std::uint32_t block) const { return blocks_.order(block, op); }
  NodeId& last_before(OpIndex op, std::uint32_t block) { return blocks_[block].last[op - blocks_[block].begin]; }

  void handle(const Happening& h) {
    switch (h.kind()) {
      case Happening::Map:
        scheduled_[h.op] = false;
        utility_.hindered();
        return touch(h.op);
      case Happening::Ready: return arrive(h.op, h.block);
      case Happening::End: return end(h.op, h.block);
      case Happening::Begin: return begin_transfer(h.op, h.block);
    }
  }

  // Everything that follows now from what has happened, without time going on.
  void settle() {
    for (;;) {
      if (ended_next_ < ended_.size()) {
        const auto [op, block] = ended_[ended_next_++];
        end(op, block);
      } else if (!blocks_.fresh.empty()) {
        begin_block();
      } else if (touched_next_ < touched_spaces_.size()) {
        const std::uint32_t space = touched_spaces_[touched_next_++];
        touched_[space] = false;
        utility_.provide(space, now_, mapped_);
        apply_mapping();
        to_schedule_.push_back(space);
      } else {
        break;
      }
    }
    ended_.clear();
    ended_next_ = 0;
    touched_spaces_.clear();
    touched_next_ = 0;
    for (const std::uint32_t space : to_schedule_) {
      const std::optional<Ticks> when = scheduled_[space] ? std::nullopt : utility_.next(space);
      if (!when) continue;
      scheduled_[space] = true;
      queue_.push(*when, {std::uint64_t {space} << 2 | Happening::Map, space, 0});
    }
    to_schedule_.clear();
  }

  // ------------------------------------------------------------------------------------------------ beginning

  void start() {
    for (std::uint32_t g = 0; g < workload_.segments.size(); ++g) {
      std::vector<OpIndex>& own = self_starting_.emplace_back();
      for (OpIndex i = workload_.segments[g].begin; i < workload_.segments[g].end; ++i) {
        if (blocks_.pending(i) == 0) own.push_back(i);
      }
    }
    check_fence(kRoot);
    for (std::uint32_t s = 0; s < workload_.spaces; ++s) touch(s);
  }

  // Operations of a new block that wait for nothing.
  void begin_block() {
    const std::uint32_t block = blocks_.fresh.back();
    blocks_.fresh.pop_back();
    const Block& b = blocks_[block];
    for (const OpIndex op : self_starting_[b.segment]) {
      if (b.pending[op - b.begin] == 0) ready(op, block, now_);
    }
  }

  // ------------------------------------------------------------------------------------------------ mapping

  void touch(std::uint32_t space) {
    if (touched_[space]) return;
    touched_[space] = true;
    touched_spaces_.push_back(space);
  }

  // Brings the mapping of a space up to now, before something changes what it can map.
  void catch_up(std::uint32_t space, NodeId cause) {
    utility_.advance(space, now_, mapped_);
    apply_mapping();
    touch(space);
    if (!options_.profile || !utility_.idle(space)) return;
    chains_.drop(cause_[space]);
    cause_[space] = chains_.hold(cause);
  }

  void apply_mapping() {
    for (const Mapped& m : mapped_) {
      if (options_.timeline) note_mapping(m);
      const OpIndex task = workload_.items[m.item].op;
      obtain(task, m.block, m.time);
      for (OpIndex op = workload_.first_issued(task); op < task; ++op) obtain(op, m.block, m.time);
    }
    mapped_.clear();
  }

  void obtain(OpIndex op, std::uint32_t block, Ticks time) {
    Block& b = blocks_[block];
    std::uint32_t& pending = b.pending[op - b.begin];
    pending = ((pending & ~Block::kAwaited) - 1) | Block::kMapped;
    if (pending == Block::kMapped) ready(op, block, time);
  }

  // ------------------------------------------------------------------------------------------------ readiness

  // A predecessor of `op` has ended; `node` says which.
  void deliver(OpIndex op, std::uint32_t block, NodeId node) {
    Block& b = blocks_[block];
    std::uint32_t& pending = b.pending[op - b.begin];
    const std::uint32_t left = --pending & ~Block::kParked;
    if (left == 0 || left == Block::kMapped) {
      if (options_.profile) last_before(op, block) = chains_.hold(node);
      return ready(op, block, left == 0 ? now_ : utility_.mapped_at(workload_.use_of(op).space, op, block, now_));
    }
    if (left != 1 || !workload_.ops[op].mapped) return;
    if (options_.profile) last_before(op, block) = chains_.hold(node);
    pending |= Block::kAwaited;
    const std::uint32_t space = workload_.use_of(op).space;
    utility_.await(space);
    touch(space);
  }

  // Nothing is missing any more, except that the end of the mapping may lie in the future.
  void ready(OpIndex op, std::uint32_t block, Ticks mapped) {
    const OpInfo& info = workload_.ops[op];
    Ticks time = std::max(now_, mapped);
    if (options_.profile && mapped > now_) {
      const NodeId cause = cause_[workload_.use_of(op).space];
      const NodeId mapping = chains_.add({.parent = cause, .op = op, .mapping = true, .rep = blocks_[block].rep, .end = mapped});
      chains_.drop(std::exchange(last_before(op, block), mapping));
    }
    if (options_.timeline) ready_times_[order(op, block)] = time;
    switch (info.kind) {
      case OpKind::Task: return push(after(time, workload_.ready_to_start), op, block, Happening::Ready);
      case OpKind::Copy:
      case OpKind::Fold:
      case OpKind::Fill:
        if (!workers_) time = first_byte(time, workload_.delays[workload_.use_of(op).resource]);
        return push(time, op, block, Happening::Ready);
      case OpKind::Future: return push(after(time, workload_.future_latency), op, block, Happening::End);
      default:
        if (time > now_) return push(time, op, block, Happening::End);
        ended_.emplace_back(op, block);
    }
  }

  // When a copy starts that is ready at `time`: after its delay, at the nearest time on the grid.
  Ticks first_byte(Ticks time, Ticks delay) const {
    const Ticks start = after(time, delay), grid = workload_.copy_grid;
    return grid > 0 ? std::max(time, after(start, grid / 2) / grid * grid) : start;
  }

  // A ready task comes to its processor, the first byte of a copy to its channels.
  void arrive(OpIndex op, std::uint32_t block) {
    if (workload_.ops[op].kind == OpKind::Task) {
      Processor& p = processors_[workload_.use_of(op).resource];
      if (p.busy) return static_cast<void>(p.queue.emplace_back(op, block));
      p.busy = true;
    }
    if (workers_) return workers_->offer({op, block, order(op, block)}, false);
    perform(op, block);
  }

  // Idle workers take what is ready. True if there was something.
  bool employ() {
    bool any = false;
    while (const auto next = workers_->next()) {
      any = true;
      const auto [worker, work] = *next;
      Working& w = working_[worker];
      w.order = order(work.op, work.block);
      if (options_.profile) {
        NodeId& last = last_before(work.op, work.block);
        if (chains_[last].end < now_) chains_.drop(std::exchange(last, chains_.hold(w.last)));  // it waited for this worker
      }
      perform(work.op, work.block);
    }
    return any;
  }

  void perform(OpIndex op, std::uint32_t block) {
    if (workload_.ops[op].kind == OpKind::Task) return start_task(op, block);
    note_start(op, block);
    // A worker spends the call and the latency of a copy, where there are workers.
    if (workers_) return push(after(now_, workload_.delays[workload_.use_of(op).resource]), op, block, Happening::Begin);
    begin_transfer(op, block);
  }

  void begin_transfer(OpIndex op, std::uint32_t block) {
    const Use& use = workload_.use_of(op);
    if (!(use.amount > 0)) return end(op, block);
    const Path& path = workload_.paths[use.resource];
    const double cap = path.bandwidth * (workload_.ops[op].transposes ? machine_.overheads().transpose_factor : 1.0);
    transfers_.begin(now_, path, use.amount, cap, {op, block, order(op, block) << 2 | Happening::End});
  }

  // `position`: of the task in the program.
  Ticks jittered(Ticks ticks, std::uint64_t position) const {
    const double width = options_.jitter * std::numbers::sqrt3;  // a uniform number in [-1, 1) deviates by 1 / sqrt(3)
    const double factor = 1 + width * (2 * to_unit(counter_random(options_.seed, 0, position)) - 1);
    return static_cast<Ticks>(static_cast<double>(ticks) * std::max(0.0, factor));
  }

  void start_task(OpIndex op, std::uint32_t block) {
    const OpInfo& info = workload_.ops[op];
    const Use& use = workload_.uses[info.use];
    Processor& p = processors_[use.resource];
    auto ticks = static_cast<Ticks>(use.amount);
    if (info.varies) {
      const TaskCost& cost = costs_.transient(op, blocks_[block].rep);
      const ProcessorKind kind = machine_[machine::ProcessorId(use.resource)].kind;
      ticks = workload_.clock.ticks(cost.seconds + machine_.compute(kind).launch.value);
      if (options_.profile) totals_.add(op, cost, 1);
    }
    if (options_.jitter > 0) ticks = jittered(ticks, order(op, block));
    p.ticks = after(p.ticks, ticks);
    ++p.points;
    note_start(op, block);
    if (info.starts_watched) watch(op, block, OpKind::TimerStart, kRoot);
    push(after(now_, ticks), op, block, Happening::End);
  }

  // ------------------------------------------------------------------------------------------------ ends

  void end(OpIndex op, std::uint32_t block) {
    const OpInfo& info = workload_.ops[op];
    const std::uint32_t segment = blocks_[block].segment;
    const std::uint64_t rep = blocks_[block].rep;
    const bool last_rep = rep + 1 == workload_.segments[segment].repeat;
    const NodeId node = options_.profile ? chain(op, block) : kRoot;
    note_end(op, block);

    if (workers_ && workload_.uses[info.use].resource != kAbsent) release_worker(op, block, node);
    if (info.feeds_loop && last_rep) blocks_.mark_done(op);
    for (const Successor s : workload_.successors_of(op)) {
      follow(s, block, rep, last_rep, [&](std::uint32_t to) { deliver(s.op, to, node); });
    }
    if (info.gates_mapping) lift_limits(op, block, rep, last_rep, node);
    if (info.gate) {
      for (std::uint32_t s = 0; s < workload_.spaces; ++s) catch_up(s, node);
      utility_.pass(workload_.gate_index(op), now_);
    }
    if (info.launches) {
      const std::uint32_t space = machine_[machine::ProcessorId(workload_.uses[info.use].resource)].space.value;
      catch_up(space, node);
      utility_.open(op, block, space, now_);
    }
    if (info.ends_point) end_point(info.kind == OpKind::Complete ? plan_.ops[op].a : op, rep, node);
    if (info.ends_watched) {
      watch(info.kind == OpKind::Complete ? plan_.ops[op].a : op, block, OpKind::TimerStop, node);
    }
    if (info.kind == OpKind::TimerStart || info.kind == OpKind::TimerStop) {
      if (timers_.stamp(op, segment, rep, now_) && options_.profile) {
        chains_.drop(std::exchange(window_end_, chains_.hold(node)));
      }
    }
    makespan_ = now_;
    if (options_.profile) chains_.drop(std::exchange(last_, chains_.hold(node)));
    ++ended_ops_;
    fences_.pass(op, order(op, block));
    check_fence(node);
    blocks_.end_one(block);
    if (options_.profile) chains_.drop(node);
    if (info.kind == OpKind::Task) free_processor(workload_.uses[info.use].resource);
  }

  void release_worker(OpIndex op, std::uint32_t block, NodeId node) {
    const std::uint64_t at = order(op, block);
    const auto worker = std::find_if(working_.begin(), working_.end(), [at](const Working& w) { return w.order == at; });
    MW_CHECK(worker != working_.end(), "nobody works on operation {}", op);
    worker->order = Working::kNothing;
    if (options_.profile) chains_.drop(std::exchange(worker->last, chains_.hold(node)));
    workers_->release(static_cast<std::uint32_t>(worker - working_.begin()));
  }

  // Calls f(block) for the blocks in which a successor waits for the end of an operation in `block`.
  template <typename F>
  void follow(Successor s, std::uint32_t block, std::uint64_t rep, bool last_rep, F&& f) {
    if (s.step == Successor::Same) return f(block);
    if (s.step == Successor::Carried) {
      if (!last_rep) f(blocks_.at(blocks_[block].segment, rep + 1));
      return;
    }
    if (!last_rep) return;
    const std::uint32_t target = workload_.segment_of(s.op);
    if (s.step == Successor::First || workload_.segments[target].repeat == 1) {
      f(blocks_.at(target, 0));
    } else {
      blocks_.for_each(target, f);
    }
  }

  void lift_limits(OpIndex op, std::uint32_t block, std::uint64_t rep, bool last_rep, NodeId node) {
    auto edge = std::lower_bound(workload_.mapping_edges.begin(), workload_.mapping_edges.end(), op,
                                 [](const Workload::MappingEdge& e, OpIndex from) { return e.from < from; });
    for (; edge != workload_.mapping_edges.end() && edge->from == op; ++edge) {
      follow(edge->to, block, rep, last_rep, [&](std::uint32_t to) {
        catch_up(workload_.use_of(edge->to.op).space, node);
        if (--blocks_[to].mapping_pending[edge->to.op - blocks_[to].begin] == 0) utility_.release(edge->to.op, to, now_);
      });
    }
  }

  void end_point(OpIndex task, std::uint64_t rep, NodeId node) {
    if (!utility_.end_point(task, rep, now_)) return;
    const std::uint32_t space = workload_.use_of(task).space;
    catch_up(space, node);
    utility_.move_window(space, now_);
  }

  void free_processor(std::uint32_t processor) {
    Processor& p = processors_[processor];
    p.busy = false;
    if (p.queue.empty()) return;
    const auto [op, block] = p.take();
    if (options_.profile) {  // it waited for the processor last
      chains_.drop(std::exchange(last_before(op, block), chains_.hold(p.last)));
    }
    p.busy = true;
    if (workers_) return workers_->offer({op, block, order(op, block)}, true);
    perform(op, block);
  }

  // ------------------------------------------------------------------------------------------------ fences and timers

  void check_fence(NodeId node) {
    if (const auto fence = fences_.due()) deliver(fence->op, blocks_.at(fence->segment, fence->rep), node);
  }

  // A point of a record that timers look at has started or ended.
  void watch(OpIndex task, std::uint32_t block, OpKind kind, NodeId node) {
    const std::uint32_t record = plan_.ops[task].record;
    const std::uint64_t rep = blocks_[block].rep;
    auto w = std::lower_bound(workload_.watches.begin(), workload_.watches.end(), record,
                              [](const Watch& a, std::uint32_t r) { return a.record < r; });
    for (; w != workload_.watches.end() && w->record == record; ++w) {
      if (workload_.ops[w->timer].kind != kind) continue;
      const std::uint32_t segment = workload_.segment_of(w->timer);
      std::uint32_t to = block;
      if (segment != blocks_[block].segment) {
        // A start before a loop looks at its first repetition, a stop after a loop at its last.
        const bool first = segment < blocks_[block].segment;
        if (rep != (first ? 0 : workload_.segments[blocks_[block].segment].repeat - 1)) continue;
        to = timer_block(segment);
      }
      const Stretch& s = workload_.segments[segment];
      const std::uint64_t key = s.base + (segment == workload_.segment_of(task) ? rep : 0) * s.length() + w->timer - s.begin;
      const std::uint32_t seen = ++watched_[key];
      if (seen == (kind == OpKind::TimerStart ? 1 : w->points)) deliver(w->timer, to, node);
      if (seen == w->points) watched_.erase(key);
    }
  }

  std::uint32_t timer_block(std::uint32_t segment) { return blocks_.at(segment, workload_.segments[segment].repeat - 1); }

  // ------------------------------------------------------------------------------------------------ records of the run

  // The node of an operation that ends now; the caller holds it.
  NodeId chain(OpIndex op, std::uint32_t block) {
    const OpInfo& info = workload_.ops[op];
    const NodeId before = std::exchange(last_before(op, block), kRoot);
    const bool instant = chains_[before].end == now_;
    if (instant) return before;
    const NodeId node = chains_.add({.parent = before, .op = op, .rep = blocks_[block].rep, .end = now_});
    chains_.drop(before);
    if (info.kind == OpKind::Task) {
      chains_.drop(std::exchange(processors_[workload_.uses[info.use].resource].last, chains_.hold(node)));
    }
    return node;
  }

  void note_start(OpIndex op, std::uint32_t block) {
    if (options_.timeline) start_times_[order(op, block)] = now_;
  }

  void note_mapping(const Mapped& m) {
    const Item& item = workload_.items[m.item];
    timing_.mappings.push_back({.op = item.op, .repetition = blocks_[m.block].rep, .space = workload_.use_of(item.op).space,
                                .processor = m.server, .start = workload_.clock.seconds(m.time - workload_.cost_of(item)),
                                .end = workload_.clock.seconds(m.time)});
  }

  void note_end(OpIndex op, std::uint32_t block) {
    if (!options_.timeline) return;
    const std::uint64_t at = order(op, block);
    const auto take = [at, this](std::unordered_map<std::uint64_t, Ticks>& times) {
      const auto it = times.find(at);
      const Ticks t = it == times.end() ? now_ : it->second;
      if (it != times.end()) times.erase(it);
      return workload_.clock.seconds(t);
    };
    Event e {.op = op, .repetition = blocks_[block].rep, .ready = take(ready_times_), .start = take(start_times_),
             .end = workload_.clock.seconds(now_)};
    timing_.events.push_back(e);
  }

  Timing finish() {
    MW_CHECK(timing_.cancelled || ended_ops_ == workload_.total_ops, "{} of {} operations wait for ever",
             workload_.total_ops - ended_ops_, workload_.total_ops);
    timing_.makespan = workload_.clock.seconds(makespan_);
    timing_.window = timers_.window(makespan_);
    for (const Processor& p : processors_) {
      timing_.busy.push_back(workload_.clock.seconds(p.ticks));
      timing_.points.push_back(p.points);
      timing_.executed_tasks += static_cast<std::uint64_t>(p.points);
    }
    timing_.executed_ops = ended_ops_;
    for (const Ticks t : transfers_.busy(now_)) timing_.channel_busy.push_back(workload_.clock.seconds(t));
    count_channel_bytes();
    if (options_.profile && !timing_.cancelled) profile();
    return std::move(timing_);
  }

  void count_channel_bytes() {
    timing_.channel_bytes.assign(machine_.channels().size(), 0);
    for (OpIndex i = 0; i < workload_.ops.size(); ++i) {
      const OpInfo& info = workload_.ops[i];
      if (!moves_data(info.kind)) continue;
      const auto repeat = static_cast<std::int64_t>(workload_.segments[workload_.segment_of(i)].repeat);
      const std::int64_t bytes = plan_.transfers[plan_.ops[i].detail].bytes * repeat;
      for (const std::uint32_t c : workload_.paths[workload_.uses[info.use].resource].list()) timing_.channel_bytes[c] += bytes;
    }
  }

  void profile() {
    for (OpIndex i = 0; i < workload_.ops.size(); ++i) {
      const OpInfo& info = workload_.ops[i];
      if (info.kind != OpKind::Task || info.varies) continue;
      totals_.add(i, costs_.cost(workload_.cost_ids[i]), workload_.segments[workload_.segment_of(i)].repeat);
    }
    timing_.profile.tasks = totals_.take();
    timing_.profile.channels = channel_use(machine_, timing_.channel_busy, timing_.channel_bytes);
    const std::vector<Interval> intervals = timers_.intervals(makespan_);
    timing_.profile.critical = critical_shares(chains_, window_end_ != kRoot ? window_end_ : last_, intervals, plan_,
                                               machine_, workload_, costs_);
  }
};

}  // namespace

Timing simulate(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine,
                const Options& options) {
  return Simulation(plan, program, machine, options).run();
}

}  // namespace mapwright::engine::sim
