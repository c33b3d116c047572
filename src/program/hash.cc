// Program::hash: every field that an engine can see, in a fixed order, so equal programs hash equally on every platform.
#include <bit>

#include "program/program.h"

namespace mapwright::program {

namespace {

class Visitor {
 public:
  std::string run(const Program& p) {
    add(std::string_view("mapwright.program/1"), p.name, p.top_level, p.ranks_per_node, p.regions, p.partitions, p.tasks,
        p.futures, p.main, p.metric, p.reference_mapper);
    return hasher_.hex();
  }

 private:
  template <typename... T>
  void add(const T&... values) {
    (one(values), ...);
  }

  void one(std::string_view v) { hasher_.add(v); }
  void one(const std::string& v) { hasher_.add(std::string_view(v)); }
  void one(double v) { hasher_.add(std::bit_cast<std::uint64_t>(v == 0 ? 0.0 : v)); }
  template <typename T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  void one(T v) {
    hasher_.add(static_cast<std::uint64_t>(v));
  }
  template <typename Tag>
  void one(Id<Tag> v) {
    hasher_.add(v.value);
  }
  template <typename T>
  void one(const std::vector<T>& all) {
    hasher_.add(all.size());
    for (const T& v : all) one(v);
  }
  template <typename T>
  void one(const std::optional<T>& v) {
    hasher_.add(v ? 1 : 0);
    if (v) one(*v);
  }
  template <typename A, typename B>
  void one(const std::pair<A, B>& v) {
    add(v.first, v.second);
  }

  void one(const Rect& r) {
    one(r.dim());
    for (int d = 0; d < r.dim(); ++d) add(r.lo[d], r.hi[d]);
  }
  void one(const PointSet& s) {
    add(s.dim(), s.rects().size());
    for (const Rect& r : s.rects()) one(r);
  }
  void one(const Expr& e) { one(e.to_text()); }
  void one(const Field& f) { add(f.name, f.bytes); }
  void one(const Region& r) { add(r.name, r.points, r.fields); }
  void one(const Partition& q) { add(q.name, q.region, q.parent, q.colors, q.pieces); }
  void one(const AccessPattern& q) { add(q.kind, q.fields, q.count, q.bytes, q.distinct, q.reuse, q.passes); }
  void one(const Argument& a) {
    add(a.name, a.region, a.partition, a.fields, a.privilege, a.patterns);
    if (a.partition) add(a.projection.colors, a.projection.table);
    if (a.privilege == Privilege::Reduce) one(a.reduction);
  }
  void one(const LayoutDemand& d) { add(d.argument, d.fields, d.dims, d.equivalent); }
  void one(const MeasuredTime& m) {
    add(m.memories, m.fields, m.dims, m.seconds);
    if (m.argument) one(m.argument);
  }
  void one(const Variant& v) {
    add(v.kind, v.inner, v.precision, v.flops, v.efficiency, v.demands, v.preferred, v.measured);
  }
  void one(const Task& t) { add(t.name, t.variants, t.body, t.replicable); }
  void one(const Metric& m) { add(m.name, m.unit, m.formula, m.higher_is_better, m.combine, m.label); }
  void one(const Launch& l) { add(l.id, l.task, l.index, l.domain, l.arguments, l.result, l.futures, l.values); }
  void one(const Loop& l) { add(l.name, l.count, l.traced, l.trace, l.body); }
  void one(const Fence& f) { one(f.wait); }
  void one(const Timer& t) { add(t.label, t.start); }
  void one(const Fill& f) { add(f.region, f.partition, f.fields, f.value); }
  void one(const FutureWait& w) { one(w.future); }
  void one(const Statement& s) {
    one(s.what.index());
    std::visit([this](const auto& v) { one(v); }, s.what);
  }

  Hasher hasher_;
};

}  // namespace

std::string Program::hash() const { return Visitor().run(*this); }

}  // namespace mapwright::program
