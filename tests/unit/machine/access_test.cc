// Which processor can address which memory, and how fast.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/tiny_machine.h"

namespace mapwright::machine {
namespace {

using test::shipped;
using testing::ElementsAre;
using testing::IsEmpty;

ProcessorId processor(const Machine& m, ProcessorKind k, std::size_t space, std::uint32_t index) {
  const auto p = m.find(k, SpaceId(space), index);
  MW_CHECK(p.has_value());
  return *p;
}

std::vector<std::string> reach(const Machine& m, ProcessorId p, MemoryKind kind) {
  std::vector<std::string> names;
  for (const MemoryId id : m.addressable(p, kind)) names.push_back(m.memory_name(id));
  return names;
}

TEST(Addressable, ByKind) {
  const Machine m = shipped("p100", {.nodes = 2});
  const ProcessorId gpu = processor(m, ProcessorKind::Gpu, 1, 2), cpu = processor(m, ProcessorKind::Cpu, 0, 3),
                    omp = processor(m, ProcessorKind::Omp, 0, 0);
  EXPECT_THAT(reach(m, gpu, MemoryKind::FbMem), ElementsAre("node1.FBMEM2"));  // never a peer's
  EXPECT_THAT(reach(m, gpu, MemoryKind::ZcMem), ElementsAre("node1.ZCMEM"));
  EXPECT_THAT(reach(m, gpu, MemoryKind::SysMem), IsEmpty());
  EXPECT_THAT(reach(m, gpu, MemoryKind::SockMem), IsEmpty());
  EXPECT_THAT(reach(m, cpu, MemoryKind::FbMem), IsEmpty());
  EXPECT_THAT(reach(m, cpu, MemoryKind::SockMem), ElementsAre("node0.SOCKMEM1", "node0.SOCKMEM0"));  // own socket first
  EXPECT_THAT(reach(m, omp, MemoryKind::SockMem), ElementsAre("node0.SOCKMEM0", "node0.SOCKMEM1"));
  EXPECT_THAT(reach(m, omp, MemoryKind::ZcMem), ElementsAre("node0.ZCMEM"));
  EXPECT_THAT(reach(m, cpu, MemoryKind::Virtual), IsEmpty());
  EXPECT_EQ(m.access(gpu, m.addressable(processor(m, ProcessorKind::Gpu, 0, 2), MemoryKind::FbMem)[0]), nullptr);
}

TEST(Access, GpuOfP100) {
  const Machine m = shipped("p100");
  const ProcessorId near = processor(m, ProcessorKind::Gpu, 0, 0), far = processor(m, ProcessorKind::Gpu, 0, 3);
  const Access& own = *m.access(near, m.addressable(near, MemoryKind::FbMem)[0]);
  EXPECT_DOUBLE_EQ(own.stream.value, 550e9);
  EXPECT_DOUBLE_EQ(own.atomic.value, 2e9);
  EXPECT_DOUBLE_EQ(own.atomic_same.value, 300e6);
  const Access& host = *m.access(near, m.addressable(near, MemoryKind::ZcMem)[0]);
  EXPECT_DOUBLE_EQ(host.stream.value, 11.7e9);
  EXPECT_NEAR(host.gather.value * 32, 0.4 * 11.7e9, 0.01e9);  // 40 % of the link in sectors of 32 bytes
  EXPECT_DOUBLE_EQ(host.atomic.value, 75e6);
  EXPECT_NEAR(host.latency.value, 1.2e-6, 1e-15);
  // GPU 3 reaches ZCMEM of socket 0 over QPI: 25 GB/s does not bind, 0.5 us more.
  const Access& remote = *m.access(far, m.addressable(far, MemoryKind::ZcMem)[0]);
  EXPECT_DOUBLE_EQ(remote.stream.value, 11.7e9);
  EXPECT_NEAR(remote.latency.value, 1.7e-6, 1e-15);
}

TEST(Access, OtherSocketIsLimitedByTheLink) {
  const Machine m = shipped("p100");
  const ProcessorId omp = processor(m, ProcessorKind::Omp, 0, 1);
  const std::vector<MemoryId> sockets = m.addressable(omp, MemoryKind::SockMem);
  EXPECT_DOUBLE_EQ(m.access(omp, sockets[0])->stream.value, 50e9);
  EXPECT_DOUBLE_EQ(m.access(omp, sockets[1])->stream.value, 25e9);
  EXPECT_DOUBLE_EQ(m.access(omp, sockets[1])->gather.value, 600e6);  // below 25e9 / 32 = 781e6
  // SYSMEM is interleaved: the same for both sockets.
  EXPECT_DOUBLE_EQ(m.access(omp, m.addressable(omp, MemoryKind::SysMem)[0])->stream.value, 50e9);
}

TEST(Access, IoAndPyAreCores) {
  const Machine m = test::tiny_machine("[processors.IO]\ncount = 1\n[processors.PY]\ncount = 2\n");
  EXPECT_EQ(m.processors_per_space(ProcessorKind::Py), 2U);
  const ProcessorId py = processor(m, ProcessorKind::Py, 0, 1);
  EXPECT_EQ(m.processor_name(py), "node0.PY1");
  EXPECT_DOUBLE_EQ(m.access(py, m.addressable(py, MemoryKind::SysMem)[0])->stream.value, 10e9);
  EXPECT_DOUBLE_EQ(m.compute(ProcessorKind::Io).fp64.value, 50e9);
}

}  // namespace
}  // namespace mapwright::machine
