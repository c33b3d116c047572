// Detection of the host this test runs on.
#include <gtest/gtest.h>

#include <thread>

#include "support/tiny_machine.h"

namespace mapwright::machine {
namespace {

TEST(Detect, DescribesThisHostCompletely) {
  const Expected<std::string> text = detect_machine({Seconds(3e-6), Seconds(2e-6), PerSecond(8e8)}, 0.2);
  if (!text) {
    EXPECT_EQ(text.error().code, 4012);
    GTEST_SKIP() << text.error().message;
  }
  EXPECT_EQ(text->find("base ="), std::string::npos);
  diag::Sink sink;
  const auto m = read_machine(diag::make_source("detected.toml", *text), {.gpus = 2}, sink);
  ASSERT_TRUE(m.has_value()) << *text;
  EXPECT_EQ(m->name(), "detected");
  EXPECT_EQ(m->nodes(), 1U);
  // One CPU processor and one worker per core, and cores are at most the hardware threads.
  const std::uint32_t cpus = m->processors_per_space(ProcessorKind::Cpu);
  EXPECT_GE(cpus, 1U);
  EXPECT_LE(cpus, std::max(1U, std::thread::hardware_concurrency()));
  EXPECT_EQ(m->overheads().workers, cpus);
  EXPECT_DOUBLE_EQ(m->compute(ProcessorKind::Cpu).launch.value, 3e-6);
  EXPECT_DOUBLE_EQ(m->overheads().copy_start.value, 2e-6);
}

// Wide bounds: any computer that can run this is within them, and a figure in the wrong unit is not.
TEST(Detect, MeasuresPlausibleFigures) {
  const Expected<std::string> text = detect_machine({Seconds(3e-6), Seconds(2e-6), PerSecond(8e8)}, 0.2);
  if (!text) GTEST_SKIP() << text.error().message;
  diag::Sink sink;
  const auto m = read_machine(diag::make_source("detected.toml", *text), {}, sink);
  ASSERT_TRUE(m.has_value()) << *text;
  const ProcessorId cpu = *m->find(ProcessorKind::Cpu, SpaceId(std::size_t {0}), 0);
  const MemoryId memory = m->addressable(cpu, MemoryKind::SysMem).front();
  const Access& a = *m->access(cpu, memory);
  const auto within = [](double value, double low, double high) { return value >= low && value <= high; };
  EXPECT_TRUE(within(m->compute(ProcessorKind::Cpu).fp64.value, 1e8, 1e12));
  EXPECT_TRUE(within(a.stream.value, 1e8, 1e12));
  EXPECT_TRUE(within(a.gather.value, 1e5, 1e10));
  EXPECT_TRUE(within(a.atomic_same.value, 1e5, 1e10));
  EXPECT_TRUE(within(a.latency.value, 1e-9, 1e-5));
  EXPECT_TRUE(within(m->route(memory, memory).bandwidth.value, 1e8, 1e12));
  EXPECT_EQ(m->overheads().elements, PerSecond(8e8));
}

}  // namespace
}  // namespace mapwright::machine
