#include "search/structure.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <set>

namespace mapwright::search {

namespace {

bool is_identifier(std::string_view word) {
  if (word.empty() || std::isdigit(static_cast<unsigned char>(word.front()))) return false;
  return std::all_of(word.begin(), word.end(),
                     [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

// A name as the language writes it; empty when no text can hold it.
std::string written_name(std::string_view name, bool dotted) {
  bool plain = !processor_kind(name) && !name.empty() && name.back() != '.';
  for (std::size_t from = 0; plain && from <= name.size();) {
    const std::size_t dot = std::min(name.find('.', from), name.size());
    if (!is_identifier(name.substr(from, dot - from)) || (dot < name.size() && !dotted)) plain = false;
    from = dot + 1;
  }
  if (plain) return std::string(name);
  const bool quotable = std::none_of(name.begin(), name.end(), [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
  });
  return quotable && !name.empty() ? "\"" + std::string(name) + "\"" : std::string();
}

using Launches = std::vector<const program::Launch*>;

// Whether `name` can only mean position `position` in every launch of a task.
bool unmistakable(const program::Program& program, const Launches& launches, std::size_t position, std::string_view name) {
  for (const program::Launch* launch : launches) {
    for (std::size_t i = 0; i < launch->arguments.size(); ++i) {
      const program::Argument& a = launch->arguments[i];
      const bool own = a.name == name;
      if (i == position) {
        if (!own) return false;
      } else if (own || program.regions[a.region.value].name == name ||
                 (a.partition && program.partitions[a.partition->value].name == name)) {
        return false;
      }
    }
    if (launch->arguments.size() <= position) return false;
  }
  return true;
}

ArgumentInfo describe_argument(const program::Program& program, const Launches& launches, std::size_t position) {
  ArgumentInfo info;
  for (const program::Launch* launch : launches) {
    if (position >= launch->arguments.size()) continue;
    const program::Argument& a = launch->arguments[position];
    const program::Region& region = program.regions[a.region.value];
    const DataId data {a.region, a.partition};
    if (std::find(info.data.begin(), info.data.end(), data) == info.data.end()) info.data.push_back(data);
    std::int64_t bytes = 0;
    for (const program::FieldIndex f : a.fields) bytes += region.fields[f].bytes;
    info.bytes_per_point = std::max(info.bytes_per_point, bytes);
    info.dim = std::max(info.dim, region.points.dim());
    info.fields = std::max(info.fields, region.fields.size());
    info.mapped |= a.privilege != program::Privilege::None;
    info.read_only |= a.privilege == program::Privilege::Read;
  }
  info.written = std::to_string(position);
  for (const program::Launch* launch : launches) {
    if (position >= launch->arguments.size()) continue;
    const std::string& own = launch->arguments[position].name;
    const std::string text = written_name(own, false);
    if (!text.empty() && unmistakable(program, launches, position, own)) info.written = text;
    break;
  }
  return info;
}

void describe_domains(TaskInfo& info, const Launches& launches) {
  bool first = true;
  for (const program::Launch* launch : launches) {
    if (!launch->index) {
      info.single = true;
      continue;
    }
    info.index = true;
    if (launch->domain.empty()) continue;
    if (first) {
      info.dim = launch->domain.dim();
      info.extents.assign(static_cast<std::size_t>(info.dim), 1);
      first = false;
    }
    if (launch->domain.dim() != info.dim) info.dim = 0;
    if (info.dim == 0) continue;
    for (int d = 0; d < info.dim; ++d) {
      std::int64_t& extent = info.extents[static_cast<std::size_t>(d)];
      extent = std::max(extent, launch->domain.extent(d));
    }
    if (info.dim == 1) info.fold_base = std::gcd(info.fold_base, launch->domain.extent(0));
  }
}

}  // namespace

MemoryKind default_memory(ProcessorKind kind) {
  switch (kind) {
    case ProcessorKind::Gpu: return MemoryKind::FbMem;
    case ProcessorKind::Omp: return MemoryKind::SockMem;
    default: return MemoryKind::SysMem;
  }
}

bool can_address(const machine::Machine& machine, ProcessorKind kind, MemoryKind memory) {
  const auto processor = machine.find(kind, machine::SpaceId(0), 0);
  return processor && !machine.addressable(*processor, memory).empty();
}

std::vector<TaskInfo> launched_tasks(const program::Program& program, const machine::Machine& machine) {
  const std::vector<program::Program::Site> sites = program.sites();
  std::vector<Launches> launches(program.tasks.size());
  std::vector<std::set<std::optional<std::uint32_t>>> parents(program.tasks.size());
  std::vector<double> executions(program.tasks.size(), 0);
  for (const program::Program::Site& site : sites) {
    launches[site.launch->task.value].push_back(site.launch);
    auto count = static_cast<double>(site.launch->domain.volume());
    for (const program::Launch* parent : site.parents) count *= static_cast<double>(parent->domain.volume());
    for (const program::Loop* loop : site.loops) count *= static_cast<double>(loop->count);
    executions[site.launch->task.value] += count;
    parents[site.launch->task.value].insert(
        site.parents.empty() ? std::nullopt : std::optional(site.parents.back()->task.value));
  }

  std::vector<TaskInfo> tasks;
  std::vector<std::optional<std::size_t>> position(program.tasks.size());
  for (std::size_t t = 0; t < program.tasks.size(); ++t) {
    if (launches[t].empty()) continue;
    TaskInfo info;
    info.id = program::TaskId(t);
    info.written = written_name(program.tasks[t].name, true);
    info.expressible = !info.written.empty();
    for (const ProcessorKind kind : kDefaultKinds) {
      if (machine.processors_per_space(kind) > 0 && program.variant(info.id, kind)) info.kinds.push_back(kind);
    }
    if (info.kinds.empty()) continue;
    describe_domains(info, launches[t]);
    info.executions = executions[t];
    std::size_t arguments = 0;
    for (const program::Launch* l : launches[t]) arguments = std::max(arguments, l->arguments.size());
    for (std::size_t a = 0; a < arguments; ++a) info.arguments.push_back(describe_argument(program, launches[t], a));
    position[t] = tasks.size();
    tasks.push_back(std::move(info));
  }
  for (TaskInfo& info : tasks) {
    const auto& above = parents[info.id.value];
    info.nested = !above.contains(std::nullopt);
    if (info.nested && above.size() == 1) info.parent = position[**above.begin()];
  }
  return tasks;
}

}  // namespace mapwright::search
