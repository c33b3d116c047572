// The command line: which commands there are, which options each has, and how mistakes in it are told. The only file
// that includes CLI11; its exceptions end here.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <functional>
#include <span>

#include "driver/commands.h"
#include "driver/driver.h"
#include "driver/study.h"
#include "machine/bounds.h"
#include "search/search.h"

namespace mapwright::driver {

namespace {

// --- Options that several commands share.

// A word out of a list; the message names the nearest one.
CLI::Validator one_of(std::vector<std::string> words) {
  return CLI::Validator(
      [words](std::string& word) -> std::string {
        if (std::find(words.begin(), words.end(), word) != words.end()) return {};
        const std::optional<std::string> near = nearest(word, words);
        return fmt::format("`{}` is not one of {}{}", word, fmt::join(words, ", "),
                           near ? fmt::format("; did you mean `{}`?", *near) : "");
      },
      fmt::format("{}", fmt::join(words, "|")));
}

template <typename T>
CLI::Option* count(CLI::App& app, const char* name, std::optional<T>& target, const char* text, T low, T high) {
  return app.add_option_function<T>(name, [&target](const T& value) { target = value; }, text)->check(CLI::Range(low, high));
}

void output_options(CLI::App& app, Options& o) {
  app.add_flag("--json", o.console.json, "print one JSON object instead of text");
  app.add_flag("-q,--quiet", o.console.quiet, "no progress, warnings and advice");
  app.add_option_function<std::string>(
         "--color",
         [&o](const std::string& w) { o.console.color = w == "auto" ? When::Auto : w == "always" ? When::Always : When::Never; },
         "colour: auto looks at the terminal and NO_COLOR")
      ->check(one_of({"auto", "always", "never"}));
}

// `json` only where diagnostics are the result.
void format_option(CLI::App& app, Options& o, const std::vector<std::string>& formats) {
  app.add_option_function<std::string>(
         "--format",
         [&o](const std::string& w) { o.console.format = w == "text" ? Format::Text : w == "short" ? Format::Short : Format::Json; },
         "of diagnostics: with source lines, one line each, or JSON lines")
      ->check(one_of(formats));
}

void machine_options(CLI::App& app, Options& o) {
  app.add_option("--machine", o.machine, "a shipped machine model, FILE.toml, or `host`: this one, measured; legion: host if not given")
      ->each([&o](const std::string&) { o.machine_given = true; })
      ->capture_default_str();
  count<std::int64_t>(app, "--nodes", o.overrides.nodes, "number of nodes", 1, machine::kMaxNodes);
  count<std::int64_t>(app, "--gpus", o.overrides.gpus, "GPUs of a node", 0, machine::kMaxGpusPerNode);
  count<std::int64_t>(app, "--cpus", o.overrides.cpus, "CPU processors of a node", 1, machine::kMaxPerNode);
  count<std::int64_t>(app, "--omps", o.overrides.omps, "OMP processors of a node", 0, machine::kMaxPerNode);
}

CLI::Option* program_options(CLI::App& app, Options& o) {
  CLI::Option* const program = app.add_option("--program", o.program, "a shipped program or FILE.json");
  app.add_option("--preset", o.preset, "sizes of the program: test, host, paper or weak");
  app.add_option("--calibration", o.calibration, "FILE of measured times that `calibrate` made; used instead of costs");
  app.add_option_function<std::vector<std::string>>(
         "--set",
         [&o](const std::vector<std::string>& all) {
           for (const std::string& one : all) {
             const std::size_t at = one.find('=');
             if (at == std::string::npos || at == 0) throw CLI::ValidationError("--set", fmt::format("`{}` is not NAME=VALUE", one));
             o.set[one.substr(0, at)] = one.substr(at + 1);
           }
         },
         "NAME=VALUE: a parameter of the program; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  return program;
}

void legion_options(CLI::App& app, Options& o) {
  app.add_option("--launcher", o.launcher, "legion: words before the executor, such as 'mpirun -n {ranks}'");
  app.add_option("--legion-args", o.legion_args, "legion: further options of Legion, such as '-ll:util 2'");
}

void engine_options(CLI::App& app, Options& o) {
  app.add_option("--engine", o.engine, "what runs the mapper")->check(one_of({"sim", "host", "legion", "command"}))->capture_default_str();
  app.add_flag("--emulate-gpu", o.emulate_gpu, "host: run GPU points with their CPU kernels");
  app.add_option("--sharing", o.sharing, "sim: how copies share channels")->check(one_of({"fair", "fifo"}))->capture_default_str();
  legion_options(app, o);
  app.add_option("--command", o.command, "command: what to run; {mapper} is the file of the mapper");
  app.add_option("--metric", o.metric, "command: regular expression whose first group is the metric");
  app.add_option("--metric-name", o.metric_name, "command: name of the metric")->capture_default_str();
  app.add_option("--metric-unit", o.metric_unit, "command: unit of the metric")->capture_default_str();
  app.add_flag("--higher-is-better", o.higher_is_better, "command: of the metric");
  count<double>(app, "--timeout", o.timeout, "seconds that one execution may take", 1e-3, 1e7);
}

void mapper_option(CLI::App& app, Options& o) {
  app.add_option("--mapper", o.mapper, "FILE, - (standard input), expert, default or random[:SEED]")->capture_default_str();
}

CLI::Option* words(CLI::App& app, Options& o, const char* name, const char* text, int least, int most) {
  return app.add_option(name, o.words, text)->expected(least, most)->required(least > 0);
}

void run_options(CLI::App& app, Options& o) {
  program_options(app, o);
  machine_options(app, o);
  engine_options(app, o);
  output_options(app, o);
  format_option(app, o, {"text", "short"});
}

// --- The commands.

struct Command {
  std::string name;  // "check", "machines show"
  const char* summary;
  int (*execute)(const Options&, Console&);
  std::function<void(CLI::App&, Options&)> declare;
};

void check_options(CLI::App& app, Options& o) {
  words(app, o, "MAPPER", "files, - or names of mappers", 1, 1000);
  program_options(app, o);
  machine_options(app, o);
  app.add_option("--profile", o.profile_out, "file for times, copies and memory use, at exit; % becomes the rank");
  app.add_option("--record", o.record_out, "program file to write at exit, for tune --program");
  app.add_flag("--strict", o.strict, "names that the program does not have are errors");
  format_option(app, o, {"text", "short", "json"});
  output_options(app, o);
}

void out_option(CLI::App& app, Options& o) { app.add_option("-o,--out", o.out, "file to write; - is standard output"); }

void calibrate_options(CLI::App& app, Options& o) {
  o.engine = "host";
  program_options(app, o)->required();
  machine_options(app, o);
  app.add_flag("--emulate-gpu", o.emulate_gpu, "measure GPU points with their CPU kernels, too");
  app.add_option("--repeats", o.repeats, "measurements of everything; the fastest counts; 1 if not given")->check(CLI::Range(1, 1000));
  out_option(app, o);
  output_options(app, o);
}

void compare_options(CLI::App& app, Options& o) {
  o.program_optional = true;
  words(app, o, "MAPPER", "files or names of mappers", 1, 100);
  run_options(app, o);
  app.add_option("--repeats", o.repeats, "runs of each mapper on a noisy engine; 7 if not given")->check(CLI::Range(1, 10000));
}

void diff_options(CLI::App& app, Options& o) {
  words(app, o, "MAPPER", "two files or names of mappers", 2, 2);
  program_options(app, o);
  machine_options(app, o);
  output_options(app, o);
}

void dump_options(CLI::App& app, Options& o) {
  words(app, o, "MAPPER", "a file, - or the name of a mapper", 1, 1);
  app.add_option("--stage", o.stage, "of the pipeline")->check(one_of({"tokens", "ast", "mapper", "plan"}))->capture_default_str();
  program_options(app, o);
  machine_options(app, o);
  output_options(app, o);
}

void explain_options(CLI::App& app, Options& o) {
  words(app, o, "CODE", "such as MW3004; nothing lists all codes", 0, 1);
  output_options(app, o);
}

void fmt_options(CLI::App& app, Options& o) {
  words(app, o, "FILE", "mapper files, or -", 1, 100000);
  app.add_flag("-i,--in-place", o.in_place, "rewrite the files instead of printing them");
  app.add_flag("--check", o.check_only, "print the names of files that are not formatted; exit status 1 if there are any");
  format_option(app, o, {"text", "short"});
  output_options(app, o);
}

void init_options(CLI::App& app, Options& o) {
  program_options(app, o);
  machine_options(app, o);
  out_option(app, o);
  output_options(app, o);
}

void journal_options(CLI::App& app, Options& o) {
  app.add_option("--journal", o.journal, "the journal")->capture_default_str();
  output_options(app, o);
}

void run_of_journal_options(CLI::App& app, Options& o) {
  journal_options(app, o);
  count<std::int64_t>(app, "--run", o.run, "number of the run; the latest if not given", 1, std::int64_t {1} << 62);
}

void legion_exec_options(CLI::App& app, Options& o) {
  o.mapper.clear();
  words(app, o, "COMMAND", "after --: the program with its arguments, or a launcher such as mpirun with them", 1, 1000000);
  app.add_option("--mapper", o.mapper, "the mapper file; without one the program is only watched");
  app.add_option("--log", o.out, "file for every decision; % becomes the rank");
  app.add_option("--profile", o.profile_out, "file for times, copies and memory use, at exit; % becomes the rank");
  app.add_option("--record", o.record_out, "program file to write at exit, for tune --program");
  app.add_flag("--strict", o.strict, "names that the program does not have are errors, and Legion checks every decision");
  output_options(app, o);
}

void machine_show_options(CLI::App& app, Options& o) {
  words(app, o, "MACHINE", "a shipped machine model or FILE.toml", 1, 1);
  machine_options(app, o);
  output_options(app, o);
}

void place_options(CLI::App& app, Options& o) {
  words(app, o, "MAPPER", "a file, - or default", 1, 1);
  app.add_option("--task", o.task, "name of the task")->required();
  app.add_option("--domain", o.domain, "extents of the launch, such as 4x4")->required();
  app.add_option("--processor", o.processor, "kind that the task has a variant for; all if not given")
      ->check(one_of({"CPU", "GPU", "OMP", "IO", "PY", "PROC"}));
  machine_options(app, o);
  output_options(app, o);
}

void program_export_options(CLI::App& app, Options& o) {
  program_options(app, o)->required();
  machine_options(app, o);
  out_option(app, o);
  output_options(app, o);
}

void program_import_options(CLI::App& app, Options& o) {
  words(app, o, "FILE", "a program file", 1, 1);
  output_options(app, o);
}

void programs_show_options(CLI::App& app, Options& o) {
  words(app, o, "PROGRAM", "a shipped program or FILE.json", 1, 1);
  program_options(app, o);
  machine_options(app, o);
  output_options(app, o);
}

void single_run_options(CLI::App& app, Options& o) {
  o.program_optional = true;
  mapper_option(app, o);
  run_options(app, o);
  count<double>(app, "--jitter", o.jitter, "sim: also how the time varies when kernels vary by so many percent", 0.001, 50.0);
  app.add_option_function<std::string>(
         "--feedback",
         [&o](const std::string& word) {
           o.feedback = word;
           o.feedback_given = true;
         },
         "print what the guide says up to this level")
      ->check(one_of({"system", "explain", "suggest", "profile"}));
  app.add_option("--rules", o.rules, "further rules of the guide, a TOML file");
}

// What a study takes is written in its entry of the table of studies, by the names used here.
void study_options(const Study& study, CLI::App& app, Options& o) {
  const auto takes = [&study](std::string_view option) {
    return std::find(study.options.begin(), study.options.end(), option) != study.options.end();
  };
  if (takes("programs")) {
    app.add_option("--programs", o.programs, "shipped programs, separated by commas; all if not given")->delimiter(',');
  }
  if (takes("preset")) app.add_option("--preset", o.preset, "sizes of the programs: test, host, paper or weak");
  if (takes("this-host")) o.machine.clear();  // measured unless --machine is given
  if (takes("machine")) machine_options(app, o);
  if (takes("model")) app.add_option("--machine", o.machine, "a shipped machine model or FILE.toml")->capture_default_str();
  if (takes("sharing")) {
    app.add_option("--sharing", o.sharing, "how copies share channels")->check(one_of({"fair", "fifo"}))->capture_default_str();
  }
  if (takes("emulate-gpu")) app.add_flag("--emulate-gpu", o.emulate_gpu, "run GPU points with their CPU kernels");
  if (takes("engine")) app.add_option("--engine", o.engine, "what measures: host or legion")->check(one_of({"host", "legion"}));
  if (takes("legion")) legion_options(app, o);
  if (takes("out")) app.add_option("-o,--out", o.out, "folder for mappers and logs");
  if (takes("strategies")) {
    app.add_option("--strategies", o.strategies, "optimizers, separated by commas; all if not given")
        ->delimiter(',')
        ->check(one_of(search::optimizer_names()));
  }
  if (takes("mode")) {
    app.add_option("--mode", o.mode, "valid: only mappers that pass the checks; raw: all combinations")
        ->check(one_of({"valid", "raw"}))
        ->capture_default_str();
  }
  if (takes("iterations")) {
    app.add_option("--iterations", o.iterations, "evaluations per search")->check(CLI::Range(1, 1000000))->capture_default_str();
  }
  if (takes("seeds")) app.add_option("--seeds", o.seeds, "searches per program")->check(CLI::Range(1, 10000))->capture_default_str();
  if (takes("seed")) app.add_option("--seed", o.seed, "of all random choices")->capture_default_str();
  if (takes("mappers")) app.add_option("--mappers", o.runs, "random mappers per program")->check(CLI::Range(1, 100000));
  if (takes("repeats")) app.add_option("--repeats", o.repeats, "executions of each mapper")->check(CLI::Range(1, 10000));
  if (takes("timeout")) count<double>(app, "--timeout", o.timeout, "seconds that one execution may take", 1e-3, 1e7);
  if (takes("details")) app.add_flag("--details", o.details, "print every mapper");
  if (takes("jobs")) app.add_option("--jobs", o.jobs, "simulations at the same time; changes no result")->check(CLI::Range(1, 1024))->capture_default_str();
  output_options(app, o);
}

void trace_options(CLI::App& app, Options& o) {
  mapper_option(app, o);
  program_options(app, o);
  machine_options(app, o);
  app.add_option("--engine", o.engine, "what runs the mapper: sim, or host for real")->check(one_of({"sim", "host"}))->capture_default_str();
  app.add_flag("--emulate-gpu", o.emulate_gpu, "host: run GPU points with their CPU kernels");
  app.add_option("--sharing", o.sharing, "sim: how copies share channels")->check(one_of({"fair", "fifo"}))->capture_default_str();
  app.add_option("-o,--out", o.out, "file to write; - is standard output")->required();
  output_options(app, o);
}

void tune_options(CLI::App& app, Options& o) {
  run_options(app, o);
  o.optimizer = search::optimizer_names().front();
  app.add_option("--optimizer", o.optimizer, "the strategy")->check(one_of(search::optimizer_names()))->capture_default_str();
  app.add_option("--mode", o.mode, "valid: only mappers that pass the checks; raw: all combinations")
      ->check(one_of({"valid", "raw"}))
      ->capture_default_str();
  app.add_option("--iterations", o.iterations, "evaluations in all")->check(CLI::Range(1, 100000000))->capture_default_str();
  app.add_option("--seed", o.seed, "of all random choices")->capture_default_str();
  app.add_option("--batch", o.batch, "proposals at a time; part of the history")->check(CLI::Range(1, 10000))->capture_default_str();
  app.add_option("--screen", o.screen, "sim:K: of K proposals, execute only the one that the simulator ranks first");
  app.add_option("--jobs", o.jobs, "evaluations at the same time; changes no result")->check(CLI::Range(1, 1024))->capture_default_str();
  count<double>(app, "--seconds", o.budget_seconds, "stop after this time", 1e-3, 1e9);
  app.add_option("--warm-start", o.warm_start, "a mapper to evaluate first; may be repeated")->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--journal", o.journal, "SQLite file that keeps every evaluation")->capture_default_str();
  app.add_flag("--no-journal", o.no_journal, "keep nothing");
  app.add_flag("--resume", o.resume, "continue the latest run with these settings");
  app.add_option("-o,--out", o.out, "file for the best mapper");
}

void why_options(CLI::App& app, Options& o) {
  words(app, o, "MAPPER", "a file, - or the name of a mapper", 1, 1);
  app.add_option("--task", o.task, "name of the task")->required();
  app.add_option("--point", o.point, "launch point, such as 3 or 1,2; the first if not given");
  app.add_option("--argument", o.argument, "only this argument: name, partition, region or position");
  program_options(app, o);
  machine_options(app, o);
  output_options(app, o);
}

std::vector<Command> commands() {
  std::vector<Command> all {
      {"programs", "list the programs that ship with mapwright", programs, output_options},
      {"programs show", "describe a program: tasks, arguments, regions, parameters", programs_show, programs_show_options},
      {"machines", "list the machine models that ship with mapwright", machines, output_options},
      {"machines show", "describe a machine: processors, memories, bandwidths", machines_show, machine_show_options},
      {"machines detect", "describe this host as a machine file", machines_detect,
       [](CLI::App& app, Options& o) {
         out_option(app, o);
         output_options(app, o);
       }},
      {"calibrate", "measure the kernels of a program on this host", calibrate_command, calibrate_options},
      {"check", "find every mistake of a mapper without running it", check, check_options},
      {"place", "show where each point of an index launch goes", place, place_options},
      {"run", "run a mapper once and explain the result", run, single_run_options},
      {"why", "show which statement decided what for a point task", why, why_options},
      {"diff", "show the decisions in which two mappers differ", diff, diff_options},
      {"compare", "run mappers side by side", compare, compare_options},
      {"init", "write a commented starting mapper", init, init_options},
      {"tune", "search for a fast mapper", tune, tune_options},
      {"trace", "write the timeline of a run for Perfetto", trace, trace_options},
      {"journal list", "list the runs in a journal of tune", journal_list, journal_options},
      {"journal show", "show the evaluations and the best mapper of a run", journal_show, run_of_journal_options},
      {"journal export", "print a run as JSON Lines", journal_export,
       [](CLI::App& app, Options& o) {
         run_of_journal_options(app, o);
         out_option(app, o);
       }},
      {"legion exec", "run a Legion program under a mapper file", legion_exec, legion_exec_options},
      {"fmt", "format mappers", fmt_command, fmt_options},
      {"explain", "print the page of a diagnostic code", explain, explain_options},
      {"dump", "show what a stage of the pipeline makes of a mapper", dump, dump_options},
      {"program export", "write a program as a file", program_export, program_export_options},
      {"program graph", "draw the data flow of a program, as input of Graphviz", program_graph, program_export_options},
      {"program import", "check a program file", program_import, program_import_options},
      {"study", "list the studies: tables that compare mapwright with what was published", study, output_options},
  };
  for (const Study& one : studies()) {
    all.push_back({fmt::format("study {}", one.name), one.summary, one.execute,
                   [&one](CLI::App& app, Options& o) { study_options(one, app, o); }});
  }
  return all;
}

// What CLI11 says about a mistake, in our words.
int complain(const CLI::Error& error, const CLI::App& app, const std::vector<std::string>& arguments, Console& console) {
  std::string name;  // "mapwright study throughput"
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) name = at->get_name() + (name.empty() ? "" : " ") + name;
  const std::string help = fmt::format("see `{} --help`", name);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    std::vector<std::string> known;
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& known_name : option->get_lnames()) known.push_back("--" + known_name);
    }
    for (const std::string& argument : arguments) {
      const std::string option = argument.substr(0, argument.find('='));
      if (option.rfind("--", 0) != 0 || std::find(known.begin(), known.end(), option) != known.end()) continue;
      const std::optional<std::string> near = nearest(option, known);
      return console.usage(fmt::format("unknown option `{}`", option), near ? fmt::format("did you mean `{}`?", *near) : help);
    }
    if (const std::vector<const CLI::App*> below = app.get_subcommands({}); !below.empty()) {
      std::vector<std::string> names;
      for (const CLI::App* sub : below) names.push_back(sub->get_name());
      for (const std::string& argument : arguments) {
        if (argument[0] == '-' || argument == app.get_name()) continue;
        const std::optional<std::string> near = nearest(argument, names);
        return console.usage(fmt::format("`{}` has no `{}`", name, argument),
                             near ? fmt::format("did you mean `{}`?", *near) : fmt::format("it has {}; {}", fmt::join(names, ", "), help));
      }
    }
    return console.usage(fmt::format("too many words on the command line: {}", error.what()), help);
  }
  return console.usage(error.what(), help);
}

}  // namespace

std::optional<Point> parse_point(std::string_view text, char separator) {
  std::vector<std::int64_t> coordinates;
  while (true) {
    const std::size_t at = text.find(separator);
    const std::string_view part = text.substr(0, at);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || coordinates.size() == kMaxDim) return std::nullopt;
    coordinates.push_back(value);
    if (at == std::string_view::npos) return Point(std::span<const std::int64_t>(coordinates));
    text.remove_prefix(at + 1);
  }
}

int run_command_line(const std::vector<std::string>& arguments) {
  Console plain {{}};
  const std::vector<Command> all = commands();

  // A first word that is no command: CLI11 would only say that one is missing.
  std::vector<std::string> names;
  for (const Command& c : all) names.push_back(c.name.substr(0, c.name.find(' ')));
  if (arguments.empty()) return plain.usage("no command given", "see `mapwright --help`");
  if (arguments[0][0] != '-' && std::find(names.begin(), names.end(), arguments[0]) == names.end()) {
    const std::optional<std::string> near = nearest(arguments[0], names);
    return plain.usage(fmt::format("unknown command `{}`", arguments[0]),
                       near ? fmt::format("did you mean `{}`?", *near) : "see `mapwright --help`");
  }

  // Every command fills its own options, so that defaults of one cannot leak into another.
  std::vector<Options> options(all.size());
  CLI::App app("mapwright: fast mappers for task-based parallel programs", "mapwright");
  app.set_version_flag("--version", MAPWRIGHT_VERSION);
  app.require_subcommand(1);
  std::map<const CLI::App*, std::size_t> by_app;
  std::map<std::string, CLI::App*> groups;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Command& c = all[i];
    const std::size_t space = c.name.find(' ');
    CLI::App* sub = nullptr;
    if (space == std::string::npos) {
      sub = groups[c.name] = app.add_subcommand(c.name, c.summary);
    } else {
      CLI::App*& group = groups[c.name.substr(0, space)];
      if (!group) group = app.add_subcommand(c.name.substr(0, space), c.summary)->require_subcommand(1);
      sub = group->add_subcommand(c.name.substr(space + 1), c.summary);
    }
    c.declare(*sub, options[i]);
    by_app[sub] = i;
  }

  // The command that was named, as deep as it goes.
  const auto chosen = [&] {
    const CLI::App* at = &app;
    while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
    return at;
  };
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    plain.out(chosen()->help());
    return kOk;
  } catch (const CLI::CallForVersion&) {
    plain.out(fmt::format("mapwright {}\n", MAPWRIGHT_VERSION));
    return kOk;
  } catch (const CLI::Error& error) {
    return complain(error, *chosen(), arguments, plain);
  }
  const auto command = by_app.find(chosen());
  if (command == by_app.end()) return plain.usage("no command given", "see `mapwright --help`");
  Options& given = options[command->second];
  given.arguments = arguments;
  Console console(given.console);
  return all[command->second].execute(given, console);
}

}  // namespace mapwright::driver
