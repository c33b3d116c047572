// Mappers made to hurt: each ends in a result or a clear error well within a second.

#include "helpers.h"

namespace mapwright::sema {
namespace {

std::string repeat(std::string_view s, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += s;
  return out;
}

// Codes of checking and of placing one point with every placement function; endless work runs into the test's time-out.
std::vector<int> try_all(const std::string& text) {
  diag::Sink sink;
  const Mapper m = compile(diag::make_source("evil.mapper", text), sink);
  std::vector<int> codes;
  for (const diag::Diagnostic& d : sink.take_sorted()) codes.push_back(d.code);
  MachineShape shape = two_nodes();
  PlacementEvaluator e(m, shape);
  for (std::size_t f = 0; f < std::min<std::size_t>(m.function_count(), 10); ++f) {
    const auto where = e.place(FunctionId(f), task_of({1, 2}, {3, 4}));
    if (!where && where.error().code != diag::kNotAPlacementFunction) codes.push_back(where.error().code);
  }
  m.dump();
  return codes;
}

const char* kMachine = "m = Machine(GPU);\n";

TEST(Evil, NoiseOfWords) {
  Rng rng(7);
  const std::vector<std::string> words = {"Task", "def", "f", "(", ")", "{", "}", ";", ",", "x", "=", "1", "GPU", "return", "*", "m", "[", "]", ".", "size", "Task", "t", "?", ":", "tuple", "for", "in", "+", "/", "Machine"};
  for (int round = 0; round < 300; ++round) {
    std::string text = kMachine;
    for (int i = 0; i < 200; ++i) text += words[rng.below(words.size())] + " ";
    try_all(text);
  }
}

TEST(Evil, EndlessRecursions) {
  EXPECT_EQ(try_all(std::string(kMachine) + "def f(Task t) { return t.ipoint[0] > 0 ? f(t) : m[0, 0]; }"), (std::vector {diag::kTooDeepRecursion}));
  EXPECT_EQ(try_all(std::string(kMachine) + "def g(int n) { return n > 0 ? g(n) + g(n) : 0; }\ndef f(Task t) { return m[0, g(1)]; }"), (std::vector {diag::kTooDeepRecursion}));
  EXPECT_EQ(try_all(std::string(kMachine) + "def g(int n) { return n > 0 ? g(n - 1) + g(n - 1) : 0; }\ndef f(Task t) { return m[0, g(200)]; }"), (std::vector {diag::kTooManySteps}));
  EXPECT_EQ(codes_of("def f(int n) { return f(n); }"), (std::vector {diag::kEndlessRecursion}));
  EXPECT_EQ(codes_of("def f(int n) { x = tuple(f(n) for i in n); return 1; }"), (std::vector<int> {}));
}

TEST(Evil, TuplesThatGrow) {
  EXPECT_EQ(try_all("t = (" + repeat("1, ", 999) + "1);"), (std::vector {diag::kTupleTooLong}));
  EXPECT_EQ(try_all("t = tuple(i for i in 1000);"), (std::vector {diag::kTupleTooLong}));
  // Doubling: a tuple of two tuples of two tuples ...
  std::string doubling = "t0 = (1, 1);\n";
  for (int i = 1; i < 40; ++i) doubling += fmt::format("t{} = (t{}, t{});\n", i, i - 1, i - 1);
  EXPECT_EQ(try_all(doubling), (std::vector {diag::kTupleTooLong}));
  // 14 levels of 8: 8^15 leaves in a comparison, an addition, a print.
  std::string wide = "t0 = (1, 1, 1, 1, 1, 1, 1, 1);\n";
  for (int i = 1; i < 15; ++i) wide += fmt::format("t{0} = (t{1}, t{1}, t{1}, t{1}, t{1}, t{1}, t{1}, t{1});\n", i, i - 1);
  EXPECT_EQ(try_all(wide + "x = t14 == t14;\n"), (std::vector {diag::kTooManySteps}));
  EXPECT_EQ(try_all(wide + "x = t14 + 1;\n"), (std::vector {diag::kTooManySteps}));
  EXPECT_EQ(try_all(wide + "print(\"{}\", t14);\n"), (std::vector<int> {}));
  // Unpacking over and over.
  EXPECT_EQ(try_all("def f(IPoint p) { return p.len > 64 ? p : f((*p, *p)); }\nx = f((1, 2));\n"), (std::vector {diag::kTupleTooLong}));
}

TEST(Evil, ManyFunctionsAndGlobals) {
  std::string chain = kMachine, backwards = kMachine, globals;
  for (int i = 0; i < 10'000; ++i) chain += fmt::format("def f{}(int n) {{ return f{}(n); }}\n", i, i + 1);
  chain += "def f10000(int n) { return n; }\ndef f(Task t) { return m[0, f0(1)]; }\n";
  try_all(chain);
  for (int i = 10'000; i > 0; --i) backwards += fmt::format("def f{}(int n) {{ return f{}(n) + f{}(n); }}\n", i, i - 1, i - 1);
  try_all(backwards + "def f0(int n) { return n; }\nx = f10000(1);\n");
  for (int i = 0; i < 40'000; ++i) globals += fmt::format("g{} = {};\n", i, i);
  EXPECT_EQ(try_all(globals), (std::vector<int> {}));
  // Each takes nearly all steps of one evaluation: together they are bounded too.
  std::string slow = "def g(int n) { return n > 0 ? g(n - 1) + g(n - 1) : 0; }\n";
  for (int i = 0; i < 10'000; ++i) slow += fmt::format("x{} = g(12);\n", i);
  try_all(slow);
}

TEST(Evil, ManyRules) {
  EXPECT_EQ(codes_of(repeat("Task a GPU;\n", 20'000)).size(), 1000u);  // all but the first have no effect
  std::string names = "a0";
  for (int i = 1; i < 30'000; ++i) names += fmt::format(",a{}", i);
  EXPECT_EQ(codes_of("Task " + names + " GPU;\n"), (std::vector<int> {}));
  EXPECT_EQ(codes_of("Region " + names + " " + names + " GPU FBMEM;\n"), (std::vector {diag::kTooManyRules}));
}

TEST(Evil, ManyLocalsInADeepRecursion) {
  std::string f = "def f(int n) {\n";
  for (int i = 0; i < 20'000; ++i) f += fmt::format("x{} = n;\n", i);
  f += "return n == 0 ? 0 : f(n - 1);\n}\nx = f(200);\n";
  const auto codes = try_all(f);
  ASSERT_EQ(codes.size(), 1u);
  EXPECT_TRUE(codes[0] == diag::kTooManySteps || codes[0] == diag::kTooDeepRecursion) << codes[0];
}

TEST(Evil, ManySpaces) {
  const Mapper m = compile_text("m = Machine(GPU).merge(0, 1);\ndef f(Task t) { return m.auto_split(0, t.ipoint + 1)[0, 0]; }\n");
  PlacementEvaluator e(m, two_nodes());
  // Far more different spaces than are kept: an error at some point, no exhaustion.
  const auto table = e.place_all(FunctionId(0), task_of({0, 0}, {400, 400}));
  EXPECT_FALSE(table);
  EXPECT_EQ(table.error().code, diag::kTooManySteps);
}

TEST(Evil, HugeMachines) {
  MachineShape shape = two_nodes();
  shape.address_spaces = 1 << 20;
  EXPECT_EQ(placed("m[*, *]", shape), "MW3215");
  EXPECT_EQ(placed("m.merge(0, 1)[4194303]", shape), "1048575.3");
  shape.address_spaces = std::int64_t {1} << 25;
  EXPECT_EQ(placed("m.auto_split(0, (4, 4))[0, 0, 0]", shape), "MW3210");
}

}  // namespace
}  // namespace mapwright::sema
