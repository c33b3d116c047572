// The shipped programs on the shipped machines, in one call.
#pragma once

#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>

#include "apps/apps.h"
#include "engine/sim/sim.h"

namespace mapwright::testing {

struct Case {
  machine::Machine machine;
  program::Program program;
};

inline Case set_up(const std::string& name, const std::map<std::string, std::int64_t>& parameters, std::int64_t nodes = 1,
                    const std::string& machine = "p100", const std::string& preset = "paper") {
  apps::Choice choice;
  choice.preset = preset;
  for (const auto& [key, value] : parameters) choice.set[key] = std::to_string(value);
  choice.nodes = nodes;
  auto program = apps::build(name, choice);
  MW_CHECK(program.has_value(), "{}", program.error().message);
  machine::Overrides overrides;
  overrides.nodes = nodes;
  if (program->ranks_per_node > 1) overrides.ranks_per_node = program->ranks_per_node;
  diag::Sink sink;
  auto m = machine::load_machine(machine, overrides, sink);
  MW_CHECK(m.has_value());
  return {std::move(*m), std::move(*program)};
}

// The memory of a GPU, counted over all nodes.
inline machine::MemoryId frame_buffer(const machine::Machine& m, std::uint32_t gpu) {
  const std::uint32_t per_space = m.processors_per_space(ProcessorKind::Gpu);
  const auto p = m.find(ProcessorKind::Gpu, machine::SpaceId(gpu / per_space), gpu % per_space);
  MW_CHECK(p.has_value());
  return m.addressable(*p, MemoryKind::FbMem).front();
}

inline std::string expert(const std::string& name) { return std::string(apps::find(name)->expert_mapper); }

inline plan::Plan plan_of(const Case& s, const std::string& mapper) {
  diag::Sink sink;
  const sema::Mapper compiled = sema::compile(diag::make_source("test", mapper), sink);
  MW_CHECK(!sink.has_errors(), "{}", diag::render_short(sink.all().front()));
  auto plan = plan::make_plan(compiled, s.program, s.machine, sink);
  MW_CHECK(plan.has_value(), "{}", plan.error().diagnostics.front().message);
  return std::move(*plan);
}

inline engine::Execution run(const Case& s, const std::string& mapper) {
  engine::EvaluationRequest request;
  request.mapper = diag::make_source("test", mapper);
  request.program = &s.program;
  request.machine = &s.machine;
  request.profile = false;
  auto execution = engine::sim::make_engine()->run(request);
  MW_CHECK(execution.has_value());
  return std::move(*execution);
}

// Bytes by channel of p100.
using ChannelBytes = std::map<std::string, std::int64_t>;

// What `bytes` from the frame buffer of GPU `from` to that of GPU `to`, counted over all nodes, add to it: the routes of
// docs/models/machine.md written out for four GPUs without links between them, two at each socket, and a NIC at the first.
inline void send(ChannelBytes& channels, std::int64_t from, std::int64_t to, std::int64_t bytes) {
  const auto add = [&](std::int64_t node, const std::string& channel) { channels[fmt::format("node{}.{}", node, channel)] += bytes; };
  const auto cross = [&](std::int64_t node, std::int64_t a, std::int64_t b) {
    if (a != b) add(node, fmt::format("socket{}.to_socket{}", a, b));
  };
  const std::int64_t node = from / 4, other = to / 4, socket = from % 4 / 2, target = to % 4 / 2;
  add(node, fmt::format("pcie{}.up", from % 4));
  if (node == other) {
    cross(node, socket, target);
  } else {
    cross(node, socket, 0);
    add(node, "nic0.out");
    add(other, "nic0.in");
    cross(other, 0, target);
  }
  add(other, fmt::format("pcie{}.down", to % 4));
}

// Bytes that the whole execution moves over each channel, less those of `less`: what some more iterations move.
inline ChannelBytes channel_bytes(const Case& s, const std::string& mapper, const Case& less) {
  ChannelBytes out;
  for (const auto& [which, sign] : {std::pair(&s, 1), std::pair(&less, -1)}) {
    const engine::sim::Timing timing = engine::sim::simulate(plan_of(*which, mapper), which->program, which->machine);
    for (std::size_t c = 0; c < timing.channel_bytes.size(); ++c) out[which->machine.channels()[c].name] += sign * timing.channel_bytes[c];
  }
  std::erase_if(out, [](const auto& c) { return c.second == 0; });
  return out;
}

// `from` replaced by `to` everywhere.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  MW_CHECK(text.find(from) != std::string::npos, "`{}` is not in the text", from);
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

}  // namespace mapwright::testing
