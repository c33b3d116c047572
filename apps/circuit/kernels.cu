// The work of Circuit on GPUs.
#include "apps/circuit/kernels.h"

#include "apps/gpu.h"
#include "apps/support/cuda.h"

namespace mapwright::apps::circuit {

GpuKernels gpu_kernels(const std::map<std::string, std::int64_t>& values) {
  const Shape s = shape(values);
  return {{"calculate_new_currents", [s](program::KernelContext& c) { calculate_new_currents<Cuda>(c, s); }},
          {"distribute_charge", [s](program::KernelContext& c) { distribute_charge<Cuda>(c, s); }},
          {"update_voltages", [](program::KernelContext& c) { update_voltages<Cuda>(c); }}};
}

}  // namespace mapwright::apps::circuit
