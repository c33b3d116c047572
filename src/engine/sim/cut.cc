#include "engine/sim/cut.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "engine/sim/sets.h"

namespace mapwright::engine::sim {

namespace {

constexpr std::size_t kExact = 200;  // vertices whose least cut is found exactly

struct Edge {
  std::uint32_t a, b;
  double bytes;
};

// Least cut of a connected graph with n >= 2 vertices.
double stoer_wagner(std::size_t n, const std::vector<Edge>& edges) {
  std::vector<double> w(n * n, 0);
  for (const Edge& e : edges) {
    w[e.a * n + e.b] += e.bytes;
    w[e.b * n + e.a] += e.bytes;
  }
  std::vector<std::size_t> left(n);
  std::iota(left.begin(), left.end(), std::size_t {0});
  double least = HUGE_VAL;
  while (left.size() > 1) {
    std::vector<double> tied(n, 0);
    std::vector<std::size_t> open = left;
    std::size_t last = 0, before = 0;
    while (!open.empty()) {
      const auto most = std::max_element(open.begin(), open.end(), [&](std::size_t a, std::size_t b) { return tied[a] < tied[b]; });
      before = last;
      last = *most;
      if (open.size() == 1) least = std::min(least, tied[last]);
      open.erase(most);
      for (const std::size_t v : open) tied[v] += w[last * n + v];
    }
    for (const std::size_t v : left) {
      w[before * n + v] += w[last * n + v];
      w[v * n + before] = w[before * n + v];
    }
    std::erase(left, last);
  }
  return least;
}

// Ends of edges as heavy as a cut that is known are merged: a cut between them is no lighter.
double least_cut(std::vector<Edge> edges) {
  double known = HUGE_VAL;
  for (;;) {
    std::map<std::uint32_t, std::uint32_t> number;
    for (const Edge& e : edges) {
      number.try_emplace(e.a, 0);
      number.try_emplace(e.b, 0);
    }
    std::uint32_t n = 0;
    for (auto& [vertex, i] : number) i = n++;
    std::vector<double> degree(n, 0);
    for (Edge& e : edges) {
      e = {number[e.a], number[e.b], e.bytes};
      degree[e.a] += e.bytes;
      degree[e.b] += e.bytes;
    }
    for (const double d : degree) known = std::min(known, d);
    if (n <= 2) return known;
    DisjointSets sets(n);
    bool merged = false;
    for (const Edge& e : edges) {
      if (e.bytes < known) continue;
      sets.unite(e.a, e.b);
      merged = true;
    }
    if (!merged && n <= kExact) return std::min(known, stoer_wagner(n, edges));
    if (!merged) {
      for (const Edge& e : edges) known = std::min(known, e.bytes);
      return known;
    }
    std::map<std::pair<std::uint32_t, std::uint32_t>, double> next;
    for (const Edge& e : edges) {
      const std::uint32_t a = sets.find(e.a), b = sets.find(e.b);
      if (a != b) next[std::minmax(a, b)] += e.bytes;
    }
    if (next.empty()) return known;
    edges.clear();
    for (const auto& [pair, bytes] : next) edges.push_back({pair.first, pair.second, bytes});
  }
}

}  // namespace

double rate_into_node(const machine::Machine& machine) {
  if (machine.nodes() < 2) return 0;
  // Channels of node 1 that routes from node 0 use and routes inside node 1 do not.
  const std::size_t per_node = machine.channels().size() / machine.nodes();
  std::vector<bool> entrance(machine.channels().size()), inside(machine.channels().size());
  const auto own = [&](machine::ChannelId c) { return c.value >= per_node && c.value < 2 * per_node; };
  const auto routes = [&](std::uint32_t from_node, auto&& f) {
    for (std::size_t a = 0; a < machine.memories().size(); ++a) {
      if (machine.memories()[a].node != from_node) continue;
      for (std::size_t b = 0; b < machine.memories().size(); ++b) {
        if (machine.memories()[b].node == 1) f(machine.route(machine::MemoryId(a), machine::MemoryId(b)));
      }
    }
  };
  routes(1, [&](const machine::Route& r) {
    for (const machine::ChannelId c : r.list()) inside[c.value] = true;
  });
  bool all = true;
  routes(0, [&](const machine::Route& r) {
    bool found = false;
    for (const machine::ChannelId c : r.list()) {
      if (!own(c) || inside[c.value]) continue;
      entrance[c.value] = found = true;
    }
    all = all && found;
  });
  double rate = 0;
  for (std::size_t c = 0; c < entrance.size(); ++c) rate += entrance[c] ? machine.channels()[c].bandwidth.value : 0;
  return all ? rate : 0;
}

ExchangeGraph::ExchangeGraph(std::size_t vertices) : vertices_(vertices) {}

void ExchangeGraph::add(std::uint32_t a, std::uint32_t b, double bytes) {
  if (a != b && bytes > 0) bytes_[std::uint64_t {std::min(a, b)} << 32 | std::max(a, b)] += bytes;
}

Component ExchangeGraph::heaviest_component(const std::vector<double>& work) const {
  DisjointSets sets(vertices_);
  for (const auto& [pair, bytes] : bytes_) sets.unite(static_cast<std::uint32_t>(pair >> 32), static_cast<std::uint32_t>(pair));
  std::vector<double> sum(vertices_, 0);
  for (std::uint32_t v = 0; v < vertices_; ++v) sum[sets.find(v)] += work[v];
  Component out;
  out.members.assign(vertices_, false);
  if (vertices_ == 0) return out;
  const auto root = static_cast<std::uint32_t>(std::max_element(sum.begin(), sum.end()) - sum.begin());
  for (std::uint32_t v = 0; v < vertices_; ++v) out.members[v] = sets.find(v) == root;
  std::vector<Edge> edges;
  for (const auto& [pair, bytes] : bytes_) {
    const auto a = static_cast<std::uint32_t>(pair >> 32), b = static_cast<std::uint32_t>(pair);
    if (out.members[a]) edges.push_back({a, b, bytes});
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& x, const Edge& y) { return x.a != y.a ? x.a < y.a : x.b < y.b; });
  if (!edges.empty()) out.least_cut = least_cut(std::move(edges));
  return out;
}

}  // namespace mapwright::engine::sim
