// Cannon's algorithm on two levels: nodes, and the 2 x 2 GPUs of each node. Source: DISTAL's cannonMM.
#include "apps/gemm/gemm.h"
#include "apps/registry.h"

namespace mapwright::apps::cannon {

namespace {

using program::Expr;

// At every step each node of a row, and each GPU of a node's row, uses another k-block: nothing is broadcast.
constexpr gemm::Schedule kSchedule {
    [](const Expr& in, const Expr& jn, const Expr& ko, std::int64_t gx) { return (in + jn + ko) % gx; },
    [](const Expr& il, const Expr& jl, const Expr& ki) { return (il + jl + ki) % 2; },
};

Expected<program::Program> build(const Values& values) { return gemm::build_2d("cannon", kSchedule, values); }

Values preset(std::string_view name, std::int64_t nodes, std::int64_t) { return gemm::preset_2d(name, nodes, true); }

}  // namespace

App app() {
  return {"cannon", "matrix multiplication, systolic in two dimensions", gemm::parameters_2d(), expert_mapper("cannon"), build, preset};
}

}  // namespace mapwright::apps::cannon
