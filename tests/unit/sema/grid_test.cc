#include "helpers.h"

namespace mapwright::sema {
namespace {

std::string grid(const std::string& body, const Point& extents) {
  const Mapper m = compile_text("m = Machine(GPU);\ndef f(Task t) { p = t.ipoint; return " + body + "; }\n");
  PlacementEvaluator e(m, two_nodes());
  TaskContext t = task_of(Point::filled(extents.dim, 0), extents);
  return render_grid(**e.place_all(FunctionId(0), t), extents);
}

TEST(Grid, OneDimensionIsARow) { EXPECT_EQ(grid("m[p[0] / 4, p[0] % 4]", {6}), "   0   1   2   3   4   5\n 0.0 0.1 0.2 0.3 1.0 1.1\n"); }

TEST(Grid, TwoDimensionsAreRowsAndColumns) {
  EXPECT_EQ(grid("m[p[0], p[1]]", {2, 3}),
            "    ,0  ,1  ,2\n"
            "0, 0.0 0.1 0.2\n"
            "1, 1.0 1.1 1.2\n");
}

TEST(Grid, ThreeDimensionsAreBlocks) {
  EXPECT_EQ(grid("m[p[0], p[1] + 2 * p[2]]", {1, 2, 2}),
            "(*, *, 0)\n"
            "    ,0  ,1\n"
            "0, 0.0 0.1\n"
            "\n"
            "(*, *, 1)\n"
            "    ,0  ,1\n"
            "0, 0.2 0.3\n");
}

TEST(Grid, SetsSingleTasksAndEmptyDomains) {
  EXPECT_EQ(grid("m[p[0], *]", {2}), "     0     1\n 0.0+3 1.0+3\n");
  EXPECT_EQ(grid("m[0, 1]", {}), "   0\n 0.1\n");
  EXPECT_EQ(grid("m[0, 1]", {0, 3}), "");
}

}  // namespace
}  // namespace mapwright::sema
