// import_json: reads mapwright.program/1. Every mistake is reported at its place and reading goes on with a default, so
// that one run shows them all; the program is validated at the end with places of its statements.
#include <algorithm>

#include "program/cover.h"
#include "program/import.h"
#include "program/words.h"

namespace mapwright::program {

namespace {

constexpr std::int64_t kMaxBlockPieces = std::int64_t {1} << 21;
constexpr std::int64_t kMaxRectWork = std::int64_t {1} << 24;

std::string_view type_name(Kind k) {
  switch (k) {
    case Kind::Null: return "null";
    case Kind::Boolean: return "true or false";
    case Kind::Integer: return "an integer";
    case Kind::Real: return "a number";
    case Kind::String: return "a string";
    case Kind::Array: return "a list";
    default: return "an object";
  }
}

}  // namespace

// ------------------------------------------------------------------------------------------------ values

void Importer::error(int code, diag::Span span, std::string message, std::string help) {
  if (++errors_ > kMaxErrors) return;
  diag::Diagnostic d;
  d.code = code;
  d.message = std::move(message);
  d.help = std::move(help);
  d.source = source_;
  d.span = span;
  sink_.emit(std::move(d));
}

bool Importer::is(const JsonValue& v, Kind kind, std::string_view what) {
  if (v.kind == kind) return true;
  error(diag::kWrongProgramType, v.span, fmt::format("{} must be {}, not {}", what, type_name(kind), type_name(v.kind)));
  return false;
}

Importer::Members::Members(Importer& in, const JsonValue& v, std::string_view what, std::initializer_list<std::string_view> known)
    : in_(in), value_(v), what_(what) {
  if (!in.is(v, Kind::Object, what)) return;
  for (const JsonValue* m = in.doc_.first(v); m != nullptr; m = in.doc_.next(*m)) {
    const std::string_view key = in.doc_.key(*m);
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const std::vector<std::string> words(known.begin(), known.end());
      const std::optional<std::string> near = nearest(key.substr(0, 60), words);
      in.error(diag::kUnknownProgramKey, m->key, fmt::format("{} has no key `{}`", what, key.substr(0, 60)),
               near ? fmt::format("did you mean `{}`?", *near) : listed(words));
    } else if (!found_.emplace(key, m).second) {
      in.error(diag::kUnknownProgramKey, m->key, fmt::format("key `{}` of {} stands twice", key, what));
    }
  }
}

const JsonValue* Importer::Members::find(std::string_view key) const {
  const auto found = found_.find(key);
  return found == found_.end() ? nullptr : found->second;
}

const JsonValue* Importer::Members::need(std::string_view key) const {
  const JsonValue* v = find(key);
  if (v == nullptr && value_.kind == Kind::Object) {
    in_.error(diag::kMissingProgramKey, {value_.span.begin, value_.span.begin + 1}, fmt::format("{} has no `{}`", what_, key));
  }
  return v;
}

std::string Importer::text(const JsonValue* v, std::string_view what) {
  return v != nullptr && is(*v, Kind::String, what) ? std::string(doc_.text(*v)) : std::string();
}

std::int64_t Importer::integer(const JsonValue* v, std::string_view what, std::int64_t low, std::int64_t high) {
  if (v == nullptr || !is(*v, Kind::Integer, what)) return low;
  if (v->integer >= low && v->integer <= high) return v->integer;
  error(diag::kProgramValueOutOfRange, v->span, fmt::format("{} is {}, outside {}..{}", what, v->integer, low, high));
  return low;
}

double Importer::real(const JsonValue* v, std::string_view what) {
  if (v == nullptr) return 0;
  if (v->kind == Kind::Integer) return static_cast<double>(v->integer);
  return is(*v, Kind::Real, what) ? v->real : 0;
}

bool Importer::flag(const JsonValue* v, std::string_view what, bool otherwise) {
  return v != nullptr && is(*v, Kind::Boolean, what) ? v->boolean : otherwise;
}

Expr Importer::expression(const JsonValue* v, std::string_view what) {
  if (v == nullptr) return {};
  if (v->kind == Kind::Integer || v->kind == Kind::Real) return Expr::constant(real(v, what));
  if (v->kind != Kind::String) {
    error(diag::kWrongProgramType, v->span, fmt::format("{} must be an expression: a number or a string", what));
    return {};
  }
  return Expr::parse(doc_.text(*v), source_, v->span.begin + 1, sink_).value_or(Expr());
}

std::uint32_t Importer::named(const JsonValue* v, std::string_view what, const Names& names) {
  if (v == nullptr || !is(*v, Kind::String, what)) return 0;
  const auto found = names.find(std::string(doc_.text(*v)));
  if (found != names.end()) return found->second;
  error(diag::kUnknownProgramWord, v->span, fmt::format("{} `{}` does not exist", what, doc_.text(*v).substr(0, 60)));
  return 0;
}

std::vector<FieldIndex> Importer::field_list(const JsonValue* v, RegionId r) {
  std::vector<FieldIndex> fields;
  each(v, "`fields`", [&](const JsonValue& m) {
    if (r.value < field_names_.size()) fields.push_back(named(&m, "field", field_names_[r.value]));
  });
  return fields;
}

// ------------------------------------------------------------------------------------------------ geometry

std::optional<Point> Importer::point(const JsonValue& v) {
  if (!is(v, Kind::Array, "a corner")) return std::nullopt;
  if (v.count < 1 || v.count > kMaxDim) {
    error(diag::kProgramValueOutOfRange, v.span, "a corner has 1 to 8 coordinates");
    return std::nullopt;
  }
  Point p = Point::filled(static_cast<int>(v.count), 0);
  int d = 0;
  const int before = sink_.errors();
  each(&v, "a corner", [&](const JsonValue& m) { p[d++] = integer(&m, "a coordinate", -kMaxCoordinate, kMaxCoordinate); });
  return sink_.errors() == before ? std::optional(p) : std::nullopt;
}

std::optional<Rect> Importer::rect(const JsonValue* v, std::string_view what, std::int64_t max_volume) {
  if (v == nullptr || !is(*v, Kind::Array, what)) return std::nullopt;
  if (v->count != 2) {
    error(diag::kWrongProgramType, v->span, fmt::format("{} must be a rectangle [[low corner], [high corner]]", what));
    return std::nullopt;
  }
  const JsonValue* first = doc_.first(*v);
  const std::optional<Point> lo = point(*first), hi = point(*doc_.next(*first));
  if (!lo || !hi) return std::nullopt;
  if (lo->dim != hi->dim) {
    error(diag::kWrongProgramType, v->span, fmt::format("the corners of {} have {} and {} coordinates", what, lo->dim, hi->dim));
    return std::nullopt;
  }
  const Rect r(*lo, *hi);
  if (bounded(r, max_volume)) return r;
  error(diag::kProgramValueOutOfRange, v->span, fmt::format("{} has too many points", what));
  return std::nullopt;
}

PointSet Importer::point_set(const JsonValue* v, int dim) {
  std::vector<Rect> rects;
  const int before = sink_.errors();
  each(v, "a set of points", [&](const JsonValue& m) {
    const std::optional<Rect> r = rect(&m, "a rectangle", kMaxVolume);
    if (!r) return;
    if (dim == 0) dim = r->dim();
    if (r->dim() == dim) rects.push_back(*r);
    else error(diag::kWrongProgramType, m.span, fmt::format("a rectangle of dimension {} in a set of dimension {}", r->dim(), dim));
  });
  if (sink_.errors() > before || rects.empty()) return PointSet(Rect(Point::filled(dim, 0), Point::filled(dim, -1)));
  if (dim > 1 && rects.size() > 1) {
    // Canonical sets of many overlapping rectangles can fall into exponentially many pieces.
    const auto count = static_cast<std::int64_t>(rects.size());
    rect_work_ += count * count;
    Wide sum = 0;
    for (const Rect& r : rects) sum += static_cast<Wide>(r.volume());
    std::erase_if(rects, [](const Rect& r) { return r.empty(); });
    const bool small = rects.size() <= kMaxRectsPerPiece && rect_work_ <= kMaxRectWork;
    const std::optional<Wide> covered = small ? union_volume(rects, cover_budget_) : std::nullopt;
    if (!covered || *covered != sum) {
      if (covered) error(diag::kProgramValueOutOfRange, v->span, "the rectangles of a set in more than one dimension overlap");
      else error(diag::kProgramFileTooLarge, {v->span.begin, v->span.begin + 1}, "too many rectangles in sets of more than one dimension");
      return PointSet(Rect(Point::filled(dim, 0), Point::filled(dim, -1)));
    }
  }
  return PointSet::of_rects(dim, std::move(rects));
}

// ------------------------------------------------------------------------------------------------ tables

void Importer::region(const JsonValue& v) {
  const Members m(*this, v, "a region", {"name", "points", "fields"});
  Region r;
  r.name = text(m.need("name"), "`name`");
  r.points = point_set(m.need("points"), 0);
  Names fields;
  each(m.need("fields"), "`fields`", [&](const JsonValue& f) {
    const Members fm(*this, f, "a field", {"name", "bytes"});
    r.fields.push_back({text(fm.need("name"), "`name`"), integer(fm.need("bytes"), "`bytes`", 1, 65536)});
    fields.emplace(r.fields.back().name, static_cast<std::uint32_t>(r.fields.size() - 1));
  });
  regions_.emplace(r.name, static_cast<std::uint32_t>(p_.regions.size()));
  field_names_.push_back(std::move(fields));
  region_spans_.push_back(v.span);
  p_.regions.push_back(std::move(r));
}

void Importer::partition(const JsonValue& v) {
  const Members m(*this, v, "a partition", {"name", "region", "parent", "colors", "pieces", "blocks", "disjoint", "complete"});
  Partition q;
  q.name = text(m.need("name"), "`name`");
  q.region = RegionId(named(m.need("region"), "region", regions_));
  if (p_.regions.empty()) return;
  const PointSet* whole = &p_.regions[q.region.value].points;
  if (const JsonValue* parent = m.find("parent")) {
    const Members pm(*this, *parent, "a parent", {"partition", "piece"});
    const std::uint32_t index = named(pm.need("partition"), "partition", partitions_);
    const std::int64_t piece = integer(pm.need("piece"), "`piece`", 0, kMaxColors);
    if (index >= p_.partitions.size() || piece >= static_cast<std::int64_t>(p_.partitions[index].pieces.size())) {
      return error(diag::kProgramValueOutOfRange, parent->span, "the parent partition has no such piece");
    }
    q.parent = {PartitionId(index), static_cast<std::uint32_t>(piece)};
    whole = &p_.partitions[index].pieces[static_cast<std::size_t>(piece)];
  }
  if (const JsonValue* counts = m.find("blocks")) {
    if (m.find("colors") != nullptr || m.find("pieces") != nullptr) {
      error(diag::kUnknownProgramKey, counts->span, "a partition has either `blocks` or `colors` and `pieces`");
    }
    blocks(*counts, *whole, q);
  } else {
    q.colors = rect(m.need("colors"), "`colors`", kMaxColors).value_or(Rect::of_extents({0}));
    each(m.need("pieces"), "`pieces`", [&](const JsonValue& piece) { q.pieces.push_back(point_set(&piece, whole->dim())); });
  }
  classify(m, *whole, q, v.span);
  partitions_.emplace(q.name, static_cast<std::uint32_t>(p_.partitions.size()));
  partition_spans_.push_back(v.span);
  p_.partitions.push_back(std::move(q));
}

void Importer::blocks(const JsonValue& v, const PointSet& whole, Partition& q) {
  std::vector<std::int64_t> counts;
  each(&v, "`blocks`", [&](const JsonValue& c) { counts.push_back(integer(&c, "a number of blocks", 1, kMaxColors)); });
  double pieces = 1;
  for (const std::int64_t c : counts) pieces *= static_cast<double>(c);
  block_pieces_ += pieces < static_cast<double>(kMaxBlockPieces) ? static_cast<std::int64_t>(pieces) : kMaxBlockPieces;
  if (!whole.is_rect() || static_cast<int>(counts.size()) != whole.dim() || block_pieces_ >= kMaxBlockPieces) {
    q.colors = Rect::of_extents({0});
    return error(diag::kProgramValueOutOfRange, v.span,
                 "`blocks` needs one count per dimension of a parent that is one rectangle, and at most 2^21 pieces in the file");
  }
  q.colors = Rect::of_extents(counts);
  q.pieces = block_pieces(whole.bounds(), q.colors);
}

void Importer::classify(const Members& m, const PointSet& whole, Partition& q, diag::Span span) {
  const bool fits = std::all_of(q.pieces.begin(), q.pieces.end(), [&](const PointSet& s) { return s.dim() == whole.dim(); });
  const std::optional<Cover> covered = fits ? cover(whole, q.pieces, cover_budget_) : std::nullopt;
  if (!covered) {
    return error(diag::kProgramFileTooLarge, {span.begin, span.begin + 1}, fmt::format("partition `{}` is too irregular to be checked", q.name));
  }
  q.disjoint = covered->disjoint;
  q.complete = covered->complete;
  for (const auto& [key, value] : {std::pair("disjoint", q.disjoint), std::pair("complete", q.complete)}) {
    const JsonValue* said = m.find(key);
    if (said != nullptr && flag(said, key, value) != value) {
      error(diag::kInvalidPartition, said->span, fmt::format("partition `{}` is{} {}", q.name, value ? "" : " not", key));
    }
  }
}

void Importer::demand(const JsonValue& v, Variant& to) {
  const Members m(*this, v, "a demand", {"argument", "fields", "dims", "equivalent"});
  LayoutDemand d;
  if (const JsonValue* a = m.find("argument")) d.argument = static_cast<std::uint32_t>(integer(a, "`argument`", 0, 1023));
  if (const JsonValue* f = m.find("fields")) d.fields = enumerator<FieldOrder>(f, "`fields`", kFieldOrders);
  if (const JsonValue* f = m.find("dims")) d.dims = enumerator<DimOrder>(f, "`dims`", kDimOrders);
  if (const JsonValue* e = m.find("equivalent")) d.equivalent = text(e, "`equivalent`");
  to.demands.push_back(std::move(d));
}

void Importer::measured(const JsonValue& v, Variant& to) {
  const Members m(*this, v, "a measured time", {"memories", "fields", "dims", "argument", "seconds"});
  MeasuredTime t;
  if (const JsonValue* list = m.find("memories")) {
    each(list, "`memories`", [&](const JsonValue& k) {
      t.memories.emplace_back();
      if (k.kind == Kind::Null) return;
      const std::string name = text(&k, "a memory kind");
      t.memories.back() = memory_kind(name);
      if (!t.memories.back()) error(diag::kUnknownProgramWord, k.span, fmt::format("`{}` is no memory kind", name.substr(0, 60)), "known: SYSMEM, FBMEM, ZCMEM, SOCKMEM, RDMEM, VIRTUAL");
    });
  }
  if (const JsonValue* f = m.find("fields")) t.fields = enumerator<FieldOrder>(f, "`fields`", kFieldOrders);
  if (const JsonValue* f = m.find("dims")) t.dims = enumerator<DimOrder>(f, "`dims`", kDimOrders);
  if (const JsonValue* a = m.find("argument")) t.argument = static_cast<std::uint32_t>(integer(a, "`argument`", 0, 1023));
  t.seconds = expression(m.need("seconds"), "`seconds`");
  to.measured.push_back(std::move(t));
}

void Importer::variant(const JsonValue& v, Task& to) {
  const Members m(*this, v, "a variant", {"processor", "inner", "precision", "flops", "efficiency", "demands", "preferred", "measured"});
  Variant made;
  if (const JsonValue* k = m.need("processor")) {
    const std::string name = text(k, "`processor`");
    const std::optional<ProcessorKind> kind = processor_kind(name);
    if (!kind) error(diag::kUnknownProgramWord, k->span, fmt::format("`{}` is no processor kind", name.substr(0, 60)), "known: CPU, GPU, OMP, IO, PY, PROC");
    made.kind = kind.value_or(ProcessorKind::Cpu);
  }
  made.inner = flag(m.find("inner"), "`inner`", false);
  if (const JsonValue* p = m.find("precision")) made.precision = enumerator<Precision>(p, "`precision`", kPrecisions);
  made.flops = expression(m.find("flops"), "`flops`");
  if (const JsonValue* e = m.find("efficiency")) made.efficiency = real(e, "`efficiency`");
  if (const JsonValue* d = m.find("demands")) each(d, "`demands`", [&](const JsonValue& one) { demand(one, made); });
  if (const JsonValue* d = m.find("preferred")) made.preferred = enumerator<DimOrder>(d, "`preferred`", kDimOrders);
  if (const JsonValue* t = m.find("measured")) each(t, "`measured`", [&](const JsonValue& one) { measured(one, made); });
  to.variants.push_back(std::move(made));
}

void Importer::task(const JsonValue& v) {
  const Members m(*this, v, "a task", {"name", "replicable", "variants", "body"});
  Task t;
  t.name = text(m.need("name"), "`name`");
  t.replicable = flag(m.find("replicable"), "`replicable`", true);
  each(m.need("variants"), "`variants`", [&](const JsonValue& one) { variant(one, t); });
  tasks_.emplace(t.name, static_cast<std::uint32_t>(p_.tasks.size()));
  task_spans_.push_back(v.span);
  bodies_.push_back(m.find("body"));
  p_.tasks.push_back(std::move(t));
}

// ------------------------------------------------------------------------------------------------ the program

void Importer::metric(const JsonValue& v) {
  const Members m(*this, v, "the metric", {"name", "unit", "formula", "higher_is_better", "combine", "label"});
  p_.metric.name = text(m.need("name"), "`name`");
  p_.metric.unit = text(m.need("unit"), "`unit`");
  p_.metric.formula = expression(m.need("formula"), "`formula`");
  p_.metric.higher_is_better = flag(m.need("higher_is_better"), "`higher_is_better`", false);
  if (const JsonValue* c = m.find("combine")) p_.metric.combine = enumerator<Metric::Combine>(c, "`combine`", kCombines);
  if (const JsonValue* l = m.find("label")) p_.metric.label = text(l, "`label`");
  metric_span_ = v.span;
}

bool Importer::has_schema(const Members& m, std::string_view schema) {
  const JsonValue* const stated = m.find("schema");
  if (stated != nullptr && stated->kind == Kind::String && doc_.text(*stated) == schema) return true;
  const std::uint32_t begin = doc_.root().span.begin;
  error(diag::kUnsupportedSchema, stated ? stated->span : diag::Span {begin, begin + 1}, fmt::format("the file does not have the schema `{}`", schema));
  return false;
}

std::map<std::string, std::string> Importer::parameters(const JsonValue* v) {
  std::map<std::string, std::string> all;
  if (v == nullptr || !is(*v, Kind::Object, "`parameters`")) return all;
  for (const JsonValue* m = doc_.first(*v); m != nullptr; m = doc_.next(*m)) all[std::string(doc_.key(*m))] = text(m, "a parameter");
  return all;
}

std::optional<Calibration> Importer::calibration() {
  const int before = sink_.errors();
  const Members m(*this, doc_.root(), "the file", {"schema", "program", "parameters", "machine", "tasks"});
  if (doc_.root().kind != Kind::Object || !has_schema(m, "mapwright.calibration/1")) return std::nullopt;
  Calibration c;
  c.program = text(m.need("program"), "`program`");
  c.machine = text(m.need("machine"), "`machine`");
  c.parameters = parameters(m.find("parameters"));
  each(m.need("tasks"), "`tasks`", [&](const JsonValue& t) { task(t); });
  for (Task& t : p_.tasks) {
    for (Variant& v : t.variants) {
      if (!v.measured.empty()) c.entries.push_back({t.name, v.kind, std::move(v.measured)});
    }
  }
  if (sink_.errors() > before) return std::nullopt;
  return c;
}

std::optional<Program> Importer::run() {
  const int before = sink_.errors();
  const JsonValue& root = doc_.root();
  const Members m(*this, root, "the file",
                  {"schema", "name", "parameters", "top_level", "ranks_per_node", "regions", "partitions", "futures", "tasks", "main", "metric", "reference_mapper"});
  if (root.kind != Kind::Object) return std::nullopt;
  if (!has_schema(m, "mapwright.program/1")) return std::nullopt;
  p_.name = text(m.need("name"), "`name`");
  p_.parameters = parameters(m.find("parameters"));
  if (const JsonValue* v = m.find("top_level")) p_.top_level = text(v, "`top_level`");
  if (const JsonValue* v = m.find("ranks_per_node")) p_.ranks_per_node = integer(v, "`ranks_per_node`", 1, 1024);
  if (const JsonValue* v = m.find("reference_mapper")) p_.reference_mapper = text(v, "`reference_mapper`");
  each(m.need("regions"), "`regions`", [&](const JsonValue& v) { region(v); });
  if (const JsonValue* v = m.find("partitions")) each(v, "`partitions`", [&](const JsonValue& q) { partition(q); });
  if (const JsonValue* list = m.find("futures")) {
    each(list, "`futures`", [&](const JsonValue& f) {
      p_.futures.push_back(text(&f, "a future"));
      futures_.emplace(p_.futures.back(), static_cast<std::uint32_t>(p_.futures.size() - 1));
    });
  }
  each(m.need("tasks"), "`tasks`", [&](const JsonValue& t) { task(t); });
  if (const JsonValue* v = m.find("metric")) metric(*v);
  // In the order of Place::Kind::Statement.
  body(m.need("main"), p_.main);
  for (std::size_t t = 0; t < bodies_.size(); ++t) {
    if (bodies_[t] != nullptr) body(bodies_[t], p_.tasks[t].body);
  }
  if (sink_.errors() > before) return std::nullopt;
  p_.number_launches();
  const Locator locate = [this](Place place) { return Location {source_, span_of(place)}; };
  if (!validate_at(p_, sink_, locate)) return std::nullopt;
  return std::move(p_);
}

diag::Span Importer::span_of(Place place) const {
  const auto at = [&](const std::vector<diag::Span>& spans) { return place.index < spans.size() ? spans[place.index] : diag::Span {}; };
  switch (place.kind) {
    case Place::Kind::Region: return at(region_spans_);
    case Place::Kind::Partition: return at(partition_spans_);
    case Place::Kind::Task: return at(task_spans_);
    case Place::Kind::Statement: return at(statement_spans_);
    case Place::Kind::Metric: return metric_span_;
    default: return {};
  }
}

std::optional<Program> import_json(const diag::SourcePtr& source, diag::Sink& sink) {
  const std::optional<JsonDocument> document = JsonDocument::parse(source, sink);
  if (!document) return std::nullopt;
  return Importer(*document, source, sink).run();
}

std::optional<Calibration> import_calibration(const diag::SourcePtr& source, diag::Sink& sink) {
  const std::optional<JsonDocument> document = JsonDocument::parse(source, sink);
  if (!document) return std::nullopt;
  return Importer(*document, source, sink).calibration();
}

}  // namespace mapwright::program
