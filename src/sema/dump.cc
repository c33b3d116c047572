// The flat form of a mapper as text.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "sema/arithmetic.h"
#include "sema/state.h"

namespace mapwright::sema {

namespace {

std::string_view op_name(Op op) {
  static constexpr std::string_view kNames[] = {"constant", "move", "global", "binary", "negate", "not", "truth", "jump", "jump-if-false", "jump-if-true",
                                                "tuple", "index", "slice", "attribute", "transform", "processor", "machine", "call", "builtin", "loop-begin",
                                                "loop-next", "loop-store", "loop-end", "print", "return"};
  return kNames[static_cast<std::size_t>(op)];
}

std::string constant_text(const Constant& c) {
  if (c.type == Type::Bool) return c.value ? "True" : "False";
  if (c.type == Type::Processor) return std::string(to_string(static_cast<ProcessorKind>(c.value)));
  if (c.type == Type::Memory) return std::string(to_string(static_cast<MemoryKind>(c.value)));
  return fmt::format("{}", c.value);
}

// "r2 *r3 star": the elements of a list.
std::string list_text(const Code& code, std::uint32_t first, const Instruction& i) {
  std::string out;
  const Masks masks = i.b == kNoMask ? Masks {} : code.masks[i.b];
  for (std::uint32_t k = 0; k < i.count; ++k) {
    if (masks.star >> k & 1U) {
      out += " star";
    } else {
      out += fmt::format(" {}r{}", masks.unpack >> k & 1U ? "*" : "", first + k);
    }
  }
  return out;
}

std::string operands(const Code& code, const Instruction& i) {
  static constexpr std::string_view kAttributeNames[] = {"len", "size", "volume", "ipoint", "ispace", "parent"};
  switch (i.op) {
    case Op::Constant: return fmt::format("r{} = {}", i.dst, constant_text(code.constants[i.a]));
    case Op::Move:
    case Op::Negate:
    case Op::Not:
    case Op::Truth:
    case Op::Machine: return fmt::format("r{} = r{}", i.dst, i.a);
    case Op::Global: return fmt::format("r{} = global {}", i.dst, i.a);
    case Op::Binary: return fmt::format("r{} = r{} {} r{}", i.dst, i.a, to_string(static_cast<syntax::BinaryOp>(i.sub)), i.b);
    case Op::Jump: return fmt::format("{}", i.a);
    case Op::JumpIfFalse:
    case Op::JumpIfTrue: return fmt::format("r{} {}", i.a, i.b);
    case Op::Tuple: return fmt::format("r{} ={}", i.dst, list_text(code, i.a, i));
    case Op::Index: return fmt::format("r{} = r{} at{}", i.dst, i.a, list_text(code, i.a + 1, i));
    case Op::Slice: return fmt::format("r{} = r{} from {} to {}", i.dst, i.a, i.sub & 1 ? fmt::format("r{}", i.b) : "begin", i.sub & 2 ? fmt::format("r{}", i.b + 1) : "end");
    case Op::Attribute: return fmt::format("r{} = r{}.{}", i.dst, i.a, kAttributeNames[i.sub]);
    case Op::Transform: return fmt::format("r{} = r{}.{}{}", i.dst, i.a, to_string(static_cast<Transform>(i.sub)), list_text(code, i.a + 1, i));
    case Op::Processor: return fmt::format("r{} = r{} in r{}", i.dst, i.a, i.b);
    case Op::Call: return fmt::format("r{} = function {}{}", i.dst, i.site, list_text(code, i.a, i));
    case Op::Builtin: return fmt::format("r{} = {}{}", i.dst, to_string(static_cast<Builtin>(i.sub)), list_text(code, i.a, i));
    case Op::LoopBegin: return fmt::format("r{} over r{}", i.dst, i.a);
    case Op::LoopNext: return fmt::format("r{} = next of r{} else {}", i.b, i.a, i.site);
    case Op::LoopStore: return fmt::format("r{} to r{}", i.b, i.a);
    case Op::LoopEnd: return fmt::format("r{} = r{}", i.dst, i.a);
    case Op::Print: {
      Instruction plain = i;
      plain.b = kNoMask;
      return fmt::format("\"{}\"{}", code.texts[i.b], list_text(code, i.a, plain));
    }
    case Op::Return: return fmt::format("r{}", i.a);
  }
  return {};
}

// Rules in the order of their statements, then of their names.
class TableDump {
 public:
  explicit TableDump(const Mapper::State& s) : state_(s) {
    for (const auto& [name, id] : s.tasks) tasks_[id] = name;
    for (const auto& [name, id] : s.arguments) arguments_[id] = name;
  }

  template <typename Value, typename Describe>
  void table(std::string& out, std::string_view title, const RuleTable<Value>& rules, bool arguments, Describe&& describe) const {
    std::vector<std::pair<std::uint32_t, std::string>> lines;  // begin of the statement, text
    for (const auto& [key, value] : rules) {
      const auto& [span, text] = describe(value);
      std::string line = fmt::format("{} {}", title, key.task == 0 && key.selector >= kSelectProcessor && !arguments ? "" : name(tasks_, key.task));
      if (arguments) line += " " + name(arguments_, key.argument);
      if (key.selector != kSelectAny || arguments) line += (line.back() == ' ' ? "" : " ") + selector(key.selector);
      lines.emplace_back(span.begin, fmt::format("{} -> {} (line {})\n", line, text, state_.source->position(span.begin).line));
    }
    std::sort(lines.begin(), lines.end());
    for (const auto& [at, line] : lines) out += line;
  }

 private:
  static std::string name(const std::map<std::uint32_t, std::string>& names, std::uint32_t id) { return id == 0 ? "*" : names.at(id); }
  static std::string selector(std::uint32_t s) {
    if (s >= kSelectMemory) return std::string(to_string(static_cast<MemoryKind>(s - kSelectMemory)));
    if (s >= kSelectProcessor) return std::string(to_string(static_cast<ProcessorKind>(s - kSelectProcessor)));
    return "*";
  }
  const Mapper::State& state_;
  std::map<std::uint32_t, std::string> tasks_, arguments_;
};

std::string layout_text(const LayoutChoice& l) {
  std::string out = fmt::format("{} {}", l.fields == FieldOrder::Soa ? "SOA" : "AOS", l.dims == DimOrder::C ? "C_order" : "F_order");
  if (l.compact) out += " Compact";
  if (l.exact) out += " Exact";
  if (l.alignment) out += fmt::format(" aligned to {}", l.alignment->chosen());
  return out;
}

template <typename T>
std::string kinds_text(const SharedList<T>& list) {
  std::string out;
  for (const Decided<T>& d : list.entries) out += fmt::format("{}{}", out.empty() ? "" : ",", to_string(d.value));
  return out;
}

}  // namespace

std::string disassemble(const Code& code) {
  std::string out = fmt::format("{}({}): {} registers\n", code.name, fmt::join(code.parameter_names, ", "), code.registers);
  for (std::size_t k = 0; k < code.instructions.size(); ++k) {
    out += fmt::format("  {:>3} {:<14}{}\n", k, op_name(code.instructions[k].op), operands(code, code.instructions[k]));
  }
  return out;
}

std::string Mapper::dump() const {
  const State& s = *state_;
  const TableDump tables(s);
  std::string out;
  tables.table(out, "Task", s.kinds, false, [&](std::uint32_t at) { return std::pair(s.kind_lists[at].span, kinds_text(s.kind_lists[at])); });
  tables.table(out, "Region", s.memories, true, [&](std::uint32_t at) { return std::pair(s.memory_lists[at].span, kinds_text(s.memory_lists[at])); });
  tables.table(out, "Layout", s.layouts, true, [&](std::uint32_t at) { return std::pair(s.layout_choices[at].span, layout_text(s.layout_choices[at].value)); });
  tables.table(out, "InstanceLimit", s.limits, false, [&](std::uint32_t at) { return std::pair(s.limit_values[at].span, fmt::format("{}", s.limit_values[at].value)); });
  tables.table(out, "CollectMemory", s.collections, true, [&](std::uint32_t at) { return std::pair(s.collection_spans[at], std::string("collect")); });
  const auto map = [&](std::uint32_t at) { return std::pair(s.maps[at].span, s.functions[s.maps[at].value.value].name); };
  tables.table(out, "IndexTaskMap", s.index_maps, false, map);
  tables.table(out, "SingleTaskMap", s.single_maps, false, map);
  tables.table(out, "ControlReplicate", s.replicated, false, [](diag::Span span) { return std::pair(span, std::string("replicate")); });
  for (std::size_t g = 0; g < s.globals.size(); ++g) out += fmt::format("global {} {}", g, disassemble(s.globals[g]));
  for (const Code& p : s.prints) out += disassemble(p);
  for (std::size_t f = 0; f < s.functions.size(); ++f) {
    std::string kinds;
    for (const ProcessorKind k : function_kinds(FunctionId(f))) kinds += fmt::format(" {}", to_string(k));
    out += fmt::format("function {} {}", f, disassemble(s.functions[f]));
    if (!kinds.empty()) out += fmt::format("  places on{}{}\n", kinds, s.functions[f].reads_parent ? ", reads the parent" : "");
  }
  return out;
}

}  // namespace mapwright::sema
