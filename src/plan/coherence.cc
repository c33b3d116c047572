// Coherence: which instances hold the current contents of each cell, and the operations that make an instance valid.
#include <algorithm>
#include <limits>
#include <tuple>

#include "plan/planner.h"

namespace mapwright::plan {

using program::Privilege;
using program::ReductionOp;

// Calls f(cell, slot) for the cells of `groups`, a subset of the instance's groups.
template <typename F>
void Planner::for_each_slot(std::uint32_t i, const std::vector<std::uint32_t>& groups, F&& f) const {
  const Instance& instance = plan_.instances[i];
  const Geometry::RegionAtoms& atoms = geometry_.regions[instance.region.value];
  std::uint32_t base = states_[i].first_slot;
  const auto& held = plan_.groups_of(instance);
  const auto stride = static_cast<std::uint32_t>(held.size());
  for (const std::uint32_t piece : geometry_.pieces_of(instance.points.value)) {
    std::uint32_t position = 0;
    for (const std::uint32_t group : groups) {
      while (held[position] != group) ++position;
      f(geometry_.cell(atoms, piece, group), base + position);
    }
    base += stride;
  }
}

std::int64_t Planner::overlap(std::uint32_t a, std::uint32_t b) {
  if (a == b) return geometry_.point_sets[a].volume();
  const std::uint64_t key = (std::uint64_t {a} << 32) | b;
  const auto [it, fresh] = overlaps_.try_emplace(key, 0);
  if (!fresh) return it->second;
  const auto x = geometry_.pieces_of(a), y = geometry_.pieces_of(b);
  for (std::size_t i = 0, j = 0; i < x.size() && j < y.size();) {
    if (x[i] == y[j]) it->second += geometry_.pieces[x[i]].volume();
    if (x[i] <= y[j]) ++i; else ++j;
  }
  return it->second;
}

Holder Planner::choose_source(std::uint32_t cell, std::uint32_t to) {
  const auto& valid = cells_[cell].valid;
  if (valid.size() == 1) return valid.front();
  const Instance& target = plan_.instances[to];
  // Nodes are compared before anything is looked up: holders can be as many as there are nodes.
  const auto away = [&](const Holder& h) { return machine_[h.memory].node != machine_[target.memory].node; };
  const bool all_away = std::all_of(valid.begin(), valid.end(), away);
  std::optional<Holder> best;
  std::tuple<bool, double, std::int64_t, std::uint32_t, std::uint32_t> best_key;  // the same memory first
  MemoryId latest(kNone);
  double bandwidth = 0;  // from `latest`
  for (const Holder& h : valid) {
    if (!all_away && away(h)) continue;
    if (h.memory != latest) bandwidth = machine_.route(h.memory, target.memory).bandwidth.value;
    latest = h.memory;
    const bool elsewhere = h.memory != target.memory;
    if (best && std::pair(elsewhere, -bandwidth) > std::pair(std::get<0>(best_key), std::get<1>(best_key))) continue;
    const std::uint32_t assigned = assigned_stamp_[h.instance] == launch_stamp_ ? assigned_[h.instance] : 0;
    const auto key = std::tuple(elsewhere, -bandwidth, -overlap(h.points.value, target.points.value), assigned, h.instance);
    if (best && !(key < best_key)) continue;
    best_key = key;
    best = h;
  }
  return *best;
}

void Planner::drop_pending(CellState& cell) {
  for (const Holder& h : cell.pending) {
    slots_[h.slot].pending = false;
    --states_[h.instance].pending;
  }
  cell.pending.clear();
}

// The instance becomes the only holder of the cell.
void Planner::own(std::uint32_t c, std::uint32_t instance, std::uint32_t slot) {
  CellState& cell = cells_[c];
  for (const Holder& h : cell.valid) {
    slots_[h.slot].valid = false;
    --states_[h.instance].valid;
  }
  cell.valid.assign(holder(instance, slot));
  cell.fill = kNone;
  slots_[slot].valid = true;
  ++states_[instance].valid;
}

// Everything that must happen before `groups` of the instance hold the current contents; with `clash`, only of the cells
// that have contributions of another operator.
void Planner::make_valid(std::uint32_t to, const std::vector<std::uint32_t>& groups, std::optional<ReductionOp> clash) {
  copies_.clear();
  fills_.clear();
  folds_.clear();
  for_each_slot(to, groups, [&](std::uint32_t c, std::uint32_t slot) {
    const CellState& cell = cells_[c];
    if (clash && (cell.pending.empty() || cell.pending_op == *clash)) return;
    if (!slots_[slot].valid) {
      if (cell.fill != kNone) {
        fills_.push_back({cell.fill, 0, slot, c});
      } else {
        const Holder from = choose_source(c, to);
        copies_.push_back({from.instance, from.slot, slot, c});
      }
    }
    for (const Holder& h : cell.pending) folds_.push_back({h.instance, h.slot, slot, c});
  });
  if (!fills_.empty()) emit_fills(to);
  if (!copies_.empty()) emit_copies(to);
  if (!folds_.empty()) emit_folds(to);
}

namespace {

// Whether moving data between the two layouts permutes elements.
bool transposes(const Instance& a, const Instance& b, int rank, std::size_t fields_a, std::size_t fields_b) {
  if (a.layout.fields != b.layout.fields && (fields_a > 1 || fields_b > 1)) return true;
  return a.layout.dims != b.layout.dims && rank > 1;
}

}  // namespace

// The number of a transfer of these cells: the latest one that begins with the same cell when it is the same.
std::uint32_t Planner::transfer(const Transfer& transfer, std::span<const Request> requests) {
  if (latest_transfers_.empty()) latest_transfers_.assign(cells_.size(), kNone);
  std::uint32_t& latest = latest_transfers_[requests.front().cell];
  if (latest != kNone) {
    const Transfer& t = plan_.transfers[latest];
    const auto same = [](const Request& r, CellId cell) { return cell.value == r.cell; };
    if (t.count == transfer.count && t.transpose == transfer.transpose && t.aliased == transfer.aliased &&
        std::equal(requests.begin(), requests.end(), plan_.cells_of(t).begin(), same)) {
      return latest;
    }
  }
  latest = static_cast<std::uint32_t>(plan_.transfers.size());
  plan_.transfers.push_back(transfer);
  plan_.transfers.back().first = static_cast<std::uint32_t>(plan_.transfer_cells.size());
  for (const Request& r : requests) plan_.transfer_cells.push_back(CellId(r.cell));
  return latest;
}

// One operation of `kind` for requests [begin, end), which share their source.
void Planner::emit(OpKind kind, std::uint32_t to, std::span<const Request> requests) {
  const std::uint32_t from = requests.front().from;
  Transfer transfer;
  transfer.count = static_cast<std::uint32_t>(requests.size());
  scratch_.clear();
  for (const Request& r : requests) {
    transfer.bytes += geometry_.cells[r.cell].bytes;
    slots_[r.to_slot].users(scratch_);
    if (kind != OpKind::Fill) scratch_.push_back(slots_[r.from_slot].writer);
  }
  if (kind != OpKind::Fill) {
    const Instance &source = plan_.instances[from], &target = plan_.instances[to];
    const auto fields = [&](const Instance& i) {
      std::size_t n = 0;
      for (const std::uint32_t g : plan_.groups_of(i)) n += geometry_.groups[g].fields.size();
      return n;
    };
    transfer.aliased = source.points != target.points;
    transfer.transpose = transposes(source, target, geometry_.point_sets[target.points.value].dim(), fields(source), fields(target));
  }
  const OpIndex op = add(kind, work_.record, from, to, this->transfer(transfer, requests), scratch_);
  plan_.ops[op].issued = true;
  for (const Request& r : requests) {
    Slot& target = slots_[r.to_slot];
    target.writer = op;
    target.readers.clear();
    if (kind != OpKind::Fill) slots_[r.from_slot].readers.push_back(op);
  }
}

void Planner::emit_grouped(OpKind kind, std::uint32_t to, std::vector<Request>& requests) {
  const auto before = [](const Request& a, const Request& b) { return a.from < b.from; };
  if (!std::is_sorted(requests.begin(), requests.end(), before)) std::stable_sort(requests.begin(), requests.end(), before);
  for (std::size_t begin = 0; begin < requests.size();) {
    std::size_t end = begin;
    while (end < requests.size() && requests[end].from == requests[begin].from) ++end;
    emit(kind, to, std::span(requests).subspan(begin, end - begin));
    begin = end;
  }
}

void Planner::add_holder(const Request& r, std::uint32_t to) {
  cells_[r.cell].valid.push_back(holder(to, r.to_slot));
  slots_[r.to_slot].valid = true;
  ++states_[to].valid;
}

void Planner::emit_fills(std::uint32_t to) {
  emit_grouped(OpKind::Fill, to, fills_);
  for (const Request& r : fills_) add_holder(r, to);
}

void Planner::emit_copies(std::uint32_t to) {
  emit_grouped(OpKind::Copy, to, copies_);
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    const Request& r = copies_[i];
    add_holder(r, to);
    if (i > 0 && copies_[i - 1].from == r.from) continue;
    if (assigned_stamp_[r.from] != launch_stamp_) {
      assigned_stamp_[r.from] = launch_stamp_;
      assigned_[r.from] = 0;
    }
    ++assigned_[r.from];
  }
}

void Planner::emit_folds(std::uint32_t to) {
  emit_grouped(OpKind::Fold, to, folds_);
  for (const Request& r : folds_) {
    if (cells_[r.cell].pending.empty()) continue;
    drop_pending(cells_[r.cell]);
    own(r.cell, to, r.to_slot);
  }
}

// Contributions go to a reduction instance that starts at the identity. Contributions that another operator left are
// folded first, into the ordinary instance of the same points and memory.
void Planner::prepare_reduction(std::size_t k) {
  const program::Argument& a = work_.launch->arguments[k];
  const std::uint32_t instance = work_.arguments[k].instance.value;
  const auto& groups = geometry_.argument_groups[work_.launch->id.value][k];
  bool conflict = false;
  for_each_slot(instance, groups, [&](std::uint32_t c, std::uint32_t) {
    conflict |= !cells_[c].pending.empty() && cells_[c].pending_op != a.reduction;
  });
  if (conflict) {
    const Instance& r = plan_.instances[instance];
    const InstanceId ordinary = identify(work_.sets[k], r.memory, r.layout, std::nullopt);
    // Without space for it the fold cannot happen in place; the working set was too large anyway.
    if (!states_[ordinary.value].live && !allocate(ordinary)) {
      report_out_of_memory(k);
      return;
    }
    states_[ordinary.value].pinned = task_;
    make_valid(ordinary.value, groups, a.reduction);
  }
  double identity = 0;
  if (a.reduction == ReductionOp::Min) identity = std::numeric_limits<double>::infinity();
  if (a.reduction == ReductionOp::Max) identity = -std::numeric_limits<double>::infinity();
  const std::uint32_t value = fill_value(identity);
  fills_.clear();
  for_each_slot(instance, groups, [&](std::uint32_t c, std::uint32_t slot) {
    if (!slots_[slot].pending) fills_.push_back({value, 0, slot, c});
  });
  if (fills_.empty()) return;
  emit_grouped(OpKind::Fill, instance, fills_);
  for (const Request& r : fills_) {
    cells_[r.cell].pending.push_back(holder(instance, r.to_slot));
    cells_[r.cell].pending_op = a.reduction;
    slots_[r.to_slot].pending = true;
    ++states_[instance].pending;
  }
}

// What argument k needs before the task starts, and the operations that provide it.
void Planner::require(std::size_t k) {
  const std::uint32_t instance = work_.arguments[k].instance.value;
  if (instance == kNone) return;
  const program::Argument& a = work_.launch->arguments[k];
  const auto& groups = geometry_.argument_groups[work_.launch->id.value][k];
  if (a.privilege == Privilege::Reduce) {
    prepare_reduction(k);
  } else if (a.privilege != Privilege::WriteDiscard) {
    make_valid(instance, groups);
  }
  const bool writes = a.privilege != Privilege::Read;
  for_each_slot(instance, groups, [&](std::uint32_t, std::uint32_t slot) {
    const Slot& s = slots_[slot];
    if (writes) return s.users(work_.before);
    if (work_.before.empty() || work_.before.back() != s.writer) work_.before.push_back(s.writer);
  });
}

// Records that the task has used argument k.
void Planner::use(std::size_t k, OpIndex task) {
  const std::uint32_t instance = work_.arguments[k].instance.value;
  const program::Argument& a = work_.launch->arguments[k];
  const auto& groups = geometry_.argument_groups[work_.launch->id.value][k];
  for_each_slot(instance, groups, [&](std::uint32_t c, std::uint32_t slot) {
    Slot& s = slots_[slot];
    if (a.privilege == Privilege::Read) {
      if (s.readers.empty() || s.readers.back() != task) s.readers.push_back(task);
      return;
    }
    s.writer = task;
    s.readers.clear();
    if (a.privilege == Privilege::Reduce) return;
    if (a.privilege == Privilege::WriteDiscard) drop_pending(cells_[c]);
    own(c, instance, slot);
  });
  states_[instance].collectable = a.privilege == Privilege::Read && work_.decision->arguments[k].collect.has_value();
}

}  // namespace mapwright::plan
