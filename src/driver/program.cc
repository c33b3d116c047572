// mapwright program export --program P: a program as a file; program graph --program P: its data flow as a picture;
// program import FILE: checks such a file and tells what it is.
#include <fmt/format.h>

#include "driver/commands.h"
#include "driver/data_flow.h"
#include "driver/inputs.h"
#include "driver/json.h"

namespace mapwright::driver {

namespace {

int write_result(const Options& options, Console& console, const std::string& text) {
  if (options.out.empty() || options.out == "-") {
    console.out(text);
    return kOk;
  }
  if (const Expected<void> written = write_file(options.out, text); !written) return console.fail(written.error());
  return kOk;
}

}  // namespace

int program_export(const Options& options, Console& console) {
  const OrExit<Target> target = load_target(options, console);
  if (!target) return target.error();
  return write_result(options, console, program::export_json(target->program));
}

int program_graph(const Options& options, Console& console) {
  const OrExit<Target> target = load_target(options, console);
  if (!target) return target.error();
  return write_result(options, console, data_flow_graph(target->program));
}

int program_import(const Options& options, Console& console) {
  const std::string& path = options.words[0];
  Expected<std::string> text = read_file(path);
  if (!text) return console.fail(text.error());
  diag::Sink sink;
  const std::optional<program::Program> program = program::import_json(diag::make_source(path, *std::move(text)), sink);
  console.report(sink);
  if (!program) return kEnvironment;
  if (console.json()) {
    Json out = object("program_import");
    out["name"] = program->name;
    out["hash"] = program->hash();
    out["tasks"] = program->tasks.size();
    out["regions"] = program->regions.size();
    out["point_tasks"] = program->point_tasks();
    out["reference_mapper"] = !program->reference_mapper.empty();
    console.out(to_text(out) + "\n");
  } else {
    console.out(fmt::format("{}: {} tasks, {} regions, {} partitions, {} point tasks; {} mapper of reference; hash {}\n",
                            program->name, program->tasks.size(), program->regions.size(), program->partitions.size(),
                            program->point_tasks(), program->reference_mapper.empty() ? "no" : "a", program->hash()));
  }
  return kOk;
}

}  // namespace mapwright::driver
