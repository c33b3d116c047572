#include "support.h"

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

}  // namespace mapwright::apps
