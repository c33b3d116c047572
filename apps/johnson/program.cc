// Johnson's algorithm: a cube of g x g x g products. Source: DISTAL's johnsonMM.
#include "apps/gemm/gemm.h"
#include "apps/registry.h"

namespace mapwright::apps::johnson {

namespace {

Expected<program::Program> build(const Values& v) {
  const std::int64_t g = v.at("gdim");
  return gemm::build_3d("johnson", {v.at("n"), g, g, g, 0}, v.at("nodes") * v.at("ranks"), v.at("ranks"), v);
}

std::vector<Parameter> parameters() {
  return gemm::parameters_3d({{"gdim", "points of the cube in each dimension", 1, 64, {{"test", 2}, {"host", 2}, {"paper", 2}}}}, true);
}

// Published: 2, 2, 4, 4, 4, 6 on 1, 2, 4, 8, 16, 32 nodes of 4 GPUs: the smallest even g with at least a product per GPU.
Values preset(std::string_view name, std::int64_t nodes, std::int64_t gpus) {
  Values v = gemm::preset_3d(parameters(), name, nodes, gpus);
  if (grows(name)) {
    std::int64_t g = 2;
    while (g * g * g < nodes * gpus) g += 2;
    v["gdim"] = g;
  }
  return v;
}

}  // namespace

App app() {
  return {"johnson", "matrix multiplication on a cube, sums along its third dimension", parameters(), expert_mapper("johnson"), build, preset};
}

}  // namespace mapwright::apps::johnson
