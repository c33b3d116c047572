// search/space.h - what a mapper can decide about a program on a machine, as a flat list of parameters.
// In:  program::Program, machine::Machine.   Out: SearchSpace; a Point of it renders to mapper text.
// Not here: which points to try (the strategies). Start at: SearchSpace. Description: docs/search.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/base.h"
#include "machine/machine.h"
#include "program/program.h"
#include "syntax/syntax.h"

namespace mapwright::search {

// Which points exist. Valid: only mappers that pass static verification. Raw: every combination of words, as the
// published baselines searched it; most such mappers are invalid.
enum class Mode : std::uint8_t { Valid, Raw };
std::string_view to_string(Mode m);  // "valid", "raw"
std::optional<Mode> mode(std::string_view word);

enum class Decision : std::uint8_t {
  Kind,       // processor kind of a task
  Memory,     // memory kind of an argument
  Layout,     // layout of an argument
  IndexMap,   // placement function of a task's index launches
  SingleMap,  // placement function of a task's single launches
  Weight,     // coefficient of one coordinate in a weighted placement function
  Limit,      // InstanceLimit of a task
  Collect,    // CollectMemory of a task
  Spill,      // a second memory kind for every argument that does not fit
  Replicate,  // control replication of the top-level task
};
std::string_view to_string(Decision d);

// One decision and its domain. A value is an index into `values`, or the number itself when `number` is set. The value 0
// of an enumeration is what the default policy does: nothing is written in the mapper.
struct Parameter {
  Decision decision = Decision::Kind;
  std::optional<program::TaskId> task {};      // absent: about the whole program
  std::optional<std::uint32_t> argument {};    // position; Weight: dimension of the coordinate
  bool number = false;
  std::vector<std::string> values {};          // enumeration: readable names
  std::int64_t lowest = 0, highest = 0;      // both included; an enumeration has 0 and values.size() - 1
  std::int64_t size() const { return highest - lowest + 1; }
};

// A value per parameter, in the order of SearchSpace::parameters().
using Point = std::vector<std::int64_t>;

// A change of one or several parameters at once.
struct Move {
  enum class Scope : std::uint8_t { One, Task, Region, All } scope = Scope::One;  // what is tied together
  Decision decision = Decision::Kind;
  std::vector<std::pair<std::uint32_t, std::int64_t>> assignments;                // parameter, new value
  double executions = 0;  // point tasks that the program executes of the tasks it is about, at most of one task
};

// Derived from a program and a machine; depends on no name of theirs, only on structure and positions. Immutable, safe to
// use from many threads. Keeps references: program and machine must outlive it.
class SearchSpace {
 public:
  SearchSpace(const program::Program& program, const machine::Machine& machine, Mode mode);
  ~SearchSpace();
  SearchSpace(SearchSpace&&) noexcept;

  Mode mode() const;
  const program::Program& program() const;
  const machine::Machine& machine() const;
  const std::vector<Parameter>& parameters() const;

  // The point of the default policy; it renders to a mapper without statements.
  Point default_point() const;
  // A random point (docs/search.md, "random:SEED"): the same numbers from `rng` give the same point on every platform.
  Point random_point(Rng& rng) const;
  // Valid mode: sets every value that contradicts another one back to the default (a memory that the task's processor
  // kind cannot address, a map the kind does not have...), so that the point passes static verification. Raw mode:
  // leaves the point alone. Idempotent.
  void repair(Point& point) const;
  // Every change from `point` that docs/search.md lists: single parameters and tied groups (all arguments of a region, all
  // arguments of a task, all tasks at once). Moves that change nothing are left out; the others are the same from every
  // point. Repair the result after applying one.
  std::vector<Move> moves(const Point& point) const;
  static void apply(const Move& move, Point& point);
  // The mapper text of a point, commented and in the formatter's form. Equal points give equal texts.
  std::string render(const Point& point) const;

  struct Impl;  // private to search/

 private:
  std::unique_ptr<Impl> impl_;
};

// The mapper `random:SEED` of the space.
std::string random_mapper(const SearchSpace& space, std::uint64_t seed);

}  // namespace mapwright::search
