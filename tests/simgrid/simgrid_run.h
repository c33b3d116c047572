// tests/simgrid/simgrid_run.h - a DAG executed by SimGrid (network model CM02, which is max-min fair).
#pragma once

#include "dag.h"

namespace mapwright::referee {

// Executes in a child process, for SimGrid allows one simulation per process. Activities are created when they are
// ready, SimGrid's fast way. `seconds_limit`: of CPU time, then Executed::trouble says so.
Executed run_simgrid(const Dag& dag, unsigned seconds_limit = 600);

// The same, but each piece of work and copy begins at its date whatever came before; joins and delays take no part, and
// have no times in the result. So a difference shows where it arises and cannot grow. `dates`: by node, seconds.
Executed run_simgrid_at(const Dag& dag, std::span<const double> dates, unsigned seconds_limit = 600);

}  // namespace mapwright::referee
