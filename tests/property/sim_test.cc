// The simulator on random programs, decisions and machines: what must hold whatever the figures are.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <thread>

#include "engine/sim/sim.h"
#include "engine/sim/task_cost.h"
#include "random_program.h"

namespace mapwright {
namespace {

using engine::sim::Options;
using engine::sim::Sharing;
using engine::sim::simulate;
using engine::sim::Timing;
using plan::OpIndex;
using plan::OpKind;

struct Case {
  program::Program program;
  machine::Machine machine;
  std::shared_ptr<const plan::Decisions> decisions;
  plan::Plan plan(bool unroll) const {
    auto p = plan::make_plan(decisions, program, machine, {.unroll = unroll});
    MW_CHECK(p.has_value());
    return *std::move(p);
  }
};

Case make_case(std::uint64_t seed) {
  program::Program p = testing::random_program(seed);
  const int workers = seed % 4 == 0 ? 1 + static_cast<int>(seed / 4 % 3) : 0;
  machine::Machine m = testing::small_machine(1 + static_cast<int>(seed % 3), 64, workers);
  auto d = testing::random_decisions(seed, p, m);
  return {std::move(p), std::move(m), std::move(d)};
}

void expect_same(const Timing& a, const Timing& b) {
  RC_ASSERT(a.makespan == b.makespan);
  RC_ASSERT(a.window == b.window);
  RC_ASSERT(a.points == b.points);
  RC_ASSERT(a.channel_bytes == b.channel_bytes);
  RC_ASSERT(a.executed_ops == b.executed_ops);
  RC_ASSERT(a.channel_busy == b.channel_busy);
  RC_ASSERT(a.busy == b.busy);
}

// Everything that both give, also where one adds up what the other multiplies.
void expect_same_profile(const Timing& a, const Timing& b) {
  const auto near = [](double x, double y) { return std::abs(x - y) <= 1e-9 * std::max(x, y); };
  RC_ASSERT(a.profile.critical.size() == b.profile.critical.size());
  std::map<std::tuple<int, std::string, std::string>, std::pair<double, double>> shares;
  for (const engine::CriticalShare& s : a.profile.critical) shares[{static_cast<int>(s.what), s.task, s.detail}].first += s.seconds;
  for (const engine::CriticalShare& s : b.profile.critical) shares[{static_cast<int>(s.what), s.task, s.detail}].second += s.seconds;
  for (const auto& [key, seconds] : shares) RC_ASSERT(near(seconds.first, seconds.second));
  RC_ASSERT(a.profile.tasks.size() == b.profile.tasks.size());
  for (std::size_t i = 0; i < a.profile.tasks.size(); ++i) {
    const engine::TaskProfile &x = a.profile.tasks[i], &y = b.profile.tasks[i];
    RC_ASSERT(x.task == y.task && x.kind == y.kind && x.points == y.points);
    RC_ASSERT(near(x.seconds, y.seconds) && near(x.compute_seconds, y.compute_seconds));
    RC_ASSERT(x.arguments.size() == y.arguments.size());
    for (std::size_t k = 0; k < x.arguments.size(); ++k) {
      RC_ASSERT(near(x.arguments[k].seconds, y.arguments[k].seconds) && x.arguments[k].bytes == y.arguments[k].bytes);
    }
  }
}

// Longest chain of an unrolled plan when nobody waits for a resource, launch and copy latencies included.
double longest_chain(const Case& c, const plan::Plan& plan) {
  std::vector<double> end(plan.ops.size(), 0);
  double latest = 0;
  for (OpIndex i = 0; i < plan.ops.size(); ++i) {
    double begin = 0;
    for (const plan::Edge e : plan.predecessors(i)) begin = std::max(begin, end[e.op]);
    const plan::Op& op = plan.ops[i];
    if (op.kind == OpKind::Fence) begin = latest;
    double own = 0;
    if (op.kind == OpKind::Task) {
      own = c.machine.overheads().ready_to_start.value +
            c.machine.compute(c.machine[machine::ProcessorId(op.b)].kind).launch.value +
            engine::sim::task_cost(plan, i, 0, c.program, c.machine).seconds;
      // Any point is mapped, which takes its time.
      begin = std::max(begin, c.machine.overheads().point_traced.value);
    } else if (op.kind == OpKind::Copy) {
      const machine::Route r = c.machine.route(plan.instances[op.a].memory, plan.instances[op.b].memory);
      own = c.machine.overheads().copy_start.value + r.latency.value +
            static_cast<double>(plan.transfers[op.detail].bytes) / r.bandwidth.value;
    }
    end[i] = begin + own;
    latest = std::max(latest, end[i]);
  }
  return latest;
}

RC_GTEST_PROP(Simulation, LoopsEqualTheirUnrolledForm, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(1, 1u << 30);
  const Case c = make_case(seed);
  const plan::Plan kept = c.plan(false), unrolled = c.plan(true);
  RC_CLASSIFY(kept.ops.size() < unrolled.ops.size(), "keeps a loop");
  RC_CLASSIFY(c.machine.overheads().workers.has_value(), "limited workers");
  for (const Sharing sharing : {Sharing::Fair, Sharing::Fifo}) {
    const Options options {.sharing = sharing, .profile = false};
    expect_same(simulate(kept, c.program, c.machine, options), simulate(unrolled, c.program, c.machine, options));
  }
}

// Long loops, in which most repetitions are left out because they equal others: nothing differs, to the bit. Some machines map
// so quickly that mapping never matters, others so slowly that it always does; some have hardly any memory.
RC_GTEST_PROP(Simulation, RepetitionsLeftOutEqualThoseGoneThrough, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(1, 1u << 30);
  const bool quick = seed % 2 == 0, short_of_memory = seed / 2 % 4 == 0;
  Case c {testing::random_program(seed, 70), testing::small_machine(1 + static_cast<int>(seed % 3), short_of_memory ? 1 : 64, 0, quick), nullptr};
  c.decisions = testing::random_decisions(seed, c.program, c.machine, short_of_memory ? 1 << (16 + seed / 8 % 2) : 1);
  const auto kept = plan::make_plan(c.decisions, c.program, c.machine);
  RC_TAG(kept ? "fits" : "out of memory");
  if (!kept) return;
  const plan::Plan unrolled = c.plan(true);
  const Timing plain = simulate(*kept, c.program, c.machine, {.profile = false});
  const Timing t = simulate(*kept, c.program, c.machine), u = simulate(unrolled, c.program, c.machine);
  RC_TAG(std::string(plain.repeated_ops > 0 ? "leaves out" : "goes through all"));
  RC_TAG(std::string(t.repeated_ops > 0 ? "leaves out with profile" : "goes through all with profile"));
  RC_ASSERT(u.repeated_ops == 0);
  expect_same(plain, u);
  expect_same(t, u);
  expect_same_profile(t, u);
}

// The costs that executions share are those that each of them has alone, also when these depend on how large a piece is that an
// iteration selects, of a region that has no instance.
RC_GTEST_PROP(TaskCosts, AreThoseOfEveryExecutionAlone, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(1, 1u << 30);
  Case c = make_case(seed);
  auto decisions = std::make_shared<plan::Decisions>(*c.decisions);
  bool sized = seed % 2 == 0;
  for (const auto& site : c.program.sites()) sized = sized && !site.launch->arguments.empty();
  if (sized) {
    for (program::Task& task : c.program.tasks) {
      for (program::Variant& v : task.variants) v.flops = program::Expr::elements(0) * program::Expr(100);
    }
    for (std::size_t i = 0; i < decisions->launches.size(); i += 2) {
      auto& arguments = decisions->launches[i].arguments;
      if (!arguments.empty()) arguments[0].is_virtual = true;
    }
  }
  c.decisions = decisions;
  const plan::Plan plan = c.plan(true);
  engine::sim::CostModel shared(plan, c.program, c.machine), alone(plan, c.program, c.machine);
  std::set<std::uint32_t> different;
  std::size_t executions = 0;
  for (OpIndex i = 0; i < plan.ops.size(); ++i) {
    if (plan.ops[i].kind != OpKind::Task) continue;
    const std::uint32_t id = shared.id(i, 0);
    const engine::sim::TaskCost &a = shared.cost(id), &b = alone.transient(i, 0);
    RC_ASSERT(a.compute == b.compute && a.seconds == b.seconds);
    RC_ASSERT(a.arguments == b.arguments && a.bytes == b.bytes);
    different.insert(id);
    ++executions;
  }
  RC_CLASSIFY(sized, "by the size of an argument");
  RC_CLASSIFY(different.size() * 2 < executions, "costs are shared");
}

// Pieces with equal bounds of which one has a hole: iterations take turns, and the time of each follows the number of elements.
TEST(TaskCosts, FollowTheElementsOfEachIteration) {
  program::Builder b("holes");
  const auto region = b.add_region("r", PointSet(Rect::of_extents({10})), {{"f", 8}});
  const auto pieces = b.add_partition("pieces", region, Rect::of_extents({2}),
                                      {PointSet(Rect::of_extents({10})), PointSet::of_rects(1, {Rect({0}, {2}), Rect({7}, {9})})});
  program::Variant v;
  v.kind = ProcessorKind::Cpu;
  v.flops = program::Expr::elements(0) * program::Expr(1e6);
  const auto task = b.add_task("work", {v});
  program::Argument a;
  a.region = region;
  a.name = "a";
  a.privilege = program::Privilege::Read;
  a.fields = {0};
  a.partition = pieces;
  a.projection.colors = {program::Expr::loop("l") % program::Expr(2)};
  b.begin_loop("l", 4, true);
  b.index_launch(task, Rect::of_extents({1}), {a});
  b.end_loop();
  const program::Program p = b.finish();
  const machine::Machine m = testing::small_machine(1, 64);
  const auto plan = plan::make_plan(testing::random_decisions(1, p, m), p, m, {.unroll = true});
  ASSERT_TRUE(plan.has_value());
  engine::sim::CostModel costs(*plan, p, m);
  std::vector<double> compute;
  for (OpIndex i = 0; i < plan->ops.size(); ++i) {
    if (plan->ops[i].kind == OpKind::Task) compute.push_back(costs.cost(costs.id(i, 0)).compute);
  }
  ASSERT_EQ(compute.size(), 4u);
  EXPECT_DOUBLE_EQ(compute[1] / compute[0], 0.6);
  EXPECT_EQ(compute[2], compute[0]);
  EXPECT_EQ(compute[3], compute[1]);
}

RC_GTEST_PROP(Simulation, TakesAtLeastTheLongestChainAndTheBusiestProcessor, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(1, 1u << 30);
  const Case c = make_case(seed);
  const plan::Plan plan = c.plan(true);
  const Timing t = simulate(plan, c.program, c.machine);
  RC_ASSERT(t.makespan >= longest_chain(c, plan) * (1 - 1e-9));
  for (const double busy : t.busy) RC_ASSERT(t.makespan >= busy * (1 - 1e-12));
  RC_ASSERT(t.executed_ops == plan.executed_ops());
  RC_ASSERT(t.executed_tasks == plan.executed_tasks());
}

// The profile explains all of the time, and asking for it changes nothing.
RC_GTEST_PROP(Simulation, CriticalSharesAddUpToTheWindow, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(1, 1u << 30);
  const Case c = make_case(seed);
  const plan::Plan plan = c.plan(false);
  const Timing plain = simulate(plan, c.program, c.machine, {.profile = false});
  const Timing t = simulate(plan, c.program, c.machine);
  expect_same(plain, t);
  double sum = 0;
  for (const engine::CriticalShare& s : t.profile.critical) sum += s.seconds;
  RC_ASSERT(std::abs(sum - t.window) <= 1e-9 * t.window);
  double busy = 0, points = 0, from_tasks = 0, counted = 0;
  for (const double b : t.busy) busy += b;
  for (const std::int64_t p : t.points) points += static_cast<double>(p);
  for (const engine::TaskProfile& p : t.profile.tasks) {
    from_tasks += p.seconds;
    counted += static_cast<double>(p.points);
  }
  RC_ASSERT(std::abs(busy - from_tasks) <= 1e-9 * busy);
  RC_ASSERT(points == counted);
}

RC_GTEST_PROP(Simulation, TimelineObeysThePlan, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(1, 1u << 30);
  const Case c = make_case(seed);
  const plan::Plan plan = c.plan(true);
  const Timing t = simulate(plan, c.program, c.machine, {.timeline = true});
  RC_ASSERT(t.events.size() == plan.ops.size());
  std::vector<engine::Event> by_op(plan.ops.size());
  for (const engine::Event& e : t.events) by_op[e.op] = e;
  double fence = 0, latest = 0;
  std::map<std::uint32_t, std::vector<std::pair<double, double>>> on_processor;
  for (OpIndex i = 0; i < plan.ops.size(); ++i) {
    const engine::Event& e = by_op[i];
    RC_ASSERT(e.ready <= e.start && e.start <= e.end);
    // Joins stand for others; what has a launch record starts after the fence before it.
    if (plan.ops[i].record != plan::kNone) RC_ASSERT(e.start >= fence);
    for (const plan::Edge p : plan.predecessors(i)) RC_ASSERT(e.ready >= by_op[p.op].end);
    if (plan.ops[i].kind == OpKind::Fence) {
      RC_ASSERT(e.end >= latest);
      fence = e.end;
    }
    latest = std::max(latest, e.end);
    if (plan.ops[i].kind == OpKind::Task) on_processor[plan.ops[i].b].emplace_back(e.start, e.end);
  }
  for (auto& [processor, tasks] : on_processor) {
    std::sort(tasks.begin(), tasks.end());
    for (std::size_t k = 1; k < tasks.size(); ++k) RC_ASSERT(tasks[k].first >= tasks[k - 1].second);
  }
}

// Eight threads at once give what one gives alone.
TEST(Simulation, IsTheSameInManyThreads) {
  const Case c = make_case(77);
  const plan::Plan plan = c.plan(false);
  const Timing alone = simulate(plan, c.program, c.machine, {.timeline = true});
  std::vector<Timing> results(8);
  std::vector<std::thread> threads;
  for (Timing& r : results) {
    threads.emplace_back([&c, &plan, &r] { r = simulate(plan, c.program, c.machine, {.timeline = true}); });
  }
  for (std::thread& t : threads) t.join();
  for (const Timing& r : results) {
    EXPECT_EQ(r.makespan, alone.makespan);
    EXPECT_EQ(r.busy, alone.busy);
    ASSERT_EQ(r.events.size(), alone.events.size());
    for (std::size_t i = 0; i < r.events.size(); ++i) {
      EXPECT_EQ(r.events[i].op, alone.events[i].op);
      EXPECT_EQ(r.events[i].end, alone.events[i].end);
    }
  }
}

}  // namespace
}  // namespace mapwright
