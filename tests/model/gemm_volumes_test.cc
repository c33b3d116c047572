// Bytes and memory of the matrix multiplications against closed formulas. GPU p of P is GPU p % 4 of node p / 4; matrices have
// n x n doubles, n a multiple of every number of parts, so no tile is smaller than another. Nothing of the plan is used but
// its sums.
#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <tuple>

#include "programs.h"

namespace mapwright {
namespace {

using testing::Case;
using testing::expert;
using testing::frame_buffer;
using testing::plan_of;
using testing::run;
using testing::set_up;

// The machine whose GPUs of a node reach each other faster than those of others, so that a node fetches a tile once.
constexpr const char* kMachine = "generic";
constexpr std::int64_t kReps = 2;

// Bytes of one repetition.
struct Volume {
  std::int64_t b = 0, c = 0, a = 0;                // by region
  std::vector<std::int64_t> received;              // by GPU
  std::vector<std::int64_t> nic;                   // that arrive from other nodes, by node
  std::int64_t total() const { return a + b + c; }
};

// `executions` of the repetition in the whole program: timed ones, and one to warm up in the 3-D programs.
void expect_volume(const Case& s, const std::string& mapper, const Volume& v, std::int64_t executions) {
  const plan::Plan plan = plan_of(s, mapper);
  const plan::Traffic t = plan::traffic(plan, s.program, s.machine, s.program.metric.label);
  EXPECT_EQ(t.total.between, kReps * v.total());
  EXPECT_EQ(t.by_region[0].between, kReps * v.a);
  EXPECT_EQ(t.by_region[1].between, kReps * v.b);
  EXPECT_EQ(t.by_region[2].between, kReps * v.c);
  std::int64_t crossing = 0;
  for (const std::int64_t bytes : v.nic) crossing += bytes;
  EXPECT_EQ(t.total.inter_node, kReps * crossing);
  for (std::size_t p = 0; p < v.received.size(); ++p) {
    EXPECT_EQ(t.received[frame_buffer(s.machine, static_cast<std::uint32_t>(p)).value], kReps * v.received[p]) << "GPU " << p;
  }
  // On this machine everything that reaches a GPU comes down its link to the switch of the node, or through the node's NIC and down its
  // PCIe link. Outside the repetitions nothing moves.
  const engine::sim::Timing timing = engine::sim::simulate(plan, s.program, s.machine);
  std::map<std::string, std::int64_t> channels;
  for (std::size_t c = 0; c < timing.channel_bytes.size(); ++c) channels[s.machine.channels()[c].name] = timing.channel_bytes[c];
  std::int64_t sent = 0;
  for (std::size_t p = 0; p < v.received.size(); ++p) {
    const auto both = [&](const char* way) {
      return channels[fmt::format("node{}.pcie{}.{}", p / 4, p % 4, way)] + channels[fmt::format("node{}.switch{}.{}", p / 4, p % 4, way)];
    };
    EXPECT_EQ(both("down"), executions * v.received[p]) << "GPU " << p;
    sent += both("up");
  }
  EXPECT_EQ(sent, executions * v.total());
  for (std::size_t node = 0; node < v.nic.size(); ++node) {
    EXPECT_EQ(channels[fmt::format("node{}.nic0.in", node)], executions * v.nic[node]) << "node " << node;
  }
}

// --- Cannon, SUMMA and PUMMA: gx x gy nodes, Px x Py = 2 gx x 2 gy GPUs

// A GPU multiplies its n / Px rows of B with its n / Py columns of C, and has the tile (i, j) of each:
//   8 n^2 ((1 / Px) (1 - 1 / Py) + (1 / Py) (1 - 1 / Px)) bytes arrive.
// A node as a whole needs n / gx rows and n / gy columns, and has a tile of n / gx x n / gy: the second of its GPUs that needs a
// chunk takes it from the first. So the sums do not depend on the order of the chunks, which alone distinguishes the programs.
Volume volume_2d(std::int64_t n, std::int64_t gx, std::int64_t gy) {
  const std::int64_t px = 2 * gx, py = 2 * gy;
  const std::int64_t b = 8 * (n / px) * (n - n / py), c = 8 * (n / py) * (n - n / px);
  Volume v;
  v.b = px * py * b;
  v.c = px * py * c;
  v.received.assign(static_cast<std::size_t>(px * py), b + c);
  v.nic.assign(static_cast<std::size_t>(gx * gy), 8 * ((n / gx) * (n - n / gy) + (n / gy) * (n - n / gx)));
  EXPECT_EQ(v.b, 8 * n * n * (py - 1));
  EXPECT_EQ(v.c, 8 * n * n * (px - 1));
  // Square grids: 16 n^2 / sqrt P (1 - 1 / sqrt P) per GPU.
  EXPECT_TRUE(px != py || px * px * (b + c) == 16 * n * n * (px - 1));
  return v;
}

TEST(GemmVolumes, TheTwoDimensionalProgramsReceiveTheirRowsAndColumns) {
  for (const char* name : {"cannon", "summa", "pumma"}) {
    for (const auto& [gx, gy] : {std::pair<std::int64_t, std::int64_t> {1, 1}, {2, 1}, {1, 2}, {2, 2}, {3, 1}, {2, 3}, {4, 2}, {2, 4}, {4, 4}}) {
      SCOPED_TRACE(fmt::format("{} on {} x {} nodes", name, gx, gy));
      constexpr std::int64_t kSize = 960;
      const Case s = set_up(name, {{"n", kSize}, {"gx", gx}, {"gy", gy}, {"reps", kReps}}, gx * gy, kMachine);
      expect_volume(s, expert(name), volume_2d(kSize, gx, gy), kReps);
    }
  }
}

// On p100 a route through the network (12.5 GB/s) is faster than one between the sockets of a node (7.5 GB/s), but copies come from
// the own node when it has the data: as few bytes cross as on a machine with fast links inside nodes.
TEST(GemmVolumes, TheNetworkCarriesOnlyWhatTheNodeLacks) {
  constexpr std::int64_t kSize = 960;
  const Case s = set_up("cannon", {{"n", kSize}, {"gx", 4}, {"gy", 4}, {"reps", kReps}}, 16, "p100");
  const plan::Traffic t = plan::traffic(plan_of(s, expert("cannon")), s.program, s.machine, s.program.metric.label);
  const Volume v = volume_2d(kSize, 4, 4);
  EXPECT_EQ(t.total.inter_node, kReps * std::accumulate(v.nic.begin(), v.nic.end(), std::int64_t {0}));
}

// Nothing is freed while there is space, so a GPU ends up with its tile of A, all its rows of B and its columns of C; where chunks
// (n / Px wide) differ from tiles (n / Py wide), also with its tile of B.
TEST(GemmMemory, TheTwoDimensionalProgramsKeepTheirChunks) {
  for (const char* name : {"cannon", "summa", "pumma"}) {
    for (const auto& [gx, gy] : {std::pair<std::int64_t, std::int64_t> {1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 2}, {4, 4}}) {
      SCOPED_TRACE(fmt::format("{} on {} x {} nodes", name, gx, gy));
      constexpr std::int64_t kSize = 960;
      const std::int64_t px = 2 * gx, py = 2 * gy, tile = 8 * (kSize / px) * (kSize / py);
      const std::int64_t peak = tile + 8 * (kSize / px) * kSize + 8 * kSize * (kSize / py) + (px == py ? 0 : tile);
      // The published form: three tiles and the live chunks, here Px - 1 foreign ones of B and of C.
      EXPECT_TRUE(px != py || peak == 3 * tile + (px - 1) * 8 * (2 * kSize * kSize / (px * px)));
      const Case s = set_up(name, {{"n", kSize}, {"gx", gx}, {"gy", gy}, {"reps", kReps}}, gx * gy);
      const plan::Plan plan = plan_of(s, expert(name));
      std::map<std::uint32_t, std::int64_t> peaks;
      for (const plan::MemoryPeak& p : plan.peaks) peaks[p.memory.value] = p.bytes;
      for (std::uint32_t p = 0; p < px * py; ++p) EXPECT_EQ(peaks[frame_buffer(s.machine, p).value], peak) << "GPU " << p;
    }
  }
}

// n = 60000 on 4 x 4 GPUs: tiles and chunks are 8 x 15000^2 = 1.8 GB. Three tiles and the six foreign chunks are 16.2 GB, more than the
// 15000 MiB = 15.73 GB of a GPU; with collection old chunks make place for new ones, eight fit.
TEST(GemmMemory, CollectionMakesRoomForChunks) {
  const Case s = set_up("cannon", {{"n", 60000}, {"gx", 2}, {"gy", 2}, {"reps", kReps}}, 4);
  const plan::Plan plan = plan_of(s, expert("cannon"));
  for (const plan::MemoryPeak& p : plan.peaks) EXPECT_EQ(p.bytes, 8 * 1800000000LL) << s.machine.memory_name(p.memory);
  EXPECT_EQ(plan.peaks.size(), 16u);  // nothing in ZCMEM
  const std::string keeping = testing::replaced(expert("cannon"), "CollectMemory task_4 *;", "");
  EXPECT_EQ(run(s, testing::replaced(keeping, "GPU FBMEM, ZCMEM", "GPU FBMEM")).outcome, engine::Outcome::OutOfMemory);
}

// n = 20000 on four GPUs needs 5 x 0.8 GB each; n = 40000 needs three tiles and at least a foreign chunk of B and one of C,
// 5 x 3.2 = 16 GB.
TEST(GemmMemory, TwentyThousandFitOnFourGpusFortyThousandDoNot) {
  for (const char* name : {"cannon", "summa", "pumma", "solomonik"}) {
    EXPECT_EQ(run(set_up(name, {{"reps", 1}}), expert(name)).outcome, engine::Outcome::Ok) << name;
    EXPECT_EQ(run(set_up(name, {{"n", 40000}, {"reps", 1}}), expert(name)).outcome, engine::Outcome::OutOfMemory) << name;
  }
}

// Memory per node is constant in the published series, but not what the 3-D programs add. COSMA on 32 nodes: grid 4 x 4 x 8, n = 113136.
// Where A is summed, twice 28284^2 x 8 = 6.40 GB, and B and C of 28284 x 14142 x 8 = 3.20 GB each: 19.2 GB of 15.73. On 16 nodes, 4 x 4 x 4 and
// n = 80000: four tiles of 20000^2 x 8 = 3.2 GB.
TEST(GemmMemory, CosmaDoesNotFitOnThirtyTwoNodes) {
  const Case sixteen = set_up("cosma", {{"reps", kReps}}, 16);
  const plan::Plan plan = plan_of(sixteen, expert("cosma"));
  std::int64_t largest = 0;
  for (const plan::MemoryPeak& p : plan.peaks) largest = std::max(largest, p.bytes);
  EXPECT_EQ(largest, 4 * 3200000000LL);
  EXPECT_EQ(run(set_up("cosma", {{"reps", kReps}}, 32), expert("cosma")).outcome, engine::Outcome::OutOfMemory);
}

// --- Johnson, COSMA and Solomonik: x x y x z points, point (i, j, k) on GPU i + x j + x y k, tiles where the first point of
// their face or layer is

std::string aligned(std::int64_t x, std::int64_t y, bool nested) {
  return fmt::format(
      "Layout * * * SOA C_order;\ng = Machine(GPU);\n"
      "def f(Task t) {{ p = t.ipoint[0] + {} * t.ipoint[1] + {} * t.ipoint[2]; q = g.size[1]; return g[p / q, p % q]; }}\n"
      "IndexTaskMap task_1, task_2, task_3, {} f;\n{}",
      x, x * y, nested ? "task_5" : "task_4",
      nested ? "def h(Task t) { return g[*t.parent.processor(g)]; }\nSingleTaskMap task_4 h;" : "");
}

struct Grid {
  std::int64_t x, y, z;
  std::int64_t points() const { return x * y * z; }
  std::int64_t gpu(std::int64_t i, std::int64_t j, std::int64_t k) const { return i + x * j + x * y * k; }
  template <typename F>
  void for_each(F&& f) const {
    for (std::int64_t k = 0; k < z; ++k) {
      for (std::int64_t j = 0; j < y; ++j) {
        for (std::int64_t i = 0; i < x; ++i) f(i, j, k);
      }
    }
  }
};

// B(i, k) lies on (i, 0, k) and all (i, j, k) need it; C(k, j) on (0, j, k), and all (i, j, k) need it; the z parts of A(i, j) are
// summed on (i, j, 0). A node fetches a tile of B or C once; every part of A travels on its own.
Volume volume_3d(std::int64_t n, const Grid& g) {
  const std::int64_t b = 8 * (n / g.x) * (n / g.z), c = 8 * (n / g.z) * (n / g.y), a = 8 * (n / g.x) * (n / g.y);
  Volume v;
  v.received.assign(static_cast<std::size_t>(g.points()), 0);
  v.nic.assign(static_cast<std::size_t>((g.points() + 3) / 4), 0);
  std::set<std::tuple<std::int64_t, int, std::int64_t, std::int64_t>> held;  // by a node: matrix and tile
  const auto fetch = [&](std::int64_t to, int matrix, std::int64_t row, std::int64_t column, std::int64_t owner, std::int64_t bytes) {
    if (to == owner) return;
    v.received[static_cast<std::size_t>(to)] += bytes;
    if (to / 4 != owner / 4 && held.emplace(to / 4, matrix, row, column).second) v.nic[static_cast<std::size_t>(to / 4)] += bytes;
  };
  g.for_each([&](std::int64_t i, std::int64_t j, std::int64_t k) {
    fetch(g.gpu(i, j, k), 1, i, k, g.gpu(i, 0, k), b);
    fetch(g.gpu(i, j, k), 2, k, j, g.gpu(0, j, k), c);
    if (k == 0) return;
    v.received[static_cast<std::size_t>(g.gpu(i, j, 0))] += a;
    if (g.gpu(i, j, k) / 4 != g.gpu(i, j, 0) / 4) v.nic[static_cast<std::size_t>(g.gpu(i, j, 0) / 4)] += a;
  });
  // B to y - 1 others of each of x z faces' points, and so on.
  v.b = g.x * g.z * (g.y - 1) * b;
  v.c = g.y * g.z * (g.x - 1) * c;
  v.a = g.x * g.y * (g.z - 1) * a;
  EXPECT_EQ(v.total(), 8 * n * n * (g.x + g.y + g.z - 3));
  // "At most" of the published estimate: 8 n^2 (1 / gx gz + 1 / gz gy + 1 / gx gy) per processor, for everything but the sums.
  for (const std::int64_t r : v.received) EXPECT_LE(r, b + c + (g.z - 1) * a);
  return v;
}

TEST(GemmVolumes, JohnsonSendsTwoFacesAndSumsTheThird) {
  for (const std::int64_t g : {2, 3, 4}) {
    SCOPED_TRACE(g);
    constexpr std::int64_t kSize = 240;
    const Case s = set_up("johnson", {{"n", kSize}, {"gdim", g}, {"reps", kReps}}, (g * g * g + 3) / 4, kMachine);
    const Volume v = volume_3d(kSize, {g, g, g});
    EXPECT_EQ(v.total(), 24 * kSize * kSize * (g - 1));  // all GPUs: P 24 n^2 / P^(2/3) (1 - 1 / g)
    expect_volume(s, aligned(g, g, false), v, kReps + 1);
    // On g^3 GPUs the expert's blocks and its numbering agree.
    if (g != 3) expect_volume(s, expert("johnson"), v, kReps + 1);
  }
}

TEST(GemmVolumes, CosmaSendsTwoFacesAndSumsTheThird) {
  for (const Grid& g : {Grid {1, 2, 2}, {2, 2, 2}, {3, 2, 2}, {1, 4, 4}, {4, 4, 1}, {2, 2, 4}, {2, 3, 4}, {2, 4, 4}, {8, 2, 2}, {4, 4, 4}}) {
    SCOPED_TRACE(fmt::format("{} x {} x {}", g.x, g.y, g.z));
    constexpr std::int64_t kSize = 240;
    const Case s = set_up("cosma", {{"n", kSize}, {"gx", g.x}, {"gy", g.y}, {"gz", g.z}, {"reps", kReps}}, g.points() / 4, kMachine);
    expect_volume(s, aligned(g.x, g.y, false), volume_3d(kSize, g), kReps + 1);
  }
}

// Where COSMA's table chooses the grid, the expert's two functions agree.
TEST(GemmVolumes, CosmasExpertIsAlignedOnItsOwnGrids) {
  for (const Grid& g : {Grid {1, 2, 2}, {2, 2, 2}, {2, 2, 4}, {2, 4, 4}, {4, 4, 4}}) {
    SCOPED_TRACE(fmt::format("{} x {} x {}", g.x, g.y, g.z));
    constexpr std::int64_t kSize = 240;
    const Case s = set_up("cosma", {{"n", kSize}, {"gx", g.x}, {"gy", g.y}, {"gz", g.z}, {"reps", kReps}}, g.points() / 4);
    const plan::Traffic t = plan::traffic(plan_of(s, expert("cosma")), s.program, s.machine, s.program.metric.label);
    EXPECT_EQ(t.total.between, kReps * volume_3d(kSize, g).total());
  }
}

// A part of A, a tile of B, a tile of C, and on the first layer the sum of A: its owner's tiles of B and C are those it uses.
TEST(GemmMemory, CubesHoldThreeTilesAndOwnersOfAFour) {
  const auto expect = [](const Case& s, const Grid& g, std::int64_t n) {
    const std::int64_t b = 8 * (n / g.x) * (n / g.z), c = 8 * (n / g.z) * (n / g.y), a = 8 * (n / g.x) * (n / g.y);
    const plan::Plan plan = plan_of(s, aligned(g.x, g.y, false));
    std::map<std::uint32_t, std::int64_t> peaks;
    for (const plan::MemoryPeak& p : plan.peaks) peaks[p.memory.value] = p.bytes;
    g.for_each([&](std::int64_t i, std::int64_t j, std::int64_t k) {
      EXPECT_EQ(peaks[frame_buffer(s.machine, static_cast<std::uint32_t>(g.gpu(i, j, k))).value], a + b + c + (k == 0 ? a : 0)) << i << j << k;
    });
  };
  expect(set_up("johnson", {{"n", 240}, {"gdim", 4}, {"reps", kReps}}, 16), {4, 4, 4}, 240);
  expect(set_up("cosma", {{"n", 240}, {"gx", 2}, {"gy", 3}, {"gz", 4}, {"reps", kReps}}, 6), {2, 3, 4}, 240);
  // The published 5.6 GB: A 1.6 twice, B 1.6, C 0.8.
  expect(set_up("cosma", {{"reps", kReps}}), {1, 2, 2}, 20000);
}

// r x r GPUs in each of c layers; tiles of n / r x n / r on the first layer. Point (i, j, l) needs its n / r rows of B and its n / r columns
// of C, of both only the n / c that belong to layer l. On the first layer the own tile gives what lies in [0, n / c).
Volume volume_25d(std::int64_t n, std::int64_t r, std::int64_t c) {
  const Grid g {r, r, c};
  Volume v;
  v.received.assign(static_cast<std::size_t>(g.points()), 0);
  const auto own = [&](std::int64_t j, std::int64_t layer) {  // columns of tile j inside the slab of a layer
    return std::max<std::int64_t>(0, std::min((j + 1) * (n / r), (layer + 1) * (n / c)) - std::max(j * (n / r), layer * (n / c)));
  };
  g.for_each([&](std::int64_t i, std::int64_t j, std::int64_t k) {
    const std::int64_t b = 8 * (n / r) * (n / c - (k == 0 ? own(j, 0) : 0)), right = 8 * (n / r) * (n / c - (k == 0 ? own(i, 0) : 0));
    v.b += b;
    v.c += right;
    v.received[static_cast<std::size_t>(g.gpu(i, j, k))] += b + right;
    if (k > 0) v.a += 8 * (n / r) * (n / r), v.received[static_cast<std::size_t>(g.gpu(i, j, 0))] += 8 * (n / r) * (n / r);
  });
  // P processors: 16 n^2 / sqrt(c P) each, less the n / c columns that r owners of each kind have, and c - 1 layers of A to sum.
  EXPECT_EQ(v.total(), 16 * n * n * r - 16 * n * n / c + 8 * n * n * (c - 1));
  EXPECT_TRUE(c != 1 || v.total() == 16 * n * n * (r - 1));  // Cannon
  return v;
}

TEST(GemmVolumes, SolomonikPullsChunksFromTheFirstLayerAndSumsTheOthers) {
  for (const auto& [r, c, steps] : {std::array<std::int64_t, 3> {2, 1, 2}, {2, 2, 2}, {2, 2, 1}, {4, 1, 4}, {4, 2, 4}, {4, 2, 2}, {4, 4, 4}, {8, 1, 8}}) {
    SCOPED_TRACE(fmt::format("rpoc {} c {} rpoc3 {}", r, c, steps));
    constexpr std::int64_t kSize = 960;
    const Case s = set_up("solomonik", {{"n", kSize}, {"rpoc", r}, {"c", c}, {"rpoc3", steps}, {"reps", kReps}}, r * r * c / 4);
    const Volume v = volume_25d(kSize, r, c);
    const plan::Traffic t = plan::traffic(plan_of(s, aligned(r, r, true)), s.program, s.machine, s.program.metric.label);
    EXPECT_EQ(t.total.between, kReps * v.total());
    EXPECT_EQ(t.by_region[0].between, kReps * v.a);
    EXPECT_EQ(t.by_region[1].between, kReps * v.b);
    EXPECT_EQ(t.by_region[2].between, kReps * v.c);
    for (std::uint32_t p = 0; p < r * r * c; ++p) EXPECT_EQ(t.received[frame_buffer(s.machine, p).value], kReps * v.received[p]) << "GPU " << p;
  }
}

// On one and two nodes the expert's tiles lie where the first layer works. On four, tile (i, j) of 4 x 4 lies on node i, GPU j, and
// works on node i / 2 + 2 (j / 2), GPU i % 2 + 2 (j % 2). Node i has row i only for i = 0, j < 2 and i = 3, j > 1; GPU j has column j only
// for j = 0, i even and j = 3, i odd. So of 16 x 4 chunks of B all but 4 arrive, of C likewise, and of A all but (0, 0) and (3, 3): 60 + 60 + 14
// tiles of n^2 / 16 elements, where aligned ones are 48 + 48 + 0.
TEST(GemmVolumes, SolomoniksExpertPlacesTilesElsewhereOnFourNodes) {
  constexpr std::int64_t kSize = 960;
  const auto total = [&](std::int64_t nodes, std::int64_t r, std::int64_t c) {
    const Case s = set_up("solomonik", {{"n", kSize}, {"rpoc", r}, {"c", c}, {"rpoc3", r}, {"reps", kReps}}, nodes);
    return plan::traffic(plan_of(s, expert("solomonik")), s.program, s.machine, s.program.metric.label).total.between;
  };
  EXPECT_EQ(total(1, 2, 1), kReps * volume_25d(kSize, 2, 1).total());
  EXPECT_EQ(total(2, 2, 2), kReps * volume_25d(kSize, 2, 2).total());
  EXPECT_EQ(total(4, 4, 1), kReps * (60 + 60 + 14) * 8 * kSize * kSize / 16);
}

// A part of A; all chunks that were used, n / r rows of n / c columns of B and as many of C; on the first layer the three tiles. Where
// c = 1 and rpoc3 = rpoc chunks are tiles, and the own ones count once.
TEST(GemmMemory, LayersHoldTheirSlabs) {
  for (const auto& [r, c] : {std::pair<std::int64_t, std::int64_t> {2, 1}, {2, 2}, {4, 1}, {4, 2}, {8, 1}}) {
    SCOPED_TRACE(fmt::format("rpoc {} c {}", r, c));
    constexpr std::int64_t kSize = 960;
    const std::int64_t tile = 8 * (kSize / r) * (kSize / r), slab = 8 * (kSize / r) * (kSize / c);
    const Case s = set_up("solomonik", {{"n", kSize}, {"rpoc", r}, {"c", c}, {"rpoc3", r}, {"reps", kReps}}, r * r * c / 4);
    const plan::Plan plan = plan_of(s, aligned(r, r, true));
    std::map<std::uint32_t, std::int64_t> peaks;
    for (const plan::MemoryPeak& p : plan.peaks) peaks[p.memory.value] = p.bytes;
    for (std::uint32_t p = 0; p < r * r * c; ++p) {
      const bool first = p < r * r;
      const std::int64_t owned = first ? (c == 1 ? tile : 3 * tile) : 0;
      EXPECT_EQ(peaks[frame_buffer(s.machine, p).value], tile + 2 * slab + owned) << "GPU " << p;
    }
  }
}

}  // namespace
}  // namespace mapwright
