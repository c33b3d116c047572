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

// Gets what mappers see, from many threads. Tasks that tasks below the top level launch are recorded as if the top-level
// task had launched them where their parent stands.
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

  // There is one. `inner`: it only launches tasks.
  void variant(const std::string& task, ProcessorKind kind, bool inner, std::vector<program::LayoutDemand> demands);
  void time(const std::string& task, ProcessorKind kind, TimeSample sample);
  void top_level(std::string name);

  // All of it. Loops are found again. `parameters` says "unmeasured" kinds of tasks, which have no variant then, and
  // "unseen" launches, whose data no point told.
  program::Program program(std::string name) const;

 private:
  struct Known {
    Shape shape;
    std::vector<std::vector<Touched>> points;  // by point; empty: not told yet
  };
  struct Kind {
    bool inner = false;
    std::vector<program::LayoutDemand> demands;
    std::vector<TimeSample> samples;
  };
  // Regions and partitions in the order in which the program uses them, which the order of their discovery is not.
  struct Order {
    std::vector<std::uint32_t> regions, partitions;
    std::map<std::uint32_t, std::uint32_t> region_at, partition_at;
  };
  Order order() const;
  void fill_argument(program::Program& p, const Order& order, const Known& known, std::size_t position, program::Argument& a) const;
  void fill_tasks(program::Program& p) const;

  mutable std::mutex mutex_;
  std::vector<program::Region> regions_;
  std::vector<program::Partition> partitions_;
  std::unordered_map<std::string, std::uint32_t> shapes_;
  std::vector<Known> known_;
  std::map<Path, std::uint32_t> launches_;
  std::map<std::string, std::map<ProcessorKind, Kind>> tasks_;
  std::string top_level_ = "main";
};

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
