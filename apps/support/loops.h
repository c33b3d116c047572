// apps/support/loops.h - the loops of kernels, on the threads of a processor.
// Kernels are templates over a class with the members of Threads: Threads itself on CPU and OMP processors, Cuda
// (apps/support/cuda.h) on GPUs. Bodies capture by value.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "apps/support/host_device.h"
#include "program/program.h"

namespace mapwright::apps {

// Both ends included; empty when hi < lo.
struct Range {
  std::int64_t lo = 0, hi = -1;
};

// Calls work(context, 0), ... work(context, parts - 1), each on a thread of its own. One after the other in a build without
// OpenMP.
void run_at_once(int parts, void (*work)(const void* context, int part), const void* context);

class Threads {
 public:
  explicit Threads(const program::KernelContext& context) : count_(context.threads()) {}

  // f(part) for one range per thread; together they are `r`.
  template <typename F>
  void slices(Range r, F f) const {
    const int parts = static_cast<int>(std::clamp<std::int64_t>(r.hi - r.lo + 1, 1, count_));
    if (parts == 1) return f(r);
    const Slices<F> context {r, parts, f};
    run_at_once(parts, &Slices<F>::run, &context);
  }

  // f(i) for every i, in any order and at the same time.
  template <typename F>
  void each(Range r, F f) const {
    slices(r, Row<F> {f});
  }

  // f(i, j) for every i of `rows` and j of `columns`, likewise; neighbours in j should be neighbours in memory.
  template <typename F>
  void each(Range rows, Range columns, F f) const {
    slices(rows, Block<F> {columns, f});
  }

  // The sum of f(i), which must be exact in any order.
  template <typename F>
  double sum(Range r, F f) const {
    return fold(r, 0, f, [](double a, double b) { return a + b; });
  }

  // The least f(i), at most `limit`.
  template <typename F>
  double least(Range r, double limit, F f) const {
    return fold(r, limit, f, [](double a, double b) { return std::min(a, b); });
  }

  // What bodies add with to elements that others of the loop may add to.
  class Adder {
   public:
    explicit Adder(bool shared) : shared_(shared) {}
    template <typename T>
    void operator()(T& to, T value) const {
      if (shared_) std::atomic_ref<T>(to).fetch_add(value, std::memory_order_relaxed);
      else to += value;
    }

   private:
    bool shared_;
  };
  Adder adder() const { return Adder(count_ > 1); }

 private:
  // Loops are functions of their own, on a copy of their body and with all of it inline: then what the body captured stays in
  // registers.
  template <typename F>
  struct Row {
    F body;
    void operator()(Range r) const { run(r, body); }
    [[gnu::flatten]] static void run(Range r, F f) {
      for (std::int64_t i = r.lo; i <= r.hi; ++i) f(i);
    }
  };
  template <typename F>
  struct Block {
    Range columns;
    F body;
    void operator()(Range r) const { run(r, columns, body); }
    [[gnu::flatten]] static void run(Range rows, Range columns, F f) {
      for (std::int64_t i = rows.lo; i <= rows.hi; ++i) {
        for (std::int64_t j = columns.lo; j <= columns.hi; ++j) f(i, j);
      }
    }
  };
  template <typename F, typename Op>
  [[gnu::flatten]] static double folded(Range r, double start, F f, Op op) {
    for (std::int64_t i = r.lo; i <= r.hi; ++i) start = op(start, f(i));
    return start;
  }

  template <typename F>
  struct Slices {
    Range all;
    int parts;
    F f;
    static void run(const void* context, int part) {
      const Slices& s = *static_cast<const Slices*>(context);
      s.f(slice(s.all, part, s.parts));
    }
  };

  static Range slice(Range r, std::int64_t part, std::int64_t parts) {
    const std::int64_t n = r.hi - r.lo + 1;
    return {r.lo + n * part / parts, r.lo + n * (part + 1) / parts - 1};
  }

  template <typename F, typename Op>
  double fold(Range r, double start, F f, Op op) const {
    if (count_ == 1) return folded(r, start, f, op);
    std::vector<double> partial(static_cast<std::size_t>(count_));
    const int parts = count_;
    slices(Range {0, parts - 1}, [=, out = partial.data()](Range mine) {
      for (std::int64_t p = mine.lo; p <= mine.hi; ++p) out[p] = folded(slice(r, p, parts), start, f, op);
    });
    double all = start;
    for (const double value : partial) all = op(all, value);
    return all;
  }

  int count_;
};

}  // namespace mapwright::apps
