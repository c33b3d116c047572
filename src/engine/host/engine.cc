// The engine `host`: the request's plan executed, what happened as an Execution.
#include "engine/host/host.h"

#include "base/blas.h"

namespace mapwright::engine::host {

namespace {

Outcome outcome_of(const Error& e) {
  if (e.code == diag::kKernelFailed) return Outcome::ExecutionError;
  if (e.code == diag::kTimeLimit) return Outcome::Timeout;
  return Outcome::Unsupported;
}

class HostEngine final : public Engine {
 public:
  explicit HostEngine(Options options) : options_(options) {}
  std::string_view name() const override { return "host"; }
  bool deterministic() const override { return false; }

  Expected<Execution> run(const EvaluationRequest& request) override {
    auto prepared = prepare(request, name());
    if (!prepared) return std::move(prepared.error());
    Execution e;
    e.engine = name();
    Options options = options_;
    options.deadline = request.deadline;
    const auto observed = execute(prepared->plan, *request.program, *request.machine, options);
    if (!observed) {
      e.outcome = outcome_of(observed.error());
      e.diagnostics.insert(e.diagnostics.begin(), diag::from_error(observed.error()));
      return e;
    }
    describe_plan(*prepared, request, e);
    e.makespan = observed->makespan;
    describe_processors(*request.machine, *observed, e);
    if (request.profile) e.profile.tasks = observed->tasks;
    if (observed->wrong) {
      e.outcome = Outcome::WrongResult;
      e.diagnostics.insert(e.diagnostics.begin(), diag::from_error({diag::kWrongResult, *observed->wrong, {}}));
      return e;
    }
    e.seconds = observed->seconds;
    e.metric = metric_value(*request.program, observed->seconds);
    return e;
  }

 private:
  static void describe_processors(const machine::Machine& machine, const Observed& observed, Execution& e) {
    for (std::size_t i = 0; i < observed.busy.size(); ++i) {
      if (observed.points[i] == 0) continue;
      const machine::ProcessorId p(i);
      e.processors.push_back({machine.processor_name(p), machine[p].kind, observed.busy[i], observed.points[i]});
    }
  }

  Options options_;
};

}  // namespace

std::unique_ptr<Engine> make_engine(Options options) {
  blas::load();  // here, so that processes forked for one run each do not load it again
  return std::make_unique<HostEngine>(options);
}

}  // namespace mapwright::engine::host
