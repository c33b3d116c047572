// driver/jitter.h - simulated times with kernels that vary, as real ones do.
#pragma once

#include <vector>

#include "driver/inputs.h"
#include "engine/sim/sim.h"

namespace mapwright::driver {

// The timed windows, in seconds, of nine simulations in which the times of point tasks vary by the relative standard
// deviation `jitter` (engine::sim::Options). Equal plans have equal times.
std::vector<double> jittered_times(const plan::Plan& plan, const Target& target, double jitter, engine::sim::Sharing sharing);

}  // namespace mapwright::driver
