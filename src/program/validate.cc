#include "program/validate.h"

#include <algorithm>
#include <cmath>

#include "program/cover.h"

namespace mapwright::program {

namespace {

constexpr int kMaxLoopDepth = 16, kMaxTaskDepth = 8;
constexpr std::size_t kMaxSites = std::size_t {1} << 20;

template <typename Tag>
Place at(Place::Kind kind, Id<Tag> id) {
  return {kind, id.value};
}

Place at(Place::Kind kind, std::size_t index) { return {kind, static_cast<std::uint32_t>(index)}; }

}  // namespace

bool bounded(const Rect& r, std::int64_t max_volume) {
  std::int64_t volume = 1;
  for (int d = 0; d < r.dim(); ++d) {
    if (std::max(std::abs(r.lo[d]), std::abs(r.hi[d])) > kMaxCoordinate) return false;
    if (r.extent(d) == 0) return true;
    if (__builtin_mul_overflow(volume, r.extent(d), &volume) || volume > max_volume) return false;
  }
  return true;
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 200 || (text[0] >= '0' && text[0] <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

bool validate(const Program& p, diag::Sink& sink) { return validate_at(p, sink, {}); }

bool validate_at(const Program& p, diag::Sink& sink, const Locator& locate) { return Checker(p, sink, locate).run(); }

void Checker::error(int code, Place place, std::string message, std::string help) {
  if (!seen_.insert(message).second || seen_.size() > 200) return;
  diag::Diagnostic d;
  d.code = code;
  d.message = std::move(message);
  d.help = std::move(help);
  if (locate_) {
    const Location where = locate_(place);
    d.source = where.source;
    d.span = where.span;
  }
  sink_.emit(std::move(d));
}

bool Checker::run() {
  const int before = sink_.errors();
  if (p_.name.empty()) error(diag::kInvalidProgramName, {}, "the program has no name");
  if (p_.ranks_per_node < 1 || p_.ranks_per_node > 1024) {
    error(diag::kProgramLimit, {}, fmt::format("ranks_per_node is {}, outside 1..1024", p_.ranks_per_node));
  }
  regions();
  partitions();
  tasks();
  if (!nesting()) return false;
  statements(p_.main, true, 0);
  for (const Task& t : p_.tasks) statements(t.body, false, 0);
  if (sink_.errors() > before) return false;
  main_order(p_.main);
  metric();
  const std::vector<Program::Site> sites = p_.sites();
  for (const Program::Site& s : sites) site(s);
  if (sink_.errors() > before) return false;
  for (const Program::Site& s : sites) overlaps(s);
  return sink_.errors() == before;
}

void Checker::regions() {
  std::set<std::string> names;
  for (std::size_t i = 0; i < p_.regions.size(); ++i) {
    const Region& r = p_.regions[i];
    const Place place = at(Place::Kind::Region, i);
    if (!is_name(r.name) || !names.insert(r.name).second) {
      error(diag::kInvalidProgramName, place, fmt::format("region name `{}` is not a name or is used twice", r.name));
    }
    if (r.points.empty() || r.points.dim() < 1 || !bounded(r.points.bounds(), kMaxVolume)) {
      error(diag::kInvalidRegion, place, fmt::format("region `{}` must have 1 to 2^50 points in 1 to 8 dimensions", r.name));
    }
    std::set<std::string> fields;
    for (const Field& f : r.fields) {
      if (!is_name(f.name) || !fields.insert(f.name).second) {
        error(diag::kInvalidProgramName, place, fmt::format("field name `{}` of region `{}` is not a name or is used twice", f.name, r.name));
      }
      if (f.bytes < 1 || f.bytes > 65536) {
        error(diag::kInvalidRegion, place, fmt::format("field `{}` of region `{}` has {} bytes, outside 1..65536", f.name, r.name, f.bytes));
      }
    }
    if (r.fields.empty() || r.fields.size() > kMaxFields) {
      error(diag::kInvalidRegion, place, fmt::format("region `{}` has {} fields, outside 1..{}", r.name, r.fields.size(), kMaxFields));
    }
  }
}

void Checker::partitions() {
  std::set<std::string> names;
  std::int64_t budget = std::int64_t {1} << 30;
  for (std::size_t i = 0; i < p_.partitions.size(); ++i) {
    partition(p_.partitions[i], at(Place::Kind::Partition, i), names, budget);
  }
}

void Checker::partition(const Partition& q, Place place, std::set<std::string>& names, std::int64_t& budget) {
  if (!is_name(q.name) || !names.insert(q.name).second) {
    error(diag::kInvalidProgramName, place, fmt::format("partition name `{}` is not a name or is used twice", q.name));
  }
  if (q.region.value >= p_.regions.size()) {
    return error(diag::kInvalidProgramReference, place, fmt::format("partition `{}` is of an unknown region", q.name));
  }
  const PointSet* whole = &p_.regions[q.region.value].points;
  if (q.parent) {
    const auto [parent, color] = *q.parent;
    if (parent.value >= place.index || p_.partitions[parent.value].region != q.region ||
        color >= p_.partitions[parent.value].pieces.size()) {
      return error(diag::kInvalidProgramReference, place,
                   fmt::format("the parent of partition `{}` is not a piece of an earlier partition of its region", q.name));
    }
    whole = &p_.partitions[parent.value].pieces[color];
  }
  if (q.colors.dim() < 1 || !bounded(q.colors, kMaxColors) ||
      q.colors.volume() != static_cast<std::int64_t>(q.pieces.size())) {
    return error(diag::kInvalidPartition, place, fmt::format("partition `{}` must have one piece for each of 1 to 2^24 colours", q.name),
                 fmt::format("it has {} pieces for the colours {}", q.pieces.size(), to_string(q.colors)));
  }
  for (std::size_t c = 0; c < q.pieces.size(); ++c) {
    const PointSet& piece = q.pieces[c];
    budget -= static_cast<std::int64_t>(whole->dim() == 1 ? piece.rects().size() : piece.rects().size() * whole->rects().size());
    if (budget < 0) break;
    if (piece.dim() != whole->dim() || !inside(piece, *whole)) {
      return error(diag::kInvalidPartition, place,
                   fmt::format("piece {} of partition `{}` is not inside its parent", to_string(q.colors.delinearize(static_cast<std::int64_t>(c))), q.name));
    }
  }
  const std::optional<Cover> covered = budget < 0 ? std::nullopt : cover(*whole, q.pieces, budget);
  if (!covered) {
    return error(diag::kProgramLimit, place, fmt::format("partition `{}` is too irregular to be checked", q.name));
  }
  if (covered->disjoint != q.disjoint || covered->complete != q.complete) {
    error(diag::kInvalidPartition, place,
          fmt::format("partition `{}` is {} and {}, not as it says", q.name, covered->disjoint ? "disjoint" : "aliased",
                      covered->complete ? "complete" : "incomplete"));
  }
}

void Checker::tasks() {
  std::set<std::string> names, futures;
  for (std::size_t i = 0; i < p_.tasks.size(); ++i) {
    const Task& t = p_.tasks[i];
    const Place place = at(Place::Kind::Task, i);
    if (t.name.empty() || t.name.size() > 200 || !names.insert(t.name).second) {
      error(diag::kInvalidProgramName, place, fmt::format("task name `{}` is empty, too long or used twice", t.name));
    }
    std::set<ProcessorKind> kinds;
    for (const Variant& v : t.variants) {
      if (!kinds.insert(v.kind).second) {
        error(diag::kInvalidVariant, place, fmt::format("task `{}` has two variants for {}", t.name, to_string(v.kind)));
      }
      variant(t, v, place);
    }
    if (t.variants.empty()) error(diag::kInvalidVariant, place, fmt::format("task `{}` has no variant", t.name));
  }
  for (const std::string& f : p_.futures) {
    if (!is_name(f) || !futures.insert(f).second) {
      error(diag::kInvalidProgramName, {}, fmt::format("future name `{}` is not a name or is used twice", f));
    }
  }
}

void Checker::variant(const Task& t, const Variant& v, Place place) {
  if (!(v.efficiency > 0 && v.efficiency <= 1)) {
    error(diag::kInvalidVariant, place, fmt::format("task `{}`: the efficiency {} is outside (0, 1]", t.name, v.efficiency));
  }
  if (v.inner && v.kernel) error(diag::kInvalidVariant, place, fmt::format("task `{}`: an inner variant has a kernel", t.name));
  if (v.inner && t.body.empty()) {
    error(diag::kInvalidVariant, place, fmt::format("task `{}`: an inner variant of a task that launches nothing", t.name));
  }
}

bool Checker::nesting() {
  // Sites below each task, 0 while it is being counted: meeting one again is a cycle.
  std::unordered_map<std::uint32_t, std::size_t> below;
  bool fine = true;
  std::size_t statements = 0;
  std::function<std::size_t(const Body&, int)> count = [&](const Body& body, int depth) -> std::size_t {
    std::size_t total = 0;
    for (const Statement& s : body) {
      ++statements;
      if (const auto* l = std::get_if<Loop>(&s.what)) total += count(l->body, depth);
      const auto* launch = std::get_if<Launch>(&s.what);
      if (!launch || launch->task.value >= p_.tasks.size() || !fine) continue;
      const Task& t = p_.tasks[launch->task.value];
      const auto [entry, fresh] = below.try_emplace(launch->task.value, 0);
      if (depth >= kMaxTaskDepth || (!fresh && entry->second == 0)) {
        error(diag::kCyclicNesting, at(Place::Kind::Task, launch->task), fmt::format("task `{}` launches itself, or tasks are nested more than {} deep", t.name, kMaxTaskDepth));
        fine = false;
        continue;
      }
      if (fresh) {
        const std::size_t inner = 1 + count(t.body, depth + 1);
        below[launch->task.value] = inner;
      }
      total = std::min(total + below[launch->task.value], kMaxSites + 1);
    }
    return total;
  };
  const std::size_t sites = count(p_.main, 0);
  for (std::size_t i = 0; i < p_.tasks.size(); ++i) {
    if (!below.contains(static_cast<std::uint32_t>(i))) count(p_.tasks[i].body, 1);
  }
  if (fine && (sites > kMaxSites || statements > 2 * kMaxStatements)) {
    error(diag::kProgramLimit, {}, "the program has more than 2^20 statements, nested launches multiplied out");
    fine = false;
  }
  return fine;
}

void Checker::statements(const Body& body, bool top, int depth) {
  for (const Statement& s : body) {
    const Place place {Place::Kind::Statement, next_ordinal_++};
    const auto* l = std::get_if<Launch>(&s.what);
    ordinals_.emplace(l ? static_cast<const void*>(l) : &s, place.index);
    if (l) {
      launch(*l, top, place);
    } else if (const auto* inner = std::get_if<Loop>(&s.what)) {
      loop(*inner, place);
      if (depth >= kMaxLoopDepth) {
        error(diag::kProgramLimit, place, fmt::format("loops are nested more than {} deep", kMaxLoopDepth));
      } else {
        statements(inner->body, top, depth + 1);
      }
    } else if (!top) {
      error(diag::kInvalidStatement, place, "the body of a task may have launches and loops only");
    } else if (const auto* f = std::get_if<Fill>(&s.what)) {
      fill(*f, place);
    } else if (const auto* t = std::get_if<Timer>(&s.what)) {
      if (!is_name(t->label)) error(diag::kInvalidProgramName, place, fmt::format("timer label `{}` is not a name", t->label));
    } else if (const auto* w = std::get_if<FutureWait>(&s.what); w && w->future.value >= p_.futures.size()) {
      error(diag::kInvalidProgramReference, place, "a wait for an unknown future");
    }
  }
}

void Checker::loop(const Loop& l, Place place) {
  if (!is_name(l.name) || l.name.find('.') != std::string::npos || !loop_names_.insert(l.name).second) {
    error(diag::kInvalidProgramName, place, fmt::format("loop name `{}` is not a name or is used twice", l.name));
  }
  if (l.count < 0 || l.count > (std::int64_t {1} << 31)) {
    error(diag::kProgramLimit, place, fmt::format("loop `{}` runs {} times, outside 0..2^31", l.name, l.count));
  }
}

void Checker::fill(const Fill& f, Place place) {
  if (f.region.value >= p_.regions.size() ||
      (f.partition && (f.partition->value >= p_.partitions.size() || p_.partitions[f.partition->value].region != f.region))) {
    return error(diag::kInvalidProgramReference, place, "a fill of an unknown region or of a partition of another one");
  }
  const Region& r = p_.regions[f.region.value];
  if (f.fields.empty() || !std::isfinite(f.value)) error(diag::kInvalidStatement, place, fmt::format("a fill of `{}` without fields or with a value that is not finite", r.name));
  for (const FieldIndex i : f.fields) {
    if (i >= r.fields.size()) return error(diag::kInvalidProgramReference, place, fmt::format("a fill of an unknown field of `{}`", r.name));
    const std::int64_t bytes = r.fields[i].bytes;
    if (f.value != 0 && bytes != 4 && bytes != 8) {
      error(diag::kInvalidStatement, place, fmt::format("field `{}` of `{}` has {} bytes and can only be filled with 0", r.fields[i].name, r.name, bytes));
    }
  }
}

// Futures before their use, timers in pairs; what loops repeat must leave the timers as it found them.
void Checker::main_order(const Body& body) {
  for (const Statement& s : body) {
    const auto* l = std::get_if<Launch>(&s.what);
    const Place place {Place::Kind::Statement, ordinals_[l ? static_cast<const void*>(l) : &s]};
    if (l) {
      for (const FutureId f : l->futures) {
        if (!produced_.contains(f.value)) {
          error(diag::kFutureBeforeProduced, place, fmt::format("future `{}` is read before a launch produces it", p_.futures[f.value]));
        }
      }
      if (l->result) produced_.insert(l->result->first.value);
    } else if (const auto* w = std::get_if<FutureWait>(&s.what)) {
      if (!produced_.contains(w->future.value)) {
        error(diag::kFutureBeforeProduced, place, fmt::format("future `{}` is waited for before a launch produces it", p_.futures[w->future.value]));
      }
    } else if (const auto* inner = std::get_if<Loop>(&s.what)) {
      const std::set<std::string> before = running_;
      main_order(inner->body);
      if (running_ != before) error(diag::kInvalidStatement, place, fmt::format("loop `{}` starts a timer that it does not stop, or the other way round", inner->name));
    } else if (const auto* t = std::get_if<Timer>(&s.what)) {
      timer(*t, place);
    }
  }
}

void Checker::timer(const Timer& t, Place place) {
  const bool fine = t.start ? running_.insert(t.label).second : running_.erase(t.label) > 0;
  timed_.insert(t.label);
  if (!fine) error(diag::kInvalidStatement, place, fmt::format("timer `{}` is {}", t.label, t.start ? "started while it runs" : "stopped before it was started"));
}

void Checker::metric() {
  const Place place {Place::Kind::Metric, 0};
  for (const std::string& label : running_) {
    error(diag::kInvalidStatement, {}, fmt::format("timer `{}` is never stopped", label));
  }
  if (p_.metric.name.empty()) error(diag::kInvalidMetric, place, "the metric has no name");
  if (!p_.metric.label.empty() && !timed_.contains(p_.metric.label)) {
    error(diag::kInvalidMetric, place, fmt::format("the metric reads the timer `{}`, which the program does not have", p_.metric.label));
  }
  for (const Expr::Node& n : p_.metric.formula.nodes()) {
    if (n.op != Expr::Op::Constant && n.op != Expr::Op::Seconds && n.op < Expr::Op::Add) {
      return error(diag::kInvalidMetric, place, "the formula of the metric may read `seconds` only");
    }
  }
}

}  // namespace mapwright::program
