// A short run of tiny.cc, whose figures of time are in docs/legion.md.
#include <gmock/gmock.h>

#include <cstdio>

#include "base/base.h"
#include "probe_run.h"

namespace mapwright::test {
namespace {

// KiB that the process grows by after its first rounds.
long growth(const std::string& mapper, std::vector<std::string> arguments) {
  ProbeRun run;
  run.program = TINY;
  run.preload = false;
  run.logs = false;
  run.mapper = mapper;
  run.arguments = std::move(arguments);
  const ProbeResult r = run_probe(run);
  EXPECT_EQ(r.child.exit_status, 0) << r.all();
  long before = 0, after = 0;
  const std::size_t memory = r.child.out.find("tiny memory ");
  if (memory == std::string::npos || std::sscanf(r.child.out.c_str() + memory, "tiny memory %ld KiB before, %ld KiB after", &before, &after) != 2) {
    ADD_FAILURE() << r.all();
  }
  return after - before;
}

TEST(Cost, MemoryDoesNotGrowWithTasks) { EXPECT_LT(growth("", {"-pairs", "9", "-warm", "1", "-launches", "2"}), 64 * 1024); }

TEST(Cost, MemoryDoesNotGrowWithIndexMapsInTwoDimensions) {
  EXPECT_LT(growth("m = Machine(CPU);\ndef f(Task t) { return m[0, (t.ipoint[0] + t.ipoint[1]) % m.size[1]]; }\nIndexTaskMap tiny f;\n",
                   {"-pairs", "5", "-warm", "1", "-launches", "1", "-points", "4096", "-square"}),
            64 * 1024);
}

}  // namespace
}  // namespace mapwright::test
