// driver/inputs.h - from what the command line names to the values that stages take: program, machine, mapper, engine.
// Everything here reports its own errors on the console and returns an exit status instead of the value.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/apps.h"
#include "driver/console.h"
#include "driver/options.h"
#include "engine/engine.h"
#include "engine/sim/sim.h"
#include "guide/guide.h"
#include "machine/machine.h"
#include "program/program.h"
#include "sema/sema.h"

namespace mapwright::driver {

// A value, or the exit status of the command that could not get it.
template <typename T>
using OrExit = tl::expected<T, int>;

// A program on a machine. The machine has the ranks per node that the program was published with.
struct Target {
  program::Program program;
  machine::Machine machine;
  std::string preset;              // empty for program files
  diag::SourcePtr reference;       // text of the reference mapper; null when none is known
};

// A description of this host, measured for about `seconds`; for the engine `legion` without the GPUs and the memories that
// Legion has only beside GPUs.
Expected<std::string> describe_this_host(const std::string& engine, double seconds);

OrExit<machine::Machine> load_machine(const Options& options, Console& console);

// Needs --program, except that the engine `command` can do without where the command says so. The preset defaults to `host` for the host engine and to `paper` otherwise.
OrExit<Target> load_target(const Options& options, Console& console);

// The same for commands that plan: also refuses what this host has not the memory for, and warns when it takes long.
OrExit<Target> load_target_to_plan(const Options& options, Console& console);

// The text of a mapper by the name it has on the command line: a file, - (standard input), or `expert`, `default`,
// `random`, `random:SEED`. `target` may be null; then only files and `default` are known.
OrExit<diag::SourcePtr> load_mapper(const std::string& name, const Target* target, Console& console);

// Compiles; reports diagnostics. kMapperFailed when there are errors.
OrExit<sema::Mapper> compile_mapper(const diag::SourcePtr& source, Console& console);

OrExit<std::unique_ptr<engine::Engine>> make_engine(const Options& options, Console& console);
// --sharing.
engine::sim::Sharing sharing_of(const Options& options);

// The simulator that predicts for --screen, and how many proposals for each execution.
struct Screening {
  std::unique_ptr<engine::Engine> engine;
  std::int64_t proposals = 0;
};
// Without an engine when there is no --screen.
OrExit<Screening> make_screen(const Options& options, Console& console);

// The shipped rules, then those of --rules.
OrExit<guide::Rules> load_rules(const Options& options, Console& console);

// Everything about the engine that decides a result, for journals: "sharing" -> "fair", ...
std::map<std::string, std::string> engine_settings(const Options& options);

// One execution with the command line's time limit.
Expected<engine::Execution> execute(engine::Engine& engine, const Target& target, const diag::SourcePtr& mapper,
                                    const Options& options, bool profile = true);

}  // namespace mapwright::driver
