#include "driver/inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/memory.h"
#include "driver/overheads.h"
#include "engine/command/command.h"
#include "engine/executor/executor.h"
#include "engine/host/host.h"
#include "program/calibration.h"
#include "search/search.h"

namespace mapwright::driver {

namespace {

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

constexpr const char* kThisHost = "host";
constexpr double kDetectSeconds = 0.3;

// Sections of a machine description that are about what a Legion without GPUs does not have.
bool about_gpus(std::string_view section) {
  constexpr std::string_view kSections[] = {"processors.GPU]", "topology.device_copy]", "topology.host_link]", "topology.peer_link]", "topology.peer_path]", "access.GPU"};
  const auto starts = [&](std::string_view s) { return section.starts_with(s); };
  const std::string_view name = section.substr(0, section.find(']'));
  return std::any_of(std::begin(kSections), std::end(kSections), starts) || name.ends_with(".ZCMEM") || name.ends_with(".FBMEM");
}

OrExit<machine::Machine> load_machine(const Options& options, const machine::Overrides& overrides, Console& console) {
  diag::Sink sink;
  std::string name = options.machine, text = options.machine_text;
  if (options.engine == "legion" && !options.machine_given && text.empty()) name = kThisHost;
  if (name == kThisHost && text.empty()) {
    Expected<std::string> detected = describe_this_host(options.engine, kDetectSeconds);
    if (!detected) return tl::unexpected(console.fail(detected.error()));
    text = *std::move(detected);
  }
  std::optional<machine::Machine> machine = text.empty() ? machine::load_machine(name, overrides, sink)
                                                         : machine::read_machine(diag::make_source(name, text), overrides, sink);
  console.report(sink);
  if (machine) return *std::move(machine);
  for (const diag::Diagnostic& d : sink.all()) {
    if (d.severity == diag::Severity::Error) return tl::unexpected(status_of(d.code));
  }
  return tl::unexpected(kEnvironment);
}

OrExit<program::Program> import_program(const std::string& path, Console& console) {
  Expected<std::string> text = read_file(path);
  if (!text) return tl::unexpected(console.fail(text.error()));
  diag::Sink sink;
  std::optional<program::Program> program = program::import_json(diag::make_source(path, *std::move(text)), sink);
  console.report(sink);
  if (!program) return tl::unexpected(kEnvironment);
  return *std::move(program);
}

OrExit<program::Program> build_program(const Options& options, const machine::Machine& machine, const std::string& preset,
                                       Console& console) {
  apps::Choice choice;
  choice.preset = preset;
  choice.set = options.set;
  choice.nodes = machine.nodes();
  // Sizes go by the GPUs; where there are none, by the processors that do the work instead.
  for (const ProcessorKind kind : {ProcessorKind::Gpu, ProcessorKind::Omp, ProcessorKind::Cpu}) {
    choice.gpus = machine.processors_per_space(kind) * std::int64_t {machine.ranks_per_node()};
    if (choice.gpus > 0) break;
  }
  Expected<program::Program> program = apps::build(options.program, choice);
  if (!program) return tl::unexpected(console.fail(program.error()));
  return *std::move(program);
}

// Puts the measured times of a file into a program.
int calibrate_from(const std::string& path, program::Program& program, Console& console) {
  Expected<std::string> text = read_file(path);
  if (!text) return console.fail(text.error());
  diag::Sink sink;
  const std::optional<program::Calibration> calibration = program::import_calibration(diag::make_source(path, *std::move(text)), sink);
  console.report(sink);
  if (!calibration) return kEnvironment;
  const Expected<void> applied = program::apply(*calibration, program);
  return applied ? kOk : console.fail(applied.error());
}

// What an external command reports is measured by the options, not by the description of the program.
void set_metric(program::Program& program, const Options& options) {
  program.metric.name = options.metric_name;
  program.metric.unit = options.metric_unit;
  program.metric.higher_is_better = options.higher_is_better;
}

std::unique_ptr<engine::Engine> make_simulator(const Options& options) { return engine::sim::make_engine({.sharing = sharing_of(options)}); }

}  // namespace

engine::sim::Sharing sharing_of(const Options& options) { return options.sharing == "fifo" ? engine::sim::Sharing::Fifo : engine::sim::Sharing::Fair; }

Expected<std::string> describe_this_host(const std::string& engine, double seconds) {
  Expected<std::string> toml = machine::detect_machine(measure_overheads(), seconds);
  if (!toml || engine != "legion") return toml;
  std::string out;
  std::string_view rest = *toml;
  bool keep = true;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, std::min(rest.size() - 1, rest.find('\n')) + 1);
    rest.remove_prefix(line.size());
    if (line.starts_with("[")) keep = !about_gpus(line.substr(1));
    if (keep) out += line;
  }
  return out;
}

OrExit<machine::Machine> load_machine(const Options& options, Console& console) {
  return load_machine(options, options.overrides, console);
}

OrExit<Target> load_target(const Options& options, Console& console) {
  const bool external = options.engine == "command";
  if (options.program.empty() && !(external && options.program_optional)) {
    const char* const option = options.programs.empty() ? "--program" : "--programs";
    return tl::unexpected(console.usage("no program given", fmt::format("add `{} NAME`; `mapwright programs` lists them", option)));
  }
  const bool file = ends_with(options.program, ".json");
  if (file && (!options.preset.empty() || !options.set.empty())) {
    return tl::unexpected(console.usage("a program file has no presets and parameters", "drop --preset and --set"));
  }
  const std::string preset = file ? "" : !options.preset.empty() ? options.preset : options.engine == "host" || options.engine == "legion" ? "host" : "paper";
  if (!file && !options.program.empty()) {  // before a machine is measured
    if (const Expected<void> known = apps::check(options.program, {.preset = preset, .set = options.set}); !known) return tl::unexpected(console.fail(known.error()));
  }
  OrExit<machine::Machine> machine = load_machine(options, console);
  if (!machine) return tl::unexpected(machine.error());
  if (options.program.empty()) {
    Target target {{}, *std::move(machine), {}, nullptr};
    target.program.name = "external";
    set_metric(target.program, options);
    return target;
  }
  OrExit<program::Program> program =
      file ? import_program(options.program, console) : build_program(options, *machine, preset, console);
  if (!program) return tl::unexpected(program.error());
  if (program->ranks_per_node > 1) {
    machine::Overrides overrides = options.overrides;
    overrides.ranks_per_node = program->ranks_per_node;
    machine = load_machine(options, overrides, console);
    if (!machine) return tl::unexpected(machine.error());
  }
  if (external) set_metric(*program, options);
  if (!options.calibration.empty()) {
    if (const int status = calibrate_from(options.calibration, *program, console); status != kOk) return tl::unexpected(status);
  }
  diag::SourcePtr reference;
  if (!program->reference_mapper.empty()) reference = diag::make_source("expert", program->reference_mapper);
  return Target {*std::move(program), *std::move(machine), preset, std::move(reference)};
}

OrExit<Target> load_target_to_plan(const Options& options, Console& console) {
  OrExit<Target> target = load_target(options, console);
  if (!target || options.engine == "command") return target;
  constexpr std::int64_t kMany = 2'000'000;
  constexpr double kTasksPerSecond = 200'000;  // docs/models/plan-time.md, Speed
  const plan::Effort effort = plan::effort(target->program);
  const auto usable = static_cast<double>(usable_memory());
  if (effort.bytes <= usable && effort.tasks < kMany) return target;
  const std::string size = fmt::format("{} million point tasks of `{}` are planned one by one", effort.tasks / 1'000'000, target->program.name);
  diag::Diagnostic d;
  d.help = target->preset.empty() ? "make fewer points in the program file" : "choose smaller counts with --set or --preset, or fewer nodes";
  if (effort.bytes > usable) {
    d.code = diag::kProgramTooLarge;
    d.message = fmt::format("{}, which takes {}; this host has {} left", size, human_bytes(effort.bytes), human_bytes(usable));
  } else {
    d.code = diag::kLargeProgram;
    d.severity = diag::Severity::Warning;
    d.message = fmt::format("{}, which takes about {:.0f} seconds for each mapper, and {}", size, static_cast<double>(effort.tasks) / kTasksPerSecond,
                            human_bytes(effort.bytes));
  }
  if (d.severity == diag::Severity::Error || !console.quiet()) console.report({d});
  if (d.severity == diag::Severity::Error) return tl::unexpected(status_of(d.code));
  return target;
}

OrExit<diag::SourcePtr> load_mapper(const std::string& name, const Target* target, Console& console) {
  if (name == "default") return diag::make_source("default", "");
  if (name == "expert") {
    if (!target) return tl::unexpected(console.usage("`expert` needs a program", "add `--program NAME`"));
    if (!target->reference) {
      return tl::unexpected(console.usage(fmt::format("program `{}` has no expert mapper", target->program.name)));
    }
    return target->reference;
  }
  if (name == "random" || name.rfind("random:", 0) == 0) {
    if (!target) return tl::unexpected(console.usage("`random` needs a program", "add `--program NAME`"));
    std::uint64_t seed = 1;
    if (name != "random") {
      const char* const begin = name.data() + 7;
      const char* const end = name.data() + name.size();
      const auto [at, error] = std::from_chars(begin, end, seed);
      if (error != std::errc() || at != end) {
        return tl::unexpected(console.usage(fmt::format("`{}` has no seed that is a number", name), "such as random:7"));
      }
    }
    const search::SearchSpace space(target->program, target->machine, search::Mode::Valid);
    return diag::make_source(fmt::format("random:{}", seed), search::random_mapper(space, seed));
  }
  Expected<std::string> text = read_file(name);
  if (!text) return tl::unexpected(console.fail(text.error()));
  return diag::make_source(name == "-" ? "<stdin>" : name, *std::move(text));
}

OrExit<sema::Mapper> compile_mapper(const diag::SourcePtr& source, Console& console) {
  diag::Sink sink;
  sema::Mapper mapper = sema::compile(source, sink);
  console.report(sink);
  if (sink.has_errors()) return tl::unexpected(kMapperFailed);
  return mapper;
}

OrExit<guide::Rules> load_rules(const Options& options, Console& console) {
  guide::Rules rules = guide::Rules::shipped();
  if (options.rules.empty()) return rules;
  Expected<std::string> text = read_file(options.rules, 1 << 20);
  if (!text) return tl::unexpected(console.fail(text.error()));
  diag::Sink sink;
  const std::optional<guide::Rules> more = guide::Rules::read(diag::make_source(options.rules, *std::move(text)), sink);
  console.report(sink);
  if (!more) return tl::unexpected(kEnvironment);
  rules.append(*more);
  return rules;
}

OrExit<std::unique_ptr<engine::Engine>> make_engine(const Options& options, Console& console) {
  if (options.engine != "legion" && (!options.launcher.empty() || !options.legion_args.empty())) {
    return tl::unexpected(console.usage("`--launcher` and `--legion-args` belong to `--engine legion`"));
  }
  if (options.engine != "command" && !options.command.empty()) {
    return tl::unexpected(console.usage("`--command` belongs to `--engine command`"));
  }
  if (options.engine == "sim") return make_simulator(options);
  if (options.engine == "host") {
    engine::host::Options host;
    host.emulate_gpu = options.emulate_gpu;
    return engine::command::make_isolated(engine::host::make_engine(host));
  }
  if (options.engine == "legion") {
    std::error_code ignored;
    Expected<std::string> executor = engine::executor::find_executor(std::filesystem::read_symlink("/proc/self/exe", ignored).string());
    if (!executor) return tl::unexpected(console.fail(executor.error()));
    engine::executor::Options legion;
    legion.executable = *std::move(executor);
    legion.launcher = options.launcher;
    legion.legion_args = options.legion_args;
    return engine::executor::make_engine(std::move(legion));
  }
  if (options.command.empty()) {
    return tl::unexpected(console.usage("`--engine command` needs `--command`", "such as --command './app -mapwright:mapper {mapper}'"));
  }
  engine::command::Options command;
  command.command = options.command;
  if (!options.metric.empty()) command.metric = options.metric;
  command.name = options.metric_name;
  command.unit = options.metric_unit;
  command.higher_is_better = options.higher_is_better;
  Expected<std::unique_ptr<engine::Engine>> engine = engine::command::make_engine(command);
  if (!engine) return tl::unexpected(console.fail(engine.error()));
  return *std::move(engine);
}

OrExit<Screening> make_screen(const Options& options, Console& console) {
  if (options.screen.empty()) return Screening {};
  constexpr std::int64_t kMost = 10000;
  constexpr std::string_view kBegin = "sim:";
  const std::string_view word = options.screen;
  std::int64_t proposals = 0;
  const auto [at, error] = std::from_chars(word.data() + std::min(word.size(), kBegin.size()), word.data() + word.size(), proposals);
  if (!word.starts_with(kBegin) || error != std::errc() || at != word.data() + word.size() || proposals < 1 || proposals > kMost) {
    return tl::unexpected(console.usage(fmt::format("`--screen {}` is not sim:K with K from 1 to {}", word, kMost),
                                        "such as --screen sim:20: of 20 proposals, the one that the simulator ranks first is executed"));
  }
  if (options.engine == "sim") {
    return tl::unexpected(console.usage("`--screen` predicts with the simulator, which is the engine here already",
                                        "name the engine that executes, such as --engine legion, or drop --screen"));
  }
  return Screening {make_simulator(options), proposals};
}

std::map<std::string, std::string> engine_settings(const Options& options) {
  std::map<std::string, std::string> out;
  if (options.engine == "sim" || !options.screen.empty()) out["sharing"] = options.sharing;
  if (!options.screen.empty()) out["screen"] = options.screen;
  if (options.engine == "host") out["emulate_gpu"] = options.emulate_gpu ? "yes" : "no";
  if (options.engine == "legion") {
    out["launcher"] = options.launcher;
    out["legion_args"] = options.legion_args;
  }
  if (options.engine == "command") {
    out["command"] = options.command;
    out["metric"] = options.metric;
    out["higher_is_better"] = options.higher_is_better ? "yes" : "no";
  }
  if (options.timeout) out["timeout"] = fmt::format("{}", *options.timeout);
  return out;
}

Expected<engine::Execution> execute(engine::Engine& engine, const Target& target, const diag::SourcePtr& mapper,
                                    const Options& options, bool profile) {
  engine::EvaluationRequest request;
  request.mapper = mapper;
  request.program = &target.program;
  request.machine = &target.machine;
  request.profile = profile;
  if (options.timeout) request.deadline = Seconds(*options.timeout);
  return engine.run(request);
}

}  // namespace mapwright::driver
