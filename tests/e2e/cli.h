// tests/e2e/cli.h - runs the built binary as a user does.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace mapwright::test {

struct Ended {
  int status = -1;        // exit status; 128 + signal when a signal ended it
  std::string out, err;
  double seconds = 0;     // wall time
};

// A run that is under way; see start().
class Running {
 public:
  Running(const std::vector<std::string>& arguments, const std::string& input, const std::string& directory);
  void signal(int number) const;  // to the process itself
  Ended wait();
  // Blocks until standard output has a whole line that contains `text` or the process ends; returns whether it came.
  bool wait_for_output(std::string_view text);
  // Blocks until the process has a handler for a signal or ends; returns whether it has one.
  bool wait_for_handler(int number) const;

 private:
  void read_some();
  int process_ = -1, out_ = -1, err_ = -1;
  double started_ = 0;
  std::string out_text_, err_text_;
};

// A directory of one test with files in it; gone afterwards.
class Cli : public testing::Test {
 protected:
  Cli();
  ~Cli() override;

  // `mapwright arguments...` in the test's directory, with `input` on standard input. Colours are off, no terminal.
  Ended run(const std::vector<std::string>& arguments, const std::string& input = {}) const;
  Running start(const std::vector<std::string>& arguments) const;
  // Runs and parses standard output as one JSON object; fails the test when it is none.
  nlohmann::json json(const std::vector<std::string>& arguments, int status = 0) const;

  std::string write(const std::string& name, std::string_view text) const;  // returns the name
  std::string read(const std::string& name) const;
  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
};

}  // namespace mapwright::test
