#include "sema/declarations.h"

#include <fmt/format.h>

#include <algorithm>

namespace mapwright::sema {

using syntax::Name;
using syntax::Word;

namespace {

constexpr std::size_t kMaxCombinations = 200'000;  // (task, argument) pairs of all statements

std::vector<std::string> processor_words() {
  std::vector<std::string> out;
  for (const ProcessorKind k : kAllProcessorKinds) out.emplace_back(to_string(k));
  return out;
}

std::vector<std::string> memory_words() {
  std::vector<std::string> out;
  for (const MemoryKind k : kAllMemoryKinds) out.emplace_back(to_string(k));
  return out;
}

const std::vector<std::string> kConstraints = {"SOA", "AOS", "C_order", "F_order", "Compact", "Exact", "No_Align", "Align"};

// Two constraints that decide the same thing.
std::string_view aspect(std::string_view word) {
  if (word == "SOA" || word == "AOS") return "fields";
  if (word == "C_order" || word == "F_order") return "dimensions";
  if (word == "Align" || word == "No_Align") return "alignment";
  return word;
}

}  // namespace

void Declarations::add(const syntax::Statement& s, std::size_t number) {
  const bool declares = !std::holds_alternative<syntax::FunctionStatement>(s.what) && !std::holds_alternative<syntax::AssignStatement>(s.what) &&
                        !std::holds_alternative<syntax::PrintStatement>(s.what);
  if (declares) state_.statements.push_back({std::string(kind_name(s)), s.span});
  if (const auto* t = std::get_if<syntax::TaskStatement>(&s.what)) add(s, *t);
  if (const auto* t = std::get_if<syntax::RegionStatement>(&s.what)) add(s, *t);
  if (const auto* t = std::get_if<syntax::LayoutStatement>(&s.what)) add(s, *t);
  if (const auto* t = std::get_if<syntax::LimitStatement>(&s.what)) add(s, *t);
  if (const auto* t = std::get_if<syntax::CollectStatement>(&s.what)) add(s, *t);
  if (const auto* t = std::get_if<syntax::MapStatement>(&s.what)) add(s, *t, number);
  if (const auto* t = std::get_if<syntax::ReplicateStatement>(&s.what)) add(s, *t);
}

std::uint32_t Declarations::task_id(const Name& n) {
  if (n.form == Name::Form::Star) return 0;
  return state_.tasks.try_emplace(n.text, static_cast<std::uint32_t>(state_.tasks.size() + 1)).first->second;
}

std::uint32_t Declarations::argument_id(const Name& n) {
  if (n.form == Name::Form::Star) return 0;
  const std::string key = n.form == Name::Form::Position ? "#" + n.text : n.text;
  return state_.arguments.try_emplace(key, static_cast<std::uint32_t>(state_.arguments.size() + 1)).first->second;
}

Declarations::Keys Declarations::keys_of(const syntax::Statement& s, const std::vector<Name>& tasks, const std::vector<Name>* arguments,
                                         std::uint32_t selector) {
  Keys out;
  const std::size_t count = tasks.size() * (arguments ? arguments->size() : 1);
  combinations_ += count;
  if (count > kMaxCombinations || combinations_ > kMaxCombinations) {
    report(diag::kTooManyRules, s.span, fmt::format("the statements up to this one name more than {} combinations", kMaxCombinations),
           "name fewer tasks or arguments at once, or use `*`");
    combinations_ = kMaxCombinations;
    out.fits = false;
    return out;
  }
  for (const Name& t : tasks) {
    const std::uint32_t task = task_id(t);
    if (!arguments) out.keys.push_back({task, 0, selector});
    for (std::size_t a = 0; arguments && a < arguments->size(); ++a) out.keys.push_back({task, argument_id((*arguments)[a]), selector});
  }
  mention(tasks, arguments);
  return out;
}

void Declarations::mention(const std::vector<Name>& tasks, const std::vector<Name>* arguments) {
  using What = Mapper::Mention::What;
  for (const Name& t : tasks) {
    if (t.form != Name::Form::Star) state_.mentions.push_back({What::Task, t.text, {}, t.span});
    for (std::size_t i = 0; arguments && i < arguments->size(); ++i) {
      const Name& a = (*arguments)[i];
      if (a.form == Name::Form::Plain || a.form == Name::Form::Quoted) state_.mentions.push_back({What::Argument, a.text, t.text, a.span});
    }
  }
}

template <typename Value, typename SpanOf>
bool Declarations::enter(RuleTable<Value>& table, const Keys& keys, const Value& value, diag::Span span, SpanOf&& span_of) {
  bool new_key = false;
  std::optional<diag::Span> earlier;
  for (const RuleKey& key : keys.keys) {
    const auto [at, fresh] = table.try_emplace(key, value);
    new_key = new_key || fresh;
    if (!fresh && !earlier) earlier = span_of(at->second);
  }
  if (new_key || !earlier) return true;
  diag::Diagnostic d = unit_.make(diag::kNoEffect, span, fmt::format("this statement has no effect, line {} already decides this", unit_.source->position(earlier->begin).line),
                                  "the first of equally specific statements wins; remove one of the two");
  d.labels.push_back({*earlier, "decides this"});
  unit_.emit(std::move(d));
  return false;
}

void Declarations::unknown_word(int code, const Word& w, std::string_view what, const std::vector<std::string>& candidates, std::string help) {
  diag::Diagnostic d = unit_.make(code, w.span, fmt::format("`{}` is no {}", w.text, what), std::move(help));
  if (const auto near = d.help.empty() ? nearest(w.text, candidates) : std::nullopt) {
    d.help = fmt::format("did you mean `{}`?   (known: {})", *near, fmt::join(candidates, ", "));
    d.fix = diag::Fix {w.span, *near};
  } else if (d.help.empty()) {
    d.help = fmt::format("known: {}", fmt::join(candidates, ", "));
  }
  unit_.emit(std::move(d));
}

std::optional<ProcessorKind> Declarations::processor_word(const Word& w) {
  const auto kind = processor_kind(w.text);
  if (!kind) {
    unknown_word(diag::kUnknownProcessorKind, w, "processor kind", processor_words(),
                 memory_kind(w.text) ? "it is a memory kind; a processor kind stands before it, as in `GPU FBMEM`" : "");
  }
  return kind;
}

std::optional<MemoryKind> Declarations::memory_word(const Word& w) {
  const auto kind = memory_kind(w.text);
  if (!kind) unknown_word(diag::kUnknownMemoryKind, w, "memory kind", memory_words(), processor_kind(w.text) ? "it is a processor kind; memory kinds stand here" : "");
  return kind;
}

void Declarations::add(const syntax::Statement& s, const syntax::TaskStatement& t) {
  SharedList<ProcessorKind> list;
  list.span = s.span;
  bool known = true;
  for (const Word& w : t.kinds) {
    const auto kind = processor_word(w);
    known = known && kind;
    if (!kind) continue;
    const auto same = [&](const Decided<ProcessorKind>& d) { return d.value == *kind; };
    if (std::any_of(list.entries.begin(), list.entries.end(), same)) {
      report(diag::kRepeatedKind, w.span, fmt::format("`{}` stands in this list before", w.text), "remove it");
      continue;
    }
    list.entries.push_back({*kind, s.span});
  }
  const Keys keys = keys_of(s, t.tasks, nullptr, kSelectAny);
  if (!known) return;
  state_.kind_lists.push_back(std::move(list));
  enter(state_.kinds, keys, static_cast<std::uint32_t>(state_.kind_lists.size() - 1), s.span, [&](std::uint32_t at) { return state_.kind_lists[at].span; });
}

void Declarations::add(const syntax::Statement& s, const syntax::RegionStatement& t) {
  std::uint32_t selector = kSelectAny;
  bool known = true;
  if (t.kind.text != "*") {
    const auto kind = processor_word(t.kind);
    known = kind.has_value();
    if (kind) selector = kSelectProcessor + static_cast<std::uint32_t>(*kind);
  }
  SharedList<MemoryKind> list;
  list.span = s.span;
  for (const Word& w : t.memories) {
    const auto kind = memory_word(w);
    known = known && kind;
    if (!kind) continue;
    const bool ended = !list.entries.empty() && list.entries.back().value == MemoryKind::Virtual;
    const auto same = [&](const Decided<MemoryKind>& d) { return d.value == *kind; };
    if (ended || std::any_of(list.entries.begin(), list.entries.end(), same)) {
      report(diag::kRepeatedKind, w.span, ended ? fmt::format("`{}` after `VIRTUAL` is never reached", w.text) : fmt::format("`{}` stands in this list before", w.text),
             "remove it");
      continue;
    }
    list.entries.push_back({*kind, s.span});
  }
  const Keys keys = keys_of(s, t.tasks, &t.arguments, selector);
  if (!known) return;
  state_.memory_lists.push_back(std::move(list));
  enter(state_.memories, keys, static_cast<std::uint32_t>(state_.memory_lists.size() - 1), s.span, [&](std::uint32_t at) { return state_.memory_lists[at].span; });
}

void Declarations::contradiction(const syntax::Constraint& earlier, const syntax::Constraint& later) {
  const bool same = earlier.word.text == later.word.text && earlier.bytes == later.bytes;
  diag::Diagnostic d = unit_.make(diag::kContradictoryLayout, earlier.span,
                                  fmt::format("`{}` {} `{}` later in this statement", earlier.word.text, same ? "is repeated by" : "is overruled by", later.word.text),
                                  "the last one counts; remove one of the two");
  d.labels.push_back({later.span, "counts"});
  unit_.emit(std::move(d));
}

bool Declarations::alignment(const syntax::Constraint& c, LayoutChoice& choice) {
  static constexpr std::pair<std::string_view, AlignOp> kOps[] = {{"==", AlignOp::Equal}, {"<=", AlignOp::LessEqual}, {">=", AlignOp::GreaterEqual},
                                                                  {"<", AlignOp::Less},   {">", AlignOp::Greater},    {"!=", AlignOp::NotEqual}};
  Alignment a;
  for (const auto& [text, op] : kOps) {
    if (c.op && c.op->text == text) a.op = op;
  }
  a.bytes = c.bytes;
  if (a.chosen() == 0) {
    report(diag::kInvalidAlignment, c.span, "no power of two satisfies this alignment", "instances are aligned to a power of two, usually 16 to 128 bytes");
    return false;
  }
  choice.alignment = a;
  return true;
}

bool Declarations::constraint(const syntax::Constraint& c, LayoutChoice& choice, std::vector<const syntax::Constraint*>& before) {
  const std::string& w = c.word.text;
  if (std::find(kConstraints.begin(), kConstraints.end(), w) == kConstraints.end()) {
    unknown_word(diag::kUnknownLayoutWord, c.word, "layout constraint", kConstraints);
    return false;
  }
  if (c.op && w != "Align") {
    report(diag::kUnknownLayoutWord, c.span, fmt::format("`{}` takes no comparison", w), "only `Align` does");
    return false;
  }
  for (const syntax::Constraint*& earlier : before) {
    if (aspect(earlier->word.text) != aspect(w)) continue;
    contradiction(*earlier, c);
    earlier = before.back();
    before.pop_back();
    break;
  }
  before.push_back(&c);
  if (w == "SOA" || w == "AOS") {
    choice.fields = w == "SOA" ? FieldOrder::Soa : FieldOrder::Aos;
    choice.fields_given = true;
  } else if (w == "C_order" || w == "F_order") {
    choice.dims = w == "C_order" ? DimOrder::C : DimOrder::F;
    choice.dims_given = true;
  } else if (w == "Compact") {
    choice.compact = true;
  } else if (w == "Exact") {
    choice.exact = true;
  } else if (w == "No_Align") {
    choice.alignment.reset();
  } else {
    return alignment(c, choice);
  }
  return true;
}

void Declarations::add(const syntax::Statement& s, const syntax::LayoutStatement& t) {
  std::uint32_t selector = kSelectAny;
  bool known = true;
  if (const auto memory = memory_kind(t.target.text)) {
    selector = kSelectMemory + static_cast<std::uint32_t>(*memory);
  } else if (const auto kind = processor_kind(t.target.text)) {
    selector = kSelectProcessor + static_cast<std::uint32_t>(*kind);
  } else if (t.target.text != "*") {
    known = false;
    std::vector<std::string> words = memory_words();
    for (std::string& w : processor_words()) words.push_back(std::move(w));
    const auto near = nearest(t.target.text, words);
    const bool shifted = std::find(kConstraints.begin(), kConstraints.end(), t.target.text) != kConstraints.end();
    unknown_word(near && processor_kind(*near) ? diag::kUnknownProcessorKind : diag::kUnknownMemoryKind, t.target, "memory or processor kind", words,
                 shifted ? "`Layout` names a task, an argument and a memory kind, or `*`, before the constraints" : "");
  }
  LayoutChoice choice;
  std::vector<const syntax::Constraint*> before;
  for (const syntax::Constraint& c : t.constraints) known = constraint(c, choice, before) && known;
  const Keys keys = keys_of(s, t.tasks, &t.arguments, selector);
  if (!known) return;
  state_.layout_choices.push_back({choice, s.span});
  enter(state_.layouts, keys, static_cast<std::uint32_t>(state_.layout_choices.size() - 1), s.span, [&](std::uint32_t at) { return state_.layout_choices[at].span; });
}

void Declarations::add(const syntax::Statement& s, const syntax::LimitStatement& t) {
  const Keys keys = keys_of(s, t.tasks, nullptr, kSelectAny);
  if (t.limit < 1) {
    report(diag::kInvalidInstanceLimit, t.limit_span, fmt::format("an instance limit of {} lets no point run", t.limit), "at least 1; without a limit, leave the statement out");
    return;
  }
  state_.limit_values.push_back({t.limit, s.span});
  enter(state_.limits, keys, static_cast<std::uint32_t>(state_.limit_values.size() - 1), s.span, [&](std::uint32_t at) { return state_.limit_values[at].span; });
}

void Declarations::add(const syntax::Statement& s, const syntax::CollectStatement& t) {
  const Keys keys = keys_of(s, t.tasks, &t.arguments, kSelectAny);
  state_.collection_spans.push_back(s.span);
  enter(state_.collections, keys, static_cast<std::uint32_t>(state_.collection_spans.size() - 1), s.span, [&](std::uint32_t at) { return state_.collection_spans[at]; });
}

void Declarations::add(const syntax::Statement& s, const syntax::ReplicateStatement& t) {
  const Keys keys = keys_of(s, t.tasks, nullptr, kSelectAny);
  if (!state_.first_replicate) state_.first_replicate = s.span;
  enter(state_.replicated, keys, s.span, s.span, [](diag::Span span) { return span; });
}

void Declarations::add(const syntax::Statement& s, const syntax::MapStatement& t, std::size_t number) {
  const std::string keyword = t.single ? "SingleTaskMap" : "IndexTaskMap";
  std::vector<Name> named;
  Keys keys;
  const FunctionName* f = unit_.function(t.function.text);
  for (const Name& n : t.tasks) {
    const auto kind = n.form == Name::Form::Plain ? processor_kind(n.text) : std::nullopt;
    if (kind) {
      keys.keys.push_back({0, 0, kSelectProcessor + static_cast<std::uint32_t>(*kind)});
    } else {
      named.push_back(n);
    }
  }
  const Keys names = keys_of(s, named, nullptr, kSelectAny);
  keys.keys.insert(keys.keys.end(), names.keys.begin(), names.keys.end());
  if (!f) {
    std::vector<std::string> candidates;
    for (const auto& [name, at] : unit_.function_index) candidates.push_back(name);
    std::sort(candidates.begin(), candidates.end());
    diag::Diagnostic d = unit_.make(diag::kUndefinedFunction, t.function.span, fmt::format("the function `{}` is not defined", t.function.text));
    const auto near = nearest(t.function.text, candidates);
    d.help = near ? fmt::format("did you mean `{}`?", *near) : fmt::format("define it above: `def {}(Task task) {{ return m[...]; }}`", t.function.text);
    if (near) d.fix = diag::Fix {t.function.span, *near};
    d.equivalent = keyword + "'s function undefined";
    unit_.emit(std::move(d));
    return;
  }
  if (f->statement > number) {
    diag::Diagnostic d = unit_.make(diag::kUsedBeforeDefinition, t.function.span, fmt::format("`{}` is used before the line that defines it", t.function.text),
                                    "move this statement below the function");
    d.labels.push_back({f->tree->name.span, "defined here"});
    d.equivalent = keyword + "'s function undefined";
    unit_.emit(std::move(d));
  }
  if (!placement_function(t, *f)) return;
  state_.maps.push_back({FunctionId(f->index), s.span});
  auto& table = t.single ? state_.single_maps : state_.index_maps;
  if (!enter(table, keys, static_cast<std::uint32_t>(state_.maps.size() - 1), s.span, [&](std::uint32_t at) { return state_.maps[at].span; })) return;
  for (const Name& n : t.tasks) {
    const auto kind = n.form == Name::Form::Plain ? processor_kind(n.text) : std::nullopt;
    uses_.push_back({kind || n.form == Name::Form::Star ? "" : n.text, kind, f->index, n.span});
  }
}

bool Declarations::placement_function(const syntax::MapStatement& t, const FunctionName& f) {
  unit_.functions[f.index].called = true;
  const auto& parameters = f.tree->parameters;
  if (!f.tree->broken && (parameters.size() != 1 || parameters[0].type.text != "Task")) {
    diag::Diagnostic d = unit_.make(diag::kNotAPlacementFunction, t.function.span, fmt::format("`{}` cannot place tasks", t.function.text),
                                    "a placement function has exactly one parameter, of type `Task`");
    d.labels.push_back({f.tree->head, "defined here"});
    unit_.emit(std::move(d));
    return false;
  }
  const Type type = f.result.type;
  if (!f.has_return || f.result.recursive || type == Type::Point || type == Type::Unknown) return true;
  for (const syntax::BodyStatement& b : f.tree->body) {
    const auto* result = std::get_if<syntax::ReturnStatement>(&b.what);
    if (!result) continue;
    diag::Diagnostic d = unit_.make(diag::kTupleInsteadOfPoint, result->value->span, fmt::format("`{}` returns {}, not a machine point", t.function.text, describe(type)));
    d.help = type == Type::Tuple ? "index a machine space with it, as in `mgpu[*t]`" : "index a machine space with one coordinate per dimension, as in `mgpu[i, j]`";
    d.labels.push_back({t.function.span, "used to place tasks here"});
    unit_.emit(std::move(d));
    return true;
  }
  return true;
}

void Declarations::check_maps() {
  for (const MapUse& use : uses_) {
    const Code& code = state_.functions[use.function];
    if (!code.usable || code.kinds == 0) continue;
    std::uint32_t wanted = 0;
    if (use.kind) {
      wanted = 1U << static_cast<unsigned>(*use.kind);
    } else if (!use.task.empty()) {
      const auto id = state_.tasks.find(use.task);
      auto list = state_.kinds.find({id == state_.tasks.end() ? 0 : id->second, 0, kSelectAny});
      if (list == state_.kinds.end()) list = state_.kinds.find({0, 0, kSelectAny});
      if (list == state_.kinds.end()) continue;
      for (const auto& k : state_.kind_lists[list->second].entries) wanted |= 1U << static_cast<unsigned>(k.value);
    }
    if (wanted == 0 || (wanted & code.kinds) != 0) continue;
    std::string kinds, runs;
    for (const ProcessorKind k : kAllProcessorKinds) {
      if (code.kinds >> static_cast<unsigned>(k) & 1U) kinds += fmt::format("{}{}", kinds.empty() ? "" : ", ", to_string(k));
      if (wanted >> static_cast<unsigned>(k) & 1U) runs += fmt::format("{}{}", runs.empty() ? "" : ", ", to_string(k));
    }
    diag::Diagnostic d = unit_.make(diag::kMapForOtherKind, use.span, fmt::format("`{}` places points on {}, but these run on {}", code.name, kinds, runs),
                                    fmt::format("the statement does nothing; return a point of `Machine({})`, or change the `Task` statement", runs.substr(0, runs.find(','))));
    d.labels.push_back({code.span, fmt::format("returns points of {}", kinds)});
    unit_.emit(std::move(d));
  }
}

}  // namespace mapwright::sema
