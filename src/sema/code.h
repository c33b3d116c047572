// sema/code.h - the flat form that functions are compiled to: instructions on numbered registers of one call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sema/sema.h"
#include "sema/space.h"

namespace mapwright::sema {

inline constexpr int kMaxTuple = 64;           // elements
inline constexpr int kMaxTupleNesting = 16;    // tuples in tuples
inline constexpr int kMaxSteps = 100'000;      // instructions per evaluated point
inline constexpr int kMaxCallDepth = 256;
inline constexpr std::size_t kMaxRegisters = std::size_t {1} << 20;  // of all calls in progress
inline constexpr std::size_t kMaxArena = std::size_t {1} << 20;      // tuple elements and set members per point

// What is known of a value before evaluation. Unknown is compatible with everything.
enum class Type : std::uint8_t { Unknown, Int, Bool, Processor, Memory, Tuple, Space, Point, Task };
std::string_view describe(Type t);  // "an integer", ...

enum class Op : std::uint8_t {
  Constant,     // dst = constants[a]
  Move,         // dst = a
  Global,       // dst = globals[a]
  Binary,       // dst = a (BinaryOp sub) b
  Negate,       // dst = -a
  Not,          // dst = !a
  Truth,        // dst = a, which must be a boolean
  Jump,         // to a
  JumpIfFalse,  // to b when a is false; a must be a boolean
  JumpIfTrue,   // to b when a is true
  Tuple,        // dst = (registers a .. a+count), those of masks[b].unpack unpacked
  Index,        // dst = object a [registers a+1 .. a+1+count], masks[b]; element_spans[site..] are the coordinates
  Slice,        // dst = a [b : b+1]; sub bit 0: lower bound given, bit 1: upper bound given
  Attribute,    // dst = a.(Attribute sub)
  Transform,    // dst = space a .(Transform sub)(registers a+1 .. a+1+count), masks[b]; `site` is its cache
  Processor,    // dst = task a .processor(space b)
  Machine,      // dst = Machine(a)
  Call,         // dst = functions[site](registers a .. a+count), masks[b]
  Builtin,      // dst = (Builtin sub)(registers a .. a+count), masks[b]
  LoopBegin,    // registers dst, dst+1, dst+2 = elements of a, position, result
  LoopNext,     // register b = next element of loop a, or to `site` when there is none
  LoopStore,    // append b to the result of loop a
  LoopEnd,      // dst = result of loop a
  Print,        // texts[b] with registers a .. a+count
  Return,       // a
};
inline constexpr std::uint32_t kNoMask = 0xffffffffU;

enum class Attribute : std::uint8_t { Len, Size, Volume, Ipoint, Ispace, Parent };
enum class Builtin : std::uint8_t { Min, Max, Abs, CeilDiv, Gcd };
inline constexpr Builtin kAllBuiltins[] = {Builtin::Min, Builtin::Max, Builtin::Abs, Builtin::CeilDiv, Builtin::Gcd};
std::string_view to_string(Builtin b);
std::optional<Builtin> builtin_named(std::string_view word);

struct Instruction {
  Op op = Op::Return;
  std::uint8_t sub = 0;
  std::uint16_t count = 0;
  std::uint32_t dst = 0, a = 0, b = 0, site = 0;
};

// Which elements of a list are unpacked and which are whole-dimension stars, by position.
struct Masks {
  std::uint64_t unpack = 0, star = 0;
};

struct Constant {
  Type type = Type::Int;
  std::int64_t value = 0;  // a kind's number for kinds
};

// A function, or the value of a global as a function without parameters.
struct Code {
  std::string name;
  diag::Span span;                 // of the name
  std::vector<Type> parameters;
  std::vector<std::string> parameter_names;
  std::uint32_t registers = 0;
  std::vector<Instruction> instructions;
  std::vector<diag::Span> spans;   // per instruction
  std::vector<Constant> constants;
  std::vector<Masks> masks;
  std::vector<diag::Span> element_spans;  // of coordinates
  std::vector<std::string> texts;
  bool usable = false;             // compiled without errors
  std::uint32_t kinds = 0;         // bit per processor kind of the points it can return
  bool reads_parent = false;       // itself or through what it calls
};

std::string disassemble(const Code& code);

}  // namespace mapwright::sema
