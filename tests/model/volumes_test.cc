// Bytes that a plan moves and holds against closed formulas, for Stencil and Circuit (the others: gemm_volumes_test.cc, pennant_test.cc). The sums
// are written out over tiles and processors.
#include <gtest/gtest.h>

#include <map>

#include "programs.h"

namespace mapwright {
namespace {

using testing::ChannelBytes;
using testing::channel_bytes;
using testing::frame_buffer;
using testing::plan_of;
using testing::set_up;
using testing::Case;

std::int64_t peak_of(const plan::Plan& plan, std::uint32_t memory) {
  for (const plan::MemoryPeak& p : plan.peaks) {
    if (p.memory.value == memory) return p.bytes;
  }
  return 0;
}

// What is said about the effort of planning is at most what it is, and not much less.
TEST(Effort, IsThatOfThePlan) {
  for (const apps::App& app : apps::all()) {
    for (const std::int64_t nodes : {1, 4}) {
      const Case s = set_up(std::string(app.name), {}, nodes);
      const plan::Plan plan = plan_of(s, testing::expert(std::string(app.name)));
      const auto planned = std::count_if(plan.ops.begin(), plan.ops.end(), [](const plan::Op& op) { return op.kind == plan::OpKind::Task; });
      const std::int64_t said = plan::effort(s.program).tasks;
      EXPECT_LE(said, planned) << app.name;
      EXPECT_GE(4 * said, planned) << app.name;
      EXPECT_EQ(plan::effort(s.program, {.unroll = true}).tasks, static_cast<std::int64_t>(plan.executed_tasks())) << app.name;
    }
  }
}

// Every step each tile sends a strip of `radius` x side doubles to each of its neighbours, both ways over each border.
// Under the expert tile i is on node i / 4, so a border is between nodes exactly when its tiles' nodes differ.
void expect_halos(std::int64_t nodes, std::int64_t ntx, std::int64_t nty) {
  constexpr std::int64_t kRadius = 2, kSide = 96, kSteps = 20;
  const auto with_steps = [&](std::int64_t steps) {
    return set_up("stencil", {{"nx", ntx * kSide + 2 * kRadius}, {"ny", nty * kSide + 2 * kRadius}, {"ntx", ntx}, {"nty", nty}, {"tsteps", steps}, {"tprune", 5}}, nodes);
  };
  const Case s = with_steps(kSteps);
  std::int64_t borders = 0, node_borders = 0;
  ChannelBytes channels;
  for (std::int64_t y = 0; y < nty; ++y) {
    for (std::int64_t x = 0; x < ntx; ++x) {
      const std::int64_t tile = y * ntx + x;
      for (const std::int64_t other : {x + 1 < ntx ? tile + 1 : -1, y + 1 < nty ? tile + ntx : -1}) {
        if (other < 0) continue;
        ++borders;
        node_borders += tile / 4 != other / 4;
        testing::send(channels, tile, other, kSteps * kRadius * kSide * 8);
        testing::send(channels, other, tile, kSteps * kRadius * kSide * 8);
      }
    }
  }
  const plan::Plan plan = plan_of(s, testing::expert("stencil"));
  const plan::Traffic t = plan::traffic(plan, s.program, s.machine, s.program.metric.label);
  EXPECT_EQ(t.total.between, kSteps * borders * 2 * kRadius * kSide * 8) << nodes << " nodes";
  EXPECT_EQ(t.total.inter_node, kSteps * node_borders * 2 * kRadius * kSide * 8) << nodes << " nodes";

  // By region: strips to the left and right cross the borders between columns, those up and down the ones between rows.
  const std::map<std::string, std::int64_t> strips {{"xm", (ntx - 1) * nty}, {"xp", (ntx - 1) * nty}, {"ym", ntx * (nty - 1)}, {"yp", ntx * (nty - 1)}};
  for (std::size_t r = 0; r < s.program.regions.size(); ++r) {
    const auto known = strips.find(s.program.regions[r].name);
    const std::int64_t crossing = known == strips.end() ? 0 : known->second;
    EXPECT_EQ(t.by_region[r].between, kSteps * crossing * kRadius * kSide * 8) << s.program.regions[r].name;
  }
  EXPECT_EQ(channel_bytes(with_steps(2 * kSteps), testing::expert("stencil"), s), channels) << nodes << " nodes";
  // By tile: it receives a strip of each neighbour. In its memory are the tile with a border in two fields, its own four strips, those
  // of its neighbours, and four times of 8 bytes.
  for (std::int64_t tile = 0; tile < ntx * nty; ++tile) {
    const std::int64_t x = tile % ntx, y = tile / ntx;
    const std::int64_t neighbours = (x > 0) + (x + 1 < ntx) + (y > 0) + (y + 1 < nty), strip = kRadius * kSide * 8;
    const std::uint32_t memory = frame_buffer(s.machine, static_cast<std::uint32_t>(tile)).value;
    EXPECT_EQ(t.received[memory], kSteps * neighbours * strip) << "tile " << tile;
    EXPECT_EQ(peak_of(plan, memory), 2 * 8 * (kSide + 2 * kRadius) * (kSide + 2 * kRadius) + (4 + neighbours) * strip + 32) << "tile " << tile;
  }
}

TEST(Volumes, StencilSendsItsHalosOnOneToSixteenNodes) {
  expect_halos(1, 2, 2);   // 4 borders
  expect_halos(2, 4, 2);   // 10 borders, 4 of them between nodes
  expect_halos(4, 4, 4);   // 24, of them 12
  expect_halos(8, 8, 4);
  expect_halos(16, 8, 8);
}

// Per loop a superpiece reads the voltages of its ghost nodes that others own and sends their charges back: 4 bytes each
// way. Its own shared nodes lie inside its ghost interval and never leave the GPU.
void expect_ghosts(std::int64_t nodes) {
  constexpr std::int64_t kLoops = 10;
  const Case s = set_up("circuit", {{"l", kLoops}, {"prune", 3}}, nodes);
  ChannelBytes channels;
  const auto partition = [&](const std::string& name) -> const program::Partition& {
    for (const program::Partition& p : s.program.partitions) if (p.name == name) return p;
    MW_CHECK(false);
  };
  const program::Partition &ghost = partition("rp_ghost"), &shared = partition("rp_shared");
  std::int64_t foreign = 0, foreign_node = 0;
  for (std::size_t i = 0; i < ghost.pieces.size(); ++i) {
    for (std::size_t j = 0; j < shared.pieces.size(); ++j) {
      const std::int64_t nodes_of_j = intersect(ghost.pieces[i], shared.pieces[j]).volume();
      if (i != j) {
        foreign += nodes_of_j;
        const auto here = static_cast<std::int64_t>(i), there = static_cast<std::int64_t>(j);
        if (nodes_of_j > 0) testing::send(channels, there, here, kLoops * 4 * nodes_of_j);
        if (nodes_of_j > 0) testing::send(channels, here, there, kLoops * 4 * nodes_of_j);
      }
      if (i / 4 != j / 4) foreign_node += nodes_of_j;
    }
  }
  // All in FBMEM, superpiece x on GPU x.
  const std::string map = "g = Machine(GPU); def f(Task t) { x = t.ipoint[0]; return g[x / g.size[1], x % g.size[1]]; }\n"
                          "IndexTaskMap calculate_new_currents, distribute_charge, update_voltages f;";
  const plan::Plan plan = plan_of(s, map);
  const plan::Traffic t = plan::traffic(plan, s.program, s.machine, s.program.metric.label);
  EXPECT_GT(foreign, 0);
  EXPECT_EQ(t.total.between, kLoops * 2 * 4 * foreign) << nodes << " nodes";
  EXPECT_EQ(t.total.inter_node, kLoops * 2 * 4 * foreign_node) << nodes << " nodes";
  for (std::size_t r = 0; r < s.program.regions.size(); ++r) {  // nothing but nodes moves
    EXPECT_EQ(t.by_region[r].between, s.program.regions[r].name == "all_nodes" ? t.total.between : 0) << s.program.regions[r].name;
  }
  // Inside a GPU's memory: sums of shared and ghost nodes begin at zero and end in the nodes where those are its own; voltages of its own
  // nodes go to the instance that has all ghosts.
  for (std::size_t i = 0; i < ghost.pieces.size(); ++i) {
    const std::int64_t all = ghost.pieces[i].volume(), mine = shared.pieces[i].volume(), both = intersect(ghost.pieces[i], shared.pieces[i]).volume();
    channels[fmt::format("node{}.gpu{}.memory", i / 4, i % 4)] = kLoops * 4 * ((mine + all) + (mine + both) + both);
  }
  EXPECT_EQ(channel_bytes(set_up("circuit", {{"l", 2 * kLoops}, {"prune", 3}}, nodes), map, s), channels) << nodes << " nodes";
  // In a GPU's memory: its nodes in four fields of 4 bytes, its wires of 106 bytes, the voltages of its ghosts, charges of shared and
  // ghost nodes that are not summed yet, and four times of 8 bytes.
  const program::Partition &own = partition("rp_private"), &wires = partition("rp_wires");
  for (std::size_t i = 0; i < ghost.pieces.size(); ++i) {
    const std::int64_t bytes = 16 * (own.pieces[i].volume() + shared.pieces[i].volume()) + 106 * wires.pieces[i].volume() + 4 * shared.pieces[i].volume() +
                               8 * ghost.pieces[i].volume() + 32;
    EXPECT_EQ(peak_of(plan, frame_buffer(s.machine, static_cast<std::uint32_t>(i)).value), bytes) << "superpiece " << i;
  }
  // The expert keeps them in the nodes' zero-copy memories: only what crosses nodes moves between memories.
  const plan::Traffic e = plan::traffic(plan_of(s, testing::expert("circuit")), s.program, s.machine, s.program.metric.label);
  EXPECT_EQ(e.total.between, kLoops * 2 * 4 * foreign_node) << nodes << " nodes";
}

TEST(Volumes, CircuitExchangesItsGhosts) {
  for (const std::int64_t nodes : {1, 2, 4, 8, 16}) expect_ghosts(nodes);
}

}  // namespace
}  // namespace mapwright
