// Kills a tuning process - between commits, and inside them after half a write - and resumes.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "fixtures.h"

namespace mapwright::journal {
namespace {

using search::testing::FakeEngine;
using search::testing::flat;
using testing::configuration;
using testing::integrity;
using testing::TemporaryFolder;

constexpr std::int64_t kIterations = 25;

// Counts writes and syncs of all files of SQLite's default VFS; at number `fatal` it writes half and dies.
struct FatalWrites {
  static inline std::int64_t count = 0, fatal = -1;
  static inline sqlite3_vfs vfs;
  static inline sqlite3_vfs* original = nullptr;
  static inline sqlite3_io_methods patched[4];
  static inline const sqlite3_io_methods* known[4] = {};

  static bool due() { return count++ == fatal; }
  static const sqlite3_io_methods* methods_of(const sqlite3_io_methods* m) {
    for (int i = 0; i < 4; ++i) {
      if (known[i] == m) return &patched[i];
      if (known[i]) continue;
      known[i] = m;
      patched[i] = *m;
      patched[i].xWrite = [](sqlite3_file* f, const void* data, int amount, sqlite3_int64 at) {
        const bool die = due();
        const int result = known[0]->xWrite(f, data, die ? amount / 2 : amount, at);
        if (die) kill(getpid(), SIGKILL);
        return result;
      };
      patched[i].xSync = [](sqlite3_file* f, int flags) {
        if (due()) kill(getpid(), SIGKILL);
        return known[0]->xSync(f, flags);
      };
      return &patched[i];
    }
    return m;
  }
  static void install() {
    original = sqlite3_vfs_find(nullptr);
    vfs = *original;
    vfs.zName = "fatal";
    vfs.xOpen = [](sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out) {
      const int result = original->xOpen(original, name, f, flags, out);
      if (f->pMethods) f->pMethods = methods_of(f->pMethods);
      return result;
    };
    sqlite3_vfs_register(&vfs, 1);
  }
};

class Crash : public ::testing::Test {
 protected:
  // Opens the journal, begins or resumes, runs to the end. The engine dies at its call number `fatal_run`.
  std::string run(const std::string& path, int fatal_run = -1) const {
    int calls = 0;
    FakeEngine engine([&](const std::string& text) {
      if (calls++ == fatal_run) kill(getpid(), SIGKILL);
      return FakeEngine::by_hash(text);
    });
    Expected<Journal> journal = Journal::open(path, Journal::Access::Write);
    MW_CHECK(journal.has_value(), "{}", journal.error().message);
    search::TuneRequest r;
    r.program = &program_;
    r.machine = &machine_;
    r.engine = &engine;
    r.iterations = kIterations;
    std::int64_t id = 0;
    if (const auto found = journal->find_resumable(configuration())) {
      id = *found;
      auto earlier = journal->load(id);
      MW_CHECK(earlier.has_value(), "{}", earlier.error().message);
      r.earlier = std::move(*earlier);
    } else {
      id = journal->begin(configuration(), false).value();
    }
    const auto recorder = journal->recorder(id);
    r.recorder = recorder.get();
    const auto result = search::tune(r);
    MW_CHECK(result.has_value(), "{}", result.error().message);
    return flat(result->history);
  }

  // In a child: dies at write `fatal_write` or evaluation `fatal_run`. Returns whether it died.
  bool killed(const std::string& path, std::int64_t fatal_write, int fatal_run) const {
    const pid_t child = fork();
    if (child == 0) {
      FatalWrites::fatal = fatal_write;
      FatalWrites::install();
      (void)run(path, fatal_run);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

  void expect_resumed(const std::string& path, const std::string& what) const {
    EXPECT_EQ(integrity(path), "ok") << what;
    EXPECT_EQ(run(path), expected_) << what;
    EXPECT_EQ(integrity(path), "ok") << what;
    const auto journal = Journal::open(path, Journal::Access::Read);
    ASSERT_TRUE(journal.has_value());
    const auto kept = journal->load(1);
    ASSERT_TRUE(kept.has_value()) << what;
    EXPECT_EQ(flat(kept->evaluations), expected_) << what;
  }

  void SetUp() override { expected_ = run(folder_.file("whole.db")); }

  program::Program program_ = search::testing::line_program();
  machine::Machine machine_ = search::testing::shipped("generic");
  TemporaryFolder folder_;
  std::string expected_;
};

TEST_F(Crash, BetweenCommits) {
  for (int i = 0; i < kIterations; ++i) {
    const std::string path = folder_.file(fmt::format("run{}.db", i));
    ASSERT_TRUE(killed(path, -1, i));
    // Everything acknowledged before evaluation i began is there.
    const auto journal = Journal::open(path, Journal::Access::Read);
    ASSERT_TRUE(journal.has_value());
    EXPECT_EQ(journal->load(1)->evaluations.size(), static_cast<std::size_t>(i));
    expect_resumed(path, fmt::format("evaluation {}", i));
  }
}

TEST_F(Crash, InsideCommits) {
  int deaths = 0;
  // A commit is a few writes to the log and a sync, so steps of 3 hit each of them in turn.
  for (std::int64_t write = 0;; write += 3) {
    const std::string path = folder_.file(fmt::format("write{}.db", write));
    if (!killed(path, write, -1)) break;
    ++deaths;
    expect_resumed(path, fmt::format("write {}", write));
  }
  EXPECT_GE(deaths, 20);
}

// Killed again and again while resuming.
TEST_F(Crash, Repeatedly) {
  const std::string path = folder_.file("again.db");
  for (int i = 0; i < 20; ++i) (void)killed(path, i % 2 == 0 ? 7 + i : -1, i % 2 == 0 ? -1 : 1);
  expect_resumed(path, "twenty kills");
}

}  // namespace
}  // namespace mapwright::journal
