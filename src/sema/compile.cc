// Names, functions and top-level values.
#include "sema/compile.h"

#include <fmt/format.h>

#include <algorithm>

namespace mapwright::sema {

std::string_view describe(Type t) {
  static constexpr std::string_view kNames[] = {"a value",       "an integer", "a boolean",       "a processor kind", "a memory kind",
                                                "a tuple", "a machine space",  "a machine point", "a task"};
  return kNames[static_cast<std::size_t>(t)];
}

Static of_type(Type t) {
  Static s;
  s.type = t;
  return s;
}

Static tuple_of(Type element, int len) {
  Static s = of_type(Type::Tuple);
  s.element = element;
  s.len = len;
  return s;
}

Static join(const Static& a, const Static& b) {
  if (a.recursive) return b;
  if (b.recursive) return a;
  Static s;
  s.kinds = a.kinds | b.kinds;
  if (a.type == b.type) {
    s.type = a.type;
    s.element = a.element == b.element ? a.element : Type::Unknown;
    s.len = a.len == b.len ? a.len : -1;
  }
  return s;
}

const std::vector<std::string>& reserved_words() {
  static const std::vector<std::string> kWords = [] {
    std::vector<std::string> w = {"True", "False", "Machine", "tuple"};
    for (const ProcessorKind k : kAllProcessorKinds) w.emplace_back(to_string(k));
    for (const MemoryKind k : kAllMemoryKinds) w.emplace_back(to_string(k));
    return w;
  }();
  return kWords;
}

bool is_reserved(std::string_view word) {
  const auto& words = reserved_words();
  return std::find(words.begin(), words.end(), word) != words.end();
}

FunctionName* Unit::function(const std::string& name) {
  const auto found = function_index.find(name);
  return found == function_index.end() ? nullptr : &functions[found->second];
}

diag::Diagnostic Unit::make(int code, diag::Span span, std::string message, std::string help) const {
  diag::Diagnostic d;
  d.code = code;
  const diag::CodeInfo* info = diag::find_code(code);
  d.severity = info ? info->severity : diag::Severity::Error;
  d.message = std::move(message);
  d.source = source;
  d.span = span;
  d.help = std::move(help);
  return d;
}

void Unit::emit(diag::Diagnostic d) {
  if (!silent) sink->emit(std::move(d));
}

void Compiler::report(int code, diag::Span span, std::string message, std::string help) {
  ok_ = false;
  unit_.emit(unit_.make(code, span, std::move(message), std::move(help)));
}

void Compiler::wrong_type(const Expr& e, const Static& found, std::string_view wanted, std::string help) {
  report(diag::kWrongType, e.span, fmt::format("expected {}, found {}", wanted, describe(found.type)), std::move(help));
}

bool Compiler::must_be(Type wanted, const Static& found, const Expr& e, std::string_view what) {
  if (found.type == Type::Unknown || found.type == wanted) return true;
  wrong_type(e, found, what);
  return false;
}

std::size_t Compiler::emit(diag::Span span, Op op, std::uint32_t dst, std::uint32_t a, std::uint32_t b, std::uint8_t sub,
                           std::uint32_t count, std::uint32_t site) {
  code_.instructions.push_back({op, sub, static_cast<std::uint16_t>(count), dst, a, b, site});
  code_.spans.push_back(span);
  return code_.instructions.size() - 1;
}

std::uint32_t Compiler::allocate(std::uint32_t n) {
  const std::uint32_t first = next_;
  next_ += n;
  code_.registers = std::max(code_.registers, next_);
  return first;
}

std::uint32_t Compiler::constant(Type t, std::int64_t v) {
  code_.constants.push_back({t, v});
  return static_cast<std::uint32_t>(code_.constants.size() - 1);
}

namespace {

Static parameter_type(const std::string& word, std::size_t position) {
  Static s;
  if (word == "int") s = of_type(Type::Int);
  if (word == "bool") s = of_type(Type::Bool);
  if (word == "IPoint" || word == "ISpace") s = tuple_of(Type::Int, -1);
  if (word == "Task") s = of_type(Type::Task);
  if (word == "MSpace") {
    s = of_type(Type::Space);
    s.kinds = position < kTrackedParameters ? 1U << (static_cast<std::uint32_t>(kParameterBit) + position) : kAllKinds;
  }
  return s;
}

}  // namespace

Code Compiler::function(const syntax::FunctionStatement& f, FunctionName& name) {
  inside_ = &name;
  code_.name = f.name.text;
  code_.span = f.name.span;
  for (std::size_t i = 0; i < f.parameters.size(); ++i) {
    const syntax::Parameter& p = f.parameters[i];
    if (is_reserved(p.name.text)) {
      report(diag::kReservedName, p.name.span, fmt::format("`{}` is a word of the language", p.name.text), "choose another name");
    }
    if (locals_.count(p.name.text)) {
      report(diag::kDuplicateParameter, p.name.span, fmt::format("two parameters are called `{}`", p.name.text), "rename one of them");
    }
    const Static known = parameter_type(p.type.text, i);
    locals_[p.name.text] = {allocate(), known};
    code_.parameters.push_back(known.type);
    code_.parameter_names.push_back(p.name.text);
  }
  for (const syntax::BodyStatement& s : f.body) {
    if (returned_) {
      unit_.emit(unit_.make(diag::kUnreachableStatement, s.span, "this statement is never reached", "the function has returned before; remove it"));
      break;
    }
    body_statement(s);
  }
  if (f.broken) ok_ = false;
  name.compiled = true;
  name.has_return = returned_ || f.broken;
  name.result = result_;
  name.reads_parent = reads_parent_;
  name.mentioned = mentioned_;
  code_.reads_parent = reads_parent_;
  const std::uint32_t known = result_.kinds & kAllKinds;
  code_.kinds = known ? known : mentioned_ & kAllKinds;
  code_.usable = ok_ && returned_;
  return std::move(code_);
}

void Compiler::body_statement(const syntax::BodyStatement& s) {
  const std::uint32_t mark = next_;
  if (const auto* assign = std::get_if<syntax::AssignStatement>(&s.what)) {
    if (is_reserved(assign->name.text)) {
      report(diag::kReservedName, assign->name.span, fmt::format("`{}` is a word of the language", assign->name.text), "choose another name");
      return;
    }
    const auto found = locals_.find(assign->name.text);
    if (found != locals_.end()) {
      // Through a fresh register: the old value may be an operand until the last instruction.
      const std::uint32_t fresh = allocate();
      const Static known = value(*assign->value, fresh);
      emit(s.span, Op::Move, found->second.reg, fresh);
      found->second.known = known;
      next_ = mark;
      return;
    }
    const std::uint32_t reg = allocate();
    const Static known = value(*assign->value, reg);
    locals_[assign->name.text] = {reg, known};
    next_ = reg + 1;
  } else if (const auto* out = std::get_if<syntax::PrintStatement>(&s.what)) {
    print_values(*out, s.span);
    next_ = mark;
  } else {
    const Expr& e = *std::get<syntax::ReturnStatement>(s.what).value;
    const Operand result = operand(e);
    emit(e.span, Op::Return, 0, result.reg);
    result_ = result.known;
    result_.value.reset();
    returned_ = true;
    next_ = mark;
  }
}

void Compiler::print_values(const syntax::PrintStatement& s, diag::Span span) {
  std::size_t holes = 0;
  for (std::size_t at = s.text.find("{}"); at != std::string::npos; at = s.text.find("{}", at + 2)) ++holes;
  if (holes != s.values.size()) {
    report(diag::kPrintArguments, s.text_span, fmt::format("{} `{{}}` for {} value{}", holes, s.values.size(), s.values.size() == 1 ? "" : "s"),
           "write one `{}` per value");
  }
  if (s.values.size() > kMaxTuple) {
    report(diag::kPrintArguments, span, fmt::format("`print` of {} values", s.values.size()), fmt::format("at most {} are printed at once", kMaxTuple));
    return;
  }
  const std::uint32_t first = next_;
  const List values = list(s.values, 0, first, false);
  code_.texts.push_back(s.text);
  emit(span, Op::Print, 0, first, static_cast<std::uint32_t>(code_.texts.size() - 1), 0, values.count);
}

Code Compiler::global(const syntax::AssignStatement& s, std::size_t statement, Static& known) {
  statement_ = statement;
  code_.name = s.name.text;
  code_.span = s.name.span;
  const Operand result = operand(*s.value);
  emit(s.value->span, Op::Return, 0, result.reg);
  known = result.known;
  code_.usable = ok_;
  return std::move(code_);
}

Code Compiler::print(const syntax::PrintStatement& s, std::size_t statement) {
  statement_ = statement;
  code_.name = "print";
  code_.span = s.text_span;
  print_values(s, s.text_span);
  const std::uint32_t reg = allocate();
  emit(s.text_span, Op::Constant, reg, constant(Type::Int, 0));
  emit(s.text_span, Op::Return, 0, reg);
  code_.usable = ok_;
  return std::move(code_);
}

std::vector<std::string> Compiler::known_names(bool functions, bool reserved) const {
  std::vector<std::string> names;
  for (const auto& [name, local] : locals_) names.push_back(name);
  for (const auto& [name, global] : unit_.globals) names.push_back(name);
  if (functions) {
    for (const auto& [name, at] : unit_.function_index) names.push_back(name);
    for (const Builtin b : kAllBuiltins) names.emplace_back(to_string(b));
  }
  std::sort(names.begin(), names.end());
  if (reserved) names.insert(names.end(), reserved_words().begin(), reserved_words().end());
  return names;
}

Static Compiler::name(const Expr& e, std::uint32_t dst) {
  if (const auto local = locals_.find(e.name); local != locals_.end()) {
    emit(e.span, Op::Move, dst, local->second.reg);
    return local->second.known;
  }
  if (const auto found = unit_.globals.find(e.name); found != unit_.globals.end()) {
    const GlobalName& g = found->second;
    if (!inside_ && g.statement >= statement_) {
      diag::Diagnostic d = unit_.make(diag::kUsedBeforeDefinition, e.span, fmt::format("`{}` is used before the line that defines it", e.name),
                                      "at top level, move the definition up");
      d.labels.push_back({g.span, "defined here"});
      ok_ = false;
      unit_.emit(std::move(d));
      return {};
    }
    mentioned_ |= g.known.kinds;
    emit(e.span, Op::Global, dst, static_cast<std::uint32_t>(g.index));
    Static known = g.known;
    return known;
  }
  if (e.name == "True" || e.name == "False") {
    emit(e.span, Op::Constant, dst, constant(Type::Bool, e.name == "True"));
    return of_type(Type::Bool);
  }
  if (const auto kind = processor_kind(e.name)) {
    emit(e.span, Op::Constant, dst, constant(Type::Processor, static_cast<std::int64_t>(*kind)));
    return of_type(Type::Processor);
  }
  if (const auto kind = memory_kind(e.name)) {
    emit(e.span, Op::Constant, dst, constant(Type::Memory, static_cast<std::int64_t>(*kind)));
    return of_type(Type::Memory);
  }
  if (unit_.function(e.name) || e.name == "Machine" || builtin_named(e.name)) {
    report(diag::kWrongType, e.span, fmt::format("`{}` is a function, not a value", e.name), fmt::format("call it: `{}(...)`", e.name));
    return {};
  }
  return undefined(e);
}

Static Compiler::undefined(const Expr& e) {
  ok_ = false;
  std::string lower = e.name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  std::optional<ProcessorKind> kind;
  std::string kind_word;
  for (const auto& [word, k] : {std::pair("gpu", ProcessorKind::Gpu), std::pair("cpu", ProcessorKind::Cpu), std::pair("omp", ProcessorKind::Omp)}) {
    if (lower.find(word) == std::string::npos) continue;
    kind = k;
    kind_word = word;
  }
  // One or two letters are near to every short word.
  auto near = nearest(e.name, known_names(false, e.name.size() > 2));
  // `mcpu` and `GPU` are near `mgpu`, but never what was meant.
  if (near && kind && (is_reserved(*near) ? lower != kind_word : near->find(kind_word) == std::string::npos)) near.reset();
  const bool space = kind.has_value() && !(near && is_reserved(*near));
  const std::string scope = space || !inside_ ? "" : inside_->tree->name.text;
  if (!unit_.silent && !unit_.reported.insert(scope + ":" + e.name).second) return {};
  // Where part of a body could not be read, that part may have assigned the name.
  if (!space && inside_ && inside_->tree->broken) return {};
  if (space && !near) {
    diag::Diagnostic d = unit_.make(diag::kUndefinedMachineSpace, e.span, fmt::format("the machine space `{}` is never made", e.name),
                                    fmt::format("add `{} = Machine({});` at the top of the file", e.name, to_string(*kind)));
    d.fix = diag::Fix {{0, 0}, fmt::format("{} = Machine({});\n", e.name, to_string(*kind))};
    d.equivalent = fmt::format("{} not found", e.name);
    unit_.emit(std::move(d));
    return {};
  }
  diag::Diagnostic d = unit_.make(space ? diag::kUndefinedMachineSpace : diag::kUndefinedName, e.span, fmt::format("`{}` is not defined", e.name));
  if (near) {
    d.help = fmt::format("did you mean `{}`?", *near);
    d.fix = diag::Fix {e.span, *near};
  } else {
    d.help = inside_ ? "assign it in this function or at top level before it is used" : "assign it before it is used";
  }
  d.equivalent = fmt::format("{} not found", e.name);
  unit_.emit(std::move(d));
  return {};
}

}  // namespace mapwright::sema
