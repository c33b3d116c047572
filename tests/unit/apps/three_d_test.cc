#include <array>
#include <set>

#include "support.h"

namespace mapwright::apps {
namespace {

using Set = std::map<std::string, std::string>;

Set with(Set set, std::int64_t n, const char* reps = "1") {
  set["n"] = std::to_string(n);
  set["reps"] = reps;
  return set;
}

// A program, its parameters, and the grid x, y, z with the steps of each point.
struct Shape {
  const char* name;
  Set set;
  std::int64_t x, y, z, steps;
};

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> kShapes {
      {"johnson", {{"gdim", "1"}}, 1, 1, 1, 1},
      {"johnson", {{"gdim", "2"}}, 2, 2, 2, 1},
      {"johnson", {{"gdim", "3"}}, 3, 3, 3, 1},
      {"cosma", {{"gx", "1"}, {"gy", "2"}, {"gz", "2"}}, 1, 2, 2, 1},
      {"cosma", {{"gx", "3"}, {"gy", "1"}, {"gz", "4"}}, 3, 1, 4, 1},
      {"solomonik", {{"rpoc", "2"}, {"c", "1"}, {"rpoc3", "2"}}, 2, 2, 1, 2},
      {"solomonik", {{"rpoc", "2"}, {"c", "2"}, {"rpoc3", "2"}}, 2, 2, 2, 2},
      {"solomonik", {{"rpoc", "4"}, {"c", "2"}, {"rpoc3", "2"}}, 4, 4, 2, 2},  // the textbook's rpoc / c steps
      {"solomonik", {{"rpoc", "3"}, {"c", "3"}, {"rpoc3", "5"}}, 3, 3, 3, 5},
  };
  return kShapes;
}

TEST(ThreeD, SizesAndGridsFollowThePublishedTable) {
  // N: n, Johnson's g, COSMA's gx gy gz, Solomonik's rpoc c rpoc3.
  const std::int64_t table[][9] = {{1, 20000, 2, 1, 2, 2, 2, 1, 2}, {2, 28284, 2, 2, 2, 2, 2, 2, 2},  {4, 40000, 4, 2, 2, 4, 4, 1, 4},
                                   {8, 56568, 4, 2, 4, 4, 4, 2, 4}, {16, 80000, 4, 4, 4, 4, 8, 1, 8}, {32, 113136, 6, 4, 4, 8, 8, 2, 8}};
  for (const auto& [nodes, n, g, gx, gy, gz, rpoc, c, rpoc3] : table) {
    const auto expect = [&, nodes = nodes, n = n](const char* name, const std::map<std::string, std::int64_t>& values) {
      for (const char* preset : {"paper", "weak"}) {
        const program::Program p = built(name, {preset, {}, nodes, 4});
        EXPECT_EQ(p.parameters.at("n"), std::to_string(n)) << name;
        EXPECT_EQ(p.parameters.at("nodes"), std::to_string(nodes)) << name;
        for (const auto& [key, value] : values) EXPECT_EQ(p.parameters.at(key), std::to_string(value)) << name << " " << key << " on " << nodes;
        EXPECT_EQ(p.ranks_per_node, std::string(name) == "solomonik" ? 1 : 4);
      }
    };
    expect("johnson", {{"gdim", g}, {"ranks", 4}});
    expect("cosma", {{"gx", gx}, {"gy", gy}, {"gz", gz}, {"ranks", 4}});
    expect("solomonik", {{"rpoc", rpoc}, {"c", c}, {"rpoc3", rpoc3}});
  }
}

TEST(ThreeD, OtherNumbersOfGpusGetAGridToo) {
  // 3 x 4 = 12 GPUs: 2^3 < 12 <= 4^3; 12 = 2 x 2 x 3; no r r c = 12 has c dividing r, so the largest square below: 3 x 3.
  EXPECT_EQ(built("johnson", {"weak", {}, 3, 4}).parameters.at("gdim"), "4");
  const auto cosma = built("cosma", {"weak", {}, 3, 4}).parameters;
  EXPECT_EQ(cosma.at("gx") + cosma.at("gy") + cosma.at("gz"), "223");
  const auto solomonik = built("solomonik", {"weak", {}, 3, 4}).parameters;
  EXPECT_EQ(solomonik.at("rpoc") + solomonik.at("c") + solomonik.at("rpoc3"), "313");
  // 2 nodes of 8: 16 GPUs, ranks of one GPU.
  EXPECT_EQ(built("johnson", {"weak", {}, 2, 8}).parameters.at("gdim"), "4");
  EXPECT_EQ(built("johnson", {"weak", {}, 2, 8}).ranks_per_node, 8);
}

TEST(ThreeD, LeavesDoTheWholeMultiplication) {
  for (const Shape& shape : shapes()) {
    for (const std::int64_t n : {60, 61}) {
      const program::Program p = built(shape.name, {"test", with(shape.set, n), 1, 4});
      const auto sites = p.sites();
      const auto* s = site(sites, p, "task_4");
      ASSERT_NE(s, nullptr);
      const bool nested = !s->parents.empty();
      EXPECT_EQ(nested, std::string(shape.name) == "solomonik");
      double flops = 0;
      std::set<std::array<std::uint32_t, 3>> products;
      for_each_point(Rect::of_extents({shape.x, shape.y, shape.z}), [&](const Point& point) {
        for (std::int64_t step = 0; step < shape.steps; ++step) {
          const std::vector<Point> ancestors {point};
          const std::vector<program::LoopCounter> loops {{"k1s", step}};
          program::ExprContext c;
          c.point = nested ? Point() : point;
          if (nested) c.ancestors = ancestors, c.loops = loops;
          flops += value_at(p, *s, p.find_task("task_4")->variants[0].flops, c.point, nested ? ancestors : std::vector<Point> {}, nested ? loops : std::vector<program::LoopCounter> {});
          const auto color = [&](std::size_t a) { return p.color(*s->launch, s->launch->arguments[a], c); };
          products.insert({color(0), color(1), color(2)});
          // The columns of B's part are the rows of C's.
          const PointSet& b = p.points(s->launch->arguments[1], color(1));
          const PointSet& right = p.points(s->launch->arguments[2], color(2));
          EXPECT_EQ(b.empty(), right.empty());
          if (b.empty()) continue;
          EXPECT_EQ(b.bounds().lo[1], right.bounds().lo[0]);
          EXPECT_EQ(b.bounds().hi[1], right.bounds().hi[0]);
        }
      });
      EXPECT_EQ(flops, 2.0 * static_cast<double>(n * n * n)) << shape.name << " " << n;
      EXPECT_EQ(products.size(), static_cast<std::size_t>(shape.x * shape.y * shape.z * shape.steps)) << shape.name;
    }
  }
}

TEST(ThreeD, AreRightOnEvenAndUnevenSizes) {
  for (const Shape& shape : shapes()) {
    for (const std::int64_t n : {60, 61, 17}) {
      SCOPED_TRACE(std::string(shape.name) + " " + std::to_string(n));
      expect_right(built(shape.name, {"test", with(shape.set, n, "2"), 1, 4}));
    }
  }
}

TEST(ThreeD, TilesArePlacedOnFacesOrOnALayer) {
  const auto domain = [](const program::Program& p, const char* task, std::size_t n = 0) {
    const auto sites = p.sites();
    return site(sites, p, task, n)->launch->domain.extents();
  };
  const program::Program cosma = built("cosma", {"test", {{"gx", "2"}, {"gy", "3"}, {"gz", "4"}}, 1, 4});
  EXPECT_EQ(domain(cosma, "task_1"), (Point {2, 3, 1}));
  EXPECT_EQ(domain(cosma, "task_2"), (Point {2, 1, 4}));
  EXPECT_EQ(domain(cosma, "task_3"), (Point {1, 3, 4}));
  EXPECT_EQ(domain(cosma, "task_4"), (Point {2, 3, 4}));
  const program::Program solomonik = built("solomonik", {"test", {{"c", "2"}}, 1, 4});
  for (const char* task : {"task_1", "task_2", "task_3"}) EXPECT_EQ(domain(solomonik, task), (Point {2, 2, 1}));
  EXPECT_EQ(domain(solomonik, "task_5"), (Point {2, 2, 2}));
}

// Data are written before the window; inside it only A is read, which sums its parts.
TEST(ThreeD, PrivilegesAreThePublishedOnes) {
  for (const char* name : {"johnson", "solomonik", "cosma"}) {
    const program::Program p = built(name, {"test", {}, 1, 4});
    const auto sites = p.sites();
    // task_1 is launched four times: written and read, to warm up and in the timed repetitions.
    const program::Privilege a[] = {program::Privilege::WriteDiscard, program::Privilege::Read, program::Privilege::WriteDiscard, program::Privilege::Read};
    for (std::size_t i = 0; i < 4; ++i) {
      ASSERT_NE(site(sites, p, "task_1", i), nullptr);
      EXPECT_EQ(site(sites, p, "task_1", i)->launch->arguments[0].privilege, a[i]);
    }
    std::map<std::string, int> launches;
    for (const auto& s : sites) ++launches[p.tasks[s.launch->task.value].name];
    EXPECT_EQ(launches["task_1"], 4);
    EXPECT_EQ(launches["task_2"], 2);
    EXPECT_EQ(launches["task_3"], 2);
    for (const char* task : {"task_2", "task_3"}) EXPECT_EQ(site(sites, p, task)->launch->arguments[0].privilege, program::Privilege::WriteDiscard);
    const auto& leaf = site(sites, p, "task_4")->launch->arguments;
    EXPECT_EQ(leaf[0].privilege, program::Privilege::Reduce);
    EXPECT_EQ(leaf[0].reduction, program::ReductionOp::Sum);
    EXPECT_EQ(leaf[1].privilege, program::Privilege::Read);
    EXPECT_EQ(leaf[2].privilege, program::Privilege::Read);
    EXPECT_EQ(p.metric.combine, program::Metric::Combine::Mean);
  }
}

TEST(ThreeD, CountTheirTasks) {
  // init 4 ranks; each of 1 + 3 repetitions: places of A, B, C and again A, then the products.
  EXPECT_EQ(built("johnson", {"test", {{"reps", "3"}}, 1, 4}).point_tasks(), 4 + 4 * (4 * 4 + 8));
  EXPECT_EQ(built("cosma", {"test", {{"reps", "3"}}, 1, 4}).point_tasks(), 4 + 4 * (2 + 2 + 4 + 2 + 4));
  // rpoc = c = 2, two steps: 8 points of task_5 with two leaves each; init on 2 x 2 x 2 GPUs.
  EXPECT_EQ(built("solomonik", {"test", {{"c", "2"}, {"reps", "3"}}, 1, 4}).point_tasks(), 8 + 4 * (4 * 4 + 8 + 16));
}

TEST(ThreeD, MetricIsPerNode) {
  const program::Program p = built("johnson", {"weak", {}, 4, 4});
  program::ExprContext c;
  c.seconds = 10;
  // n = 40000 on 4 nodes of 4 ranks: n n (2 n - 1) = 1.6e9 x 79999 FLOP / 1e9 / 4 nodes / 10 s.
  EXPECT_NEAR(p.metric.formula.real(c), 1.6 * 79999 / 40, 1e-9);
}

TEST(ThreeD, ParametersThatDoNotFitAreRefused) {
  const auto code = [](const char* name, const Set& set) {
    const auto p = build(name, {"test", set, 1, 4});
    return p ? 0 : p.error().code;
  };
  const int unfit = diag::kParametersDoNotFit, range = diag::kParameterOutOfRange;
  EXPECT_EQ(code("johnson", {{"n", "5"}, {"gdim", "6"}}), unfit);
  EXPECT_EQ(code("johnson", {{"gdim", "0"}}), range);
  EXPECT_EQ(code("johnson", {{"gdim", "65"}}), range);
  EXPECT_EQ(code("johnson", {{"ranks", "0"}}), range);
  EXPECT_EQ(code("johnson", {{"nodes", "65536"}, {"ranks", "1024"}}), unfit);
  EXPECT_EQ(code("cosma", {{"n", "-1"}}), range);
  EXPECT_EQ(code("cosma", {{"n", "1048576"}, {"gx", "4096"}, {"gy", "4096"}, {"gz", "4096"}}), unfit);
  EXPECT_EQ(code("cosma", {{"n", "8"}, {"gz", "9"}}), unfit);
  EXPECT_EQ(code("solomonik", {{"rpoc", "4"}, {"c", "3"}}), unfit);
  EXPECT_EQ(code("solomonik", {{"rpoc", "2"}, {"c", "4"}}), unfit);
  EXPECT_EQ(code("solomonik", {{"n", "8"}, {"rpoc3", "9"}}), unfit);
  EXPECT_EQ(code("solomonik", {{"n", "1048576"}, {"rpoc", "4096"}, {"c", "4096"}, {"rpoc3", "4096"}}), unfit);
  EXPECT_EQ(code("solomonik", {{"c", "99999999999999999999"}}), range);
}

TEST(ThreeD, AMissingLayerOrStepIsSeen) {
  for (const char* name : {"johnson", "cosma", "solomonik"}) {
    program::Program p = built(name, {"test", {}, 1, 4});
    for (program::Task& t : p.tasks) {
      if (t.name == "task_5") std::get<program::Loop>(t.body[0].what).count = 1;
    }
    for (program::Statement& s : p.main) {
      auto* loop = std::get_if<program::Loop>(&s.what);
      if (loop == nullptr) continue;
      for (program::Statement& inner : loop->body) {
        auto* launch = std::get_if<program::Launch>(&inner.what);
        if (launch && p.tasks[launch->task.value].name == "task_4") launch->domain.hi[2] = 0;
      }
    }
    const auto regions = program::run_sequential(p);
    ASSERT_TRUE(regions);
    EXPECT_TRUE(p.check(**regions)) << name;
  }
}

}  // namespace
}  // namespace mapwright::apps
