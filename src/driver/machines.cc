// mapwright machines: the machine models that ship; machines show NAME|FILE: one of them in words and figures; machines
// detect: a description of this host.
#include <fmt/format.h>

#include "driver/commands.h"
#include "driver/inputs.h"
#include "driver/json.h"
#include "driver/overheads.h"

namespace mapwright::driver {

int machines(const Options&, Console& console) {
  Json list = Json::array();
  Table table({"machine", "nodes", "GPU", "CPU", "OMP"});
  for (const std::string& name : machine::shipped_machine_names()) {
    diag::Sink sink;
    const std::optional<machine::Machine> machine = machine::load_machine(name, {}, sink);
    MW_CHECK(machine, "shipped machine {}", name);
    const auto count = [&](ProcessorKind kind) { return std::to_string(machine->processors_per_space(kind) * machine->ranks_per_node()); };
    table.add({name, std::to_string(machine->nodes()), count(ProcessorKind::Gpu), count(ProcessorKind::Cpu), count(ProcessorKind::Omp)});
    list.push_back(machine_json(*machine));
  }
  if (console.json()) {
    Json out = object("machines");
    out["machines"] = list;
    console.out(to_text(out) + "\n");
  } else {
    console.out(table.text());
  }
  return kOk;
}

int machines_detect(const Options& options, Console& console) {
  const bool to_file = !options.out.empty() && options.out != "-";
  if (to_file) {
    if (const Expected<void> writable = check_writable(options.out); !writable) return console.fail(writable.error());
  }
  console.progress("measuring this host");
  const Expected<std::string> toml = machine::detect_machine(measure_overheads());
  console.end_progress();
  if (!toml) return console.fail(toml.error());
  if (!to_file) {
    console.out(*toml);
    return kOk;
  }
  if (const Expected<void> written = write_file(options.out, *toml); !written) return console.fail(written.error());
  return kOk;
}

int machines_show(const Options& options, Console& console) {
  Options with_name = options;
  with_name.machine = options.words[0];
  const OrExit<machine::Machine> machine = load_machine(with_name, console);
  if (!machine) return machine.error();
  if (!console.json()) {
    console.out(machine::describe(*machine));
    return kOk;
  }
  Json out = object("machine");
  out["machine"] = machine_json(*machine);
  out["memories"] = Json::array();
  for (std::size_t i = 0; i < machine->memories().size(); ++i) {
    const machine::MemoryId id {i};
    out["memories"].push_back(Json {{"name", machine->memory_name(id)},
                                    {"kind", to_string((*machine)[id].kind)},
                                    {"node", (*machine)[id].node},
                                    {"capacity", (*machine)[id].capacity.value}});
  }
  out["channels"] = Json::array();
  for (const machine::Channel& c : machine->channels()) {
    out["channels"].push_back(Json {{"name", c.name}, {"bytes_per_second", c.bandwidth.value}});
  }
  console.out(to_text(out) + "\n");
  return kOk;
}

}  // namespace mapwright::driver
