#include "engine/sim/volume.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/random.h"

namespace mapwright::engine::sim {
namespace {

struct Use {
  std::uint32_t vertex = 0;
  Products::Operands operands {};
};

// The products of a grid of x * y * z tiles; a vertex goes through `along` of them in the last dimension.
std::vector<Use> multiplication(std::uint32_t x, std::uint32_t y, std::uint32_t z, std::uint32_t along) {
  std::vector<Use> uses;
  for (std::uint32_t i = 0; i < x; ++i) {
    for (std::uint32_t j = 0; j < y; ++j) {
      for (std::uint32_t k = 0; k < z; ++k) {
        uses.push_back({(i * y + j) * z + k / along, {i * y + j, x * y + i * z + k, x * y + x * z + k * y + j}});
      }
    }
  }
  return uses;
}

std::vector<Use> anything(Rng& rng) {
  std::vector<Use> uses(1 + rng.below(40));
  const std::uint64_t vertices = 1 + rng.below(20), operands = 1 + rng.below(8);
  for (Use& u : uses) {
    u.vertex = static_cast<std::uint32_t>(rng.below(vertices));
    for (std::uint32_t k = 0; k < kOperandKinds; ++k) u.operands[k] = static_cast<std::uint32_t>(8 * k + rng.below(operands));
  }
  return uses;
}

Products products_of(const std::vector<Use>& uses, const std::vector<Products::Operand>& operands) {
  Products p;
  const double second = 1;
  for (const Use& u : uses) p.add(u.vertex, u.operands, {&second, 1});
  p.finish(operands);
  return p;
}

// However vertices are divided among nodes, at least so much is brought.
TEST(Products, NoDivisionBringsLess) {
  int close = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Rng rng(seed);
    const auto side = [&] { return static_cast<std::uint32_t>(1 + rng.below(4)); };
    const std::vector<Use> uses = rng.below(2) ? anything(rng) : multiplication(side(), side(), 4, 1u << rng.below(3));
    std::vector<Products::Operand> operands;
    std::uint32_t last = 0;
    for (const Use& u : uses) last = std::max(last, *std::max_element(u.operands.begin(), u.operands.end()));
    for (std::uint32_t o = 0; o <= last; ++o) operands.push_back({1 + static_cast<double>(rng.below(3)), static_cast<double>(rng.below(3))});
    const std::uint64_t nodes = 1 + rng.below(6);
    std::map<std::uint32_t, std::uint64_t> node_of;
    std::map<std::uint64_t, std::set<std::pair<std::uint32_t, Products::Operands>>> points;  // by node, equal ones once
    std::map<std::uint32_t, std::set<std::uint64_t>> has;                                    // by operand: nodes
    for (const Use& u : uses) {
      const std::uint64_t node = node_of.try_emplace(u.vertex, rng.below(nodes)).first->second;
      points[node].insert({u.vertex, u.operands});
      for (const std::uint32_t o : u.operands) has[o].insert(node);
    }
    double brought = 0;
    for (const auto& [o, all] : has) brought += operands[o].bytes * std::max(0.0, static_cast<double>(all.size()) - operands[o].holders);
    std::size_t most = 0;
    for (const auto& [node, own] : points) most = std::max(most, own.size());
    const double least = products_of(uses, operands).least_bytes(static_cast<double>(most));
    ASSERT_LE(least, brought * (1 + 1e-9) + 1e-9) << "seed " << seed;
    close += least > 0 && least > 0.6 * brought ? 1 : 0;
  }
  EXPECT_GT(close, 30) << "the bound says something";
}

// A cube of 8 x 8 x 8 products in eight cubes of 4 x 4 x 4, each with 3 x 16 operands: what Loomis and Whitney say is least.
TEST(Products, CubesAreTheBestDivision) {
  const std::vector<Products::Operand> operands(3 * 64, {2, 0});
  EXPECT_NEAR(products_of(multiplication(8, 8, 8, 1), operands).least_bytes(64), 8 * 3 * 16 * 2, 1e-6);
}

TEST(Products, CountWhatANodeCanExecute) {
  Products p;
  for (std::uint32_t v = 0; v < 4; ++v) p.add(v, {v, 4 + v, 8 + v}, std::vector<double> {1.0 + v, HUGE_VAL});
  p.finish(std::vector<Products::Operand>(12, {1, 0}));
  const std::vector<double> processors {2, 100};
  EXPECT_EQ(p.most_points(processors, 0.1), 1) << "a node executes one, however long it takes";
  EXPECT_EQ(p.most_points(processors, 1.5), 2) << "1 s and 2 s on two processors";
  EXPECT_EQ(p.most_points(processors, 2.9), 2);
  EXPECT_EQ(p.most_points(processors, 5), 4) << "none on the second kind, which cannot";
}

}  // namespace
}  // namespace mapwright::engine::sim
