// driver/console.h - where a command writes: results on standard output, diagnostics and progress on standard error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diag/diag.h"

namespace mapwright::driver {

// Exit statuses of the program; scripts depend on them (docs/cli.md).
inline constexpr int kOk = 0;            // fine
inline constexpr int kMapperFailed = 1;  // the mapper or its execution has errors
inline constexpr int kUsage = 2;         // wrong usage
inline constexpr int kEnvironment = 3;   // a file, the network or an engine failed
inline constexpr int kInterrupted = 130;

// The exit status that an error with this code means: 2 for wrong names and values of options, 1 for the mapper's
// fault, 3 for everything of the world.
int status_of(int code);

enum class Format : std::uint8_t { Text, Short, Json };
enum class When : std::uint8_t { Auto, Always, Never };

struct ConsoleOptions {
  bool json = false;   // one object on standard output instead of text; diagnostics go into it
  bool quiet = false;  // no progress, no advice, no warnings
  When color = When::Auto;
  Format format = Format::Text;  // of diagnostics
};

// Where a command writes. Knows whether a terminal reads it and whether colour is wanted.
class Console {
 public:
  explicit Console(const ConsoleOptions& options);

  bool json() const { return options_.json; }
  bool quiet() const { return options_.quiet; }
  bool terminal() const { return terminal_; }  // standard error is one

  void out(std::string_view text) const;  // results, as they are
  void err(std::string_view text) const;  // erases the progress line first
  // A line that replaces the one before it; nothing unless a terminal reads standard error, and nothing when quiet.
  void progress(std::string_view line);
  void end_progress();

  // Text in bold on standard output when that is coloured.
  std::string bold(std::string_view text) const;

  // Writes diagnostics in the chosen format: Text and Short on standard error, Json as lines on standard output. In JSON
  // mode as JSON lines on standard error; commands whose object has diagnostics do not call this then.
  void report(const std::vector<diag::Diagnostic>& diagnostics);
  // Sorted, at most 20 errors and warnings, with a line about hidden ones.
  void report(const diag::Sink& sink);

  // Reports an error of the world; returns status_of(its code).
  int fail(const Error& error);
  // Reports wrong usage; returns kUsage.
  int usage(std::string_view message, std::string_view help = {});

 private:
  ConsoleOptions options_;
  bool color_out_ = false, color_err_ = false, terminal_ = false, line_shown_ = false;
};

// Columns of text. The first row is the head; numbers are right-aligned.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  // Lines with `indent` spaces in front and two spaces between columns; no trailing spaces.
  std::string text(int indent = 0) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace mapwright::driver
