// The shipped programs with kernels under random valid mappers: the proof that plans are coherent. Every execution must
// leave the same bits as the sequential one; how many contained what can go wrong is printed and asserted.
#include <gtest/gtest.h>

#include "apps/apps.h"
#include "engine/host/host.h"
#include "host_tally.h"
#include "random_mapper.h"

namespace mapwright {
namespace {

using engine::host::Options;
using testing::Tally;

machine::Machine make_machine(std::int64_t nodes, int capacity_mib) {
  std::string toml = fmt::format("format = \"mapwright.machine/1\"\nname = \"small\"\nbase = \"generic\"\nnodes = {}\n"
                                 "[processors.CPU]\ncount = 3\n[processors.GPU]\ncount = 2\n", nodes);
  for (const char* memory : {"SYSMEM", "FBMEM", "ZCMEM", "SOCKMEM", "RDMEM"}) {
    toml += fmt::format("[memories.{}]\ncapacity_mib = {}\n", memory, capacity_mib);
  }
  diag::Sink sink;
  auto m = machine::read_machine(diag::make_source("small.toml", toml), {}, sink);
  MW_CHECK(m.has_value(), "{}", diag::render_short(sink.all().front()));
  return *std::move(m);
}

// Other shapes than that of the preset, where it is too small to show everything: one node of Cannon, SUMMA and PUMMA is the
// same program, and few tiles never fill a memory.
program::Program make_program(const std::string& name, std::int64_t nodes) {
  static const std::map<std::string, std::map<std::string, std::string>> kSets {
      {"cannon", {{"n", "50"}, {"gx", "2"}, {"gy", "2"}}},
      {"summa", {{"gx", "2"}, {"gy", "1"}}},
      {"pumma", {{"n", "61"}, {"gx", "3"}, {"gy", "1"}}},
      {"johnson", {{"n", "50"}, {"gdim", "3"}}},
      {"solomonik", {{"n", "61"}, {"rpoc", "4"}, {"c", "2"}, {"rpoc3", "3"}}},
      {"cosma", {{"gx", "2"}, {"gy", "3"}, {"gz", "4"}}},
      {"pennant", {{"pieces", "6"}, {"cycles", "4"}, {"prune", "1"}}},  // 2 x 3 pieces: points with four of them
  };
  apps::Choice choice;
  choice.preset = "test";
  choice.nodes = nodes;
  choice.gpus = 2;
  if (const auto set = kSets.find(name); set != kSets.end()) choice.set = set->second;
  auto p = apps::build(name, choice);
  MW_CHECK(p.has_value(), "{}", p.error().message);
  return *std::move(p);
}

// Executes one random mapper; nothing more when its instances do not fit.
void run_one(const std::string& app, const program::Program& program, std::uint64_t seed, Tally& tally) {
  Rng rng(seed * 2 + 1);
  // Alignments pad the small data of the test presets, so that memories stated in MiB run short.
  const bool crowded = rng.below(4) > 0;
  const machine::Machine machine = make_machine(static_cast<std::int64_t>(1 + rng.below(3)), crowded ? static_cast<int>(1 + rng.below(3)) : 1024);
  std::size_t fields = 1;
  for (const program::Region& r : program.regions) fields = std::max(fields, r.fields.size());
  const auto shift = 16 + rng.below(4) - (fields < 30 ? 0 : 4);  // each field is padded
  const std::string text = testing::random_mapper(seed, program, machine, crowded ? 1 << shift : 1 << rng.below(8));
  diag::Sink sink;
  const sema::Mapper mapper = sema::compile(diag::make_source("random.mapper", text), sink);
  auto plan = plan::make_plan(mapper, program, machine, sink);
  if (!plan) {
    ++tally.rejected;
    ASSERT_EQ(plan.error().kind, plan::Verdict::Kind::OutOfMemory) << plan.error().diagnostics.front().message << "\n" << text;
    return;
  }
  ASSERT_FALSE(sink.has_errors()) << text;
  Options options;
  options.emulate_gpu = true;
  options.workers = 2;
  if (seed % 2 == 1) options.shuffle = seed;
  const auto o = engine::host::execute(*plan, program, machine, options);
  ASSERT_TRUE(o) << o.error().message;
  ASSERT_EQ(o->wrong, std::nullopt) << app << " seed " << seed << "\n" << text;
  const plan::Traffic t = plan::traffic(*plan, program, machine);
  ASSERT_EQ(o->bytes_copied, t.total.between) << app << " seed " << seed;
  ASSERT_EQ(o->bytes_inside, t.total.inside) << app << " seed " << seed;
  ASSERT_EQ(o->bytes_folded, t.total.folded) << app << " seed " << seed;
  for (const plan::MemoryPeak& peak : plan->peaks) ASSERT_LE(o->memory_peak[peak.memory.value], peak.bytes) << app << " seed " << seed;
  tally.add(*o);
}

// Runs random mappers of every program until `wanted` of each were valid.
Tally run_all(int wanted, std::uint64_t first_seed) {
  Tally all;
  for (const apps::App& shipped : apps::all()) {
    const std::string& app = shipped.name;
    const program::Program program = make_program(app, 2);
    Tally tally;
    for (std::uint64_t seed = first_seed; tally.runs < wanted && seed < first_seed + 20 * static_cast<std::uint64_t>(wanted); ++seed) {
      run_one(app, program, seed, tally);
      if (::testing::Test::HasFatalFailure()) return all;
    }
    fmt::print("{}: {}", app, tally.table());
    EXPECT_EQ(tally.runs, wanted) << app;
    all.add(tally);
  }
  return all;
}

TEST(HostApps, RandomMappersAreBitwiseRight) {
  const Tally all = run_all(60, 1);
  fmt::print("all: {}", all.table());
  for (const auto& [name, count] : all.features()) EXPECT_GE(10 * count, all.runs) << name;
}

}  // namespace
}  // namespace mapwright
