#include <chrono>

#include "engine/sim/sim.h"

namespace mapwright::engine::sim {

namespace {

class SimEngine : public Engine {
 public:
  explicit SimEngine(Options options) : options_(std::move(options)) {}
  std::string_view name() const override { return "sim"; }
  bool deterministic() const override { return true; }

  Expected<Execution> run(const EvaluationRequest& request) override {
    const auto begin = std::chrono::steady_clock::now();
    auto prepared = prepare(request, name());
    if (!prepared) {
      prepared.error().simulations = 1;
      return std::move(prepared.error());
    }
    Execution e;
    e.engine = std::string(name());
    e.simulations = 1;
    describe_plan(*prepared, request, e);

    Options options = options_;
    options.profile = options.profile && request.profile;
    if (request.deadline) {
      options.cancelled = [begin, limit = std::chrono::duration<double>(request.deadline->value)] {
        return std::chrono::steady_clock::now() - begin > limit;
      };
    }
    Timing t = simulate(prepared->plan, *request.program, *request.machine, options);
    if (t.cancelled) {
      e.outcome = Outcome::Timeout;
      e.log.push_back("the simulation did not end within the time limit");
      return e;
    }
    e.seconds = t.window;
    e.makespan = t.makespan;
    e.metric = metric_value(*request.program, t.window);
    for (std::size_t p = 0; p < t.points.size(); ++p) {
      const machine::ProcessorId id(p);
      e.processors.push_back({request.machine->processor_name(id), (*request.machine)[id].kind, t.busy[p], t.points[p]});
    }
    e.profile = std::move(t.profile);
    return e;
  }

 private:
  Options options_;
};

}  // namespace

std::unique_ptr<Engine> make_engine(Options options) { return std::make_unique<SimEngine>(std::move(options)); }

}  // namespace mapwright::engine::sim
