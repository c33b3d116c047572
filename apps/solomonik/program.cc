// Solomonik's 2.5-D algorithm: c layers, each Cannon on rpoc x rpoc GPUs with its part of k. Source: DISTAL's solomonikMM.
#include "apps/gemm/gemm.h"
#include "apps/registry.h"

namespace mapwright::apps::solomonik {

namespace {

Expected<program::Program> build(const Values& v) {
  const std::int64_t r = v.at("rpoc"), c = v.at("c");
  if (r % c != 0) return does_not_fit(fmt::format("rpoc = {} is not a multiple of c = {} layers", r, c));
  return gemm::build_3d("solomonik", {v.at("n"), r, r, c, v.at("rpoc3")}, r * r * c, 1, v);
}

std::vector<Parameter> parameters() {
  return gemm::parameters_3d({{"rpoc", "rows and columns of GPUs in a layer", 1, 4096, {{"test", 2}, {"host", 2}, {"paper", 2}}},
                              {"c", "layers, a divisor of rpoc", 1, 4096, {{"test", 1}, {"host", 1}, {"paper", 1}}},
                              {"rpoc3", "steps in a layer", 1, 4096, {{"test", 2}, {"host", 2}, {"paper", 2}}}},
                             false);
}

// Published: 2 1 2, 2 2 2, 4 1 4, 4 2 4, 8 1 8, 8 2 8 on 1 to 32 nodes of 4 GPUs: the fewest layers that use every GPU.
Values preset(std::string_view name, std::int64_t nodes, std::int64_t gpus) {
  Values v = gemm::preset_3d(parameters(), name, nodes, gpus);
  if (!grows(name)) return v;
  std::int64_t rpoc = 1, layers = 1;  // of the largest square at or below the number of GPUs
  while ((rpoc + 1) * (rpoc + 1) <= nodes * gpus) ++rpoc;
  for (std::int64_t r = rpoc; r >= 1; --r) {
    const std::int64_t c = nodes * gpus / (r * r);
    if (c * r * r != nodes * gpus || r % c != 0) continue;
    rpoc = r;
    layers = c;
    break;
  }
  v["rpoc"] = v["rpoc3"] = rpoc;
  v["c"] = layers;
  return v;
}

}  // namespace

App app() {
  return {"solomonik", "matrix multiplication in layers, systolic in each", parameters(), expert_mapper("solomonik"), build, preset};
}

}  // namespace mapwright::apps::solomonik
