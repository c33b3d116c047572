// What a profile speaks for. Estimates use this profile and the machine's figures alone: no plan, no simulation.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "guide/guide.h"
#include "guide/profile.h"

namespace mapwright::guide {

namespace {

using engine::CriticalShare;
using engine::Execution;
using What = engine::CriticalShare::What;

constexpr double kWorthwhile = 0.02;  // of the critical path; less is not worth a line

std::optional<machine::ProcessorId> first_of(const machine::Machine& machine, ProcessorKind kind) {
  return machine.find(kind, machine::SpaceId {}, 0);
}

const machine::Access* access_of(const machine::Machine& machine, ProcessorKind kind, MemoryKind memory) {
  const std::optional<machine::ProcessorId> p = first_of(machine, kind);
  if (!p) return nullptr;
  const std::vector<machine::MemoryId> memories = machine.addressable(*p, memory);
  return memories.empty() ? nullptr : machine.access(*p, memories.front());
}

// Kinds of access patterns that arguments called `argument` of `task` have; Stream when nothing says otherwise.
std::set<program::AccessPattern::Kind> patterns_of(const program::Program* program, const std::string& task,
                                                   const std::string& argument) {
  std::set<program::AccessPattern::Kind> out;
  if (program != nullptr) {
    for (const program::Program::Site& site : program->sites()) {
      if (program->tasks[site.launch->task.value].name != task) continue;
      for (const program::Argument& a : site.launch->arguments) {
        if (a.name != argument) continue;
        for (const program::AccessPattern& p : a.patterns) out.insert(p.kind);
      }
    }
  }
  if (out.empty()) out.insert(program::AccessPattern::Kind::Stream);
  return out;
}

// How many times faster `to` serves the patterns than `from`; the least favourable pattern counts.
double speedup(const machine::Access& from, const machine::Access& to, const std::set<program::AccessPattern::Kind>& patterns) {
  double least = 0;
  for (const program::AccessPattern::Kind kind : patterns) {
    double ratio = to.stream / from.stream;
    if (kind == program::AccessPattern::Kind::Gather) ratio = to.gather / from.gather;
    if (kind == program::AccessPattern::Kind::Atomic) ratio = to.atomic / from.atomic;
    least = least == 0 ? ratio : std::min(least, ratio);
  }
  return least;
}

bool nearly_full(const Execution& execution, MemoryKind kind) {
  return std::any_of(execution.memory_peak.begin(), execution.memory_peak.end(), [&](const engine::MemoryUse& use) {
    return use.memory.find(to_string(kind)) != std::string::npos && static_cast<double>(use.bytes) > 0.95 * static_cast<double>(use.capacity);
  });
}

const engine::TaskProfile* profile_of(const Execution& execution, const std::string& task) {
  for (const engine::TaskProfile& t : execution.profile.tasks) {
    if (t.task == task) return &t;
  }
  return nullptr;
}

class Adviser {
 public:
  Adviser(const Execution& execution, const Context& context) : execution_(execution), context_(context) {
    for (const CriticalShare& share : execution.profile.critical) total_ += share.seconds;
  }

  std::vector<Advice> advise() {
    if (execution_.outcome != engine::Outcome::Ok || total_ <= 0) return {};
    if (context_.machine != nullptr) {
      memories();
      kinds();
      idle();
    }
    copies();
    overhead();
    std::stable_sort(out_.begin(), out_.end(), [](const Advice& a, const Advice& b) { return a.saving > b.saving; });
    return std::move(out_);
  }

 private:
  std::string percent(double seconds) const { return fmt::format("{:.0f} %", 100 * seconds / total_); }

  void add(double seconds, double saving, std::string statement, std::string text) {
    if (seconds < kWorthwhile * total_) return;
    out_.push_back({std::move(text), std::move(statement), seconds, saving});
  }

  // Arguments on the critical path that a faster memory could hold: those of one task that lie in one memory move
  // together, and tasks with the same answer share a statement.
  void memories() {
    struct Move {
      std::vector<std::string> arguments;
      double factor = 0;  // the least of the arguments'
    };
    struct Group {
      std::vector<std::string> tasks;
      double seconds = 0, saving = 0;
    };
    using Key = std::tuple<std::vector<std::string>, ProcessorKind, MemoryKind, MemoryKind>;
    std::map<Key, Group> groups;
    for (const engine::TaskProfile& task : execution_.profile.tasks) {
      std::map<std::pair<MemoryKind, MemoryKind>, Move> moves;
      for (const engine::TaskProfile::ArgumentCost& cost : task.arguments) {
        const auto [better, factor] = faster_memory(task, cost);
        if (!better || cost.seconds <= 0) continue;
        Move& move = moves[{cost.memory, *better}];
        move.factor = move.arguments.empty() ? factor : std::min(move.factor, factor);
        const std::string name = name_in_mapper(cost.argument);
        if (std::find(move.arguments.begin(), move.arguments.end(), name) == move.arguments.end()) move.arguments.push_back(name);
      }
      for (const auto& [way, move] : moves) {
        const auto [from, to] = way;
        const double now = task_seconds(task, from, from, 1), then = task_seconds(task, from, to, move.factor);
        if (now <= 0 || then >= now) continue;
        Group& group = groups[{move.arguments, task.kind, from, to}];
        group.tasks.push_back(name_in_mapper(task.task));
        for (const CriticalShare& share : execution_.profile.critical) {
          if (share.task != task.task || (share.what != What::Memory && share.what != What::Compute)) continue;
          group.saving += share.seconds * (1 - then / now);
          if (share.what == What::Memory) group.seconds += share.seconds;
        }
      }
    }
    for (const auto& [key, group] : groups) {
      const auto& [arguments, kind, from, to] = key;
      const std::string statement =
          fmt::format("Region {} {} {} {};", fmt::join(group.tasks, ","), fmt::join(arguments, ","), to_string(kind), to_string(to));
      add(group.seconds, group.saving, statement,
          fmt::format("`{}` would save about {}: memory traffic of these tasks, now in {}, is {} of the critical path.", statement,
                      percent(group.saving), to_string(from), percent(group.seconds)));
    }
  }

  // What a task's points take by the model of docs/models/task.md - the longest of arithmetic and traffic to each
  // memory - when the traffic in `from` moves to `to` and takes a `factor`-th of the time there.
  static double task_seconds(const engine::TaskProfile& task, MemoryKind from, MemoryKind to, double factor) {
    std::map<MemoryKind, double> traffic;
    for (const engine::TaskProfile::ArgumentCost& cost : task.arguments) {
      traffic[cost.memory == from ? to : cost.memory] += cost.memory == from ? cost.seconds / factor : cost.seconds;
    }
    double longest = task.compute_seconds;
    for (const auto& [memory, seconds] : traffic) longest = std::max(longest, seconds);
    return longest;
  }

  std::pair<std::optional<MemoryKind>, double> faster_memory(const engine::TaskProfile& task,
                                                             const engine::TaskProfile::ArgumentCost& cost) const {
    const machine::Access* const now = access_of(*context_.machine, task.kind, cost.memory);
    std::pair<std::optional<MemoryKind>, double> best {std::nullopt, 1.2};
    if (now == nullptr) return best;
    const auto patterns = patterns_of(context_.program, task.task, cost.argument);
    for (const MemoryKind kind : kAllMemoryKinds) {
      const machine::Access* const other = access_of(*context_.machine, task.kind, kind);
      if (kind == cost.memory || other == nullptr || nearly_full(execution_, kind)) continue;
      if (const double factor = speedup(*now, *other, patterns); factor > best.second) best = {kind, factor};
    }
    return best;
  }

  // Tasks whose arithmetic another kind of processor would do faster.
  void kinds() {
    if (context_.program == nullptr) return;
    std::map<std::string, double> compute;
    for (const CriticalShare& share : execution_.profile.critical) {
      if (share.what == What::Compute) compute[share.task] += share.seconds;
    }
    for (const auto& [name, seconds] : compute) {
      const program::Task* const task = context_.program->find_task(name);
      const engine::TaskProfile* const profile = profile_of(execution_, name);
      if (task == nullptr || profile == nullptr) continue;
      const double now = flops(*task, profile->kind);
      double best = 1.2 * now;
      std::optional<ProcessorKind> kind;
      for (const program::Variant& variant : task->variants) {
        if (context_.machine->processors_per_space(variant.kind) == 0) continue;
        if (const double rate = flops(*task, variant.kind); rate > best) {
          best = rate;
          kind = variant.kind;
        }
      }
      if (!kind || now <= 0) continue;
      const double saving = seconds * (1 - now / best);
      const std::string statement = fmt::format("Task {} {};", name_in_mapper(name), to_string(*kind));
      add(seconds, saving, statement,
          fmt::format("`{}` would save about {}: its arithmetic on {} is {} of the critical path.", statement, percent(saving),
                      to_string(profile->kind), percent(seconds)));
    }
  }

  double flops(const program::Task& task, ProcessorKind kind) const {
    for (const program::Variant& variant : task.variants) {
      if (variant.kind != kind) continue;
      const machine::Compute& compute = context_.machine->compute(kind);
      const auto peak = variant.precision == program::Precision::Double ? compute.fp64 : compute.fp32;
      return peak.value * compute.efficiency * variant.efficiency;
    }
    return 0;
  }

  // Processors of a kind in use that get nothing, and uneven load.
  void idle() {
    std::map<ProcessorKind, std::vector<const engine::ProcessorUse*>> used;
    for (const engine::ProcessorUse& use : execution_.processors) {
      if (use.points > 0) used[use.kind].push_back(&use);
    }
    for (const auto& [kind, uses] : used) {
      const std::size_t all = std::size_t {context_.machine->processors_per_space(kind)} * context_.machine->spaces();
      double sum = 0, most = 0;
      std::int64_t points = 0;
      for (const engine::ProcessorUse* use : uses) {
        sum += use->busy_seconds;
        most = std::max(most, use->busy_seconds);
        points += use->points;
      }
      const double even = sum / static_cast<double>(all);
      if (most <= 0 || points < static_cast<std::int64_t>(all)) continue;
      // What the busiest processor does beyond its even share bounds what spreading can save.
      const double excess = std::min(most - even, total_);
      const std::string what = uses.size() < all
                                   ? fmt::format("{} of {} {} processors run no point", all - uses.size(), all, to_string(kind))
                                   : fmt::format("the busiest {} processor works {:.1f} times the average", to_string(kind), most / even);
      if (uses.size() < all || most > 1.3 * even) {
        const std::string task = heaviest_task(kind);
        add(excess, excess / 2, "",
            fmt::format("Spread {} over all {} processors with {}: {}.", task.empty() ? "the points" : fmt::format("`{}`", task),
                        to_string(kind), launched_singly(task) ? "a SingleTaskMap" : "an IndexTaskMap", what));
      }
    }
  }

  std::string heaviest_task(ProcessorKind kind) const {
    const engine::TaskProfile* heaviest = nullptr;
    for (const engine::TaskProfile& task : execution_.profile.tasks) {
      if (task.kind == kind && (heaviest == nullptr || task.seconds > heaviest->seconds)) heaviest = &task;
    }
    return heaviest == nullptr ? "" : heaviest->task;
  }

  // Such tasks are placed by another statement than index launches.
  bool launched_singly(const std::string& task) const {
    if (context_.program == nullptr) return false;
    const std::vector<program::Program::Site> sites = context_.program->sites();
    return std::any_of(sites.begin(), sites.end(), [&](const program::Program::Site& site) {
      return !site.launch->index && context_.program->tasks[site.launch->task.value].name == task;
    });
  }

  void copies() {
    double seconds = 0, largest = 0;
    std::string over;
    for (const CriticalShare& share : execution_.profile.critical) {
      if (share.what != What::Copy && share.what != What::Fold) continue;
      seconds += share.seconds;
      if (share.seconds > largest) {
        largest = share.seconds;
        over = share.detail;
      }
    }
    const std::string region = execution_.moved.by_region.empty() ? "" : execution_.moved.by_region.front().name;
    const bool between = execution_.moved.inter_node > execution_.moved.intra_node;
    add(seconds, seconds / 3, "",
        fmt::format("Copies are {} of the critical path{}{}: {}.", percent(seconds), over.empty() ? "" : ", mostly over " + over,
                    region.empty() ? "" : fmt::format("; region `{}` moves most", region),
                    between ? "put points that share data on one node with an IndexTaskMap"
                            : "put points that share data on one processor with an IndexTaskMap, or hold the shared region in "
                              "a memory that all of them address"));
  }

  void overhead() {
    double seconds = 0;
    for (const CriticalShare& share : execution_.profile.critical) {
      if (share.what == What::Mapping || share.what == What::Launch) seconds += share.seconds;
    }
    add(seconds, seconds / 4, "",
        fmt::format("Starting and mapping tasks is {} of the critical path: the points are too small for the processors "
                    "they run on; a kind with cheaper launches or fewer, larger points would help.",
                    percent(seconds)));
  }

  const Execution& execution_;
  const Context& context_;
  double total_ = 0;
  std::vector<Advice> out_;
};

}  // namespace

std::string name_in_mapper(const std::string& name) {
  const bool plain = !name.empty() && (name[0] < '0' || name[0] > '9') && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
  return plain ? name : fmt::format("\"{}\"", name);
}

std::vector<Advice> advise(const Execution& execution, const Context& context) { return Adviser(execution, context).advise(); }

}  // namespace mapwright::guide
