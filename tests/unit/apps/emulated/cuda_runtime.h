// The part of CUDA's runtime that apps/support/cuda.h uses, on the host: threads run one after the other, the last one first, as
// nothing may depend on their order. Streams do everything at once.
#pragma once

#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

#define __global__

struct CUstream_st;
using cudaStream_t = CUstream_st*;

struct dim3 {
  unsigned x, y, z;
  explicit dim3(unsigned in_x = 1, unsigned in_y = 1, unsigned in_z = 1) : x(in_x), y(in_y), z(in_z) {}
};
inline dim3 gridDim, blockDim, blockIdx, threadIdx;

enum cudaError_t { cudaSuccess, cudaErrorMemoryAllocation };
enum cudaMemcpyKind { cudaMemcpyDeviceToHost };

inline const char* cudaGetErrorString(cudaError_t) { return "out of memory"; }
inline cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
inline cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t) {
  *memory = std::malloc(bytes);
  return *memory == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}
inline cudaError_t cudaFreeAsync(void* memory, cudaStream_t) {
  std::free(memory);
  return cudaSuccess;
}
inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t) {
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }

template <typename... A, std::size_t... I>
void call_emulated(void (*kernel)(A...), void** arguments, std::index_sequence<I...>) {
  kernel(*static_cast<std::remove_cvref_t<A>*>(arguments[I])...);
}

template <typename... A>
cudaError_t cudaLaunchKernel(void (*kernel)(A...), dim3 grid, dim3 block, void** arguments, std::size_t, cudaStream_t) {
  gridDim = grid;
  blockDim = block;
  for (blockIdx.y = grid.y; blockIdx.y-- > 0;) {
    for (blockIdx.x = grid.x; blockIdx.x-- > 0;) {
      for (threadIdx.x = block.x; threadIdx.x-- > 0;) call_emulated(kernel, arguments, std::index_sequence_for<A...>());
    }
  }
  return cudaSuccess;
}
