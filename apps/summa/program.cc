// SUMMA on two levels: nodes, and the 2 x 2 GPUs of each node. Source: DISTAL's summaMM.
#include "apps/gemm/gemm.h"
#include "apps/registry.h"

namespace mapwright::apps::summa {

namespace {

using program::Expr;

// At every step all GPUs use the same k-block: a chunk of B is broadcast along its row, one of C along its column.
constexpr gemm::Schedule kSchedule {
    [](const Expr&, const Expr&, const Expr& ko, std::int64_t) { return ko; },
    [](const Expr&, const Expr&, const Expr& ki) { return ki; },
};

Expected<program::Program> build(const Values& values) { return gemm::build_2d("summa", kSchedule, values); }

Values preset(std::string_view name, std::int64_t nodes, std::int64_t) { return gemm::preset_2d(name, nodes, false); }

}  // namespace

App app() {
  return {"summa", "matrix multiplication, broadcast in both dimensions", gemm::parameters_2d(), expert_mapper("summa"), build, preset};
}

}  // namespace mapwright::apps::summa
