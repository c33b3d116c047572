// Kernels with several threads compute what they compute with one.
#include "apps/support/loops.h"
#include "support.h"

namespace mapwright::apps {
namespace {

using program::KernelContext;

constexpr int kThreads = 4;

// A context that allows more threads than the engine's.
class ManyThreads final : public KernelContext {
 public:
  explicit ManyThreads(KernelContext& one) : one_(one) {}
  const Point& point() const override { return one_.point(); }
  const Rect& domain() const override { return one_.domain(); }
  const Point& ancestor(int level) const override { return one_.ancestor(level); }
  std::int64_t loop(std::string_view name) const override { return one_.loop(name); }
  std::size_t arguments() const override { return one_.arguments(); }
  const PointSet& points(std::size_t argument) const override { return one_.points(argument); }
  program::FieldView field(std::size_t argument, std::uint32_t field) const override { return one_.field(argument, field); }
  double future(std::size_t index) const override { return one_.future(index); }
  void set_result(double value) override { one_.set_result(value); }
  double value(std::size_t index) const override { return one_.value(index); }
  int threads() const override { return kThreads; }

 private:
  KernelContext& one_;
};

void give_threads(program::Program& p) {
  for (program::Task& t : p.tasks) {
    for (program::Variant& v : t.variants) {
      if (v.kernel) v.kernel = [kernel = v.kernel](KernelContext& c) {
        ManyThreads many(c);
        kernel(many);
      };
    }
  }
}

TEST(ThreadsOfKernels, ComputeTheSameBitsInEveryProgram) {
  for (const App& app : all()) {
    const program::Program one = built(app.name, {"test", {}, 1, 4});
    program::Program many = built(app.name, {"test", {}, 1, 4});
    give_threads(many);
    const auto expected = run_sequential(one), found = run_sequential(many);
    ASSERT_TRUE(expected && found);
    expect_same_bits(one, **expected, **found);
    const auto wrong = many.check(**found);
    EXPECT_FALSE(wrong) << *wrong;
  }
}

// Loops on their own: every index once, in one slice per thread, and what they reduce to.
class Counted final : public KernelContext {
 public:
  explicit Counted(int threads) : threads_(threads) {}
  const Point& point() const override { return point_; }
  const Rect& domain() const override { return domain_; }
  const Point& ancestor(int) const override { return point_; }
  std::int64_t loop(std::string_view) const override { return 0; }
  std::size_t arguments() const override { return 0; }
  const PointSet& points(std::size_t) const override { MW_CHECK(false); }
  program::FieldView field(std::size_t, std::uint32_t) const override { return {}; }
  double future(std::size_t) const override { return 0; }
  void set_result(double) override {}
  int threads() const override { return threads_; }

 private:
  int threads_;
  Point point_;
  Rect domain_;
};

TEST(Loops, VisitEveryIndexOnceAndReduce) {
  for (const int threads : {1, 3, 4}) {
    const Counted context(threads);
    const Threads loops(context);
    std::vector<int> visits(10), cells(12);
    loops.each(Range {0, 9}, [v = visits.data()](std::int64_t i) { ++v[i]; });
    EXPECT_EQ(visits, std::vector<int>(10, 1));
    loops.each(Range {2, 4}, Range {1, 4}, [v = cells.data()](std::int64_t i, std::int64_t j) { ++v[(i - 2) * 4 + j - 1]; });
    EXPECT_EQ(cells, std::vector<int>(12, 1));
    std::atomic<int> slices {0}, outside {0};
    loops.slices(Range {5, 6}, [s = &slices, o = &outside](Range r) {
      ++*s;
      if (r.lo < 5 || r.hi > 6 || r.lo > r.hi) ++*o;
    });
    EXPECT_EQ(slices, std::min(threads, 2));  // two indices are work for two
    EXPECT_EQ(outside, 0);
    EXPECT_EQ(loops.sum(Range {1, 100}, [](std::int64_t i) { return static_cast<double>(i); }), 5050);
    EXPECT_EQ(loops.least(Range {-7, 9}, 3, [](std::int64_t i) { return static_cast<double>(i * i - 4); }), -4);
    EXPECT_EQ(loops.least(Range {}, 3, [](std::int64_t) { return 0.0; }), 3);
    double total = 0;
    loops.each(Range {1, 1000}, [add = loops.adder(), t = &total](std::int64_t) { add(*t, 1.0); });
    EXPECT_EQ(total, 1000);
  }
}

}  // namespace
}  // namespace mapwright::apps
