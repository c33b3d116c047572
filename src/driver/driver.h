// driver/driver.h - the command line of mapwright.
// Start at: tune.cc, the whole loop of the product.
#pragma once

#include <string>
#include <vector>

namespace mapwright::driver {

// Runs the command that `arguments` (without the program's name) ask for and returns the exit status (docs/cli.md).
// Never throws.
int run_command_line(const std::vector<std::string>& arguments);

}  // namespace mapwright::driver
