// export_json: a program as text, mapwright.program/1. Keys with default values are left out.
#include <cmath>

#include "program/calibration.h"
#include "program/json.h"
#include "program/program.h"
#include "program/words.h"

namespace mapwright::program {

namespace {

std::string number(double v) { return std::isfinite(v) ? fmt::format("{}", v) : "0"; }

std::string parameters_of(const std::map<std::string, std::string>& all) {
  std::string text;
  for (const auto& [key, value] : all) text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", json_quoted(key), json_quoted(value));
  return "{" + text + "}";
}

// One JSON object on one line.
class Object {
 public:
  Object& raw(std::string_view key, std::string_view value) {
    text_ += fmt::format("{}\"{}\": {}", text_.size() > 1 ? ", " : "", key, value);
    return *this;
  }
  Object& text(std::string_view key, std::string_view value) { return raw(key, json_quoted(value)); }
  Object& integer(std::string_view key, std::int64_t value) { return raw(key, std::to_string(value)); }
  Object& real(std::string_view key, double value) { return raw(key, number(value)); }
  Object& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  std::string end() const { return text_ + "}"; }

 private:
  std::string text_ = "{";
};

template <typename Range, typename F>
std::string list(const Range& range, F&& item) {
  std::string text = "[";
  for (const auto& v : range) text += (text.size() > 1 ? ", " : "") + item(v);
  return text + "]";
}

// As list(), one item per line.
template <typename Range, typename F>
std::string lines(const Range& range, int indent, F&& item) {
  std::string text;
  for (const auto& v : range) text += fmt::format("{}\n{:{}}{}", text.empty() ? "" : ",", "", indent, item(v));
  return text.empty() ? "[]" : fmt::format("[{}\n{:{}}]", text, "", indent - 2);
}

std::string quoted(std::string_view v) { return json_quoted(v); }

std::string rect(const Rect& r) {
  std::string lo, hi;
  for (int d = 0; d < r.dim(); ++d) {
    lo += fmt::format("{}{}", d > 0 ? ", " : "", r.lo[d]);
    hi += fmt::format("{}{}", d > 0 ? ", " : "", r.hi[d]);
  }
  return fmt::format("[[{}], [{}]]", lo, hi);
}

std::string points(const PointSet& s) { return list(s.rects(), rect); }

std::string expression(const Expr& e) {
  if (e.nodes().empty()) return "0";
  if (e.nodes().size() == 1 && e.is_constant()) return number(e.nodes()[0].value);
  return quoted(e.to_text());
}

class Writer {
 public:
  explicit Writer(const Program& p) : p_(p) {}

  std::string run() {
    std::string text = fmt::format("{{\n  \"schema\": \"mapwright.program/1\",\n  \"name\": {},\n  \"parameters\": {},\n  \"top_level\": {},\n  \"ranks_per_node\": {},\n", quoted(p_.name),
                                   parameters_of(p_.parameters), quoted(p_.top_level), p_.ranks_per_node);
    text += fmt::format("  \"regions\": {},\n", lines(p_.regions, 4, [](const Region& r) { return region(r); }));
    text += fmt::format("  \"partitions\": {},\n", lines(p_.partitions, 4, [this](const Partition& q) { return partition(q); }));
    text += fmt::format("  \"futures\": {},\n", list(p_.futures, quoted));
    text += fmt::format("  \"tasks\": {},\n", lines(p_.tasks, 4, [this](const Task& t) { return task(t); }));
    text += fmt::format("  \"main\": {},\n", body(p_.main, 4));
    text += fmt::format("  \"metric\": {}", metric(p_.metric));
    if (!p_.reference_mapper.empty()) text += fmt::format(",\n  \"reference_mapper\": {}", quoted(p_.reference_mapper));
    return text + "\n}\n";
  }

  // A calibration has the form of a program with nothing but tasks and their measured times.
  static std::string run(const Calibration& c) {
    std::string text = fmt::format("{{\n  \"schema\": \"mapwright.calibration/1\",\n  \"program\": {},\n  \"parameters\": {},\n  \"machine\": {},\n",
                                   quoted(c.program), parameters_of(c.parameters), quoted(c.machine));
    std::vector<std::string> tasks;
    for (std::size_t i = 0; i < c.entries.size();) {
      const std::string& task = c.entries[i].task;
      std::vector<std::string> variants;
      for (; i < c.entries.size() && c.entries[i].task == task; ++i) {
        const Calibration::Entry& e = c.entries[i];
        variants.push_back(Object().text("processor", to_string(e.kind)).raw("measured", lines(e.measured, 10, measured)).end());
      }
      tasks.push_back(Object().text("name", task).raw("variants", lines(variants, 6, [](const std::string& v) { return v; })).end());
    }
    return text + fmt::format("  \"tasks\": {}\n}}\n", lines(tasks, 4, [](const std::string& t) { return t; }));
  }

 private:
  static std::string region(const Region& r) {
    const auto field = [](const Field& f) { return Object().text("name", f.name).integer("bytes", f.bytes).end(); };
    return Object().text("name", r.name).raw("points", points(r.points)).raw("fields", list(r.fields, field)).end();
  }

  std::string partition(const Partition& q) const {
    Object o;
    o.text("name", q.name).text("region", p_.regions[q.region.value].name);
    if (q.parent) {
      o.raw("parent", Object().text("partition", p_.partitions[q.parent->first.value].name).integer("piece", q.parent->second).end());
    }
    o.raw("colors", rect(q.colors)).raw("pieces", list(q.pieces, points));
    return o.flag("disjoint", q.disjoint).flag("complete", q.complete).end();
  }

  std::string task(const Task& t) const {
    Object o;
    o.text("name", t.name);
    if (!t.replicable) o.flag("replicable", false);
    o.raw("variants", lines(t.variants, 8, [](const Variant& v) { return variant(v); }));
    if (!t.body.empty()) o.raw("body", body(t.body, 8));
    return o.end();
  }

  static std::string measured(const MeasuredTime& m) {
    Object time;
    if (!m.memories.empty()) time.raw("memories", list(m.memories, [](const std::optional<MemoryKind>& k) { return k ? quoted(to_string(*k)) : std::string("null"); }));
    order(time, m.fields, m.dims);
    if (m.argument) time.integer("argument", *m.argument);
    return time.raw("seconds", expression(m.seconds)).end();
  }

  static void order(Object& o, const std::optional<FieldOrder>& fields, const std::optional<DimOrder>& dims) {
    if (fields) o.text("fields", word(kFieldOrders, *fields));
    if (dims) o.text("dims", word(kDimOrders, *dims));
  }

  static std::string variant(const Variant& v) {
    Object o;
    o.text("processor", to_string(v.kind));
    if (v.inner) o.flag("inner", true);
    if (v.precision != Precision::Double) o.text("precision", word(kPrecisions, v.precision));
    if (v.flops != Expr()) o.raw("flops", expression(v.flops));
    if (v.efficiency != 1) o.real("efficiency", v.efficiency);
    if (!v.demands.empty()) {
      o.raw("demands", list(v.demands, [](const LayoutDemand& d) {
              Object demand;
              if (d.argument) demand.integer("argument", *d.argument);
              order(demand, d.fields, d.dims);
              if (!d.equivalent.empty()) demand.text("equivalent", d.equivalent);
              return demand.end();
            }));
    }
    if (v.preferred) o.text("preferred", word(kDimOrders, *v.preferred));
    if (!v.measured.empty()) {
      o.raw("measured", list(v.measured, measured));
    }
    return o.end();
  }

  std::string field_names(RegionId r, const std::vector<FieldIndex>& fields) const {
    return list(fields, [&](FieldIndex f) { return quoted(p_.regions[r.value].fields[f].name); });
  }

  std::string argument(const Argument& a) const {
    Object o;
    o.text("name", a.name).text("region", p_.regions[a.region.value].name);
    if (a.partition) {
      o.text("partition", p_.partitions[a.partition->value].name);
      if (a.projection.table.empty()) o.raw("projection", list(a.projection.colors, expression));
      else o.raw("table", list(a.projection.table, [](std::uint32_t c) { return std::to_string(c); }));
    }
    if (!a.fields.empty()) o.raw("fields", field_names(a.region, a.fields));
    o.text("privilege", word(kPrivileges, a.privilege));
    if (a.privilege == Privilege::Reduce) o.text("reduction", word(kReductions, a.reduction));
    if (!a.patterns.empty()) o.raw("patterns", list(a.patterns, [&](const AccessPattern& q) { return pattern(a, q); }));
    return o.end();
  }

  std::string pattern(const Argument& a, const AccessPattern& q) const {
    Object o;
    o.text("kind", word(kPatterns, q.kind));
    if (!q.fields.empty()) o.raw("fields", field_names(a.region, q.fields));
    if (q.count) o.raw("count", expression(*q.count));
    if (q.bytes != 0) o.integer("bytes", q.bytes);
    if (q.distinct) o.raw("distinct", expression(*q.distinct));
    if (q.reuse != 1) o.real("reuse", q.reuse);
    if (q.passes != 1) o.real("passes", q.passes);
    return o.end();
  }

  std::string body(const Body& b, int indent) const {
    return lines(b, indent, [&](const Statement& s) {
      return std::visit([&](const auto& v) { return statement(v, indent); }, s.what);
    });
  }

  std::string statement(const Launch& l, int indent) const {
    Object o;
    o.text("launch", p_.tasks[l.task.value].name);
    if (l.index) o.raw("domain", rect(l.domain));
    if (!l.arguments.empty()) o.raw("arguments", lines(l.arguments, indent + 4, [this](const Argument& a) { return argument(a); }));
    if (l.result) o.raw("result", Object().text("future", p_.futures[l.result->first.value]).text("op", word(kReductions, l.result->second)).end());
    if (!l.futures.empty()) o.raw("futures", list(l.futures, [this](FutureId f) { return quoted(p_.futures[f.value]); }));
    if (!l.values.empty()) o.raw("values", list(l.values, number));
    return o.end();
  }
  std::string statement(const Loop& l, int indent) const {
    Object o;
    o.text("loop", l.name).integer("count", l.count);
    if (l.traced) o.flag("traced", true);
    if (!l.trace.empty()) o.text("trace", l.trace);
    return o.raw("body", body(l.body, indent + 4)).end();
  }
  std::string statement(const Fence& f, int) const {
    Object o;
    o.text("fence", f.wait ? "wait" : "order");
    return o.end();
  }
  std::string statement(const Timer& t, int) const { return Object().text("timer", t.start ? "start" : "stop").text("label", t.label).end(); }
  std::string statement(const Fill& f, int) const {
    Object o;
    o.text("fill", p_.regions[f.region.value].name);
    if (f.partition) o.text("partition", p_.partitions[f.partition->value].name);
    return o.raw("fields", field_names(f.region, f.fields)).real("value", f.value).end();
  }
  std::string statement(const FutureWait& w, int) const { return Object().text("wait", p_.futures[w.future.value]).end(); }

  static std::string metric(const Metric& m) {
    Object o;
    o.text("name", m.name).text("unit", m.unit).raw("formula", expression(m.formula)).flag("higher_is_better", m.higher_is_better);
    if (m.combine != Metric::Combine::Sum) o.text("combine", word(kCombines, m.combine));
    if (!m.label.empty()) o.text("label", m.label);
    return o.end();
  }

  const Program& p_;
};

}  // namespace

std::string export_json(const Program& p) { return Writer(p).run(); }
std::string export_json(const Calibration& c) { return Writer::run(c); }

}  // namespace mapwright::program
