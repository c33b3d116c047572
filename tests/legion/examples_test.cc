// Three of Legion's own example programs, unmodified and preloaded: the same outputs as without us, decisions as written.
// The environment variable MAPWRIGHT_LEGION_EXAMPLES names a folder with the programs built: circuit/circuit and so on.
#include <gmock/gmock.h>

#include <cstdlib>
#include <regex>

#include "base/base.h"
#include "probe_run.h"

namespace mapwright::test {
namespace {

using testing::Contains;
using testing::HasSubstr;

ProbeResult run_example(const std::string& program, std::optional<std::string> mapper, std::vector<std::string> arguments) {
  ProbeRun run;
  run.program = program;
  run.preload = mapper.has_value();
  run.mapper = std::move(mapper);
  run.arguments = std::move(arguments);
  return run_probe(run);
}

// Output without what differs from run to run.
std::string stable(const ProbeResult& r) {
  static const std::regex kTimes("(ELAPSED TIME|GFLOPS) *=.*|on proc=.*|.*elapsed.*");
  return std::regex_replace(r.child.out, kTimes, "");
}

class Examples : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::getenv("MAPWRIGHT_LEGION_EXAMPLES")) GTEST_SKIP() << "SKIP: MAPWRIGHT_LEGION_EXAMPLES does not name Legion's examples";
  }
  static std::string example(const std::string& name) { return std::getenv("MAPWRIGHT_LEGION_EXAMPLES") + ("/" + name) + "/" + name; }
};

// Circuit has a mapper of its own, which puts regions into common instances and uses tags.
TEST_F(Examples, CircuitBesideItsMapper) {
  const char* const kMapper =
      "m = Machine(CPU);\n"
      "def turn(Task t) { return m[0, (t.ipoint[0] + 1) % m.size[1]]; }\n"
      "IndexTaskMap calc_new_currents turn;\n"
      "Region distribute_charge * CPU RDMEM,SYSMEM;\n"
      "Layout update_voltages * * Align==64;\n";
  const std::vector<std::string> arguments {"-ll:cpu", "2", "-ll:rsize", "64", "-l", "2"};
  const ProbeResult without = run_example(example("circuit"), std::nullopt, arguments);
  const ProbeResult r = run_example(example("circuit"), kMapper, arguments);
  EXPECT_EQ(r.child.exit_status, 0) << r.all();
  EXPECT_THAT(r.child.out, HasSubstr("SUCCESS!"));
  EXPECT_EQ(stable(r), stable(without));
  const auto currents = r.logged("calc_new_currents");
  ASSERT_FALSE(currents.empty());
  for (const auto& line : currents) {
    EXPECT_EQ(line["processor"], (line["point"][0].get<int>() + 1) % 2);
    EXPECT_EQ(line["place_by"], 3);
    EXPECT_EQ(line["arguments"][0]["memory_by"], "program");
  }
  const auto charge = r.logged("distribute_charge");
  ASSERT_FALSE(charge.empty());
  for (const auto& line : charge) EXPECT_EQ(line["arguments"][0]["memory_by"], 4);
}

TEST_F(Examples, Tiling) {
  const ProbeResult without = run_example(example("tiling"), std::nullopt, {"-ll:cpu", "2"});
  const ProbeResult r = run_example(example("tiling"),
                                    "m = Machine(CPU);\ndef last(Task t) { return m[0, m.size[1] - 1]; }\n"
                                    "SingleTaskMap tiling last;\nRegion * * CPU SYSMEM;\nLayout * * * Align==64;\n",
                                    {"-ll:cpu", "2"});
  EXPECT_EQ(without.child.exit_status, 0) << without.all();
  EXPECT_EQ(r.child.exit_status, 0) << r.all();
  EXPECT_EQ(stable(r), stable(without));
  ASSERT_EQ(r.logged("tiling").size(), 1U);
  const auto line = r.logged("tiling")[0];
  EXPECT_EQ(line["processor"], 1);
  EXPECT_EQ(line["place_by"], 3);
  ASSERT_FALSE(line["arguments"].empty());
  for (const auto& a : line["arguments"]) EXPECT_THAT(a["layout"].get<std::string>(), HasSubstr("Align==64"));
}

TEST_F(Examples, OmpSaxpy) {
  const std::vector<std::string> arguments {"-ll:cpu", "2", "-ll:ocpu", "1", "-ll:othr", "2"};
  const ProbeResult without = run_example(example("omp_saxpy"), std::nullopt, arguments);
  EXPECT_EQ(without.child.exit_status, 0) << without.all();
  const ProbeResult omp = run_example(example("omp_saxpy"), "Task * OMP,CPU;\n", arguments);
  const ProbeResult cpu = run_example(example("omp_saxpy"), "Task * CPU,OMP;\n", arguments);
  const auto kinds = [](const ProbeResult& r) {
    std::vector<std::string> all;
    for (const auto& line : r.log) {
      if (line["event"] == "task") all.push_back(line["kind"]);
    }
    return all;
  };
  EXPECT_EQ(omp.child.exit_status, 0) << omp.all();
  EXPECT_EQ(cpu.child.exit_status, 0) << cpu.all();
  EXPECT_THAT(kinds(omp), Contains("OMP"));
  EXPECT_THAT(kinds(cpu), Contains("CPU"));
  for (const ProbeResult* r : {&omp, &cpu}) EXPECT_EQ(r->child.out.find("mismatch"), std::string::npos) << r->all();
}

}  // namespace
}  // namespace mapwright::test
