// mapwright study: the table of all studies, and what they share.
#include "driver/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "driver/commands.h"
#include "driver/json.h"

namespace mapwright::driver {

std::span<const Study> studies() {
  static const std::vector<Study> all {
      {"decompose", "what a processor grid that fits the shape of the data is worth, beside Mapple's results", study_decompose,
       {"model", "sharing", "jobs"}},
      {"limits", "how close mappers come to a lower bound on the time of any mapper", study_limits,
       {"programs", "preset", "machine", "sharing", "iterations", "seeds", "jobs"}},
      {"throughput", "what optimizers reach in a few evaluations, relative to the expert, beside the paper's results", study_throughput,
       {"programs", "preset", "machine", "sharing", "strategies", "mode", "iterations", "seeds", "jobs"}},
      {"fidelity", "simulated against real times of random mappers on this host", study_fidelity,
       {"programs", "preset", "machine", "mappers", "repeats", "seed", "emulate-gpu", "details", "this-host", "engine", "legion"}},
      {"parity", "decisions of random mappers on Legion against those of the plan", study_parity,
       {"programs", "preset", "machine", "mappers", "seed", "legion", "timeout", "out"}},
      {"sensitivity", "every estimated constant of a machine halved and doubled, and what that changes", study_sensitivity,
       {"programs", "preset", "machine", "iterations", "seed", "jobs"}},
  };
  return all;
}

int study(const Options&, Console& console) {
  if (console.json()) {
    Json out = object("studies");
    out["studies"] = Json::array();
    for (const Study& s : studies()) out["studies"].push_back(Json {{"name", s.name}, {"summary", s.summary}});
    console.out(to_text(out) + "\n");
    return kOk;
  }
  Table table({"study", "what it shows"});
  for (const Study& s : studies()) table.add({s.name, s.summary});
  console.out(table.text());
  return kOk;
}

OrExit<std::vector<Target>> load_targets(const Options& options, Console& console) {
  std::vector<std::string> names = options.programs;
  if (names.empty()) {
    for (const apps::App& app : apps::all()) names.push_back(app.name);
  }
  std::vector<Target> targets;
  for (const std::string& name : names) {
    Options one = options;
    one.program = name;
    OrExit<Target> target = load_target_to_plan(one, console);
    if (!target) return tl::unexpected(target.error());
    targets.push_back(*std::move(target));
  }
  return targets;
}

int status_of(const InterruptGuard& interrupt, int otherwise, Console& console) {
  if (!interrupt.flag()) return otherwise;
  console.err("interrupted: this is what there was until then\n");
  return kInterrupted;
}

void in_parallel(std::int64_t jobs, std::size_t n, const std::function<void(std::size_t)>& work, std::string_view what, Console& console) {
  std::atomic<std::size_t> next = 0, done = 0;
  std::mutex console_lock;
  const auto worker = [&] {
    for (std::size_t i = next++; i < n; i = next++) {
      work(i);
      const std::size_t finished = ++done;
      const std::lock_guard lock(console_lock);
      console.progress(fmt::format("{} {} of {}", what, finished, n));
    }
  };
  std::vector<std::thread> others;
  const std::size_t threads = std::min(n, static_cast<std::size_t>(std::max<std::int64_t>(1, jobs)));
  for (std::size_t t = 1; t < threads; ++t) others.emplace_back(worker);
  worker();
  for (std::thread& t : others) t.join();
  console.end_progress();
}

}  // namespace mapwright::driver
