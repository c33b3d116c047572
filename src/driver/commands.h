// driver/commands.h - the commands. Each stands in a file of its name, readable from top to bottom, and returns the
// exit status.
#pragma once

#include "driver/console.h"
#include "driver/options.h"

namespace mapwright::driver {

int calibrate_command(const Options& options, Console& console);
int check(const Options& options, Console& console);
int compare(const Options& options, Console& console);
int diff(const Options& options, Console& console);
int dump(const Options& options, Console& console);
int explain(const Options& options, Console& console);
int fmt_command(const Options& options, Console& console);
int init(const Options& options, Console& console);
int journal_list(const Options& options, Console& console);
int journal_show(const Options& options, Console& console);
int journal_export(const Options& options, Console& console);
int legion_exec(const Options& options, Console& console);
int machines(const Options& options, Console& console);
int machines_detect(const Options& options, Console& console);
int machines_show(const Options& options, Console& console);
int place(const Options& options, Console& console);
int program_export(const Options& options, Console& console);
int program_graph(const Options& options, Console& console);
int program_import(const Options& options, Console& console);
int programs(const Options& options, Console& console);
int programs_show(const Options& options, Console& console);
int run(const Options& options, Console& console);
int study(const Options& options, Console& console);
int trace(const Options& options, Console& console);
int tune(const Options& options, Console& console);
int why(const Options& options, Console& console);

}  // namespace mapwright::driver
