// Texts that nobody means well with: every one ends, in milliseconds, with an exit status of ours.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <cstdint>
#include <thread>

#include "cli.h"

namespace mapwright::test {
namespace {

class Hostile : public Cli {
 protected:
  // `status` is what check says; a text that parses is formatted all the same, so other commands may end with 0.
  void survives(const std::string& text, const std::vector<int>& status = {0, 1}) {
    write("evil.mapper", text);
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string> {"check", "evil.mapper"}, {"check", "evil.mapper", "--json"}, {"fmt", "evil.mapper"},
          {"dump", "evil.mapper", "--stage=ast"}, {"place", "evil.mapper", "--task", "t", "--domain", "4x4"}}) {
      const Ended ended = run(arguments);
      const std::vector<int> expected = arguments[0] == "check" ? status : std::vector<int> {0, 1};
      EXPECT_THAT(expected, testing::Contains(ended.status)) << testing::PrintToString(arguments) << ended.err.substr(0, 1000);
    }
  }
};

std::string repeated(std::string_view piece, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += piece;
  return out;
}

// A launch of `points` points in a loop of `count` iterations whose counter the cost reads, so that each is planned.
std::string unrolled_program(std::int64_t points, std::int64_t count) {
  return fmt::format(R"({{"schema": "mapwright.program/1", "name": "long",
    "regions": [{{"name": "x", "points": [[[0], [999]]], "fields": [{{"name": "value", "bytes": 8}}]}}],
    "tasks": [{{"name": "t", "variants": [{{"processor": "CPU", "flops": "1e9 + loop.i"}}]}}],
    "main": [{{"loop": "i", "count": {}, "body": [{{"launch": "t", "domain": [[0], [{}]], "arguments": []}}]}}]}})", count, points - 1);
}

TEST_F(Hostile, ProgramsThatNoMemoryHoldsAreRefusedAtOnce) {
  write("long.json", unrolled_program(1 << 20, 1'000'000'000));
  for (const char* command : {"run", "why", "tune", "trace"}) {
    std::vector<std::string> words {command, "--program", "long.json"};
    if (std::string_view(command) == "trace") words.insert(words.end(), {"--out", "trace.json"});
    if (std::string_view(command) == "why") words.insert(words.end(), {"default", "--task", "t"});
    const Ended ended = run(words);
    EXPECT_EQ(ended.status, 2) << command << ended.err;
    EXPECT_THAT(ended.err, testing::HasSubstr("MW4306")) << command;
    EXPECT_THAT(ended.err, testing::HasSubstr("this host has")) << command;
  }
  EXPECT_EQ(run({"program", "import", "long.json"}).status, 0);  // which plans nothing
}

TEST_F(Hostile, LongPlansAreAnnounced) {
  write("long.json", unrolled_program(1000, 2000));
  const Ended ended = run({"run", "--program", "long.json"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.err, testing::HasSubstr("MW4307"));
  EXPECT_THAT(ended.err, testing::HasSubstr("2 million point tasks of `long`"));
}

// What a command does where `ulimit -v` leaves it no more than this address space, in MiB.
class LittleMemory : public Hostile, public testing::WithParamInterface<int> {
 protected:
  Ended run_with_little(const std::vector<std::string>& arguments) const {
    rlimit before {};
    EXPECT_EQ(getrlimit(RLIMIT_AS, &before), 0);
    rlimit little = before;
    little.rlim_cur = static_cast<rlim_t>(GetParam()) << 20;
    EXPECT_EQ(setrlimit(RLIMIT_AS, &little), 0);
    Ended ended = run(arguments);
    EXPECT_EQ(setrlimit(RLIMIT_AS, &before), 0);
    return ended;
  }
};

TEST_P(LittleMemory, CommandsEnd) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers reserve more address space than the limit of this test";
#else
  write("small.mapper", "Task * CPU;\n");
  EXPECT_EQ(run_with_little({"check", "small.mapper"}).status, 0);
  write("long.json", unrolled_program(1000, 6000));  // two gigabytes
  const Ended simulated = run_with_little({"run", "--program", "long.json", "-q"});
  EXPECT_EQ(simulated.status, 3) << simulated.err;
  EXPECT_THAT(simulated.err, testing::HasSubstr("this host has not enough memory for that\n  = help: choose a smaller problem"));
  constexpr int kBlas = 3 * 128;  // what the BLAS of one core asks for
  if (GetParam() < kBlas && std::thread::hardware_concurrency() > 16) return;  // the engine's own threads may not fit
  const Ended real = run_with_little({"run", "--program", "cannon", "--preset", "test", "--engine", "host", "--emulate-gpu"});
  if (GetParam() < kBlas) {
    EXPECT_EQ(real.status, 1);
  }
  EXPECT_THAT(real.status == 0 ? std::string("BLAS needs") : real.out + real.err, testing::HasSubstr("BLAS needs"));
#endif
}

// Address space runs out in other places: while the program is read, in one large array or in the last of many.
INSTANTIATE_TEST_SUITE_P(Limits, LittleMemory, testing::Values(128, 256, 900, 1024), testing::PrintToStringParamName());

TEST_F(Hostile, MegabyteOfNoise) {
  std::string noise(1 << 20, '\0');
  std::uint64_t state = 7;
  for (char& c : noise) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    c = static_cast<char>(state >> 56);
  }
  survives(noise, {1});
}

TEST_F(Hostile, MegabyteOfPrintableNoise) {
  std::string noise(1 << 20, ' ');
  std::uint64_t state = 9;
  for (char& c : noise) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    c = static_cast<char>(' ' + (state >> 57) % 95);
  }
  survives(noise, {1});
}

TEST_F(Hostile, TenThousandNestedParentheses) {
  survives("x = " + repeated("(", 10000) + "1" + repeated(")", 10000) + ";\n", {1});
  survives("x = " + repeated("(", 10000), {1});
  survives("def f(Task t) { return " + repeated("[", 10000) + repeated("-", 10000) + "1; }\n", {1});
}

TEST_F(Hostile, TupleOfAThousandDimensions) {
  survives("x = (" + repeated("1, ", 999) + "1);\n");
  survives("m = Machine(GPU);\ndef f(Task t) { return m[" + repeated("0, ", 999) + "0]; }\nIndexTaskMap t f;\n", {1});
}

TEST_F(Hostile, BytesOutsideAscii) {
  survives("T\xc3\xa4sk * GPU;\n", {1});
  survives("Task \xff\xfe GPU;\n", {1});
  survives("# \xe2\x82\xac in a comment\nTask * GPU;\n", {0});
  survives(std::string("Task * GPU;\0Task * CPU;\n", 24), {1});
}

TEST_F(Hostile, ManyStatements) {
  survives(repeated("Task * GPU;\n", 50000));
  survives(repeated("Region t r GPU FBMEM;\n", 40000));
}

TEST_F(Hostile, EndlessRecursionAndHugeFactors) {
  survives("m = Machine(GPU);\ndef f(Task t) { return f(t); }\nIndexTaskMap t f;\n", {1});
  survives("m = Machine(GPU);\ndef g(int n) { return n < 1 ? 0 : g(n - 1) + g(n - 1); }\n"
           "def f(Task t) { return m[0, g(60)]; }\nIndexTaskMap t f;\n");
  survives("m = Machine(GPU).decompose(0, (9223372036854775807, 9223372036854775807));\ndef f(Task t) { return m[0, 0, 0]; }\nIndexTaskMap t f;\n");
}

TEST_F(Hostile, EmptyText) {
  survives("", {0});
  survives("\n\n# nothing\n", {0});
}

}  // namespace
}  // namespace mapwright::test
