// driver/study.h - studies: tables that compare mapwright with what was published, or with itself. Each stands in a file
// study_NAME.cc; the table of all is study.cc. Documentation: docs/studies.md.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "driver/console.h"
#include "driver/inputs.h"
#include "driver/interrupt.h"
#include "driver/options.h"

namespace mapwright::driver {

struct Study {
  const char* name;
  const char* summary;  // one line
  int (*execute)(const Options&, Console&);
  // The options that it takes besides those of the output, by their names in command_line.cc: "machine" stands for all
  // that describe one, "model" for --machine alone.
  std::vector<std::string_view> options;
};

std::span<const Study> studies();

int study_decompose(const Options& options, Console& console);
int study_limits(const Options& options, Console& console);
int study_fidelity(const Options& options, Console& console);
int study_parity(const Options& options, Console& console);
int study_sensitivity(const Options& options, Console& console);
int study_throughput(const Options& options, Console& console);

// --- What several studies need.

// The targets of --programs (all that ship if none are given), in the order of the registry or of the option, each with
// the preset, machine and ranks of `options`.
OrExit<std::vector<Target>> load_targets(const Options& options, Console& console);

// work(i) for every i < n, on `jobs` threads, in no particular order. Shows "WHAT i of n" as progress.
void in_parallel(std::int64_t jobs, std::size_t n, const std::function<void(std::size_t)>& work, std::string_view what, Console& console);

// The exit status of a study that Ctrl-C may have ended before its end, which then says so.
int status_of(const InterruptGuard& interrupt, int otherwise, Console& console);

}  // namespace mapwright::driver
