// apps/support/host_device.h - code that CUDA compiles for GPUs too.
#pragma once

#include "base/base.h"

// MW_HOST_DEVICE marks bodies of loops and what they call. MW_LOOP_CHECK is MW_CHECK in them; GPUs have no words for it.
#ifdef __CUDACC__
#define MW_HOST_DEVICE __host__ __device__
#else
#define MW_HOST_DEVICE
#endif
#ifdef __CUDA_ARCH__
#define MW_LOOP_CHECK(condition, ...) \
  do {                                \
    if (!(condition)) __trap();       \
  } while (false)
#else
#define MW_LOOP_CHECK(condition, ...) MW_CHECK(condition, __VA_ARGS__)
#endif
