// Random programs under random decisions, executed for real: bitwise equal to the sequential execution, on every
// executor, with as many bytes as planned and no more memory than planned.
#include <gtest/gtest.h>

#include "engine/host/host.h"
#include "host_tally.h"
#include "random_kernels.h"
#include "random_program.h"

namespace mapwright {
namespace {

using engine::host::Observed;
using engine::host::Options;

using testing::Tally;

struct Case {
  machine::Machine machine;
  program::Program program;
  std::shared_ptr<const plan::Decisions> decisions;
};

Case make_case(std::uint64_t seed, bool short_memory) {
  machine::Machine machine = testing::small_machine(1 + static_cast<int>(seed % 3), short_memory ? 1 : 4096);
  program::Program program = testing::random_program(seed);
  testing::add_kernels(program);
  auto decisions = testing::random_decisions(seed, program, machine, short_memory ? 1 << (16 + seed / 2 % 2) : 1 << seed % 8);
  return {std::move(machine), std::move(program), std::move(decisions)};
}

// Runs one case; false when the memory did not suffice.
bool run_case(std::uint64_t seed, bool short_memory, Options options, Tally& tally) {
  const Case c = make_case(seed, short_memory);
  const auto plan = plan::make_plan(c.decisions, c.program, c.machine);
  if (!plan) {
    EXPECT_EQ(plan.error().kind, plan::Verdict::Kind::OutOfMemory);
    ++tally.rejected;
    return false;
  }
  options.emulate_gpu = true;
  const auto o = engine::host::execute(*plan, c.program, c.machine, options);
  if (!o) {
    ADD_FAILURE() << "seed " << seed << ": " << o.error().message;
    return false;
  }
  EXPECT_EQ(o->wrong, std::nullopt) << "seed " << seed;
  const plan::Traffic t = plan::traffic(*plan, c.program, c.machine);
  EXPECT_EQ(o->bytes_copied, t.total.between) << "seed " << seed;
  EXPECT_EQ(o->bytes_inside, t.total.inside) << "seed " << seed;
  EXPECT_EQ(o->bytes_folded, t.total.folded) << "seed " << seed;
  std::int64_t points = 0;
  for (std::int64_t p : o->points) points += p;
  EXPECT_EQ(points, static_cast<std::int64_t>(plan->executed_tasks())) << "seed " << seed;
  for (const plan::MemoryPeak& peak : plan->peaks) {
    EXPECT_LE(o->memory_peak[peak.memory.value], peak.bytes) << "seed " << seed << " memory " << peak.memory.value;
  }
  tally.add(*o);
  return true;
}

TEST(HostRandom, InAnyOrderThatTheEdgesAllow) {
  Tally tally;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    Options options;
    options.shuffle = seed;
    run_case(seed, seed % 2 == 1, options, tally);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
  fmt::print("{}", tally.table());
}

TEST(HostRandom, OnThreads) {
  Tally tally;
  for (std::uint64_t seed = 1000; seed < 1100; ++seed) {
    Options options;
    options.workers = 3;
    options.plain_threads = true;
    run_case(seed, seed % 2 == 1, options, tally);
  }
  EXPECT_GT(tally.runs, 50);
}

TEST(HostRandom, OnTheDefaultExecutor) {
  Tally tally;
  for (std::uint64_t seed = 2000; seed < 2100; ++seed) {
    Options options;
    options.workers = 2;
    run_case(seed, seed % 2 == 1, options, tally);
  }
  EXPECT_GT(tally.runs, 50);
}

}  // namespace
}  // namespace mapwright
