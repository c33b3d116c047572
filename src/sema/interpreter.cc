// The loop over instructions, calls, arithmetic and errors.
#include "sema/interpreter.h"

#include <fmt/format.h>

#include <algorithm>

#include "sema/arithmetic.h"

namespace mapwright::sema {

using syntax::BinaryOp;
using Tag = Value::Tag;

namespace {

constexpr std::int64_t kTopLevelSteps = 1'000'000;  // of all top-level statements together
constexpr std::size_t kMaxPrinted = 1000;
constexpr std::size_t kMaxPrintedLength = 1000;

Value of_number(Tag tag, std::int64_t v) {
  Value out;
  out.tag = tag;
  out.number = v;
  return out;
}

}  // namespace

Interpreter::Interpreter(std::shared_ptr<const Mapper::State> state, MachineShape shape, bool machine_known)
    : state_(std::move(state)), spaces_(std::move(shape)), machine_known_(machine_known) {
  globals_.resize(state_->globals.size());
  global_states_.assign(state_->globals.size(), GlobalState::Later);
  global_errors_.resize(state_->globals.size());
  caches_.resize(state_->transform_sites);
}

void Interpreter::reset() {
  arena_.resize(arena_floor_);
  set_points_.resize(set_floor_);
  frames_.clear();
  steps_ = kMaxSteps;
}

void Interpreter::run_top_level() {
  std::int64_t left = kTopLevelSteps;
  for (const auto& [is_print, at] : state_->top_level) {
    const Code& code = is_print ? state_->prints[at] : state_->globals[at];
    silent_ = false;
    task_ = nullptr;
    reset();
    steps_ = std::min<std::int64_t>(kMaxSteps, left);
    const std::int64_t before = steps_;
    const bool done = code.usable && call(code, nullptr);
    left -= before - std::max<std::int64_t>(steps_, 0);
    if (done) {
      arena_floor_ = arena_.size();
      set_floor_ = set_points_.size();
    } else if (code.usable && !silent_) {
      top_level_errors_.push_back(error_);
    }
    if (is_print) continue;
    globals_[at] = result_;
    global_states_[at] = done ? GlobalState::Known : silent_ || !code.usable ? GlobalState::Silent : GlobalState::Failed;
    if (!done) global_errors_[at] = error_;
  }
}

bool Interpreter::place(FunctionId f, const TaskContext& task) {
  const Code& code = state_->functions[f.value];
  code_ = nullptr;
  task_ = &task;
  silent_ = false;
  reset();
  if (!code.usable || code.parameters.size() != 1 || code.parameters[0] != Type::Task) {
    error_ = diag::Diagnostic {};
    error_.code = diag::kNotAPlacementFunction;
    error_.message = fmt::format("`{}` cannot place tasks", code.name);
    error_.source = state_->source;
    error_.span = code.span;
    error_.help = code.usable ? "a placement function has exactly one parameter, of type `Task`" : "correct its mistakes first";
    return false;
  }
  Value argument;
  argument.tag = Tag::Task;
  argument.task = &task;
  return call(code, &argument);
}

Trace Interpreter::trace(FunctionId f, const TaskContext& task) {
  Trace t;
  t.values.assign(static_cast<std::size_t>(task.point.dim), 0);
  trace_ = &t;
  t.usable = place(f, task) && result_.tag == Tag::SymbolPoint && t.points == 1;
  trace_ = nullptr;
  return t;
}

bool Interpreter::call(const Code& code, const Value* argument) {
  if (registers_.size() < code.registers + std::size_t {1}) registers_.resize(code.registers + std::size_t {1});
  if (argument) registers_[0] = *argument;
  frames_.push_back({&code, 0, 0, 0});
  return run();
}

bool Interpreter::spend(std::int64_t steps) {
  steps_ -= steps;
  if (steps_ >= 0) return true;
  return fail(diag::kTooManySteps, fmt::format("more than {} steps", kMaxSteps), "usually a recursion does not come closer to its end");
}

bool Interpreter::run() {
  code_ = frames_.back().code;
  const Instruction* code = code_->instructions.data();
  Value* r = registers_.data() + frames_.back().base;
  std::uint32_t pc = 0;
  while (true) {
    const Instruction& i = code[pc];
    at_ = pc++;
    if (--steps_ < 0) return spend(0);
    bool fine = true;
    switch (i.op) {
      case Op::Constant: {
        static constexpr Tag kTags[] = {Tag::None, Tag::Int, Tag::Bool, Tag::Processor, Tag::Memory};
        const Constant& c = code_->constants[i.a];
        r[i.dst] = of_number(kTags[static_cast<std::size_t>(c.type)], c.value);
        break;
      }
      case Op::Move: r[i.dst] = r[i.a]; break;
      case Op::Global: fine = read_global(i, r); break;
      case Op::Binary: {
        const Value &a = r[i.a], &b = r[i.b];
        const auto op = static_cast<BinaryOp>(i.sub);
        if (a.tag == Tag::Int && b.tag == Tag::Int && op >= BinaryOp::Equal) {
          if (op < BinaryOp::Add) {
            r[i.dst] = of_number(Tag::Bool, compare(op, a.number, b.number));
            break;
          }
          std::int64_t v = 0;
          if ((op < BinaryOp::Divide || b.number != 0) && compute(op, a.number, b.number, v)) {
            r[i.dst] = of_number(Tag::Int, v);
            break;
          }
        }
        fine = binary(i, r);
        break;
      }
      case Op::Negate: {
        Value out;
        fine = negate(r[i.a], out);
        r[i.dst] = out;
        break;
      }
      case Op::Not:
        fine = r[i.a].tag == Tag::Bool || wrong(r[i.a], "a boolean after `!`");
        if (fine) r[i.dst] = of_number(Tag::Bool, !r[i.a].number);
        break;
      case Op::Truth:
        fine = r[i.a].tag == Tag::Bool || wrong(r[i.a], "a boolean");
        r[i.dst] = r[i.a];
        break;
      case Op::Jump: pc = i.a; break;
      case Op::JumpIfFalse:
      case Op::JumpIfTrue:
        fine = r[i.a].tag == Tag::Bool || wrong(r[i.a], "a boolean");
        if (fine && (r[i.a].number != 0) == (i.op == Op::JumpIfTrue)) pc = i.b;
        break;
      case Op::Tuple: fine = make_tuple(i, r); break;
      case Op::Index: fine = index(i, r); break;
      case Op::Slice: fine = slice(i, r); break;
      case Op::Attribute: fine = attribute(i, r); break;
      case Op::Transform: fine = transform(i, r); break;
      case Op::Processor: fine = processor(i, r); break;
      case Op::Machine:
        fine = r[i.a].tag == Tag::Processor || wrong(r[i.a], "a processor kind");
        if (fine && !machine_known_) {
          silent_ = true;
          return false;
        }
        if (fine) {
          const SpaceId id = spaces_.machine(static_cast<ProcessorKind>(r[i.a].number));
          r[i.dst].tag = Tag::Space;
          r[i.dst].first = id;
        }
        break;
      case Op::Call:
        frames_.back().next = pc;
        fine = enter(i, r);
        if (fine) {
          code = code_->instructions.data();
          r = registers_.data() + frames_.back().base;
          pc = 0;
        }
        break;
      case Op::Builtin: fine = builtin(i, r); break;
      case Op::LoopBegin: fine = loop_begin(i, r); break;
      case Op::LoopNext: {
        Value& position = r[i.a + 1];
        if (position.number == r[i.a].number) {
          pc = i.site;
        } else {
          r[i.b] = r[i.a].tag == Tag::Int ? of_number(Tag::Int, position.number)
                                          : arena_[r[i.a].first + static_cast<std::size_t>(position.number)];
        }
        break;
      }
      case Op::LoopStore: fine = loop_store(i, r); break;
      case Op::LoopEnd: r[i.dst] = r[i.a + 2]; break;
      case Op::Print: fine = print(i, r); break;
      case Op::Return: {
        const Value result = r[i.a];
        const std::uint32_t into = frames_.back().result;
        frames_.pop_back();
        if (frames_.empty()) {
          result_ = result;
          return true;
        }
        code_ = frames_.back().code;
        code = code_->instructions.data();
        r = registers_.data() + frames_.back().base;
        pc = frames_.back().next;
        r[into] = result;
        break;
      }
    }
    if (!fine) return false;
  }
}

bool Interpreter::enter(const Instruction& i, Value* r) {
  const Code& callee = state_->functions[i.site];
  const Value* arguments = r + i.a;
  std::size_t count = i.count;
  if (i.b != kNoMask) {
    if (!gather(i, arguments)) return false;
    arguments = gathered_.data();
    count = gathered_.size();
  }
  if (!callee.usable) {
    silent_ = true;  // its own mistakes are reported where they are
    return fail(diag::kWrongValue, fmt::format("`{}` has mistakes", callee.name));
  }
  if (count != callee.parameters.size()) {
    return fail(diag::kWrongArgumentCount, fmt::format("`{}` takes {} arguments, not {}", callee.name, callee.parameters.size(), count));
  }
  for (std::size_t p = 0; p < count; ++p) {
    static constexpr Tag kTags[] = {Tag::None, Tag::Int, Tag::Bool, Tag::Processor, Tag::Memory, Tag::Tuple, Tag::Space, Tag::Point, Tag::Task};
    const Tag wanted = kTags[static_cast<std::size_t>(callee.parameters[p])];
    if (arguments[p].tag != wanted && !(wanted == Tag::Int && arguments[p].tag == Tag::Symbol)) {
      return wrong(arguments[p], fmt::format("{} for the parameter `{}`", describe(callee.parameters[p]), callee.parameter_names[p]));
    }
  }
  const std::size_t base = static_cast<std::size_t>(r - registers_.data()) + code_->registers;
  if (frames_.size() >= kMaxCallDepth || base + callee.registers > kMaxRegisters) {
    return fail(diag::kTooDeepRecursion, fmt::format("calls nested deeper than {}", kMaxCallDepth), "the recursion needs a branch of `? :` that it reaches and that does not call");
  }
  if (registers_.size() < base + callee.registers + 1) {
    const std::size_t offset = arguments == gathered_.data() ? 0 : static_cast<std::size_t>(arguments - registers_.data());
    const bool from_registers = arguments != gathered_.data();
    registers_.resize(std::max(base + callee.registers + 1, registers_.size() * 2));
    if (from_registers) arguments = registers_.data() + offset;
  }
  std::copy_n(arguments, count, registers_.data() + base);
  frames_.push_back({&callee, 0, static_cast<std::uint32_t>(base), i.dst});
  code_ = &callee;
  return true;
}

bool Interpreter::read_global(const Instruction& i, Value* r) {
  switch (global_states_[i.a]) {
    case GlobalState::Known: r[i.dst] = globals_[i.a]; return true;
    case GlobalState::Later:
      return fail(diag::kUsedBeforeDefinition, fmt::format("`{}` is used before the line that defines it", state_->global_names[i.a]),
                  "move its definition above the statement that calls this function");
    case GlobalState::Silent:
      silent_ = true;
      return fail(diag::kWrongValue, fmt::format("`{}` has mistakes", state_->global_names[i.a]));
    case GlobalState::Failed: error_ = global_errors_[i.a]; return false;
  }
  return false;
}

bool Interpreter::binary(const Instruction& i, Value* r) {
  const auto op = static_cast<BinaryOp>(i.sub);
  const Value a = r[i.a], b = r[i.b];
  const bool equality = op == BinaryOp::Equal || op == BinaryOp::NotEqual;
  if (equality) {
    const auto comparable = [](const Value& v) {
      return v.tag == Tag::Int || v.tag == Tag::Bool || v.tag == Tag::Processor || v.tag == Tag::Memory || v.tag == Tag::Tuple;
    };
    if (!comparable(a)) return wrong(a, fmt::format("an integer, a boolean, a tuple or a kind beside `{}`", to_string(op)));
    if (b.tag != a.tag) return wrong(b, fmt::format("a value of the same type as on the left beside `{}`", to_string(op)));
    bool same = false;
    if (!equal(a, b, same)) return false;
    r[i.dst] = of_number(Tag::Bool, same == (op == BinaryOp::Equal));
    return true;
  }
  if (op < BinaryOp::Add) {
    const Value& odd = a.tag != Tag::Int ? a : b;
    return wrong(odd, fmt::format("an integer beside `{}`", to_string(op)));
  }
  Value out;
  if (!element_wise(op, a, b, out)) return false;
  r[i.dst] = out;
  return true;
}

bool Interpreter::equal(const Value& a, const Value& b, bool& result) {
  result = false;
  if (a.tag == Tag::Symbol || b.tag == Tag::Symbol) return wrong(a, "a value that is known");
  if (a.tag != b.tag) return true;
  if (a.tag != Tag::Tuple) {
    result = a.number == b.number;
    return true;
  }
  if (a.number != b.number) return true;
  for (std::size_t k = 0; k < static_cast<std::size_t>(a.number); ++k) {
    bool same = false;
    if (!spend(1) || !equal(arena_[a.first + k], arena_[b.first + k], same)) return false;
    if (!same) return true;
  }
  result = true;
  return true;
}

// Integers, tuples of one length, and a tuple with an integer; nested tuples likewise.
bool Interpreter::element_wise(BinaryOp op, const Value& a, const Value& b, Value& out) {
  if (a.tag == Tag::Int && b.tag == Tag::Int) {
    const bool divides = op == BinaryOp::Divide || op == BinaryOp::Remainder;
    if (divides && b.number == 0) {
      return fail(diag::kDivisionByZero, fmt::format("division by zero: {} {} 0", a.number, to_string(op)), task_ ? "the divisor is 0 for this point" : "");
    }
    std::int64_t v = 0;
    if (!compute(op, a.number, b.number, v)) {
      return fail(diag::kIntegerOverflow, fmt::format("{} {} {} does not fit into 64 bits", a.number, to_string(op), b.number));
    }
    out = of_number(Tag::Int, v);
    return true;
  }
  const auto integer = [](const Value& v) { return v.tag == Tag::Int || v.tag == Tag::Symbol; };
  if (integer(a) && integer(b)) {
    out = of_number(Tag::Symbol, trace_->record(op, trace_place(a), trace_place(b)));
    return true;
  }
  for (const Value* v : {&a, &b}) {
    if (!integer(*v) && v->tag != Tag::Tuple) return wrong(*v, fmt::format("an integer or a tuple beside `{}`", to_string(op)));
  }
  if (a.tag == Tag::Tuple && b.tag == Tag::Tuple && a.number != b.number) {
    return fail(diag::kTupleLengthMismatch, fmt::format("`{}` of {} and {}", to_string(op), show(a), show(b)),
                fmt::format("the tuples have {} and {} elements; shorten one with a slice, as in `t[:2]`", a.number, b.number));
  }
  const auto n = static_cast<std::size_t>(a.tag == Tag::Tuple ? a.number : b.number);
  if (!spend(static_cast<std::int64_t>(n)) || !take_arena(n, out)) return false;
  for (std::size_t k = 0; k < n; ++k) {
    const Value x = a.tag == Tag::Tuple ? arena_[a.first + k] : a, y = b.tag == Tag::Tuple ? arena_[b.first + k] : b;
    Value z;
    if (!element_wise(op, x, y, z)) return false;
    arena_[out.first + k] = z;
  }
  out.depth = std::max(a.depth, b.depth);
  return true;
}

bool Interpreter::negate(const Value& a, Value& out) {
  if (a.tag != Tag::Int && a.tag != Tag::Tuple && a.tag != Tag::Symbol) return wrong(a, "an integer or a tuple after `-`");
  return element_wise(BinaryOp::Subtract, of_number(Tag::Int, 0), a, out);
}

bool Interpreter::take_arena(std::size_t n, Value& tuple) {
  if (n > kMaxTuple) return fail(diag::kTupleTooLong, fmt::format("a tuple of {} elements", n), fmt::format("at most {} are possible", kMaxTuple));
  if (arena_.size() + n > kMaxArena) return fail(diag::kTooManySteps, "the tuples of one point take too much memory", "usually a recursion does not come closer to its end");
  tuple = Value {};
  tuple.tag = Tag::Tuple;
  tuple.first = static_cast<std::uint32_t>(arena_.size());
  tuple.number = static_cast<std::int64_t>(n);
  arena_.resize(arena_.size() + n);
  return true;
}

bool Interpreter::print(const Instruction& i, Value* r) {
  if (trace_) return fail(diag::kWrongValue, "printing is not traced");
  const std::string& text = code_->texts[i.b];
  std::string line;
  std::size_t from = 0;
  for (std::uint32_t k = 0; k < i.count; ++k) {
    const std::size_t hole = text.find("{}", from);
    if (hole == std::string::npos) break;
    line.append(text, from, hole - from);
    if (!spend(10)) return false;
    show(r[i.a + k], line);
    from = hole + 2;
  }
  line.append(text, from, std::string::npos);
  if (line.size() > kMaxPrintedLength) line = line.substr(0, kMaxPrintedLength) + "...";
  if (printed_.size() < kMaxPrinted && printed_set_.insert(line).second) printed_.push_back(std::move(line));
  return true;
}

bool Interpreter::wrong(const Value& v, std::string_view wanted) {
  return fail(diag::kWrongValue, fmt::format("expected {}, found {}", wanted, show(v)));
}

std::string Interpreter::show(const Value& v) {
  std::string out;
  show(v, out);
  return out;
}

void Interpreter::show(const Value& v, std::string& out) {
  if (out.size() > kMaxPrintedLength) return;
  switch (v.tag) {
    case Tag::Int: out += fmt::format("{}", v.number); break;
    case Tag::Bool: out += v.number ? "True" : "False"; break;
    case Tag::Processor: out += to_string(static_cast<ProcessorKind>(v.number)); break;
    case Tag::Memory: out += to_string(static_cast<MemoryKind>(v.number)); break;
    case Tag::Tuple:
      out += '(';
      for (std::size_t k = 0; k < static_cast<std::size_t>(v.number) && out.size() <= kMaxPrintedLength; ++k) {
        if (k) out += ", ";
        show(arena_[v.first + k], out);
      }
      out += ')';
      break;
    case Tag::Space: out += fmt::format("Machine({}) {}", to_string(spaces_[v.first].kind), sizes_text(spaces_[v.first])); break;
    case Tag::Point: out += fmt::format("{} {}.{}", to_string(v.kind), v.number >> 32, v.number & 0xffffffff); break;
    case Tag::Set: out += fmt::format("{} {} processors", v.number, to_string(v.kind)); break;
    case Tag::Task: out += fmt::format("the task `{}`", v.task->name); break;
    case Tag::Symbol:
    case Tag::SymbolPoint:
    case Tag::None: out += "nothing"; break;
  }
}

// The error of the current instruction, with the launch point and the calls that led to it.
bool Interpreter::fail(int code, std::string message, std::string help) {
  if (trace_) return false;  // nobody reads it
  error_ = diag::Diagnostic {};
  error_.code = code;
  error_.message = std::move(message);
  error_.source = state_->source;
  error_.span = code_->spans[at_];
  error_.help = std::move(help);
  if (task_) {
    std::string where = task_->point.dim == 0 ? fmt::format("task `{}`", task_->name)
                                              : fmt::format("task `{}`, point {} of {}", task_->name, to_string(task_->point), to_string(task_->extents));
    error_.message += fmt::format(" ({})", where);
  }
  constexpr std::size_t kShownCalls = 3;
  for (std::size_t k = frames_.size(), shown = 0; k-- > 1 && shown < kShownCalls; ++shown) {
    const Frame& caller = frames_[k - 1];
    const diag::Span span = caller.code->spans[caller.next - 1];
    if (!error_.labels.empty() && error_.labels.back().span == span) break;  // a recursion
    error_.labels.push_back({span, fmt::format("called from here, in `{}`", caller.code->name)});
  }
  return false;
}

}  // namespace mapwright::sema
