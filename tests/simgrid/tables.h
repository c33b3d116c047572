// tests/simgrid/tables.h - what the executable `referee` prints. docs/models/referee.md shows and explains the tables.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mapwright::referee {

struct TableOptions {
  std::uint64_t seed = 1;
  int random = 200;                        // random DAGs, and as many random programs
  std::vector<std::string> programs;       // empty: all that ship
  std::vector<std::int64_t> nodes {1, 4, 16};
  int mappers = 20;                        // random valid ones per program and number of nodes
  std::string preset = "test", machine = "p100";
  std::vector<std::string> set;            // NAME=VALUE, for programs that have such a parameter
  std::vector<std::int64_t> speed_nodes {64, 256};
  std::int64_t steps = 50;                 // of the stencil
};

// Each prints its table; false when the simulators disagree.
bool print_random(const TableOptions& options);
bool print_programs(const TableOptions& options);
void print_speed(const TableOptions& options);

}  // namespace mapwright::referee
