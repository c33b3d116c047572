// journal/sqlite.h - SQLite behind Expected: connections, statements, transactions. Private to journal/.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/base.h"

namespace mapwright::journal {

// A prepared statement. bind() counts from 1, columns from 0.
class Statement {
 public:
  Statement& bind(int at, std::int64_t value);
  Statement& bind(int at, double value);
  Statement& bind(int at, std::string_view value);  // copied
  Statement& bind_null(int at);
  // True: a row is there. False: done.
  Expected<bool> step();
  // Runs a statement that gives no rows.
  Expected<void> run();

  std::int64_t integer(int column) const;
  std::optional<double> real(int column) const;                              // absent for NULL
  std::optional<std::string> text(int column, std::size_t limit) const;      // absent for NULL, or when it is longer

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  explicit Statement(sqlite3_stmt* s) : statement_(s) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_error_ = SQLITE_OK;
};

// An open database, hardened for files from elsewhere. Not for several threads at once.
class Database {
 public:
  static Expected<Database> open(const std::string& path, bool write);

  Expected<Statement> prepare(std::string_view sql) const;
  Expected<void> execute(const std::string& sql) const;       // any number of statements, no rows
  Expected<std::int64_t> number(std::string_view sql) const;  // first column of the first row
  std::int64_t last_id() const { return sqlite3_last_insert_rowid(database_.get()); }
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* d) const { sqlite3_close_v2(d); }
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
};

// Rolls back unless committed.
class Transaction {
 public:
  static Expected<Transaction> begin(const Database& database);
  Transaction(Transaction&& other) noexcept : database_(other.database_) { other.database_ = nullptr; }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Expected<void> commit();

 private:
  explicit Transaction(const Database& database) : database_(&database) {}
  const Database* database_;
};

// What an SQLite result means for the user: MW7101, MW7102 or MW7106.
Error sqlite_error(sqlite3* database, int result, const std::string& path);

}  // namespace mapwright::journal
