// Physical instances: which one an argument gets, what fits, what is freed.
#include <algorithm>

#include "plan/planner.h"

namespace mapwright::plan {

using program::Privilege;

namespace {

std::optional<program::ReductionOp> reduction_of(const program::Argument& a) {
  return a.privilege == Privilege::Reduce ? std::optional(a.reduction) : std::nullopt;
}

}  // namespace

bool Planner::acquire_all() {
  work_.arguments.assign(work_.sets.size(), TaskArgument {InstanceId(kNone), 0});
  for (std::size_t k = 0; k < work_.sets.size(); ++k) {
    if (work_.sets[k] != kNone && !acquire(k)) return false;
  }
  return true;
}

bool Planner::acquire(std::size_t k) {
  const ArgumentDecision& d = work_.decision->arguments[k];
  InstanceId& cached = instance_cache_[work_.site][work_.position * work_.sets.size() + k];
  if (cached.value != kNone && states_[cached.value].live && plan_.instances[cached.value].points.value == work_.sets[k]) {
    states_[cached.value].pinned = task_;
    work_.arguments[k] = {cached, 0};
    return true;
  }
  const std::optional<program::ReductionOp> reduction = reduction_of(work_.launch->arguments[k]);
  for (std::size_t m = 0; m < d.memories.size(); ++m) {
    const auto memory = closest_[work_.processor.value][static_cast<std::size_t>(d.memories[m].kind)];
    if (!memory) continue;
    const InstanceId instance = identify(work_.sets[k], *memory, d.layouts[m], reduction);
    if (!states_[instance.value].live && !allocate(instance)) continue;
    states_[instance.value].pinned = task_;
    work_.arguments[k] = {instance, static_cast<std::uint16_t>(m)};
    if (m == 0) cached = instance;
    return true;
  }
  report_out_of_memory(k);
  return false;
}

std::int64_t Planner::instance_bytes(const Instance& instance) const {
  const std::int64_t volume = geometry_.point_sets[instance.points.value].volume();
  const std::int64_t align = instance.layout.alignment();
  std::int64_t bytes = 0, element = 0;
  for (const std::uint32_t g : plan_.groups_of(instance)) {
    element += geometry_.groups[g].bytes_per_element;
    for (const program::FieldIndex f : geometry_.groups[g].fields) {
      const std::int64_t field = volume * program_.regions[instance.region.value].fields[f].bytes;
      bytes += (field + align - 1) / align * align;
    }
  }
  if (instance.layout.fields == FieldOrder::Soa) return bytes;
  return (volume * element + align - 1) / align * align;
}

// The number of a list of field groups.
std::uint32_t Planner::group_list(const std::vector<std::uint32_t>& groups) {
  const auto [known, fresh] = group_numbers_.try_emplace(groups, static_cast<std::uint32_t>(plan_.group_lists.size()));
  if (fresh) plan_.group_lists.push_back(groups);
  return known->second;
}

InstanceId Planner::identify(std::uint32_t set, MemoryId memory, Layout layout, std::optional<program::ReductionOp> reduction) {
  const auto form = std::uint64_t {layout.alignment_bits} << 24 | static_cast<std::uint64_t>(layout.fields) << 16 |
                    static_cast<std::uint64_t>(layout.dims) << 8 | (reduction ? 1 + static_cast<std::uint64_t>(*reduction) : 0);
  const std::uint64_t hash = mix64(mix64((std::uint64_t {set} << 32) | memory.value) ^ form);
  const auto number = static_cast<std::uint32_t>(plan_.instances.size());
  const std::uint32_t known = identities_.find_or_add(hash, number, [&](std::uint32_t i) {
    const Instance& x = plan_.instances[i];
    return x.points.value == set && x.memory == memory && x.layout == layout && x.reduction == reduction;
  });
  if (known != number) return InstanceId(known);
  Instance instance;
  instance.region = geometry_.set_region[set];
  instance.points = PointSetId(set);
  instance.memory = memory;
  instance.layout = layout;
  const auto& groups = reduction ? geometry_.reduction_groups[set][static_cast<std::size_t>(*reduction)] : geometry_.instance_groups[set];
  instance.groups = group_list(groups);
  instance.reduction = reduction;
  instance.bytes = instance_bytes(instance);
  InstanceState state;
  state.first_slot = static_cast<std::uint32_t>(slots_.size());
  state.slots = static_cast<std::uint32_t>(geometry_.pieces_of(set).size() * groups.size());
  slots_.resize(slots_.size() + state.slots);
  plan_.instances.push_back(instance);
  states_.push_back(state);
  assigned_.push_back(0);
  assigned_stamp_.push_back(kNone);
  return InstanceId(number);
}

bool Planner::reclaimable(std::uint32_t i) const {
  const InstanceState& s = states_[i];
  if (s.pinned == task_ || s.pending > 0) return false;
  if (s.valid == 0) return true;
  if (!s.collectable) return false;
  const Instance& instance = plan_.instances[i];
  const Geometry::RegionAtoms& atoms = geometry_.regions[instance.region.value];
  std::uint32_t slot = s.first_slot;
  for (const std::uint32_t piece : geometry_.pieces_of(instance.points.value)) {
    for (const std::uint32_t group : plan_.groups_of(instance)) {
      const CellState& cell = cells_[geometry_.cell(atoms, piece, group)];
      if (!slots_[slot++].valid || cell.fill != kNone) continue;
      const auto stays = [&](const Holder& h) { return h.instance != i && !states_[h.instance].chosen; };
      if (std::none_of(cell.valid.begin(), cell.valid.end(), stays)) return false;
    }
  }
  return true;
}

bool Planner::allocate(InstanceId id) {
  const Instance& instance = plan_.instances[id.value];
  const std::size_t memory = instance.memory.value;
  const std::int64_t capacity = machine_[instance.memory].capacity.value;
  std::int64_t available = capacity - memory_used_[memory];
  if (available < instance.bytes) {
    std::vector<std::uint32_t> victims;
    for (const std::uint32_t v : memory_live_[memory]) {
      if (available >= instance.bytes) break;
      // Not those of which an earlier victim holds the only other copy.
      if (!reclaimable(v)) continue;
      available += plan_.instances[v].bytes;
      victims.push_back(v);
      states_[v].chosen = true;
    }
    for (const std::uint32_t v : victims) states_[v].chosen = false;
    if (available < instance.bytes) return false;
    reclaim(id, victims);
  }
  InstanceState& state = states_[id.value];
  // Whoever touches the new instance comes after those who used its space, which may be what earlier reclaims left over.
  if (memory_freed_[memory] != kNoOp) {
    for (std::uint32_t slot = state.first_slot; slot < state.first_slot + state.slots; ++slot) {
      slots_[slot].readers.push_back(memory_freed_[memory]);
    }
  }
  state.age = ++age_;
  state.live = true;
  state.collectable = false;
  memory_live_[memory].push_back(id.value);
  memory_used_[memory] += instance.bytes;
  memory_peak_[memory] = std::max(memory_peak_[memory], memory_used_[memory]);
  return true;
}

void Planner::reclaim(InstanceId id, const std::vector<std::uint32_t>& victims) {
  const std::size_t memory = plan_.instances[id.value].memory.value;
  scratch_.assign(1, memory_freed_[memory]);
  for (const std::uint32_t v : victims) {
    const InstanceState& s = states_[v];
    for (std::uint32_t slot = s.first_slot; slot < s.first_slot + s.slots; ++slot) {
      slots_[slot].users(scratch_);
    }
  }
  const auto detail = static_cast<std::uint32_t>(plan_.freed_offsets.size());
  plan_.freed_offsets.push_back(static_cast<std::uint32_t>(plan_.freed.size()));
  const OpIndex op = add(OpKind::Reclaim, work_.record, kNone, id.value, detail, scratch_);
  plan_.ops[op].issued = true;
  for (const std::uint32_t v : victims) {
    InstanceState& s = states_[v];
    const Instance& instance = plan_.instances[v];
    const Geometry::RegionAtoms& atoms = geometry_.regions[instance.region.value];
    std::uint32_t slot = s.first_slot;
    for (const std::uint32_t piece : geometry_.pieces_of(instance.points.value)) {
      for (const std::uint32_t group : plan_.groups_of(instance)) {
        if (slots_[slot].valid) {
          cells_[geometry_.cell(atoms, piece, group)].valid.erase_if([&](const Holder& h) { return h.instance == v; });
        }
        slots_[slot] = Slot {};
        slots_[slot++].writer = op;
      }
    }
    s.valid = 0;
    s.live = false;
    memory_used_[memory] -= instance.bytes;
    std::erase(memory_live_[memory], v);
    plan_.freed.push_back(InstanceId(v));
  }
  memory_freed_[memory] = op;
}

void Planner::report_out_of_memory(std::size_t k) {
  const program::Argument& a = work_.launch->arguments[k];
  const ArgumentDecision& d = work_.decision->arguments[k];
  diag::Diagnostic e;
  e.code = diag::kOutOfMemory;
  std::string where, others;
  std::int64_t need = 0;
  for (const MemoryChoice& choice : d.memories) {
    const auto memory = closest_[work_.processor.value][static_cast<std::size_t>(choice.kind)];
    if (!memory) continue;
    const std::optional<program::ReductionOp> reduction = reduction_of(a);
    const std::size_t m = static_cast<std::size_t>(&choice - d.memories.data());
    need = plan_.instances[identify(work_.sets[k], *memory, d.layouts[m], reduction).value].bytes;
    const std::int64_t capacity = machine_[*memory].capacity.value, used = memory_used_[memory->value];
    where += fmt::format("{}{} has {} free of {}", where.empty() ? "" : ", ", machine_.memory_name(*memory),
                         human_bytes(static_cast<double>(capacity - used)), human_bytes(static_cast<double>(capacity)));
    if (!others.empty()) continue;
    std::map<std::string, std::int64_t> by_region;
    for (const std::uint32_t i : memory_live_[memory->value]) {
      by_region[program_.regions[plan_.instances[i].region.value].name] += plan_.instances[i].bytes;
    }
    std::vector<std::pair<std::int64_t, std::string>> rows;
    for (const auto& [name, bytes] : by_region) rows.emplace_back(-bytes, name);
    std::sort(rows.begin(), rows.end());
    for (std::size_t r = 0; r < rows.size() && r < 3; ++r) {
      others += fmt::format("{}`{}` {}", r ? ", " : "", rows[r].second, human_bytes(static_cast<double>(-rows[r].first)));
    }
  }
  e.message = fmt::format("out of memory: argument `{}` of task `{}` needs {}, but {}", a.name,
                          program_.tasks[work_.launch->task.value].name, human_bytes(static_cast<double>(need)), where);
  e.help = others.empty() ? std::string("spread the points over more processors or name a larger memory as the next choice")
                          : fmt::format("{} holds {}; name another memory as the next choice, collect read-only instances or "
                                        "limit the points in flight", d.memories.empty() ? "it" : to_string(d.memories.front().kind), others);
  if (!d.memories.empty() && d.memories.front().origin) {
    e.source = decisions_->source;
    e.span = *d.memories.front().origin;
  }
  verdict_ = Verdict {Verdict::Kind::OutOfMemory, {std::move(e)}};
}

}  // namespace mapwright::plan
