// A plan made into a Workload. Read from Maker::make() down.
#include "engine/sim/workload.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "base/index_table.h"
#include "engine/sim/uses.h"

namespace mapwright::engine::sim {

namespace {

using plan::kNone;
using plan::kNoOp;
using plan::moves_data;
using plan::Op;
using plan::OpIndex;
using plan::OpKind;

constexpr std::uint8_t kMostLimits = 100;  // operations that the mapping of one waits for; a plan has one

// Operations without a time of their own: they end with their last predecessor.
bool passes_on(OpKind k) { return k == OpKind::Join || k == OpKind::Complete || k == OpKind::Future; }

class Maker {
 public:
  Maker(const plan::Plan& plan, const machine::Machine& machine, const Sites& sites)
      : plan_(plan), machine_(machine), sites_(sites) {}

  Workload make(CostModel& costs, bool keep_costs) {
    segments();
    operations(costs, keep_costs);
    records();
    timers();
    items();
    successors();
    w_.utility_processors = std::max(1u, machine_.overheads().utility_processors);
    return std::move(w_);
  }

 private:
  // --- Operations.

  void segments() {
    w_.plan = &plan_;
    w_.spaces = machine_.spaces();
    for (const plan::Segment& s : plan_.segments) {
      MW_CHECK(s.repeat > 0 && s.begin <= s.end, "a segment runs at least once");
      w_.segments.push_back({s.begin, s.end, s.repeat, w_.total_ops});
      w_.total_ops += s.repeat * (s.end - s.begin);
    }
    w_.fences.resize(w_.segments.size());
    w_.outside.resize(w_.segments.size());
  }

  void operations(CostModel& costs, bool keep_costs) {
    w_.ops.reserve(plan_.ops.size() + 1);  // successors() adds one
    w_.ops.resize(plan_.ops.size());
    UseTable uses(plan_, machine_, check_issued());
    if (keep_costs) w_.cost_ids.assign(plan_.ops.size(), kAbsent);
    for (std::uint32_t g = 0; g < w_.segments.size(); ++g) {
      for (OpIndex i = w_.segments[g].begin; i < w_.segments[g].end; ++i) {
        const Op& op = plan_.ops[i];
        OpInfo& info = w_.ops[i];
        info.kind = op.kind;
        if (op.kind == OpKind::Task) {
          info.mapped = true;
          info.varies = costs.varies(i);
          const std::uint32_t id = costs.id(i, 0);
          info.use = uses.of_task(launch_seconds(op) + costs.cost(id).seconds, op.b, space_of(op));
          if (keep_costs) w_.cost_ids[i] = id;
        } else if (moves_data(op.kind)) {
          info.use = uses.of_move(op, issuing_space(i));
          info.transposes = op.kind == OpKind::Copy && plan_.transfers[op.detail].transpose;
          info.mapped = op.issued;
        } else if (op.kind == OpKind::Reclaim) {
          info.use = uses.of_reclaim(issuing_space(i));
          info.mapped = op.issued;
        } else if (op.kind == OpKind::Fence) {
          w_.fences[g].push_back(i);
        }
      }
    }
    costs.forget();
    set_clock(uses);
    uses.give(w_);
  }

  // What a task issues comes right before it, in its segment. Returns how many operations move data.
  std::size_t check_issued() const {
    std::size_t moves = 0;
    for (const Stretch& segment : w_.segments) {
      bool issued = false;  // the operation before this one
      for (OpIndex i = segment.begin; i < segment.end; ++i) {
        const Op& op = plan_.ops[i];
        MW_CHECK(!issued || op.issued || op.kind == OpKind::Task, "operation {} stands between a task and what it issues", i);
        issued = op.issued;
        moves += moves_data(op.kind) ? 1u : 0u;
      }
      MW_CHECK(!issued, "operation {} is issued by a task of another segment", segment.end - 1);
    }
    return moves;
  }

  // Who maps a task: its own address space, or that of the task that launched it.
  std::uint32_t space_of(const Op& task) const {
    const OpIndex parent = plan_.records[task.record].parent;
    if (parent == kNoOp && !plan_.decisions->replicated) return 0;
    const Op& decider = parent != kNoOp ? plan_.ops[parent] : task;
    return machine_[machine::ProcessorId(decider.b)].space.value;
  }
  std::uint32_t issuing_space(OpIndex i) const { return plan_.ops[i].issued ? space_of(plan_.ops[plan_.issuer(i)]) : 0; }

  // Nothing takes longer than everything one after the other, and something always goes on.
  void set_clock(const UseTable& uses) {
    const machine::Overheads& o = machine_.overheads();
    const double mapping = std::max(o.point_traced.value, o.point_untraced.value) + o.launch.value + o.copy.value + 2 * o.instance.value;
    const double future = future_latency();
    std::uint64_t total = 0;
    constexpr std::uint64_t kMost = std::uint64_t {1} << 62;
    const auto add = [&total](double seconds, std::uint64_t times) {
      const auto ns = static_cast<std::uint64_t>(seconds > 0 ? std::ceil(std::min(seconds, 1e9) * 1e9) : 0);
      total = ns > 0 && times > (kMost - total) / ns ? kMost : total + ns * times;
    };
    for (const Stretch& segment : w_.segments) {
      for (OpIndex i = segment.begin; i < segment.end; ++i) {
        const OpInfo& info = w_.ops[i];
        double seconds = mapping + o.ready_to_start.value + uses.seconds(info.use);
        if (info.kind == OpKind::Future) seconds += future;
        if (moves_data(info.kind)) seconds += o.copy_grid.value;
        add(seconds, segment.repeat);
      }
    }
    w_.clock = Clock(total);
    w_.future_latency = w_.clock.ticks(future);
    w_.copy_grid = w_.clock.ticks(o.copy_grid.value);
    w_.ready_to_start = w_.clock.ticks(o.ready_to_start.value);
  }

  double launch_seconds(const Op& task) const {
    return machine_.compute(machine_[machine::ProcessorId(task.b)].kind).launch.value;
  }

  // Reducing to one value and telling everyone: up and down a binary tree of address spaces.
  double future_latency() const {
    const auto host = [this](std::uint32_t space) {
      const machine::Memory* found = nullptr;
      std::size_t id = 0;
      for (std::size_t i = 0; i < machine_.memories().size(); ++i) {
        const machine::Memory& m = machine_.memories()[i];
        if (m.space.value != space || (found && m.kind != MemoryKind::SysMem)) continue;
        if (found && found->kind == MemoryKind::SysMem) continue;
        found = &m;
        id = i;
      }
      MW_CHECK(found, "address space {} has no memory", space);
      return machine::MemoryId(id);
    };
    const double start = machine_.overheads().copy_start.value;
    if (w_.spaces == 1) return start;
    return start + 2 * std::bit_width(w_.spaces - 1) * machine_.route(host(0), host(w_.spaces - 1)).latency.value;
  }

  // --- Launch records, gates and timers.

  std::uint32_t gate(OpIndex op) {
    if (!w_.ops[op].gate) w_.gates.push_back({op, w_.segment_of(op)});
    w_.ops[op].gate = true;
    return op;
  }

  // Inside a traced loop, its own or one around a parent.
  bool traced(const plan::LaunchRecord& record) const {
    for (const plan::LaunchRecord* r = &record;; r = &plan_.records[plan_.ops[r->parent].record]) {
      const auto& loops = sites_[*r].loops;
      if (std::any_of(loops.begin(), loops.end(), [](const program::Loop* l) { return l->traced; })) return true;
      if (r->parent == kNoOp) return false;
    }
  }

  void records() {
    std::vector<std::uint32_t> segment_of_record(plan_.records.size(), kAbsent);
    for (OpIndex i = 0; i < plan_.ops.size(); ++i) {
      if (plan_.ops[i].kind == OpKind::Task) segment_of_record[plan_.ops[i].record] = w_.segment_of(i);
    }
    std::map<RecordInfo, std::uint32_t> known;  // until the end gates are named by their operations
    w_.info_of_record.reserve(plan_.records.size());
    for (std::size_t r = 0; r < plan_.records.size(); ++r) {
      const plan::LaunchRecord& record = plan_.records[r];
      RecordInfo info;
      info.traced = traced(record);
      if (record.gate != kNoOp && segment_of_record[r] != kAbsent) {
        info.gate = gate(record.gate);
        info.gate_carried = record.gate_carried;
        if (record.gate_carried) {
          const std::uint32_t length = w_.segments[segment_of_record[r]].length();
          MW_CHECK(record.gate >= length, "a carried gate has a first one");
          info.first_gate = gate(record.gate - length);
        }
      }
      const auto [number, fresh] = known.try_emplace(info, static_cast<std::uint32_t>(w_.record_infos.size()));
      if (fresh) w_.record_infos.push_back(info);
      w_.info_of_record.push_back(number->second);
    }
    const auto before = [](const Gate& a, const Gate& b) { return a.op < b.op; };
    std::sort(w_.gates.begin(), w_.gates.end(), before);
    for (RecordInfo& info : w_.record_infos) {
      if (info.gate != kAbsent) info.gate = w_.gate_index(info.gate);
      if (info.first_gate != kAbsent) info.first_gate = w_.gate_index(info.first_gate);
    }
  }

  void timers() {
    std::vector<bool> starts(plan_.records.size()), ends(plan_.records.size());
    for (OpIndex i = 0; i < plan_.ops.size(); ++i) {
      const Op& op = plan_.ops[i];
      if ((op.kind != OpKind::TimerStart && op.kind != OpKind::TimerStop) || op.b == kNone) continue;
      (op.kind == OpKind::TimerStart ? starts : ends)[op.b] = true;
      w_.watches.push_back({.record = op.b, .points = 0, .timer = i});
    }
    if (w_.watches.empty()) return;
    std::stable_sort(w_.watches.begin(), w_.watches.end(),
                     [](const Watch& a, const Watch& b) { return a.record < b.record; });
    std::vector<std::uint32_t> points(plan_.records.size(), 0);
    for (OpIndex i = 0; i < plan_.ops.size(); ++i) {
      const Op& op = plan_.ops[i];
      if (op.kind == OpKind::Task) {
        ++points[op.record];
        w_.ops[i].starts_watched = starts[op.record];
        w_.ops[i].ends_watched = ends[op.record];
      } else if (op.kind == OpKind::Complete) {  // a task with a body ends when all it launched has
        const std::uint32_t record = plan_.ops[op.a].record;
        w_.ops[op.a].ends_watched = false;
        w_.ops[i].ends_watched = ends[record];
      }
    }
    for (Watch& watch : w_.watches) watch.points = points[watch.record];
  }

  bool waits_for_points(OpIndex i) const {
    const Op& op = plan_.ops[i];
    if ((op.kind != OpKind::TimerStart && op.kind != OpKind::TimerStop) || op.b == kNone) return false;
    const auto it = std::lower_bound(w_.watches.begin(), w_.watches.end(), op.b,
                                     [](const Watch& a, std::uint32_t record) { return a.record < record; });
    return it->points > 0;
  }

  // --- Edges.

  // The fence that a timer looks at, if any; second: it belongs to the previous repetition.
  std::pair<OpIndex, bool> fence_before(OpIndex timer) const {
    std::uint32_t g = w_.segment_of(timer);
    const std::vector<OpIndex>& own = w_.fences[g];
    const auto after = std::lower_bound(own.begin(), own.end(), timer);
    if (after != own.begin()) return {*std::prev(after), false};
    if (!own.empty() && w_.segments[g].repeat > 1) return {own.back(), true};
    while (g-- > 0) {
      if (!w_.fences[g].empty()) return {w_.fences[g].back(), false};
    }
    return {kNoOp, false};
  }

  // The launch record before whose tasks and what they issue there is a fence; null for other operations.
  const plan::LaunchRecord* fenced(OpIndex i) const {
    const Op& op = plan_.ops[i];
    if (op.record == kNone || !(op.kind == OpKind::Task || op.kind == OpKind::Reclaim || moves_data(op.kind))) return nullptr;
    const plan::LaunchRecord& r = plan_.records[op.record];
    return r.fence != kNoOp ? &r : nullptr;
  }

  // Whether operation i has to wait for the fence before its launch: nothing else stands for it.
  bool needs_fence(OpIndex i) const {
    const plan::LaunchRecord* const record = fenced(i);
    if (!record) return false;
    // What is mapped after a gate also starts after it; and what waits for something that has waited for the fence does.
    const auto same_fence = [record](const plan::LaunchRecord& r) {
      return &r == record || (r.fence == record->fence && r.fence_carried == record->fence_carried);
    };
    if (w_.ops[i].mapped && record->fence == record->gate && record->fence_carried == record->gate_carried) return false;
    const auto before = plan_.predecessors(i);
    return std::none_of(before.begin(), before.end(), [&](plan::Edge e) {
      if (e.carried || e.mapping) return false;
      const plan::LaunchRecord* const other = fenced(e.op);
      return other && same_fence(*other);
    });
  }

  // The predecessors that operation i has besides those in the plan: the fence that a timer looks at, and the fence before a
  // launch if it is needed.
  void add_fences(OpIndex i) {
    const Op& op = plan_.ops[i];
    if ((op.kind == OpKind::TimerStart || op.kind == OpKind::TimerStop) && op.b == kNone) {
      const auto [fence, carried] = fence_before(i);
      if (fence != kNoOp) fences_.push_back({i, {fence & kNoOp, carried, false}});
    }
    if (!needs_fence(i)) return;
    const plan::LaunchRecord& record = plan_.records[op.record];
    fences_.push_back({i, {record.fence, record.fence_carried, false}});
  }

  // f(from, successor, mapping) for an edge into operation i, which lies in `segment`, in terms of Successor: once or twice.
  template <typename F>
  void for_each_edge(const Stretch& segment, OpIndex i, plan::Edge e, F&& f) const {
    const auto to = [i](Successor::Step step) { return Successor {i & kNoOp, step & 3u}; };
    if (!e.carried) return f(e.op, to(e.op >= segment.begin ? Successor::Same : Successor::Later), e.mapping != 0);
    MW_CHECK(e.op >= segment.length(), "a carried edge has a first one");
    f(e.op - segment.length(), to(Successor::First), e.mapping != 0);
    if (segment.repeat > 1) f(e.op, to(Successor::Carried), e.mapping != 0);
  }

  // f(segment, operation, number of the segment) in program order.
  template <typename F>
  void for_each_op(F&& f) const {
    for (std::uint32_t g = 0; g < w_.segments.size(); ++g) {
      for (OpIndex i = w_.segments[g].begin; i < w_.segments[g].end; ++i) f(w_.segments[g], i, g);
    }
  }

  void successors() {
    w_.ops.emplace_back();
    std::size_t limits = 0;
    const auto count = [&](OpIndex from, Successor, bool mapping) {
      if (mapping) ++limits; else ++w_.ops[from + 1].successors;
    };
    for_each_op([&](const Stretch& segment, OpIndex i, std::uint32_t) {
      for (const plan::Edge e : plan_.predecessors(i)) for_each_edge(segment, i, e, count);
      add_fences(i);
    });
    for (const auto& [i, edge] : fences_) for_each_edge(w_.segments[w_.segment_of(i)], i, edge, count);
    w_.mapping_edges.reserve(limits);
    if (limits > 0) w_.mapping_pending.assign(plan_.ops.size(), 0);
    // Counts of op i stand in i + 1; then where its next successor goes, which in the end is where the next op's begin.
    std::uint32_t begin = 0;
    for (std::size_t i = 0; i < plan_.ops.size(); ++i) begin += std::exchange(w_.ops[i + 1].successors, begin);
    w_.successors.resize(begin);
    w_.pending.assign(plan_.ops.size(), 0);
    std::vector<Latest> latest(plan_.ops.size(), kNoSegment);
    std::vector<Latest> least(w_.segments.size() * w_.spaces, kLastSegment);
    auto fence = fences_.begin();
    for_each_op([&](const Stretch& segment, OpIndex i, std::uint32_t g) {
      const OpInfo& info = w_.ops[i];
      std::uint32_t pending = (info.mapped ? 1u : 0u) + (info.kind == OpKind::Fence ? 1u : 0u) + (waits_for_points(i) ? 1u : 0u);
      Latest last = kNoSegment;
      const auto add = [&](OpIndex from, Successor to, bool mapping) {
        if (mapping) {
          w_.mapping_edges.push_back({from, to});
          w_.ops[from].gates_mapping = true;
        } else {
          w_.successors[w_.ops[from + 1].successors++] = to;
        }
        if (to.step == Successor::First && segment.repeat > 1) return;  // stands for a carried one in the first repetition
        if (to.step == Successor::Later && segment.repeat > 1) {
          w_.outside[g].push_back({i, from, mapping});
          w_.ops[from].feeds_loop = true;
        } else if (mapping) {
          ++w_.mapping_pending[i];
          MW_CHECK(w_.mapping_pending[i] <= kMostLimits, "the mapping of operation {} waits for too many others", i);
        } else {
          ++pending;
        }
        if (mapping) return;
        const bool through = passes_on(w_.ops[from].kind) && from < i;
        last = std::max(last, through ? latest[from] : as_latest(to.step == Successor::Same ? g : w_.segment_of(from)));
      };
      for (const plan::Edge e : plan_.predecessors(i)) for_each_edge(segment, i, e, add);
      for (; fence != fences_.end() && fence->first == i; ++fence) for_each_edge(segment, i, fence->second, add);
      w_.pending[i] = pending;
      latest[i] = last;
      note_latest(i, last, g, least);
    });
    laziness(std::move(least));
    fences_ = {};
    std::stable_sort(w_.mapping_edges.begin(), w_.mapping_edges.end(),
                     [](const auto& a, const auto& b) { return a.from < b.from; });
  }

  // A top-level list may be mapped lazily (utility.h) while in segment g when each operation still to come waits for one
  // of segment g or later: then nothing can be ready unnoticed. `latest`: the last segment with a predecessor of operation i.
  // `least`: by segment and space, the smallest of those.
  using Latest = std::int8_t;  // one of the first segments, for all operations have one; later lists are not lazy
  static constexpr Latest kNoSegment = -1, kLastSegment = 127;
  static Latest as_latest(std::uint32_t segment) { return static_cast<Latest>(std::min<std::uint32_t>(segment, kLastSegment)); }
  void note_latest(OpIndex i, Latest latest, std::uint32_t segment, std::vector<Latest>& least) const {
    const OpInfo& info = w_.ops[i];
    if (!info.mapped || plan_.records[plan_.ops[i].record].parent != kNoOp) return;
    Latest& l = least[std::size_t {segment} * w_.spaces + w_.uses[info.use].space];
    l = std::min(l, latest);
  }

  void laziness(std::vector<Latest> least) {
    w_.lazy.resize(least.size());
    for (std::size_t g = w_.segments.size(); g-- > 0;) {
      for (std::size_t s = 0; s < w_.spaces; ++s) {
        Latest& l = least[g * w_.spaces + s];
        if (g + 1 < w_.segments.size()) l = std::min(l, least[(g + 1) * w_.spaces + s]);
        w_.lazy[g * w_.spaces + s] = l >= 0 && static_cast<std::size_t>(l) >= g;
      }
    }
  }

  // --- Mapping.

  void items() {
    const machine::Overheads& o = machine_.overheads();
    // Lists: the top level by segment and space, then one per task with a body, each in program order.
    const std::size_t top = w_.segments.size() * w_.spaces;
    std::vector<std::uint32_t> list_of(plan_.records.size(), kAbsent);  // nested ones
    const auto list = [&](OpIndex task) {
      const std::uint32_t nested = list_of[plan_.ops[task].record];
      return nested != kAbsent ? nested : w_.segment_of(task) * w_.spaces + w_.use_of(task).space;
    };
    std::vector<std::uint32_t> sizes(top, 0);
    IndexTable contexts;
    for (OpIndex i = 0; i < plan_.ops.size(); ++i) {
      if (plan_.ops[i].kind != OpKind::Task) continue;
      const std::uint32_t record = plan_.ops[i].record;
      const OpIndex parent = plan_.records[record].parent;
      if (parent != kNoOp && list_of[record] == kAbsent) {
        const auto number = static_cast<std::uint32_t>(w_.contexts.size());
        const std::uint32_t context = contexts.find_or_add(mix64(parent), number, [&](std::uint32_t c) { return w_.contexts[c].first == parent; });
        if (context == number) {
          w_.contexts.emplace_back(parent, number);
          sizes.push_back(0);
        }
        list_of[record] = static_cast<std::uint32_t>(top) + context;
      }
      ++sizes[list(i)];
    }
    std::vector<std::uint32_t> next(sizes.size() + 1, 0);
    for (std::size_t i = 0; i < sizes.size(); ++i) next[i + 1] = next[i] + sizes[i];
    w_.top_offsets.assign(next.begin(), next.begin() + static_cast<std::ptrdiff_t>(top) + 1);
    w_.context_offsets.assign(next.begin() + static_cast<std::ptrdiff_t>(top), next.end());
    std::sort(w_.contexts.begin(), w_.contexts.end());
    for (const auto& [op, context] : w_.contexts) w_.ops[op].launches = true;
    w_.items.resize(next.back());
    std::vector<std::uint32_t> last_record(sizes.size(), kNone);
    std::unordered_map<Ticks, std::uint32_t> known;
    const Ticks copy = w_.clock.ticks(o.copy.value);
    for_each_mapping([&](OpIndex task, std::uint32_t created, std::uint32_t copies) {
      const std::uint32_t record = plan_.ops[task].record, l = list(task);
      const bool fresh = std::exchange(last_record[l], record) != record;
      double seconds = (w_.record_info(record).traced ? o.point_traced : o.point_untraced).value;
      if (fresh && sites_.of_record(record).launch->index) seconds += o.launch.value;
      seconds += o.instance.value * created;
      const Ticks ticks = w_.clock.ticks(seconds) + copies * copy;
      const auto [cost, first] = known.try_emplace(ticks, static_cast<std::uint32_t>(w_.item_costs.size()));
      if (first) w_.item_costs.push_back(ticks);
      w_.items[next[l]++] = {task, cost->second};
    });
    launches();
  }

  // Calls f(task, created, copies) for every task: the instances that its mapping creates, which are those that it or what it issues
  // uses first, and reclaimed ones; and the copies, folds and fills that it issues.
  template <typename F>
  void for_each_mapping(F&& f) const {
    std::vector<bool> seen(plan_.instances.size(), false);
    std::uint32_t created = 0, copies = 0;
    const auto use = [&](std::uint32_t instance, bool counts) {
      if (instance == kNone || seen[instance]) return;
      seen[instance] = true;
      created += counts ? 1u : 0u;
    };
    for (OpIndex i = 0; i < plan_.ops.size(); ++i) {
      const Op& op = plan_.ops[i];
      if (op.kind == OpKind::Task) {
        const std::size_t arguments = sites_.of_record(op.record).launch->arguments.size();
        for (std::size_t a = 0; a < arguments; ++a) use(plan_.task_arguments[op.detail + a].instance.value, true);
        f(i, std::exchange(created, 0), std::exchange(copies, 0));
      } else if (moves_data(op.kind) || op.kind == OpKind::Reclaim) {
        if (op.kind == OpKind::Reclaim) seen[op.b] = false;  // built anew in the space of others
        use(op.b, op.issued);
        copies += op.issued && moves_data(op.kind) ? 1u : 0u;
      }
    }
  }

  void launches() {
    w_.launch_offsets.push_back(0);
    for (std::size_t list = 0; list + 1 < w_.top_offsets.size(); ++list) {
      std::uint32_t last = kNone;
      for (std::uint32_t i = w_.top_offsets[list]; i < w_.top_offsets[list + 1]; ++i) {
        const std::uint32_t record = plan_.ops[w_.items[i].op].record;
        if (std::exchange(last, record) != record) {
          w_.launch_records.push_back(record);
          w_.launch_points.push_back(0);
        }
        ++w_.launch_points.back();
        w_.ops[w_.items[i].op].ends_point = true;
      }
      w_.launch_offsets.push_back(static_cast<std::uint32_t>(w_.launch_points.size()));
    }
    for (OpIndex i = 0; i < plan_.ops.size(); ++i) {  // a task with a body is over when all it launched is
      if (plan_.ops[i].kind != OpKind::Complete) continue;
      OpInfo& task = w_.ops[plan_.ops[i].a];
      w_.ops[i].ends_point = task.ends_point;
      task.ends_point = false;
    }
  }

  const plan::Plan& plan_;
  const machine::Machine& machine_;
  const Sites& sites_;
  Workload w_;
  std::vector<std::pair<OpIndex, plan::Edge>> fences_;  // of add_fences(), ascending
};

}  // namespace

Workload make_workload(const plan::Plan& plan, const machine::Machine& machine, CostModel& costs, bool keep_costs) {
  return Maker(plan, machine, costs.sites()).make(costs, keep_costs);
}

}  // namespace mapwright::engine::sim
