// engine/legion/policy.h - what a mapper file decides for tasks that appear while a program runs. Private.
// Everything is computed once per task, launch shape or argument and remembered. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "diag/diag.h"
#include "plan/choice.h"
#include "sema/sema.h"

namespace mapwright::engine::legion {

using diag::Diagnostic;
using plan::Origin;

// A set of processor kinds.
class Kinds {
 public:
  void add(ProcessorKind k) { bits_ |= 1U << static_cast<unsigned>(k); }
  bool has(ProcessorKind k) const { return (bits_ >> static_cast<unsigned>(k) & 1U) != 0; }

 private:
  std::uint32_t bits_ = 0;
};

// What the mapper says of one task.
struct TaskRules {
  std::string name;
  ProcessorKind kind = ProcessorKind::Cpu;
  Origin kind_origin;
  std::optional<sema::Decided<sema::FunctionId>> index_map, single_map;
  std::optional<sema::Decided<std::int64_t>> limit;
  std::vector<Diagnostic> warnings;

  const std::optional<sema::Decided<sema::FunctionId>>& map(bool index) const { return index ? index_map : single_map; }
};

// A launch of a task. Rectangles and points have the program's coordinates.
struct Launch {
  bool index = true;
  Rect domain;                                // dimension 0 for a single task
  std::vector<Point> only;                    // the points there are, first dimension fastest, when it is no rectangle
  const sema::TaskContext* parent = nullptr;  // the task that launches; never null
  bool top_level = true;                      // that is the top-level task
  bool replicated = false;                    // and is replicated over all address spaces
};

// Where the points of a launch go: by position in its domain, first dimension fastest.
struct Placed {
  std::vector<sema::MachinePoint> points;
  Origin origin;  // the map, or the default policy
};

// What the mapper says of one argument of a task on its kind of processor.
struct ArgumentRules {
  bool is_virtual = false;
  std::vector<plan::MemoryChoice> memories;        // in order of preference
  std::vector<plan::LayoutResult> layouts;         // for each of them
  bool decided = false;                            // a Region or Layout statement applies
  Origin first;                                    // the first statement that names a memory
  Origin collect;                                  // a CollectMemory statement that applies to read-only instances
};

class Policy {
 public:
  Policy(sema::Mapper mapper, sema::MachineShape shape);

  const sema::Mapper& mapper() const { return mapper_; }
  const sema::MachineShape& shape() const { return shape_; }
  bool limits_instances() const { return limits_; }
  bool has_processors(ProcessorKind k) const { return shape_.processors[static_cast<std::size_t>(k)] > 0; }

  // Error MW5001. `variants`: the kinds that the task has variants for.
  tl::expected<TaskRules, Diagnostic> rules(std::string_view task, Kinds variants) const;

  // Whether a task is replicated over the address spaces; absent: no ControlReplicate statement.
  std::optional<sema::Decided<bool>> replicated(std::string_view task) const { return mapper_.replicated(task); }

  // Errors MW5002 and MW32xx. By the map of the task, or by the default policy.
  tl::expected<std::shared_ptr<const Placed>, Diagnostic> place(const TaskRules& task, const Launch& launch);

  // The address space of one point of an index launch by a replicated top-level task; the same as in place().
  tl::expected<std::uint32_t, Diagnostic> space_of(const TaskRules& task, const Launch& launch, const Point& point);

  // Errors MW5004 and MW5006. For an argument of a task that runs on `kind`. `present`: the kind of memory it is in where no
  // statement gives one; absent: the default policy's. `demands`: of the variant, for any argument; `rank`: dimensions of
  // the region.
  tl::expected<ArgumentRules, Diagnostic> argument(std::string_view task, const sema::ArgumentNames& names, ProcessorKind kind,
                                                   const std::function<bool(MemoryKind)>& addressable, std::optional<MemoryKind> present,
                                                   std::span<const program::LayoutDemand> demands, int rank) const;

  // Lines of `print` that have not been handed out yet.
  std::vector<std::string> take_printed();

  // A finding about the mapper file, at a statement of it if there is one.
  Diagnostic finding(int code, diag::Severity severity, Origin origin, std::string message, std::string help = {}) const;
  // Line of a statement in the mapper file.
  std::optional<std::uint32_t> line(Origin origin) const;

 private:
  using Key = std::vector<std::int64_t>;
  Key key_of(const TaskRules& task, const Launch& launch) const;
  tl::expected<std::shared_ptr<const Placed>, Diagnostic> compute(const TaskRules& task, const Launch& launch);
  tl::expected<void, Diagnostic> place_by_map(const TaskRules& task, const Launch& launch, Placed& out);
  void place_by_default(const TaskRules& task, const Launch& launch, Placed& out) const;
  Diagnostic wrong_kind(const TaskRules& task, const sema::Decided<sema::FunctionId>& map, sema::Placement got) const;

  sema::Mapper mapper_;
  sema::MachineShape shape_;
  bool limits_ = false;

  std::shared_mutex memo_mutex_;
  std::map<std::pair<std::string, Key>, std::shared_ptr<const Placed>> memo_;
  std::mutex evaluator_mutex_;
  sema::PlacementEvaluator evaluator_;
  std::size_t printed_ = 0;
};

// A piece of a launch that goes to one processor.
struct Slice {
  sema::MachinePoint processor;
  Rect points;
};
// Cuts `part` of a launch over `domain` (rectangles of it, or single points) into slices of one processor each. Every
// point is in exactly one slice; points of one processor that form a rectangle along the dimensions are one slice.
std::vector<Slice> slice(const Placed& placed, const Rect& domain, std::span<const Rect> part);

// Rectangles that together hold exactly these points: runs along the first dimension, then equal runs along the others
// merged. The points need no order and must be distinct.
std::vector<Rect> rectangles(std::vector<Point> points);

// How many points of a task are mapped and have not ended, per task and launching processor, for InstanceLimit.
class Limiter {
 public:
  // Counts one more point unless `limit` are under way; says whether it did.
  bool admit(std::uint64_t task, std::uint64_t launcher, std::int64_t limit);
  void finish(std::uint64_t task, std::uint64_t launcher);

 private:
  std::mutex mutex_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::int64_t> under_way_;
};

}  // namespace mapwright::engine::legion
