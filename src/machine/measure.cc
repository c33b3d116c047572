#include "machine/measure.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "base/blas.h"

namespace mapwright::machine {

namespace {

constexpr int kWindows = 4;
constexpr int kProduct = 512;        // rows and columns of the matrices that are multiplied

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Keeps the compiler from dropping what computed `value`.
template <typename T>
void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

// The data of one thread.
struct Slice {
  std::vector<double> a, b;
  std::vector<std::uint32_t> order;  // one cycle through all cache lines of `a`
  std::uint64_t random = 1;
  explicit Slice(std::size_t doubles) : a(doubles, 1.0), b(doubles, 2.0) {}
  std::size_t next() {  // a random index (xorshift)
    random ^= random << 13U;
    random ^= random >> 7U;
    random ^= random << 17U;
    return random % a.size();
  }
};

// Does some of the work and returns how many units it did.
using Work = std::function<double(Slice&)>;

class Bench {
 public:
  Bench(unsigned threads, std::size_t doubles_in_all, double seconds_per_rate) : window_(seconds_per_rate / kWindows) {
    for (unsigned i = 0; i < threads; ++i) slices_.emplace_back(doubles_in_all / threads).random += i;
  }

  // Units per second that `threads` threads reach together in the best window.
  double rate(unsigned threads, const Work& work) {
    std::vector<double> units(threads);
    std::vector<double> seconds(threads);
    double best = 0;
    std::barrier start(static_cast<std::ptrdiff_t>(threads));
    const auto run = [&](unsigned t) {
      for (int w = 0; w < kWindows; ++w) {
        start.arrive_and_wait();
        const double begin = now();
        double done = 0, end = begin;
        do {
          done += work(slices_[t]);
          end = now();
        } while (end - begin < window_);
        units[t] = done;
        seconds[t] = end - begin;
        start.arrive_and_wait();
        if (t != 0) continue;
        double sum = 0;
        for (unsigned i = 0; i < threads; ++i) sum += units[i] / seconds[i];
        best = std::max(best, sum);
      }
    };
    std::vector<std::thread> others;
    for (unsigned t = 1; t < threads; ++t) others.emplace_back(run, t);
    run(0);
    for (std::thread& t : others) t.join();
    return best;
  }

 private:
  double window_;
  std::vector<Slice> slices_;
};

double stream(Slice& s) {
  const double* const from = s.b.data();
  double* const to = s.a.data();
  for (std::size_t i = 0; i < s.a.size(); ++i) to[i] = 0.5 * to[i] + from[i];
  keep(to);
  return 24.0 * static_cast<double>(s.a.size());
}

double copy(Slice& s) {
  std::memcpy(s.a.data(), s.b.data(), s.a.size() * sizeof(double));
  keep(s.a.data());
  return 8.0 * static_cast<double>(s.a.size());
}

double gather(Slice& s) {
  constexpr int kLoads = 1 << 14;
  double sum = 0;
  for (int i = 0; i < kLoads; ++i) sum += s.b[s.next()];
  keep(sum);
  return kLoads;
}

double atomic(Slice& s) {
  constexpr int kUpdates = 1 << 12;
  auto* const words = reinterpret_cast<std::uint64_t*>(s.a.data());
  for (int i = 0; i < kUpdates; ++i) __atomic_fetch_add(words + s.next(), 1, __ATOMIC_RELAXED);
  return kUpdates;
}

Work atomic_same(std::atomic<std::uint64_t>& word) {
  return [&word](Slice&) {
    constexpr int kUpdates = 1 << 12;
    for (int i = 0; i < kUpdates; ++i) word.fetch_add(1, std::memory_order_relaxed);
    return double {kUpdates};
  };
}

double chase(Slice& s) {
  constexpr int kSteps = 1 << 12;
  if (s.order.empty()) {
    // Sattolo's algorithm: one cycle through all elements.
    std::vector<std::uint32_t> cycle(s.a.size());
    for (std::size_t i = 0; i < cycle.size(); ++i) cycle[i] = static_cast<std::uint32_t>(i);
    for (std::size_t i = cycle.size() - 1; i > 0; --i) std::swap(cycle[i], cycle[s.next() % i]);
    s.order = std::move(cycle);
  }
  static thread_local std::uint32_t at = 0;
  for (int i = 0; i < kSteps; ++i) at = s.order[at];
  keep(at);
  return kSteps;
}

// Flops per second of products of matrices of T.
template <typename T>
double product(unsigned threads, double seconds) {
  // A group of threads works on one product, as a BLAS with threads would.
  const int n = threads == 1 ? kProduct : 2 * kProduct;
  const auto size = static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
  std::vector<T> a(size, T(1)), b(size, T(2)), c(size, T(0));
  blas::set_threads(static_cast<int>(threads));
  double best = 0;
  const double end = now() + seconds;
  do {
    const double begin = now();
    blas::gemm(n, n, n, a.data(), n, b.data(), n, c.data(), n);
    best = std::max(best, 2.0 * n * n * n / (now() - begin));
  } while (now() < end);
  blas::set_threads(1);
  return best;
}

}  // namespace

HostFigures measure_host(unsigned threads, std::int64_t cache, double seconds) {
  constexpr std::int64_t kLeast = 16 << 20, kMost = std::int64_t {1} << 30;
  constexpr double kFigures = 15;
  const std::int64_t bytes = std::clamp<std::int64_t>(4 * cache, kLeast * threads, std::max<std::int64_t>(kMost, kLeast * threads));
  const double each = std::max(0.2, seconds) / kFigures;
  Bench bench(threads, static_cast<std::size_t>(bytes) / 16, each);
  HostFigures f;
  for (const bool alone : {true, false}) {
    const unsigned n = alone ? 1 : threads;
    Rates& r = alone ? f.one : f.all;
    std::atomic<std::uint64_t> word {0};
    r.stream = BytesPerSecond(bench.rate(n, stream));
    r.copy = BytesPerSecond(bench.rate(n, copy));
    r.gather = PerSecond(bench.rate(n, gather));
    r.atomic = PerSecond(bench.rate(n, atomic));
    r.atomic_same = PerSecond(bench.rate(n, atomic_same(word)));
    r.dgemm = FlopsPerSecond(product<double>(n, each));
    r.sgemm = FlopsPerSecond(product<float>(n, each));
  }
  f.latency = Seconds(1 / bench.rate(1, chase));
  return f;
}

}  // namespace mapwright::machine
