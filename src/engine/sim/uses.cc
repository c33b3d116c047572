#include "engine/sim/uses.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/random.h"

namespace mapwright::engine::sim {

namespace {

constexpr std::int64_t kCacheLine = 64;  // bytes
constexpr std::size_t kManyPaths = std::size_t {1} << 20;  // more than there is room for beforehand

}  // namespace

UseTable::UseTable(const plan::Plan& plan, const machine::Machine& machine, std::size_t moves)
    : plan_(plan), machine_(machine), uses_(1), by_tasks_ {false} {
  const std::size_t memories = machine.memories().size();
  paths_.reserve(std::min({moves, memories * memories, kManyPaths}));  // pages that are not used cost nothing
}

std::uint32_t UseTable::of_task(double seconds, std::uint32_t processor, std::uint32_t space) {
  return add({seconds, processor, space}, true);
}

std::uint32_t UseTable::of_move(const plan::Op& move, std::uint32_t space) {
  const std::uint32_t to = plan_.instances[move.b].memory.value;
  const std::uint32_t from = move.kind == plan::OpKind::Fill ? to : plan_.instances[move.a].memory.value;
  return add({static_cast<double>(plan_.transfers[move.detail].bytes), path(from, to, element_limit(move)), space}, false);
}

double UseTable::seconds(std::uint32_t use) const {
  const Use& u = uses_[use];
  if (by_tasks_[use]) return u.amount;
  if (u.resource == kAbsent) return 0;
  return delays_[u.resource] + u.amount / (paths_[u.resource].bandwidth * std::min(1.0, machine_.overheads().transpose_factor));
}

void UseTable::give(Workload& w) {
  for (std::size_t n = 0; n < uses_.size(); ++n) {
    if (by_tasks_[n]) uses_[n].amount = static_cast<double>(w.clock.ticks(uses_[n].amount));
  }
  for (const double delay : delays_) w.delays.push_back(w.clock.ticks(delay));
  w.uses = std::move(uses_);
  w.paths = std::move(paths_);
}

// Mostly it is what used the resource last.
std::uint32_t UseTable::add(const Use& u, bool task) {
  std::vector<std::uint32_t>& latest = task ? latest_on_processor_ : latest_on_path_;
  const std::size_t resource = u.resource == kAbsent ? 0 : u.resource + 1;
  if (latest.size() <= resource) latest.resize(2 * resource + 1, 0);
  const auto same = [&](std::uint32_t n) {
    const Use& x = uses_[n];
    return x.amount == u.amount && x.resource == u.resource && x.space == u.space && by_tasks_[n] == task;
  };
  if (latest[resource] != 0 && same(latest[resource])) return latest[resource];
  const auto number = static_cast<std::uint32_t>(uses_.size());
  const std::uint64_t hash = mix64(mix64(std::uint64_t {u.resource} << 32 | u.space) ^ std::bit_cast<std::uint64_t>(u.amount));
  latest[resource] = use_numbers_.find_or_add(hash, number, same);
  if (latest[resource] == number) {
    uses_.push_back(u);
    by_tasks_.push_back(task);
  }
  return latest[resource];
}

// Bytes per second that a copy reaches because it moves elements one by one; infinite for all others.
double UseTable::element_limit(const plan::Op& op) const {
  constexpr double kUnlimited = std::numeric_limits<double>::infinity();
  const auto& rate = machine_.overheads().elements;
  if (!rate || op.kind != plan::OpKind::Copy) return kUnlimited;
  const plan::Transfer& t = plan_.transfers[op.detail];
  double elements = 0;
  std::size_t fields = 0;  // of the cells, all of which belong to one region
  std::uint32_t piece = plan::kNone;
  for (const plan::CellId c : plan_.cells_of(t)) {
    const plan::Cell& cell = plan_.cells[c.value];
    const std::size_t moved = plan_.field_groups[cell.field_group].fields.size();
    elements += static_cast<double>(plan_.pieces[cell.piece].volume()) * static_cast<double>(moved);
    if (piece == plan::kNone) piece = cell.piece;
    if (piece == cell.piece) fields += moved;
  }
  const auto some_of = [&](const plan::Instance& i) {  // a structure is moved as a whole or field by field
    std::size_t held = 0;
    for (const std::uint32_t g : plan_.groups_of(i)) held += plan_.field_groups[g].fields.size();
    return i.layout.fields == FieldOrder::Aos && fields < held;
  };
  const bool one_by_one = t.transpose || some_of(plan_.instances[op.a]) || some_of(plan_.instances[op.b]);
  if (!one_by_one || elements == 0) return kUnlimited;
  // Fields of a structure are moved one after the other, and each touches all cache lines.
  std::int64_t structure = 0;
  for (const std::uint32_t i : {op.a, op.b}) {
    if (plan_.instances[i].layout.fields != FieldOrder::Aos) continue;
    std::int64_t bytes = 0;
    for (const std::uint32_t g : plan_.groups_of(plan_.instances[i])) bytes += plan_.field_groups[g].bytes_per_element;
    structure = std::max(structure, bytes);
  }
  const double element = static_cast<double>(t.bytes) / elements;
  const double one = machine_.route(plan_.instances[op.a].memory, plan_.instances[op.b].memory).bandwidth.value;
  const double lines = one / (element + static_cast<double>(std::min<std::int64_t>(structure, kCacheLine)));
  const double limit = std::min(rate->value, structure > 0 ? lines : rate->value) * element;
  return t.transpose ? limit / machine_.overheads().transpose_factor : limit;  // which is applied later
}

std::uint32_t UseTable::path(std::uint32_t from, std::uint32_t to, double limit) {
  const auto number = static_cast<std::uint32_t>(paths_.size());
  const std::uint64_t memories = std::uint64_t {from} << 32 | to;
  const std::uint64_t hash = mix64(mix64(memories) ^ std::bit_cast<std::uint64_t>(limit));
  const std::uint32_t known = path_numbers_.find_or_add(hash, number, [&](std::uint32_t p) {
    return path_keys_[p].first == memories && path_keys_[p].second == limit;
  });
  if (known == number) {
    path_keys_.emplace_back(memories, limit);
    const machine::Route r = machine_.route(machine::MemoryId(from), machine::MemoryId(to));
    Path p {.bandwidth = std::min(r.bandwidth.value, limit)};
    for (const machine::ChannelId c : r.list()) {
      if (std::find(p.list().begin(), p.list().end(), c.value) == p.list().end()) p.channels[p.count++] = c.value;
      p.bandwidth = std::min(p.bandwidth, machine_[c].bandwidth.value);
    }
    paths_.push_back(p);
    delays_.push_back(machine_.overheads().copy_start.value + r.latency.value);
  }
  return known;
}

}  // namespace mapwright::engine::sim
