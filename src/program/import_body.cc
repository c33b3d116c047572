// import_json: statements.
#include <algorithm>

#include "program/import.h"
#include "program/words.h"

namespace mapwright::program {

void Importer::body(const JsonValue* v, Body& to) {
  each(v, "a list of statements", [&](const JsonValue& s) { statement(s, to); });
}

void Importer::statement(const JsonValue& v, Body& to) {
  if (!is(v, Kind::Object, "a statement")) return;
  statement_spans_.push_back(v.span);
  // One of its keys, wherever it stands, says what it is.
  static const std::vector<std::string> kKinds {"launch", "loop", "fence", "timer", "fill", "wait"};
  std::string_view kind;
  for (const JsonValue* m = doc_.first(v); m != nullptr && kind.empty(); m = doc_.next(*m)) {
    if (std::find(kKinds.begin(), kKinds.end(), doc_.key(*m)) != kKinds.end()) kind = doc_.key(*m);
  }
  if (kind == "launch") {
    to.push_back({launch(v)});
  } else if (kind == "loop") {
    loop(v, to);
  } else if (kind == "fence") {
    const Members m(*this, v, "a fence", {"fence"});
    constexpr std::array<std::string_view, 2> kWords {"order", "wait"};
    to.push_back({Fence {enumerator<FenceWord>(m.find("fence"), "`fence`", kWords) == FenceWord::Wait}});
  } else if (kind == "timer") {
    const Members m(*this, v, "a timer", {"timer", "label"});
    constexpr std::array<std::string_view, 2> kWords {"stop", "start"};
    to.push_back({Timer {text(m.need("label"), "`label`"), enumerator<TimerWord>(m.find("timer"), "`timer`", kWords) == TimerWord::Start}});
  } else if (kind == "fill") {
    to.push_back({fill(v)});
  } else if (kind == "wait") {
    const Members m(*this, v, "a wait", {"wait"});
    to.push_back({FutureWait {FutureId(named(m.find("wait"), "future", futures_))}});
  } else {
    unknown_statement(v, kKinds);
  }
}

void Importer::unknown_statement(const JsonValue& v, const std::vector<std::string>& kinds) {
  for (const JsonValue* m = doc_.first(v); m != nullptr; m = doc_.next(*m)) {
    if (const std::optional<std::string> near = nearest(doc_.key(*m).substr(0, 60), kinds)) {
      return error(diag::kUnknownProgramKey, m->key, "a statement has no key that says what it is", fmt::format("did you mean `{}`?", *near));
    }
  }
  error(diag::kUnknownProgramKey, {v.span.begin, v.span.begin + 1}, "a statement has no key that says what it is", listed(kinds));
}

Launch Importer::launch(const JsonValue& v) {
  const Members m(*this, v, "a launch", {"launch", "domain", "arguments", "result", "futures", "values"});
  Launch l;
  l.task = TaskId(named(m.find("launch"), "task", tasks_));
  const JsonValue* domain = m.find("domain");
  l.index = domain != nullptr;
  if (domain != nullptr) l.domain = rect(domain, "`domain`", kMaxPoints).value_or(Rect::of_extents({1}));
  if (const JsonValue* list = m.find("arguments")) each(list, "`arguments`", [&](const JsonValue& a) { l.arguments.push_back(argument(a)); });
  if (const JsonValue* r = m.find("result")) {
    const Members rm(*this, *r, "a result", {"future", "op"});
    const FutureId f(named(rm.need("future"), "future", futures_));
    l.result = {f, enumerator<ReductionOp>(rm.need("op"), "`op`", kReductions)};
  }
  if (const JsonValue* list = m.find("futures")) each(list, "`futures`", [&](const JsonValue& f) { l.futures.emplace_back(named(&f, "future", futures_)); });
  if (const JsonValue* list = m.find("values")) each(list, "`values`", [&](const JsonValue& x) { l.values.push_back(real(&x, "a value")); });
  return l;
}

Argument Importer::argument(const JsonValue& v) {
  const Members m(*this, v, "an argument", {"name", "region", "partition", "projection", "table", "fields", "privilege", "reduction", "patterns"});
  Argument a;
  a.name = text(m.need("name"), "`name`");
  a.region = RegionId(named(m.need("region"), "region", regions_));
  if (const JsonValue* q = m.find("partition")) a.partition = PartitionId(named(q, "partition", partitions_));
  const JsonValue *expressions = m.find("projection"), *table = m.find("table");
  if ((expressions != nullptr || table != nullptr) != a.partition.has_value() || (expressions != nullptr && table != nullptr)) {
    error(diag::kMissingProgramKey, {v.span.begin, v.span.begin + 1}, "an argument with a partition has a `projection` or a `table`, one without has neither");
  }
  if (expressions != nullptr) each(expressions, "`projection`", [&](const JsonValue& e) { a.projection.colors.push_back(expression(&e, "a projection")); });
  if (table != nullptr) {
    each(table, "`table`", [&](const JsonValue& c) { a.projection.table.push_back(static_cast<std::uint32_t>(integer(&c, "a colour", 0, kMaxColors - 1))); });
  }
  if (const JsonValue* f = m.find("fields")) a.fields = field_list(f, a.region);
  std::sort(a.fields.begin(), a.fields.end());
  a.privilege = enumerator<Privilege>(m.need("privilege"), "`privilege`", kPrivileges);
  if (const JsonValue* op = m.find("reduction")) a.reduction = enumerator<ReductionOp>(op, "`reduction`", kReductions);
  if (const JsonValue* list = m.find("patterns")) each(list, "`patterns`", [&](const JsonValue& q) { a.patterns.push_back(pattern(q, a.region)); });
  return a;
}

AccessPattern Importer::pattern(const JsonValue& v, RegionId r) {
  const Members m(*this, v, "an access pattern", {"kind", "fields", "count", "bytes", "distinct", "reuse", "passes"});
  AccessPattern q;
  q.kind = enumerator<AccessPattern::Kind>(m.need("kind"), "`kind`", kPatterns);
  if (const JsonValue* f = m.find("fields")) q.fields = field_list(f, r);
  std::sort(q.fields.begin(), q.fields.end());
  if (const JsonValue* c = m.find("count")) q.count = expression(c, "`count`");
  if (const JsonValue* b = m.find("bytes")) q.bytes = integer(b, "`bytes`", 0, 1 << 20);
  if (const JsonValue* d = m.find("distinct")) q.distinct = expression(d, "`distinct`");
  if (const JsonValue* x = m.find("reuse")) q.reuse = real(x, "`reuse`");
  if (const JsonValue* x = m.find("passes")) q.passes = real(x, "`passes`");
  return q;
}

void Importer::loop(const JsonValue& v, Body& to) {
  const Members m(*this, v, "a loop", {"loop", "count", "traced", "trace", "body"});
  Loop l;
  l.name = text(m.find("loop"), "`loop`");
  l.count = integer(m.need("count"), "`count`", 0, std::int64_t {1} << 31);
  l.traced = flag(m.find("traced"), "`traced`", false);
  if (const JsonValue* t = m.find("trace")) l.trace = text(t, "`trace`");
  body(m.need("body"), l.body);
  to.push_back({std::move(l)});
}

Fill Importer::fill(const JsonValue& v) {
  const Members m(*this, v, "a fill", {"fill", "partition", "fields", "value"});
  Fill f;
  f.region = RegionId(named(m.find("fill"), "region", regions_));
  if (const JsonValue* q = m.find("partition")) f.partition = PartitionId(named(q, "partition", partitions_));
  f.fields = field_list(m.need("fields"), f.region);
  f.value = real(m.need("value"), "`value`");
  return f;
}

}  // namespace mapwright::program
