// The GPU variants, emulated: what the CPU variants compute, bit for bit.
#include "apps/gpu.h"

#include "support.h"

namespace mapwright::apps {
namespace {

// The sequential execution takes CPU variants first: they get the kernels of the GPU variants. Returns how many.
int run_on_gpu(program::Program& p) {
  use_gpu_kernels(p);
  int count = 0;
  for (program::Task& t : p.tasks) {
    for (const program::Variant& gpu : t.variants) {
      if (gpu.kind != ProcessorKind::Gpu || gpu.inner) continue;
      ++count;
      for (program::Variant& v : t.variants) v.kernel = gpu.kernel;
    }
  }
  return count;
}

TEST(GpuKernels, ComputeTheBitsOfTheCpuInEveryProgram) {
  // Tasks with a GPU variant that is no inner one: init_ramp, stencil, increment; calculate_new_currents, distribute_charge,
  // update_voltages; 23 tasks of a cycle and 4 of the initialisation; init_cublas, task_1 to task_4, and in the 2-D
  // programs taco_fill and taco_validate.
  const std::map<std::string, int> expected {{"stencil", 3}, {"circuit", 3}, {"pennant", 27}, {"cannon", 7}, {"summa", 7}, {"pumma", 7},
                                             {"johnson", 5}, {"solomonik", 5}, {"cosma", 5}};
  for (const App& app : all()) {
    const program::Program cpu = built(app.name, {"test", {}, 1, 4});
    program::Program gpu = built(app.name, {"test", {}, 1, 4});
    EXPECT_EQ(run_on_gpu(gpu), expected.at(app.name)) << app.name;
    const auto right = run_sequential(cpu), found = run_sequential(gpu);
    ASSERT_TRUE(right && found);
    expect_same_bits(cpu, **right, **found);
    const auto wrong = gpu.check(**found);
    EXPECT_FALSE(wrong) << *wrong;
  }
}

}  // namespace
}  // namespace mapwright::apps
