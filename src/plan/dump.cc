#include <fmt/format.h>

#include "plan/plan.h"

namespace mapwright::plan {

namespace {

constexpr const char* kOpNames[] = {"task", "complete", "copy", "fold", "fill", "reclaim", "join", "future", "fence",
                                    "timer_start", "timer_stop"};

std::string instance_name(const Plan& plan, std::uint32_t i, const program::Program& program, const machine::Machine& machine) {
  const Instance& instance = plan.instances[i];
  return fmt::format("#{} {}{} in {}", i, program.regions[instance.region.value].name,
                     to_string(plan.point_sets[instance.points.value]), machine.memory_name(instance.memory));
}

}  // namespace

std::string dump(const Plan& plan, const program::Program& program, const machine::Machine& machine) {
  std::vector<const program::Launch*> launches(program.launch_count);
  for (const auto& site : program.sites()) launches[site.launch->id.value] = site.launch;
  std::string out = "instances\n";
  for (std::uint32_t i = 0; i < plan.instances.size(); ++i) {
    const Instance& instance = plan.instances[i];
    out += fmt::format("  {} {} {} {} bytes{}\n", instance_name(plan, i, program, machine),
                       instance.layout.fields == FieldOrder::Soa ? "SOA" : "AOS",
                       instance.layout.dims == DimOrder::C ? "C_order" : "F_order", instance.bytes,
                       instance.reduction ? " reduction" : "");
  }
  for (const Segment& s : plan.segments) {
    out += fmt::format("segment {}..{} x{}\n", s.begin, s.end, s.repeat);
    for (OpIndex i = s.begin; i < s.end; ++i) {
      const Op& op = plan.ops[i];
      out += fmt::format("  {} {}", i, kOpNames[static_cast<std::size_t>(op.kind)]);
      if (op.kind == OpKind::Task) {
        const LaunchRecord& r = plan.records[op.record];
        const LaunchDecision& d = plan.decisions->launches[r.launch.value];
        const program::Launch& launch = *launches[r.launch.value];
        out += fmt::format(" {}{} on {}", program.tasks[launch.task.value].name,
                           launch.index ? to_string(launch.domain.delinearize(op.a)) : "",
                           machine.processor_name(ProcessorId(op.b)));
        for (std::size_t k = 0; k < d.arguments.size(); ++k) {
          const std::uint32_t instance = plan.task_arguments[op.detail + k].instance.value;
          out += instance == kNone ? " -" : fmt::format(" #{}", instance);
        }
      } else if (op.kind == OpKind::Copy || op.kind == OpKind::Fold) {
        const Transfer& t = plan.transfers[op.detail];
        out += fmt::format(" #{} -> #{} {} bytes{}", op.a, op.b, t.bytes, t.transpose ? " transposing" : "");
      } else if (op.kind == OpKind::Fill) {
        out += fmt::format(" #{} with {}", op.b, plan.fill_values[op.a]);
      } else if (op.kind == OpKind::Reclaim) {
        out += fmt::format(" #{} takes the space of", op.b);
        for (std::uint32_t f = plan.freed_offsets[op.detail]; f < plan.freed_offsets[op.detail + 1]; ++f) {
          out += fmt::format(" #{}", plan.freed[f].value);
        }
      }
      std::string after;
      for (const Edge& e : plan.predecessors(i)) {
        after += fmt::format("{}{}{}{}", after.empty() ? "" : ", ", static_cast<OpIndex>(e.op), e.carried ? "'" : "", e.mapping ? "m" : "");
      }
      out += after.empty() ? "\n" : fmt::format(" after {}\n", after);
    }
  }
  return out;
}

}  // namespace mapwright::plan
