// Ctrl-C, kill and resume of `tune`.
#include <gmock/gmock.h>

#include <csignal>

#include "cli.h"

namespace mapwright::test {
namespace {

using testing::HasSubstr;

class Interrupt : public Cli {
 protected:
  static std::vector<std::string> tune(const std::string& journal, std::vector<std::string> more = {}) {
    std::vector<std::string> words {"tune",   "--program",   "circuit", "--preset", "test", "--optimizer", "random",
                                    "--seed", "7",           "--json",  "--journal", journal};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // The history of the last object, without what may differ between runs.
  static nlohmann::json history(const std::string& out) {
    const std::size_t last = out.rfind('\n', out.size() - 2);
    const auto object = nlohmann::json::parse(out.substr(last == std::string::npos ? 0 : last + 1), nullptr, false);
    return object.is_object() && object.contains("history") ? object["history"] : nlohmann::json();
  }
};

TEST_F(Interrupt, KilledRunResumesToTheSameHistory) {
  const Ended whole = run(tune("whole.db", {"--iterations", "40"}));
  ASSERT_EQ(whole.status, 0) << whole.err;

  Running killed = start(tune("killed.db", {"--iterations", "40"}));
  ASSERT_TRUE(killed.wait_for_output("\"iteration\":10,"));
  killed.signal(SIGKILL);
  EXPECT_EQ(killed.wait().status, 128 + SIGKILL);

  const Ended resumed = run(tune("killed.db", {"--iterations", "40", "--resume"}));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("\"replayed\":true"));
  ASSERT_EQ(history(whole.out).size(), 40u);
  EXPECT_EQ(history(resumed.out), history(whole.out));
}

TEST_F(Interrupt, CtrlCPrintsTheBestAndHowToGoOn) {
  Running running = start(tune("a.db", {"--iterations", "1000000"}));
  ASSERT_TRUE(running.wait_for_output("\"iteration\":5,"));
  running.signal(SIGINT);
  const Ended ended = running.wait();
  EXPECT_EQ(ended.status, 130) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("\"schema\":\"mapwright.tune/1\""));
  EXPECT_THAT(ended.out, HasSubstr("\"stopped_by\":\"interrupt\""));
  EXPECT_THAT(ended.err, HasSubstr("mapwright tune --program circuit"));
  EXPECT_THAT(ended.err, HasSubstr("--resume"));
}

TEST_F(Interrupt, CtrlCEndsAStudyOfTimesWithWhatThereIs) {
  Running running = start({"study", "fidelity", "--programs", "cannon", "--preset", "test", "--mappers", "2", "--repeats", "1000", "--json"});
  ASSERT_TRUE(running.wait_for_handler(SIGINT));
  running.signal(SIGINT);
  const Ended ended = running.wait();
  EXPECT_EQ(ended.status, 130) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("\"schema\":\"mapwright.study.fidelity/1\""));
  EXPECT_THAT(ended.err, HasSubstr("interrupted"));
}

TEST_F(Interrupt, ResumingBeforeAnythingWasRecordedStarts) {
  const Ended resumed = run(tune("none.db", {"--iterations", "3", "--resume"}));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(history(resumed.out), history(run(tune("whole.db", {"--iterations", "3"})).out));
}

TEST_F(Interrupt, ResumingAnotherRunIsWrongUsage) {
  ASSERT_EQ(run(tune("a.db", {"--iterations", "2"})).status, 0);
  const Ended other = run({"tune", "--program", "circuit", "--preset", "test", "--optimizer", "random", "--seed", "8", "--journal", "a.db", "--resume"});
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.err, HasSubstr("seed"));
}

TEST_F(Interrupt, JournalIsListedShownAndExported) {
  ASSERT_EQ(run(tune("a.db", {"--iterations", "3"})).status, 0);
  const Ended list = run({"journal", "list", "--journal", "a.db"});
  EXPECT_EQ(list.status, 0) << list.err;
  EXPECT_THAT(list.out, HasSubstr("random"));
  EXPECT_THAT(run({"journal", "show", "--journal", "a.db"}).out, HasSubstr("best mapper"));
  const Ended exported = run({"journal", "export", "--journal", "a.db", "--run", "1"});
  // The run, the expert's evaluation for the ratio, and three more.
  EXPECT_EQ(std::count(exported.out.begin(), exported.out.end(), '\n'), 5) << exported.out;
  EXPECT_EQ(run({"journal", "show", "--journal", "a.db", "--run", "9"}).status, 2);
}

}  // namespace
}  // namespace mapwright::test
