// journal/journal.h - the SQLite log of every run and evaluation: resume after a kill, list, show, export.
// In:  search::Evaluation through a search::Recorder.   Out: rows of mapwright.journal/1 (docs/formats/journal.md).
// Not here: what to do with a history (driver/). Start at: Journal::open(), begin(), recorder().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/base.h"
#include "search/search.h"

namespace mapwright::journal {

// What decides a history: a run can be resumed only under an equal configuration. Budgets and jobs are no part of it.
struct Configuration {
  std::string version;              // of mapwright
  std::string optimizer, space;     // space: "valid" or "raw"
  std::uint64_t seed = 1;
  std::int64_t batch = 1;
  std::string program, program_hash;
  std::string machine, machine_hash;
  std::string engine;
  std::map<std::string, std::string> options;  // everything else that matters: options of engine and strategy, warm starts
  friend bool operator==(const Configuration&, const Configuration&) = default;
};

// The fields in which two configurations differ, one line "seed: 1 in the journal, 2 now" each; empty when they are equal.
std::string difference(const Configuration& journal, const Configuration& now);

struct Run {
  std::int64_t id = 0;              // from 1
  Configuration configuration;
  std::string started;              // "2026-01-31 12:00:00" UTC
  std::string stopped_by;           // empty: running or killed
  std::int64_t evaluations = 0;
  std::optional<double> best;       // value of the metric
  bool higher_is_better = false;
};

// An open journal. Durable: what begin() and a recorder accepted survives a kill at any point (WAL, synchronous=FULL, one
// transaction per call). One process writes a run at a time; others may read. Errors: MW7101 cannot be opened or written;
// MW7102 not a journal, or damaged; MW7103 of a newer format; MW7104 no such run; MW7105 nothing to resume, or another
// configuration (the message names the difference); MW7106 busy. Journals are untrusted: sizes are bounded, every row is
// checked.
class Journal {
 public:
  enum class Access : std::uint8_t { Write, Read };  // Write creates the file when it does not exist
  static Expected<Journal> open(const std::string& path, Access access);
  ~Journal();
  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) noexcept;

  // Starts a run.
  Expected<std::int64_t> begin(const Configuration& configuration, bool higher_is_better);
  // The latest run with this configuration; MW7105 with the nearest run's differences when there is none.
  Expected<std::int64_t> find_resumable(const Configuration& configuration) const;

  Expected<std::vector<Run>> runs() const;  // by id
  Expected<Run> run(std::int64_t id) const;
  Expected<search::Earlier> load(std::int64_t id) const;

  // Writes into run `id`. The journal must outlive it. Iterations must follow those already there.
  std::unique_ptr<search::Recorder> recorder(std::int64_t id);

  // JSON Lines: one object mapwright.journal.run/1, then one mapwright.journal.evaluation/1 per evaluation.
  Expected<std::string> export_json(std::int64_t id) const;

 private:
  struct Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mapwright::journal
