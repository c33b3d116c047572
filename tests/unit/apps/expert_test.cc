// The expert mappers, decided on the machine that they were published for.
#include <set>

#include "machine/machine.h"
#include "plan/plan.h"
#include "support.h"

namespace mapwright::apps {
namespace {

machine::Machine p100(std::int64_t nodes, std::int64_t ranks) {
  diag::Sink sink;
  machine::Overrides overrides;
  overrides.nodes = nodes;
  overrides.ranks_per_node = ranks;
  return machine::load_machine("p100", overrides, sink).value();
}

struct Decided {
  program::Program program;
  machine::Machine machine;
  std::optional<plan::Decisions> decisions;
};

Decided decided(const std::string& name, const std::string& preset, std::int64_t nodes) {
  program::Program program = built(name, {preset, {}, nodes, 4});
  const std::int64_t ranks = program.ranks_per_node;
  Decided d {std::move(program), p100(nodes, ranks), {}};
  diag::Sink sink;
  const sema::Mapper mapper = sema::compile(diag::make_source(name + "/expert.mapper", d.program.reference_mapper), sink);
  d.decisions = plan::decide(mapper, d.program, d.machine, sink, true);
  for (const diag::Diagnostic& m : sink.take_sorted()) {
    // The published mappers put the few tasks without a GPU variant on the first CPU of a node.
    if (m.code == diag::kIdleProcessors && m.message.find("CPUs") != std::string::npos) continue;
    // Johnson's deals out tiles by a number that skips GPUs where there are fewer GPUs than products.
    if (m.code == diag::kIdleProcessors && name == "johnson" && (m.message.find("`task_2`") != std::string::npos || m.message.find("`task_3`") != std::string::npos)) continue;
    ADD_FAILURE() << diag::render_short(m);
  }
  return d;
}

TEST(Experts, DecideWithoutWarnings) {
  for (const App& app : all()) {
    for (const char* preset : {"test", "paper"}) {
      for (const std::int64_t nodes : {1, 2, 4}) {
        SCOPED_TRACE(app.name + " " + preset + " on " + std::to_string(nodes));
        if (std::string_view(preset) == "test" && nodes > 1) continue;  // sized for one node
        EXPECT_TRUE(decided(app.name, preset, nodes).decisions);
      }
    }
  }
}

TEST(Experts, HeavyTasksUseEveryGpuEqually) {
  const std::map<std::string, std::vector<std::string>> heavy {
      {"circuit", {"calculate_new_currents", "distribute_charge", "update_voltages"}},
      {"stencil", {"stencil", "increment", "init_ramp"}},
      {"pennant", {"adv_pos_half", "calc_centers", "sum_point_mass", "qcs_force", "calc_work", "calc_dt_hydro", "init_hydro"}},
      {"cannon", {"task_4", "task_5", "taco_fill", "task_1"}},
      {"summa", {"task_4", "task_5", "taco_fill", "task_1"}},
      {"pumma", {"task_4", "task_5", "taco_fill", "task_1"}},
      {"johnson", {"task_4", "init_cublas"}},
      {"solomonik", {"task_4", "task_5", "init_cublas"}},
      {"cosma", {"task_4", "init_cublas"}}};
  for (const App& app : all()) {
    for (const std::int64_t nodes : {1, 2, 4}) {
      const Decided d = decided(app.name, "paper", nodes);
      ASSERT_TRUE(d.decisions);
      for (const std::string& task : heavy.at(app.name)) {
        SCOPED_TRACE(app.name + " " + task + " on " + std::to_string(nodes));
        const auto sites = d.program.sites();
        const auto* s = site(sites, d.program, task);
        ASSERT_NE(s, nullptr);
        std::map<std::uint32_t, int> points;
        for (const machine::ProcessorId p : d.decisions->launches[s->launch->id.value].processors) {
          EXPECT_EQ(d.machine[p].kind, ProcessorKind::Gpu);
          ++points[p.value];
        }
        EXPECT_EQ(points.size(), static_cast<std::size_t>(4 * nodes));
        for (const auto& [processor, count] : points) EXPECT_EQ(count, points.begin()->second);
      }
    }
  }
}

}  // namespace
}  // namespace mapwright::apps
