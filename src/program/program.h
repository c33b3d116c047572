// program/program.h - one description of a task-based program, used by every engine.
// In:  calls of Builder (apps/), or a file mapwright.program/1.   Out: Program, immutable.
// Not here: where anything runs or lives (plan/). Start at: struct Program. Worked examples: docs/programs/modelling.md.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/base.h"
#include "diag/diag.h"
#include "program/expr.h"
#include "program/kernel.h"
#include "syntax/syntax.h"

namespace mapwright::program {

using RegionId = Id<struct RegionTag>;
using PartitionId = Id<struct PartitionTag>;
using TaskId = Id<struct TaskTag>;
using LaunchId = Id<struct LaunchTag>;  // a launch statement of the program text, not an execution of it
using FutureId = Id<struct FutureTag>;
using FieldIndex = std::uint32_t;       // into Region::fields

struct Field {
  std::string name;
  std::int64_t bytes = 8;  // per element
};

// A logical region: an index space and fields.
struct Region {
  std::string name;
  PointSet points;
  std::vector<Field> fields;
};

// Subregions of a region by colour. Colours are the points of `colors`, counted first dimension fastest.
struct Partition {
  std::string name;
  RegionId region;
  std::optional<std::pair<PartitionId, std::uint32_t>> parent;  // a subregion that was partitioned; absent: the region
  Rect colors;
  std::vector<PointSet> pieces;  // one per colour; may be empty sets
  bool disjoint = false;         // no point in two pieces (computed by the builder)
  bool complete = false;         // the pieces cover the parent (computed by the builder)
};

enum class Privilege : std::uint8_t { None, Read, ReadWrite, WriteDiscard, Reduce };
enum class ReductionOp : std::uint8_t { Sum, Min, Max };

// How a task touches some fields of an argument. Costs of memory depend on it (docs/models/memory.md).
//   Stream    every element of `count` (default: all points of the argument) once, in order of the preferred dimension
//   Stencil   as Stream, each byte fetched `reuse` times (1 = perfect cache)
//   Gather    `count` accesses of `bytes` each at unrelated addresses, among `distinct` addresses
//   Atomic    `count` atomic updates of `bytes` each, among `distinct` addresses
// `passes` counts how often the whole pattern is repeated; read-write privileges cost one read and one write per pass.
struct AccessPattern {
  enum class Kind : std::uint8_t { Stream, Stencil, Gather, Atomic } kind = Kind::Stream;
  std::vector<FieldIndex> fields;  // empty: all fields of the argument
  std::optional<Expr> count;       // real value; Stream: elements touched
  std::int64_t bytes = 0;          // per access; 0: the size of the fields
  std::optional<Expr> distinct;
  double reuse = 1.0;
  double passes = 1.0;
};

// Colour of the argument's partition for each launch point: one expression per colour dimension, or a table with one
// colour number (first dimension fastest) per point of the domain (first dimension fastest).
struct Projection {
  std::vector<Expr> colors;
  std::vector<std::uint32_t> table;
};

// A region requirement of a launch. Coherence is exclusive.
struct Argument {
  std::string name;
  RegionId region;
  std::optional<PartitionId> partition;  // absent: the whole region for every point
  Projection projection;                 // used when there is a partition
  std::vector<FieldIndex> fields;        // ascending, not empty unless privilege is None
  Privilege privilege = Privilege::Read;
  ReductionOp reduction = ReductionOp::Sum;  // when privilege is Reduce; same operators commute
  std::vector<AccessPattern> patterns;       // empty: one Stream over all fields
};

// What a variant demands of an argument's layout; another layout makes the mapping invalid.
struct LayoutDemand {
  std::optional<std::uint32_t> argument;  // absent: every argument
  std::optional<FieldOrder> fields;
  std::optional<DimOrder> dims;
  std::string equivalent;  // what the original program prints when it is violated; may be empty
};

// Time of one point measured on a machine: most specific match of (memory kinds, layout) wins; absent fields match all.
// One with an `argument` is no candidate but a correction: it is added, and may be negative, when the instance of that
// argument (and the memory kinds) match. The total is at least 0.
struct MeasuredTime {
  std::vector<std::optional<MemoryKind>> memories;  // per argument, may be shorter
  std::optional<FieldOrder> fields;
  std::optional<DimOrder> dims;
  Expr seconds;  // of the point
  std::optional<std::uint32_t> argument {};
};

enum class Precision : std::uint8_t { Single, Double };

struct Variant {
  ProcessorKind kind = ProcessorKind::Cpu;
  bool inner = false;  // only launches tasks: takes virtual arguments, maps no instance
  Precision precision = Precision::Double;
  Expr flops = 0;            // of one point, real value
  double efficiency = 1.0;   // share of what the machine reaches in a good kernel
  std::vector<LayoutDemand> demands;
  std::optional<DimOrder> preferred;  // which dimension order it streams at full speed; absent: any
  std::vector<MeasuredTime> measured; // if not empty, used instead of flops and patterns
  Kernel kernel;             // empty when it cannot run
};

struct Launch {
  LaunchId id;
  TaskId task;
  bool index = true;     // index launch over `domain`; else a single task (domain of dimension 0)
  Rect domain;
  std::vector<Argument> arguments;
  std::optional<std::pair<FutureId, ReductionOp>> result;  // the points' results reduced to one future
  std::vector<FutureId> futures;                           // values the points read (edges)
  std::vector<double> values;                              // passed by value to every point's kernel
};

struct Statement;
using Body = std::vector<Statement>;  // statements in program order

struct Loop {
  std::string name;  // of its counter; unique in the program
  std::int64_t count = 0;
  bool traced = false;
  Body body;
  // Traced loops with the same trace are one trace: later ones replay what the first one recorded. Empty: its own.
  std::string trace;
};
// Every later operation starts after every earlier one ended; with `wait` the parent also stops mapping until then.
// Top level only.
struct Fence {
  bool wait = true;
};
// A time stamp. Start: the fence just before it, or the earliest start of a point of the next launch.
// Stop: the fence just before it, or the latest end of a point of the launch before it.
struct Timer {
  std::string label;
  bool start = true;
};
// Sets fields of a region, or of every piece of a partition, to a value without running a task; instances are filled
// when they are first used.
struct Fill {
  RegionId region;
  std::optional<PartitionId> partition;
  std::vector<FieldIndex> fields;
  double value = 0;  // converted to the field's type: 4 bytes float, 8 bytes double; other sizes must be 0
};
// The parent stops mapping until the future is there.
struct FutureWait {
  FutureId future;
};

struct Statement {
  std::variant<Launch, Loop, Fence, Timer, Fill, FutureWait> what;
};

struct Task {
  std::string name;
  std::vector<Variant> variants;  // at most one per processor kind
  Body body;                      // launches of an inner variant; empty for leaf tasks
  bool replicable = true;         // may be control-replicated (top level)
};

// What is reported: `formula` may read `seconds`, the combined length of the intervals between timer start and stop of
// `label` (whole execution when empty).
struct Metric {
  std::string name = "seconds", unit = "s";
  Expr formula = Expr::seconds();
  bool higher_is_better = false;
  enum class Combine : std::uint8_t { Sum, Mean, Span } combine = Combine::Sum;  // Span: last stop - first start
  std::string label;
};

// Immutable once built or read. `main` is the body of the top-level task.
struct Program {
  std::string name;
  std::map<std::string, std::string> parameters;  // for reports: what it was built with
  std::string top_level = "main";                 // name of the top-level task, for ControlReplicate
  std::vector<Region> regions;
  std::vector<Partition> partitions;
  std::vector<Task> tasks;
  std::vector<std::string> futures;  // names
  Body main;
  Metric metric;
  std::uint32_t launch_count = 0;    // launches are numbered 0.. through `main`, then the bodies of the tasks in order
  std::int64_t ranks_per_node = 1;   // machine shape the preset was published with
  std::string reference_mapper;      // text; may be empty
  NumericCheck check;                // empty when there is none

  const PointSet& points(const Argument& a, std::uint32_t color) const;
  // Colour number of argument `a` at a point of launch `l` (0 without a partition). Errors are caught by validate().
  std::uint32_t color(const Launch& l, const Argument& a, const ExprContext& context) const;
  const Task* find_task(std::string_view name) const;
  const Variant* variant(TaskId t, ProcessorKind k) const;
  // Every launch in program order, nested ones after their parent's launch, with the launches above it (outermost
  // first) and the loops around it.
  struct Site {
    const Launch* launch;
    std::vector<const Launch*> parents;
    std::vector<const Loop*> loops;
  };
  std::vector<Site> sites() const;
  // Whether anything but kernels depends on the loop counter of this name: projections, costs, measured times, in `body` and below.
  bool reads_counter(const Body& body, std::string_view counter) const;
  // Executed point tasks, loops multiplied out; saturates at 2^63 - 1. `iterations`: the most that count of a loop of the top
  // level whose counter nothing reads.
  std::int64_t point_tasks(std::int64_t iterations = std::numeric_limits<std::int64_t>::max()) const;
  std::string hash() const;          // of everything but kernels and parameters; 32 hexadecimal digits
  void number_launches();            // sets every Launch::id and launch_count
};

// Collects a program. Every add_ returns the id that later calls use. Tasks are added before the first body is opened. The
// reference that a launch call returns is good until the next statement.
class Builder {
 public:
  explicit Builder(std::string name);
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;
  RegionId add_region(std::string name, PointSet points, std::vector<Field> fields);
  PartitionId add_partition(std::string name, RegionId region, Rect colors, std::vector<PointSet> pieces,
                            std::optional<std::pair<PartitionId, std::uint32_t>> parent = std::nullopt);
  // Equal blocks: dimension d is cut into counts[d] pieces of ceil(extent / counts[d]); the last may be smaller or empty.
  // The region must be one rectangle.
  PartitionId add_block_partition(std::string name, RegionId region, std::span<const std::int64_t> counts);
  TaskId add_task(std::string name, std::vector<Variant> variants);
  FutureId add_future(std::string name);
  void set_metric(Metric m);
  Program& program() { return program_; }

  // Statements are appended to the innermost open block: the top level, a loop, or a task's body.
  Launch& index_launch(TaskId task, Rect domain, std::vector<Argument> arguments);
  Launch& single_launch(TaskId task, std::vector<Argument> arguments);
  void begin_loop(std::string name, std::int64_t count, bool traced = false, std::string trace = {});
  void end_loop();
  void begin_body(TaskId task);  // the statements that follow are launched by every point of `task`
  void end_body();
  void fence(bool wait = true);
  void timer_start(std::string label);
  void timer_stop(std::string label);
  void fill(RegionId region, std::vector<FieldIndex> fields, double value, std::optional<PartitionId> partition = {});
  void wait(FutureId future);

  // Numbers the launches, validates and returns the program. A mistake of an app is our bug and aborts; use validate()
  // for files.
  Program finish();

 private:
  Program program_;
  std::vector<Body*> open_;
};

// Runs all kernels one after the other in program order on one instance per region: what every engine's results are
// compared with. Points of a launch run in domain order (first dimension fastest), reductions fold after each point, fresh
// and write-discard data are NaN. Errors: MW6101 a task without a kernel, or kernels that demand different layouts of one
// region; MW4113 regions larger than `max_bytes`.
Expected<std::unique_ptr<RegionReader>> run_sequential(const Program& p, std::int64_t max_bytes = std::int64_t {1} << 32);

// Everything a program must satisfy (projections in range over whole domains, fields exist, nesting acyclic, sizes
// bounded: 2^26 point tasks per launch, 2^24 colours, 2^20 statements). Diagnostics MW41xx, without places; those of
// import_json() have them. Cost: linear in points of launches times what their projections read.
bool validate(const Program& p, diag::Sink& sink);

// The file format mapwright.program/1 (docs/formats/program.md): everything but kernels and the check.
// import(export(p)) has the same plan under every mapper. Errors of files: MW41xx, MW42xx with line and column.
std::string export_json(const Program& p);
std::optional<Program> import_json(const diag::SourcePtr& source, diag::Sink& sink);

}  // namespace mapwright::program
