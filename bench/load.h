// bench/load.h - a shipped program with the expert's mapper on a machine, ready to be planned.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "apps/apps.h"
#include "engine/sim/sim.h"

namespace mapwright::bench {

struct Loaded {
  program::Program program;
  machine::Machine machine;
  sema::Mapper mapper;
  std::shared_ptr<const plan::Decisions> decisions;
};

inline std::shared_ptr<const plan::Decisions> decide(const sema::Mapper& mapper, const program::Program& program,
                                                     const machine::Machine& machine) {
  diag::Sink sink;
  auto decisions = plan::decide(mapper, program, machine, sink);
  MW_CHECK(decisions.has_value(), "{}", sink.all().empty() ? "" : diag::render_short(sink.all().front()));
  return std::make_shared<const plan::Decisions>(*std::move(decisions));
}

// The preset `paper` with some parameters set; nothing when the program is not built in.
inline std::unique_ptr<Loaded> load(const std::string& name, std::int64_t nodes, std::map<std::string, std::string> set = {},
                                    const std::string& model = "p100") {
  const apps::App* app = apps::find(name);
  if (!app) return nullptr;
  apps::Choice choice;
  choice.nodes = nodes;
  choice.set = std::move(set);
  auto program = apps::build(name, choice);
  MW_CHECK(program.has_value(), "{}", program.error().message);
  diag::Sink sink;
  machine::Overrides overrides;
  overrides.nodes = nodes;
  if (program->ranks_per_node > 1) overrides.ranks_per_node = program->ranks_per_node;
  auto machine = machine::load_machine(model, overrides, sink);
  MW_CHECK(machine.has_value(), "{}", sink.all().empty() ? "" : diag::render_short(sink.all().front()));
  sema::Mapper mapper = sema::compile(diag::make_source("expert.mapper", std::string(app->expert_mapper)), sink);
  auto decisions = decide(mapper, *program, *machine);
  return std::make_unique<Loaded>(Loaded {*std::move(program), *std::move(machine), std::move(mapper), std::move(decisions)});
}

inline plan::Plan plan_of(const Loaded& l, bool unroll) {
  auto p = plan::make_plan(l.decisions, l.program, l.machine, {.unroll = unroll});
  MW_CHECK(p.has_value(), "{}", p.error().diagnostics.front().message);
  return *std::move(p);
}

}  // namespace mapwright::bench
