#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "fixtures.h"

namespace mapwright::journal {
namespace {

using testing::configuration;
using testing::evaluation;
using testing::execute;
using testing::TemporaryFolder;

Journal open(const std::string& path, Journal::Access access = Journal::Access::Write) {
  Expected<Journal> j = Journal::open(path, access);
  MW_CHECK(j.has_value(), "{}", j.error().message);
  return std::move(*j);
}

int open_error(const std::string& path, Journal::Access access = Journal::Access::Write) {
  const Expected<Journal> j = Journal::open(path, access);
  return j ? 0 : j.error().code;
}

// A journal with one run of three evaluations and a reference.
void fill(const std::string& path) {
  Journal j = open(path);
  const auto id = j.begin(configuration(), false);
  ASSERT_TRUE(id.has_value());
  const auto recorder = j.recorder(*id);
  ASSERT_TRUE(recorder->reference(evaluation(7, 4.0)).has_value());
  const std::vector<search::Evaluation> all {evaluation(1), evaluation(2, std::nullopt), evaluation(3, 0.25)};
  ASSERT_TRUE(recorder->commit(all).has_value());
}

TEST(Journal, GivesBackWhatItWasGiven) {
  const TemporaryFolder folder;
  const std::string path = folder.file("j.db");
  fill(path);
  const Journal j = open(path, Journal::Access::Read);
  const auto earlier = j.load(1);
  ASSERT_TRUE(earlier.has_value());
  ASSERT_TRUE(earlier->reference.has_value());
  EXPECT_EQ(earlier->reference->iteration, 0);
  EXPECT_EQ(earlier->reference->value, 4.0);
  ASSERT_EQ(earlier->evaluations.size(), 3u);
  EXPECT_EQ(search::testing::flat(earlier->evaluations),
            search::testing::flat({evaluation(1), evaluation(2, std::nullopt), evaluation(3, 0.25)}));
  EXPECT_EQ(earlier->evaluations[0].value, 1.0 / 3);  // to the last bit
  EXPECT_EQ(earlier->evaluations[0].wall_seconds, 0.25);
}

TEST(Journal, KeepsExecutionsWithTheirPlacesInTheMapper) {
  const TemporaryFolder folder;
  const std::string path = folder.file("j.db");
  Journal j = open(path);
  ASSERT_EQ(*j.begin(configuration(), false), 1);
  search::Evaluation e = evaluation(1);
  engine::Execution execution = search::testing::FakeEngine::ok(*e.value);
  execution.moved.total = 123;
  diag::Diagnostic warning;
  warning.code = 3018;
  warning.severity = diag::Severity::Warning;
  warning.source = search::candidate_source(1, e.mapper);
  warning.span = {5, 6};
  execution.diagnostics.push_back(warning);
  e.execution = std::make_shared<const engine::Execution>(execution);
  ASSERT_TRUE(j.recorder(1)->commit(std::span(&e, 1)).has_value());
  const auto earlier = j.load(1);
  ASSERT_TRUE(earlier.has_value());
  const auto& read = earlier->evaluations[0].execution;
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->moved.total, 123);
  EXPECT_EQ(read->metric->value, *e.value);
  ASSERT_EQ(read->diagnostics.size(), 1u);
  ASSERT_NE(read->diagnostics[0].source, nullptr);
  EXPECT_EQ(read->diagnostics[0].source->slice(read->diagnostics[0].span), "*");
}

TEST(Journal, ListsRuns) {
  const TemporaryFolder folder;
  const std::string path = folder.file("j.db");
  fill(path);
  Journal j = open(path);
  ASSERT_EQ(*j.begin(configuration(18446744073709551615u), true), 2);
  ASSERT_TRUE(j.recorder(2)->finish("iterations").has_value());
  const auto runs = j.runs();
  ASSERT_TRUE(runs.has_value());
  ASSERT_EQ(runs->size(), 2u);
  EXPECT_EQ((*runs)[0].configuration, configuration());
  EXPECT_EQ((*runs)[0].evaluations, 3);
  EXPECT_EQ((*runs)[0].best, 0.25);  // the least: lower is better, and the reference does not count
  EXPECT_EQ((*runs)[0].stopped_by, "");
  EXPECT_EQ((*runs)[1].configuration.seed, 18446744073709551615u);
  EXPECT_EQ((*runs)[1].best, std::nullopt);
  EXPECT_EQ((*runs)[1].stopped_by, "iterations");
  EXPECT_TRUE((*runs)[1].higher_is_better);
  EXPECT_EQ(j.run(3).error().code, diag::kUnknownRun);
}

TEST(Journal, ResumesOnlyTheSameConfiguration) {
  const TemporaryFolder folder;
  Journal j = open(folder.file("j.db"));
  EXPECT_EQ(j.find_resumable(configuration()).error().code, diag::kNothingToResume);
  ASSERT_EQ(*j.begin(configuration(1), false), 1);
  ASSERT_EQ(*j.begin(configuration(1), false), 2);
  ASSERT_EQ(*j.begin(configuration(5), false), 3);
  EXPECT_EQ(*j.find_resumable(configuration(1)), 2);
  Configuration other = configuration(5);
  other.machine_hash = "n";
  other.options = {{"preset", "paper"}, {"nodes", "2"}};
  const auto none = j.find_resumable(other);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, diag::kNothingToResume);
  EXPECT_EQ(none.error().help,
            "content of the machine: m in the journal, n now\n"
            "nodes: none in the journal, 2 now\n"
            "preset: test in the journal, paper now");
}

TEST(Journal, ExportsJsonLines) {
  const TemporaryFolder folder;
  const std::string path = folder.file("j.db");
  fill(path);
  const auto text = open(path, Journal::Access::Read).export_json(1);
  ASSERT_TRUE(text.has_value());
  std::vector<nlohmann::json> lines;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = text->find('\n', at);
    lines.push_back(nlohmann::json::parse(text->substr(at, end - at)));
    at = end + 1;
  }
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0]["schema"], "mapwright.journal.run/1");
  EXPECT_EQ(lines[0]["seed"], 1);
  EXPECT_EQ(lines[0]["stopped_by"], nullptr);
  EXPECT_EQ(lines[1]["iteration"], 0);
  EXPECT_EQ(lines[3]["schema"], "mapwright.journal.evaluation/1");
  EXPECT_EQ(lines[3]["outcome"], "out_of_memory");
  EXPECT_EQ(lines[3]["value"], nullptr);
  EXPECT_EQ(lines[3]["reason"], "MW5007: `FBMEM` is full");
  EXPECT_EQ(lines[4]["mapper"], "Task * CPU; # 3\n");
}

TEST(Journal, RefusesFilesOfOthers) {
  const TemporaryFolder folder;
  const std::string text = folder.file("notes.txt"), other = folder.file("other.db"), view = folder.file("view.db");
  std::ofstream(text) << std::string(5000, 'x');
  EXPECT_EQ(open_error(text), diag::kJournalDamaged);
  execute(other, "CREATE TABLE runs(x); INSERT INTO runs VALUES(1);");
  EXPECT_EQ(open_error(other), diag::kJournalDamaged);
  EXPECT_EQ(open_error(other, Journal::Access::Read), diag::kJournalDamaged);
  // A refused file is as it was: not even switched to WAL.
  EXPECT_FALSE(std::filesystem::exists(other + "-wal"));
  fill(view);
  execute(view, "CREATE VIEW surprise AS SELECT * FROM runs;");
  EXPECT_EQ(open_error(view), diag::kJournalDamaged);
  EXPECT_EQ(open_error(folder.file("no/such/folder.db")), diag::kJournalUnusable);
  EXPECT_EQ(open_error(folder.file("missing.db"), Journal::Access::Read), diag::kJournalUnusable);
}

TEST(Journal, RefusesNewerFormats) {
  const TemporaryFolder folder;
  const std::string path = folder.file("j.db");
  fill(path);
  execute(path, "PRAGMA user_version=2;");
  EXPECT_EQ(open_error(path), diag::kJournalTooNew);
}

TEST(Journal, ChecksEveryRow) {
  const TemporaryFolder folder;
  const auto load_error = [&](const std::string& sql) {
    const std::string path = folder.file(Hasher().add(sql).hex());
    fill(path);
    execute(path, sql);
    const auto loaded = open(path, Journal::Access::Read).load(1);
    return loaded ? std::string() : std::to_string(loaded.error().code) + " " + loaded.error().message.substr(loaded.error().message.find(": ") + 2);
  };
  EXPECT_EQ(load_error("UPDATE evaluations SET outcome='splendid' WHERE iteration=2"), "7102 evaluation 2 has an unknown outcome");
  EXPECT_EQ(load_error("DELETE FROM evaluations WHERE iteration=2"), "7102 evaluation 2 is missing");
  EXPECT_EQ(load_error("UPDATE evaluations SET value=NULL WHERE iteration=3"), "7102 evaluation 3 has impossible values");
  EXPECT_EQ(load_error("UPDATE evaluations SET value=9e999 WHERE iteration=3"), "7102 evaluation 3 has impossible values");
  EXPECT_EQ(load_error("UPDATE evaluations SET mapper=hex(zeroblob(600000)) WHERE iteration=1"),
            "7102 evaluation 1 has a text beyond the limits");
  EXPECT_EQ(load_error("UPDATE evaluations SET execution='{]' WHERE iteration=1"),
            "7102 evaluation 1 has an execution that cannot be read");
  EXPECT_EQ(load_error("UPDATE runs SET options='[1]'"), "7102 a run has impossible values");
  EXPECT_EQ(load_error("UPDATE runs SET seed='-1'"), "7102 a run has impossible values");
}

// Flipped bytes are noticed or harmless; nothing crashes.
TEST(Journal, SurvivesDamagedFiles) {
  const TemporaryFolder folder;
  const std::string path = folder.file("j.db");
  fill(path);
  execute(path, "PRAGMA journal_mode=DELETE");  // everything in one file
  std::string bytes;
  {
    std::ifstream in(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  Rng rng(3);
  int refused = 0;
  for (int i = 0; i < 200; ++i) {
    std::string damaged = bytes;
    for (int k = 0; k < 8; ++k) damaged[rng.below(damaged.size())] = static_cast<char>(rng.below(256));
    if (i % 4 == 0) damaged.resize(rng.below(damaged.size()));
    const std::string copy = folder.file("copy" + std::to_string(i));
    std::ofstream(copy, std::ios::binary) << damaged;
    const Expected<Journal> j = Journal::open(copy, Journal::Access::Read);
    if (!j) {
      ++refused;
      continue;
    }
    if (!j->runs() || !j->load(1)) ++refused;
  }
  EXPECT_GT(refused, 20);
}

TEST(Journal, OneProcessWritesARun) {
  const TemporaryFolder folder;
  const std::string path = folder.file("j.db");
  fill(path);
  Journal other = open(path);
  // Somebody else committed evaluation 3 already.
  const std::vector<search::Evaluation> again {evaluation(3)};
  const auto result = other.recorder(1)->commit(again);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, diag::kJournalBusy);
}

}  // namespace
}  // namespace mapwright::journal
