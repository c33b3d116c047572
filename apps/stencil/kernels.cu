// The work of Stencil on GPUs.
#include "apps/stencil/kernels.h"

#include "apps/gpu.h"
#include "apps/support/cuda.h"

namespace mapwright::apps::stencil {

GpuKernels gpu_kernels(const std::map<std::string, std::int64_t>& values) {
  const Shape s = shape(values);
  return {{"init_ramp", [s](program::KernelContext& c) { ramp<Cuda>(c, s); }},
          {"stencil", [s](program::KernelContext& c) { stencil<Cuda>(c, s); }},
          {"increment", [s](program::KernelContext& c) { increment<Cuda>(c, s); }}};
}

}  // namespace mapwright::apps::stencil
