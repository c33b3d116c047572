#include "engine/executor/parity.h"

#include <map>
#include <nlohmann/json.hpp>

namespace mapwright::engine::executor {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostListed = 8;

// What is compared of a point task: two equal lines are the same decisions.
std::string line(std::string_view task, const std::string& point, std::string_view kind, std::int64_t space, std::int64_t index, const std::string& arguments) {
  return fmt::format("{} {} on {} {} of address space {}{}", task, point, kind, index, space, arguments);
}

using Counts = std::map<std::string, std::int64_t>;

Counts planned(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine) {
  std::vector<const program::Launch*> launches(program.launch_count);
  for (const program::Program::Site& s : program.sites()) launches[s.launch->id.value] = s.launch;
  Counts out;
  for (const plan::Op& op : plan.ops) {
    if (op.kind != plan::OpKind::Task) continue;
    const plan::LaunchRecord& record = plan.records[op.record];
    const program::Launch& l = *launches[record.launch.value];
    const plan::LaunchDecision& decision = plan.decisions->launches[record.decision];
    std::string arguments;
    for (std::size_t i = 0; i < l.arguments.size(); ++i) {
      if (l.arguments[i].privilege == program::Privilege::None) continue;
      const plan::InstanceId id = plan.task_arguments[op.detail + i].instance;
      if (id.value != plan::kNone) {
        const plan::Instance& instance = plan.instances[id.value];
        arguments += fmt::format(", {} in {} {}", i, to_string(machine[instance.memory].kind), plan::to_string(instance.layout));
      } else if (decision.arguments[i].is_virtual) {
        arguments += fmt::format(", {} in VIRTUAL", i);
      }
    }
    const machine::Processor& p = machine[plan::ProcessorId(op.b)];
    const std::string point = l.index ? to_string(l.domain.delinearize(op.a)) : "single";
    ++out[line(program.tasks[l.task.value].name, point, to_string(p.kind), p.space.value, p.index, arguments)];
  }
  return out;
}

void add_logged(const Json& j, const program::Program& program, Counts& out) {
  if (j.at("event") != "task") return;
  const auto task = j.at("task").get<std::string>();
  if (task == program.top_level && !program.find_task(task)) return;
  std::string point = "single";
  if (!j.at("point").is_null()) point = to_string(Point(j.at("point").get<std::vector<std::int64_t>>()));
  std::string arguments;
  for (const Json& a : j.at("arguments")) {
    const auto memory = a.at("memory").get<std::string>();
    const int position = a.at("position").get<int>();
    if (memory == "VIRTUAL") {
      arguments += fmt::format(", {} in VIRTUAL", position);
    } else if (a.at("bytes").get<std::int64_t>() > 0) {  // others have no points
      arguments += fmt::format(", {} in {} {}", position, memory, a.at("layout").get<std::string>());
    }
  }
  ++out[line(task, point, j.at("kind").get<std::string>(), j.at("node").get<std::int64_t>(), j.at("processor").get<std::int64_t>(), arguments)];
}

Expected<Counts> logged(std::string_view log, const program::Program& program) {
  Counts out;
  try {
    while (!log.empty()) {
      const std::size_t end = std::min(log.find('\n'), log.size());
      if (end > 0) add_logged(Json::parse(log.substr(0, end)), program, out);
      log.remove_prefix(std::min(end + 1, log.size()));
    }
  } catch (const Json::exception& e) {
    return failure(diag::kMalformedExecution, fmt::format("a log of decisions cannot be read: {}", e.what()));
  }
  return out;
}

}  // namespace

Expected<Parity> compare_decisions(const plan::Plan& plan, const program::Program& program, const machine::Machine& machine, std::string_view log) {
  const auto real = logged(log, program);
  if (!real) return tl::unexpected(real.error());
  Parity out;
  std::size_t more = 0;
  const auto differ = [&](std::string_view who, const std::string& what, std::int64_t times) {
    if (out.differences.size() < kMostListed) out.differences.push_back(fmt::format("{}: {}{}", who, what, times == 1 ? "" : fmt::format(" ({} times)", times)));
    else ++more;
  };
  const Counts ours = planned(plan, program, machine);
  for (const auto& [what, times] : ours) {
    const auto found = real->find(what);
    const std::int64_t theirs = found == real->end() ? 0 : found->second;
    out.points += std::min(times, theirs);
    if (times > theirs) differ("plan only", what, times - theirs);
  }
  for (const auto& [what, times] : *real) {
    const auto found = ours.find(what);
    const std::int64_t mine = found == ours.end() ? 0 : found->second;
    if (times > mine) differ("Legion only", what, times - mine);
  }
  if (more > 0) out.differences.push_back(fmt::format("and {} more", more));
  return out;
}

std::vector<std::string> compare_bytes(const BytesMoved& plan, const BytesMoved& real) {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> sums {{"between memories", {plan.total, real.total}},
                                                                    {"inside memories", {plan.inside, real.inside}},
                                                                    {"folded", {plan.folded, real.folded}}};
  for (const auto& [prefix, member] : {std::pair("of ", &BytesMoved::by_region), std::pair("from ", &BytesMoved::by_channel)}) {
    for (const NamedBytes& row : plan.*member) sums[prefix + row.name].first += row.bytes;
    for (const NamedBytes& row : real.*member) sums[prefix + row.name].second += row.bytes;
  }
  std::vector<std::string> out;
  for (const auto& [what, bytes] : sums) {
    if (bytes.first != bytes.second) out.push_back(fmt::format("bytes {}: plan {}, Legion {}", what, bytes.first, bytes.second));
  }
  return out;
}

}  // namespace mapwright::engine::executor
