#include "engine/executor/tree.h"

#include <algorithm>

namespace mapwright::engine::executor {

using program::Argument;
using program::Launch;
using program::PartitionId;
using program::Privilege;

namespace {

template <int D>
Legion::Domain sparse_domain(const PointSet& s) {
  std::vector<Legion::Rect<D>> rects;
  for (const Rect& r : s.rects()) {
    Legion::Rect<D> out;
    for (int d = 0; d < D; ++d) {
      out.lo[d] = r.lo[d];
      out.hi[d] = r.hi[d];
    }
    rects.push_back(out);
  }
  return Legion::Domain(Legion::DomainT<D>(rects, true));
}

Legion::Domain domain_of(const PointSet& s) {
  if (s.empty()) return to_legion(Rect(Point::filled(s.dim(), 0), Point::filled(s.dim(), -1)));
  if (s.is_rect()) return to_legion(s.rects().front());
  switch (s.dim()) {
    case 1: return sparse_domain<1>(s);
    case 2: return sparse_domain<2>(s);
    case 3: return sparse_domain<3>(s);
    default: MW_CHECK(false, "a set of points of {} dimensions", s.dim());
  }
}

bool allows(Privilege parent, Privilege child) {
  if (child == Privilege::None || parent == Privilege::ReadWrite || parent == Privilege::WriteDiscard) return true;
  return parent == child;
}

}  // namespace

std::size_t covering(const Launch& parent, const Argument& a) {
  for (std::size_t i = 0; i < parent.arguments.size(); ++i) {
    const Argument& p = parent.arguments[i];
    if (p.region == a.region && allows(p.privilege, a.privilege) && std::includes(p.fields.begin(), p.fields.end(), a.fields.begin(), a.fields.end())) return i;
  }
  MW_CHECK(false, "a nested launch uses region {} without a privilege of its parent", a.region.value);
}

Tree::Tree(Legion::Context context, Legion::Runtime* runtime, const Job& job) : context_(context), runtime_(runtime), job_(job) {
  make_roots();
  find_own_names();
  const program::Program& p = job_.program();
  for (const program::Partition& one : p.partitions) colors_.push_back(runtime_->create_index_space(context_, to_legion(one.colors)));
  for (std::size_t i = 0; i < p.partitions.size(); ++i) {
    const program::Partition& one = p.partitions[i];
    make_partition(PartitionId(i), {above(PartitionId(i)), &(one.parent ? p.partitions[one.parent->first.value].pieces[one.parent->second] : p.regions[one.region.value].points), one.parent});
  }
  Frame frame;
  walk(p.main, nullptr, {}, frame);
}

void Tree::make_roots() {
  for (const program::Region& r : job_.program().regions) {
    const Legion::IndexSpace points = runtime_->create_index_space(context_, domain_of(r.points));
    const Legion::FieldSpace fields = runtime_->create_field_space(context_);
    Legion::FieldAllocator allocator = runtime_->create_field_allocator(context_, fields);
    for (std::size_t f = 0; f < r.fields.size(); ++f) {
      const auto id = static_cast<Legion::FieldID>(f);
      allocator.allocate_field(static_cast<std::size_t>(r.fields[f].bytes), id);
      runtime_->attach_name(fields, id, r.fields[f].name.c_str());
    }
    roots_.push_back(runtime_->create_logical_region(context_, points, fields));
    runtime_->attach_name(roots_.back(), r.name.c_str());
  }
}

Legion::LogicalRegion Tree::piece(Legion::LogicalPartition p, PartitionId id, std::uint32_t color) const {
  return runtime_->get_logical_subregion_by_color(p, to_legion(job_.program().partitions[id.value].colors.delinearize(color)));
}

Legion::LogicalRegion Tree::above(PartitionId p) const {
  const program::Partition& one = job_.program().partitions[p.value];
  if (!one.parent) return root(one.region);
  return piece(partition(runtime_, above(one.parent->first), one.parent->first), one.parent->first, one.parent->second);
}

void Tree::make_partition(PartitionId p, const Place& below) {
  if (!made_.emplace(below.region, p.value).second) return;
  const program::Partition& one = job_.program().partitions[p.value];
  std::map<Legion::DomainPoint, Legion::Domain> pieces;
  for (std::uint32_t c = 0; c < one.pieces.size(); ++c) {
    const PointSet& points = one.pieces[c];
    const bool inside = subtract(points, *below.points).empty();  // others are of other regions
    pieces.emplace(to_legion(one.colors.delinearize(c)), domain_of(inside ? points : PointSet(Rect(Point::filled(points.dim(), 0), Point::filled(points.dim(), -1)))));
  }
  const bool native = one.parent == below.as;
  const Legion::PartitionKind kind = one.disjoint ? (native ? (one.complete ? LEGION_DISJOINT_COMPLETE_KIND : LEGION_DISJOINT_INCOMPLETE_KIND) : LEGION_DISJOINT_KIND)
                                                  : (native ? (one.complete ? LEGION_ALIASED_COMPLETE_KIND : LEGION_ALIASED_INCOMPLETE_KIND) : LEGION_ALIASED_KIND);
  const Legion::IndexPartition made =
      runtime_->create_partition_by_domain(context_, below.region.get_index_space(), pieces, colors_[p.value], false, kind, color(p));
  const Legion::LogicalPartition logical = runtime_->get_logical_partition(below.region, made);
  runtime_->attach_name(logical, one.name.c_str());
  const std::string& own = own_names_[p.value];
  if (own.empty() || own == one.name) return;
  for (std::uint32_t c = 0; c < one.pieces.size(); ++c) runtime_->attach_name(piece(logical, p, c), own.c_str());
}

// The name that all arguments through a partition have in common becomes that of its subregions; empty when they differ.
void Tree::find_own_names() {
  const program::Program& p = job_.program();
  own_names_.resize(p.partitions.size());
  std::vector<bool> seen(p.partitions.size());
  for (const program::Program::Site& s : p.sites()) {
    for (const Argument& a : s.launch->arguments) {
      if (!a.partition) continue;
      std::string& name = own_names_[a.partition->value];
      if (!seen[a.partition->value]) name = a.name;
      else if (name != a.name) name.clear();
      seen[a.partition->value] = true;
    }
  }
}

Tree::Place Tree::find(const Argument& a, std::uint32_t color, const Place& below) {
  if (!a.partition) return below;
  const std::pair as(*a.partition, color);
  if (below.as == as) return below;
  make_partition(*a.partition, below);
  return {piece(partition(runtime_, below.region, *a.partition), *a.partition, color), &job_.program().partitions[a.partition->value].pieces[color], as};
}

// Visits every launch that is nested in another, with every point above it and every round of the loops that it reads.
void Tree::walk(const program::Body& body, const Launch* parent, const std::vector<Place>& places, Frame& frame) {
  for (const program::Statement& s : body) {
    if (const auto* l = std::get_if<Launch>(&s.what)) visit(*l, parent, places, frame);
    if (const auto* loop = std::get_if<program::Loop>(&s.what)) {
      const std::int64_t rounds = job_.reads_loop(loop->body, loop->name) ? loop->count : std::min<std::int64_t>(loop->count, 1);
      frame.loops.push_back({loop->name, 0});
      const std::size_t mine = frame.loops.size() - 1;
      for (std::int64_t i = 0; i < rounds; ++i) {
        frame.loops[mine].value = i;
        walk(loop->body, parent, places, frame);
      }
      frame.loops.pop_back();
    }
  }
}

void Tree::visit(const Launch& l, const Launch* parent, const std::vector<Place>& places, Frame& frame) {
  const program::Program& program = job_.program();
  const program::Body& body = program.tasks[l.task.value].body;
  if (!parent && body.empty()) return;
  for_each_point(l.domain, [&](const Point& p) {
    const program::ExprContext at = frame.at(p);
    std::vector<Place> mine;
    for (const Argument& a : l.arguments) {
      const std::uint32_t color = program.color(l, a, at);
      Place below;
      if (parent) {
        below = places[covering(*parent, a)];
      } else if (a.partition) {
        const program::Partition& one = program.partitions[a.partition->value];
        below = {above(*a.partition), nullptr, one.parent};
      } else {
        below = {root(a.region), &program.regions[a.region.value].points, std::nullopt};
      }
      mine.push_back(find(a, color, below));
    }
    if (body.empty()) return;
    frame.ancestors.insert(frame.ancestors.begin(), p);
    walk(body, &l, mine, frame);
    frame.ancestors.erase(frame.ancestors.begin());
  });
}

}  // namespace mapwright::engine::executor
