// apps/support/cuda.h - the loops of kernels on a GPU. For .cu files.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "apps/support/loops.h"

namespace mapwright::apps {

// Throws std::runtime_error, which engines report as the failure of a kernel.
inline void check_cuda(cudaError_t status) {
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}

template <typename F>
__global__ void run_line(Range r, F f) {
  const std::int64_t step = std::int64_t {gridDim.x} * blockDim.x;
  for (std::int64_t i = r.lo + std::int64_t {blockIdx.x} * blockDim.x + threadIdx.x; i <= r.hi; i += step) f(i);
}

template <typename F>
__global__ void run_grid(Range rows, Range columns, F f) {
  const std::int64_t step = std::int64_t {gridDim.x} * blockDim.x;
  for (std::int64_t i = rows.lo + blockIdx.y; i <= rows.hi; i += gridDim.y) {
    for (std::int64_t j = columns.lo + std::int64_t {blockIdx.x} * blockDim.x + threadIdx.x; j <= columns.hi; j += step) f(i, j);
  }
}

// The fold of what each thread sees, in `partial` at the thread's number.
template <typename F, typename Op>
__global__ void run_fold(Range r, double start, F f, Op op, double* partial) {
  const std::int64_t mine = std::int64_t {blockIdx.x} * blockDim.x + threadIdx.x, step = std::int64_t {gridDim.x} * blockDim.x;
  double all = start;
  for (std::int64_t i = r.lo + mine; i <= r.hi; i += step) all = op(all, f(i));
  partial[mine] = all;
}

struct Plus {
  MW_HOST_DEVICE double operator()(double a, double b) const { return a + b; }
};
struct Least {
  MW_HOST_DEVICE double operator()(double a, double b) const { return b < a ? b : a; }
};

// The members of Threads, on the stream of the kernel's context.
class Cuda {
 public:
  explicit Cuda(const program::KernelContext& context) : stream_(static_cast<cudaStream_t>(context.stream())) {}

  template <typename F>
  void each(Range r, F f) const {
    if (r.hi < r.lo) return;
    void* arguments[] = {&r, &f};
    check_cuda(cudaLaunchKernel(run_line<F>, dim3(blocks(r, kMostBlocks)), dim3(kThreads), arguments, 0, stream_));
  }

  template <typename F>
  void each(Range rows, Range columns, F f) const {
    if (rows.hi < rows.lo || columns.hi < columns.lo) return;
    constexpr std::int64_t kMostRows = 65535;  // CUDA's limit
    const auto high = static_cast<unsigned>(std::min(rows.hi - rows.lo + 1, kMostRows));
    void* arguments[] = {&rows, &columns, &f};
    check_cuda(cudaLaunchKernel(run_grid<F>, dim3(blocks(columns, kMostBlocks), high), dim3(kThreads), arguments, 0, stream_));
  }

  template <typename F>
  double sum(Range r, F f) const { return fold(r, 0, f, Plus {}); }

  template <typename F>
  double least(Range r, double limit, F f) const { return fold(r, limit, f, Least {}); }

  class Adder {
   public:
    template <typename T>
    MW_HOST_DEVICE void operator()(T& to, T value) const {
#ifdef __CUDA_ARCH__
      atomicAdd(&to, value);
#else
      to += value;
#endif
    }
  };
  Adder adder() const { return {}; }

 private:
  static constexpr unsigned kThreads = 128, kFoldBlocks = 64;
  static constexpr std::int64_t kMostBlocks = std::int64_t {1} << 20;

  static unsigned blocks(Range r, std::int64_t most) {
    return static_cast<unsigned>(std::clamp<std::int64_t>((r.hi - r.lo) / kThreads + 1, 1, most));
  }

  // Waits for the stream. Deterministic: the same elements meet in the same order on every GPU.
  template <typename F, typename Op>
  double fold(Range r, double start, F f, Op op) const {
    if (r.hi < r.lo) return start;
    const unsigned count = blocks(r, kFoldBlocks);
    std::vector<double> partial(std::size_t {count} * kThreads);
    const std::size_t bytes = partial.size() * sizeof(double);
    void* there = nullptr;
    check_cuda(cudaMallocAsync(&there, bytes, stream_));
    auto* out = static_cast<double*>(there);
    void* arguments[] = {&r, &start, &f, &op, &out};
    check_cuda(cudaLaunchKernel(run_fold<F, Op>, dim3(count), dim3(kThreads), arguments, 0, stream_));
    check_cuda(cudaMemcpyAsync(partial.data(), there, bytes, cudaMemcpyDeviceToHost, stream_));
    check_cuda(cudaFreeAsync(there, stream_));
    check_cuda(cudaStreamSynchronize(stream_));
    double all = start;
    for (const double value : partial) all = op(all, value);
    return all;
  }

  cudaStream_t stream_;
};

}  // namespace mapwright::apps
