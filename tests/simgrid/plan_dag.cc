#include "plan_dag.h"

#include <algorithm>
#include <bit>
#include <map>
#include <tuple>
#include <utility>

namespace mapwright::referee {

namespace {

using plan::kNone;
using plan::kNoOp;
using plan::Op;
using plan::OpIndex;
using plan::OpKind;
constexpr NodeIndex kNoNode = PlanDag::kNoNode, kIgnored = PlanDag::kIgnored;
constexpr std::uint64_t kWindow = 1024;  // launches mapped and not over, docs/models/overhead.md

bool is_timer(OpKind k) { return k == OpKind::TimerStart || k == OpKind::TimerStop; }

class Translator {
 public:
  Translator(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine,
             const engine::sim::Timing& timing)
      : plan_(plan), program_(program), machine_(machine), timing_(timing), o_(machine.overheads()) {}

  PlanDag translate() {
    for (const plan::Segment& s : plan_.segments) MW_CHECK(s.repeat == 1, "the referee takes unrolled plans");
    b_.dag.grid = o_.copy_grid.value;
    for (const machine::Channel& c : machine_.channels()) b_.dag.links.push_back(c.bandwidth.value);
    out_.first.assign(plan_.ops.size(), kNoNode);
    out_.last.assign(plan_.ops.size(), kNoNode);
    out_.mapping.assign(plan_.ops.size(), kNoNode);
    find_sites();
    for (OpIndex i = 0; i < plan_.ops.size(); ++i) add_nodes(i);
    price_mapping();
    for (OpIndex i = 0; i < plan_.ops.size(); ++i) precede(i);
    fences();
    queues();
    mapping();
    out_.dag = b_.finish();
    return std::move(out_);
  }

 private:
  // --- Statements: by LaunchRecord::decision.

  void find_sites() {
    sites_.resize(program_.launch_count);
    std::vector<program::Program::Site> further;
    for (const program::Program::Site& s : program_.sites()) {
      program::Program::Site& first = sites_[s.launch->id.value];
      if (first.launch == nullptr) {
        first = s;
      } else {
        further.push_back(s);
      }
    }
    sites_.insert(sites_.end(), further.begin(), further.end());
  }

  const program::Program::Site& site(const plan::LaunchRecord& r) const { return sites_[r.decision]; }

  bool traced(const plan::LaunchRecord& record) const {
    for (const plan::LaunchRecord* r = &record;; r = &plan_.records[plan_.ops[r->parent].record]) {
      for (const program::Loop* l : site(*r).loops) {
        if (l->traced) return true;
      }
      if (r->parent == kNoOp) return false;
    }
  }

  // --- Nodes: an operation waits in `entry`, then for its delay; its own time comes last.

  void add_nodes(OpIndex i) {
    const Op& op = plan_.ops[i];
    if (is_timer(op.kind)) {
      out_.first[i] = out_.last[i] = kIgnored;
      entry_.push_back(kIgnored);
      return;
    }
    Node own;
    double delay = 0;
    if (op.kind == OpKind::Task) {
      const machine::ProcessorId p(op.b);
      own.kind = Node::Kind::Work;
      own.place = op.b;
      own.amount = engine::sim::task_cost(plan_, i, 0, program_, machine_).seconds +
                   machine_.compute(machine_[p].kind).launch.value;
      delay = o_.ready_to_start.value;
      out_.mapping[i] = b_.add({.kind = Node::Kind::Work});
    } else if (plan::moves_data(op.kind)) {
      delay = copy(op, own);
    } else if (op.kind == OpKind::Future) {
      delay = future_latency();
    }
    out_.first[i] = out_.last[i] = b_.add(own);
    if (delay > 0 || (plan::moves_data(op.kind) && b_.dag.grid > 0)) {
      entry_.push_back(b_.add({.kind = plan::moves_data(op.kind) ? Node::Kind::Start : Node::Kind::Delay, .amount = delay}));
      b_.edge(entry_.back(), out_.first[i]);
    } else {
      entry_.push_back(out_.first[i]);
    }
  }

  // Fills in the copy and returns what passes before its first byte.
  double copy(const Op& op, Node& own) {
    const plan::Transfer& t = plan_.transfers[op.detail];
    const machine::MemoryId to = plan_.instances[op.b].memory;
    const machine::MemoryId from = op.kind == OpKind::Fill ? to : plan_.instances[op.a].memory;
    const machine::Route route = machine_.route(from, to);
    const bool transposes = op.kind == OpKind::Copy && t.transpose;
    const auto [it, fresh] = paths_.try_emplace(std::tuple(from.value, to.value, transposes), static_cast<std::uint32_t>(b_.dag.paths.size()));
    if (fresh) {
      Path p {.from = from.value, .to = to.value, .transposes = transposes, .links = {},
              .cap = route.bandwidth.value * (transposes ? o_.transpose_factor : 1.0)};
      for (const machine::ChannelId c : route.list()) {
        if (std::find(p.links.begin(), p.links.end(), c.value) == p.links.end()) p.links.push_back(c.value);
      }
      b_.dag.paths.push_back(std::move(p));
    }
    own.kind = Node::Kind::Copy;
    own.place = it->second;
    own.amount = static_cast<double>(t.bytes);
    return o_.copy_start.value + route.latency.value;
  }

  // Up and down a binary tree of address spaces, between their host memories.
  double future_latency() const {
    double latency = 0;
    if (machine_.spaces() > 1) {
      const auto host = [this](std::uint32_t space) {
        for (std::uint32_t m = 0; m < machine_.memories().size(); ++m) {
          const machine::Memory& memory = machine_.memories()[m];
          if (memory.space.value == space && memory.kind == MemoryKind::SysMem) return machine::MemoryId(m);
        }
        MW_CHECK(false, "address space {} has no host memory", space);
        return machine::MemoryId(0);
      };
      latency = 2.0 * std::bit_width(machine_.spaces() - 1) * machine_.route(host(0), host(machine_.spaces() - 1)).latency.value;
    }
    return o_.copy_start.value + latency;
  }

  // --- What an operation waits for, but for its queue.

  void precede(OpIndex i) {
    const Op& op = plan_.ops[i];
    if (is_timer(op.kind)) return;
    for (const plan::Edge e : plan_.predecessors(i)) {
      MW_CHECK(!e.carried && !is_timer(plan_.ops[e.op].kind), "operation {} waits for a timer or an earlier repetition", i);
      b_.edge(out_.last[e.op], e.mapping ? start_of_mapping(i) : entry_[i]);
    }
    if (op.kind == OpKind::Task) b_.edge(out_.mapping[i], entry_[i]);
    if (op.issued) b_.edge(out_.mapping[plan_.issuer(i)], entry_[i]);
    const bool belongs = op.kind == OpKind::Task || op.kind == OpKind::Reclaim || plan::moves_data(op.kind);
    if (belongs && op.record != kNone && plan_.records[op.record].fence != kNoOp) {
      b_.edge(out_.last[plan_.records[op.record].fence], entry_[i]);
    }
  }

  void fences() {
    OpIndex since = 0;
    for (OpIndex i = 0; i < plan_.ops.size(); ++i) {
      if (plan_.ops[i].kind != OpKind::Fence) continue;
      for (; since < i; ++since) {
        if (out_.last[since] != kIgnored) b_.edge(out_.last[since], entry_[i]);
      }
    }
  }

  // The order on each processor, from the timeline.
  void queues() {
    struct Turn {
      double start = 0, end = 0;
      OpIndex op = 0;
    };
    std::map<std::uint32_t, std::vector<Turn>> turns;
    for (const engine::Event& e : timing_.events) {
      if (plan_.ops[e.op].kind == OpKind::Task) turns[plan_.ops[e.op].b].push_back({e.start, e.end, e.op});
    }
    b_.dag.hosts = static_cast<std::uint32_t>(machine_.processors().size());
    for (auto& [processor, queue] : turns) {
      std::stable_sort(queue.begin(), queue.end(), [](const Turn& a, const Turn& b) {
        return std::pair(a.start, a.end) < std::pair(b.start, b.end);
      });
      for (std::size_t k = 1; k < queue.size(); ++k) b_.edge(out_.last[queue[k - 1].op], out_.first[queue[k].op]);
    }
  }

  // --- Mapping: utility processors are hosts after the processors.

  // Utility time of every task: itself, its launch, what it issues and the instances that are new with it.
  void price_mapping() {
    std::vector<bool> seen(plan_.instances.size());
    std::map<std::pair<std::uint32_t, std::uint32_t>, bool> launched;  // record, address space
    const auto price = [this](OpIndex task) -> double& { return b_.dag.nodes[out_.mapping[task]].amount; };
    const auto use = [&](std::uint32_t instance, std::uint32_t task) {
      if (instance == kNone || seen[instance]) return;
      seen[instance] = true;
      if (task != kNone) price(task) += o_.instance.value;
    };
    space_.assign(plan_.ops.size(), kNone);
    for (const engine::sim::Mapping& m : timing_.mappings) space_[m.op] = m.space;
    for (OpIndex i = 0; i < plan_.ops.size(); ++i) {
      const Op& op = plan_.ops[i];
      if (op.kind == OpKind::Task) {
        check_space(i);
        const plan::LaunchRecord& r = plan_.records[op.record];
        price(i) += (traced(r) ? o_.point_traced : o_.point_untraced).value;
        if (site(r).launch->index && !std::exchange(launched[{op.record, space_[i]}], true)) price(i) += o_.launch.value;
        for (std::size_t a = 0; a < site(r).launch->arguments.size(); ++a) {
          use(plan_.task_arguments[op.detail + a].instance.value, i);
        }
      } else if (op.kind == OpKind::Reclaim) {
        seen[op.b] = false;  // built anew in the space of others
        use(op.b, issuer(i));
      } else if (plan::moves_data(op.kind)) {
        if (op.issued) price(plan_.issuer(i)) += o_.copy.value;
        use(op.b, issuer(i));
      }
    }
  }

  std::uint32_t issuer(OpIndex i) const { return plan_.ops[i].issued ? plan_.issuer(i) : kNone; }

  // Who maps: the parent's address space, or with a replicated top level the point's own, or the first.
  void check_space(OpIndex task) const {
    const OpIndex parent = plan_.records[plan_.ops[task].record].parent;
    std::uint32_t space = 0;
    if (parent != kNoOp || plan_.decisions->replicated) {
      space = machine_[machine::ProcessorId(plan_.ops[parent != kNoOp ? parent : task].b)].space.value;
    }
    MW_CHECK(space_[task] == space, "task {} was mapped in address space {} instead of {}", task, space_[task], space);
  }

  // Joins that tell when the mapping of a task may begin.
  NodeIndex start_of_mapping(OpIndex task) {
    if (mapping_start_.empty()) mapping_start_.assign(plan_.ops.size(), kNoNode);
    NodeIndex& n = mapping_start_[task];
    if (n == kNoNode) n = b_.join();
    return n;
  }

  // In an address space nothing is mapped before what is mapped earlier has been begun, nor on a busy utility processor.
  void mapping() {
    const std::uint32_t servers = std::max(1u, o_.utility_processors);
    const std::uint32_t first_host = b_.dag.hosts;
    b_.dag.hosts += machine_.spaces() * servers;
    std::vector<NodeIndex> begun(machine_.spaces(), kNoNode), busy(std::size_t {machine_.spaces()} * servers, kNoNode);
    for (const engine::sim::Mapping& m : timing_.mappings) {
      const std::size_t server = std::size_t {m.space} * servers + m.processor;
      const NodeIndex start = start_of_mapping(m.op), work = out_.mapping[m.op];
      b_.dag.nodes[work].place = first_host + static_cast<std::uint32_t>(server);
      b_.edge(start, work);
      if (begun[m.space] != kNoNode) b_.edge(begun[m.space], start);
      if (busy[server] != kNoNode) b_.edge(busy[server], start);
      begun[m.space] = start;
      busy[server] = work;
      const plan::LaunchRecord& r = plan_.records[plan_.ops[m.op].record];
      if (r.gate != kNoOp) b_.edge(out_.last[r.gate], start);
      if (r.parent != kNoOp) b_.edge(out_.last[r.parent], start);
    }
    windows();
  }

  // Launch k of an address space is mapped when launches up to k - 1024 are over there.
  void windows() {
    std::vector<OpIndex> over(plan_.ops.size());  // by task: it, or its completion
    for (OpIndex i = 0; i < plan_.ops.size(); ++i) {
      over[i] = i;
      if (plan_.ops[i].kind == OpKind::Complete) over[plan_.ops[i].a] = i;
    }
    std::vector<std::vector<std::pair<std::uint32_t, std::vector<OpIndex>>>> launches(machine_.spaces());
    for (OpIndex i = 0; i < plan_.ops.size(); ++i) {
      if (plan_.ops[i].kind != OpKind::Task || plan_.records[plan_.ops[i].record].parent != kNoOp) continue;
      auto& own = launches[space_[i]];
      if (own.empty() || own.back().first != plan_.ops[i].record) own.push_back({plan_.ops[i].record, {}});
      own.back().second.push_back(i);
    }
    for (const auto& own : launches) {
      NodeIndex before = kNoNode;
      for (std::size_t k = kWindow; k < own.size(); ++k) {
        const NodeIndex done = b_.join();
        if (before != kNoNode) b_.edge(before, done);
        for (const OpIndex task : own[k - kWindow].second) b_.edge(out_.last[over[task]], done);
        for (const OpIndex task : own[k].second) b_.edge(done, start_of_mapping(task));
        before = done;
      }
    }
  }

  const plan::Plan& plan_;
  const program::Program& program_;
  const machine::Machine& machine_;
  const engine::sim::Timing& timing_;
  const machine::Overheads& o_;
  DagBuilder b_;
  PlanDag out_;
  std::vector<program::Program::Site> sites_;
  std::vector<NodeIndex> entry_;           // by operation
  std::vector<NodeIndex> mapping_start_;   // by operation
  std::vector<std::uint32_t> space_;       // by task: who maps it
  std::map<std::tuple<std::uint32_t, std::uint32_t, bool>, std::uint32_t> paths_;
};

}  // namespace

PlanDag to_dag(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine,
               const engine::sim::Timing& timing) {
  return Translator(plan, program, machine, timing).translate();
}

Dag lean(Dag dag, const PlanDag& of) {
  for (Node& n : dag.nodes) {
    if (n.kind == Node::Kind::Delay || n.kind == Node::Kind::Start) n = {};
  }
  for (const NodeIndex n : of.mapping) {
    if (n != kNoNode) dag.nodes[n] = {};
  }
  return dag;
}

}  // namespace mapwright::referee
