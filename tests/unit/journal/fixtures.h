// A temporary folder and a tuning run that is journalled.
#pragma once

#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "../search/fixtures.h"
#include "journal/journal.h"

namespace mapwright::journal::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "mapwright-journal-XXXXXX").string();
    MW_CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline Configuration configuration(std::uint64_t seed = 1) {
  Configuration c;
  c.version = "1.2.3";
  c.optimizer = "hillclimb";
  c.space = "valid";
  c.seed = seed;
  c.program = "line";
  c.program_hash = "p";
  c.machine = "generic";
  c.machine_hash = "m";
  c.engine = "fake";
  c.options = {{"preset", "test"}};
  return c;
}

inline search::Evaluation evaluation(std::int64_t iteration, std::optional<double> value = 1.0 / 3) {
  search::Evaluation e;
  e.iteration = iteration;
  e.mapper = "Task * CPU; # " + std::to_string(iteration) + "\n";
  e.candidate = "c" + std::to_string(iteration);
  e.outcome = value ? engine::Outcome::Ok : engine::Outcome::OutOfMemory;
  e.value = value;
  e.seconds = value.value_or(0);
  e.simulations = 1;
  e.reason = value ? "" : "MW5007: `FBMEM` is full";
  e.note = "a \"note\"";
  e.wall_seconds = 0.25;
  return e;
}

inline void execute(const std::string& path, const std::string& sql) {
  sqlite3* d = nullptr;
  MW_CHECK(sqlite3_open(path.c_str(), &d) == SQLITE_OK);
  char* message = nullptr;
  const int result = sqlite3_exec(d, sql.c_str(), nullptr, nullptr, &message);
  MW_CHECK(result == SQLITE_OK, "{}", message ? message : "");
  sqlite3_close(d);
}

inline std::string integrity(const std::string& path) {
  sqlite3* d = nullptr;
  MW_CHECK(sqlite3_open(path.c_str(), &d) == SQLITE_OK);
  std::string verdict;
  sqlite3_exec(d, "PRAGMA integrity_check",
               [](void* out, int, char** values, char**) {
                 static_cast<std::string*>(out)->append(values[0]);
                 return 0;
               },
               &verdict, nullptr);
  sqlite3_close(d);
  return verdict;
}

}  // namespace mapwright::journal::testing
