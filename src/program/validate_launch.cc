#include <algorithm>
#include <cmath>

#include "program/cover.h"
#include "program/validate.h"

namespace mapwright::program {

namespace {

bool share_fields(const std::vector<FieldIndex>& a, const std::vector<FieldIndex>& b) {
  return std::any_of(a.begin(), a.end(), [&](FieldIndex f) { return std::binary_search(b.begin(), b.end(), f); });
}

bool conflict(const Argument& a, const Argument& b) {
  if (a.region != b.region || a.privilege == Privilege::None || b.privilege == Privilege::None) return false;
  if (a.privilege == Privilege::Read && b.privilege == Privilege::Read) return false;
  if (a.privilege == Privilege::Reduce && b.privilege == Privilege::Reduce && a.reduction == b.reduction) return false;
  return share_fields(a.fields, b.fields);
}

// Whether a task that holds `parent` may pass `child` on to a task it launches.
bool covers(const Argument& parent, const Argument& child) {
  if (parent.region != child.region ||
      !std::includes(parent.fields.begin(), parent.fields.end(), child.fields.begin(), child.fields.end())) {
    return false;
  }
  switch (parent.privilege) {
    case Privilege::ReadWrite:
    case Privilege::WriteDiscard: return true;
    case Privilege::Read: return child.privilege == Privilege::Read;
    case Privilege::Reduce: return child.privilege == Privilege::Reduce && child.reduction == parent.reduction;
    default: return false;
  }
}

// The launch as its own parent sees it.
Program::Site parent_site(const Program::Site& s) {
  Program::Site up;
  up.launch = s.parents.back();
  up.parents.assign(s.parents.begin(), s.parents.end() - 1);
  up.loops = s.loops;
  return up;
}

// Projections that only pick coordinates or constants stay in range when the corners do.
bool is_selection(const Argument& a) {
  return a.projection.table.empty() &&
         std::all_of(a.projection.colors.begin(), a.projection.colors.end(), [](const Expr& e) {
           return e.nodes().empty() || (e.nodes().size() == 1 && (e.nodes()[0].op == Expr::Op::Point || e.is_constant()));
         });
}

}  // namespace

void Checker::launch(const Launch& l, bool top, Place place) {
  if (l.task.value >= p_.tasks.size()) return error(diag::kInvalidProgramReference, place, "a launch of an unknown task");
  const std::string task = fmt::format("launch of `{}`", p_.tasks[l.task.value].name);
  if (l.index ? l.domain.dim() < 1 || l.domain.empty() || !bounded(l.domain, kMaxPoints) : l.domain.dim() != 0) {
    return error(diag::kInvalidLaunch, place, fmt::format("{}: the domain {} must have 1 to 2^26 points (none for a single task)", task, to_string(l.domain)));
  }
  if (l.arguments.size() > kMaxArguments) {
    return error(diag::kProgramLimit, place, fmt::format("{}: more than {} arguments", task, kMaxArguments));
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < l.arguments.size(); ++i) {
    const Argument& a = l.arguments[i];
    const std::string who = fmt::format("{}, argument {} (`{}`)", task, i, a.name);
    if (!is_name(a.name)) error(diag::kInvalidProgramName, place, fmt::format("{}: not a name", who));
    argument(l, a, place, who);
  }
  if (!top && (l.result || !l.futures.empty())) {
    error(diag::kInvalidLaunch, place, fmt::format("{}: only launches of the top level may produce or read futures", task));
  }
  if (l.result && l.result->first.value >= p_.futures.size()) error(diag::kInvalidProgramReference, place, fmt::format("{}: an unknown future", task));
  for (const FutureId f : l.futures) {
    if (f.value >= p_.futures.size()) error(diag::kInvalidProgramReference, place, fmt::format("{}: an unknown future", task));
  }
  if (!std::all_of(l.values.begin(), l.values.end(), [](double v) { return std::isfinite(v); })) {
    error(diag::kInvalidLaunch, place, fmt::format("{}: a by-value argument is not finite", task));
  }
  for (const Variant& v : p_.tasks[l.task.value].variants) {
    for (const LayoutDemand& d : v.demands) {
      if (d.argument && *d.argument >= l.arguments.size()) error(diag::kInvalidVariant, place, fmt::format("{}: a layout demand on an argument that it does not have", task));
    }
    for (const MeasuredTime& m : v.measured) {
      if (m.memories.size() > l.arguments.size()) error(diag::kInvalidVariant, place, fmt::format("{}: a measured time names more memories than arguments", task));
      if (m.argument && *m.argument >= l.arguments.size()) error(diag::kInvalidVariant, place, fmt::format("{}: a measured time of an argument that it does not have", task));
    }
  }
}

void Checker::argument(const Launch& l, const Argument& a, Place place, const std::string& who) {
  if (a.region.value >= p_.regions.size() ||
      (a.partition && (a.partition->value >= p_.partitions.size() || p_.partitions[a.partition->value].region != a.region))) {
    return error(diag::kInvalidProgramReference, place, fmt::format("{}: an unknown region, or a partition of another one", who));
  }
  const Region& r = p_.regions[a.region.value];
  if (!std::is_sorted(a.fields.begin(), a.fields.end()) || std::adjacent_find(a.fields.begin(), a.fields.end()) != a.fields.end() ||
      (!a.fields.empty() && a.fields.back() >= r.fields.size()) || a.fields.empty() != (a.privilege == Privilege::None)) {
    return error(diag::kInvalidArgument, place, fmt::format("{}: fields must exist, ascend, and be absent exactly when there is no privilege", who));
  }
  if (a.privilege == Privilege::Reduce) {
    for (const FieldIndex f : a.fields) {
      if (r.fields[f].bytes != 4 && r.fields[f].bytes != 8) {
        error(diag::kInvalidArgument, place, fmt::format("{}: field `{}` is neither a float (4 bytes) nor a double (8 bytes) and cannot be reduced", who, r.fields[f].name));
      }
    }
  }
  for (const AccessPattern& q : a.patterns) pattern(l, a, q, place, who);
  if (!a.partition) return;
  const Partition& part = p_.partitions[a.partition->value];
  const Projection& j = a.projection;
  if (!j.table.empty()) {
    if (!j.colors.empty() || static_cast<std::int64_t>(j.table.size()) != l.domain.volume()) {
      return error(diag::kInvalidArgument, place, fmt::format("{}: a colour table needs one entry per launch point and no expressions beside it", who));
    }
    for (const std::uint32_t c : j.table) {
      if (c >= part.pieces.size()) {
        return error(diag::kProjectionOutOfRange, place, fmt::format("{}: colour {} is outside partition `{}` of {} pieces", who, c, part.name, part.pieces.size()));
      }
    }
  } else if (static_cast<int>(j.colors.size()) != part.colors.dim()) {
    error(diag::kInvalidArgument, place, fmt::format("{}: {} projection expressions for a partition `{}` with colours of dimension {}", who, j.colors.size(), part.name, part.colors.dim()));
  }
}

void Checker::pattern(const Launch& l, const Argument& a, const AccessPattern& q, Place place, const std::string& who) {
  if (!std::includes(a.fields.begin(), a.fields.end(), q.fields.begin(), q.fields.end())) {
    error(diag::kInvalidArgument, place, fmt::format("{}: an access pattern names fields that the argument does not have", who));
  }
  if (q.bytes < 0 || q.bytes > (1 << 20) || !(q.reuse >= 0 && q.reuse <= 1e6) || !(q.passes >= 0 && q.passes <= 1e12)) {
    error(diag::kInvalidArgument, place, fmt::format("{}: bytes, reuse or passes of an access pattern are negative or absurd", who));
  }
  const bool random = q.kind == AccessPattern::Kind::Gather || q.kind == AccessPattern::Kind::Atomic;
  if (random && (!q.count || l.arguments.empty())) {
    error(diag::kInvalidArgument, place, fmt::format("{}: a gather or atomic pattern needs a count", who));
  }
}

bool Checker::collect(const Expr& e, int shift, Reads& reads) const {
  for (const Expr::Node& n : e.nodes()) {
    const int level = (n.op == Expr::Op::Ancestor ? n.a : 0) + shift;
    if (n.op == Expr::Op::Loop) {
      reads.loops.insert(e.loop_name(n));
    } else if (n.op == Expr::Op::Point || n.op == Expr::Op::Ancestor) {
      if (level == 0) reads.own = true;
      else if (level <= 32) reads.ancestors |= 1U << (level - 1);
    }
  }
  return true;
}

void Checker::collect(const Argument& a, int shift, Reads& reads) const {
  if (!a.partition) return;
  for (const Expr& e : a.projection.colors) collect(e, shift, reads);
  if (a.projection.table.empty()) return;
  if (shift == 0) reads.own = true;
  else reads.ancestors |= 1U << (shift - 1);
}

bool Checker::for_each_context(const Program::Site& s, const Reads& reads, const std::function<bool(const ExprContext&)>& f) {
  std::vector<Point> ancestors;  // immediate parent first
  for (std::size_t i = s.parents.size(); i-- > 0;) ancestors.push_back(s.parents[i]->domain.lo);
  std::vector<LoopCounter> loops;
  for (const Loop* l : s.loops) loops.push_back({l->name, 0});
  ExprContext context;
  context.point = s.launch->domain.lo;
  context.ancestors = ancestors;
  context.loops = loops;
  // What it will cost is known beforehand, so a hopeless enumeration is not begun.
  double cost = reads.own ? static_cast<double>(s.launch->domain.volume()) : 1;
  for (const Loop* l : s.loops) cost *= reads.loops.contains(l->name) ? static_cast<double>(l->count) : 1;
  for (std::size_t i = 0; i < ancestors.size(); ++i) {
    if (reads.ancestors >> i & 1U) cost *= static_cast<double>(s.parents[s.parents.size() - 1 - i]->domain.volume());
  }
  if (cost > static_cast<double>(budget_)) {
    error(diag::kProgramLimit, {}, "the projections take more than 2^27 evaluations to check");
    return false;
  }
  budget_ -= static_cast<std::int64_t>(cost);
  // Axis 0: the loops; then the ancestors; last the launch's own points.
  std::function<bool(std::size_t)> vary = [&](std::size_t axis) -> bool {
    if (axis < loops.size()) {
      if (!reads.loops.contains(loops[axis].name)) return vary(axis + 1);
      for (loops[axis].value = 0; loops[axis].value < s.loops[axis]->count; ++loops[axis].value) {
        if (!vary(axis + 1)) return false;
      }
      return true;
    }
    const std::size_t level = axis - loops.size();
    const bool own = level == ancestors.size();
    if (level > ancestors.size()) return f(context);
    if (own ? !reads.own : (reads.ancestors >> level & 1U) == 0) return vary(axis + 1);
    const Rect& domain = own ? s.launch->domain : s.parents[s.parents.size() - 1 - level]->domain;
    bool going = true;
    for_each_point(domain, [&](const Point& p) {
      if (!going) return;
      (own ? context.point : ancestors[level]) = p;
      going = vary(axis + 1);
    });
    return going;
  };
  return vary(0);
}

void Checker::site(const Program::Site& s) {
  const Launch& l = *s.launch;
  const Task& task = p_.tasks[l.task.value];
  const Place place {Place::Kind::Statement, ordinals_[s.launch]};
  const int before = sink_.errors();
  for (std::size_t i = 0; i < l.arguments.size(); ++i) {
    const Argument& a = l.arguments[i];
    const std::string who = fmt::format("launch of `{}`, argument {} (`{}`)", task.name, i, a.name);
    for (const Expr& e : a.projection.colors) expression(e, s, place, who, true);
    for (const AccessPattern& q : a.patterns) {
      if (q.count) expression(*q.count, s, place, who, false);
      if (q.distinct) expression(*q.distinct, s, place, who, false);
    }
  }
  for (const Variant& v : task.variants) {
    expression(v.flops, s, place, fmt::format("launch of `{}`, flops", task.name), false);
    for (const MeasuredTime& m : v.measured) expression(m.seconds, s, place, fmt::format("launch of `{}`, measured time", task.name), false);
  }
  if (sink_.errors() > before) return;
  for (std::size_t i = 0; i < l.arguments.size(); ++i) {
    projection(s, l.arguments[i], place, fmt::format("launch of `{}`, argument {} (`{}`)", task.name, i, l.arguments[i].name));
  }
}

void Checker::overlaps(const Program::Site& s) {
  const Place place {Place::Kind::Statement, ordinals_[s.launch]};
  interference(s, place);
  if (!s.parents.empty()) within_parent(s, place);
}

void Checker::expression(const Expr& e, const Program::Site& s, Place place, const std::string& who, bool integer) {
  const auto bad = [&](std::string what) { error(diag::kInvalidExpression, place, fmt::format("{}: `{}` {}", who, e.to_text(), what)); };
  for (const Expr::Node& n : e.nodes()) {
    switch (n.op) {
      case Expr::Op::Constant:
        if (!std::isfinite(n.value)) return bad("has a constant that is not finite");
        if (integer && (n.value != std::floor(n.value) || std::abs(n.value) > 9e15)) return bad("needs integer constants");
        break;
      case Expr::Op::Point:
        if (n.a >= s.launch->domain.dim()) return bad("reads a coordinate that the launch domain does not have");
        break;
      case Expr::Op::Ancestor:
        if (static_cast<std::size_t>(n.a) > s.parents.size()) return bad("reads an ancestor that the launch does not have");
        if (n.b >= s.parents[s.parents.size() - static_cast<std::size_t>(n.a)]->domain.dim()) return bad("reads a coordinate that the ancestor's launch domain does not have");
        break;
      case Expr::Op::Loop:
        if (std::none_of(s.loops.begin(), s.loops.end(), [&](const Loop* l) { return l->name == e.loop_name(n); })) return bad("reads the counter of a loop that is not around the launch");
        break;
      case Expr::Op::Elements:
        if (integer) return bad("may not read sizes");
        if (static_cast<std::size_t>(n.a) >= s.launch->arguments.size()) return bad("reads the size of an argument that the launch does not have");
        break;
      case Expr::Op::Seconds: return bad("may not read `seconds`");
      default: break;
    }
  }
}

void Checker::projection(const Program::Site& s, const Argument& a, Place place, const std::string& who) {
  if (!a.partition || !a.projection.table.empty()) return;
  const Rect& colors = p_.partitions[a.partition->value].colors;
  std::vector<Expr> divisors;
  for (const Expr& e : a.projection.colors) {
    for (Expr& d : e.divisors()) divisors.push_back(std::move(d));
  }
  const auto check = [&](const ExprContext& context) {
    for (const Expr& d : divisors) {
      if (d.integer(context) == 0) {
        error(diag::kInvalidExpression, place, fmt::format("{}: the projection divides by zero at launch point {}", who, to_string(context.point)));
        return false;
      }
    }
    Point color = Point::filled(colors.dim(), 0);
    for (int d = 0; d < colors.dim(); ++d) color[d] = a.projection.colors[static_cast<std::size_t>(d)].integer(context);
    if (colors.contains(color)) return true;
    error(diag::kProjectionOutOfRange, place,
          fmt::format("{}: launch point {} projects to colour {}, outside the colours {} of partition `{}`", who, to_string(context.point), to_string(color), to_string(colors),
                      p_.partitions[a.partition->value].name));
    return false;
  };
  if (is_selection(a)) {
    ExprContext corner;
    corner.point = s.launch->domain.lo;
    if (!check(corner)) return;
    corner.point = s.launch->domain.hi;
    check(corner);
    return;
  }
  Reads reads;
  collect(a, 0, reads);
  for_each_context(s, reads, check);
}

void Checker::interference(const Program::Site& s, Place place) {
  const std::vector<Argument>& args = s.launch->arguments;
  for (std::size_t i = 0; i < args.size(); ++i) {
    for (std::size_t j = i + 1; j < args.size(); ++j) {
      const Argument &a = args[i], &b = args[j];
      if (!conflict(a, b)) continue;
      Reads reads;
      collect(a, 0, reads);
      collect(b, 0, reads);
      for_each_context(s, reads, [&](const ExprContext& c) {
        if (!intersects(p_.points(a, p_.color(*s.launch, a, c)), p_.points(b, p_.color(*s.launch, b, c)))) return true;
        error(diag::kInterferingArguments, place,
              fmt::format("launch of `{}`: arguments {} (`{}`) and {} (`{}`) overlap at launch point {} and one of them writes", p_.tasks[s.launch->task.value].name, i, a.name, j, b.name,
                          to_string(c.point)));
        return false;
      });
    }
  }
}

bool Checker::contained(const Program::Site& s, const Argument& a, const Argument& of_parent) {
  if (!of_parent.partition) return true;
  const Program::Site up = parent_site(s);
  Reads reads;
  collect(a, 0, reads);
  collect(of_parent, 1, reads);
  return for_each_context(s, reads, [&](const ExprContext& c) {
    ExprContext above = c;
    above.point = c.ancestors.front();
    above.ancestors = c.ancestors.subspan(1);
    return inside(p_.points(a, p_.color(*s.launch, a, c)), p_.points(of_parent, p_.color(*up.launch, of_parent, above)));
  });
}

void Checker::within_parent(const Program::Site& s, Place place) {
  const Launch& parent = *s.parents.back();
  for (std::size_t i = 0; i < s.launch->arguments.size(); ++i) {
    const Argument& a = s.launch->arguments[i];
    if (a.privilege == Privilege::None) continue;
    const bool fine = std::any_of(parent.arguments.begin(), parent.arguments.end(), [&](const Argument& of_parent) {
      return covers(of_parent, a) && contained(s, a, of_parent);
    });
    if (!fine) {
      error(diag::kNestedPrivilege, place,
            fmt::format("launch of `{}` by `{}`: argument {} (`{}`) asks for points, fields or a privilege that no argument of its parent has", p_.tasks[s.launch->task.value].name,
                        p_.tasks[parent.task.value].name, i, a.name));
    }
  }
}

}  // namespace mapwright::program
