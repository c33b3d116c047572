#include <gtest/gtest.h>

#include <functional>

#include "programs.h"

namespace mapwright::program {
namespace {

// A correct program that each test breaks in one place: outer(i) launches leaf on its half.
struct Fixture {
  Program p;
  Fixture() {
    Builder b("fixture");
    const RegionId x = b.add_region("x", line(8), {{"a", 8}, {"b", 4}, {"flag", 1}});
    const PartitionId halves = b.add_block_partition("halves", x, std::array<std::int64_t, 1> {2});
    const TaskId leaf = b.add_task("leaf", {cpu()});
    const TaskId outer = b.add_task("outer", {inner()});
    const FutureId f = b.add_future("f");
    b.begin_body(outer);
    b.single_launch(leaf, {piece("x", x, halves, {Expr::ancestor(1, 0)}, Privilege::Read)});
    b.end_body();
    b.fill(x, {0, 1}, 2.5);
    b.timer_start("t");
    b.begin_loop("step", 3);
    b.index_launch(outer, Rect::of_extents({2}), {piece("x", x, halves, {Expr::point(0)}, Privilege::ReadWrite, {0, 1})}).result = {f, ReductionOp::Min};
    b.end_loop();
    b.timer_stop("t");
    b.wait(f);
    Metric m;
    m.label = "t";
    b.set_metric(m);
    p = b.finish();
  }
  Loop& loop() { return std::get<Loop>(p.main[2].what); }
  Launch& outer() { return std::get<Launch>(loop().body[0].what); }
  Launch& leaf() { return std::get<Launch>(p.tasks[1].body[0].what); }
  int code() {
    diag::Sink sink;
    const bool valid = validate(p, sink);
    EXPECT_EQ(valid, sink.errors() == 0);
    return sink.all().empty() ? 0 : sink.all()[0].code;
  }
};

int broken(const std::function<void(Fixture&)>& change) {
  Fixture f;
  EXPECT_EQ(f.code(), 0);
  change(f);
  return f.code();
}

TEST(Validate, Names) {
  EXPECT_EQ(broken([](Fixture& f) { f.p.name = ""; }), diag::kInvalidProgramName);
  EXPECT_EQ(broken([](Fixture& f) { f.p.regions[0].name = "2x"; }), diag::kInvalidProgramName);
  EXPECT_EQ(broken([](Fixture& f) { f.p.regions[0].fields[1].name = "a"; }), diag::kInvalidProgramName);
  EXPECT_EQ(broken([](Fixture& f) { f.p.tasks[1].name = "leaf"; }), diag::kInvalidProgramName);
  EXPECT_EQ(broken([](Fixture& f) { f.loop().name = "a.b"; }), diag::kInvalidProgramName);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].name = ""; }), diag::kInvalidProgramName);
}

TEST(Validate, References) {
  EXPECT_EQ(broken([](Fixture& f) { f.outer().task = TaskId(7); }), diag::kInvalidProgramReference);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].region = RegionId(7); }), diag::kInvalidProgramReference);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].partition = PartitionId(7); }), diag::kInvalidProgramReference);
  EXPECT_EQ(broken([](Fixture& f) { f.p.partitions[0].parent = {PartitionId(0), 0}; }), diag::kInvalidProgramReference);
  EXPECT_EQ(broken([](Fixture& f) { f.p.partitions[0].region = RegionId(1); }), diag::kInvalidProgramReference);
  EXPECT_EQ(broken([](Fixture& f) { std::get<Fill>(f.p.main[0].what).fields = {9}; }), diag::kInvalidProgramReference);
  EXPECT_EQ(broken([](Fixture& f) { std::get<FutureWait>(f.p.main[4].what).future = FutureId(1); }), diag::kInvalidProgramReference);
}

TEST(Validate, RegionsAndPartitions) {
  EXPECT_EQ(broken([](Fixture& f) { f.p.regions[0].fields[0].bytes = 0; }), diag::kInvalidRegion);
  EXPECT_EQ(broken([](Fixture& f) { f.p.regions[0].points = PointSet(Rect({std::int64_t {1} << 41}, {std::int64_t {1} << 41})); }), diag::kInvalidRegion);
  EXPECT_EQ(broken([](Fixture& f) { f.p.regions[0].points = PointSet(Rect({0}, {-1})); }), diag::kInvalidRegion);
  EXPECT_EQ(broken([](Fixture& f) { f.p.partitions[0].pieces[1] = PointSet(Rect({4}, {8})); }), diag::kInvalidPartition);
  EXPECT_EQ(broken([](Fixture& f) { f.p.partitions[0].pieces.pop_back(); }), diag::kInvalidPartition);
  EXPECT_EQ(broken([](Fixture& f) { f.p.partitions[0].disjoint = false; }), diag::kInvalidPartition);
}

TEST(Validate, Variants) {
  EXPECT_EQ(broken([](Fixture& f) { f.p.tasks[0].variants.push_back(cpu()); }), diag::kInvalidVariant);
  EXPECT_EQ(broken([](Fixture& f) { f.p.tasks[0].variants.clear(); }), diag::kInvalidVariant);
  EXPECT_EQ(broken([](Fixture& f) { f.p.tasks[0].variants[0].efficiency = 1.5; }), diag::kInvalidVariant);
  EXPECT_EQ(broken([](Fixture& f) { f.p.tasks[0].variants[0].inner = true; }), diag::kInvalidVariant);
  EXPECT_EQ(broken([](Fixture& f) { f.p.tasks[0].variants[0].demands = {{1, {}, {}, ""}}; }), diag::kInvalidVariant);
}

TEST(Validate, LaunchesAndArguments) {
  EXPECT_EQ(broken([](Fixture& f) { f.outer().domain = Rect({0}, {-1}); }), diag::kInvalidLaunch);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().domain = Rect({0}, {std::int64_t {1} << 30}); }), diag::kInvalidLaunch);
  EXPECT_EQ(broken([](Fixture& f) { f.leaf().futures = {FutureId(0)}; }), diag::kInvalidLaunch);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].fields = {1, 0}; }), diag::kInvalidArgument);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].fields = {}; }), diag::kInvalidArgument);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].projection.table = {0}; f.outer().arguments[0].projection.colors.clear(); }), diag::kInvalidArgument);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].projection.colors.clear(); }), diag::kInvalidArgument);
  EXPECT_EQ(broken([](Fixture& f) {
              f.outer().arguments[0].privilege = Privilege::Reduce;
              f.outer().arguments[0].fields = {2};
            }), diag::kInvalidArgument);
  EXPECT_EQ(broken([](Fixture& f) {
              AccessPattern gather;
              gather.kind = AccessPattern::Kind::Gather;
              f.outer().arguments[0].patterns = {gather};
            }), diag::kInvalidArgument);
}

TEST(Validate, ProjectionsOverWholeDomains) {
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].projection.colors = {Expr::point(0) + 1}; }), diag::kProjectionOutOfRange);
  // Only the last iteration leaves the two colours: (0 + 2) / 2 + 1.
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].projection.colors = {(Expr::point(0) + Expr::loop("step")) / 2 + Expr::loop("step") / 2}; }), diag::kProjectionOutOfRange);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].projection = {{}, {0, 2}}; }), diag::kProjectionOutOfRange);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().domain = Rect({0}, {2}); }), diag::kProjectionOutOfRange);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].projection.colors = {Expr(1) / (Expr::point(0) - 1) + 1}; }), diag::kInvalidExpression);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].projection.colors = {Expr(0.5)}; }), diag::kInvalidExpression);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].projection.colors = {Expr::point(1)}; }), diag::kInvalidExpression);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].projection.colors = {Expr::ancestor(1, 0)}; }), diag::kInvalidExpression);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().arguments[0].projection.colors = {Expr::loop("other")}; }), diag::kInvalidExpression);
  EXPECT_EQ(broken([](Fixture& f) { f.p.tasks[0].variants[0].flops = Expr::elements(1); }), diag::kInvalidExpression);
}

TEST(Validate, InterferenceOfArguments) {
  const auto with = [](Privilege privilege, std::vector<FieldIndex> fields) {
    return broken([&](Fixture& f) { f.outer().arguments.push_back(whole("all", RegionId(0), privilege, std::move(fields))); });
  };
  EXPECT_EQ(with(Privilege::Read, {1}), diag::kInterferingArguments);
  EXPECT_EQ(with(Privilege::Read, {2}), 0);  // another field
  EXPECT_EQ(with(Privilege::Reduce, {0}), diag::kInterferingArguments);
}

TEST(Validate, Nesting) {
  EXPECT_EQ(broken([](Fixture& f) { f.leaf().task = TaskId(1); }), diag::kCyclicNesting);
  EXPECT_EQ(broken([](Fixture& f) { f.leaf().arguments[0].fields = {2}; }), diag::kNestedPrivilege);
  EXPECT_EQ(broken([](Fixture& f) { f.leaf().arguments[0].projection.colors = {Expr(1) - Expr::ancestor(1, 0)}; }), diag::kNestedPrivilege);
  EXPECT_EQ(broken([](Fixture& f) {
              f.outer().arguments[0].privilege = Privilege::Read;
              f.leaf().arguments[0].privilege = Privilege::ReadWrite;
            }), diag::kNestedPrivilege);
}

TEST(Validate, StatementsFuturesLimitsAndMetric) {
  EXPECT_EQ(broken([](Fixture& f) { std::swap(f.p.main[1], f.p.main[3]); }), diag::kInvalidStatement);
  EXPECT_EQ(broken([](Fixture& f) { f.p.main.erase(f.p.main.begin() + 3); }), diag::kInvalidStatement);
  EXPECT_EQ(broken([](Fixture& f) { f.loop().body.push_back({Timer {"t", false}}); }), diag::kInvalidStatement);
  EXPECT_EQ(broken([](Fixture& f) { f.p.tasks[1].body.push_back({Fence {}}); }), diag::kInvalidStatement);
  EXPECT_EQ(broken([](Fixture& f) { std::get<Fill>(f.p.main[0].what).fields = {2}; }), diag::kInvalidStatement);
  EXPECT_EQ(broken([](Fixture& f) { std::rotate(f.p.main.begin(), f.p.main.end() - 1, f.p.main.end()); }), diag::kFutureBeforeProduced);
  EXPECT_EQ(broken([](Fixture& f) { f.outer().futures = {FutureId(0)}; }), diag::kFutureBeforeProduced);
  EXPECT_EQ(broken([](Fixture& f) { f.loop().count = -1; }), diag::kProgramLimit);
  EXPECT_EQ(broken([](Fixture& f) { f.p.ranks_per_node = 0; }), diag::kProgramLimit);
  EXPECT_EQ(broken([](Fixture& f) { f.p.metric.label = "u"; }), diag::kInvalidMetric);
  EXPECT_EQ(broken([](Fixture& f) { f.p.metric.formula = Expr::point(0); }), diag::kInvalidMetric);
}

TEST(Validate, ProjectionsTooLargeToCheckAreRefusedInBoundedTime) {
  EXPECT_EQ(broken([](Fixture& f) {
              f.loop().count = std::int64_t {1} << 31;
              f.outer().arguments[0].projection.colors = {(Expr::point(0) + Expr::loop("step")) % 2};
            }), diag::kProgramLimit);
}

}  // namespace
}  // namespace mapwright::program
