// Detection of the host this test runs on.
#include <gtest/gtest.h>

#include <thread>

#include "support/tiny_machine.h"

namespace mapwright::machine {
namespace {

TEST(Detect, DescribesThisHost) {
  const Expected<std::string> text = detect_machine();
  if (!text) {
    EXPECT_EQ(text.error().code, 4012);
    GTEST_SKIP() << text.error().message;
  }
  diag::Sink sink;
  const auto m = read_machine(diag::make_source("detected.toml", *text), {}, sink);
  ASSERT_TRUE(m.has_value()) << *text;
  EXPECT_EQ(m->name(), "detected");
  EXPECT_EQ(m->nodes(), 1U);
  // At most one CPU processor per core, and cores are at most the hardware threads; a single core counts twice.
  const std::uint32_t cpus = m->processors_per_space(ProcessorKind::Cpu);
  EXPECT_GE(cpus, 1U);
  EXPECT_LE(cpus, std::max(1U, std::thread::hardware_concurrency()));
  EXPECT_EQ(*detect_machine(), *text);
}

}  // namespace
}  // namespace mapwright::machine
