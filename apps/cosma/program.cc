// COSMA as DISTAL schedules it: a grid of gx x gy x gz products, one step. Source: DISTAL's cosma.
#include <algorithm>
#include <array>

#include "apps/gemm/gemm.h"
#include "apps/registry.h"

namespace mapwright::apps::cosma {

namespace {

Expected<program::Program> build(const Values& v) {
  return gemm::build_3d("cosma", {v.at("n"), v.at("gx"), v.at("gy"), v.at("gz"), 0}, v.at("nodes") * v.at("ranks"), v.at("ranks"), v);
}

std::vector<Parameter> parameters() {
  return gemm::parameters_3d({{"gx", "parts of the rows of A and B", 1, 4096, {{"test", 1}, {"host", 1}, {"paper", 1}}},
                              {"gy", "parts of the columns of A and C", 1, 4096, {{"test", 2}, {"host", 2}, {"paper", 2}}},
                              {"gz", "parts of the columns of B and the rows of C", 1, 4096, {{"test", 2}, {"host", 2}, {"paper", 2}}}},
                             true);
}

// Published: 1 2 2, 2 2 2, 2 2 4, 2 4 4, 4 4 4, 4 4 8 on 1 to 32 nodes of 4 GPUs: as even as the primes allow.
std::array<std::int64_t, 3> even_grid(std::int64_t processors) {
  std::array<std::int64_t, 3> grid {1, 1, 1};
  const auto factor = [&](std::int64_t f) { *std::min_element(grid.begin(), grid.end()) *= f; };
  for (std::int64_t f = 2; f * f <= processors; ++f) {
    for (; processors % f == 0; processors /= f) factor(f);
  }
  if (processors > 1) factor(processors);
  std::sort(grid.begin(), grid.end());
  return grid;
}

Values preset(std::string_view name, std::int64_t nodes, std::int64_t gpus) {
  Values v = gemm::preset_3d(parameters(), name, nodes, gpus);
  if (grows(name)) {
    const auto [gx, gy, gz] = even_grid(nodes * gpus);
    v["gx"] = gx;
    v["gy"] = gy;
    v["gz"] = gz;
  }
  return v;
}

}  // namespace

App app() {
  return {"cosma", "matrix multiplication on a grid that moves least, one step", parameters(), expert_mapper("cosma"), build, preset};
}

}  // namespace mapwright::apps::cosma
