// How many threads a kernel may use: those of its OMP processor, but never more than there are workers.
#include "tiny.h"

namespace mapwright::test {
namespace {

using engine::host::Options;

int threads_on(const char* kind, Options options) {
  const machine::Machine m = tiny_machine("[processors.CPU]\ncount = 2\n[processors.GPU]\ncount = 1\n[processors.OMP]\ncount = 1\nthreads = 3\n");
  int seen = 0;
  const Kernel look = [&seen](KernelContext& c) { seen = c.threads(); };
  Builder b("look");
  const TaskId task = b.add_task("look", {runs(ProcessorKind::Cpu, look), runs(ProcessorKind::Omp, look), runs(ProcessorKind::Gpu, look)});
  b.single_launch(task, {});
  const Program p = b.finish();
  options.emulate_gpu = true;
  options.verify = false;  // the sequential execution has one thread
  const auto done = engine::host::execute(plan_for(p, m, std::string("Task look ") + kind + ";"), p, m, options);
  EXPECT_TRUE(done);
  return seen;
}

Options with_workers(unsigned workers) {
  Options o;
  o.workers = workers;
  o.plain_threads = true;
  return o;
}

TEST(Threads, OnlyOmpProcessorsHaveSeveral) {
  EXPECT_EQ(threads_on("OMP", with_workers(8)), 3);
  EXPECT_EQ(threads_on("OMP", with_workers(2)), 2);
  EXPECT_EQ(threads_on("CPU", with_workers(8)), 1);
  EXPECT_EQ(threads_on("GPU", with_workers(8)), 1);  // a worker that stands for a GPU, though with the OMP kernel
  Options shuffled = with_workers(8);
  shuffled.shuffle = 1;
  EXPECT_EQ(threads_on("OMP", shuffled), 1);
}

}  // namespace
}  // namespace mapwright::test
