// sema/interpreter.h - runs compiled functions on one machine. Registers, tuples and point sets live in buffers that keep
// their capacity, so a point in the steady state allocates nothing.
// Files: interpreter.cc (the loop, arithmetic), interpreter_access.cc (tuples, spaces, tasks, calls of built-ins).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "sema/code.h"
#include "sema/sema.h"
#include "sema/space.h"
#include "sema/state.h"
#include "sema/trace.h"

namespace mapwright::sema {

// A value of the language. What the fields mean depends on `tag`:
//   Int, Bool          number
//   Processor, Memory  number: the kind
//   Tuple              elements arena[first .. first + number); depth counts tuples in tuples
//   Space              first: the id
//   Point              kind, number: address space << 32 | index
//   Set                kind, members set_points[first .. first + number)
//   Task               task
//   Symbol             number: place in the values of the trace that is recorded; an integer
//   SymbolPoint        a machine point whose coordinates are in that trace
struct Value {
  enum class Tag : std::uint8_t { Int, Bool, Processor, Memory, Tuple, Space, Point, Set, Task, Symbol, SymbolPoint, None } tag = Tag::None;
  ProcessorKind kind = ProcessorKind::Cpu;
  std::uint8_t depth = 0;
  std::uint32_t first = 0;
  union {
    std::int64_t number = 0;
    const TaskContext* task;
  };
};

// `machine_known` is false while a mapper is checked: what depends on the machine then stops silently.
class Interpreter {
 public:
  Interpreter(std::shared_ptr<const Mapper::State> state, MachineShape shape, bool machine_known);

  // Evaluates the top-level values and prints, in order. Errors are kept and reported by the functions that read them.
  void run_top_level();
  // Errors of run_top_level, in order.
  const std::vector<diag::Diagnostic>& top_level_errors() const { return top_level_errors_; }

  // Calls `f` with `task`. False: error() says why.
  bool place(FunctionId f, const TaskContext& task);
  // Records the trace of `f` for all points of the launch of `task`; usable is false when there is none.
  Trace trace(FunctionId f, const TaskContext& task);
  bool run_trace(Trace& trace, const Point& point, std::uint64_t& out) { return trace.place(point, spaces_, out); }
  const Value& result() const { return result_; }
  // The members of a set that place() returned, unsorted.
  std::span<const std::uint64_t> members(const Value& set) const {
    return std::span(set_points_).subspan(set.first, static_cast<std::size_t>(set.number));
  }
  diag::Diagnostic& error() { return error_; }
  const std::vector<std::string>& printed() const { return printed_; }
  const SpaceTable& spaces() const { return spaces_; }
  const Mapper::State& state() const { return *state_; }

 private:
  struct Frame {
    const Code* code = nullptr;
    std::uint32_t next = 0;   // instruction after the call
    std::uint32_t base = 0;   // of its registers
    std::uint32_t result = 0;  // register of the caller
  };

  bool call(const Code& code, const Value* argument);
  bool run();
  void reset();

  // Each of these evaluates one instruction; false after fail().
  bool binary(const Instruction& i, Value* r);
  bool equal(const Value& a, const Value& b, bool& result);
  bool element_wise(syntax::BinaryOp op, const Value& a, const Value& b, Value& out);
  bool negate(const Value& a, Value& out);
  std::uint32_t trace_place(const Value& v) { return v.tag == Value::Tag::Symbol ? static_cast<std::uint32_t>(v.number) : trace_->constant(v.number); }
  bool symbol_point(SpaceId id, Value& out);
  bool make_tuple(const Instruction& i, Value* r);
  // The elements of a list with unpacking, in gathered_; stars_ has a bit per whole-dimension star.
  bool gather(const Instruction& i, const Value* first);
  bool index(const Instruction& i, Value* r);
  bool index_space(const Instruction& i, const Value* r, Value& out);
  bool outside(const Instruction& i, const Value* r, std::size_t dimension);
  bool star_set(const Space& space, SpaceId id, const std::int64_t* fixed, Value& out);
  bool slice(const Instruction& i, Value* r);
  bool attribute(const Instruction& i, Value* r);
  bool transform(const Instruction& i, Value* r);
  bool processor(const Instruction& i, Value* r);
  bool builtin(const Instruction& i, Value* r);
  bool enter(const Instruction& i, Value* r);
  bool loop_begin(const Instruction& i, Value* r);
  bool loop_store(const Instruction& i, Value* r);
  bool print(const Instruction& i, Value* r);
  bool read_global(const Instruction& i, Value* r);

  bool fail(int code, std::string message, std::string help = {});
  bool wrong(const Value& v, std::string_view wanted);
  bool take_arena(std::size_t n, Value& tuple);  // room for n elements
  bool spend(std::int64_t steps);
  std::string show(const Value& v);
  void show(const Value& v, std::string& out);
  std::string machine_text(const Space& s) const;

  std::shared_ptr<const Mapper::State> state_;
  SpaceTable spaces_;
  bool machine_known_;
  std::vector<Value> registers_, arena_, globals_, gathered_;
  std::vector<std::uint64_t> set_points_;
  std::vector<Frame> frames_;
  std::size_t arena_floor_ = 0;  // of the tuples that globals hold
  std::size_t set_floor_ = 0;
  std::uint64_t stars_ = 0;
  std::int64_t steps_ = 0;
  const Code* code_ = nullptr;   // of the frame that runs
  std::uint32_t at_ = 0;         // instruction that runs
  const TaskContext* task_ = nullptr;
  Value result_;
  diag::Diagnostic error_;
  Trace* trace_ = nullptr;  // while one is recorded
  bool silent_ = false;  // the error depends on a machine that is not known
  std::vector<diag::Diagnostic> top_level_errors_;
  enum class GlobalState : std::uint8_t { Later, Known, Failed, Silent };
  std::vector<GlobalState> global_states_;
  std::vector<diag::Diagnostic> global_errors_;
  // The last arguments and answer of every transformation in the code: usually it asks for the same space again.
  static constexpr std::size_t kCacheKey = 24;
  struct TransformCache {
    std::size_t length = 0;  // 0: empty
    std::array<std::int64_t, kCacheKey> key {};
    SpaceId space = 0;
  };
  std::vector<TransformCache> caches_;
  std::unordered_set<std::string> printed_set_;
  std::vector<std::string> printed_;
};

}  // namespace mapwright::sema
