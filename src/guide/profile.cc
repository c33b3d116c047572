#include "guide/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mapwright::guide {

namespace {

using engine::CriticalShare;
using engine::Execution;

constexpr std::size_t kMostRows = 8;

double critical_total(const Execution& execution) {
  double sum = 0;
  for (const CriticalShare& share : execution.profile.critical) sum += share.seconds;
  return sum;
}

std::string percent(double part, double whole) { return whole > 0 ? fmt::format("{:.0f} %", 100 * part / whole) : "-"; }

void critical_section(std::string& out, const Execution& execution, const Context& context) {
  const double total = critical_total(execution);
  if (total <= 0) return;
  out += "Critical path:\n";
  std::size_t shown = 0;
  for (const CriticalShare& share : execution.profile.critical) {
    if (shown++ == kMostRows || share.seconds < 0.005 * total) break;
    out += fmt::format("  {:>5}  {:>8}  {} ({})\n", percent(share.seconds, total), human_seconds(share.seconds),
                       describe_share(share), describe_statement(share.statement, context.mapper));
  }
}

void task_section(std::string& out, const Execution& execution) {
  if (execution.profile.tasks.empty()) return;
  std::vector<const engine::TaskProfile*> tasks;
  for (const engine::TaskProfile& task : execution.profile.tasks) tasks.push_back(&task);
  std::stable_sort(tasks.begin(), tasks.end(), [](const auto* a, const auto* b) { return a->seconds > b->seconds; });
  out += "Tasks, busy time summed over their points:\n";
  for (std::size_t i = 0; i < std::min(tasks.size(), kMostRows); ++i) {
    const engine::TaskProfile& task = *tasks[i];
    out += fmt::format("  {:>8}  {} on {}, {} points, arithmetic alone {}", human_seconds(task.seconds), task.task,
                       to_string(task.kind), task.points, human_seconds(task.compute_seconds));
    const auto slowest = std::max_element(task.arguments.begin(), task.arguments.end(),
                                          [](const auto& a, const auto& b) { return a.seconds < b.seconds; });
    if (slowest != task.arguments.end() && slowest->seconds > 0) {
      out += fmt::format("; slowest argument {} in {}: {} for {}", slowest->argument, to_string(slowest->memory),
                         human_seconds(slowest->seconds), human_bytes(static_cast<double>(slowest->bytes)));
    }
    out += "\n";
  }
}

std::string top(const std::vector<engine::NamedBytes>& rows) {
  std::vector<std::string> parts;
  for (const engine::NamedBytes& row : rows) {
    if (row.bytes == 0 || parts.size() == 4) break;
    parts.push_back(fmt::format("{} {}", row.name, human_bytes(static_cast<double>(row.bytes))));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

void bytes_section(std::string& out, const Execution& execution) {
  const engine::BytesMoved& moved = execution.moved;
  if (moved.total == 0) {
    out += "Bytes moved between memories: none\n";
    return;
  }
  out += fmt::format("Bytes moved between memories: {} ({} inside nodes, {} between nodes)\n",
                     human_bytes(static_cast<double>(moved.total)), human_bytes(static_cast<double>(moved.intra_node)),
                     human_bytes(static_cast<double>(moved.inter_node)));
  if (const std::string regions = top(moved.by_region); !regions.empty()) out += fmt::format("  by region: {}\n", regions);
  if (const std::string channels = top(moved.by_channel); !channels.empty()) out += fmt::format("  by channel: {}\n", channels);
}

void channel_section(std::string& out, const Execution& execution) {
  std::vector<std::string> parts;
  for (const engine::Profile::ChannelUse& use : execution.profile.channels) {
    if (parts.size() == 4 || use.busy_seconds <= 0) break;
    parts.push_back(fmt::format("{} {} of the run", use.channel, percent(use.busy_seconds, execution.makespan)));
  }
  if (!parts.empty()) out += fmt::format("Busiest channels: {}\n", fmt::join(parts, ", "));
}

void memory_section(std::string& out, const Execution& execution) {
  if (execution.memory_peak.empty()) return;
  std::vector<engine::MemoryUse> uses = execution.memory_peak;
  const auto share = [](const engine::MemoryUse& u) {
    return u.capacity > 0 ? static_cast<double>(u.bytes) / static_cast<double>(u.capacity) : 0.0;
  };
  std::stable_sort(uses.begin(), uses.end(), [&](const auto& a, const auto& b) { return share(a) > share(b); });
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min<std::size_t>(uses.size(), 4); ++i) {
    const double full = 100 * share(uses[i]);
    parts.push_back(fmt::format("{} {} of {} ({} %)", uses[i].memory, human_bytes(static_cast<double>(uses[i].bytes)),
                                human_bytes(static_cast<double>(uses[i].capacity)), full < 1 ? "<1" : fmt::format("{:.0f}", full)));
  }
  out += fmt::format("Memory peaks: {}{}\n", fmt::join(parts, ", "), uses.size() > 4 ? ", ..." : "");
}

void processor_section(std::string& out, const Execution& execution) {
  struct Load {
    std::int64_t used = 0, points = 0;
    double sum = 0, most = 0, least = 0;
    std::string busiest;
  };
  std::map<ProcessorKind, Load> loads;
  for (const engine::ProcessorUse& use : execution.processors) {
    if (use.points == 0) continue;
    Load& load = loads[use.kind];
    if (load.used == 0 || use.busy_seconds > load.most) {
      load.most = use.busy_seconds;
      load.busiest = use.name;
    }
    load.least = load.used == 0 ? use.busy_seconds : std::min(load.least, use.busy_seconds);
    ++load.used;
    load.points += use.points;
    load.sum += use.busy_seconds;
  }
  for (const auto& [kind, load] : loads) {
    const double mean = load.sum / static_cast<double>(load.used);
    out += fmt::format("{} processors in use: {}, {} points, busy {} of the run on average (busiest {} {}, least busy {})\n",
                       to_string(kind), load.used, load.points, percent(mean, execution.makespan), load.busiest,
                       human_seconds(load.most), human_seconds(load.least));
  }
}

}  // namespace

std::string describe_share(const CriticalShare& share) {
  const std::string in = share.task.empty() ? "" : fmt::format(" in `{}`", share.task);
  const std::string for_task = share.task.empty() ? "" : fmt::format(" for `{}`", share.task);
  const std::string detail = share.detail.empty() ? "" : fmt::format(" of `{}`", share.detail);
  const std::string over = share.detail.empty() ? "" : fmt::format(" over {}", share.detail);
  switch (share.what) {
    case CriticalShare::What::Compute: return fmt::format("arithmetic{}", in);
    case CriticalShare::What::Memory: return fmt::format("memory traffic{}{}", detail, in);
    case CriticalShare::What::Copy: return fmt::format("copies{}{}", over, for_task);
    case CriticalShare::What::Fold: return fmt::format("folding reductions{}{}", over, for_task);
    case CriticalShare::What::Mapping: return fmt::format("mapping and analysis{}", share.task.empty() ? "" : fmt::format(" of `{}`", share.task));
    case CriticalShare::What::Launch: return fmt::format("starting tasks{}", share.task.empty() ? "" : fmt::format(": `{}`", share.task));
    case CriticalShare::What::Wait: return fmt::format("waiting for a processor{}", for_task);
  }
  return "";
}

std::string explain_profile(const Execution& execution, const Context& context) {
  const double total = critical_total(execution);
  if (total <= 0) return "";
  const CriticalShare& first = execution.profile.critical.front();
  return fmt::format("{} of the critical path is {} ({}).", percent(first.seconds, total), describe_share(first),
                     describe_statement(first.statement, context.mapper));
}

std::string profile_text(const Execution& execution, const Context& context) {
  std::string out;
  if (execution.makespan > 0) {
    out += fmt::format("Timed window {}, whole run {}\n", human_seconds(execution.seconds), human_seconds(execution.makespan));
  }
  critical_section(out, execution, context);
  task_section(out, execution);
  if (execution.moved.total > 0 || !execution.memory_peak.empty()) bytes_section(out, execution);
  channel_section(out, execution);
  memory_section(out, execution);
  processor_section(out, execution);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

}  // namespace mapwright::guide
