// Physical instances: found again or created with the layout and in the memory that the mapper says.
#include <fmt/format.h>

#include <bit>
#include <tuple>

#include "engine/legion/convert.h"
#include "engine/legion/mapper.h"

namespace mapwright::engine::legion {

using Legion::LayoutConstraintSet;
using Legion::LogicalRegion;
using Legion::Memory;
using Legion::RegionRequirement;
using Legion::Task;
using Legion::Mapping::MapperContext;

namespace {

constexpr std::size_t kInstances = 100000;  // instances that are remembered

// Dimensions from the fastest to the slowest.
std::vector<Legion::DimensionKind> ordering_of(const plan::ArgumentDecision::LayoutDecision& layout, int rank) {
  std::vector<Legion::DimensionKind> order;
  for (int d = 0; d < rank; ++d) {
    const int dim = layout.dims == DimOrder::F ? d : rank - 1 - d;
    order.push_back(static_cast<Legion::DimensionKind>(LEGION_DIM_X + dim));
  }
  order.insert(layout.fields == FieldOrder::Aos ? order.begin() : order.end(), LEGION_DIM_F);
  return order;
}

// Distinguishes layouts of one region's instances.
std::uint64_t signature(const plan::LayoutResult& l, bool tight) {
  const auto bit = [](bool b, unsigned at) { return std::uint64_t {b} << at; };
  return bit(l.layout.fields == FieldOrder::Aos, 0) | bit(l.layout.dims == DimOrder::C, 1) | bit(l.compact, 2) | bit(tight, 3) |
         static_cast<std::uint64_t>(std::countr_zero(static_cast<std::uint64_t>(l.layout.alignment))) << 4;
}

}  // namespace

FileMapper::Made FileMapper::make_instance(MapperContext context, const Task& task, const Wanted& wanted) {
  const ArgumentRules& rules = wanted.rules->rules;
  const RegionRequirement& requirement = task.regions[wanted.position];
  std::string tried;
  for (std::size_t i = 0; i < rules.memories.size(); ++i) {
    const auto memory = session_.machine().memory(wanted.target, rules.memories[i].kind);
    if (!memory) continue;
    plan::LayoutResult layout = rules.layouts[i];
    if (wanted.like && !layout.layout.origin && wanted.variant->demands.empty()) {
      const auto theirs = demand_of(runtime->find_layout_constraints(context, wanted.like->get_layout_id()).ordering_constraint.ordering);
      layout.layout.fields = theirs.fields.value_or(layout.layout.fields);
      layout.layout.dims = theirs.dims.value_or(layout.layout.dims);
    }
    Made made;
    std::string why;
    if (find_or_create(context, requirement, wanted, layout, *memory, made.instance, why)) {
      made.candidate = i;
      made.layout = layout.layout;
      return made;
    }
    tried += fmt::format("{}{}: {}", tried.empty() ? "" : "; ", to_string(rules.memories[i].kind), why);
  }
  const Origin origin = rules.memories.empty() ? rules.first : rules.memories.front().origin;
  const std::string name = !wanted.rules->region.empty() ? fmt::format(" (`{}`)", wanted.rules->region) : "";
  session_.fail(session_.policy().finding(
      diag::kOutOfMemory, diag::Severity::Error, origin,
      fmt::format("argument {}{} of task `{}` fits in no memory: {}", wanted.position, name, task.get_task_name(), tried),
      "name a larger memory after this one, spread the points over more processors, collect what is no longer needed, or give Legion more (-ll:csize and its like)"));
}

bool FileMapper::find_known(MapperContext context, const RegionRequirement& requirement, LogicalRegion region, Memory memory, std::uint64_t layout,
                            Instance& out) {
  const InstanceKey key {region, memory, layout};
  {
    const std::scoped_lock lock(mutex_);
    const auto found = instances_.find(key);
    if (found == instances_.end()) return false;
    out = found->second;
  }
  // Fields may have been added since, and the instance may be gone.
  const bool complete = std::all_of(requirement.privilege_fields.begin(), requirement.privilege_fields.end(),
                                    [&](Legion::FieldID f) { return out.has_field(f); });
  if (complete && runtime->acquire_instance(context, out)) return true;
  const std::scoped_lock lock(mutex_);
  instances_.erase(key);
  return false;
}

bool FileMapper::find_or_create(MapperContext context, const RegionRequirement& requirement, const Wanted& wanted, const plan::LayoutResult& layout,
                                Memory memory, Instance& out, std::string& why) {
  const bool reduction = requirement.privilege == LEGION_REDUCE;
  // Alone, every point has instances of exactly its points: sharing larger ones makes copies of overlapping regions wait
  // for each other in circles.
  const bool tight = mode_ == Mode::Alone || layout.exact;
  const std::uint64_t known = signature(layout, tight);
  const bool plain = !reduction && wanted.regions.size() == 1 && wanted.variant->constraints.count(wanted.position) == 0;
  if (plain && find_known(context, requirement, wanted.regions.front(), memory, known, out)) return true;

  std::vector<Legion::FieldID> fields(requirement.privilege_fields.begin(), requirement.privilege_fields.end());
  if (!reduction) {
    fields.clear();
    runtime->get_field_space_fields(context, requirement.region.get_field_space(), fields);
  }
  LayoutConstraintSet constraints;
  if (reduction) {
    constraints.add_constraint(Legion::SpecializedConstraint(LEGION_AFFINE_REDUCTION_SPECIALIZE, requirement.redop));
  } else {
    constraints.add_constraint(Legion::SpecializedConstraint(layout.compact ? LEGION_COMPACT_SPECIALIZE : LEGION_AFFINE_SPECIALIZE));
  }
  constraints.add_constraint(Legion::FieldConstraint(fields, false, false));
  constraints.add_constraint(Legion::MemoryConstraint(memory.kind()));
  constraints.add_constraint(Legion::OrderingConstraint(ordering_of(layout.layout, requirement.region.get_index_space().get_dim()), true));
  if (layout.layout.alignment > 1) {
    for (const Legion::FieldID f : fields) {
      constraints.add_constraint(Legion::AlignmentConstraint(f, LEGION_EQ_EK, static_cast<std::size_t>(layout.layout.alignment)));
    }
  }
  for (auto [at, end] = wanted.variant->constraints.equal_range(wanted.position); at != end; ++at) {
    for (const Legion::AlignmentConstraint& a : runtime->find_layout_constraints(context, at->second).alignment_constraints) {
      if (layout.layout.alignment <= 1) constraints.add_constraint(a);
    }
  }

  std::size_t need = 0;
  const Legion::LayoutConstraint* unsatisfied = nullptr;
  bool created = false;
  const bool done = runtime->find_or_create_physical_instance(context, memory, constraints, wanted.regions, out, created, true, 0, tight, &need, &unsatisfied);
  if (!done) {
    const bool capacity = !unsatisfied || unsatisfied->get_constraint_kind() == LEGION_MEMORY_CONSTRAINT;
    const bool used = need <= memory.capacity();  // by others
    why = capacity ? fmt::format("needs {}, the memory has {} in all{}", human_bytes(static_cast<double>(need)), human_bytes(static_cast<double>(memory.capacity())),
                                 used ? ", most of it in use" : "")
                   : "Legion cannot lay it out as asked";
    return false;
  }
  if (plain) {
    const std::scoped_lock lock(mutex_);
    if (instances_.size() >= kInstances) instances_.clear();
    instances_[InstanceKey {wanted.regions.front(), memory, known}] = out;
  }
  return true;
}

void FileMapper::select_task_sources(const MapperContext context, const Task& task, const SelectTaskSrcInput& input, SelectTaskSrcOutput& output) {
  if (mode_ == Mode::Beside || !input.collective_views.empty()) return ForwardingMapper::select_task_sources(context, task, input, output);
  const Legion::Domain target = input.target.get_instance_domain();
  // Points that are mapped at the same time on several nodes fill overlapping instances from each other, and Legion 25.06 merges
  // the copies into an instance: two that each hold something of the other wait for ever. So what is smaller, or as large and
  // older, comes first: those copies cannot make a circle.
  const bool several = session_.machine().shape().address_spaces > 1;
  const auto precedes = [&](const Instance& source, const Legion::Domain& domain) {
    return std::pair(domain.get_volume(), source.get_instance_id()) < std::pair(target.get_volume(), input.target.get_instance_id());
  };
  std::vector<std::tuple<bool, std::int64_t, std::int64_t, std::size_t>> ranking;  // ascending: the best one first
  for (std::size_t i = 0; i < input.source_instances.size(); ++i) {
    const Instance& source = input.source_instances[i];
    const Memory memory = source.get_location();
    const std::int64_t bandwidth = memory == input.target.get_location() ? std::numeric_limits<std::int64_t>::max()
                                                                         : std::int64_t {session_.machine().bandwidth(memory, input.target.get_location())};
    const Legion::Domain domain = source.get_instance_domain();
    const auto overlap = static_cast<std::int64_t>(target.intersection(domain).get_volume());
    ranking.emplace_back(several && !precedes(source, domain), -bandwidth, -overlap, i);
  }
  std::sort(ranking.begin(), ranking.end());
  for (const auto& [late, bandwidth, overlap, i] : ranking) output.chosen_ranking.push_back(input.source_instances[i]);
}

}  // namespace mapwright::engine::legion
