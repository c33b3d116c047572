// Child processes. After a fork the child and the watchdog call only async-signal-safe functions until the program is
// executed or the function starts.
#include <fcntl.h>
#include <poll.h>
#include <stdio_ext.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <limits>

#include "engine/command/capture.h"
#include "engine/command/command.h"

namespace mapwright::engine::command {

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void close_from(int first) {
  if (syscall(SYS_close_range, static_cast<unsigned>(first), std::numeric_limits<unsigned>::max(), 0U) == 0) return;
  for (int fd = first; fd < 1024; ++fd) ::close(fd);
}

// Kills its process group when the other end of `lifeline` closes, that is when the process that made it ends.
[[noreturn]] void watch(int lifeline, pid_t group) {
  setpgid(0, group);
  signal(SIGTERM, SIG_IGN);
  dup2(lifeline, 0);
  close_from(1);
  char byte = 0;
  while (read(0, &byte, 1) < 0 && errno == EINTR) {}
  kill(0, SIGKILL);
  _exit(0);
}

// Standard streams, signals and limits of a fresh child.
void become_child(int out, int err, int payload) {
  setpgid(0, 0);
  const int null = open("/dev/null", O_RDONLY);
  dup2(null, 0);
  dup2(out, 1);
  dup2(err, 2);
  if (payload >= 0) dup2(payload, 3);
  close_from(payload >= 0 ? 4 : 3);
  for (int s : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGCHLD}) signal(s, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit no_core {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// The parent's view of one child.
class Child {
 public:
  explicit Child(const Limits& limits) : limits_(limits), out_(limits.max_output), err_(limits.max_output) {}

  // Forks; `run` is what the child does after its streams are set up, and does not return.
  template <typename Run>
  Expected<void> start(bool with_payload, Run&& run) {
    if (!out_pipe_.make() || !err_pipe_.make() || !lifeline_.make() || (with_payload && !payload_pipe_.make())) return refused();
    fcntl(lifeline_.read.get(), F_SETFL, 0);
    pid_ = fork();
    if (pid_ < 0) return refused();
    if (pid_ == 0) {
      // Numbers that the dup2 of become_child() cannot overwrite.
      const int out = fcntl(out_pipe_.write.get(), F_DUPFD, 10), err = fcntl(err_pipe_.write.get(), F_DUPFD, 10);
      become_child(out, err, with_payload ? fcntl(payload_pipe_.write.get(), F_DUPFD, 10) : -1);
      run();
      _exit(127);
    }
    setpgid(pid_, pid_);  // both sides do it, so that neither need wait
    watchdog_ = fork();
    if (watchdog_ == 0) watch(lifeline_.read.get(), pid_);
    if (watchdog_ < 0) {
      kill(-pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
      return refused();
    }
    setpgid(watchdog_, pid_);
    out_pipe_.write.close();
    err_pipe_.write.close();
    payload_pipe_.write.close();
    lifeline_.read.close();
    return {};
  }

  ChildResult finish() {
    pidfd_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    bool asked = false, forced = false;
    while (!ended()) {
      const double now = since(start_);
      const double limit = limits_.deadline ? limits_.deadline->value : std::numeric_limits<double>::infinity();
      if (now >= limit && !asked) {
        result_.timed_out = asked = true;
        kill(-pid_, SIGTERM);
      } else if (now >= limit + limits_.grace.value && !forced) {
        forced = true;
        kill(-pid_, SIGKILL);
      }
      wait_for_news(forced ? 0.1 : (asked ? limit + limits_.grace.value : limit) - now);
    }
    return reap();
  }

 private:
  static tl::unexpected<Error> refused() {
    return failure(diag::kChildNotStarted, fmt::format("cannot start a child process: {}", std::strerror(errno)),
                   "evaluate fewer candidates at once (--jobs) or raise the limits (ulimit -u, ulimit -n)");
  }

  bool ended() const {
    siginfo_t info {};
    const int result = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    if (result != 0) return errno != EINTR;  // a process that ignores SIGCHLD has no children to wait for when they end
    return info.si_pid == pid_;
  }

  void read_available() {
    drain(out_pipe_.read, out_);
    drain(err_pipe_.read, err_);
    drain(payload_pipe_.read, payload_);
  }

  // Waits for output, for the end of the child, or `seconds`.
  void wait_for_news(double seconds) {
    // Without pidfd_open the end of the child is only seen by looking.
    if (!pidfd_.open()) seconds = std::min(seconds, 0.005);
    const int timeout = static_cast<int>(std::clamp(seconds * 1000 + 1, 1.0, 3.6e6));
    std::array<pollfd, 4> polled {pollfd {pidfd_.get(), POLLIN, 0}, pollfd {out_pipe_.read.get(), POLLIN, 0},
                                  pollfd {err_pipe_.read.get(), POLLIN, 0}, pollfd {payload_pipe_.read.get(), POLLIN, 0}};
    poll(polled.data(), polled.size(), timeout);  // closed descriptors are negative, which poll ignores
    read_available();
  }

  ChildResult reap() {
    result_.seconds = since(start_);
    read_available();
    // The child is a zombie still, so its number names this group and no other.
    kill(-pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    lifeline_.write.close();
    waitpid(watchdog_, nullptr, 0);
    if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
    if (WIFEXITED(status)) result_.exit_status = WEXITSTATUS(status);
    result_.truncated = out_.truncated() || err_.truncated();
    result_.out = out_.text();
    result_.err = err_.text();
    result_.payload = payload_.text();
    return std::move(result_);
  }

  Limits limits_;
  Clock::time_point start_ = Clock::now();
  Pipe out_pipe_, err_pipe_, payload_pipe_, lifeline_;
  Descriptor pidfd_;
  pid_t pid_ = -1, watchdog_ = -1;
  BoundedText out_, err_, payload_ {std::int64_t {1} << 32};
  ChildResult result_;
};

}  // namespace

Expected<ChildResult> run_child(std::span<const std::string> argv, const Limits& limits) {
  MW_CHECK(!argv.empty(), "a child process without a program");
  std::vector<std::string> words(argv.begin(), argv.end());
  std::vector<char*> pointers;
  for (std::string& w : words) pointers.push_back(w.data());
  pointers.push_back(nullptr);
  Child child(limits);
  const auto started = child.start(false, [&] {
    execvp(pointers.front(), pointers.data());
    const char* reason = strerrordesc_np(errno);
    write_all(2, words.front());
    write_all(2, ": ");
    write_all(2, reason != nullptr ? reason : "cannot be executed");
    write_all(2, "\n");
  });
  if (!started) return tl::unexpected(started.error());
  return child.finish();
}

Expected<ChildResult> run_child(const std::function<std::string()>& body, const Limits& limits) {
  Child child(limits);
  const auto started = child.start(true, [&] {
    __fpurge(stdout);  // text that this process had not written yet is not the child's
    write_all(3, body());
    fflush(nullptr);
    _exit(0);
  });
  if (!started) return tl::unexpected(started.error());
  return child.finish();
}

std::string signal_name(int signal) {
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

std::string ChildResult::explain() const {
  if (timed_out) return fmt::format("no end within {}", human_seconds(seconds));
  if (signal == 0) return fmt::format("exit status {}", exit_status);
  const char* text = sigdescr_np(signal);
  return fmt::format("ended by {}{}", signal_name(signal), text != nullptr ? fmt::format(" ({})", text) : "");
}

}  // namespace mapwright::engine::command
