// The work of the matrix multiplications on GPUs.
#include <cublas_v2.h>

#include <mutex>

#include "apps/gemm/kernels.h"
#include "apps/gpu.h"
#include "apps/support/cuda.h"

namespace mapwright::apps::gemm {

namespace {

void check_cublas(cublasStatus_t status) {
  if (status != CUBLAS_STATUS_SUCCESS) throw std::runtime_error(cublasGetStatusString(status));
}

// Calls f with cuBLAS of the current GPU, one call at a time. It is made at the first one: in init_cublas, outside the window.
template <typename F>
void with_cublas(F&& f) {
  static std::mutex mutex;
  static std::map<int, cublasHandle_t> handles;
  const std::lock_guard lock(mutex);
  int gpu = 0;
  check_cuda(cudaGetDevice(&gpu));
  cublasHandle_t& handle = handles[gpu];
  if (handle == nullptr) check_cublas(cublasCreate(&handle));
  f(handle);
}

void leaf(program::KernelContext& c) {
  if (c.points(0).empty() || c.points(1).empty() || c.points(2).empty()) return;
  const Operand a = operand(c, 0), left = operand(c, 1), right = operand(c, 2);
  with_cublas([&](cublasHandle_t handle) {
    constexpr double kOne = 1;
    check_cublas(cublasSetStream(handle, static_cast<cudaStream_t>(c.stream())));
    // cuBLAS counts columns first, and sees the transposes of A, B and C: A' += C' B'.
    check_cublas(cublasDgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, a.columns, a.rows, left.columns, &kOne, right.base, right.leading,
                             left.base, left.leading, &kOne, a.base, a.leading));
  });
}

}  // namespace

GpuKernels gpu_kernels(const std::map<std::string, std::int64_t>& values, bool placing_fills) {
  const std::int64_t n = values.at("n");
  const program::Kernel filling = [n](program::KernelContext& c) { fill<Cuda>(c, n); };
  GpuKernels all {{"init_cublas", [](program::KernelContext&) { with_cublas([](cublasHandle_t) {}); }},
                  {"taco_fill", filling},
                  {"task_4", leaf},
                  {"taco_validate", [n](program::KernelContext& c) { validate<Cuda>(c, n); }}};
  for (const char* place : {"task_1", "task_2", "task_3"}) all.emplace_back(place, placing_fills ? filling : nothing_kernel());
  return all;
}

}  // namespace mapwright::apps::gemm
