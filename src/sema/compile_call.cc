// Calls, attributes, transformations and indexing.
#include <fmt/format.h>

#include <algorithm>

#include "sema/compile.h"

namespace mapwright::sema {

namespace {

struct Count {
  int least, most;
};

struct AttributeInfo {
  std::string_view name;
  Attribute attribute;
  bool tuple, space, task;  // who has it
};
constexpr AttributeInfo kAttributes[] = {{"len", Attribute::Len, true, true, false},       {"size", Attribute::Size, true, true, false},
                                         {"volume", Attribute::Volume, true, true, false}, {"ipoint", Attribute::Ipoint, false, false, true},
                                         {"ispace", Attribute::Ispace, false, false, true}, {"parent", Attribute::Parent, false, false, true}};

Count arguments_of(Transform t) {
  switch (t) {
    case Transform::Slice: return {3, 3};
    case Transform::Reverse: return {1, 1};
    case Transform::Decompose: return {2, 3};
    default: return {2, 2};
  }
}

std::string_view form_of(Transform t) {
  static constexpr std::string_view kForms[] = {"Machine(KIND)", "split(d, factor)",        "merge(a, b)",           "swap(a, b)",
                                                "slice(d, low, high)", "reverse(d)",        "balance_split(d, parts)", "auto_split(d, extents)",
                                                "decompose(d, extents) or decompose(d, extents, halo)", "greedy_split(d, extents)"};
  return kForms[static_cast<std::size_t>(t)];
}

bool takes_list(Transform t, std::size_t argument) {
  return argument >= 1 && (t == Transform::AutoSplit || t == Transform::Decompose || t == Transform::GreedySplit);
}

std::string plural(std::size_t n, std::string_view word) { return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s"); }

}  // namespace

std::string_view to_string(Builtin b) {
  static constexpr std::string_view kNames[] = {"min", "max", "abs", "ceil_div", "gcd"};
  return kNames[static_cast<std::size_t>(b)];
}

std::optional<Builtin> builtin_named(std::string_view word) {
  for (const Builtin b : kAllBuiltins) {
    if (to_string(b) == word) return b;
  }
  return std::nullopt;
}

Static Compiler::unknown_attribute(const Expr& e, const Static& object) {
  std::vector<std::string> known;
  const bool any = object.type == Type::Unknown;
  for (const AttributeInfo& a : kAttributes) {
    if (any || (a.tuple && object.type == Type::Tuple) || (a.space && object.type == Type::Space) || (a.task && object.type == Type::Task)) {
      known.emplace_back(a.name);
    }
  }
  if (any || object.type == Type::Space) {
    for (int t = 1; t <= static_cast<int>(Transform::GreedySplit); ++t) known.emplace_back(to_string(static_cast<Transform>(t)));
  }
  if (any || object.type == Type::Task) known.emplace_back("processor");
  diag::Diagnostic d = unit_.make(diag::kUnknownAttribute, e.name_span, fmt::format("{} has no attribute `{}`", describe(object.type), e.name));
  if (const auto near = nearest(e.name, known)) {
    d.help = fmt::format("did you mean `{}`?", *near);
    d.fix = diag::Fix {e.name_span, *near};
  } else {
    d.help = known.empty() ? "it has no attributes" : fmt::format("known: {}", fmt::join(known, ", "));
  }
  ok_ = false;
  unit_.emit(std::move(d));
  return {};
}

Static Compiler::attribute(const Expr& e, std::uint32_t dst) {
  const std::uint32_t mark = next_;
  const Operand object = operand(*e.children[0]);
  next_ = mark;
  const Type t = object.known.type;
  for (const AttributeInfo& a : kAttributes) {
    if (a.name != e.name) continue;
    if (t != Type::Unknown && !(a.tuple && t == Type::Tuple) && !(a.space && t == Type::Space) && !(a.task && t == Type::Task)) break;
    emit(e.span, Op::Attribute, dst, object.reg, 0, static_cast<std::uint8_t>(a.attribute));
    switch (a.attribute) {
      case Attribute::Len:
      case Attribute::Volume: return of_type(Type::Int);
      case Attribute::Size: return t == Type::Tuple ? object.known : tuple_of(t == Type::Space ? Type::Int : Type::Unknown, object.known.len);
      case Attribute::Ipoint:
      case Attribute::Ispace: return tuple_of(Type::Int, -1);
      case Attribute::Parent: reads_parent_ = true; return of_type(Type::Task);
    }
  }
  const bool method = transform_named(e.name).has_value() || e.name == "processor";
  if (method && (t == Type::Space || t == Type::Task || t == Type::Unknown)) {
    report(diag::kWrongType, e.name_span, fmt::format("`{}` is called with arguments", e.name),
           e.name == "processor" ? "as in `task.parent.processor(m)`" : fmt::format("as in `m.{}`", form_of(*transform_named(e.name))));
    return {};
  }
  return unknown_attribute(e, object.known);
}

Static Compiler::index(const Expr& e, std::uint32_t dst) {
  const std::uint32_t mark = next_, first = allocate();
  const Expr& object = *e.children[0];
  const Static base = value(object, first);
  const List coordinates = list(e.children, 1, first + 1, true);
  next_ = mark;
  emit(e.span, Op::Index, dst, first, coordinates.mask, 0, coordinates.count, static_cast<std::uint32_t>(code_.element_spans.size()));
  for (std::uint32_t i = 0; i < coordinates.count; ++i) code_.element_spans.push_back(e.children[i + 1]->span);
  const std::size_t n = coordinates.known.size();
  for (std::size_t i = 0; i < n; ++i) {
    const Expr& c = *e.children[i + 1];
    if (c.kind == Expr::Kind::Unpack) continue;
    if (base.type == Type::Space && coordinates.known[i].type == Type::Tuple) {
      wrong_type(c, coordinates.known[i], "an integer as a coordinate", "unpack the tuple with `*`");
      return of_type(Type::Point);
    }
    if (!must_be(Type::Int, coordinates.known[i], c, "an integer as an index")) break;
  }
  if (base.type == Type::Space) {
    Static s = of_type(Type::Point);
    s.kinds = base.kinds;
    if (base.len >= 0 && !coordinates.unpacks && n != static_cast<std::size_t>(base.len)) {
      report(diag::kWrongCoordinateCount, e.span, fmt::format("{} for a machine space of {}", plural(n, "coordinate"), plural(static_cast<std::size_t>(base.len), "dimension")),
             "give one coordinate per dimension; `*` means a whole dimension");
    }
    return s;
  }
  if (base.type != Type::Tuple && base.type != Type::Unknown) {
    wrong_type(object, base, "a tuple or a machine space before `[`");
    return {};
  }
  if (base.type != Type::Tuple) return {};
  if (coordinates.stars) {
    report(diag::kMisplacedStar, e.span, "a `*` in the index of a tuple", "only machine spaces have whole dimensions; the whole tuple is its name alone");
    return of_type(base.element);
  }
  if (!coordinates.unpacks && n != 1) {
    report(diag::kWrongArgumentCount, e.span, fmt::format("{} indices for a tuple", n), "a tuple has one; index twice for a tuple in a tuple, as in `t[0][1]`");
    return of_type(base.element);
  }
  const auto at = n == 1 ? coordinates.known[0].value : std::nullopt;
  if (at && base.len >= 0 && (*at >= base.len || *at < -base.len)) {
    report(diag::kIndexOutOfRange, e.span, fmt::format("index {} of a tuple of {}", *at, base.len),
           base.len > 0 ? fmt::format("indices go from 0 to {}, or from -{} to -1", base.len - 1, base.len) : "the tuple is empty");
  }
  return of_type(base.element);
}

Static Compiler::slice(const Expr& e, std::uint32_t dst) {
  const std::uint32_t mark = next_;
  const Expr& object = *e.children[0];
  const Operand base = operand(object);
  const std::uint32_t bounds = allocate(2);
  std::uint8_t given = 0;
  Static bound[2];
  for (std::uint32_t i = 0; i < 2; ++i) {
    const auto& child = e.children[i + 1];
    if (!child) continue;
    const std::uint32_t inner = next_;
    bound[i] = value(*child, bounds + i);
    next_ = inner;
    must_be(Type::Int, bound[i], *child, "an integer as a bound");
    given = static_cast<std::uint8_t>(given | (1U << i));
  }
  next_ = mark;
  emit(e.span, Op::Slice, dst, base.reg, bounds, given);
  if (base.known.type != Type::Tuple && base.known.type != Type::Space && base.known.type != Type::Unknown) {
    wrong_type(object, base.known, "a tuple or a machine space before `[`");
  }
  int len = base.known.len;
  if (len >= 0) {
    const auto clamp = [&](std::int64_t v) { return static_cast<int>(std::clamp<std::int64_t>(v < 0 ? v + len : v, 0, len)); };
    const bool known = (!(given & 1) || bound[0].value) && (!(given & 2) || bound[1].value);
    const int low = given & 1 && bound[0].value ? clamp(*bound[0].value) : 0;
    const int high = given & 2 && bound[1].value ? clamp(*bound[1].value) : len;
    len = known ? std::max(0, high - low) : -1;
  }
  return tuple_of(base.known.type == Type::Space ? Type::Int : base.known.element, len);
}

Static Compiler::call(const Expr& e, std::uint32_t dst) {
  const Expr& callee = *e.children[0];
  if (callee.kind == Expr::Kind::Attribute) return method(e, dst);
  if (callee.kind != Expr::Kind::Name || locals_.count(callee.name) || unit_.globals.count(callee.name) ||
      (is_reserved(callee.name) && callee.name != "Machine")) {
    report(diag::kNotCallable, callee.span, "only functions can be called",
           callee.kind == Expr::Kind::Name ? fmt::format("`{}` is a value; a product is written with `*`", callee.name) : "a product is written with `*`");
    return {};
  }
  if (callee.name == "Machine") return machine(e, dst);
  if (FunctionName* f = unit_.function(callee.name)) return user_call(e, *f, dst);
  if (const auto b = builtin_named(callee.name)) return builtin(e, *b, dst);
  return unknown_function(e);
}

Static Compiler::unknown_function(const Expr& e) {
  const Expr& callee = *e.children[0];
  ok_ = false;
  if (!unit_.silent && !unit_.reported.insert("()" + callee.name).second) return {};
  diag::Diagnostic d = unit_.make(diag::kUndefinedFunction, callee.span, fmt::format("the function `{}` is not defined", callee.name));
  if (callee.name == "len") {
    d.help = "the length of a tuple is `t.len`";
  } else if (callee.name == "range") {
    d.help = "an integer can be gone over directly: `tuple(i for i in n)`";
  } else if (const auto near = nearest(callee.name, known_names(true, true))) {
    d.help = fmt::format("did you mean `{}`?", *near);
    d.fix = diag::Fix {callee.span, *near};
  } else {
    d.help = fmt::format("define it with `def {}(...) {{ ... }}`; built in are min, max, abs, ceil_div, gcd", callee.name);
  }
  unit_.emit(std::move(d));
  return {};
}

Static Compiler::machine(const Expr& e, std::uint32_t dst) {
  Static s = of_type(Type::Space);
  s.len = 2;
  s.kinds = kAllKinds;
  if (e.children.size() != 2) {
    report(diag::kWrongArgumentCount, e.span, fmt::format("`Machine` takes 1 argument, not {}", e.children.size() - 1), "as in `Machine(GPU)`");
    return s;
  }
  const Expr& kind = *e.children[1];
  const bool bound = kind.kind == Expr::Kind::Name && (locals_.count(kind.name) || unit_.globals.count(kind.name));
  if (kind.kind == Expr::Kind::Name && !bound && !processor_kind(kind.name)) {
    std::vector<std::string> words;
    for (const ProcessorKind k : kAllProcessorKinds) words.emplace_back(to_string(k));
    diag::Diagnostic d = unit_.make(diag::kUnknownProcessorKind, kind.span, fmt::format("`{}` is no processor kind", kind.name));
    const auto near = nearest(kind.name, words);
    d.help = near ? fmt::format("did you mean `{}`?", *near) : fmt::format("known: {}", fmt::join(words, ", "));
    if (near) d.fix = diag::Fix {kind.span, *near};
    ok_ = false;
    unit_.emit(std::move(d));
    return s;
  }
  const std::uint32_t mark = next_;
  const Operand k = operand(kind);
  next_ = mark;
  must_be(Type::Processor, k.known, kind, "a processor kind");
  if (!bound && kind.kind == Expr::Kind::Name) s.kinds = 1U << static_cast<unsigned>(*processor_kind(kind.name));
  mentioned_ |= s.kinds;
  emit(e.span, Op::Machine, dst, k.reg);
  return s;
}

Static Compiler::user_call(const Expr& e, FunctionName& f, std::uint32_t dst) {
  f.called = true;
  const std::string& called = e.children[0]->name;
  if (!inside_ && f.statement >= statement_) {
    diag::Diagnostic d = unit_.make(diag::kUsedBeforeDefinition, e.children[0]->span, fmt::format("`{}` is used before the line that defines it", called),
                                    "at top level, move the definition up");
    d.labels.push_back({f.tree->name.span, "defined here"});
    ok_ = false;
    unit_.emit(std::move(d));
    return {};
  }
  const std::uint32_t mark = next_;
  const List arguments = list(e.children, 1, mark, false);
  next_ = mark;
  emit(e.span, Op::Call, dst, mark, arguments.mask, 0, arguments.count, static_cast<std::uint32_t>(f.index));
  const auto& parameters = f.tree->parameters;
  // While a head is broken, its parameters are not all known.
  if (!f.tree->broken && !arguments.unpacks) {
    if (arguments.known.size() != parameters.size()) {
      diag::Diagnostic d = unit_.make(diag::kWrongArgumentCount, e.span, fmt::format("`{}` takes {}, not {}", called, plural(parameters.size(), "argument"), arguments.known.size()));
      d.labels.push_back({f.tree->head, "defined here"});
      ok_ = false;
      unit_.emit(std::move(d));
      return {};
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      static const std::pair<std::string_view, Type> kTypes[] = {{"int", Type::Int}, {"bool", Type::Bool}, {"IPoint", Type::Tuple}, {"ISpace", Type::Tuple},
                                                                 {"MSpace", Type::Space}, {"Task", Type::Task}};
      for (const auto& [word, type] : kTypes) {
        if (parameters[i].type.text == word) {
          must_be(type, arguments.known[i], *e.children[i + 1], fmt::format("{} for the parameter `{} {}`", describe(type), word, parameters[i].name.text));
        }
      }
    }
  }
  if (!f.compiled) {
    // A call of itself, or of a function that calls this one: nothing is known yet, so assume what is safe.
    reads_parent_ = true;
    mentioned_ |= kAllKinds;
    Static s;
    s.recursive = true;
    return s;
  }
  reads_parent_ = reads_parent_ || f.reads_parent;
  mentioned_ |= f.mentioned;
  Static s = f.result;
  std::uint32_t kinds = s.kinds & kAllKinds;
  for (int i = 0; i < kTrackedParameters; ++i) {
    if (!(s.kinds & (1U << (kParameterBit + i)))) continue;
    const auto at = static_cast<std::size_t>(i);
    kinds |= !arguments.unpacks && at < arguments.known.size() ? arguments.known[at].kinds : kAllKinds;
  }
  s.kinds = kinds;
  return s;
}

Static Compiler::builtin(const Expr& e, Builtin b, std::uint32_t dst) {
  const std::uint32_t mark = next_;
  const List arguments = list(e.children, 1, mark, false);
  next_ = mark;
  emit(e.span, Op::Builtin, dst, mark, arguments.mask, static_cast<std::uint8_t>(b), arguments.count);
  const std::size_t n = arguments.known.size();
  const bool fits = b == Builtin::Abs ? n == 1 : b == Builtin::CeilDiv || b == Builtin::Gcd ? n == 2 : n >= 2 || (n == 1 && arguments.known[0].type != Type::Int);
  if (!arguments.unpacks && !fits) {
    report(diag::kWrongArgumentCount, e.span,
           fmt::format("`{}` takes {}, not {}", to_string(b), b == Builtin::Abs ? "1 argument" : b == Builtin::CeilDiv || b == Builtin::Gcd ? "2 arguments" : "2 or more arguments", n));
    return of_type(Type::Int);
  }
  const bool tuple = (b == Builtin::Min || b == Builtin::Max) && n == 1;
  for (std::size_t i = 0; i < n; ++i) {
    const Expr& argument = *e.children[i + 1];
    if (argument.kind != Expr::Kind::Unpack) must_be(tuple ? Type::Tuple : Type::Int, arguments.known[i], argument, tuple ? "a tuple" : "an integer");
  }
  return of_type(Type::Int);
}

Static Compiler::method(const Expr& e, std::uint32_t dst) {
  const Expr& callee = *e.children[0];
  if (callee.name == "processor") return processor_method(e, dst);
  if (const auto what = transform_named(callee.name)) return transform(e, *what, dst);
  const std::uint32_t mark = next_;
  const Operand object = operand(*callee.children[0]);
  next_ = mark;
  for (const AttributeInfo& a : kAttributes) {
    if (a.name != callee.name) continue;
    const diag::Span brackets {callee.span.end, e.span.end};
    diag::Diagnostic d = unit_.make(diag::kNotCallable, brackets, fmt::format("`{}` is no function", callee.name), "leave out the parentheses");
    d.fix = diag::Fix {brackets, ""};
    ok_ = false;
    unit_.emit(std::move(d));
    return {};
  }
  return unknown_attribute(callee, object.known);
}

Static Compiler::processor_method(const Expr& e, std::uint32_t dst) {
  const Expr& object = *e.children[0]->children[0];
  const std::uint32_t mark = next_;
  const Operand task = operand(object);
  Static space;
  if (e.children.size() == 2 && e.children[1]->kind != Expr::Kind::Unpack) {
    const Operand m = operand(*e.children[1]);
    space = m.known;
    must_be(Type::Space, space, *e.children[1], "a machine space");
    emit(e.span, Op::Processor, dst, task.reg, m.reg);
  } else {
    report(diag::kWrongArgumentCount, e.span, fmt::format("`processor` takes 1 argument, not {}", e.children.size() - 1), "as in `task.parent.processor(m)`");
  }
  next_ = mark;
  if (task.known.type != Type::Task && task.known.type != Type::Unknown) return unknown_attribute(*e.children[0], task.known);
  return tuple_of(Type::Int, space.len);
}

Static Compiler::transform(const Expr& e, Transform what, std::uint32_t dst) {
  const std::uint32_t mark = next_, first = allocate();
  const Expr& callee = *e.children[0];
  const Static base = value(*callee.children[0], first);
  const List arguments = list(e.children, 1, first + 1, false);
  next_ = mark;
  if (base.type != Type::Space && base.type != Type::Unknown) return unknown_attribute(callee, base);
  emit(e.span, Op::Transform, dst, first, arguments.mask, static_cast<std::uint8_t>(what), arguments.count);
  Static s = of_type(Type::Space);
  s.kinds = base.kinds;
  const auto [least, most] = arguments_of(what);
  const auto n = static_cast<int>(arguments.known.size());
  if (!arguments.unpacks && (n < least || n > most)) {
    report(diag::kWrongArgumentCount, e.span, fmt::format("`{}` takes {}, not {}", to_string(what), plural(static_cast<std::size_t>(least), "argument"), n),
           fmt::format("write `m.{}`", form_of(what)));
    return s;
  }
  if (arguments.unpacks) return s;
  for (std::size_t i = 0; i < arguments.known.size(); ++i) {
    const Expr& argument = *e.children[i + 1];
    const bool tuple = takes_list(what, i);
    if (tuple && arguments.known[i].type == Type::Int) {
      wrong_type(argument, arguments.known[i], fmt::format("a tuple of {}", i == 2 ? "halo weights" : "extents"), "give one entry per new dimension, as in `task.ispace` or `(4, 4)`");
    } else {
      must_be(tuple ? Type::Tuple : Type::Int, arguments.known[i], argument, tuple ? "a tuple" : "an integer");
    }
  }
  if (base.len < 0) return s;
  switch (what) {
    case Transform::Split: s.len = base.len + 1; break;
    case Transform::Merge: s.len = base.len - 1; break;
    case Transform::BalanceSplit: {
      const auto parts = arguments.known[1].value;
      if (parts && *parts >= 1 && *parts <= kMaxFactors) s.len = base.len - 1 + static_cast<int>(*parts);
      break;
    }
    case Transform::AutoSplit:
    case Transform::Decompose:
    case Transform::GreedySplit:
      if (arguments.known[1].len >= 1) s.len = base.len - 1 + arguments.known[1].len;
      break;
    default: s.len = base.len;
  }
  return s;
}

}  // namespace mapwright::sema
