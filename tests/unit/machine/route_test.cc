// Routes of copies, with the arithmetic written out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/tiny_machine.h"

namespace mapwright::machine {
namespace {

using test::shipped;
using test::tiny_machine;
using testing::ElementsAre;

MemoryId memory(const Machine& m, const std::string& name) {
  for (std::size_t i = 0; i < m.memories().size(); ++i) {
    if (m.memory_name(MemoryId(i)) == name) return MemoryId(i);
  }
  ADD_FAILURE() << "no memory " << name;
  return {};
}

Route route(const Machine& m, const std::string& from, const std::string& to) { return m.route(memory(m, from), memory(m, to)); }

std::vector<std::string> names(const Machine& m, const Route& r) {
  std::vector<std::string> all;
  for (const ChannelId c : r.list()) all.push_back(m[c].name);
  return all;
}

double gb(const Route& r) { return r.bandwidth.value / 1e9; }
double us(const Route& r) { return r.latency.value * 1e6; }

TEST(RouteP100, HostAndDeviceThroughPcie) {
  const Machine m = shipped("p100");
  const Route down = route(m, "node0.ZCMEM", "node0.FBMEM0"), up = route(m, "node0.FBMEM1", "node0.SYSMEM");
  EXPECT_THAT(names(m, down), ElementsAre("node0.pcie0.down"));
  EXPECT_THAT(names(m, up), ElementsAre("node0.pcie1.up"));
  EXPECT_DOUBLE_EQ(gb(down), 11.7);
  EXPECT_DOUBLE_EQ(gb(up), 12.9);
  EXPECT_NEAR(us(down), 2, 1e-9);
  EXPECT_FALSE(down.inter_node);
}

TEST(RouteP100, HostMemoryOfTheOtherSocketCrossesTheLink) {
  const Machine m = shipped("p100");
  // ZCMEM is on socket 0, GPU 2 on socket 1: QPI, then PCIe. min(25, 11.7) GB/s; 2 + 0.5 us.
  const Route r = route(m, "node0.ZCMEM", "node0.FBMEM2");
  EXPECT_THAT(names(m, r), ElementsAre("node0.socket0.to_socket1", "node0.pcie2.down"));
  EXPECT_DOUBLE_EQ(gb(r), 11.7);
  EXPECT_NEAR(us(r), 2.5, 1e-9);
  EXPECT_THAT(names(m, route(m, "node0.FBMEM3", "node0.ZCMEM")), ElementsAre("node0.pcie3.up", "node0.socket1.to_socket0"));
  EXPECT_THAT(names(m, route(m, "node0.FBMEM3", "node0.SOCKMEM1")), ElementsAre("node0.pcie3.up"));
}

TEST(RouteP100, BetweenGpus) {
  const Machine m = shipped("p100");
  // Same socket: up 12.9, down 11.7, limited to 11; 2 + 2 us.
  const Route same = route(m, "node0.FBMEM0", "node0.FBMEM1");
  EXPECT_THAT(names(m, same), ElementsAre("node0.pcie0.up", "node0.pcie1.down"));
  EXPECT_DOUBLE_EQ(gb(same), 11);
  EXPECT_NEAR(us(same), 4, 1e-9);
  // Other socket: limited to 7.5; 2 + 0.5 + 2 us.
  const Route cross = route(m, "node0.FBMEM1", "node0.FBMEM2");
  EXPECT_THAT(names(m, cross), ElementsAre("node0.pcie1.up", "node0.socket0.to_socket1", "node0.pcie2.down"));
  EXPECT_DOUBLE_EQ(gb(cross), 7.5);
  EXPECT_NEAR(us(cross), 4.5, 1e-9);
}

TEST(RouteP100, InsideAMemoryAndBetweenHostMemories) {
  const Machine m = shipped("p100");
  const Route own = route(m, "node0.FBMEM2", "node0.FBMEM2");
  EXPECT_THAT(names(m, own), ElementsAre("node0.gpu2.memory"));
  EXPECT_DOUBLE_EQ(gb(own), 275);
  // ZCMEM and SYSMEM share the memory of socket 0.
  for (const char* to : {"node0.ZCMEM", "node0.SYSMEM", "node0.SOCKMEM0", "node0.RDMEM"}) {
    const Route r = route(m, "node0.ZCMEM", to);
    EXPECT_THAT(names(m, r), ElementsAre("node0.socket0.memory")) << to;
    EXPECT_DOUBLE_EQ(gb(r), 27) << to;
    EXPECT_NEAR(us(r), 0.5, 1e-9) << to;
  }
  // Between sockets: QPI of 25 GB/s; 0.5 + 0.5 us.
  const Route cross = route(m, "node0.SOCKMEM1", "node0.SOCKMEM0");
  EXPECT_THAT(names(m, cross), ElementsAre("node0.socket1.to_socket0"));
  EXPECT_DOUBLE_EQ(gb(cross), 25);
  EXPECT_NEAR(us(cross), 1.0, 1e-9);
}

TEST(RouteP100, BetweenNodes) {
  const Machine m = shipped("p100", {.nodes = 3});
  // GPU 3 of node 1 to GPU 0 of node 2: PCIe up, QPI to socket 0 where the NIC is, NICs, PCIe down.
  // min(12.9, 25, 12.5, 12.5, 11.7) GB/s; 2 + 0.5 + 15 + 2 us.
  const Route r = route(m, "node1.FBMEM3", "node2.FBMEM0");
  EXPECT_THAT(names(m, r), ElementsAre("node1.pcie3.up", "node1.socket1.to_socket0", "node1.nic0.out", "node2.nic0.in",
                                       "node2.pcie0.down"));
  EXPECT_TRUE(r.inter_node);
  EXPECT_DOUBLE_EQ(gb(r), 11.7);
  EXPECT_NEAR(us(r), 19.5, 1e-9);
  const Route host = route(m, "node2.SYSMEM", "node0.SYSMEM");
  EXPECT_THAT(names(m, host), ElementsAre("node2.nic0.out", "node0.nic0.in"));
  EXPECT_DOUBLE_EQ(gb(host), 12.5);
  EXPECT_NEAR(us(host), 15, 1e-9);
}

TEST(RouteLassen, NvlinkWithinASocketAndARailPerSocket) {
  const Machine m = shipped("lassen", {.nodes = 2});
  const Route same = route(m, "node0.FBMEM2", "node0.FBMEM3");
  EXPECT_THAT(names(m, same), ElementsAre("node0.gpu2.to_gpu3"));
  EXPECT_DOUBLE_EQ(gb(same), 68);
  EXPECT_NEAR(us(same), 2, 1e-9);
  // Through both processors: min(68, 32, 68), limited to 30; 1.5 + 0.5 + 1.5 us.
  const Route cross = route(m, "node0.FBMEM0", "node0.FBMEM3");
  EXPECT_THAT(names(m, cross), ElementsAre("node0.nvlink0.up", "node0.socket0.to_socket1", "node0.nvlink3.down"));
  EXPECT_DOUBLE_EQ(gb(cross), 30);
  EXPECT_NEAR(us(cross), 3.5, 1e-9);
  // GPU 3 leaves by the rail of socket 1 and GPU 0 receives by the rail of socket 0, without the X-bus.
  EXPECT_THAT(names(m, route(m, "node0.FBMEM3", "node1.FBMEM0")),
              ElementsAre("node0.nvlink3.up", "node0.nic1.out", "node1.nic0.in", "node1.nvlink0.down"));
}

TEST(RouteGeneric, SwitchPortsAreShared) {
  const Machine m = shipped("generic");
  EXPECT_THAT(names(m, route(m, "node0.FBMEM0", "node0.FBMEM3")), ElementsAre("node0.switch0.up", "node0.switch3.down"));
  EXPECT_THAT(names(m, route(m, "node0.FBMEM1", "node0.FBMEM3")), ElementsAre("node0.switch1.up", "node0.switch3.down"));
  EXPECT_DOUBLE_EQ(gb(route(m, "node0.FBMEM0", "node0.FBMEM3")), 50);
}

TEST(RouteSxm2, EveryPairHasALink) {
  const Machine m = shipped("p100-sxm2");
  const Route same = route(m, "node0.FBMEM2", "node0.FBMEM3"), cross = route(m, "node0.FBMEM0", "node0.FBMEM3");
  EXPECT_THAT(names(m, same), ElementsAre("node0.gpu2.to_gpu3"));
  EXPECT_DOUBLE_EQ(gb(same), 36.4);
  EXPECT_THAT(names(m, cross), ElementsAre("node0.gpu0.to_gpu3"));
  EXPECT_DOUBLE_EQ(gb(cross), 18.3);
  EXPECT_NEAR(us(cross), 2, 1e-9);
}

TEST(RouteDgx, AdaptersOfASocketAreOneAndThePcieLinkLimits) {
  const Machine m = shipped("dgx-h100", {.nodes = 2});
  EXPECT_THAT(names(m, route(m, "node0.FBMEM0", "node0.FBMEM7")), ElementsAre("node0.switch0.up", "node0.switch7.down"));
  // GPU 7 is on socket 1, GPU 0 on socket 0: no UPI link. 1.5 + 12 + 1.5 us.
  const Route r = route(m, "node0.FBMEM7", "node1.FBMEM0");
  EXPECT_THAT(names(m, r), ElementsAre("node0.pcie7.up", "node0.nic1.out", "node1.nic0.in", "node1.pcie0.down"));
  EXPECT_DOUBLE_EQ(gb(r), 55);
  EXPECT_NEAR(us(r), 15, 1e-9);
}

TEST(Route, OneCopyCanBeLimitedBelowItsChannel) {
  const Machine m = tiny_machine("[topology.host_copy]\nbandwidth_gb_s = 50\none_gb_s = 20\n");
  const Route r = route(m, "node0.SYSMEM", "node0.ZCMEM");
  EXPECT_DOUBLE_EQ(gb(r), 20);
  EXPECT_DOUBLE_EQ(m[r.list().front()].bandwidth.value, 50e9);
}

TEST(Route, EveryPairHasOne) {
  for (const char* base : {"p100", "lassen", "generic", "p100-sxm2"}) {
    for (const std::int64_t ranks : {1, 2, 4}) {
      const Machine m = shipped(base, {.nodes = 2, .ranks_per_node = ranks});
      for (std::size_t from = 0; from < m.memories().size(); ++from) {
        for (std::size_t to = 0; to < m.memories().size(); ++to) {
          const Route r = m.route(MemoryId(from), MemoryId(to));
          ASSERT_GT(r.count, 0U) << base;
          EXPECT_EQ(r.inter_node, m.memories()[from].node != m.memories()[to].node);
          for (const ChannelId c : r.list()) EXPECT_LE(r.bandwidth.value, m[c].bandwidth.value);
          EXPECT_GT(r.bandwidth.value, 0);
        }
      }
    }
  }
}

TEST(Route, OneSocketNeedsNoSocketLink) {
  const Machine m = tiny_machine("[topology]\nsockets = 1\n[processors.GPU]\ncount = 3\n[topology.peer_link]\nkind = \"none\"\n");
  // generic without its switch: up and down at 10 GB/s, 1 us each.
  const Route r = route(m, "node0.FBMEM0", "node0.FBMEM2");
  EXPECT_THAT(names(m, r), ElementsAre("node0.pcie0.up", "node0.pcie2.down"));
  EXPECT_DOUBLE_EQ(gb(r), 10);
  EXPECT_NEAR(us(r), 2, 1e-9);
}

}  // namespace
}  // namespace mapwright::machine
