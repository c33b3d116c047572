// Plans written operation by operation, so that the time of an execution can be worked out on paper.
#pragma once

#include <initializer_list>
#include <vector>

#include "engine/sim/sim.h"
#include "support/tiny_machine.h"

namespace mapwright::test {

// The machine `generic` without any overhead, plus `lines`. What the tests use of it, per node: 8 CPUs, 4 GPUs, 2 utility
// processors; GPU to GPU through a switch with 50 GB/s per port and direction, 1 us; device memory inside 500 GB/s, 1 us;
// host memory to device 10 GB/s.
inline machine::Machine free_machine(const std::string& overheads = {}, const machine::Overrides& overrides = {},
                                     const std::string& lines = {}) {
  std::string zero;
  for (const char* key : {"point_traced_us", "point_untraced_us", "launch_us", "copy_us", "instance_us",
                          "ready_to_start_us", "copy_start_us"}) {
    if (overheads.find(std::string("\n") + key) == std::string::npos) zero += std::string(key) + " = 0\n";
  }
  return tiny_machine("[processors.CPU]\nlaunch_us = 0\n[processors.GPU]\nlaunch_us = 0\n" + lines + "[overheads]\n" + zero +
                          overheads + "\n",
                      overrides);
}

inline plan::Edge after(plan::OpIndex op) { return {op & plan::kNoOp, 0, 0}; }
inline plan::Edge carried(plan::OpIndex op) { return {op & plan::kNoOp, 1, 0}; }   // the previous repetition
inline plan::Edge limited(plan::OpIndex op) { return {op & plan::kNoOp, 0, 1}; }   // gates the mapping

// Tasks take the milliseconds that the plan gives them. Copies start when they can unless issue() ties them to a task.
class HandPlan {
 public:
  using Edges = std::vector<plan::Edge>;

  explicit HandPlan(machine::Machine m, bool traced = true, bool replicated = false) : machine(std::move(m)) {
    program::Builder b("hand");
    std::vector<program::Variant> variants;
    for (const ProcessorKind kind : {ProcessorKind::Cpu, ProcessorKind::Gpu}) {
      program::Variant v;
      v.kind = kind;
      v.measured.push_back({{}, {}, {}, program::Expr::point(0) * program::Expr(1e-3)});
      variants.push_back(v);
    }
    const program::RegionId r = b.add_region("r", PointSet(Rect::of_extents({100})), {{"f", 8}});
    (void)r;
    const program::TaskId t = b.add_task("work", variants);
    b.begin_loop("l", 1, traced);
    b.index_launch(t, Rect::of_extents({1 << 20}), {});  // CPU
    b.index_launch(t, Rect::of_extents({1 << 20}), {});  // GPU
    b.end_loop();
    program = b.finish();
    plan.counters.push_back(0);
    decisions->replicated = replicated;
    for (std::size_t i = 0; i < 2; ++i) {
      plan::LaunchDecision d;
      d.launch = program::LaunchId(i);
      d.kind = variants[i].kind;
      d.variant = &program.tasks[0].variants[i];
      decisions->launches.push_back(d);
    }
    plan.edge_offsets.push_back(0);
    plan.group_lists.emplace_back();  // instances hold no fields unless a test says so
  }
  HandPlan(const HandPlan&) = delete;
  HandPlan& operator=(const HandPlan&) = delete;

  machine::ProcessorId cpu(std::uint32_t index, std::size_t node = 0) const {
    return *machine.find(ProcessorKind::Cpu, machine::SpaceId(node), index);
  }
  machine::ProcessorId gpu(std::uint32_t index, std::size_t node = 0) const {
    return *machine.find(ProcessorKind::Gpu, machine::SpaceId(node), index);
  }
  machine::MemoryId device(std::uint32_t index, std::size_t node = 0) const {
    return machine.addressable(gpu(index, node), MemoryKind::FbMem).front();
  }
  machine::MemoryId host(std::size_t node = 0) const {
    return machine.addressable(cpu(0, node), MemoryKind::SysMem).front();
  }

  // A launch record: the following tasks may belong to it.
  std::uint32_t record(ProcessorKind kind, plan::OpIndex parent = plan::kNoOp) {
    plan::LaunchRecord r;
    r.launch = program::LaunchId(kind == ProcessorKind::Cpu ? 0 : 1);
    r.decision = r.launch.value;
    r.parent = parent;
    plan.records.push_back(r);
    return static_cast<std::uint32_t>(plan.records.size() - 1);
  }
  plan::OpIndex task(machine::ProcessorId p, std::uint32_t milliseconds, Edges before = {},
                     std::optional<std::uint32_t> of = std::nullopt) {
    const std::uint32_t r = of ? *of : record(machine[p].kind);
    return add(plan::OpKind::Task, r, milliseconds, p.value, 0, before);
  }
  plan::OpIndex copy(machine::MemoryId from, machine::MemoryId to, std::int64_t bytes, Edges before = {},
                     bool transpose = false, plan::OpKind kind = plan::OpKind::Copy) {
    plan.transfers.push_back({.first = 0, .count = 0, .bytes = bytes, .transpose = transpose});
    const std::uint32_t source = kind == plan::OpKind::Fill ? 0 : instance(from);
    return add(kind, plan::kNone, source, instance(to), static_cast<std::uint32_t>(plan.transfers.size() - 1), before);
  }
  plan::OpIndex simple(plan::OpKind kind, Edges before = {}, std::uint32_t a = plan::kNone, std::uint32_t b = plan::kNone) {
    return add(kind, plan::kNone, a, b, plan::kNone, before);
  }
  plan::OpIndex timer(bool start, std::uint32_t of = plan::kNone) {
    if (plan.timer_labels.empty()) plan.timer_labels.emplace_back();
    return simple(start ? plan::OpKind::TimerStart : plan::OpKind::TimerStop, {}, 0, of);
  }
  void issue(plan::OpIndex op, plan::OpIndex task) {
    plan.ops[op].issued = true;
    MW_CHECK(plan.issuer(op) == task, "operation {} comes right before another task than {}", op, task);
    plan.ops[op].record = plan.ops[task].record;
  }
  // Operations from `begin` to here run `times` times.
  void repeat(plan::OpIndex begin, std::uint64_t times) {
    if (begin > closed_) plan.segments.push_back({closed_, begin, 1, -1});
    closed_ = static_cast<plan::OpIndex>(plan.ops.size());
    plan.segments.push_back({begin, closed_, times, 0});
  }
  plan::OpIndex next() const { return static_cast<plan::OpIndex>(plan.ops.size()); }

  // Closes the last segment: the plan is complete.
  void finish() {
    if (next() > closed_) plan.segments.push_back({closed_, next(), 1, -1});
    closed_ = next();
    plan.decisions = decisions;
  }

  engine::sim::Timing run(engine::sim::Sharing sharing = engine::sim::Sharing::Fair) {
    finish();
    return engine::sim::simulate(plan, program, machine, {.sharing = sharing, .timeline = true});
  }

  machine::Machine machine;
  program::Program program;
  plan::Plan plan;
  std::shared_ptr<plan::Decisions> decisions = std::make_shared<plan::Decisions>();

 private:
  std::uint32_t instance(machine::MemoryId m) {
    if (plan.point_sets.empty()) plan.point_sets.push_back(program.regions[0].points);
    plan::Instance i;
    i.memory = m;
    plan.instances.push_back(i);
    return static_cast<std::uint32_t>(plan.instances.size() - 1);
  }
  plan::OpIndex add(plan::OpKind kind, std::uint32_t r, std::uint32_t a, std::uint32_t b, std::uint32_t detail,
                    const Edges& before) {
    plan.ops.push_back({kind, false, r, a, b, detail});
    plan.edges.insert(plan.edges.end(), before.begin(), before.end());
    plan.edge_offsets.push_back(static_cast<std::uint32_t>(plan.edges.size()));
    return next() - 1;
  }
  plan::OpIndex closed_ = 0;
};

// When `op` ended in its `repetition`.
inline double end_of(const engine::sim::Timing& t, plan::OpIndex op, std::uint64_t repetition = 0) {
  for (const engine::Event& e : t.events) {
    if (e.op == op && e.repetition == repetition) return e.end;
  }
  ADD_FAILURE() << "operation " << op << " never ended";
  return -1;
}

}  // namespace mapwright::test
