// mapwright init --program P: a commented starting mapper that lists everything there is to decide.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "driver/commands.h"
#include "driver/inputs.h"

namespace mapwright::driver {

namespace {

std::string launch_comment(const program::Program& program, const program::Program::Site& site) {
  const program::Launch& launch = *site.launch;
  const program::Task& task = program.tasks[launch.task.value];
  std::vector<std::string> kinds, arguments;
  for (const program::Variant& v : task.variants) kinds.emplace_back(to_string(v.kind));
  for (const program::Argument& a : launch.arguments) {
    const std::string partition = a.partition ? program.partitions[a.partition->value].name : "";
    const std::string& region = program.regions[a.region.value].name;
    std::string text = guide::name_in_mapper(a.name);
    if (!partition.empty() && partition != a.name) text += fmt::format(" = {}", partition);
    if (region != a.name) text += fmt::format(" of {}", region);
    arguments.push_back(text);
  }
  std::string out = fmt::format("#   {}, {}; variants {}\n", guide::name_in_mapper(task.name),
                                launch.index ? fmt::format("index launch over {}", to_string(launch.domain)) : "single task",
                                fmt::join(kinds, ", "));
  for (std::size_t i = 0; i < arguments.size(); ++i) out += fmt::format("#     {}: {}\n", i, arguments[i]);
  return out;
}

}  // namespace

int init(const Options& options, Console& console) {
  const OrExit<Target> target = load_target(options, console);
  if (!target) return target.error();
  const program::Program& program = target->program;
  const machine::Machine& machine = target->machine;

  std::string text = fmt::format("# A starting mapper for {} on {}. Every statement below says what happens without it,\n"
                                 "# so change one at a time: `mapwright run --program {} --mapper FILE`.\n\n",
                                 program.name, machine.name(), options.program);
  text += "# Tasks with their launches and arguments (a statement names an argument by name, partition, region or position):\n";
  const std::vector<program::Program::Site> sites = program.sites();
  std::set<std::string> seen;
  for (const program::Program::Site& site : sites) {
    const std::string comment = launch_comment(program, site);
    if (seen.insert(comment).second) text += comment;
  }
  text += "\n# Kinds of processors in order of preference.\nTask * GPU,OMP,CPU;\n\n";
  text += "# Memories of arguments: the first that exists, is addressable and has room.\n"
          "Region * * GPU FBMEM;\nRegion * * OMP SOCKMEM,SYSMEM;\nRegion * * CPU SYSMEM;\n\n";
  text += "# Layouts: SOA or AOS, C_order or F_order, Align==BYTES. A variant's own demand wins when nothing is said.\n"
          "# Layout * * * SOA F_order;\n\n";
  // The example is about a launch that runs on the kind of processor that the machine is used for.
  const ProcessorKind kind = machine.processors_per_space(ProcessorKind::Gpu) > 0 ? ProcessorKind::Gpu : ProcessorKind::Cpu;
  const auto site = std::find_if(sites.begin(), sites.end(), [&](const auto& s) {
    return s.launch->index && program.variant(s.launch->task, kind) != nullptr;
  });
  const std::string task = site == sites.end() ? "TASK" : guide::name_in_mapper(program.tasks[site->launch->task.value].name);
  text += "# Placement: a function from the launch point to a processor. This one deals blocks of points to processors.\n";
  text += fmt::format("# m = Machine({});\n"
                      "# def blocks(Task t) {{\n"
                      "#   flat = m.merge(0, 1);\n"
                      "#   return flat[t.ipoint[0] * flat.size[0] / t.ispace[0]];\n"
                      "# }}\n"
                      "# IndexTaskMap {} blocks;\n\n",
                      to_string(kind), task);
  text += fmt::format("# At most so many points of a task mapped and unfinished at a time, and read-only data given up early.\n"
                      "# InstanceLimit {} 4;\n# CollectMemory {} *;\n",
                      task, task);
  if (options.out.empty() || options.out == "-") {
    console.out(text);
    return kOk;
  }
  if (const Expected<void> written = write_file(options.out, text); !written) return console.fail(written.error());
  return kOk;
}

}  // namespace mapwright::driver
