// engine/legion/log.h - the log of decisions (docs/formats/legion-log.md): one JSON object per line. Private.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/base.h"
#include "sema/sema.h"

namespace mapwright::engine::legion {

// Who made a decision: a line of the mapper file, the default policy, or the program's own mapper.
struct By {
  std::optional<std::uint32_t> line;
  bool program = false;
};

struct LoggedArgument {
  int position = 0;
  std::string region, partition;        // names; may be empty
  std::string memory;                   // kind; "VIRTUAL" for no instance
  std::string layout;                   // "SOA F_order align 64"; empty for what the program's mapper chose
  std::int64_t bytes = 0;               // of the instance
  By memory_by, layout_by;
  bool fell_through = false;            // not the first memory of the list
  bool collected = false;
};

struct LoggedTask {
  std::string_view task;
  std::optional<Point> point;           // absent for a single task
  sema::MachinePoint processor;
  std::string_view variant;
  By kind_by, place_by;
  std::vector<LoggedArgument> arguments;
};

// {"event":"task","task":"work","point":[0,1],"kind":"CPU","node":0,"processor":1,"kind_by":3,"place_by":"default",
//  "arguments":[...]}; without a newline.
std::string to_json(const LoggedTask& t);
// {"event":"replicate","task":...,"shards":2,"by":7}
std::string replicate_json(std::string_view task, std::size_t shards, const By& by);
// {"event":"print","text":...}
std::string print_json(std::string_view text);
// {"event":"warning","code":"MW5003","text":...,"line":...}
std::string warning_json(std::string_view code, std::string_view text, std::optional<std::uint32_t> line);

// A file that gets whole lines from many threads. Lines reach the file when they are written, so an abort loses none.
class Log {
 public:
  static Expected<std::unique_ptr<Log>> open(const std::string& path);  // error MW6003
  void write(std::string_view line);

 private:
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  std::mutex mutex_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace mapwright::engine::legion
