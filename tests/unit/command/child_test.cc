// Child processes that end in every way, and the limits that hold them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "engine/command/command.h"
#include "processes.h"

namespace mapwright::engine::command {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

ChildResult shell(const std::string& script, const Limits& limits = {}) {
  const std::vector<std::string> argv {"sh", "-c", script};
  auto r = run_child(argv, limits);
  EXPECT_TRUE(r.has_value());
  return r.value_or(ChildResult {});
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

TEST(RunChild, CollectsBothStreamsAndTheExitStatus) {
  const ChildResult r = shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(r.out, "out\n");
  EXPECT_EQ(r.err, "err\n");
  EXPECT_EQ(r.exit_status, 3);
  EXPECT_EQ(r.signal, 0);
  EXPECT_FALSE(r.timed_out);
  EXPECT_EQ(r.explain(), "exit status 3");
}

TEST(RunChild, ExplainsSignals) {
  EXPECT_EQ(shell("kill -SEGV $$").explain(), "ended by SIGSEGV (Segmentation fault)");
  EXPECT_EQ(shell("kill -KILL $$").signal, SIGKILL);
  const auto aborted = run_child([]() -> std::string { std::abort(); }, {});
  ASSERT_TRUE(aborted);
  EXPECT_EQ(aborted->explain(), "ended by SIGABRT (Aborted)");
  EXPECT_EQ(signal_name(SIGBUS), "SIGBUS");
}

TEST(RunChild, SaysWhenAProgramCannotBeExecuted) {
  const std::vector<std::string> argv {"/no/such/program"};
  const auto r = run_child(argv, {});
  ASSERT_TRUE(r);
  EXPECT_EQ(r->exit_status, 127);
  EXPECT_EQ(r->err, "/no/such/program: No such file or directory\n");
}

TEST(RunChild, PassesArgumentsAsTheyAre) {
  const std::vector<std::string> argv {"printf", "%s|", "a b", "$HOME", "'"};
  const auto r = run_child(argv, {});
  ASSERT_TRUE(r);
  EXPECT_EQ(r->out, "a b|$HOME|'|");
}

TEST(RunChild, ReturnsTheFunctionsPayloadApartFromItsOutput) {
  std::string big(1 << 20, 'x');
  big += '\0';
  big += "end";
  const auto r = run_child([&] {
    printf("printed\n");
    return big;
  }, {});
  ASSERT_TRUE(r);
  EXPECT_EQ(r->payload, big);
  EXPECT_EQ(r->out, "printed\n");
  EXPECT_EQ(r->exit_status, 0);
}

TEST(RunChild, HasNoInputAndNoForeignDescriptors) {
  EXPECT_EQ(shell("cat; echo done").out, "done\n");
  // 0, 1, 2 and the one that ls itself opens for the folder.
  EXPECT_EQ(shell("ls /proc/self/fd | wc -l").out.find("4"), 0u);
}

TEST(RunChild, EndsAHangAtTheDeadline) {
  Limits limits;
  limits.deadline = Seconds(0.2);
  const ChildResult r = shell("echo started; sleep 100", limits);
  EXPECT_TRUE(r.timed_out);
  EXPECT_EQ(r.signal, SIGTERM);
  EXPECT_EQ(r.out, "started\n");
  EXPECT_GE(r.seconds, 0.2);
  EXPECT_LT(r.seconds, 20);
  EXPECT_THAT(r.explain(), StartsWith("no end within "));
}

TEST(RunChild, KillsWhatIgnoresTheRequestToEnd) {
  Limits limits;
  limits.deadline = Seconds(0.2);
  limits.grace = Seconds(0.1);
  const ChildResult r = shell("trap '' TERM; while :; do :; done", limits);
  EXPECT_TRUE(r.timed_out);
  EXPECT_EQ(r.signal, SIGKILL);
}

TEST(RunChild, LetsTheChildEndByItselfDuringTheGrace) {
  Limits limits;
  limits.deadline = Seconds(0.3);
  limits.grace = Seconds(20);
  const ChildResult r = shell("trap 'echo cleaned; exit 7' TERM; while :; do sleep 0.01; done", limits);
  EXPECT_TRUE(r.timed_out);
  EXPECT_EQ(r.exit_status, 7);
  EXPECT_EQ(r.out, "cleaned\n");
}

TEST(RunChild, KillsGrandchildrenThatAreLeft) {
  // The grandchild keeps the output open: that must not delay the return.
  const ChildResult r = shell("sleep 100 & echo $!");
  EXPECT_EQ(r.exit_status, 0);
  EXPECT_LT(r.seconds, 20);
  EXPECT_TRUE(test::ends(first_line(r.out)));
}

TEST(RunChild, KillsGrandchildrenOnExpiry) {
  Limits limits;
  limits.deadline = Seconds(0.3);
  limits.grace = Seconds(0.1);
  const ChildResult r = shell("(trap '' TERM; sleep 100) & echo $!; wait", limits);
  EXPECT_TRUE(r.timed_out);
  EXPECT_TRUE(test::ends(first_line(r.out)));
}

TEST(RunChild, EndsWithTheProcessThatStartedIt) {
  // A tuner that is killed: the outer child runs an inner one, which is in a group of its own.
  const std::string file = ::testing::TempDir() + "mapwright_child_" + std::to_string(getpid());
  Limits limits;
  limits.deadline = Seconds(1);
  limits.grace = Seconds(0);
  const auto outer = run_child([&] {
    shell("echo $$ > " + shell_quote(file) + "; sleep 100");
    return std::string();
  }, limits);
  ASSERT_TRUE(outer);
  EXPECT_TRUE(outer->timed_out);
  std::string pid;
  std::getline(std::ifstream(file) >> std::ws, pid);
  unlink(file.c_str());
  ASSERT_FALSE(pid.empty());
  EXPECT_TRUE(test::ends(pid));
}

TEST(RunChild, KeepsTheEndsOfAFlood) {
  Limits limits;
  limits.max_output = 1000;
  const ChildResult r = shell("echo first; head -c 5000000 /dev/zero | tr '\\0' x; echo last", limits);
  EXPECT_TRUE(r.truncated);
  EXPECT_THAT(r.out, StartsWith("first\n"));
  EXPECT_THAT(r.out, EndsWith("last\n"));
  // 6 + 5000000 + 5 bytes, of which 500 + 500 are kept.
  EXPECT_THAT(r.out, HasSubstr("[... 4999011 bytes left out ...]"));
  EXPECT_LT(r.out.size(), 1100u);
}

TEST(RunChild, EndsAnEndlessFlood) {
  Limits limits;
  limits.max_output = 1000;
  limits.deadline = Seconds(0.3);
  const ChildResult r = shell("yes", limits);
  EXPECT_TRUE(r.timed_out);
  EXPECT_TRUE(r.truncated);
  EXPECT_LT(r.out.size(), 1100u);
}

TEST(RunChild, KeepsWhatFitsWhole) {
  Limits limits;
  limits.max_output = 1000;
  const ChildResult r = shell("head -c 1000 /dev/zero | tr '\\0' x", limits);
  EXPECT_FALSE(r.truncated);
  EXPECT_EQ(r.out, std::string(1000, 'x'));
}

TEST(RunChild, WorksFromManyThreads) {
  std::vector<std::thread> threads;
  std::vector<std::string> outputs(8);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    threads.emplace_back([&, i] { outputs[i] = shell("sleep 0.05; echo " + std::to_string(i)).out; });
  }
  for (std::thread& t : threads) t.join();
  for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_EQ(outputs[i], std::to_string(i) + "\n");
}

TEST(ShellQuote, MakesOneWord) {
  EXPECT_EQ(shell_quote("plain"), "'plain'");
  EXPECT_EQ(shell_quote("a b"), "'a b'");
  EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
  EXPECT_EQ(shell("printf %s " + shell_quote("$(echo x) `y` \"z\" \\ it's")).out, "$(echo x) `y` \"z\" \\ it's");
}

}  // namespace
}  // namespace mapwright::engine::command
