// driver/options.h - everything a command line can say, as one value. Filled by command_line.cc, the only file that
// knows CLI11; read by the commands.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "driver/console.h"
#include "machine/machine.h"

namespace mapwright::driver {

struct Options {
  std::vector<std::string> arguments;      // the command line as it was given
  ConsoleOptions console;

  // What is mapped onto what.
  std::string program;                     // NAME of a shipped program or FILE.json
  std::string preset;                      // empty: the command's default
  std::map<std::string, std::string> set;  // --set name=value
  std::string machine = "p100";
  bool machine_given = false;
  std::string machine_text;                // a description made for this run; used instead of `machine` unless empty
  std::string calibration;                 // a file of measured times for the program
  machine::Overrides overrides;

  // How it is run.
  std::string engine = "sim";
  bool emulate_gpu = false;
  std::string sharing = "fair";            // of channels in the simulator
  std::optional<double> jitter;            // percent by which kernels vary in the simulator
  std::string launcher, legion_args;       // of the engine `legion`
  std::string command;                     // of the engine `command`
  std::string metric;                      // regular expression that finds its metric
  std::string metric_name = "elapsed", metric_unit = "s";
  bool higher_is_better = false;           // of that metric
  bool program_optional = false;           // the engine `command` can do without
  std::optional<double> timeout;           // seconds per execution
  std::string feedback = "profile";
  bool feedback_given = false;
  std::string rules;                       // further rules of the guide, a TOML file
  std::int64_t repeats = 0;                // 0: the command's default

  // Mappers and other positional words, in order.
  std::vector<std::string> words;
  std::string mapper = "default";          // --mapper

  // Searching.
  std::string optimizer;
  std::string mode = "valid";
  std::int64_t iterations = 10;
  std::uint64_t seed = 1;
  std::int64_t batch = 1, jobs = 1;
  std::string screen;                      // "sim:20"; empty: none
  std::optional<double> budget_seconds;
  std::string journal = "mapwright.db";
  bool no_journal = false;
  bool resume = false;
  std::vector<std::string> warm_start;

  // Of studies (study.h).
  std::vector<std::string> programs;       // --programs; empty: all that ship
  std::vector<std::string> strategies;     // --strategies; empty: the study's default
  std::int64_t seeds = 5;                  // 1, 2, ... are the seeds
  bool details = false;                    // --details: of a study
  std::int64_t runs = 0;                   // mappers per program; 0: the study's default

  // Output.
  std::string out;
  std::string profile_out, record_out;     // --profile, --record: of legion exec

  // Of single commands.
  std::string task, domain, processor, point, argument, stage = "mapper";
  bool strict = false, check_only = false, in_place = false;
  std::optional<std::int64_t> run;         // of the journal
};

// A point such as "4x4" or "1,2,3"; absent when it is not one (at most 8 coordinates, each 64-bit).
std::optional<Point> parse_point(std::string_view text, char separator);

}  // namespace mapwright::driver
