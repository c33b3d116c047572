// engine/legion/record.h - what a Legion program did, collected into a program file (docs/legion.md, "Record"). Private.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "program/program.h"

namespace mapwright::engine::legion {

// A name as program files and mappers can have it: other characters become `_`. Empty for the empty text.
std::string plain_name(std::string_view text);
// The name of an argument that neither it, its partition nor its region has one for.
std::string stand_in_name(unsigned position);

// Seconds of one point of a task: constant, or linear in the points of one argument where sizes differ and time grows.
struct TimeSample {
  std::vector<std::int64_t> elements;  // of every argument
  double seconds = 0;
};
program::Expr fit(std::span<const TimeSample> samples);

// What stands in a program file for accesses of a task that launches others, which are no tasks in Legion. No statement of
// a mapper file acts on them.
inline constexpr const char* kInlineTask = "inline mapping";
inline constexpr const char* kCopyTask = "explicit copy";

// Gets what mappers see and what tasks ask of Legion, from many threads.
class Recorder {
 public:
  // A launch: its number among the operations of its parent, behind (number, point) of each ancestor below the top level.
  using Path = std::vector<std::int64_t>;

  std::uint32_t add_region(std::string name, PointSet points, std::vector<program::Field> fields);
  program::FieldIndex add_field(std::uint32_t region, program::Field field);
  std::uint32_t add_partition(std::string name, std::uint32_t region, std::optional<std::pair<std::uint32_t, std::uint32_t>> parent,
                              const Rect& colors, std::vector<PointSet> pieces);

  struct Requirement {
    std::string name;
    std::uint32_t region = 0;
    std::vector<program::FieldIndex> fields;  // ascending
    program::Privilege privilege = program::Privilege::Read;
    program::ReductionOp reduction = program::ReductionOp::Sum;
  };
  struct Shape {
    std::string task;
    bool index = true;
    Rect domain;
    std::vector<Requirement> requirements;
  };
  // `same`: launches with equal texts do the same. The first one of a text is described.
  void launch(Path path, const std::string& same, const std::function<Shape()>& describe);

  // Where a point's argument is: a piece of a partition, or a whole region.
  struct Touched {
    std::optional<std::uint32_t> partition;
    std::uint32_t color = 0;
    friend auto operator<=>(const Touched&, const Touched&) = default;
  };
  // Whether the data of this point (by number in the domain) is not known yet; then touches() tells it.
  bool wants(const Path& launch, std::int64_t point) const;
  void touches(const Path& launch, std::int64_t point, std::vector<Touched> arguments);

  // What a task has asked of Legion, in the order of its calls. Where mappers see as many launches as there were calls, they
  // are the same ones.
  struct Call {
    enum class What : std::uint8_t { Launch, Access, Fill, Fence, Wait, BeginTrace, EndTrace, Clock } what = What::Launch;
    std::vector<std::uint32_t> futures;           // calls of the top-level task whose results it reads, or waits for
    std::optional<program::ReductionOp> reduced;  // Launch: how its points' results become one
    std::uint32_t known = 0;                      // Access, Fill: see describe()
    std::uint32_t trace = 0;
    bool waited = false;                          // Launch, Access: the task waits for it at once; Fence: until it is over
  };
  // For inline mappings, explicit copies and fills; `touched` by point and argument, no entries: not known.
  std::uint32_t describe(const std::string& same, const std::function<Shape()>& shape, const std::function<std::vector<std::vector<Touched>>()>& touched);
  // `task`: path and point of the task, empty for the top-level one. Returns the number of the call in it.
  std::uint32_t call(const Path& task, Call c);
  // The top-level task waits for the result of one of its calls, or reads it as reduced to one value.
  void wait(std::uint32_t call);
  void reduce(std::uint32_t call, program::ReductionOp op);

  // There is one. `inner`: it only launches tasks.
  void variant(const std::string& task, ProcessorKind kind, bool inner, std::vector<program::LayoutDemand> demands);
  // A point of the task has an instance of its own, so that it is no mere launcher.
  void holds_instance(const std::string& task);
  void time(const std::string& task, ProcessorKind kind, TimeSample sample);
  void top_level(std::string name);

  struct Known {
    Shape shape;
    std::vector<std::vector<Touched>> points;  // by point; empty: not told yet
  };
  struct Kind {
    bool inner = false;
    std::vector<program::LayoutDemand> demands;
    std::vector<TimeSample> samples;
  };
  struct Data {
    std::vector<program::Region> regions;
    std::vector<program::Partition> partitions;
    std::vector<Known> known;
    std::map<Path, std::uint32_t> launches;
    std::map<Path, std::vector<Call>> calls;
    std::map<std::string, std::map<ProcessorKind, Kind>> tasks;
    std::set<std::string> holding;  // tasks with instances
    std::string top_level = "main";
  };

  // All of it. Loops are found again, and what every point of a task launches is its body. `parameters` says
  //   unmeasured  kinds of tasks, which have no variant then
  //   unseen      launches, whose data no point told
  //   flat        tasks whose launches stand where they stand themselves, each with the reason
  //   written     tasks that reduce other values than numbers of 4 or 8 bytes, as if they wrote them
  //   unplaced    what is missing because its place among the launches is not known
  program::Program program(std::string name) const;

 private:
  std::uint32_t remember(const std::string& same, const std::function<Known()>& describe);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::uint32_t> shapes_;
  Data data_;
};

// The program of a recording. `flatten`: no task has a body.
program::Program assemble(const Recorder::Data& data, std::string name, bool flatten = false);

// Statements that do `sequence` in order, where repetitions are loops (count, statements) again. Statements are numbers.
struct Repeated {
  std::int64_t count = 1;
  std::uint32_t statement = 0;       // when `body` is empty
  std::vector<Repeated> body;
};
std::vector<Repeated> find_loops(std::span<const std::uint32_t> sequence);

// Adds variants that `earlier`, a recording of the same program, measured and `now` did not. False, and nothing is done,
// when it is another program.
bool merge(const program::Program& earlier, program::Program& now);

}  // namespace mapwright::engine::legion
