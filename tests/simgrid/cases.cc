#include "cases.h"

#include <fmt/format.h>

#include <cmath>

#include "apps/apps.h"
#include "model/hand_plan.h"
#include "property/random_mapper.h"
#include "property/random_program.h"
#include "support/tiny_machine.h"

namespace mapwright::referee {

namespace {

using plan::OpIndex;
using plan::OpKind;

template <typename T>
T any(Rng& rng, std::initializer_list<T> list) {
  return list.begin()[rng.below(list.size())];
}

// 10^0 to 10^decades.
double spread(Rng& rng, double decades) { return std::pow(10.0, decades * rng.unit()); }

// Operations one by one; each waits for up to three of the last ones.
class Storm {
 public:
  explicit Storm(std::uint64_t seed)
      : rng_(seed), owner_(std::make_shared<test::HandPlan>(random_machine(seed, 0.1), rng_.below(2) == 0, rng_.below(2) == 0)) {}

  Case make() {
    const std::uint64_t operations = 20 + rng_.below(200);
    recent_ = 1 + rng_.below(60);
    for (std::uint64_t i = 0; i < operations; ++i) add();
    h_.finish();
    return {h_.machine, h_.program, h_.plan, owner_};
  }

 private:
  void add() {
    const std::uint64_t what = rng_.below(20);
    if (what < 5) {
      const OpIndex task = h_.task(processor(), static_cast<std::uint32_t>(rng_.below(50)), before());
      if (fence_ != plan::kNoOp && rng_.below(2)) h_.plan.records.back().fence = fence_ & plan::kNoOp;
      if (gate_ != plan::kNoOp && rng_.below(2)) h_.plan.records.back().gate = gate_ & plan::kNoOp;
      // Those right before the task; the rest stay on their own.
      for (OpIndex next = task; !loose_.empty() && loose_.back() + 1 == next && rng_.below(4) > 0; loose_.pop_back()) {
        next = loose_.back();
        h_.issue(next, task);
      }
      loose_.clear();
    } else if (what < 18) {
      const OpKind kind = any(rng_, {OpKind::Copy, OpKind::Copy, OpKind::Copy, OpKind::Fold, OpKind::Fill});
      // Few memories, so that copies meet.
      const machine::MemoryId from = memory(), to = memory();
      const auto bytes = static_cast<std::int64_t>(spread(rng_, 9)) - (rng_.below(20) == 0 ? 1 : 0);
      loose_.push_back(h_.copy(from, to, bytes, before(), rng_.below(5) == 0, kind));
    } else if (what == 18) {
      h_.simple(OpKind::Join, before());
    } else if (loose_.clear(); rng_.below(4) == 0) {  // what mapping waits for must not wait for it
      fence_ = h_.simple(OpKind::Fence);
      if (rng_.below(2)) gate_ = fence_;
    } else {
      gate_ = h_.simple(OpKind::Future, before());
    }
  }

  machine::ProcessorId processor() {
    const auto node = static_cast<std::size_t>(rng_.below(h_.machine.nodes()));
    const auto index = static_cast<std::uint32_t>(rng_.below(2));
    return rng_.below(2) ? h_.cpu(index, node) : h_.gpu(index, node);
  }
  machine::MemoryId memory() {
    const auto node = static_cast<std::size_t>(rng_.below(h_.machine.nodes()));
    return rng_.below(3) ? h_.device(static_cast<std::uint32_t>(rng_.below(4)), node) : h_.host(node);
  }
  test::HandPlan::Edges before() {
    test::HandPlan::Edges edges;
    const OpIndex next = h_.next();
    for (std::uint64_t k = rng_.below(4); k > 0 && next > 0; --k) {
      const OpIndex op = next - 1 - static_cast<OpIndex>(rng_.below(std::min<std::uint64_t>(next, recent_)));
      bool twice = false;
      for (const plan::Edge e : edges) twice = twice || e.op == op;
      if (!twice) edges.push_back(test::after(op));
    }
    return edges;
  }

  Rng rng_;
  std::shared_ptr<test::HandPlan> owner_;
  test::HandPlan& h_ = *owner_;
  std::uint64_t recent_ = 1;
  OpIndex fence_ = plan::kNoOp, gate_ = plan::kNoOp;
  std::vector<OpIndex> loose_;  // copies since the last task
};

}  // namespace

machine::Machine random_machine(std::uint64_t seed, double slowest, std::optional<int> capacity_mib) {
  Rng rng(seed ^ 0x6d61636869);
  const auto gb_s = [&](const char* key) { return fmt::format("{} = {}\n", key, slowest * spread(rng, 3)); };
  const auto us = [&](const char* key) { return fmt::format("{} = {}\n", key, rng.below(3) ? spread(rng, 2) : 0); };
  std::string text = fmt::format("nodes = {}\n", 1 + rng.below(4));
  for (const char* kind : {"CPU", "GPU"}) text += fmt::format("[processors.{}]\ncount = 4\n{}", kind, us("launch_us"));
  text += fmt::format("[processors]\nutility = {}\n", 1 + rng.below(3));
  if (capacity_mib) {
    for (const char* kind : {"SYSMEM", "FBMEM", "ZCMEM"}) text += fmt::format("[memories.{}]\ncapacity_mib = {}\n", kind, *capacity_mib);
  }
  text += "[topology.host_copy]\n" + gb_s("bandwidth_gb_s") + us("latency_us");
  text += "[topology.device_copy]\n" + gb_s("bandwidth_gb_s") + us("latency_us");
  text += "[topology.host_link]\n" + gb_s("up_gb_s") + gb_s("down_gb_s") + us("latency_us");
  text += "[topology.socket_link]\n" + gb_s("bandwidth_gb_s") + us("latency_us");
  text += "[topology.peer_path]\n" + gb_s("same_socket_gb_s") + gb_s("cross_socket_gb_s");
  if (rng.below(2)) {
    text += "[topology.peer_link]\n" + gb_s("bandwidth_gb_s") + us("latency_us");
  } else {
    text += "[topology.peer_link]\nkind = \"none\"\n";
  }
  text += "[network]\n" + gb_s("bandwidth_gb_s") + us("latency_us");
  text += "[overheads]\n";
  for (const char* key : {"point_traced_us", "point_untraced_us", "launch_us", "copy_us", "instance_us",
                          "ready_to_start_us", "copy_start_us"}) {
    text += us(key);
  }
  if (rng.below(2)) text += fmt::format("copy_grid_us = {}\n", spread(rng, 2));
  text += fmt::format("transpose_factor = {}\n", 0.2 + 0.8 * rng.unit());
  return test::tiny_machine(text);
}

Case random_dag(std::uint64_t seed) { return Storm(seed).make(); }

Case many_launches() {
  const auto h = std::make_shared<test::HandPlan>(test::free_machine("\npoint_traced_us = 100"));
  for (std::uint32_t i = 0; i < 3000; ++i) h->task(h->cpu(i % 3), 1 + i % 2);
  h->finish();
  return {h->machine, h->program, h->plan, h};
}

Case random_program_case(std::uint64_t seed) {
  program::Program p = testing::random_program(seed);
  // Regions have some ten elements: links of kilobytes per second make their copies last. Padding fills short memories.
  for (const bool short_memory : {seed % 2 == 0, false}) {
    machine::Machine m = random_machine(seed, 1e-6, short_memory ? std::optional(1) : std::nullopt);
    auto decisions = testing::random_decisions(seed, p, m, short_memory ? 1 << (16 + seed / 2 % 2) : 1);
    auto plan = plan::make_plan(decisions, p, m, {.unroll = true});
    if (plan) return {std::move(m), std::move(p), std::move(*plan)};
    MW_CHECK(short_memory, "seed {}", seed);
  }
  MW_CHECK(false, "a plan with plenty of memory exists");
}

std::optional<Prepared> prepare(const Setting& setting) {
  apps::Choice choice;
  choice.preset = setting.preset;
  choice.nodes = setting.nodes;
  choice.set = setting.set;
  auto program = apps::build(setting.program, choice);
  if (!program) return std::nullopt;
  machine::Overrides overrides;
  overrides.nodes = setting.nodes;
  if (program->ranks_per_node > 1) overrides.ranks_per_node = program->ranks_per_node;
  diag::Sink sink;
  auto machine = machine::load_machine(setting.machine, overrides, sink);
  if (!machine) return std::nullopt;
  return Prepared {std::move(*machine), std::move(*program)};
}

std::optional<plan::Plan> plan_of(const Prepared& prepared, const std::string& mapper, bool unroll) {
  diag::Sink sink;
  const sema::Mapper compiled = sema::compile(diag::make_source("mapper", mapper), sink);
  if (sink.has_errors()) return std::nullopt;
  auto plan = plan::make_plan(compiled, prepared.program, prepared.machine, sink, {.unroll = unroll});
  if (!plan) return std::nullopt;
  return std::move(*plan);
}

std::vector<std::string> random_mappers(const Prepared& prepared, std::uint64_t seed, int count) {
  std::vector<std::string> mappers;
  for (std::uint64_t tried = 0; mappers.size() < static_cast<std::size_t>(count) && tried < 200u * static_cast<unsigned>(count); ++tried) {
    std::string mapper = testing::random_mapper(mix64(seed + tried), prepared.program, prepared.machine, 128);
    if (plan_of(prepared, mapper)) mappers.push_back(std::move(mapper));
  }
  return mappers;
}

}  // namespace mapwright::referee
