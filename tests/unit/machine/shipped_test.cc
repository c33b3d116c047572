// The shipped models: counts, names, capacities and identity.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/tiny_machine.h"

namespace mapwright::machine {
namespace {

using test::shipped;
using testing::ElementsAre;

constexpr std::int64_t kMiB = 1 << 20;

TEST(Shipped, NamesAreSortedAndLoad) {
  EXPECT_THAT(shipped_machine_names(), ElementsAre("dgx-h100", "generic", "lassen", "p100", "p100-sxm2"));
  EXPECT_TRUE(shipped_machine("p1000").empty());
  for (const std::string& name : shipped_machine_names()) EXPECT_EQ(shipped(name).name(), name);
}

struct Counts {
  const char* name;
  std::uint32_t cpu, gpu, omp, threads, utility;
};

TEST(Shipped, CountsPerNode) {
  for (const Counts& c : {Counts {"p100", 4, 4, 2, 6, 2}, Counts {"lassen", 4, 4, 2, 10, 4}, Counts {"generic", 8, 4, 2, 8, 2},
                          Counts {"p100-sxm2", 4, 4, 2, 6, 2}, Counts {"dgx-h100", 16, 8, 2, 40, 4}}) {
    const Machine m = shipped(c.name);
    EXPECT_EQ(m.nodes(), 1U);
    EXPECT_EQ(m.spaces(), 1U);
    EXPECT_EQ(m.processors_per_space(ProcessorKind::Cpu), c.cpu) << c.name;
    EXPECT_EQ(m.processors_per_space(ProcessorKind::Gpu), c.gpu) << c.name;
    EXPECT_EQ(m.processors_per_space(ProcessorKind::Omp), c.omp) << c.name;
    EXPECT_EQ(m.processors_per_space(ProcessorKind::Io), 0U) << c.name;
    EXPECT_EQ(m.compute(ProcessorKind::Omp).threads, c.threads) << c.name;
    EXPECT_EQ(m.overheads().utility_processors, c.utility) << c.name;
    EXPECT_EQ(m.processors().size(), c.cpu + c.gpu + c.omp) << c.name;
    // One FBMEM per GPU, one SOCKMEM per socket (2), one SYSMEM, ZCMEM and RDMEM.
    EXPECT_EQ(m.memories().size(), c.gpu + 2 + 3) << c.name;
  }
}

TEST(Shipped, CapacitiesOfP100) {
  const Machine m = shipped("p100");
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < m.memories().size(); ++i) {
    const MemoryId id(i);
    seen.push_back(m.memory_name(id) + "=" + std::to_string(m[id].capacity.value / kMiB));
  }
  EXPECT_THAT(seen, ElementsAre("node0.SYSMEM=61440", "node0.FBMEM0=15000", "node0.FBMEM1=15000", "node0.FBMEM2=15000",
                                "node0.FBMEM3=15000", "node0.ZCMEM=2048", "node0.SOCKMEM0=24576", "node0.SOCKMEM1=24576",
                                "node0.RDMEM=512"));
}

TEST(Shipped, ComputeOfP100) {
  const Machine m = shipped("p100");
  EXPECT_DOUBLE_EQ(m.compute(ProcessorKind::Gpu).fp64.value, 4.7e12);
  EXPECT_DOUBLE_EQ(m.compute(ProcessorKind::Gpu).fp32.value, 9.3e12);
  EXPECT_DOUBLE_EQ(m.compute(ProcessorKind::Cpu).fp64.value, 2.4e9 * 16);      // clock x operations per cycle
  EXPECT_DOUBLE_EQ(m.compute(ProcessorKind::Omp).fp64.value, 6 * 2.4e9 * 16);  // six threads
  EXPECT_DOUBLE_EQ(m.overheads().point_traced.value, 20e-6);
}

TEST(Shipped, ComputeOfTheOtherCards) {
  EXPECT_DOUBLE_EQ(shipped("p100-sxm2").compute(ProcessorKind::Gpu).fp64.value, 5.3e12);
  const Machine m = shipped("dgx-h100");
  EXPECT_DOUBLE_EQ(m.compute(ProcessorKind::Gpu).fp64.value, 67e12);
  EXPECT_DOUBLE_EQ(m.compute(ProcessorKind::Omp).fp64.value, 40 * 2.0e9 * 32);  // threads x clock x operations per cycle
}

TEST(Shipped, NamesAndFindAgreeOnEveryProcessor) {
  const Machine m = shipped("p100", {.nodes = 3});
  EXPECT_EQ(m.processors().size(), 30U);  // 3 x (4 + 4 + 2)
  EXPECT_EQ(m.processor_name(*m.find(ProcessorKind::Gpu, SpaceId(std::size_t {0}), 2)), "node0.GPU2");
  EXPECT_EQ(m.processor_name(*m.find(ProcessorKind::Omp, SpaceId(std::size_t {2}), 1)), "node2.OMP1");
  std::set<std::string> names;
  for (std::size_t i = 0; i < m.processors().size(); ++i) {
    const Processor& p = m.processors()[i];
    EXPECT_EQ(m.find(p.kind, p.space, p.index), ProcessorId(i));
    names.insert(m.processor_name(ProcessorId(i)));
  }
  EXPECT_EQ(names.size(), 30U);
  EXPECT_EQ(m.find(ProcessorKind::Gpu, SpaceId(std::size_t {0}), 4), std::nullopt);
  EXPECT_EQ(m.find(ProcessorKind::Gpu, SpaceId(std::size_t {3}), 0), std::nullopt);
  EXPECT_EQ(m.find(ProcessorKind::Py, SpaceId(std::size_t {0}), 0), std::nullopt);
}

TEST(Shipped, SocketsInBlocks) {
  const Machine m = shipped("p100");
  std::vector<std::uint32_t> sockets;
  for (std::uint32_t g = 0; g < 4; ++g) sockets.push_back(m[*m.find(ProcessorKind::Gpu, SpaceId(std::size_t {0}), g)].socket);
  EXPECT_THAT(sockets, ElementsAre(0, 0, 1, 1));
}

TEST(Shipped, ShapeIsWhatTheLanguageSees) {
  const sema::MachineShape s = shipped("generic", {.nodes = 5}).shape();
  EXPECT_EQ(s.machine_name, "generic");
  EXPECT_EQ(s.address_spaces, 5);
  EXPECT_EQ(s.processors[static_cast<std::size_t>(ProcessorKind::Cpu)], 8);
  EXPECT_EQ(s.processors[static_cast<std::size_t>(ProcessorKind::Gpu)], 4);
  EXPECT_EQ(s.processors[static_cast<std::size_t>(ProcessorKind::Py)], 0);
}

TEST(Shipped, HashChangesWithEveryFigure) {
  std::set<std::string> hashes {shipped("generic").hash(), shipped("p100").hash(), shipped("generic", {.nodes = 2}).hash(),
                                shipped("generic", {.gpus = 2}).hash(), shipped("generic", {.omps = 0}).hash()};
  EXPECT_EQ(hashes.size(), 5U);
  for (const char* change :
       {"", "[memories.ZCMEM]\ncapacity_mib = 4095\n", "[access.GPU.ZCMEM]\ngather_m_s = 101\n", "[network]\nlatency_us = 11\n",
        "[overheads]\ncopy_us = 11\n", "[topology.socket_link]\nlatency_us = 2\n", "[processors.CPU]\nefficiency = 0.9\n"}) {
    EXPECT_TRUE(hashes.insert(test::tiny_machine(change).hash()).second) << change;
  }
  EXPECT_EQ(shipped("p100").hash(), shipped("p100").hash());
  EXPECT_EQ(shipped("p100").hash().size(), 32U);
}

TEST(Shipped, DescriptionNamesWhatExists) {
  const std::string text = describe(shipped("p100", {.nodes = 2}));
  EXPECT_THAT(text, testing::HasSubstr("p100: 2 nodes, 1 rank per node"));
  EXPECT_THAT(text, testing::HasSubstr("node0.FBMEM3"));
  EXPECT_THAT(text, testing::HasSubstr("node0.pcie0.up"));
  EXPECT_THAT(text, testing::HasSubstr("GPU -> ZCMEM"));
}

TEST(Large, LimitsAreReachable) {
  // 65,536 nodes x (4 + 4 + 2) processors = 655,360, and 18 x 65,536 = 1,179,648 channels: below 2^22 = 4,194,304 each.
  const Machine m = shipped("p100", {.nodes = 65536});
  EXPECT_EQ(m.processors().size(), 655360U);
  EXPECT_EQ(m.processor_name(*m.find(ProcessorKind::Gpu, SpaceId(std::size_t {65535}), 3)), "node65535.GPU3");
  const Route r = m.route(MemoryId(std::size_t {1}), MemoryId(m.memories().size() - 1));
  EXPECT_TRUE(r.inter_node);
  EXPECT_EQ(m[r.list().back()].name, "node65535.nic0.in");
}

}  // namespace
}  // namespace mapwright::machine
