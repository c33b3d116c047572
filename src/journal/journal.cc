#include "journal/journal.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "diag/diag.h"
#include "journal/json.h"
#include "journal/sqlite.h"
#include "syntax/syntax.h"

namespace mapwright::journal {

namespace {

constexpr std::int64_t kApplicationId = 0x4d57524a;  // "MWRJ"
constexpr std::int64_t kFormat = 1;
constexpr std::size_t kShortText = 64 << 10;
constexpr std::size_t kExecutionText = 16 << 20;
constexpr std::int64_t kMostEvaluations = 10'000'000;

// The schema is compared letter by letter when a journal is opened, so a file cannot bring tables of its own.
constexpr std::string_view kRunsTable =
    "CREATE TABLE runs(id INTEGER PRIMARY KEY, started TEXT NOT NULL, version TEXT NOT NULL, optimizer TEXT NOT NULL, "
    "space TEXT NOT NULL, seed TEXT NOT NULL, batch INTEGER NOT NULL, program TEXT NOT NULL, program_hash TEXT NOT NULL, "
    "machine TEXT NOT NULL, machine_hash TEXT NOT NULL, engine TEXT NOT NULL, options TEXT NOT NULL, "
    "higher_is_better INTEGER NOT NULL, stopped_by TEXT NOT NULL) STRICT";
constexpr std::string_view kEvaluationsTable =
    "CREATE TABLE evaluations(run INTEGER NOT NULL, iteration INTEGER NOT NULL, mapper TEXT NOT NULL, "
    "candidate TEXT NOT NULL, outcome TEXT NOT NULL, value REAL, seconds REAL NOT NULL, simulations INTEGER NOT NULL, "
    "reason TEXT NOT NULL, note TEXT NOT NULL, wall_seconds REAL NOT NULL, execution TEXT, "
    "PRIMARY KEY(run, iteration)) STRICT";

tl::unexpected<Error> damaged(const Database& d, std::string_view what) {
  return failure(diag::kJournalDamaged, fmt::format("`{}` is no journal or is damaged: {}", d.path(), what),
                 "use another file with --journal");
}

Expected<void> create_schema(const Database& d) {
  Expected<Transaction> transaction = Transaction::begin(d);
  if (!transaction) return tl::unexpected(transaction.error());
  // Another process may have made it while we waited for the lock.
  const Expected<std::int64_t> objects = d.number("SELECT count(*) FROM sqlite_schema");
  if (!objects) return tl::unexpected(objects.error());
  if (*objects == 0) {
    const std::string sql = fmt::format("PRAGMA application_id={}; PRAGMA user_version={}; {}; {};", kApplicationId, kFormat,
                                        kRunsTable, kEvaluationsTable);
    if (Expected<void> ok = d.execute(sql); !ok) return ok;
  }
  return transaction->commit();
}

Expected<void> check_schema(const Database& d) {
  const Expected<std::int64_t> application = d.number("PRAGMA application_id"), format = d.number("PRAGMA user_version");
  if (!application) return tl::unexpected(application.error());
  if (!format) return tl::unexpected(format.error());
  if (*application != kApplicationId) return damaged(d, "it was not written by mapwright");
  if (*format > kFormat) {
    return failure(diag::kJournalTooNew, fmt::format("the journal `{}` has format {}, this version knows {}", d.path(), *format, kFormat),
                   "use the version of mapwright that wrote it");
  }
  Expected<Statement> s = d.prepare("SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_autoindex_%' ORDER BY name");
  if (!s) return tl::unexpected(s.error());
  for (const std::string_view wanted : {kEvaluationsTable, kRunsTable}) {
    Expected<bool> row = s->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row || s->text(0, kShortText) != wanted) return damaged(d, "its tables are not those of a journal");
  }
  Expected<bool> more = s->step();
  if (!more) return tl::unexpected(more.error());
  if (*more) return damaged(d, "its tables are not those of a journal");
  return {};
}

Expected<void> check_pages(const Database& d) {
  Expected<Statement> s = d.prepare("PRAGMA quick_check(1)");
  if (!s) return tl::unexpected(s.error());
  Expected<bool> row = s->step();
  if (!row) return tl::unexpected(row.error());
  const std::string verdict = s->text(0, kShortText).value_or("");
  if (verdict != "ok") return damaged(d, verdict);
  return {};
}

std::optional<std::uint64_t> unsigned_number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc {} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

constexpr std::string_view kSelectRuns =
    "SELECT id, started, version, optimizer, space, seed, batch, program, program_hash, machine, machine_hash, engine, "
    "options, higher_is_better, stopped_by, "
    "(SELECT count(*) FROM evaluations e WHERE e.run = r.id AND e.iteration > 0), "
    "(SELECT CASE WHEN r.higher_is_better THEN max(value) ELSE min(value) END FROM evaluations e "
    " WHERE e.run = r.id AND e.iteration > 0 AND e.outcome = 'ok') FROM runs r";

Expected<Run> read_run(const Database& d, const Statement& s) {
  Run run;
  Configuration& c = run.configuration;
  run.id = s.integer(0);
  bool complete = true;
  const auto text = [&](int column) {
    std::optional<std::string> value = s.text(column, kShortText);
    complete = complete && value.has_value();
    return value.value_or("");
  };
  run.started = text(1);
  c.version = text(2);
  c.optimizer = text(3);
  c.space = text(4);
  const std::optional<std::uint64_t> seed = unsigned_number(text(5));
  c.batch = s.integer(6);
  c.program = text(7);
  c.program_hash = text(8);
  c.machine = text(9);
  c.machine_hash = text(10);
  c.engine = text(11);
  std::optional<std::string> options_text = s.text(12, std::size_t {4} << 20);
  const auto options = options_from_json(options_text.value_or(""));
  run.higher_is_better = s.integer(13) != 0;
  run.stopped_by = text(14);
  run.evaluations = s.integer(15);
  run.best = s.real(16);
  if (!complete || !seed || !options || run.id < 1 || c.batch < 1) return damaged(d, "a run has impossible values");
  c.seed = *seed;
  c.options = *options;
  return run;
}

Expected<search::Evaluation> read_evaluation(const Database& d, const Statement& s) {
  search::Evaluation e;
  e.iteration = s.integer(0);
  const std::optional<std::string> mapper = s.text(1, syntax::kMaxTextBytes), candidate = s.text(2, kShortText);
  const std::optional<std::string> word = s.text(3, kShortText), reason = s.text(7, kShortText), note = s.text(8, kShortText);
  const std::optional<engine::Outcome> outcome = word ? engine::outcome(*word) : std::nullopt;
  const auto bad = [&](std::string_view what) {
    return damaged(d, fmt::format("evaluation {} has {}", e.iteration, what));
  };
  if (!mapper || !candidate || !reason || !note) return bad("a text beyond the limits");
  if (!outcome) return bad("an unknown outcome");
  e.mapper = *mapper;
  e.candidate = *candidate;
  e.outcome = *outcome;
  e.value = s.real(4);
  e.seconds = s.real(5).value_or(0);
  e.simulations = s.integer(6);
  e.reason = *reason;
  e.note = *note;
  e.wall_seconds = s.real(9).value_or(0);
  const bool ok = e.outcome == engine::Outcome::Ok;
  if (ok != e.value.has_value() || (e.value && !std::isfinite(*e.value)) || !std::isfinite(e.seconds) || e.simulations < 0) {
    return bad("impossible values");
  }
  if (const std::optional<std::string> text = s.text(10, kExecutionText)) {
    Expected<engine::Execution> execution = engine::execution_from_json(*text, search::candidate_source(e.iteration, e.mapper));
    if (!execution) return bad("an execution that cannot be read");
    e.execution = std::make_shared<const engine::Execution>(std::move(*execution));
  }
  return e;
}

Expected<void> insert_evaluation(const Database& d, std::int64_t run, const search::Evaluation& e) {
  Expected<Statement> s = d.prepare(
      "INSERT INTO evaluations(run, iteration, mapper, candidate, outcome, value, seconds, simulations, reason, note, "
      "wall_seconds, execution) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");
  if (!s) return tl::unexpected(s.error());
  s->bind(1, run).bind(2, e.iteration).bind(3, e.mapper).bind(4, e.candidate).bind(5, engine::to_string(e.outcome));
  if (e.value) {
    s->bind(6, *e.value);
  } else {
    s->bind_null(6);
  }
  s->bind(7, e.seconds).bind(8, e.simulations);
  s->bind(9, std::string_view(e.reason).substr(0, kShortText)).bind(10, std::string_view(e.note).substr(0, kShortText));
  s->bind(11, e.wall_seconds);
  const std::string execution = e.execution ? engine::to_json(*e.execution) : std::string();
  if (execution.empty() || execution.size() > kExecutionText) {
    s->bind_null(12);
  } else {
    s->bind(12, execution);
  }
  return s->run();
}

}  // namespace

std::string difference(const Configuration& journal, const Configuration& now) {
  std::string out;
  const auto compare = [&](std::string_view field, const std::string& a, const std::string& b) {
    if (a != b) out += fmt::format("{}: {} in the journal, {} now\n", field, a.empty() ? "none" : a, b.empty() ? "none" : b);
  };
  compare("version", journal.version, now.version);
  compare("optimizer", journal.optimizer, now.optimizer);
  compare("space", journal.space, now.space);
  compare("seed", std::to_string(journal.seed), std::to_string(now.seed));
  compare("batch", std::to_string(journal.batch), std::to_string(now.batch));
  compare("program", journal.program, now.program);
  compare("content of the program", journal.program_hash, now.program_hash);
  compare("machine", journal.machine, now.machine);
  compare("content of the machine", journal.machine_hash, now.machine_hash);
  compare("engine", journal.engine, now.engine);
  std::map<std::string, std::pair<std::string, std::string>> options;
  for (const auto& [name, value] : journal.options) options[name].first = value;
  for (const auto& [name, value] : now.options) options[name].second = value;
  for (const auto& [name, values] : options) compare(name, values.first, values.second);
  if (!out.empty()) out.pop_back();
  return out;
}

struct Journal::Impl {
  Database database;
};

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::~Journal() = default;
Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;

Expected<Journal> Journal::open(const std::string& path, Access access) {
  Expected<Database> d = Database::open(path, access == Access::Write);
  if (!d) return tl::unexpected(d.error());
  const Expected<std::int64_t> objects = d->number("SELECT count(*) FROM sqlite_schema");
  if (!objects) return tl::unexpected(objects.error());
  if (access == Access::Write) {
    // Settings first: a file of somebody else is refused before anything is changed in it.
    if (*objects > 0) {
      if (Expected<void> ok = check_schema(*d); !ok) return tl::unexpected(ok.error());
    }
    if (Expected<void> ok = d->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"); !ok) return tl::unexpected(ok.error());
    if (*objects == 0) {
      if (Expected<void> ok = create_schema(*d); !ok) return tl::unexpected(ok.error());
    }
  }
  if (Expected<void> ok = check_schema(*d); !ok) return tl::unexpected(ok.error());
  if (Expected<void> ok = check_pages(*d); !ok) return tl::unexpected(ok.error());
  return Journal(std::make_unique<Impl>(Impl {std::move(*d)}));
}

Expected<std::int64_t> Journal::begin(const Configuration& c, bool higher_is_better) {
  const Database& d = impl_->database;
  Expected<Transaction> transaction = Transaction::begin(d);
  if (!transaction) return tl::unexpected(transaction.error());
  Expected<Statement> s = d.prepare(
      "INSERT INTO runs(started, version, optimizer, space, seed, batch, program, program_hash, machine, machine_hash, "
      "engine, options, higher_is_better, stopped_by) VALUES(datetime('now'),?,?,?,?,?,?,?,?,?,?,?,?,'')");
  if (!s) return tl::unexpected(s.error());
  s->bind(1, c.version).bind(2, c.optimizer).bind(3, c.space).bind(4, std::to_string(c.seed)).bind(5, c.batch);
  s->bind(6, c.program).bind(7, c.program_hash).bind(8, c.machine).bind(9, c.machine_hash).bind(10, c.engine);
  s->bind(11, options_to_json(c.options)).bind(12, std::int64_t {higher_is_better});
  if (Expected<void> ok = s->run(); !ok) return tl::unexpected(ok.error());
  const std::int64_t id = d.last_id();
  if (Expected<void> ok = transaction->commit(); !ok) return tl::unexpected(ok.error());
  return id;
}

Expected<std::vector<Run>> Journal::runs() const {
  const Database& d = impl_->database;
  Expected<Statement> s = d.prepare(std::string(kSelectRuns) + " ORDER BY id");
  if (!s) return tl::unexpected(s.error());
  std::vector<Run> out;
  while (true) {
    Expected<bool> row = s->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return out;
    Expected<Run> run = read_run(d, *s);
    if (!run) return tl::unexpected(run.error());
    out.push_back(std::move(*run));
  }
}

Expected<Run> Journal::run(std::int64_t id) const {
  const Database& d = impl_->database;
  Expected<Statement> s = d.prepare(std::string(kSelectRuns) + " WHERE id = ?");
  if (!s) return tl::unexpected(s.error());
  s->bind(1, id);
  Expected<bool> row = s->step();
  if (!row) return tl::unexpected(row.error());
  if (!*row) {
    return failure(diag::kUnknownRun, fmt::format("the journal `{}` has no run {}", d.path(), id),
                   "`mapwright journal list` shows its runs");
  }
  return read_run(d, *s);
}

Expected<std::int64_t> Journal::find_resumable(const Configuration& configuration) const {
  Expected<std::vector<Run>> all = runs();
  if (!all) return tl::unexpected(all.error());
  const std::string& path = impl_->database.path();
  if (all->empty()) return failure(diag::kNothingToResume, fmt::format("the journal `{}` holds no run", path));
  for (auto run = all->rbegin(); run != all->rend(); ++run) {
    if (run->configuration == configuration) return run->id;
  }
  return failure(diag::kNothingToResume,
                 fmt::format("no run of the journal `{}` has this configuration; the latest differs", path),
                 difference(all->back().configuration, configuration));
}

Expected<search::Earlier> Journal::load(std::int64_t id) const {
  if (Expected<Run> known = run(id); !known) return tl::unexpected(known.error());
  const Database& d = impl_->database;
  Expected<Statement> s = d.prepare(
      "SELECT iteration, mapper, candidate, outcome, value, seconds, simulations, reason, note, wall_seconds, "
      "execution FROM evaluations WHERE run = ? ORDER BY iteration");
  if (!s) return tl::unexpected(s.error());
  s->bind(1, id);
  search::Earlier out;
  while (true) {
    Expected<bool> row = s->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return out;
    Expected<search::Evaluation> e = read_evaluation(d, *s);
    if (!e) return tl::unexpected(e.error());
    if (e->iteration == 0) {
      out.reference = std::move(*e);
      continue;
    }
    const auto next = static_cast<std::int64_t>(out.evaluations.size()) + 1;
    if (e->iteration != next || next > kMostEvaluations) return damaged(d, fmt::format("evaluation {} is missing", next));
    out.evaluations.push_back(std::move(*e));
  }
}

namespace {

class JournalRecorder final : public search::Recorder {
 public:
  JournalRecorder(const Database& d, std::int64_t run) : d_(d), run_(run) {}

  Expected<void> reference(const search::Evaluation& evaluation) override {
    search::Evaluation zero = evaluation;
    zero.iteration = 0;
    return commit(std::span(&zero, 1));
  }

  Expected<void> commit(std::span<const search::Evaluation> evaluations) override {
    return write([&]() -> Expected<void> {
      for (const search::Evaluation& e : evaluations) {
        if (Expected<void> ok = insert_evaluation(d_, run_, e); !ok) return ok;
      }
      return {};
    });
  }

  Expected<void> finish(std::string_view stopped_by) override {
    return write([&]() -> Expected<void> {
      Expected<Statement> s = d_.prepare("UPDATE runs SET stopped_by = ? WHERE id = ?");
      if (!s) return tl::unexpected(s.error());
      return s->bind(1, stopped_by).bind(2, run_).run();
    });
  }

 private:
  template <typename Body>
  Expected<void> write(Body body) {
    Expected<Transaction> transaction = Transaction::begin(d_);
    if (!transaction) return tl::unexpected(transaction.error());
    if (Expected<void> ok = body(); !ok) return ok;
    return transaction->commit();
  }

  const Database& d_;
  std::int64_t run_;
};

}  // namespace

std::unique_ptr<search::Recorder> Journal::recorder(std::int64_t id) {
  return std::make_unique<JournalRecorder>(impl_->database, id);
}

Expected<std::string> Journal::export_json(std::int64_t id) const {
  Expected<Run> known = run(id);
  if (!known) return tl::unexpected(known.error());
  Expected<search::Earlier> all = load(id);
  if (!all) return tl::unexpected(all.error());
  std::string out = run_to_json(*known) + "\n";
  if (all->reference) out += evaluation_to_json(id, *all->reference) + "\n";
  for (const search::Evaluation& e : all->evaluations) out += evaluation_to_json(id, e) + "\n";
  return out;
}

}  // namespace mapwright::journal
