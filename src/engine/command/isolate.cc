// Any engine in a child process per request.
#include "engine/command/command.h"

namespace mapwright::engine::command {

namespace {

// The inner engine ends by itself at the request's deadline if it can; the process is ended so much later.
constexpr Seconds kPatience {0.25};

class Isolated final : public Engine {
 public:
  Isolated(std::unique_ptr<Engine> engine, Seconds deadline) : engine_(std::move(engine)), deadline_(deadline) {}
  std::string_view name() const override { return engine_->name(); }
  bool deterministic() const override { return engine_->deterministic(); }

  Expected<Execution> run(const EvaluationRequest& request) override {
    Limits limits;
    EvaluationRequest inner = request;
    inner.deadline = request.deadline.value_or(deadline_);
    limits.deadline = *inner.deadline + kPatience;
    const auto child = run_child([&] { return to_json(engine_->run(inner)); }, limits);
    if (!child) return tl::unexpected(child.error());
    if (child->payload.empty() || child->timed_out || child->signal != 0) return failed(*child, *inner.deadline);
    Expected<Execution> result = execution_from_json(child->payload, request.mapper);
    if (result) add_output(*child, *result);
    return result;
  }

 private:
  Execution failed(const ChildResult& child, Seconds deadline) const {
    Execution e;
    e.engine = name();
    e.outcome = child.timed_out ? Outcome::Timeout : Outcome::Crashed;
    const Error error = child.timed_out
                            ? Error {diag::kTimeLimit, fmt::format("the execution did not end within {}", human_seconds(deadline.value)), {}}
                            : Error {diag::kChildCrashed, fmt::format("the execution: {}", child.explain()), {}};
    e.diagnostics.push_back(diag::from_error(error));
    add_output(child, e);
    return e;
  }

  static void add_output(const ChildResult& child, Execution& e) {
    if (!child.out.empty()) e.log.push_back(child.out);
    if (!child.err.empty()) e.log.push_back(child.err);
  }

  std::unique_ptr<Engine> engine_;
  Seconds deadline_;
};

}  // namespace

std::unique_ptr<Engine> make_isolated(std::unique_ptr<Engine> engine, Seconds deadline) {
  return std::make_unique<Isolated>(std::move(engine), deadline);
}

}  // namespace mapwright::engine::command
