// What mappers see of a program, written as a program file.
#include "engine/legion/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mapwright::engine::legion {
namespace {

using program::Privilege;

std::string text(const std::vector<Repeated>& all) {
  std::string out;
  for (const Repeated& r : all) {
    out += out.empty() ? "" : " ";
    out += r.body.empty() ? std::string(1, static_cast<char>('a' + r.statement)) : std::to_string(r.count) + "(" + text(r.body) + ")";
  }
  return out;
}

std::string loops(std::string_view letters) {
  std::vector<std::uint32_t> sequence;
  for (const char c : letters) sequence.push_back(static_cast<std::uint32_t>(c - 'a'));
  return text(find_loops(sequence));
}

TEST(Loops, AreFoundAgain) {
  EXPECT_EQ(loops(""), "");
  EXPECT_EQ(loops("abc"), "a b c");
  EXPECT_EQ(loops("aaaa"), "4(a)");
  EXPECT_EQ(loops("xabababy"), "x 3(a b) y");
  EXPECT_EQ(loops("aabaabaab"), "3(2(a) b)");
  EXPECT_EQ(loops("abbcabbcabbc"), "3(a 2(b) c)");
}

TimeSample sample(std::vector<std::int64_t> elements, double seconds) { return {std::move(elements), seconds}; }

TEST(Fit, IsTheMedianWhereSizesAreEqual) {
  const std::vector<TimeSample> samples {sample({8}, 3), sample({8}, 1), sample({8}, 90)};
  EXPECT_EQ(fit(samples).to_text(), "3");
}

TEST(Fit, IsLinearInTheArgumentThatExplainsTheTimes) {
  // 1 + 2 x for the second argument; the first one's sizes are no help.
  const std::vector<TimeSample> samples {sample({5, 1}, 3), sample({7, 2}, 5), sample({5, 3}, 7), sample({7, 3}, 7)};
  const program::Expr e = fit(samples);
  const std::vector<std::int64_t> elements {5, 10};
  program::ExprContext context;
  context.elements = elements;
  EXPECT_NEAR(e.real(context), 21, 1e-9) << e.to_text();
}

TEST(Fit, NeverFallsWithSize) {
  const std::vector<TimeSample> samples {sample({1}, 9), sample({2}, 5), sample({3}, 2)};
  EXPECT_EQ(fit(samples).to_text(), "5");
}

// x of 8 elements in two blocks; the second partition has the first block and everything.
class Recording : public testing::Test {
 protected:
  Recording() {
    region_ = recorder_.add_region("all x", PointSet(Rect::of_extents({8})), {{"v", 8}});
    blocks_ = recorder_.add_partition("", region_, std::nullopt, Rect::of_extents({2}), {piece(0, 3), piece(4, 7)});
    views_ = recorder_.add_partition("views", region_, std::nullopt, Rect::of_extents({2}), {piece(0, 3), piece(0, 7)});
    recorder_.top_level("top");
  }
  static PointSet piece(std::int64_t from, std::int64_t to) { return PointSet(Rect(Point {from}, Point {to})); }
  void launch(Recorder::Path path, const std::string& task, Privilege privilege, std::vector<Recorder::Touched> touched) {
    Recorder::Shape shape;
    shape.task = task;
    shape.domain = Rect::of_extents({static_cast<std::int64_t>(touched.size())});
    shape.requirements.push_back({"all_x", region_, {0}, privilege, program::ReductionOp::Sum});
    recorder_.launch(path, task, [&] { return shape; });
    for (std::size_t i = 0; i < touched.size(); ++i) {
      if (recorder_.wants(path, static_cast<std::int64_t>(i))) recorder_.touches(path, static_cast<std::int64_t>(i), {touched[i]});
    }
  }
  static program::Program read(const program::Program& p) {
    diag::Sink sink;
    EXPECT_TRUE(program::validate(p, sink));
    const auto back = program::import_json(diag::make_source("p.json", program::export_json(p)), sink);
    EXPECT_TRUE(back);
    return back ? *back : program::Program();
  }

  Recorder recorder_;
  std::uint32_t region_ = 0, blocks_ = 0, views_ = 0;
};

TEST_F(Recording, IsAProgramInTheOrderOfThePaths) {
  recorder_.variant("set", ProcessorKind::Cpu, false, {});
  recorder_.variant("set", ProcessorKind::Omp, false, {});
  launch({5}, "use", Privilege::Read, {{views_, 1}, {views_, 0}});
  launch({2}, "set", Privilege::WriteDiscard, {{blocks_, 0}, {blocks_, 1}});
  recorder_.time("set", ProcessorKind::Cpu, {{4}, 0.25});
  recorder_.time("use", ProcessorKind::Cpu, {{8}, 0.5});
  const program::Program p = read(recorder_.program("app"));
  EXPECT_EQ(p.top_level, "top");
  ASSERT_EQ(p.regions.size(), 1U);
  EXPECT_EQ(p.regions[0].name, "all_x");
  EXPECT_EQ(p.partitions[0].name, "partition0") << "by first use";
  EXPECT_EQ(p.partitions[1].name, "views");
  EXPECT_EQ(p.parameters.at("unmeasured"), "set on OMP");
  EXPECT_EQ(p.parameters.count("unseen"), 0U);
  ASSERT_EQ(p.main.size(), 2U);
  const auto& set = std::get<program::Launch>(p.main[0].what);
  const auto& use = std::get<program::Launch>(p.main[1].what);
  EXPECT_EQ(p.tasks[set.task.value].name, "set");
  EXPECT_EQ(set.arguments[0].projection.colors.size(), 1U) << "the identity";
  EXPECT_THAT(use.arguments[0].projection.table, testing::ElementsAre(1, 0));
  ASSERT_EQ(p.tasks[set.task.value].variants.size(), 1U);
  EXPECT_EQ(p.tasks[set.task.value].variants[0].measured.at(0).seconds.to_text(), "0.25");
}

TEST_F(Recording, PutsUnequalLaunchesBehindTheirParent) {
  launch({1}, "outer", Privilege::ReadWrite, {{blocks_, 0}, {blocks_, 1}});
  launch({1, 1, 0}, "inner of 1", Privilege::Read, {{blocks_, 1}});
  launch({2}, "last", Privilege::Read, {{blocks_, 0}});
  launch({1, 0, 0}, "inner of 0", Privilege::Read, {{blocks_, 0}});
  const program::Program p = read(recorder_.program("app"));
  EXPECT_EQ(p.parameters.at("flat"), "outer: its points do not launch the same");
  ASSERT_EQ(p.main.size(), 4U) << "outer, what its points launch, last";
  EXPECT_EQ(p.tasks[std::get<program::Launch>(p.main[1].what).task.value].name, "inner of 0");
}

// Points 0 and 1 of `outer`, launched `times` times, each launch `inner` on `piece(time, point)`.
template <typename Piece>
program::Program nested(Recorder& recorder, std::uint32_t region, std::uint32_t blocks, int times, Privilege held, const Piece& piece) {
  const auto shape = [&](const char* task, bool index, Privilege privilege) {
    Recorder::Shape out;
    out.task = task;
    out.index = index;
    if (index) out.domain = Rect::of_extents({2});
    out.requirements.push_back({"all_x", region, {0}, privilege, program::ReductionOp::Sum});
    return out;
  };
  for (std::int64_t time = 0; time < times; ++time) {
    recorder.launch({time}, "outer", [&] { return shape("outer", true, held); });
    for (std::int64_t point : {0, 1}) {
      recorder.touches({time}, point, {{blocks, static_cast<std::uint32_t>(point)}});
      const Recorder::Path path {time, point, 0};
      recorder.launch(path, "inner " + std::to_string(time * 2 + point), [&] { return shape("inner", false, Privilege::ReadWrite); });
      recorder.touches(path, 0, {piece(time, point)});
    }
  }
  return recorder.program("app");
}

TEST_F(Recording, PutsTheParentsPointIntoBodies) {
  const auto own = [&](std::int64_t, std::int64_t point) { return Recorder::Touched {blocks_, static_cast<std::uint32_t>(point)}; };
  const program::Program p = read(nested(recorder_, region_, blocks_, 3, Privilege::ReadWrite, own));
  ASSERT_EQ(p.main.size(), 1U);
  EXPECT_EQ(std::get<program::Loop>(p.main[0].what).count, 3);
  ASSERT_EQ(p.find_task("outer")->body.size(), 1U);
  const auto& inner = std::get<program::Launch>(p.find_task("outer")->body[0].what);
  EXPECT_EQ(inner.arguments[0].projection.colors.at(0).to_text(), "parent.p0");
  EXPECT_EQ(p.point_tasks(), 3 * (2 + 2));
}

TEST_F(Recording, HasNoBodiesThatChangeFromLaunchToLaunch) {
  const auto turn = [&](std::int64_t time, std::int64_t point) { return Recorder::Touched {blocks_, static_cast<std::uint32_t>((time + point) % 2)}; };
  const program::Program p = read(nested(recorder_, region_, blocks_, 2, Privilege::ReadWrite, turn));
  EXPECT_THAT(p.parameters.at("flat"), testing::HasSubstr("depends on more than the point"));
  EXPECT_TRUE(p.find_task("outer")->body.empty());
  ASSERT_EQ(p.main.size(), 6U) << "outer and its two, twice";
  EXPECT_EQ(p.point_tasks(), 2 * (2 + 2));
}

TEST_F(Recording, HasNoBodiesBeyondTheirTasksPrivileges) {
  const auto own = [&](std::int64_t, std::int64_t point) { return Recorder::Touched {blocks_, static_cast<std::uint32_t>(point)}; };
  const program::Program p = read(nested(recorder_, region_, blocks_, 1, Privilege::Read, own));
  EXPECT_THAT(p.parameters.at("flat"), testing::HasSubstr("does not hold itself"));
}

TEST_F(Recording, HasNoBodiesBeyondTheirTasksData) {
  // Pieces that the task does not hold are found by the checks of program files.
  const auto other = [&](std::int64_t, std::int64_t point) { return Recorder::Touched {blocks_, static_cast<std::uint32_t>(1 - point)}; };
  const program::Program p = read(nested(recorder_, region_, blocks_, 1, Privilege::ReadWrite, other));
  EXPECT_THAT(p.parameters.at("flat"), testing::HasSubstr("outer: "));
  EXPECT_TRUE(p.find_task("outer")->body.empty());
}

TEST_F(Recording, PutsCallsAmongLaunches) {
  using Call = Recorder::Call;
  launch({10}, "set", Privilege::WriteDiscard, {{blocks_, 0}, {blocks_, 1}});
  launch({17}, "use", Privilege::Read, {{blocks_, 0}, {blocks_, 1}});
  Call call;
  const std::uint32_t set = recorder_.call({}, call);
  call.what = Call::What::Fence;
  recorder_.wait(recorder_.call({}, call));
  call.what = Call::What::Launch;
  call.futures = {set};
  recorder_.call({}, call);
  recorder_.wait(set);
  recorder_.wait(set);
  recorder_.reduce(set, program::ReductionOp::Max);
  const program::Program p = read(recorder_.program("app"));
  ASSERT_EQ(p.main.size(), 4U) << "set, fence, use, wait once";
  EXPECT_TRUE(std::get<program::Fence>(p.main[1].what).wait);
  const auto& first = std::get<program::Launch>(p.main[0].what);
  ASSERT_TRUE(first.result);
  EXPECT_EQ(first.result->second, program::ReductionOp::Max);
  EXPECT_EQ(std::get<program::Launch>(p.main[2].what).futures, std::vector<program::FutureId> {first.result->first});
  EXPECT_EQ(std::get<program::FutureWait>(p.main[3].what).future, first.result->first);
}

TEST_F(Recording, SaysThatCallsHaveNoPlace) {
  launch({10}, "set", Privilege::WriteDiscard, {{blocks_, 0}, {blocks_, 1}});
  Recorder::Call call;
  call.what = Recorder::Call::What::Fence;
  recorder_.call({}, call);
  const program::Program p = read(recorder_.program("app"));
  EXPECT_EQ(p.main.size(), 1U) << "one launch was seen, and no call for it";
  EXPECT_THAT(p.parameters.at("unplaced"), testing::HasSubstr("fences"));
}

TEST_F(Recording, MakesAPartitionOfMixedPieces) {
  launch({0}, "mixed", Privilege::Read, {{blocks_, 1}, {views_, 0}, {std::nullopt, 0}, {blocks_, 1}});
  const program::Program p = read(recorder_.program("app"));
  const auto& l = std::get<program::Launch>(p.main[0].what);
  const program::Partition& made = p.partitions[l.arguments[0].partition->value];
  ASSERT_EQ(made.pieces.size(), 3U);
  const auto at = [&](std::size_t i) { return made.pieces[l.arguments[0].projection.table[i]]; };
  EXPECT_EQ(at(0), piece(4, 7));
  EXPECT_EQ(at(1), piece(0, 3));
  EXPECT_EQ(at(2), piece(0, 7));
  EXPECT_EQ(at(3), piece(4, 7));
}

TEST_F(Recording, MarksWhatNoPointTold) {
  recorder_.launch({0}, "far", [&] {
    Recorder::Shape shape;
    shape.task = "far";
    shape.domain = Rect::of_extents({2});
    shape.requirements.push_back({"all_x", region_, {0}, Privilege::Read, program::ReductionOp::Sum});
    return shape;
  });
  EXPECT_EQ(recorder_.program("app").parameters.at("unseen"), "far");
}

TEST_F(Recording, TakesUnseenPointsForMoreOfTheSame) {
  Recorder::Shape shape;
  shape.task = "far";
  shape.domain = Rect::of_extents({2});
  shape.requirements.push_back({"all_x", region_, {0}, Privilege::Read, program::ReductionOp::Sum});
  for (const std::int64_t number : {0, 1}) {
    recorder_.launch({number}, std::to_string(number), [&] { return shape; });
  }
  recorder_.touches({0}, 1, {{blocks_, 1}});
  recorder_.touches({1}, 1, {{blocks_, 0}});
  const program::Program p = read(recorder_.program("app"));
  const auto& own = std::get<program::Launch>(p.main.at(0).what).arguments[0].projection;
  const auto& same = std::get<program::Launch>(p.main.at(1).what).arguments[0].projection;
  EXPECT_EQ(own.colors.size(), 1U) << "point 1 has piece 1, so point 0 has piece 0";
  EXPECT_THAT(same.table, testing::ElementsAre(0, 0));
}

TEST_F(Recording, AddsUpOverRuns) {
  recorder_.variant("use", ProcessorKind::Cpu, false, {});
  recorder_.variant("use", ProcessorKind::Omp, false, {});
  launch({0}, "use", Privilege::Read, {{blocks_, 0}, {blocks_, 1}});
  const program::Program none = recorder_.program("app");
  recorder_.time("use", ProcessorKind::Cpu, {{4}, 0.25});
  const program::Program cpu = read(recorder_.program("app"));
  program::Program omp = cpu;
  omp.tasks[0].variants[0].kind = ProcessorKind::Omp;
  omp.parameters["unmeasured"] = "use on CPU";
  ASSERT_TRUE(merge(cpu, omp));
  ASSERT_EQ(omp.tasks[0].variants.size(), 2U);
  EXPECT_EQ(omp.tasks[0].variants[0].kind, ProcessorKind::Cpu);
  EXPECT_EQ(omp.parameters.count("unmeasured"), 0U);

  launch({1}, "more", Privilege::Read, {{blocks_, 0}});
  program::Program other = recorder_.program("app");
  EXPECT_FALSE(merge(cpu, other));
}

TEST(Names, ArePlain) {
  EXPECT_EQ(plain_name("all nodes"), "all_nodes");
  EXPECT_EQ(plain_name("7up"), "_7up");
  EXPECT_EQ(plain_name(""), "");
  EXPECT_EQ(stand_in_name(2), "argument2");
}

}  // namespace
}  // namespace mapwright::engine::legion
