#include "driver/jitter.h"

namespace mapwright::driver {

std::vector<double> jittered_times(const plan::Plan& plan, const Target& target, double jitter, engine::sim::Sharing sharing) {
  constexpr std::uint64_t kDraws = 9;
  std::vector<double> seconds;
  for (std::uint64_t seed = 1; seed <= kDraws; ++seed) {
    const engine::sim::Options options {.sharing = sharing, .profile = false, .jitter = jitter, .seed = seed};
    seconds.push_back(engine::sim::simulate(plan, target.program, target.machine, options).window);
  }
  return seconds;
}

}  // namespace mapwright::driver
