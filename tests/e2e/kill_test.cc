// SIGKILL at twenty moments spread evenly over the evaluations of a run of `tune`. (Kills inside a commit, after half a write, are in
// tests/unit/journal/crash_test.cc.)
#include <sqlite3.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "cli.h"

namespace mapwright::test {
namespace {

class Kill : public Cli {
 protected:
  static std::vector<std::string> tune(const std::string& journal, bool resume) {
    std::vector<std::string> words {"tune",   "--program", "cannon", "--preset",  "test",  "--optimizer", "hillclimb",
                                    "--seed", "3",         "--json", "--journal", journal, "--iterations", "60"};
    if (resume) words.emplace_back("--resume");
    return words;
  }
  static nlohmann::json history(const std::string& out) {
    const std::size_t last = out.rfind('\n', out.size() - 2);
    const auto object = nlohmann::json::parse(out.substr(last == std::string::npos ? 0 : last + 1), nullptr, false);
    return object.is_object() && object.contains("history") ? object["history"] : nlohmann::json();
  }
  std::string integrity(const std::string& journal) const {
    sqlite3* d = nullptr;
    std::string verdict;
    if (sqlite3_open((directory() + "/" + journal).c_str(), &d) != SQLITE_OK) return "cannot open";
    sqlite3_exec(d, "PRAGMA integrity_check",
                 [](void* out, int, char** values, char**) {
                   static_cast<std::string*>(out)->append(values[0]);
                   return 0;
                 },
                 &verdict, nullptr);
    sqlite3_close(d);
    return verdict;
  }
};

TEST_F(Kill, TwentyTimesOverARun) {
  const Ended whole = run(tune("whole.db", false));
  ASSERT_EQ(whole.status, 0) << whole.err;
  ASSERT_EQ(history(whole.out).size(), 60u);
  int killed = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string journal = "killed" + std::to_string(i) + ".db";
    Running running = start(tune(journal, false));
    // By its progress, not by the clock: on a busy machine runs take longer or shorter than the one before.
    running.wait_for_output("\"iteration\":" + std::to_string(3 * i + 1) + ",");
    std::this_thread::sleep_for(std::chrono::microseconds(37 * i));  // not always at the same place of an evaluation
    running.signal(SIGKILL);
    killed += running.wait().status == 128 + SIGKILL ? 1 : 0;
    if (!std::filesystem::exists(directory() + "/" + journal)) continue;  // killed before the journal was there
    EXPECT_EQ(integrity(journal), "ok") << journal;
    Ended resumed = run(tune(journal, true));
    // Killed before the run was entered: there is nothing to resume, and a new run is the whole one.
    if (resumed.status == 2) resumed = run(tune(journal, false));
    ASSERT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_EQ(history(resumed.out), history(whole.out)) << journal;
    EXPECT_EQ(integrity(journal), "ok") << journal;
  }
  EXPECT_GE(killed, 10);
}

}  // namespace
}  // namespace mapwright::test
