#include "engine/sim/task_cost.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace mapwright::engine::sim {

namespace {

constexpr std::int64_t kSector = 32;  // bytes; the transaction of GPU memories and half a cache line of a CPU

using Kind = program::AccessPattern::Kind;

const std::vector<program::AccessPattern>& patterns_of(const program::Argument& a) {
  static const std::vector<program::AccessPattern> kOneStream(1);
  return a.patterns.empty() ? kOneStream : a.patterns;
}

std::span<const program::FieldIndex> fields_of(const program::Argument& a, const program::AccessPattern& p) {
  return p.fields.empty() ? a.fields : p.fields;
}

std::int64_t sectors(std::int64_t bytes) { return (bytes + kSector - 1) / kSector; }

// How often a privilege goes over the data: reads and writes both travel.
struct Directions {
  double reads, writes;
};
Directions directions(program::Privilege p) {
  switch (p) {
    case program::Privilege::None: return {0, 0};
    case program::Privilege::Read: return {1, 0};
    case program::Privilege::WriteDiscard: return {0, 1};
    case program::Privilege::ReadWrite:
    case program::Privilege::Reduce: return {1, 1};
  }
  return {0, 0};
}

// Whether reads(expression) holds for any that a cost depends on.
template <typename F>
bool any_expression(const program::Launch& l, const program::Task& task, F&& reads) {
  for (const program::Variant& v : task.variants) {
    if (reads(v.flops)) return true;
    for (const program::MeasuredTime& m : v.measured) {
      if (reads(m.seconds)) return true;
    }
  }
  for (const program::Argument& a : l.arguments) {
    for (const program::AccessPattern& p : a.patterns) {
      if ((p.count && reads(*p.count)) || (p.distinct && reads(*p.distinct))) return true;
    }
  }
  return false;
}

// Volume that an argument without an instance names.
std::int64_t virtual_volume(const program::Program& program, const program::Launch& launch,
                            const program::Argument& argument, const program::ExprContext& context) {
  return program.points(argument, program.color(launch, argument, context)).volume();
}

std::uint64_t hash_of(std::span<const std::uint64_t> key) {
  std::uint64_t h = 0x9e3779b97f4a7c15ULL;
  for (const std::uint64_t word : key) h = mix64(h ^ word) + 0x9e3779b97f4a7c15ULL;
  return h;
}

}  // namespace

CostModel::CostModel(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine)
    : plan_(plan), program_(program), machine_(machine), sites_(plan, program) {
  for (const plan::Segment& s : plan.segments) segment_starts_.push_back(s.begin);
  depends_on_instances_.resize(plan.decisions->launches.size());
  latest_.resize(plan.decisions->launches.size());
}

const plan::Segment& CostModel::segment_of(plan::OpIndex op) const {
  const auto after = std::upper_bound(segment_starts_.begin(), segment_starts_.end(), op);
  return plan_.segments[static_cast<std::size_t>(after - segment_starts_.begin()) - 1];
}

bool CostModel::varies(plan::OpIndex op) const {
  const plan::Segment& s = segment_of(op);
  if (s.repeat == 1 || s.loop_counter < 0) return false;
  const program::Program::Site& site = sites_.of_record(plan_.ops[op].record);
  const auto loop = static_cast<std::size_t>(s.loop_counter);
  return loop < site.loops.size() &&
         any_expression(*site.launch, program_.tasks[site.launch->task.value],
                        [&](const program::Expr& e) { return e.reads_loop(site.loops[loop]->name); });
}

void CostModel::gather_context(plan::OpIndex op, std::uint64_t rep) {
  const plan::Op& task = plan_.ops[op];
  const plan::LaunchRecord* record = &plan_.records[task.record];
  const program::Program::Site& site = sites_[*record];
  const plan::LaunchDecision& decision = sites_.decision(task.record);
  MW_CHECK(decision.variant, "a planned launch has a variant");
  variant_ = decision.variant;
  kind_ = decision.kind;
  launch_ = site.launch;
  const program::Launch& launch = *launch_;
  context_.point = launch.domain.delinearize(task.a);

  ancestors_.clear();
  for (plan::OpIndex parent = record->parent; parent != plan::kNoOp;) {
    const plan::LaunchRecord& r = plan_.records[plan_.ops[parent].record];
    ancestors_.push_back(sites_[r].launch->domain.delinearize(plan_.ops[parent].a));
    parent = r.parent;
  }
  counters_.clear();
  const plan::Segment& segment = segment_of(op);
  for (std::size_t i = 0; i < site.loops.size(); ++i) {
    const bool repeated = segment.loop_counter == static_cast<std::int32_t>(i);
    const std::int64_t start = plan_.counters[record->counters + i];
    counters_.push_back({site.loops[i]->name, start + (repeated ? static_cast<std::int64_t>(rep * segment.counter_step) : 0)});
  }
  context_.ancestors = ancestors_;
  context_.loops = counters_;

  used_.clear();
  elements_.clear();
  const machine::ProcessorId processor(task.b);
  for (std::size_t i = 0; i < launch.arguments.size(); ++i) {
    const plan::TaskArgument& argument = plan_.task_arguments[task.detail + i];
    Used u;
    if (argument.instance.value == plan::kNone) {  // virtual or empty
      elements_.push_back(virtual_volume(program_, launch, launch.arguments[i], context_));
    } else {
      u.instance = &plan_.instances[argument.instance.value];
      u.memory = u.instance->memory;
      u.access = machine_.access(processor, u.memory);
      MW_CHECK(u.access, "{} cannot address {}", machine_.processor_name(processor), machine_.memory_name(u.memory));
      elements_.push_back(plan_.point_sets[u.instance->points.value].volume());
    }
    used_.push_back(u);
  }
  context_.elements = elements_;
}

// Whether a measurement was made with the memories and layouts at hand. One of a single argument asks for the layout of
// that argument alone, and for an instance of it.
bool CostModel::fits(const program::MeasuredTime& m) const {
  for (std::size_t i = 0; i < used_.size(); ++i) {
    const Used& u = used_[i];
    if (!u.instance) {
      if (m.argument == i) return false;
      continue;
    }
    if (i < m.memories.size() && m.memories[i] && *m.memories[i] != machine_[u.memory].kind) return false;
    if (m.argument && *m.argument != i) continue;
    if (m.fields && *m.fields != u.instance->layout.fields) return false;
    if (m.dims && *m.dims != u.instance->layout.dims) return false;
  }
  return true;
}

// Seconds of the most specific measurement that fits with the corrections that do, or NaN.
double CostModel::measured_seconds() const {
  const program::MeasuredTime* best = nullptr;
  std::ptrdiff_t most = 0;
  double corrections = 0;
  for (const program::MeasuredTime& m : variant_->measured) {
    if (!fits(m)) continue;
    if (m.argument) {
      corrections += m.seconds.real(context_);
      continue;
    }
    const auto named = std::count_if(m.memories.begin(), m.memories.end(), [](const auto& k) { return k.has_value(); });
    const std::ptrdiff_t specific = named + (m.fields ? 1 : 0) + (m.dims ? 1 : 0);
    if (best && specific <= most) continue;
    best = &m;
    most = specific;
  }
  return best ? std::max(0.0, best->seconds.real(context_) + corrections) : std::nan("");
}

void CostModel::evaluate() {
  values_.clear();
  const double measured = measured_seconds();
  values_.push_back(measured);
  if (!std::isnan(measured)) return;
  values_.push_back(variant_->flops.real(context_));
  for (std::size_t i = 0; i < used_.size(); ++i) {
    for (const program::AccessPattern& p : patterns_of(launch_->arguments[i])) {
      const double count = p.count ? p.count->real(context_) : static_cast<double>(elements_[i]);
      values_.push_back(std::max(0.0, count));
      values_.push_back(p.distinct ? p.distinct->real(context_) : static_cast<double>(elements_[i]));
    }
  }
}

// Whether the variant walks against the order in which the instance's elements lie. Sets that extend in one dimension
// only have the same order either way.
bool CostModel::strided(const plan::Instance& instance) const {
  if (!variant_->preferred || instance.layout.dims == *variant_->preferred) return false;
  const Rect bounds = plan_.point_sets[instance.points.value].bounds();
  int wide = 0;
  for (int d = 0; d < bounds.dim(); ++d) wide += bounds.extent(d) > 1 ? 1 : 0;
  return wide > 1;
}

CostModel::ElementBytes CostModel::array_of_structures(const Used& used, std::span<const program::FieldIndex> fields,
                                                       program::RegionId region) const {
  const std::vector<program::Field>& all = program_.regions[region.value].fields;
  std::vector<program::FieldIndex> held;
  for (const std::uint32_t g : plan_.groups_of(*used.instance)) {
    const auto& group = plan_.field_groups[g].fields;
    held.insert(held.end(), group.begin(), group.end());
  }
  std::sort(held.begin(), held.end());
  std::int64_t size = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> parts;  // of an element: begin, end
  for (const program::FieldIndex f : held) {
    if (std::find(fields.begin(), fields.end(), f) != fields.end()) parts.emplace_back(size, size + all[f].bytes);
    size += all[f].bytes;
  }
  if (parts.empty()) return {};
  // Elements start at every multiple of gcd(size, sector) in a sector equally often.
  std::int64_t gcd = size, b = kSector;
  while (b != 0) gcd = std::exchange(b, gcd % b);
  const std::int64_t phases = kSector / gcd;
  std::int64_t alone = 0, streamed = 0, last = -1;
  for (std::int64_t e = 0; e < phases; ++e) {
    std::int64_t last_here = -1;
    for (const auto& [begin, end] : parts) {
      for (std::int64_t s = (e * size + begin) / kSector; s <= (e * size + end - 1) / kSector; ++s) {
        if (s > last_here) ++alone;
        if (s > last) ++streamed;
        last_here = std::max(last_here, s);
        last = std::max(last, s);
      }
    }
  }
  const double scale = static_cast<double>(kSector) / static_cast<double>(phases);
  return {.streamed = static_cast<double>(streamed) * scale, .alone = static_cast<double>(alone) * scale};
}

// Time that one pattern alone would take, and its traffic in whole sectors.
double CostModel::pattern_seconds(const program::Argument& argument, const program::AccessPattern& pattern,
                                  const Used& used, std::size_t value, std::int64_t& bytes) const {
  const double count = values_[value], distinct = values_[value + 1];
  const auto fields = fields_of(argument, pattern);
  const machine::Access& access = *used.access;
  const auto [reads, writes] = directions(argument.privilege);
  const double fetches = (pattern.kind == Kind::Stencil ? reads * pattern.reuse : reads) + writes;
  const double times = fetches * pattern.passes;
  if (count <= 0 || times <= 0) return 0;
  const auto& all = program_.regions[argument.region.value].fields;

  if (pattern.kind == Kind::Atomic) {
    const double updates = count * pattern.passes;
    bytes = std::llround(updates) * kSector;
    return std::max(updates / access.atomic.value, updates / std::max(1.0, distinct) / access.atomic_same.value);
  }
  double contiguous = 0, alone = 0;  // bytes of the whole visit in order; bytes per element visited out of order
  if (used.instance->layout.fields == FieldOrder::Aos) {
    const ElementBytes element = array_of_structures(used, fields, argument.region);
    contiguous = std::ceil(count * element.streamed / kSector) * kSector;
    alone = element.alone;
  } else {
    for (const program::FieldIndex f : fields) {
      contiguous += std::ceil(count * static_cast<double>(all[f].bytes) / kSector) * kSector;
      alone += static_cast<double>(sectors(all[f].bytes) * kSector);
    }
  }
  if (pattern.kind == Kind::Gather && pattern.bytes > 0) alone = static_cast<double>(sectors(pattern.bytes) * kSector);

  if (pattern.kind != Kind::Gather && !strided(*used.instance)) {
    bytes = std::llround(contiguous * times);
    return contiguous * times / access.stream.value;
  }
  const double total = count * alone * times;
  bytes = std::llround(total);
  return std::max(total / access.stream.value, total / kSector / access.gather.value);
}

void CostModel::compute(TaskCost& out) const {
  out.compute = out.seconds = 0;
  out.arguments.assign(used_.size(), 0);
  out.bytes.assign(used_.size(), 0);
  if (!std::isnan(values_[0])) {
    out.compute = out.seconds = values_[0];
    return;
  }
  const machine::Compute& c = machine_.compute(kind_);
  const double peak = variant_->precision == program::Precision::Single ? c.fp32.value : c.fp64.value;
  const double rate = peak * c.efficiency * variant_->efficiency;
  if (values_[1] > 0 && rate > 0) out.compute = values_[1] / rate;

  std::size_t value = 2;
  for (std::size_t i = 0; i < used_.size(); ++i) {
    for (const program::AccessPattern& p : patterns_of(launch_->arguments[i])) {
      if (used_[i].instance) {
        std::int64_t bytes = 0;
        out.arguments[i] += pattern_seconds(launch_->arguments[i], p, used_[i], value, bytes);
        out.bytes[i] += bytes;
      }
      value += 2;
    }
  }
  out.seconds = out.compute;
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (!(out.arguments[i] > 0)) continue;
    double in_memory = used_[i].access->latency.value;
    for (std::size_t j = 0; j < used_.size(); ++j) {
      if (used_[j].instance && used_[j].memory == used_[i].memory) in_memory += out.arguments[j];
    }
    out.seconds = std::max(out.seconds, in_memory);
  }
}

const TaskCost& CostModel::transient(plan::OpIndex op, std::uint64_t rep) {
  gather_context(op, rep);
  evaluate();
  compute(transient_);
  return transient_;
}

// Whether executions of the same point cost the same when they use instances that are alike: nothing else depends on the iteration.
bool CostModel::depends_on_instances(plan::OpIndex op) {
  const std::uint32_t decision = plan_.records[plan_.ops[op].record].decision;
  std::optional<bool>& known = depends_on_instances_[decision];
  if (known) return *known;
  const program::Program::Site& site = sites_.of_record(plan_.ops[op].record);
  const program::Task& task = program_.tasks[site.launch->task.value];
  const bool sized = any_expression(*site.launch, task, [](const program::Expr& e) { return e.reads_elements(); });
  known = true;
  for (const program::Loop* loop : site.loops) {
    const auto reads = [loop](const program::Expr& e) { return e.reads_loop(loop->name); };
    known = *known && !any_expression(*site.launch, task, reads);
    for (std::size_t k = 0; k < site.launch->arguments.size(); ++k) {  // how large those are without an instance
      const auto& colors = site.launch->arguments[k].projection.colors;
      const bool without = plan_.decisions->launches[decision].arguments[k].is_virtual;
      known = *known && !(sized && without && std::any_of(colors.begin(), colors.end(), reads));
    }
  }
  return *known;
}

// Whether a task takes as long with these `count` arguments as with those: in the same memories, as large, of the same layout and shape.
bool CostModel::alike(std::uint32_t these, std::uint32_t those, std::size_t count) const {
  if (these == those) return true;
  for (std::size_t k = 0; k < count; ++k) {
    const plan::InstanceId a = plan_.task_arguments[these + k].instance, b = plan_.task_arguments[those + k].instance;
    if (a == b) continue;
    if (a.value == plan::kNone || b.value == plan::kNone) return false;
    const plan::Instance &x = plan_.instances[a.value], &y = plan_.instances[b.value];
    if (x.memory != y.memory || x.layout != y.layout || x.groups != y.groups) return false;
    if (x.points == y.points) continue;
    const PointSet &s = plan_.point_sets[x.points.value], &t = plan_.point_sets[y.points.value];
    if (s.volume() != t.volume()) return false;
    const Rect u = s.bounds(), v = t.bounds();
    for (int d = 0; d < u.dim(); ++d) {
      if (u.extent(d) != v.extent(d)) return false;
    }
  }
  return true;
}

std::uint32_t CostModel::id(plan::OpIndex op, std::uint64_t rep) {
  if (!depends_on_instances(op)) return find(op, rep);
  const plan::Op& task = plan_.ops[op];
  const plan::LaunchRecord& record = plan_.records[task.record];
  const program::Launch& launch = *sites_[record].launch;
  std::vector<Latest>& points = latest_[record.decision];
  const std::size_t point = record.expansion * static_cast<std::size_t>(launch.domain.volume()) + task.a;
  if (point >= points.size()) points.resize(point + 1);
  Latest& latest = points[point];
  if (latest.cost == plan::kNone || !alike(latest.arguments, task.detail, launch.arguments.size())) latest.cost = find(op, rep);
  latest.arguments = task.detail;
  return latest.cost;
}

std::uint32_t CostModel::find(plan::OpIndex op, std::uint64_t rep) {
  gather_context(op, rep);
  evaluate();
  key_.assign({plan_.records[plan_.ops[op].record].decision});
  for (std::size_t i = 0; i < used_.size(); ++i) {
    const Used& u = used_[i];
    if (!u.instance) {
      key_.push_back(~std::uint64_t {0});
      continue;
    }
    std::size_t same = 0;  // which arguments share a memory matters, not which memory it is
    while (used_[same].instance == nullptr || used_[same].memory != u.memory) ++same;
    const auto& layout = u.instance->layout;
    key_.push_back(std::bit_cast<std::uint64_t>(u.access));
    key_.push_back(same << 3 | (layout.fields == FieldOrder::Aos ? 4u : 0u) | (layout.dims == DimOrder::C ? 2u : 0u) |
                   (strided(*u.instance) ? 1u : 0u));
    if (layout.fields != FieldOrder::Aos) continue;
    key_.push_back(u.instance->groups);
  }
  for (const double v : values_) key_.push_back(std::bit_cast<std::uint64_t>(v));

  const std::uint64_t hash = hash_of(key_);
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (keys_[it->second] == key_) return it->second;
  }
  const auto id = static_cast<std::uint32_t>(costs_.size());
  compute(costs_.emplace_back());
  keys_.push_back(key_);
  by_hash_.emplace(hash, id);
  return id;
}

void CostModel::forget() {
  latest_ = {};
  by_hash_ = {};
  keys_ = {};
}

TaskCost task_cost(const plan::Plan& plan, plan::OpIndex task, std::uint64_t repetition, const program::Program& program,
                   const machine::Machine& machine) {
  return CostModel(plan, program, machine).transient(task, repetition);
}

}  // namespace mapwright::engine::sim
