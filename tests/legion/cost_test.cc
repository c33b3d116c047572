// Mapping is not dear: a short run of tiny.cc. Figures with their intervals are in docs/legion.md.
#include <gmock/gmock.h>

#include <cstdio>

#include "base/base.h"
#include "probe_run.h"

namespace mapwright::test {
namespace {

struct Cost {
  double ratio = 0;
  long before = 0, after = 0;
};

Cost measure(const std::string& mapper, std::vector<std::string> arguments) {
  ProbeRun run;
  run.program = TINY;
  run.preload = false;
  run.logs = false;
  run.mapper = mapper;
  run.arguments = std::move(arguments);
  const ProbeResult r = run_probe(run);
  EXPECT_EQ(r.child.exit_status, 0) << r.all();
  Cost cost;
  const std::size_t ratio = r.child.out.find("ratio ", r.child.out.find("tiny processor time")), memory = r.child.out.find("tiny memory ");
  if (ratio == std::string::npos || memory == std::string::npos) {
    ADD_FAILURE() << r.all();
    return cost;
  }
  cost.ratio = std::atof(r.child.out.c_str() + ratio + 6);
  EXPECT_EQ(std::sscanf(r.child.out.c_str() + memory, "tiny memory %ld KiB before, %ld KiB after", &cost.before, &cost.after), 2);
  return cost;
}

// Generous bounds: other processes share the machine. An index map that is evaluated per point and launch, or a table that
// grows with every launch, is far outside of them.
TEST(Cost, OfTinyTasks) {
  const Cost cost = measure("", {"-pairs", "9", "-warm", "1", "-launches", "2"});
  EXPECT_LT(cost.ratio, 2);
  EXPECT_LT(cost.after - cost.before, 64 * 1024);
}

TEST(Cost, OfIndexMapsInTwoDimensions) {
  const Cost cost = measure("m = Machine(CPU);\ndef f(Task t) { return m[0, (t.ipoint[0] + t.ipoint[1]) % m.size[1]]; }\nIndexTaskMap tiny f;\n",
                            {"-pairs", "5", "-warm", "1", "-launches", "1", "-points", "4096", "-square"});
  EXPECT_LT(cost.ratio, 3);
}

}  // namespace
}  // namespace mapwright::test
