#include "engine/sim/least_cost.h"

#include <algorithm>
#include <cmath>

namespace mapwright::engine::sim {

namespace {

constexpr double kSector = 32;  // bytes

using Pattern = program::AccessPattern;

const std::vector<Pattern>& patterns_of(const program::Argument& a) {
  static const std::vector<Pattern> kOneStream(1);
  return a.patterns.empty() ? kOneStream : a.patterns;
}

double fetches(program::Privilege p, const Pattern& pattern) {
  const double reads = p == program::Privilege::Read || p == program::Privilege::ReadWrite || p == program::Privilege::Reduce ? 1 : 0;
  const double writes = p == program::Privilege::WriteDiscard || p == program::Privilege::ReadWrite || p == program::Privilege::Reduce ? 1 : 0;
  return (pattern.kind == Pattern::Kind::Stencil ? reads * pattern.reuse : reads) + writes;
}

machine::Access better_of(const machine::Access& a, const machine::Access& b) {
  return {.stream = std::max(a.stream, b.stream), .gather = std::max(a.gather, b.gather), .atomic = std::max(a.atomic, b.atomic),
          .atomic_same = std::max(a.atomic_same, b.atomic_same), .latency = std::min(a.latency, b.latency)};
}

}  // namespace

LeastCosts::LeastCosts(const program::Program& program, const machine::Machine& machine) : program_(program), machine_(machine) {
  for (const ProcessorKind kind : kAllProcessorKinds) {
    if (machine.processors_per_space(kind) == 0) continue;
    kinds_.push_back(kind);
    std::vector<Reach>& reach = reach_[static_cast<std::size_t>(kind)];
    double streams = 0;
    for (const MemoryKind memory : kAllMemoryKinds) {
      if (memory == MemoryKind::Virtual) continue;
      std::optional<machine::Access> best;
      for (std::size_t p = 0; p < machine.processors().size() && machine.processors()[p].node == 0; ++p) {
        if (machine.processors()[p].kind != kind) continue;
        for (const machine::MemoryId m : machine.addressable(machine::ProcessorId(p), memory)) {
          const machine::Access& access = *machine.access(machine::ProcessorId(p), m);
          best = best ? better_of(*best, access) : access;
        }
      }
      if (!best) continue;
      reach.push_back({*best, best->stream.value});
      streams += best->stream.value;
    }
    for (Reach& r : reach) r.share /= streams;
  }
}

double LeastCosts::argument_seconds(const program::Argument& argument, const program::ExprContext& context, double elements,
                                    const machine::Access& access) const {
  double seconds = 0;
  const auto& all = program_.regions[argument.region.value].fields;
  for (const Pattern& p : patterns_of(argument)) {
    const double count = p.count ? p.count->real(context) : elements;
    const double times = fetches(argument.privilege, p) * p.passes;
    if (!(count > 0) || !(times > 0)) continue;
    if (p.kind == Pattern::Kind::Atomic) {
      const double updates = count * p.passes, distinct = p.distinct ? p.distinct->real(context) : elements;
      seconds += std::max(updates / access.atomic.value, updates / std::max(1.0, distinct) / access.atomic_same.value);
      continue;
    }
    double bytes = 0;
    for (const program::FieldIndex f : p.fields.empty() ? argument.fields : p.fields) bytes += static_cast<double>(all[f].bytes);
    if (p.kind != Pattern::Kind::Gather) {
      seconds += count * bytes * times / access.stream.value;
      continue;
    }
    const double alone = p.bytes > 0 ? std::ceil(static_cast<double>(p.bytes) / kSector) * kSector : std::max(bytes, kSector);
    const double total = count * alone * times;
    seconds += std::max(total / access.stream.value, total / kSector / access.gather.value);
  }
  return seconds;
}

// Arguments can be spread over the memories of a kind, which work at the same time. For any shares of the traffic that
// sum to 1, the sum over the arguments of the least share x time is a bound; and the largest argument is in one memory.
double LeastCosts::memory_seconds(const program::Launch& launch, const program::ExprContext& context, const std::vector<Reach>& reach) const {
  double spread = 0, largest = 0, latency = 0;
  for (std::size_t i = 0; i < launch.arguments.size(); ++i) {
    const program::Argument& a = launch.arguments[i];
    if (a.privilege == program::Privilege::None || context.elements[i] == 0) continue;
    double shared = HUGE_VAL, alone = HUGE_VAL;
    for (const Reach& r : reach) {
      const double t = argument_seconds(a, context, static_cast<double>(context.elements[i]), r.access);
      shared = std::min(shared, r.share * t);
      alone = std::min(alone, t);
    }
    if (reach.empty()) continue;
    spread += shared;
    largest = std::max(largest, alone);
  }
  if (!(largest > 0)) return 0;
  latency = reach[0].access.latency.value;
  for (const Reach& r : reach) latency = std::min(latency, r.access.latency.value);
  return latency + std::max(spread, largest);
}

bool LeastCosts::reads_loop(const program::Launch& launch, std::string_view name) const {
  const auto reads = [&name](const program::Expr& e) { return e.reads_loop(name); };
  for (const program::Variant& v : program_.tasks[launch.task.value].variants) {
    if (reads(v.flops) || std::any_of(v.measured.begin(), v.measured.end(), [&](const auto& m) { return reads(m.seconds); })) return true;
  }
  return std::any_of(launch.arguments.begin(), launch.arguments.end(), [&](const program::Argument& a) {
    return std::any_of(a.projection.colors.begin(), a.projection.colors.end(), reads) ||
           std::any_of(a.patterns.begin(), a.patterns.end(), [&](const Pattern& p) { return (p.count && reads(*p.count)) || (p.distinct && reads(*p.distinct)); });
  });
}

void LeastCosts::of(const program::Launch& launch, program::ExprContext context, std::vector<LeastCost>& out) const {
  std::vector<std::int64_t> elements;
  for (const program::Argument& a : launch.arguments) elements.push_back(program_.points(a, program_.color(launch, a, context)).volume());
  context.elements = elements;
  out.assign(kinds_.size(), {});
  for (std::size_t k = 0; k < kinds_.size(); ++k) {
    const program::Variant* const variant = program_.variant(launch.task, kinds_[k]);
    if (!variant) continue;
    LeastCost& cost = out[k];
    cost.possible = true;
    const machine::Compute& c = machine_.compute(kinds_[k]);
    double measured = HUGE_VAL;
    bool always = false;  // one of the measurements fits whatever is decided
    for (const program::MeasuredTime& m : variant->measured) {
      measured = std::min(measured, m.seconds.real(context));
      always |= !m.fields && !m.dims && std::none_of(m.memories.begin(), m.memories.end(), [](const auto& kind) { return kind.has_value(); });
    }
    if (!always) {
      const double peak = variant->precision == program::Precision::Single ? c.fp32.value : c.fp64.value;
      const double rate = peak * c.efficiency * variant->efficiency, flops = variant->flops.real(context);
      if (flops > 0 && rate > 0) cost.compute = flops / rate;
      if (!variant->inner) cost.memory = memory_seconds(launch, context, reach_[static_cast<std::size_t>(kinds_[k])]);
    }
    double seconds = std::max(cost.compute, cost.memory);
    if (measured < HUGE_VAL) {
      if (always || measured < seconds) {
        cost.compute = always ? std::max(0.0, measured) : std::min(cost.compute, measured);
        cost.memory = always ? 0 : std::min(cost.memory, measured);
      }
      seconds = always ? std::max(0.0, measured) : std::min(seconds, measured);
    }
    cost.occupied = c.launch.value + std::max(0.0, seconds);
  }
}

}  // namespace mapwright::engine::sim
