#include "probe_run.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "base/base.h"

namespace mapwright::test {

// 32 x 32 cells, x = i + 100 j, y = sum of x over the cell and its neighbours inside the grid. Per dimension a cell is in
// the neighbourhood of 3 cells, at the border of 2, so of w(i) with sum over i of w = 94 and of i w = 31*94/2 = 1457.
//   sum x = 101 * 32 * 496                      = 1,603,072
//   sum y = (1457 * 94) * 101                   = 13,832,758
//   cells: sum x + 2 sum y                      = 29,268,588
// 128 values i, the first 16 plus 10+11+12+13 = 46, all plus 1, times i mod 3 + 1.
//   sum of (i+1)(i mod 3 + 1) for i = 0..127: for k = 0..41 3k+1 + 2(3k+2) + 3(3k+3) = 18k+14, and 127*1 + 128*2 = 383:
//   18*861 + 14*42 + 383                        = 16,469
//   46 * (sum of i mod 3 + 1 for i = 0..15 = 5*6 + 1 = 31) = 1,426
const char* const kChecksum = "29286483";

std::vector<std::string> ProbeResult::places(const std::string& task) const {
  std::vector<std::string> out;
  if (const auto found = tasks.find(task); found != tasks.end()) {
    for (const auto& [point, seen] : found->second) out.push_back(seen.at("node") + "." + seen.at("processor"));
  }
  return out;
}

std::vector<std::string> ProbeResult::values(const std::string& task, const std::string& key) const {
  std::vector<std::string> out;
  if (const auto found = tasks.find(task); found != tasks.end()) {
    for (const auto& [point, seen] : found->second) {
      const auto at = seen.find(key);
      const std::string value = at == seen.end() ? "absent" : at->second;
      if (std::find(out.begin(), out.end(), value) == out.end()) out.push_back(value);
    }
  }
  return out;
}

std::vector<nlohmann::json> ProbeResult::logged(std::string_view task) const {
  std::vector<nlohmann::json> out;
  for (const nlohmann::json& line : log) {
    if (line["event"] == "task" && line["task"] == task) out.push_back(line);
  }
  return out;
}

namespace {

void read_line(const std::string& line, ProbeResult& result) {
  std::istringstream in(line.substr(6));
  std::string task, word;
  // Names of tasks have spaces: everything before the first word with `=`.
  Seen seen;
  while (in >> word) {
    const std::size_t at = word.find('=');
    if (at == std::string::npos) {
      task += (task.empty() ? "" : " ") + word;
    } else {
      seen[word.substr(0, at)] = word.substr(at + 1);
    }
  }
  if (seen.empty()) {
    if (task.starts_with("checksum ")) result.checksum = task.substr(9);
    if (task.starts_with("most ")) result.most = task.substr(5);
    return;
  }
  std::string point = seen["point"];
  if (seen.contains("parent")) point = seen["parent"] + ":" + point;
  result.tasks[task][point] = std::move(seen);
}

}  // namespace

ProbeResult run_probe(const ProbeRun& run) {
  static int count = 0;
  const std::string stem = testing::TempDir() + "mapwright_probe_" + std::to_string(getpid()) + "_" + std::to_string(++count);
  std::vector<std::string> argv = run.launcher;
  if (run.preload) argv.insert(argv.end(), {"env", std::string("LD_PRELOAD=") + MAPWRIGHT_LEGION_LIBRARY});
  argv.push_back(run.program);
  argv.insert(argv.end(), run.arguments.begin(), run.arguments.end());
  if (std::find(run.arguments.begin(), run.arguments.end(), "-ll:cpu") == run.arguments.end()) argv.insert(argv.end(), {"-ll:cpu", "2"});
  // More processors than cores is no mistake here, and messages must come before an abort.
  argv.insert(argv.end(), {"-logfile", "stderr", "-level", "threads=5"});
  if (run.mapper) {
    EXPECT_TRUE(write_file(stem + ".mapper", *run.mapper));
    argv.insert(argv.end(), {"-mapwright:mapper", stem + ".mapper"});
    if (run.logs) argv.insert(argv.end(), {"-mapwright:log", stem + "_%.jsonl"});
  }
  engine::command::Limits limits;
  limits.deadline = Seconds(run.seconds);
  limits.max_output = 4 << 20;
  auto child = engine::command::run_child(argv, limits);
  ProbeResult result;
  if (!child) {
    ADD_FAILURE() << child.error().message;
    return result;
  }
  result.child = *std::move(child);
  std::istringstream out(result.child.out);
  for (std::string line; std::getline(out, line);) {
    if (line.starts_with("probe ")) read_line(line, result);
  }
  for (int rank = 0; rank < 8; ++rank) {
    const std::string path = stem + "_" + std::to_string(rank) + ".jsonl";
    const auto text = read_file(path);
    if (!text) break;
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) result.log.push_back(nlohmann::json::parse(line));
    std::remove(path.c_str());
  }
  std::remove((stem + ".mapper").c_str());
  return result;
}

}  // namespace mapwright::test
