// engine/command/command.h - child processes with limits; engines isolated in them; any command line as an engine.
// Not here: what the engines compute. Start at: make_engine() for `--engine command`, make_isolated() for the others.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace mapwright::engine::command {

// ------------------------------------------------------------------------------------------------- child processes

struct Limits {
  std::optional<Seconds> deadline;      // wall time
  Seconds grace {0.5};                  // between SIGTERM and SIGKILL after the deadline
  std::int64_t max_output = 256 << 10;  // bytes kept of each stream: its first and its last half
};

// How a child process ended.
struct ChildResult {
  int exit_status = 0;     // when `signal` is 0
  int signal = 0;          // that ended it
  bool timed_out = false;  // it was ended because the deadline passed
  bool truncated = false;  // it wrote more than was kept
  double seconds = 0;      // wall time
  std::string out, err;    // standard output and error
  std::string payload;     // what the function returned; empty for programs

  // One line: "exit status 3", "ended by SIGSEGV (Segmentation fault)", "no end within 2.00 s".
  std::string explain() const;
};

// Runs a program (found on the PATH) or a function in a child process that leads its own process group, with standard
// input empty and no other open files. Returns when the child has ended; everything that is left in its process group is
// killed then, on expiry, and when this process ends in whatever way (a watchdog process in the group waits for that).
// Only a descendant that leaves the group (setsid) escapes. A program that cannot be executed gives exit status 127.
// Error MW6203 when the system refuses a process or a pipe. Thread-safe.
//
// A function runs in a copy of this process that has only the calling thread. It may allocate and start threads of its
// own (glibc makes both safe after a fork), but locks that other threads held are held for ever: the function must not
// share anything with them but constants. Destructors of static objects do not run. It returns its payload.
Expected<ChildResult> run_child(std::span<const std::string> argv, const Limits& limits);
Expected<ChildResult> run_child(const std::function<std::string()>& body, const Limits& limits);

std::string signal_name(int signal);  // "SIGSEGV"; "signal 63" for one without a name

// ------------------------------------------------------------------------------------------------- isolation

// The same engine in a child process per request, so that neither a crash (outcome crashed, MW6201) nor a hang (outcome
// timeout, MW6106) reaches this process. Without a deadline in the request, `deadline` holds.
std::unique_ptr<Engine> make_isolated(std::unique_ptr<Engine> engine, Seconds deadline = Seconds(3600));

// ------------------------------------------------------------------------------------------------- the engine `command`

struct Options {
  // A command line for /bin/sh -c. Every `{mapper}` becomes the path of a temporary file with the mapper's text, quoted
  // for the shell; so write it outside of quotes: ./app -mapwright:mapper {mapper}
  std::string command;
  // ECMAScript regular expression, searched in each line of standard output and then of standard error; the last match
  // counts, its first group is the number. Lines beyond 4096 bytes are cut.
  std::string metric = R"(ELAPSED TIME\s*=\s*([-+0-9.eE]+))";
  std::string name = "elapsed", unit = "s";
  bool higher_is_better = false;
  Seconds timeout {600};             // when the request has no deadline
  std::string directory = "/tmp";    // of the temporary file
  std::int64_t max_output = 256 << 10;
};

// Runs the command once per request. Outcomes: compile_error (the mapper's text is not ours), timeout (MW6106), crashed
// (MW6201), execution_error (exit status MW6202, no metric MW6204). `seconds` is the metric when its unit is s, else the
// wall time. Error MW6205 when the command has no {mapper} or the expression is invalid.
Expected<std::unique_ptr<Engine>> make_engine(Options options);

// `text` as one word for a POSIX shell.
std::string shell_quote(std::string_view text);

}  // namespace mapwright::engine::command
