// A task on an OMP processor of Legion works on the threads that Realm gives this processor. In this process: Legion's runtime
// starts once.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <mutex>
#include <set>

#include "apps/support/loops.h"
#include "engine/executor/run.h"

extern "C" void GOMP_parallel(void (*)(void*), void*, unsigned, unsigned);

namespace mapwright::test {
namespace {

using namespace program;

struct Seen {
  std::mutex mutex;
  int threads = 0;
  std::set<pid_t> ids;
};

Variant variant(ProcessorKind kind, Seen* seen) {
  Variant v;
  v.kind = kind;
  v.kernel = [seen](KernelContext& c) {
    const apps::Threads loops(c);
    seen->threads = c.threads();
    loops.each(apps::Range {1, c.threads()}, [seen](std::int64_t) {
      const std::lock_guard lock(seen->mutex);
      seen->ids.insert(gettid());
    });
  };
  return v;
}

TEST(OmpProcessor, GivesTasksItsThreads) {
  if (!HAVE_OPENMP) GTEST_SKIP() << "SKIP: Legion or this build has no OpenMP";
  Dl_info where {};
  ASSERT_NE(dladdr(reinterpret_cast<void*>(&GOMP_parallel), &where), 0);
  EXPECT_THAT(where.dli_fname, testing::HasSubstr("librealm"));

  Seen cpu, omp;
  Builder b("threads");
  const TaskId on_cpu = b.add_task("on_cpu", {variant(ProcessorKind::Cpu, &cpu)});
  const TaskId on_omp = b.add_task("on_omp", {variant(ProcessorKind::Cpu, &cpu), variant(ProcessorKind::Omp, &omp)});
  b.single_launch(on_cpu, {});
  b.single_launch(on_omp, {});
  const Expected<TemporaryFolder> folder = TemporaryFolder::make();
  ASSERT_TRUE(folder);
  const std::string mapper = folder->file("mapper");
  ASSERT_TRUE(write_file(mapper, "Task * CPU;\nTask on_omp OMP;\n"));
  const int status = engine::executor::run(b.finish(), {.report = {}, .verify = false},
                                           {"threads", "-mapwright:mapper", mapper, "-ll:cpu", "1", "-ll:ocpu", "1", "-ll:othr", "2", "-ll:csize", "64"});
  EXPECT_EQ(status, 0);
  EXPECT_EQ(cpu.threads, 1);
  EXPECT_EQ(cpu.ids.size(), 1U);
  EXPECT_EQ(omp.threads, 2);
  EXPECT_EQ(omp.ids.size(), 2U);
}

}  // namespace
}  // namespace mapwright::test
