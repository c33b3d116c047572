// Random points and moves: both work on groups of parameters that are tied to one value.
#include <algorithm>
#include <set>

#include "search/space_impl.h"

namespace mapwright::search {

namespace {

using Scope = Move::Scope;
using Group = std::vector<std::uint32_t>;  // parameters of one decision, ascending

constexpr std::array<Decision, 9> kOrder {Decision::Kind,      Decision::Memory, Decision::Layout,
                                          Decision::IndexMap,  Decision::SingleMap, Decision::Limit,
                                          Decision::Collect,   Decision::Spill,  Decision::Replicate};

class Groups {
 public:
  Groups(const SearchSpace::Impl& space, Decision decision) : s_(space), decision_(decision) {
    for (std::uint32_t i = 0; i < s_.parameters.size(); ++i) {
      if (s_.parameters[i].decision == decision) all_.push_back(i);
    }
  }
  const Group& all() const { return all_; }

  // Arguments that share data (a partition, then a region); tasks with equally many dimensions that share data.
  std::vector<Group> by_data(bool regions) const {
    std::map<std::pair<DataId, int>, Group> groups;
    for (const std::uint32_t i : all_) {
      const Parameter& p = s_.parameters[i];
      const TaskInfo& task = s_.tasks[s_.owner[i]];
      std::set<DataId> data;
      for (std::size_t a = 0; a < task.arguments.size(); ++a) {
        if (decision_ != Decision::IndexMap && p.argument != a) continue;
        for (const DataId& d : task.arguments[a].data) data.insert({d.region, regions ? std::nullopt : d.partition});
      }
      const int dim = decision_ == Decision::IndexMap ? task.dim : 0;
      for (const DataId& d : data) groups[{d, dim}].push_back(i);
    }
    return values(groups);
  }

  std::vector<Group> by_task() const {
    std::map<std::size_t, Group> groups;
    for (const std::uint32_t i : all_) groups[s_.owner[i]].push_back(i);
    return values(groups);
  }

  std::vector<Group> by_dimension() const {
    std::map<int, Group> groups;
    for (const std::uint32_t i : all_) groups[s_.tasks[s_.owner[i]].dim].push_back(i);
    return values(groups);
  }

 private:
  template <typename Map>
  static std::vector<Group> values(Map& groups) {
    std::vector<Group> out;
    for (auto& [key, group] : groups) out.push_back(std::move(group));
    return out;
  }

  const SearchSpace::Impl& s_;
  Decision decision_;
  Group all_;
};

// Names of the values that members of a group have, in order of first appearance.
std::vector<std::string> value_names(const SearchSpace::Impl& s, const Group& group) {
  std::vector<std::string> names;
  std::set<std::string_view> seen;
  for (const std::uint32_t i : group) {
    for (const std::string& v : s.parameters[i].values) {
      if (seen.insert(v).second) names.push_back(v);
    }
  }
  return names;
}

std::optional<std::int64_t> find_value(const Parameter& p, std::string_view name) {
  const auto found = std::find(p.values.begin(), p.values.end(), name);
  if (found == p.values.end()) return std::nullopt;
  return found - p.values.begin();
}

bool chooses_weights(const SearchSpace::Impl& s, std::uint32_t parameter, std::int64_t value) {
  return s.parameters[parameter].decision == Decision::IndexMap &&
         is_weighted(s.of[s.owner[parameter]].index_forms[static_cast<std::size_t>(value)]);
}

class RandomPoint {
 public:
  RandomPoint(const SearchSpace::Impl& s, Rng& rng) : s_(s), rng_(rng), point_(s.parameters.size(), 0) {}

  Point draw() {
    for (const Decision decision : kOrder) {
      const Groups groups(s_, decision);
      if (groups.all().empty()) continue;
      const std::uint64_t scope = rng_.below(4);
      if (scope == 1) draw_group(groups.all());
      if (scope == 2) {
        const bool arguments = decision == Decision::Memory || decision == Decision::Layout;
        for (const Group& g : arguments                        ? groups.by_data(true)
                              : decision == Decision::IndexMap ? groups.by_dimension()
                                                               : groups.by_task()) {
          draw_group(g);
        }
      }
      if (scope == 3) {
        for (const std::uint32_t i : groups.all()) draw_group({i});
      }
    }
    return std::move(point_);
  }

 private:
  void draw_group(const Group& group) {
    const std::vector<std::string> names = value_names(s_, group);
    const std::string& name = names[rng_.below(names.size())];
    std::map<std::uint32_t, std::int64_t> weights;  // by dimension: tied tasks share them
    for (const std::uint32_t i : group) {
      point_[i] = find_value(s_.parameters[i], name).value_or(0);
      if (!chooses_weights(s_, i, point_[i])) continue;
      const std::size_t t = s_.owner[i];
      for (std::uint32_t d = 0; d < static_cast<std::uint32_t>(s_.tasks[t].dim); ++d) {
        const std::uint32_t w = s_.of[t].first_weight + d;
        const auto size = static_cast<std::uint64_t>(s_.parameters[w].size());
        if (!weights.contains(d)) weights[d] = static_cast<std::int64_t>(rng_.below(size));
        point_[w] = std::min(weights[d], s_.parameters[w].highest);
      }
    }
  }

  const SearchSpace::Impl& s_;
  Rng& rng_;
  Point point_;
};

// Weight vectors worth trying: every combination while there are few, else small ones.
std::vector<std::vector<std::int64_t>> weight_vectors(const SearchSpace::Impl& s, std::size_t t) {
  const auto dim = static_cast<std::size_t>(s.tasks[t].dim);
  std::int64_t top = s.parameters[s.of[t].first_weight].highest;
  const auto count = [dim](std::int64_t n) {
    std::int64_t c = 1;
    for (std::size_t d = 0; d < dim; ++d) c *= n + 1;
    return c;
  };
  while (top > 1 && count(top) > 81) --top;
  std::vector<std::vector<std::int64_t>> out;
  std::vector<std::int64_t> w(dim, 0);
  while (true) {
    std::size_t d = 0;
    while (d < dim && w[d] == top) w[d++] = 0;
    if (d == dim) return out;
    ++w[d];
    out.push_back(w);
  }
}

class Moves {
 public:
  Moves(const SearchSpace::Impl& s, const Point& point) : s_(s), point_(point) {}

  std::vector<Move> list() {
    for (const Decision decision : kOrder) {
      const Groups groups(s_, decision);
      if (groups.all().empty()) continue;
      seen_.clear();
      // Narrow groups first: a group that is also a wider one counts as the narrow one.
      for (const std::uint32_t i : groups.all()) add(Scope::One, decision, {i});
      const bool arguments = decision == Decision::Memory || decision == Decision::Layout;
      if (arguments) {
        for (const Group& g : groups.by_task()) add(Scope::Task, decision, g);
      }
      if (arguments || decision == Decision::IndexMap) {
        for (const bool regions : {false, true}) {
          for (const Group& g : groups.by_data(regions)) add(Scope::Region, decision, g);
        }
      }
      if (decision == Decision::IndexMap) {
        for (const Group& g : groups.by_dimension()) add(Scope::All, decision, g);
      } else {
        add(Scope::All, decision, groups.all());
      }
    }
    return std::move(moves_);
  }

 private:
  void add(Scope scope, Decision decision, const Group& group) {
    if (!seen_.insert(group).second) return;
    for (const std::string& name : value_names(s_, group)) {
      Move move {scope, decision, {}, 0};
      Group weighted;
      for (const std::uint32_t i : group) {
        const auto value = find_value(s_.parameters[i], name);
        if (!value) continue;
        if (chooses_weights(s_, i, *value)) weighted.push_back(i);
        move.assignments.emplace_back(i, *value);
      }
      if (!weighted.empty()) {
        add_weighted(move, weighted);
      } else {
        add_if_new(std::move(move));
      }
    }
  }

  void add_if_new(Move move) {
    for (const auto& [parameter, value] : move.assignments) {
      const std::size_t t = s_.owner[parameter];
      if (t < s_.tasks.size()) move.executions = std::max(move.executions, s_.tasks[t].executions);
    }
    const bool changes = std::any_of(move.assignments.begin(), move.assignments.end(),
                                     [this](const auto& a) { return point_[a.first] != a.second; });
    if (changes) moves_.push_back(std::move(move));
  }

  void add_weighted(const Move& base, const Group& group) {
    for (const std::vector<std::int64_t>& weights : weight_vectors(s_, s_.owner[group.front()])) {
      Move move = base;
      for (const std::uint32_t i : group) {
        const std::size_t t = s_.owner[i];
        for (std::uint32_t d = 0; d < weights.size() && d < static_cast<std::uint32_t>(s_.tasks[t].dim); ++d) {
          const std::uint32_t w = s_.of[t].first_weight + d;
          move.assignments.emplace_back(w, std::min(weights[d], s_.parameters[w].highest));
        }
      }
      add_if_new(std::move(move));
    }
  }

  const SearchSpace::Impl& s_;
  const Point& point_;
  std::set<Group> seen_;
  std::vector<Move> moves_;
};

}  // namespace

Point SearchSpace::random_point(Rng& rng) const {
  Point point = RandomPoint(*impl_, rng).draw();
  repair(point);
  return point;
}

std::vector<Move> SearchSpace::moves(const Point& point) const { return Moves(*impl_, point).list(); }

std::string random_mapper(const SearchSpace& space, std::uint64_t seed) {
  Rng rng(counter_random(seed, 0, 0));
  return space.render(space.random_point(rng));
}

}  // namespace mapwright::search
