// The plan against an oracle that knows nothing of pieces, cells or dependence edges: a version per element and field,
// brute force. Values are symbolic numbers in which every write leaves its trace, so a task that reads stale data or
// runs too early computes another number.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "random_program.h"

namespace mapwright {
namespace {

using namespace program;
using plan::Edge;
using plan::kNone;
using plan::OpIndex;
using plan::OpKind;
using Value = std::uint64_t;
using Element = std::pair<FieldIndex, Point>;

constexpr Value kPoison = 0xdead;

Value reduce(ReductionOp op, Value a, Value b) { return op == ReductionOp::Sum ? a + b : op == ReductionOp::Max ? std::max(a, b) : std::min(a, b); }
Value identity(ReductionOp op) { return op == ReductionOp::Min ? ~Value {0} : 0; }

// What argument k of the `task`-th point task makes of an element.
Value effect(const Argument& a, std::uint64_t task, std::size_t k, const Element& e, Value old) {
  const Value trace = mix64(task * 64 + k + 1) ^ mix64(e.first * 1000003u + static_cast<Value>(e.second[0] * 1009 + e.second[1]));
  if (a.privilege == Privilege::ReadWrite) return mix64(old) + trace;
  if (a.privilege == Privilege::Reduce) return reduce(a.reduction, old, trace);
  return trace;  // write-discard
}

// One use of an argument by a point task, in program order.
struct Use {
  const Argument* argument;
  PointSet points;
  std::vector<Value> reads;  // expected, in order of (field, point); empty unless it reads
};

// The oracle: runs the program sequentially on one copy of every region and counts the bytes that any execution with
// one instance per (points, memory, layout) must copy.
class Oracle {
 public:
  Oracle(const Program& p, const plan::Decisions& d, const machine::Machine& m) : p_(p), d_(d), m_(m), value_(p.regions.size()), holders_(p.regions.size()) {
    std::vector<std::uint32_t> open;
    std::uint32_t next = p.launch_count;
    std::set<std::uint32_t> seen;
    for (const Program::Site& site : p.sites()) {
      open.resize(site.parents.size());
      const std::uint32_t launch = site.launch->id.value;
      const std::uint32_t decision = seen.insert(launch).second ? launch : next++;
      decision_[{open.empty() ? kNone : open.back(), launch}] = decision;
      open.push_back(decision);
    }
    walk(p.main, {{kNone, 0, {}}});
  }
  std::vector<std::vector<Use>> tasks;      // by program order
  std::int64_t copied = 0;                  // bytes of copies, within a memory or between two
  std::int64_t folded_between = 0;          // bytes of folds between two memories

 private:
  struct Key {
    PointSet points;
    std::uint32_t memory;
    FieldOrder fields;
    DimOrder dims;
    int reduction;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Contents {
    std::set<Key> valid;
    std::set<Key> pending;
    std::optional<ReductionOp> op;
    bool constant = true;  // nobody needs to copy it: it was filled
  };

  // Who launches: the top level, or a point with the points above it.
  struct Launcher {
    std::uint32_t decision;
    std::int64_t expansion;
    std::vector<Point> ancestors;
  };

  void walk(const Body& body, const std::vector<Launcher>& launchers) {
    for (const Statement& s : body) {
      if (const auto* l = std::get_if<Launch>(&s.what)) {
        for (const Launcher& by : launchers) launch(*l, by);
      }
      if (const auto* f = std::get_if<Fill>(&s.what)) fill(*f);
      if (const auto* loop = std::get_if<Loop>(&s.what)) {
        loops_.push_back({loop->name, 0});
        for (; loops_.back().value < loop->count; ++loops_.back().value) walk(loop->body, launchers);
        loops_.pop_back();
      }
    }
  }

  bool only_launches(const Body& body) const {
    for (const Statement& s : body) {
      const auto* loop = std::get_if<Loop>(&s.what);
      const auto* l = std::get_if<Launch>(&s.what);
      if (loop ? !only_launches(loop->body) : !l || l->result || !l->futures.empty() || !only_launches(p_.tasks[l->task.value].body)) return false;
    }
    return true;
  }

  // No two points of the launch use an element, except for reading it or reducing it with the same operator.
  bool independent(const Launch& l, const Launcher& by) const {
    const auto points = [&](const Argument& a, std::int64_t i) {
      ExprContext context;
      if (l.index) context.point = l.domain.delinearize(i);
      context.ancestors = by.ancestors;
      context.loops = loops_;
      return p_.points(a, p_.color(l, a, context));
    };
    const auto clash = [&](const Argument& a, std::int64_t i, const Argument& b, std::int64_t j) {
      if (a.privilege == Privilege::None || b.privilege == Privilege::None || a.region != b.region) return false;
      if (a.privilege == Privilege::Read && b.privilege == Privilege::Read) return false;
      if (a.privilege == Privilege::Reduce && b.privilege == Privilege::Reduce && a.reduction == b.reduction) return false;
      if (std::find_first_of(a.fields.begin(), a.fields.end(), b.fields.begin(), b.fields.end()) == a.fields.end()) return false;
      return !intersect(points(a, i), points(b, j)).empty();
    };
    for (std::int64_t i = 0; i < l.domain.volume(); ++i) {
      for (std::int64_t j = i + 1; j < l.domain.volume(); ++j) {
        for (const Argument& a : l.arguments) for (const Argument& b : l.arguments) if (clash(a, i, b, j)) return false;
      }
    }
    return l.domain.volume() > 1;
  }

  void fill(const Fill& f) {
    const auto one = [&](const PointSet& points) {
      for (const FieldIndex field : f.fields) for_each_point(points, [&](const Point& p) {
        value_[f.region.value][{field, p}] = static_cast<Value>(f.value);
        holders_[f.region.value][{field, p}] = Contents {};
      });
    };
    if (!f.partition) return one(p_.regions[f.region.value].points);
    for (const PointSet& piece : p_.partitions[f.partition->value].pieces) one(piece);
  }

  // Bodies of independent points run side by side, others one after the other.
  void launch(const Launch& l, const Launcher& by) {
    const auto& [parent, expansion, ancestors] = by;
    const std::uint32_t decision = decision_.at({parent, l.id.value});
    const plan::LaunchDecision& d = d_.launches[decision];
    const Body& body = p_.tasks[l.task.value].body;
    const bool together = d.variant->inner && !d.limit && only_launches(body) && independent(l, by);
    std::vector<Launcher> points;
    for (std::int64_t i = 0; i < l.domain.volume(); ++i) {
      const std::int64_t e = expansion * l.domain.volume() + i;
      std::vector<Use> uses;
      ExprContext context;
      if (l.index) context.point = l.domain.delinearize(i);
      context.ancestors = ancestors;
      context.loops = loops_;
      const std::uint64_t task = tasks.size();
      tasks.emplace_back();
      for (std::size_t k = 0; k < l.arguments.size(); ++k) {
        const Argument& a = l.arguments[k];
        Use use {&a, p_.points(a, p_.color(l, a, context)), {}};
        if (!d.arguments[k].is_virtual) touch(use, task, k, d, m_[d.processors[static_cast<std::size_t>(e)]]);
        uses.push_back(std::move(use));
      }
      tasks[task] = std::move(uses);
      if (!d.variant->inner) continue;
      std::vector<Point> chain {context.point};
      chain.insert(chain.end(), ancestors.begin(), ancestors.end());
      points.push_back({decision, e, std::move(chain)});
      if (together) continue;
      walk(body, points);
      points.clear();
    }
    if (together) walk(body, points);
  }

  void touch(Use& use, std::uint64_t task, std::size_t k, const plan::LaunchDecision& d, const machine::Processor& p) {
    const Argument& a = *use.argument;
    const auto& ad = d.arguments[k];
    const auto processor = *m_.find(p.kind, p.space, p.index);
    const bool reduces = a.privilege == Privilege::Reduce;
    const Key key {use.points, m_.addressable(processor, ad.memories[0].kind).front().value, ad.layouts[0].fields, ad.layouts[0].dims, reduces ? 1 + static_cast<int>(a.reduction) : 0};
    for (const FieldIndex f : a.fields) for_each_point(use.points, [&](const Point& point) {
      const Element e {f, point};
      Value& value = value_[a.region.value][e];
      Contents& c = holders_[a.region.value][e];
      const std::int64_t size = p_.regions[a.region.value].fields[f].bytes;
      Key ordinary = key;
      ordinary.reduction = 0;
      const bool settle = reduces ? c.op && *c.op != a.reduction : a.privilege != Privilege::WriteDiscard;
      if (settle) {
        if (!c.valid.contains(ordinary) && !c.constant) {
          copied += size;
        }
        if (!c.valid.contains(ordinary)) c.valid.insert(ordinary);
        for (const Key& r : c.pending) folded_between += r.memory == key.memory ? 0 : size;
        if (!c.pending.empty()) c = Contents {{ordinary}, {}, {}, false};
      }
      if (a.privilege == Privilege::Read || a.privilege == Privilege::ReadWrite) use.reads.push_back(value);
      if (a.privilege == Privilege::Read) return;
      value = effect(a, task, k, e, value);
      if (!reduces) { c = Contents {{key}, {}, {}, false}; return; }
      c.pending.insert(key);
      c.op = a.reduction;
    });
  }

  const Program& p_;
  const plan::Decisions& d_;
  const machine::Machine& m_;
  std::vector<std::map<Element, Value>> value_;
  std::vector<std::map<Element, Contents>> holders_;
  std::vector<LoopCounter> loops_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> decision_;  // by decision of the parent and launch
};

// An execution of a plan: its operations with repetitions written out, in program order.
struct Expanded {
  struct Node {
    OpIndex op;
    std::vector<std::size_t> before;
  };
  std::vector<Node> nodes;
};

Expanded expand(const plan::Plan& plan) {
  Expanded x;
  std::vector<std::size_t> latest(plan.ops.size());
  std::vector<std::size_t> end_of_fence {};
  for (const plan::Segment& s : plan.segments) {
    for (std::uint64_t r = 0; r < s.repeat; ++r) {
      const std::size_t base = x.nodes.size();
      const std::size_t length = s.end - s.begin;
      const auto locate = [&](OpIndex op, bool carried) -> std::size_t {
        if (carried) return base - length + (op - s.begin);
        return op >= s.begin && op < s.end ? base + (op - s.begin) : latest[op];
      };
      for (OpIndex i = s.begin; i < s.end; ++i) {
        Expanded::Node n {i, {}};
        for (const Edge e : plan.predecessors(i)) n.before.push_back(locate(e.op, e.carried));
        const plan::Op& op = plan.ops[i];
        if (op.kind == OpKind::Fence) {
          for (std::size_t k = 0; k < x.nodes.size(); ++k) n.before.push_back(k);
        } else if (op.record != kNone) {
          const plan::LaunchRecord& record = plan.records[op.record];
          if (record.fence != plan::kNoOp) n.before.push_back(locate(record.fence, record.fence_carried));
          if (record.parent != plan::kNoOp) n.before.push_back(locate(record.parent, false));
        }
        x.nodes.push_back(std::move(n));
      }
      for (OpIndex i = s.begin; i < s.end; ++i) latest[i] = base + (i - s.begin);
    }
  }
  return x;
}

// Any order that respects the edges, chosen by the seed.
std::vector<std::size_t> topological(const Expanded& x, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::vector<std::size_t>> after(x.nodes.size());
  std::vector<std::size_t> missing(x.nodes.size()), ready, order;
  for (std::size_t i = 0; i < x.nodes.size(); ++i) {
    missing[i] = x.nodes[i].before.size();
    for (const std::size_t b : x.nodes[i].before) after[b].push_back(i);
    if (missing[i] == 0) ready.push_back(i);
  }
  while (!ready.empty()) {
    std::swap(ready[rng.below(ready.size())], ready.back());
    const std::size_t i = ready.back();
    ready.pop_back();
    order.push_back(i);
    for (const std::size_t a : after[i]) if (--missing[a] == 0) ready.push_back(a);
  }
  return order;
}

// Executes the plan on symbolic values and compares every read with the oracle.
void execute(const plan::Plan& plan, const Oracle& oracle, std::uint64_t seed) {
  const Expanded x = expand(plan);
  std::vector<std::uint64_t> number(x.nodes.size());
  std::uint64_t tasks = 0;
  for (std::size_t i = 0; i < x.nodes.size(); ++i) if (plan.ops[x.nodes[i].op].kind == OpKind::Task) number[i] = tasks++;
  RC_ASSERT(tasks == oracle.tasks.size());
  RC_ASSERT(tasks == plan.executed_tasks());
  std::vector<std::map<Element, Value>> data(plan.instances.size());
  const auto read = [&](std::uint32_t instance, const Element& e) {
    const auto it = data[instance].find(e);
    return it == data[instance].end() ? kPoison : it->second;
  };
  const auto order = topological(x, seed);
  RC_ASSERT(order.size() == x.nodes.size());
  for (const std::size_t i : order) {
    const plan::Op& op = plan.ops[x.nodes[i].op];
    if (op.kind == OpKind::Reclaim) {
      for (auto f = plan.freed_offsets[op.detail]; f < plan.freed_offsets[op.detail + 1]; ++f) data[plan.freed[f].value].clear();
    }
    if (plan::moves_data(op.kind)) {
      for (const plan::CellId c : plan.cells_of(plan.transfers[op.detail])) {
        const plan::Cell& cell = plan.cells[c.value];
        for (const FieldIndex f : plan.field_groups[cell.field_group].fields) for_each_point(plan.pieces[cell.piece], [&](const Point& point) {
          const Element e {f, point};
          Value& to = data[op.b][e];
          const auto& reduction = plan.instances[op.kind == OpKind::Fold ? op.a : op.b].reduction;
          if (op.kind == OpKind::Fill) to = reduction ? identity(*reduction) : static_cast<Value>(plan.fill_values[op.a]);
          if (op.kind == OpKind::Copy) to = read(op.a, e);
          if (op.kind == OpKind::Fold) to = reduce(*reduction, to, read(op.a, e));
        });
      }
    }
    if (op.kind != OpKind::Task) continue;
    const auto& uses = oracle.tasks[number[i]];
    for (std::size_t k = 0; k < uses.size(); ++k) {
      const std::uint32_t instance = plan.task_arguments[op.detail + k].instance.value;
      if (instance == kNone) continue;
      const Argument& a = *uses[k].argument;
      RC_ASSERT(same_points(plan.point_sets[plan.instances[instance].points.value], uses[k].points));
      std::size_t n = 0;
      for (const FieldIndex f : a.fields) for_each_point(uses[k].points, [&](const Point& point) {
        const Element e {f, point};
        if (!uses[k].reads.empty()) RC_ASSERT(read(instance, e) == uses[k].reads[n++]);
        if (a.privilege != Privilege::Read) data[instance][e] = effect(a, number[i], k, e, read(instance, e));
      });
    }
  }
}

struct Case {
  machine::Machine machine;
  Program program;
  std::shared_ptr<const plan::Decisions> decisions;
};

Case make_case(std::uint64_t seed, int capacity_mib) {
  machine::Machine machine = testing::small_machine(1 + static_cast<int>(seed % 2), capacity_mib);
  Program program = testing::random_program(seed);
  auto decisions = testing::random_decisions(seed, program, machine, capacity_mib == 1 ? 1 << (16 + seed / 2 % 2) : 1);
  return {std::move(machine), std::move(program), std::move(decisions)};
}

RC_GTEST_PROP(PlanOracle, AgreesOnBytesValidityAndOrder, (std::uint64_t seed)) {
  const Case c = make_case(seed, 4096);
  const Oracle oracle(c.program, *c.decisions, c.machine);
  const auto plan = plan::make_plan(c.decisions, c.program, c.machine);
  RC_ASSERT(plan.has_value());
  execute(*plan, oracle, seed);
  const plan::Traffic t = plan::traffic(*plan, c.program, c.machine);
  RC_ASSERT(t.total.between + t.total.inside == oracle.copied + oracle.folded_between);
}

RC_GTEST_PROP(PlanOracle, StaysValidWhenMemoryIsShort, (std::uint64_t seed)) {
  const Case c = make_case(seed, 1);
  const Oracle oracle(c.program, *c.decisions, c.machine);
  const auto plan = plan::make_plan(c.decisions, c.program, c.machine);
  if (!plan) {
    RC_ASSERT(plan.error().kind == plan::Verdict::Kind::OutOfMemory);
    RC_TAG("out of memory");
    return;
  }
  for (const plan::MemoryPeak& peak : plan->peaks) RC_ASSERT(peak.bytes <= 1 << 20);
  bool freed = false;
  for (const plan::Op& op : plan->ops) freed |= op.kind == OpKind::Reclaim;
  RC_TAG(freed ? "reclaims" : "fits");
  execute(*plan, oracle, seed);
}

RC_GTEST_PROP(PlanOracle, LoopsKeptAsLoopsEqualTheUnrolledPlan, (std::uint64_t seed)) {
  const Case c = make_case(seed, seed % 3 ? 4096 : 1);
  const auto kept = plan::make_plan(c.decisions, c.program, c.machine);
  const auto unrolled = plan::make_plan(c.decisions, c.program, c.machine, {.unroll = true});
  RC_ASSERT(kept.has_value() == unrolled.has_value());
  if (!kept) return;
  RC_TAG(kept->ops.size() < unrolled->ops.size() ? "repeats" : "does not repeat");
  const Expanded x = expand(*kept), y = expand(*unrolled);
  RC_ASSERT(x.nodes.size() == y.nodes.size());
  RC_ASSERT(kept->executed_ops() == unrolled->executed_ops());
  for (std::size_t i = 0; i < x.nodes.size(); ++i) {
    const plan::Op &a = kept->ops[x.nodes[i].op], &b = unrolled->ops[y.nodes[i].op];
    RC_ASSERT(a.kind == b.kind);
    RC_ASSERT(std::set(x.nodes[i].before.begin(), x.nodes[i].before.end()) == std::set(y.nodes[i].before.begin(), y.nodes[i].before.end()));
    if (a.kind == OpKind::Task || plan::moves_data(a.kind)) RC_ASSERT(a.a == b.a && a.b == b.b);
    if (a.kind == OpKind::Copy || a.kind == OpKind::Fold) RC_ASSERT(kept->transfers[a.detail].bytes == unrolled->transfers[b.detail].bytes);
  }
  const auto t = plan::traffic(*kept, c.program, c.machine), u = plan::traffic(*unrolled, c.program, c.machine);
  RC_ASSERT(t.total.between == u.total.between && t.total.inside == u.total.inside && t.total.folded == u.total.folded);
}

}  // namespace
}  // namespace mapwright
