#include "support.h"

#include <cstring>

#include <cstring>

namespace mapwright::apps {

void expect_right(const program::Program& p) {
  const auto regions = program::run_sequential(p);
  ASSERT_TRUE(regions) << regions.error().message;
  ASSERT_TRUE(p.check);
  const auto wrong = p.check(**regions);
  EXPECT_FALSE(wrong) << *wrong;
}

const program::Program::Site* site(const std::vector<program::Program::Site>& sites, const program::Program& p,
                                   std::string_view task, std::size_t n) {
  for (const program::Program::Site& s : sites) {
    if (p.tasks[s.launch->task.value].name == task && n-- == 0) return &s;
  }
  ADD_FAILURE() << "no launch of " << task;
  return nullptr;
}

double value_at(const program::Program& p, const program::Program::Site& s, const program::Expr& e, const Point& point,
                std::vector<Point> ancestors, std::vector<program::LoopCounter> loops) {
  program::ExprContext c;
  c.point = point;
  c.ancestors = ancestors;
  c.loops = loops;
  std::vector<std::int64_t> elements;
  for (const program::Argument& a : s.launch->arguments) elements.push_back(p.points(a, p.color(*s.launch, a, c)).volume());
  c.elements = elements;
  return e.real(c);
}

void expect_same_bits(const program::Program& p, const program::RegionReader& a, const program::RegionReader& b) {
  for (std::uint32_t r = 0; r < p.regions.size(); ++r) {
    for (std::uint32_t f = 0; f < p.regions[r].fields.size(); ++f) {
      const auto bytes = static_cast<std::size_t>(p.regions[r].fields[f].bytes);
      std::int64_t different = 0;
      for_each_point(p.regions[r].points, [&](const Point& point) {
        different += std::memcmp(&a.field(r, f).at<std::byte>(point), &b.field(r, f).at<std::byte>(point), bytes) != 0;
      });
      EXPECT_EQ(different, 0) << p.name << ": " << p.regions[r].name << "/" << p.regions[r].fields[f].name;
    }
  }
}

}  // namespace mapwright::apps
