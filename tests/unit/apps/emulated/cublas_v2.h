// The part of cuBLAS that apps/gemm/kernels.cu uses, by the host's BLAS.
#pragma once

#include <cuda_runtime.h>

#include "base/blas.h"
#include "base/check.h"

struct cublasContext;
using cublasHandle_t = cublasContext*;
enum cublasStatus_t { CUBLAS_STATUS_SUCCESS };
enum cublasOperation_t { CUBLAS_OP_N };

inline const char* cublasGetStatusString(cublasStatus_t) { return "success"; }
inline cublasStatus_t cublasCreate(cublasHandle_t*) { return CUBLAS_STATUS_SUCCESS; }
inline cublasStatus_t cublasSetStream(cublasHandle_t, cudaStream_t) { return CUBLAS_STATUS_SUCCESS; }
inline cublasStatus_t cublasDgemm(cublasHandle_t, cublasOperation_t, cublasOperation_t, int m, int n, int k, const double* alpha, const double* a, int lda,
                                  const double* b, int ldb, const double* beta, double* c, int ldc) {
  MW_CHECK(*alpha == 1 && *beta == 1, "c += a b is all that is emulated");
  mapwright::blas::gemm(n, m, k, b, ldb, a, lda, c, ldc);  // by columns what is the transposed product by rows
  return CUBLAS_STATUS_SUCCESS;
}
