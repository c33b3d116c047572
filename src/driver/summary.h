// driver/summary.h - one execution in a few lines, for people.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "driver/console.h"
#include "driver/inputs.h"
#include "guide/guide.h"

namespace mapwright::driver {

// "12.3 GFLOPS", with the precision that people read.
std::string metric_text(double value, const std::string& unit);

// Outcome, time, metric, ratio to the expert, share of the time that any mapper needs. `noisy`: the engine's times differ from run to run.
std::string summary(const engine::Execution& execution, const std::optional<double>& relative, const std::optional<double>& of_limit, bool noisy,
                    const Target& target, const std::string& mapper, const Console& console);

// The range of times that simulations with kernels varying by `percent` took (jitter.h); at least one.
std::string varied_line(const engine::Execution& execution, const std::vector<double>& seconds, double percent);

// Where the time went, bytes moved, memory peaks and one line of advice.
std::string short_profile(const engine::Execution& execution, const guide::Context& context);

}  // namespace mapwright::driver
