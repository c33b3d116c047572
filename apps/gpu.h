// apps/gpu.h - CUDA versions of the shipped programs' kernels; only where mapwright was built for a Legion with CUDA.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "program/program.h"

namespace mapwright::apps {

// By the name of the task.
using GpuKernels = std::vector<std::pair<std::string, program::Kernel>>;

// Gives every GPU variant of a program that build() made a kernel that runs on the GPU: its views must hold addresses of the
// GPU, and KernelContext::stream() is where it puts its work. Such kernels may return before their work is done, and throw
// std::runtime_error with CUDA's message. Results are those of the CPU kernels, bit for bit.
void use_gpu_kernels(program::Program& p);

// Of each program, with the values of its parameters (kernels.cu in its folder).
namespace stencil {
GpuKernels gpu_kernels(const std::map<std::string, std::int64_t>& values);
}
namespace circuit {
GpuKernels gpu_kernels(const std::map<std::string, std::int64_t>& values);
}
namespace pennant {
GpuKernels gpu_kernels(const std::map<std::string, std::int64_t>& values);
}
namespace gemm {  // of all six; `placing_fills`: matrices are filled by the tasks that place them
GpuKernels gpu_kernels(const std::map<std::string, std::int64_t>& values, bool placing_fills);
}

}  // namespace mapwright::apps
