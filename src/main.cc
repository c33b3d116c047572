// mapwright: fast mappers for task-based parallel programs. The command line is in driver/.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "driver/driver.h"

int main(int argc, char** argv) {
  try {
    return mapwright::driver::run_command_line(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  } catch (const std::exception& e) {
    // Memory, most likely: everything else is handled where it arises.
    std::fprintf(stderr, "error: %s\n", e.what());
    return 3;
  }
}
