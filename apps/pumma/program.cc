// PUMMA on two levels: nodes, and the 2 x 2 GPUs of each node. Source: DISTAL's pummaMM.
#include "apps/gemm/gemm.h"
#include "apps/registry.h"

namespace mapwright::apps::pumma {

namespace {

using program::Expr;

// Rows of nodes start at different k-blocks: B is broadcast along a row, C moves from row to row. Inside a node nothing is
// shifted, so on one row of nodes it is SUMMA.
constexpr gemm::Schedule kSchedule {
    [](const Expr& in, const Expr&, const Expr& ko, std::int64_t gx) { return (in + ko) % gx; },
    [](const Expr&, const Expr&, const Expr& ki) { return ki; },
};

Expected<program::Program> build(const Values& values) { return gemm::build_2d("pumma", kSchedule, values); }

Values preset(std::string_view name, std::int64_t nodes, std::int64_t) { return gemm::preset_2d(name, nodes, false); }

}  // namespace

App app() {
  return {"pumma", "matrix multiplication, broadcast in one dimension, systolic in the other", gemm::parameters_2d(), expert_mapper("pumma"), build, preset};
}

}  // namespace mapwright::apps::pumma
