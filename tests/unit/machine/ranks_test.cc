// Several address spaces per node, and counts from the command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/tiny_machine.h"

namespace mapwright::machine {
namespace {

using test::shipped;
using testing::ElementsAre;

constexpr std::int64_t kMiB = 1 << 20;

TEST(Ranks, FourOfOneGpuEach) {
  const Machine m = shipped("p100", {.nodes = 2, .ranks_per_node = 4});
  EXPECT_EQ(m.spaces(), 8U);
  const sema::MachineShape s = m.shape();
  EXPECT_EQ(s.address_spaces, 8);
  EXPECT_EQ(s.processors[static_cast<std::size_t>(ProcessorKind::Gpu)], 1);
  EXPECT_EQ(s.processors[static_cast<std::size_t>(ProcessorKind::Cpu)], 1);
  EXPECT_EQ(s.processors[static_cast<std::size_t>(ProcessorKind::Omp)], 1);
  const ProcessorId gpu = *m.find(ProcessorKind::Gpu, SpaceId(std::size_t {6}), 0);  // rank 2 of node 1
  EXPECT_EQ(m.processor_name(gpu), "node1.rank2.GPU0");
  EXPECT_EQ(m[gpu].socket, 1U);
  const std::vector<MemoryId> own = m.addressable(gpu, MemoryKind::FbMem);
  ASSERT_EQ(own.size(), 1U);
  EXPECT_EQ(m.memory_name(own[0]), "node1.rank2.FBMEM0");
  EXPECT_EQ(m[own[0]].capacity.value, 15000 * kMiB);  // device memory goes with its GPU
}

TEST(Ranks, HostMemoriesAreSplit) {
  const Machine m = shipped("p100", {.ranks_per_node = 4});
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < m.memories().size(); ++i) {
    const Memory& x = m.memories()[i];
    if (x.space == SpaceId(std::size_t {3})) {
      seen.push_back(m.memory_name(MemoryId(i)) + "=" + std::to_string(x.capacity.value / kMiB) + "@" + std::to_string(x.socket));
    }
  }
  // 61440 / 4, 15000, 2048 / 4, 24576 / 2 (two ranks share a socket), 512 / 4; rank 3 lives on socket 1.
  EXPECT_THAT(seen, ElementsAre("node0.rank3.SYSMEM=15360@1", "node0.rank3.FBMEM0=15000@1", "node0.rank3.ZCMEM=512@1",
                                "node0.rank3.SOCKMEM0=12288@1", "node0.rank3.RDMEM=128@1"));
  EXPECT_EQ(m.overheads().utility_processors, 1U);  // 2 / 4, but at least one
}

TEST(Ranks, OmpGroupsAreCut) {
  const Machine m = shipped("p100", {.ranks_per_node = 4});
  // Two groups of 6 threads for four ranks: 3 threads each, half the speed and bandwidth of a group.
  EXPECT_EQ(m.compute(ProcessorKind::Omp).threads, 3U);
  EXPECT_DOUBLE_EQ(m.compute(ProcessorKind::Omp).fp64.value, 230.4e9 / 2);
  const ProcessorId omp = *m.find(ProcessorKind::Omp, SpaceId(std::size_t {0}), 0);
  EXPECT_DOUBLE_EQ(m.access(omp, m.addressable(omp, MemoryKind::SysMem)[0])->stream.value, 25e9);
}

TEST(Ranks, ShareTheChannelsOfTheNode) {
  const Machine one = shipped("p100"), four = shipped("p100", {.ranks_per_node = 4});
  EXPECT_EQ(one.channels().size(), four.channels().size());
  // GPU 0 to GPU 1 is the same PCIe path whether or not they belong to one rank, and never the network.
  const auto fb = [](const Machine& m, std::size_t space, std::uint32_t index) {
    return m.addressable(*m.find(ProcessorKind::Gpu, SpaceId(space), index), MemoryKind::FbMem)[0];
  };
  const Route a = one.route(fb(one, 0, 0), fb(one, 0, 1)), b = four.route(fb(four, 0, 0), fb(four, 1, 0));
  EXPECT_EQ(a.channels, b.channels);
  EXPECT_EQ(a.bandwidth, b.bandwidth);
  EXPECT_FALSE(b.inter_node);
}

TEST(Ranks, MemoriesOfAnotherRankAreNotAddressable) {
  const Machine m = shipped("generic", {.ranks_per_node = 2});
  const ProcessorId cpu = *m.find(ProcessorKind::Cpu, SpaceId(std::size_t {1}), 0);
  for (const MemoryId id : m.addressable(cpu, MemoryKind::SysMem)) EXPECT_EQ(m[id].space, SpaceId(std::size_t {1}));
  EXPECT_EQ(m.addressable(cpu, MemoryKind::SysMem).size(), 1U);
}

TEST(Overrides, ReplaceCounts) {
  const Machine m = shipped("p100", {.nodes = 2, .gpus = 3, .cpus = 7, .omps = 0});
  EXPECT_EQ(m.processors().size(), 20U);  // 2 x (3 + 7)
  EXPECT_EQ(m.memories().size(), 16U);    // 2 x (3 FBMEM + SYSMEM + ZCMEM + 2 SOCKMEM + RDMEM)
  // Three GPUs on two sockets: 0, 0, 1.
  EXPECT_EQ(m[*m.find(ProcessorKind::Gpu, SpaceId(std::size_t {0}), 1)].socket, 0U);
  EXPECT_EQ(m[*m.find(ProcessorKind::Gpu, SpaceId(std::size_t {0}), 2)].socket, 1U);
}

TEST(Overrides, NoGpus) {
  const Machine m = shipped("p100", {.gpus = 0});
  EXPECT_EQ(m.find(ProcessorKind::Gpu, SpaceId(std::size_t {0}), 0), std::nullopt);
  for (const Memory& x : m.memories()) EXPECT_NE(x.kind, MemoryKind::FbMem);
}

}  // namespace
}  // namespace mapwright::machine
