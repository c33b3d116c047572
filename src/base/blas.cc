#include "base/blas.h"

#include <cblas.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace mapwright::blas {

namespace {

// The functions that are used.
struct Library {
  decltype(&cblas_dgemm) dgemm = nullptr;
  decltype(&cblas_sgemm) sgemm = nullptr;
  void (*set_num_threads)(int) = nullptr;  // of OpenBLAS
  std::string error;                       // why it could not be loaded
};

template <typename F>
void find(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(library, name));
}

// OpenBLAS takes 128 MiB for each thread that multiplies, and tries for ever to get them. The rest of the program is left
// as much as two of them.
bool has_address_space() {
  const std::size_t bytes = std::size_t {128 << 20} * (std::max(1U, std::thread::hardware_concurrency()) + 2);
  void* const block = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (block == MAP_FAILED) return false;
  ::munmap(block, bytes);
  return true;
}

Library open() {
  Library l;
  if (!has_address_space()) {
    l.error = "BLAS needs 128 MiB of address space for each core: raise the limit (ulimit -v)";
    return l;
  }

  // OpenBLAS starts its threads while it is loaded, unless this says that there are none.
  constexpr const char* kThreads = "OPENBLAS_NUM_THREADS";
  const char* const value = std::getenv(kThreads);
  const std::optional<std::string> before = value != nullptr ? std::optional<std::string>(value) : std::nullopt;
  ::setenv(kThreads, "1", 1);
  void* const library = dlopen(MAPWRIGHT_BLAS, RTLD_NOW | RTLD_LOCAL);
  if (before) {
    ::setenv(kThreads, before->c_str(), 1);
  } else {
    ::unsetenv(kThreads);
  }

  if (library == nullptr) {
    l.error = fmt::format("cannot load BLAS, which this program was built with: {}", dlerror());
    return l;
  }
  find(library, "cblas_dgemm", l.dgemm);
  find(library, "cblas_sgemm", l.sgemm);
  find(library, "openblas_set_num_threads", l.set_num_threads);
  if (l.dgemm == nullptr || l.sgemm == nullptr) l.error = "the BLAS " MAPWRIGHT_BLAS " has no C interface (cblas_dgemm, cblas_sgemm): install OpenBLAS";
  if (l.set_num_threads != nullptr) l.set_num_threads(1);  // a library that the program is linked with was loaded before
  return l;
}

const Library& library() {
  static const Library kLibrary = open();
  return kLibrary;
}

const Library& loaded() {
  if (!library().error.empty()) throw std::runtime_error(library().error);
  return library();
}

}  // namespace

void load() { library(); }

void set_threads(int count) {
  if (library().set_num_threads != nullptr) library().set_num_threads(count);
}

void gemm(int m, int n, int k, const double* a, int lda, const double* b, int ldb, double* c, int ldc) {
  loaded().dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0, a, lda, b, ldb, 1.0, c, ldc);
}

void gemm(int m, int n, int k, const float* a, int lda, const float* b, int ldb, float* c, int ldc) {
  loaded().sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0F, a, lda, b, ldb, 1.0F, c, ldc);
}

}  // namespace mapwright::blas
