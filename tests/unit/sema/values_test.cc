// Values, operators and functions (docs/language.md, "Values").
#include "helpers.h"

namespace mapwright::sema {
namespace {

TEST(Values, IntegerArithmetic) {
  EXPECT_EQ(value_of("7 / 2"), "3");
  EXPECT_EQ(value_of("-7 / 2"), "-3");  // toward zero
  EXPECT_EQ(value_of("-7 % 2"), "-1");  // sign of the dividend
  EXPECT_EQ(value_of("7 % -2"), "1");
  EXPECT_EQ(value_of("1 + 2 * 3 - 4 / 2 % 2"), "7");  // 1 + 6 - 0
  EXPECT_EQ(value_of("2 - 3 - 4"), "-5");
  EXPECT_EQ(value_of("- - 3"), "3");
  // The same at run time, where nothing is folded.
  EXPECT_EQ(value_of("(task.ipoint[0] - 8) / 2"), "-3");
  EXPECT_EQ(value_of("(task.ipoint[0] - 8) % 2"), "-1");
  EXPECT_EQ(value_of("(task.ipoint[0] - 8) % (task.ipoint[0] - 2)"), "0");
}

TEST(Values, OverflowIsAnError) {
  const std::string max = "(9223372036854775806 + task.ipoint[0])", min = "(0 - 9223372036854775807 - task.ipoint[0])";
  EXPECT_EQ(value_of(max), "9223372036854775807");
  EXPECT_EQ(value_of(min), "-9223372036854775808");
  EXPECT_EQ(value_of(max + " + 1"), "MW3203");
  EXPECT_EQ(value_of(min + " - 1"), "MW3203");
  EXPECT_EQ(value_of(max + " * 2"), "MW3203");
  EXPECT_EQ(value_of(min + " / (0 - task.ipoint[0])"), "MW3203");
  EXPECT_EQ(value_of(min + " % (0 - task.ipoint[0])"), "0");
  EXPECT_EQ(value_of("-" + min), "MW3203");
  EXPECT_EQ(value_of("abs(" + min + ")"), "MW3203");
  EXPECT_EQ(value_of("gcd(" + min + ", 2)"), "MW3203");
  EXPECT_EQ(value_of("ceil_div(" + min + ", 0 - task.ipoint[0])"), "MW3203");
  EXPECT_EQ(value_of("(9223372036854775806 + task.ipoint[0], 4).volume"), "MW3203");
  EXPECT_EQ(value_of("7 / (task.ipoint[0] - 1)"), "MW3202");
  EXPECT_EQ(value_of("7 % (task.ipoint[0] - 1)"), "MW3202");
}

TEST(Values, Comparisons) {
  EXPECT_EQ(value_of("1 < 2 == True"), "True");  // < binds tighter than ==
  EXPECT_EQ(value_of("3 >= 3 && 3 <= 3 && 3 != 4"), "True");
  EXPECT_EQ(value_of("(1, 2) == (1, 2)"), "True");
  EXPECT_EQ(value_of("(1, 2) == (1, 2, 3)"), "False");
  EXPECT_EQ(value_of("(1, (2, 3)) != (1, (2, 4))"), "True");
  EXPECT_EQ(value_of("GPU == GPU"), "True");
  EXPECT_EQ(value_of("FBMEM == ZCMEM"), "False");
  EXPECT_EQ(value_of("True == False"), "False");
}

TEST(Values, LogicIsLazy) {
  EXPECT_EQ(value_of("False && 1 / (task.ipoint[0] - 1) == 1"), "False");
  EXPECT_EQ(value_of("True || 1 / (task.ipoint[0] - 1) == 1"), "True");
  EXPECT_EQ(value_of("True && 1 / (task.ipoint[0] - 1) == 1"), "MW3202");
  EXPECT_EQ(value_of("True ? 1 : 1 / (task.ipoint[0] - 1)"), "1");
  EXPECT_EQ(value_of("!True || !False"), "True");
  EXPECT_EQ(value_of("False ? 1 : False ? 2 : 3"), "3");   // right-associative
  EXPECT_EQ(value_of("True ? 1 : True ? 2 : 3"), "1");
  EXPECT_EQ(value_of("True || True && False"), "True");    // && binds tighter
}

TEST(Values, Tuples) {
  EXPECT_EQ(value_of("(1, 2) + (10, 20)"), "(11, 22)");
  EXPECT_EQ(value_of("(7, 8) / 2"), "(3, 4)");
  EXPECT_EQ(value_of("16 / (2, 4)"), "(8, 4)");
  EXPECT_EQ(value_of("-(1, 2)"), "(-1, -2)");
  EXPECT_EQ(value_of("((1, 2), 3) * 2"), "((2, 4), 6)");
  EXPECT_EQ(value_of("(1, 2, 3)[1]"), "2");
  EXPECT_EQ(value_of("(1, 2, 3)[-1]"), "3");
  EXPECT_EQ(value_of("(1, (2, 3))[1][0]"), "2");
  EXPECT_EQ(value_of("task.ipoint[task.ispace[1]]"), "MW3204");
  EXPECT_EQ(value_of("task.ipoint * m.split(0, 1).size"), "MW3205");
  EXPECT_EQ(value_of("(1, 2, 3).len"), "3");
  EXPECT_EQ(value_of("(2, 3, 4).volume"), "24");
  EXPECT_EQ(value_of("(2, 3, 4).size"), "(2, 3, 4)");
  EXPECT_EQ(value_of("(1, *(2, 3), 4)"), "(1, 2, 3, 4)");
  EXPECT_EQ(value_of("(0, *task.ipoint)"), "(0, 1, 2)");
}

TEST(Values, SlicesFollowPython) {
  const std::string t = "(0, 1, 2, 3, 4)";
  EXPECT_EQ(value_of(t + "[1:3]"), "(1, 2)");
  EXPECT_EQ(value_of(t + "[:2]"), "(0, 1)");
  EXPECT_EQ(value_of(t + "[3:]"), "(3, 4)");
  EXPECT_EQ(value_of(t + "[:0]"), "()");
  EXPECT_EQ(value_of(t + "[:]"), "(0, 1, 2, 3, 4)");
  EXPECT_EQ(value_of(t + "[-2:]"), "(3, 4)");
  EXPECT_EQ(value_of(t + "[:-1]"), "(0, 1, 2, 3)");
  EXPECT_EQ(value_of(t + "[3:1]"), "()");
  EXPECT_EQ(value_of(t + "[-99:99]"), "(0, 1, 2, 3, 4)");
  EXPECT_EQ(value_of(t + "[(0 - 9223372036854775807) - task.ipoint[0]:1]"), "(0)");
}

TEST(Values, Comprehensions) {
  EXPECT_EQ(value_of("tuple(x * x for x in (1, 2, 3))"), "(1, 4, 9)");
  EXPECT_EQ(value_of("tuple(i for i in 4)"), "(0, 1, 2, 3)");
  EXPECT_EQ(value_of("tuple(i for i in 0)"), "()");
  EXPECT_EQ(value_of("tuple(i for i in -3)"), "()");
  EXPECT_EQ(value_of("tuple(tuple(i + j for j in 2) for i in task.ispace[:1])"), "((3, 4))");
  EXPECT_EQ(value_of("tuple(x for x in task.ipoint / 1)"), "(1, 2)");
  EXPECT_EQ(value_of("t", "n = 3; t = tuple(n + x for x in (1, 2));"), "(4, 5)");  // at top level
}

TEST(Values, AComprehensionVariableHidesALocal) {
  EXPECT_EQ(value_of("f2(5)", "def f2(int x) { y = tuple(x for x in (1, 2)); return (x, *y); }"), "(5, 1, 2)");
}

TEST(Values, Builtins) {
  EXPECT_EQ(value_of("min(3, 1, 2)"), "1");
  EXPECT_EQ(value_of("max((3, 1, 4))"), "4");
  EXPECT_EQ(value_of("max(*task.ispace)"), "4");
  EXPECT_EQ(value_of("abs(-4)"), "4");
  EXPECT_EQ(value_of("ceil_div(7, 2)"), "4");
  EXPECT_EQ(value_of("ceil_div(-7, 2)"), "-3");
  EXPECT_EQ(value_of("ceil_div(-7, -2)"), "4");
  EXPECT_EQ(value_of("ceil_div(6, 2)"), "3");
  EXPECT_EQ(value_of("gcd(12, -18)"), "6");
  EXPECT_EQ(value_of("min(3, 1)", "def min(int a, int b) { return 99; }"), "99");  // a function of the text comes first
}

TEST(Values, Functions) {
  EXPECT_EQ(value_of("one()", "def one() { return 1; }"), "1");
  EXPECT_EQ(value_of("where(task)", "def where(Task t) { return t.ipoint; }"), "(1, 2)");
  EXPECT_EQ(value_of("add(*task.ipoint)", "def add(int a, int b) { return a + b; }"), "3");
  EXPECT_EQ(value_of("add(*task.ipoint, 1)", "def add(int a, int b) { return a + b; }"), "MW3010");
  EXPECT_EQ(value_of("fact(10)", "def fact(int n) { return n < 2 ? 1 : n * fact(n - 1); }"), "3628800");
  EXPECT_EQ(value_of("even(10)", "def even(int n) { return n == 0 ? True : odd(n - 1); } def odd(int n) { return n == 0 ? False : even(n - 1); }"), "True");
  EXPECT_EQ(value_of("f2(3)", "def f2(int x) { x = x + 1; y = x; x = y * x; return x; }"), "16");  // locals are assigned again
  EXPECT_EQ(value_of("f2()", "def f2() { return late; } late = 7;"), "7");                          // a global of a later line
}

TEST(Values, RecursionIsBounded) {
  const std::string down = "def down(int n) { return n == 0 ? 0 : down(n - 1); }";
  // One call is f itself, so 254 further ones fit below down(254).
  EXPECT_EQ(value_of("down(254)", down), "0");
  EXPECT_EQ(value_of("down(255)", down), "MW3214");
  EXPECT_EQ(value_of("fib(30)", "def fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }"), "MW3213");
}

TEST(Values, TopLevelErrorsReachTheFunctionsThatUseThem) {
  const Mapper m = compile_text("m = Machine(GPU);\nbad = m.split(1, 3);\ndef f(Task t) { return bad[0, 0, 0]; }\ndef g(Task t) { return m[0, 0]; }\n");
  PlacementEvaluator e(m, two_nodes());
  const auto f = e.place(function_named(m, "f"), task_of());
  ASSERT_FALSE(f);
  EXPECT_EQ(f.error().code, diag::kIndivisibleSplit);
  EXPECT_EQ(m.source()->position(f.error().span.begin).line, 2u);
  EXPECT_TRUE(e.place(function_named(m, "g"), task_of()));
}

TEST(Values, TasksAndParents) {
  const Mapper m = compile_text(
      "m = Machine(GPU);\n"
      "def f(Task t) { print(\"{} {} {}\", t.ipoint, t.parent.ipoint, t.parent.ispace); return m[*t.parent.processor(m)]; }\n"
      "def g(Task t) { return m[*t.processor(m)]; }\n"
      "def top(Task t) { return m[*t.parent.parent.processor(m)]; }\n");
  EXPECT_TRUE(m.reads_parent(FunctionId(0)));
  EXPECT_FALSE(m.reads_parent(FunctionId(1)));
  PlacementEvaluator e(m, two_nodes());
  TaskContext parent = task_of({3}, {5}), task = task_of({0, 1}, {2, 2});
  task.parent = &parent;
  parent.processor = MachinePoint {ProcessorKind::Gpu, 1, 2};
  auto where = e.place(FunctionId(0), task);
  ASSERT_TRUE(where);
  EXPECT_EQ((*where)[0], (MachinePoint {ProcessorKind::Gpu, 1, 2}));
  EXPECT_EQ(e.printed().at(0), "(0, 1) (3) (5)");
  where = e.place(FunctionId(1), task);
  EXPECT_EQ(where.error().code, diag::kProcessorUnknown);
  where = e.place(FunctionId(2), task);
  EXPECT_EQ(where.error().code, diag::kNoParentTask);
  parent.processor = MachinePoint {ProcessorKind::Omp, 1, 0};
  where = e.place(FunctionId(0), task);
  EXPECT_EQ(where.error().code, diag::kProcessorOutsideSpace);
}

TEST(Values, KindsOfFunctions) {
  const Mapper m = compile_text(
      "mgpu = Machine(GPU);\nmcpu = Machine(CPU);\n"
      "def at(MSpace m, int i) { return m[0, i]; }\n"
      "def gpu(Task t) { return at(mgpu.reverse(0), 0); }\n"
      "def cpu(Task t) { x = mgpu.size[0]; return at(mcpu, x); }\n"
      "def both(Task t) { return t.ipoint[0] > 0 ? gpu(t) : cpu(t); }\n");
  EXPECT_EQ(m.function_kinds(function_named(m, "gpu")), (std::vector {ProcessorKind::Gpu}));
  EXPECT_EQ(m.function_kinds(function_named(m, "cpu")), (std::vector {ProcessorKind::Cpu}));
  EXPECT_EQ(m.function_kinds(function_named(m, "both")), (std::vector {ProcessorKind::Cpu, ProcessorKind::Gpu}));
}

}  // namespace
}  // namespace mapwright::sema
