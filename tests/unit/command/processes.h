// Looking at processes from tests.
#pragma once

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

namespace mapwright::test {

// Whether process `pid` runs. A zombie does not.
inline bool runs(const std::string& pid) {
  std::ifstream stat("/proc/" + pid + "/stat");
  std::string line;
  if (pid.empty() || !std::getline(stat, line)) return false;
  const std::size_t name_end = line.rfind(')');
  return name_end != std::string::npos && line.substr(name_end + 2, 1) != "Z" && line.substr(name_end + 2, 1) != "X";
}

// Gives the system up to ten seconds to end a process.
inline bool ends(const std::string& pid) {
  for (int i = 0; i < 1000 && runs(pid); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return !runs(pid);
}

}  // namespace mapwright::test
