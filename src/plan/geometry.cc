#include "plan/geometry.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace mapwright::plan {

namespace {

using program::FieldIndex;
using program::Privilege;
using program::Program;
using program::RegionId;

// A subregion named by a launch argument or a fill.
struct Use {
  RegionId region;
  std::optional<program::PartitionId> partition;
  std::vector<FieldIndex> fields;
};

void collect_fills(const program::Body& body, std::vector<Use>& uses) {
  for (const program::Statement& s : body) {
    if (const auto* fill = std::get_if<program::Fill>(&s.what)) uses.push_back({fill->region, fill->partition, fill->fields});
    if (const auto* loop = std::get_if<program::Loop>(&s.what)) collect_fills(loop->body, uses);
  }
}

// One rectangle of the refinement with the sets that contain it.
using Signature = std::vector<std::uint32_t>;
struct SignatureHash {
  std::size_t operator()(const Signature& s) const {
    std::uint64_t h = s.size();
    for (const std::uint32_t v : s) h = mix64(h ^ (v + 0x9e3779b97f4a7c15ULL));
    return h;
  }
};
using Atoms = std::unordered_map<Signature, std::vector<Rect>, SignatureHash>;

void refine_intervals(const std::vector<std::uint32_t>& sets, const Geometry& g, Atoms& atoms) {
  struct Event {
    std::int64_t at;
    bool opens;
    std::uint32_t set;
  };
  std::vector<Event> events;
  for (const std::uint32_t s : sets) {
    for (const Rect& r : g.point_sets[s].rects()) {
      events.push_back({r.lo[0], true, s});
      events.push_back({r.hi[0] + 1, false, s});
    }
  }
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return std::tie(a.at, a.opens, a.set) < std::tie(b.at, b.opens, b.set);
  });
  std::set<std::uint32_t> active;
  for (std::size_t i = 0; i < events.size();) {
    const std::int64_t at = events[i].at;
    for (; i < events.size() && events[i].at == at; ++i) {
      if (events[i].opens) active.insert(events[i].set); else active.erase(events[i].set);
    }
    if (!active.empty()) atoms[Signature(active.begin(), active.end())].push_back(Rect({at}, {events[i].at - 1}));
  }
}

// Joins neighbouring grid cells: runs along dimension 0 first, then equal runs along each further dimension.
std::vector<Rect> join_cells(std::vector<Rect> rects) {
  for (int d = 0; d < rects.front().dim(); ++d) {
    std::sort(rects.begin(), rects.end(), [d](const Rect& a, const Rect& b) {
      for (int e = 0; e < a.dim(); ++e) {
        if (e == d) continue;
        if (a.lo[e] != b.lo[e]) return a.lo[e] < b.lo[e];
        if (a.hi[e] != b.hi[e]) return a.hi[e] < b.hi[e];
      }
      return a.lo[d] < b.lo[d];
    });
    std::vector<Rect> joined;
    for (const Rect& r : rects) {
      bool same = !joined.empty() && joined.back().hi[d] + 1 == r.lo[d];
      for (int e = 0; same && e < r.dim(); ++e) {
        same = e == d || (joined.back().lo[e] == r.lo[e] && joined.back().hi[e] == r.hi[e]);
      }
      if (same) joined.back().hi[d] = r.hi[d]; else joined.push_back(r);
    }
    rects = std::move(joined);
  }
  return rects;
}

void refine_grid(int dim, const std::vector<std::uint32_t>& sets, const Geometry& g, Atoms& atoms) {
  std::vector<std::vector<std::int64_t>> cuts(static_cast<std::size_t>(dim));
  for (const std::uint32_t s : sets) {
    for (const Rect& r : g.point_sets[s].rects()) {
      for (int d = 0; d < dim; ++d) {
        cuts[static_cast<std::size_t>(d)].push_back(r.lo[d]);
        cuts[static_cast<std::size_t>(d)].push_back(r.hi[d] + 1);
      }
    }
  }
  Point extents = Point::filled(dim, 0);
  for (int d = 0; d < dim; ++d) {
    auto& c = cuts[static_cast<std::size_t>(d)];
    std::sort(c.begin(), c.end());
    c.erase(std::unique(c.begin(), c.end()), c.end());
    extents[d] = static_cast<std::int64_t>(c.size()) - 1;
  }
  const auto index = [&](int d, std::int64_t v) {
    const auto& c = cuts[static_cast<std::size_t>(d)];
    return std::lower_bound(c.begin(), c.end(), v) - c.begin();
  };
  const Rect grid = Rect::of_extents(std::span(extents.at.data(), static_cast<std::size_t>(dim)));
  std::vector<Signature> containing(static_cast<std::size_t>(grid.volume()));
  for (const std::uint32_t s : sets) {  // ascending, so every signature is sorted
    for (const Rect& r : g.point_sets[s].rects()) {
      Rect covered = grid;
      for (int d = 0; d < dim; ++d) {
        covered.lo[d] = index(d, r.lo[d]);
        covered.hi[d] = index(d, r.hi[d] + 1) - 1;
      }
      for_each_point(covered, [&](const Point& p) { containing[static_cast<std::size_t>(grid.linearize(p))].push_back(s); });
    }
  }
  for_each_point(grid, [&](const Point& p) {
    Signature& signature = containing[static_cast<std::size_t>(grid.linearize(p))];
    if (signature.empty()) return;
    Rect r(p, p);
    for (int d = 0; d < dim; ++d) {
      const auto& c = cuts[static_cast<std::size_t>(d)];
      r.lo[d] = c[static_cast<std::size_t>(p[d])];
      r.hi[d] = c[static_cast<std::size_t>(p[d]) + 1] - 1;
    }
    atoms[std::move(signature)].push_back(r);
  });
  for (auto& [signature, rects] : atoms) rects = join_cells(std::move(rects));
}

class Maker {
 public:
  explicit Maker(const Program& program) : program_(program), sites_(program.sites()) {}

  Geometry make() {
    g_.regions.resize(program_.regions.size());
    g_.whole.assign(program_.regions.size(), kNone);
    g_.colored.resize(program_.partitions.size());
    g_.argument_groups.resize(program_.launch_count);
    gather();
    for (std::size_t r = 0; r < program_.regions.size(); ++r) make_region(RegionId(r));
    number_sets();
    assign_groups();
    return std::move(g_);
  }

 private:
  void gather() {
    collect_fills(program_.main, uses_);
    for (const Program::Site& site : sites_) {
      for (const program::Argument& a : site.launch->arguments) {
        if (a.privilege != Privilege::None) uses_.push_back({a.region, a.partition, a.fields});
      }
    }
    std::vector<std::map<PointSet, std::uint32_t>> interned(program_.regions.size());
    const auto intern = [&](RegionId region, const PointSet& set) {
      const auto [it, fresh] = interned[region.value].try_emplace(set, static_cast<std::uint32_t>(g_.point_sets.size()));
      if (fresh) {
        g_.point_sets.push_back(set);
        g_.set_region.push_back(region);
      }
      return it->second;
    };
    for (const Use& use : uses_) {
      if (!use.partition) {
        g_.whole[use.region.value] = intern(use.region, program_.regions[use.region.value].points);
      } else if (g_.colored[use.partition->value].empty()) {
        for (const PointSet& piece : program_.partitions[use.partition->value].pieces) {
          g_.colored[use.partition->value].push_back(intern(use.region, piece));
        }
      }
    }
    members_.resize(g_.point_sets.size());
  }

  void make_region(RegionId region) {
    Geometry::RegionAtoms& atoms = g_.regions[region.value];
    make_groups(region, atoms);
    atoms.first_piece = static_cast<std::uint32_t>(g_.pieces.size());
    atoms.first_cell = static_cast<std::uint32_t>(g_.cells.size());
    std::vector<std::uint32_t> sets;
    for (std::uint32_t s = 0; s < g_.point_sets.size(); ++s) {
      if (g_.set_region[s] == region && !g_.point_sets[s].empty()) sets.push_back(s);
    }
    if (sets.empty()) return;
    const int dim = program_.regions[region.value].points.dim();
    Atoms found;
    if (dim == 1) refine_intervals(sets, g_, found); else refine_grid(dim, sets, g_, found);
    std::vector<std::pair<PointSet, const Signature*>> ordered;
    for (auto& [signature, rects] : found) ordered.emplace_back(PointSet::of_rects(dim, std::move(rects)), &signature);
    std::sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [points, signature] : ordered) {
      const auto piece = static_cast<std::uint32_t>(g_.pieces.size());
      for (const std::uint32_t s : *signature) members_[s].push_back(piece);
      for (std::uint32_t k = 0; k < atoms.groups; ++k) {
        const std::uint32_t group = atoms.first_group + k;
        g_.cells.push_back({region, piece, group, points.volume() * g_.groups[group].bytes_per_element});
      }
      g_.pieces.push_back(std::move(points));
    }
    atoms.pieces = static_cast<std::uint32_t>(g_.pieces.size()) - atoms.first_piece;
  }

  // Fields with the same users form a group; groups in order of their first field.
  void make_groups(RegionId region, Geometry::RegionAtoms& atoms) {
    const auto& fields = program_.regions[region.value].fields;
    std::vector<Signature> users(fields.size());
    std::map<std::vector<FieldIndex>, std::uint32_t> distinct;
    for (const Use& use : uses_) {
      if (use.region != region) continue;
      const auto [it, fresh] = distinct.try_emplace(use.fields, static_cast<std::uint32_t>(distinct.size()));
      if (!fresh) continue;
      for (const FieldIndex f : use.fields) users[f].push_back(it->second);
    }
    atoms.first_group = static_cast<std::uint32_t>(g_.groups.size());
    std::map<Signature, std::uint32_t> group_of;
    for (FieldIndex f = 0; f < fields.size(); ++f) {
      if (users[f].empty()) continue;
      const auto [it, fresh] = group_of.try_emplace(users[f], static_cast<std::uint32_t>(g_.groups.size()));
      if (fresh) g_.groups.push_back({region, {}, 0});
      g_.groups[it->second].fields.push_back(f);
      g_.groups[it->second].bytes_per_element += fields[f].bytes;
    }
    atoms.groups = static_cast<std::uint32_t>(g_.groups.size()) - atoms.first_group;
  }

  void number_sets() {
    g_.set_offsets.push_back(0);
    for (const auto& pieces : members_) {
      g_.set_pieces.insert(g_.set_pieces.end(), pieces.begin(), pieces.end());
      g_.set_offsets.push_back(static_cast<std::uint32_t>(g_.set_pieces.size()));
    }
  }

  std::vector<std::uint32_t> groups_of(RegionId region, const std::vector<FieldIndex>& fields) const {
    const Geometry::RegionAtoms& atoms = g_.regions[region.value];
    std::vector<std::uint32_t> groups;
    for (std::uint32_t k = atoms.first_group; k < atoms.first_group + atoms.groups; ++k) {
      if (std::find(fields.begin(), fields.end(), g_.groups[k].fields.front()) != fields.end()) groups.push_back(k);
    }
    return groups;
  }

  void assign_groups() {
    // What each task touches of each region through arguments that are not reductions.
    std::map<std::pair<program::TaskId, RegionId>, std::set<std::uint32_t>> touched;
    std::map<RegionId, std::set<program::ReductionOp>> operators;
    for (const Program::Site& site : sites_) {
      auto& of_launch = g_.argument_groups[site.launch->id.value];
      of_launch.clear();  // a launch can stand at several sites
      for (const program::Argument& a : site.launch->arguments) {
        of_launch.push_back(a.privilege == Privilege::None ? std::vector<std::uint32_t> {} : groups_of(a.region, a.fields));
        if (a.privilege == Privilege::Reduce) {
          operators[a.region].insert(a.reduction);
          continue;
        }
        touched[{site.launch->task, a.region}].insert(of_launch.back().begin(), of_launch.back().end());
      }
    }
    std::set<RegionId> mixed;
    for (const auto& [region, used] : operators) {
      if (used.size() > 1) mixed.insert(region);
    }
    std::vector<std::set<std::uint32_t>> ordinary(g_.point_sets.size());
    std::vector<std::array<std::set<std::uint32_t>, 3>> reduction(g_.point_sets.size());
    for (const Program::Site& site : sites_) {
      for (std::size_t i = 0; i < site.launch->arguments.size(); ++i) {
        const program::Argument& a = site.launch->arguments[i];
        if (a.privilege == Privilege::None) continue;
        const bool reduces = a.privilege == Privilege::Reduce;
        const auto& own = g_.argument_groups[site.launch->id.value][i];
        const auto& task = touched[{site.launch->task, a.region}];
        const auto add = [&](std::uint32_t set) {
          if (reduces) reduction[set][static_cast<std::size_t>(a.reduction)].insert(own.begin(), own.end());
          else ordinary[set].insert(task.begin(), task.end());
          // Before a reduction with another operator the pending one is folded into an ordinary instance of this set.
          if (reduces && mixed.contains(a.region)) ordinary[set].insert(own.begin(), own.end());
        };
        if (!a.partition) add(g_.whole[a.region.value]);
        else for (const std::uint32_t set : g_.colored[a.partition->value]) add(set);
      }
    }
    for (std::size_t s = 0; s < g_.point_sets.size(); ++s) {
      g_.instance_groups.emplace_back(ordinary[s].begin(), ordinary[s].end());
      g_.reduction_groups.emplace_back();
      for (std::size_t op = 0; op < 3; ++op) {
        g_.reduction_groups.back()[op].assign(reduction[s][op].begin(), reduction[s][op].end());
      }
    }
  }

  const Program& program_;
  std::vector<Program::Site> sites_;
  std::vector<Use> uses_;
  std::vector<std::vector<std::uint32_t>> members_;  // pieces of each point set
  Geometry g_;
};

}  // namespace

Geometry make_geometry(const program::Program& program) { return Maker(program).make(); }

}  // namespace mapwright::plan
