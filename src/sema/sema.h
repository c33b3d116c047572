// sema/sema.h - from the syntax tree of a mapper to an immutable Mapper: decision tables and compiled placement functions.
// In:  syntax::Program (syntax/).   Out: Mapper, or diagnostics MW3xxx.
// Not here: what a program or a machine really has (plan/ checks names and kinds against them).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base.h"
#include "diag/diag.h"
#include "syntax/syntax.h"

namespace mapwright::sema {

// Size of Machine(K) for every processor kind K: address spaces x processors of that kind in each address space.
// Address spaces are nodes unless the machine runs several ranks per node.
struct MachineShape {
  std::string machine_name = "machine";  // for messages
  std::int64_t address_spaces = 1;
  std::array<std::int64_t, kProcessorKinds> processors {};  // per address space, indexed by ProcessorKind
  friend bool operator==(const MachineShape&, const MachineShape&) = default;
};

// One processor of Machine(kind).
struct MachinePoint {
  ProcessorKind kind = ProcessorKind::Cpu;
  std::uint32_t space = 0;  // address space
  std::uint32_t index = 0;  // among the processors of `kind` in that address space
  friend auto operator<=>(const MachinePoint&, const MachinePoint&) = default;
};

using FunctionId = Id<struct FunctionTag>;

// What a placement function may read of one point task. `parent` is null for a task of the top level.
struct TaskContext {
  std::string_view name;
  ProcessorKind kind = ProcessorKind::Cpu;  // kind the point will run on
  Point point;                              // relative to the origin of the launch domain; dimension 0 for a single task
  Point extents;                            // of the launch domain
  std::optional<MachinePoint> processor;    // where the task runs; known for parents, not for the point being placed
  const TaskContext* parent = nullptr;
};

// How an argument of a task can be called in a mapper: by position, own name, partition, root region.
struct ArgumentNames {
  int position = 0;
  std::string_view own, partition, region;
};

// A decision of the mapper with the statement that made it.
template <typename T>
struct Decided {
  T value;
  diag::Span span;
};

enum class AlignOp : std::uint8_t { Equal, LessEqual, GreaterEqual, Less, Greater, NotEqual };
struct Alignment {
  AlignOp op = AlignOp::Equal;
  std::int64_t bytes = 0;
  // Smallest power of two that satisfies the constraint; an allocation aligned to it is what plan and engines use.
  std::int64_t chosen() const;
  friend bool operator==(const Alignment&, const Alignment&) = default;
};

struct LayoutChoice {
  FieldOrder fields = FieldOrder::Soa;
  DimOrder dims = DimOrder::F;
  bool exact = false, compact = false;
  std::optional<Alignment> alignment;
  bool fields_given = false, dims_given = false;  // whether the statement named them; a variant's demand fills the rest
  friend bool operator==(const LayoutChoice&, const LayoutChoice&) = default;
};

// An immutable mapper. Cheap to copy (shared state), safe to use from many threads.
class Mapper {
 public:
  // The empty mapper: every lookup misses, so the default policy decides everything.
  Mapper();

  const diag::SourcePtr& source() const;

  // --- Decision tables. Each implements the lookup of docs/language.md, "Declarations"; the task name is the plain text.
  // Kinds in order of preference: the statement for `task`, then the one for `*`. Both are returned because the second
  // applies when no kind of the first fits. Empty vectors when there is none.
  struct KindLists {
    std::vector<Decided<ProcessorKind>> own, star;
  };
  KindLists processor_kinds(std::string_view task) const;

  // Candidates in order for an argument of a task that runs on `kind`; empty when no statement applies.
  std::vector<Decided<MemoryKind>> memories(std::string_view task, const ArgumentNames& argument, ProcessorKind kind) const;

  std::optional<Decided<LayoutChoice>> layout(std::string_view task, const ArgumentNames& argument, ProcessorKind kind,
                                              MemoryKind memory) const;
  std::optional<Decided<std::int64_t>> instance_limit(std::string_view task) const;
  std::optional<Decided<bool>> collects(std::string_view task, const ArgumentNames& argument) const;
  // Index or single task map for a task that runs on `kind`: task, then kind, then `*`.
  std::optional<Decided<FunctionId>> index_map(std::string_view task, ProcessorKind kind) const;
  std::optional<Decided<FunctionId>> single_map(std::string_view task, ProcessorKind kind) const;
  // Absent when no ControlReplicate statement exists (then the default policy decides).
  std::optional<Decided<bool>> replicated(std::string_view task) const;

  // --- Every name a statement mentions, for the check against a program.
  struct Mention {
    enum class What : std::uint8_t { Task, Argument } what;
    std::string name;  // never "*"; positions are not mentioned
    std::string task;  // for arguments: the task named beside it, or "*"
    diag::Span span;
  };
  std::vector<Mention> mentions() const;

  // Statements that can be dead, with a predicate key: every declaration in source order.
  struct Statement {
    std::string kind;  // "Task", "Region", ...
    diag::Span span;
  };
  const std::vector<Statement>& statements() const;

  // --- Placement functions.
  std::size_t function_count() const;
  std::string_view function_name(FunctionId f) const;
  diag::Span function_span(FunctionId f) const;
  // Kinds of the machine spaces that `f` can return points of (usually one).
  std::vector<ProcessorKind> function_kinds(FunctionId f) const;
  bool reads_parent(FunctionId f) const;

  // Flat form of the whole mapper as text, for `mapwright dump --stage=mapper` and golden tests.
  std::string dump() const;

  struct State;

 private:
  friend Mapper build_mapper(std::shared_ptr<const State>);
  friend class PlacementEvaluator;
  std::shared_ptr<const State> state_;
};

// The processors that a function names for one point, in ascending order: one usually, several for a set (`*`).
using Placement = std::span<const MachinePoint>;

// Evaluates placement functions of one mapper on one machine. Holds the scratch memory, so evaluation does not allocate
// per point in the steady state. One per thread; results are the same for every evaluator.
class PlacementEvaluator {
 public:
  PlacementEvaluator(Mapper mapper, MachineShape shape);
  ~PlacementEvaluator();
  PlacementEvaluator(PlacementEvaluator&&) noexcept;
  PlacementEvaluator& operator=(PlacementEvaluator&&) noexcept;

  // Where `task` goes by function `f`. The span stays valid until the next call. Errors are diagnostics MW32xx with the
  // launch point, the values and the sizes. Bounded: 100,000 steps and call depth 256 per point.
  tl::expected<Placement, diag::Diagnostic> place(FunctionId f, const TaskContext& task);

  // All points of a launch at once, in the order first dimension fastest: offsets[i]..offsets[i+1] of `points` are the
  // processors of point i. Memoised per (function, kind, extents, and the parent's context if the function reads it).
  struct Table {
    std::vector<MachinePoint> points;
    std::vector<std::uint32_t> offsets;
    Placement at(std::size_t i) const { return Placement(points).subspan(offsets[i], offsets[i + 1] - offsets[i]); }
  };
  tl::expected<std::shared_ptr<const Table>, diag::Diagnostic> place_all(FunctionId f, const TaskContext& task);

  // Lines printed by `print` so far, without repetitions, in order of first appearance; at most 1,000.
  const std::vector<std::string>& printed() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A table as text: one row per value of the first dimension, one column per value of the second (a single row for one
// dimension), one block per value of the further ones. Cells are node.processor ("1.3"), a set of n processors
// "node.processor+(n-1)" with its first one. Ends with a newline.
std::string render_grid(const PlacementEvaluator::Table& table, const Point& extents);

// The factors of greedy_split: primes of n from largest to smallest, each to the dimension with the largest remaining
// extent, leftmost on ties. 1 <= n, extents >= 1, at most eight of them.
Point greedy_split(std::int64_t n, const Point& extents);

// Checks the tree and compiles it. Returns a Mapper also when there were errors (what could be understood), so look at
// the sink. Never fails otherwise.
Mapper analyze(const syntax::Program& program, const diag::SourcePtr& source, diag::Sink& sink);

// Lex, parse and analyze a text. The mapper is usable when the sink has no errors.
Mapper compile(const diag::SourcePtr& source, diag::Sink& sink);

}  // namespace mapwright::sema
