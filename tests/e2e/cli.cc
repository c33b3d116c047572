#include "cli.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace mapwright::test {

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

Running::Running(const std::vector<std::string>& arguments, const std::string& input, const std::string& directory) {
  const std::string input_file = directory + "/.stdin";
  std::ofstream(input_file, std::ios::binary) << input;
  int out[2], err[2];
  if (::pipe(out) != 0 || ::pipe(err) != 0) std::abort();
  started_ = now();
  process_ = ::fork();
  if (process_ == 0) {
    ::dup2(::open(input_file.c_str(), O_RDONLY), 0);
    ::dup2(out[1], 1);
    ::dup2(err[1], 2);
    for (const int fd : {out[0], out[1], err[0], err[1]}) ::close(fd);
    if (::chdir(directory.c_str()) != 0) ::_exit(126);
    std::vector<char*> argv {const_cast<char*>("mapwright")};
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    ::execv(MAPWRIGHT_BINARY, argv.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  out_ = out[0];
  err_ = err[0];
}

void Running::signal(int number) const { ::kill(process_, number); }

void Running::read_some() {
  pollfd fds[2] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
  if (::poll(fds, 2, -1) <= 0) return;
  for (int i = 0; i < 2; ++i) {
    if (fds[i].revents == 0) continue;
    char buffer[1 << 16];
    const ssize_t n = ::read(fds[i].fd, buffer, sizeof buffer);
    int& fd = i == 0 ? out_ : err_;
    if (n > 0) {
      (i == 0 ? out_text_ : err_text_).append(buffer, static_cast<std::size_t>(n));
    } else {
      ::close(fd);
      fd = -1;
    }
  }
}

bool Running::wait_for_output(std::string_view text) {
  while (true) {
    const std::size_t at = out_text_.find(text);
    if (at != std::string::npos && out_text_.find('\n', at) != std::string::npos) return true;
    if (out_ < 0) return false;
    read_some();
  }
}

bool Running::wait_for_handler(int number) const {
  while (true) {
    std::ifstream status("/proc/" + std::to_string(process_) + "/status");
    std::uint64_t caught = 0;
    bool alive = false;
    for (std::string word; status >> word;) {
      if (word == "State:") status >> word, alive = word != "Z";
      if (word == "SigCgt:") status >> std::hex >> caught;
    }
    if ((caught >> (number - 1) & 1) != 0) return true;
    if (!alive) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Ended Running::wait() {
  while (out_ >= 0 || err_ >= 0) read_some();
  int status = 0;
  ::waitpid(process_, &status, 0);
  Ended ended;
  ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ended.out = out_text_;
  ended.err = err_text_;
  ended.seconds = now() - started_;
  return ended;
}

Cli::Cli() {
  std::string name = (std::filesystem::temp_directory_path() / "mapwright-e2e-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  directory_ = name;
}

Cli::~Cli() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

Ended Cli::run(const std::vector<std::string>& arguments, const std::string& input) const {
  return Running(arguments, input, directory_).wait();
}

Running Cli::start(const std::vector<std::string>& arguments) const { return Running(arguments, "", directory_); }

nlohmann::json Cli::json(const std::vector<std::string>& arguments, int status) const {
  const Ended ended = run(arguments);
  EXPECT_EQ(ended.status, status) << ended.out << ended.err;
  nlohmann::json parsed = nlohmann::json::parse(ended.out, nullptr, false);
  EXPECT_TRUE(parsed.is_object()) << ended.out << ended.err;
  return parsed;
}

std::string Cli::write(const std::string& name, std::string_view text) const {
  std::ofstream(directory_ + "/" + name, std::ios::binary) << text;
  return name;
}

std::string Cli::read(const std::string& name) const {
  std::ostringstream out;
  out << std::ifstream(directory_ + "/" + name, std::ios::binary).rdbuf();
  return out.str();
}

}  // namespace mapwright::test
