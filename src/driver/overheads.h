// driver/overheads.h - what the host engine itself costs on this host.
#pragma once

#include "machine/machine.h"

namespace mapwright::driver {

// Executes chains of tasks and copies without work on the host engine, within about a second; of several runs the fastest
// counts. Zero what the engine cannot run.
machine::HostOverheads measure_overheads();

}  // namespace mapwright::driver
