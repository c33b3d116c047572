// mapwright place MAPPER --task T --domain 4x4: where each point of an index launch goes, as a grid of node.processor.
#include <fmt/format.h>

#include "driver/commands.h"
#include "driver/inputs.h"
#include "driver/json.h"
#include "plan/plan.h"

namespace mapwright::driver {

namespace {

constexpr std::int64_t kMostPoints = 1 << 20;

// A program of one index launch: so that the mapper's kinds and the default policy decide exactly as they do in a run.
// Absent when the task's name or the domain is none.
std::optional<program::Program> one_launch(const std::string& task, const Rect& domain, std::span<const ProcessorKind> kinds) {
  std::vector<program::Variant> variants;
  for (const ProcessorKind kind : kinds) {
    program::Variant variant;
    variant.kind = kind;
    variants.push_back(std::move(variant));
  }
  program::Builder builder("place");
  builder.index_launch(builder.add_task(task, std::move(variants)), domain, {});
  program::Program program = std::move(builder.program());
  program.number_launches();
  diag::Sink sink;
  if (!program::validate(program, sink)) return std::nullopt;
  return program;
}

}  // namespace

int place(const Options& options, Console& console) {
  const std::optional<Point> extents = parse_point(options.domain, 'x');
  if (!extents) return console.usage(fmt::format("`{}` is no domain", options.domain), "extents such as 8, 4x4 or 2x3x4");
  const Rect domain = Rect::of_extents(std::span(extents->at).first(static_cast<std::size_t>(extents->dim)));
  std::int64_t volume = 1;
  for (int d = 0; d < extents->dim; ++d) {
    if ((*extents)[d] < 1 || (*extents)[d] > kMostPoints || (volume *= (*extents)[d]) > kMostPoints) {
      return console.usage(fmt::format("`{}` is no domain", options.domain), fmt::format("1 to {} points in all", kMostPoints));
    }
  }
  std::vector<ProcessorKind> kinds(kAllProcessorKinds.begin(), kAllProcessorKinds.end());
  if (!options.processor.empty()) kinds = {*processor_kind(options.processor)};
  const std::optional<program::Program> program = one_launch(options.task, domain, kinds);
  if (!program) return console.usage(fmt::format("`{}` is no name of a task", options.task));

  const OrExit<machine::Machine> machine = load_machine(options, console);
  if (!machine) return machine.error();
  const OrExit<diag::SourcePtr> source = load_mapper(options.words[0], nullptr, console);
  if (!source) return source.error();
  const OrExit<sema::Mapper> mapper = compile_mapper(*source, console);
  if (!mapper) return mapper.error();

  diag::Sink sink;
  const std::optional<plan::Decisions> decisions = plan::decide(*mapper, *program, *machine, sink);
  if (!decisions) {
    console.report(sink);
    return kMapperFailed;
  }
  const plan::LaunchDecision& launch = decisions->launches[0];

  // Where the mapper has a function, show everything that it names: a run takes the least loaded of a set.
  sema::PlacementEvaluator::Table table;
  const auto map = mapper->index_map(options.task, launch.kind);
  if (map && launch.placement_origin) {
    sema::PlacementEvaluator evaluator(*mapper, machine->shape());
    sema::TaskContext context;
    context.name = options.task;
    context.kind = launch.kind;
    context.point = Point::filled(domain.dim(), 0);
    context.extents = domain.extents();
    const sema::TaskContext top {program->top_level, ProcessorKind::Cpu, {}, {}, sema::MachinePoint {}, nullptr};
    context.parent = &top;
    const auto all = evaluator.place_all(map->value, context);
    if (!all) {
      console.report({all.error()});
      return kMapperFailed;
    }
    table = **all;
  } else {
    for (const plan::ProcessorId p : launch.processors) {
      table.offsets.push_back(static_cast<std::uint32_t>(table.points.size()));
      table.points.push_back({launch.kind, (*machine)[p].space.value, (*machine)[p].index});
    }
    table.offsets.push_back(static_cast<std::uint32_t>(table.points.size()));
  }

  if (console.json()) {
    Json out = object("place");
    out["task"] = options.task;
    out["kind"] = to_string(launch.kind);
    out["domain"] = to_json(*extents);
    out["machine"] = machine_json(*machine);
    out["decided_by"] = guide::describe_statement(launch.placement_origin, *source);
    out["points"] = Json::array();
    for (std::int64_t i = 0; i < volume; ++i) {
      const sema::Placement at = table.at(static_cast<std::size_t>(i));
      Json point {{"point", to_json(domain.delinearize(i))}, {"node", at.front().space}, {"proc", at.front().index}};
      if (at.size() > 1) {
        point["all"] = Json::array();
        for (const sema::MachinePoint& p : at) point["all"].push_back({p.space, p.index});
      }
      out["points"].push_back(std::move(point));
    }
    console.out(to_text(out) + "\n");
    return kOk;
  }
  console.out(fmt::format("{} on {}, {} points, node.processor by {}\n", options.task, to_string(launch.kind), volume,
                          guide::describe_statement(launch.placement_origin, *source)));
  console.out(sema::render_grid(table, *extents));
  return kOk;
}

}  // namespace mapwright::driver
