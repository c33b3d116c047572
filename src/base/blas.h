// base/blas.h - products of matrices, by the BLAS that the build found. It is loaded when it is first needed, and with one
// thread: OpenBLAS, left alone, starts one for each core, and where address space is limited (ulimit -v) these never end.
#pragma once

namespace mapwright::blas {

// Loads the library, which then runs in the thread that calls it. Changes the environment while it does so: to be called
// once where no other thread runs, before threads that multiply. What fails is said by gemm().
void load();

// How many threads work on one product from now on; 1 after load(). Without effect where BLAS is not OpenBLAS.
void set_threads(int count);

// c += a b for row-major matrices: a of m rows and k columns, b of k and n, c of m and n; lda, ldb and ldc are the numbers
// of elements from one row to the next. Throws std::runtime_error when the library cannot be loaded.
void gemm(int m, int n, int k, const double* a, int lda, const double* b, int ldb, double* c, int ldc);
void gemm(int m, int n, int k, const float* a, int lda, const float* b, int ldb, float* c, int ldc);

}  // namespace mapwright::blas
