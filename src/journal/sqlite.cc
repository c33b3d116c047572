#include "journal/sqlite.h"

#include <fmt/format.h>

#include "diag/diag.h"

namespace mapwright::journal {

namespace {

constexpr int kBusyMilliseconds = 5000;
constexpr int kLargestValue = 64 << 20;  // bytes of one text

}  // namespace

Error sqlite_error(sqlite3* database, int result, const std::string& path) {
  const char* what = database ? sqlite3_errmsg(database) : sqlite3_errstr(result);
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CONSTRAINT:
      return {diag::kJournalBusy, fmt::format("another process is writing the journal `{}`", path),
              "wait for it to end, or use another --journal"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_ERROR:
      return {diag::kJournalDamaged, fmt::format("`{}` is no journal or is damaged: {}", path, what),
              "use another file with --journal"};
    default:
      return {diag::kJournalUnusable, fmt::format("cannot use the journal `{}`: {}", path, what),
              "look at the folder's permissions and the space on its disk"};
  }
}

Statement& Statement::bind(int at, std::int64_t value) {
  if (const int r = sqlite3_bind_int64(statement_.get(), at, value); r != SQLITE_OK) bind_error_ = r;
  return *this;
}

Statement& Statement::bind(int at, double value) {
  if (const int r = sqlite3_bind_double(statement_.get(), at, value); r != SQLITE_OK) bind_error_ = r;
  return *this;
}

Statement& Statement::bind(int at, std::string_view value) {
  // A null pointer would bind NULL.
  const char* data = value.data() ? value.data() : "";
  const int r = sqlite3_bind_text64(statement_.get(), at, data, value.size(),
                                    SQLITE_TRANSIENT,  // NOLINT: SQLite's own cast
                                    SQLITE_UTF8);
  if (r != SQLITE_OK) bind_error_ = r;
  return *this;
}

Statement& Statement::bind_null(int at) {
  if (const int r = sqlite3_bind_null(statement_.get(), at); r != SQLITE_OK) bind_error_ = r;
  return *this;
}

Expected<bool> Statement::step() {
  sqlite3* database = sqlite3_db_handle(statement_.get());
  const auto path = [database] {
    const char* name = sqlite3_db_filename(database, "main");
    return std::string(name ? name : "");
  };
  if (bind_error_ != SQLITE_OK) return tl::unexpected(sqlite_error(nullptr, bind_error_, path()));
  const int r = sqlite3_step(statement_.get());
  if (r == SQLITE_ROW) return true;
  if (r == SQLITE_DONE) return false;
  return tl::unexpected(sqlite_error(database, r, path()));
}

Expected<void> Statement::run() {
  if (Expected<bool> row = step(); !row) return tl::unexpected(row.error());
  return {};
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::optional<double> Statement::real(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_double(statement_.get(), column);
}

std::optional<std::string> Statement::text(int column, std::size_t limit) const {
  const unsigned char* data = sqlite3_column_text(statement_.get(), column);
  if (!data) return std::nullopt;
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  if (size > limit) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(data), size);
}

Expected<Database> Database::open(const std::string& path, bool write) {
  Database out;
  out.path_ = path;
  sqlite3* raw = nullptr;
  const int flags = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const int r = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  out.database_.reset(raw);
  if (r != SQLITE_OK) return tl::unexpected(sqlite_error(raw, r, path));
  sqlite3_busy_timeout(raw, kBusyMilliseconds);
  sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, kLargestValue);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  if (Expected<void> ok = out.execute("PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"); !ok) return tl::unexpected(ok.error());
  return out;
}

Expected<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* raw = nullptr;
  const int r = sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
  Statement out(raw);
  if (r != SQLITE_OK) return tl::unexpected(sqlite_error(database_.get(), r, path_));
  return out;
}

Expected<void> Database::execute(const std::string& sql) const {
  const int r = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (r != SQLITE_OK) return tl::unexpected(sqlite_error(database_.get(), r, path_));
  return {};
}

Expected<std::int64_t> Database::number(std::string_view sql) const {
  Expected<Statement> s = prepare(sql);
  if (!s) return tl::unexpected(s.error());
  Expected<bool> row = s->step();
  if (!row) return tl::unexpected(row.error());
  return *row ? s->integer(0) : 0;
}

Expected<Transaction> Transaction::begin(const Database& database) {
  if (Expected<void> ok = database.execute("BEGIN IMMEDIATE"); !ok) return tl::unexpected(ok.error());
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_) (void)database_->execute("ROLLBACK");
}

Expected<void> Transaction::commit() {
  Expected<void> ok = database_->execute("COMMIT");
  if (ok) database_ = nullptr;
  return ok;
}

}  // namespace mapwright::journal
