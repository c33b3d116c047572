// mapwright: fast mappers for task-based parallel programs. The command line is in driver/.
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "driver/driver.h"

int main(int argc, char** argv) {
  try {
    return mapwright::driver::run_command_line(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "error: this host has not enough memory for that\n  = help: choose a smaller problem with --preset or --set, or fewer nodes\n");
    return 3;
  } catch (const std::exception& e) {  // a mistake of ours: everything else is handled where it arises
    std::fprintf(stderr, "error: %s\n", e.what());
    return 3;
  }
}
