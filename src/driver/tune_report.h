// driver/tune_report.h - what `tune` shows: a line per evaluation while it runs, the result afterwards.
#pragma once

#include <string>

#include "driver/console.h"
#include "driver/inputs.h"
#include "driver/json.h"
#include "driver/options.h"
#include "search/search.h"

namespace mapwright::driver {

// The progress line on a terminal; with --json one object mapwright.tune.progress/1 per evaluation on standard output.
void show_progress(const search::Progress& progress, const Target& target, Console& console);

// The object mapwright.tune/1.
Json tune_json(const search::TuneResult& result, const Options& options, const Target& target);

// The history as a table, what ended the run, and the best mapper.
std::string tune_text(const search::TuneResult& result, const Options& options, const Target& target, const Console& console);

// The command line that continues an interrupted run.
std::string resume_command(const Options& options);

}  // namespace mapwright::driver
