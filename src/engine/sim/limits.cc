#include "engine/sim/limits.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "engine/sim/cut.h"
#include "engine/sim/least_cost.h"
#include "engine/sim/spread.h"
#include "engine/sim/volume.h"
#include "plan/flow.h"

namespace mapwright::engine::sim {

namespace {

using plan::Flow;
using plan::kNone;
using Terms = std::array<double, kLimitTerms>;

constexpr double kBefore = -HUGE_VAL;          // time of what may come before the interval
constexpr std::size_t kMaxNodes = 1u << 20;    // of an interval
constexpr std::size_t kMaxOperands = 8;        // arguments of a task that are looked at as operands

// The least costs of nodes, equal ones once.
class CostTable {
 public:
  CostTable(const program::Program& program, const machine::Machine& machine) : costs_(program, machine) {}
  const std::vector<ProcessorKind>& kinds() const { return costs_.kinds(); }

  void evaluate(const Flow& flow) {
    of_node_.assign(flow.nodes.size(), 0);
    std::vector<std::uint32_t> of_vertex(flow.site_of.size(), kNone);
    std::vector<char> seen(flow.sites, 0), varies(flow.sites, 0);
    for (std::uint32_t i = 0; i < flow.nodes.size(); ++i) {
      const Flow::Node& n = flow.nodes[i];
      if (n.kind != Flow::Kind::Task) continue;
      if (!seen[n.site]) {
        for (std::uint32_t l = 0; l < n.loops && !varies[n.site]; ++l) {
          varies[n.site] = costs_.reads_loop(*n.launch, flow.counters[n.counters + l].name);
        }
        seen[n.site] = 1;
      }
      if (!varies[n.site] && of_vertex[n.vertex] != kNone) {
        of_node_[i] = of_vertex[n.vertex];
        continue;
      }
      of_node_[i] = of_vertex[n.vertex] = intern(flow, n);
    }
  }

  // By kind.
  const std::vector<LeastCost>& of(std::uint32_t node) const { return table_[of_node_[node]]; }
  double shortest(std::uint32_t node) const { return shortest_[of_node_[node]]; }

 private:
  std::uint32_t intern(const Flow& flow, const Flow::Node& n) {
    ancestors_.clear();
    for (std::uint32_t p = n.parent; p != kNone; p = flow.nodes[p].parent) ancestors_.push_back(point_of(flow.nodes[p]));
    program::ExprContext context;
    context.point = point_of(n);
    context.ancestors = ancestors_;
    context.loops = std::span(flow.counters).subspan(n.counters, n.loops);
    costs_.of(*n.launch, context, cost_);
    double shortest = HUGE_VAL;
    Hasher h;
    for (const LeastCost& c : cost_) {
      if (c.possible) shortest = std::min(shortest, c.occupied);
      h.add(c.possible).add(std::bit_cast<std::uint64_t>(c.compute)).add(std::bit_cast<std::uint64_t>(c.memory)).add(std::bit_cast<std::uint64_t>(c.occupied));
    }
    const auto [known, fresh] = known_.try_emplace(h.low(), static_cast<std::uint32_t>(table_.size()));
    if (fresh) {
      table_.push_back(cost_);
      shortest_.push_back(shortest == HUGE_VAL ? 0 : shortest);
    }
    return known->second;
  }

  static Point point_of(const Flow::Node& n) { return n.launch->index ? n.launch->domain.delinearize(n.point) : Point(); }

  LeastCosts costs_;
  std::vector<std::uint32_t> of_node_;
  std::vector<std::vector<LeastCost>> table_;
  std::vector<double> shortest_;
  std::unordered_map<std::uint64_t, std::uint32_t> known_;
  std::vector<Point> ancestors_;
  std::vector<LeastCost> cost_;
};

class Interval {
 public:
  Interval(const Flow& flow, const machine::Machine& machine, CostTable& costs) : flow_(flow), machine_(machine), costs_(costs) {}

  // Nothing when the interval might end before it begins.
  std::optional<Terms> terms() {
    costs_.evaluate(flow_);
    go_forward();
    go_backward();
    count();
    const auto nodes = static_cast<std::uint32_t>(flow_.nodes.size());
    bool ordered = flow_.from_fence && flow_.to_fence;
    for (std::uint32_t i = 0; i < nodes && !ordered; ++i) ordered = inside(i);
    if (!ordered) return std::nullopt;
    Terms out {};
    const auto set = [&out](LimitTerm t, double seconds) { out[static_cast<std::size_t>(t)] = std::max(0.0, seconds); };
    std::vector<bool> all(flow_.site_of.size(), true);
    set(LimitTerm::Compute, spread(&LeastCost::compute, all, machine_.nodes()));
    set(LimitTerm::Memory, spread(&LeastCost::memory, all, machine_.nodes()));
    const double tasks = spread(&LeastCost::occupied, all, machine_.nodes());
    set(LimitTerm::Tasks, tasks);
    set(LimitTerm::Communication, communication(tasks));
    set(LimitTerm::Mapping, mapping());
    set(LimitTerm::Chain, chain());
    return out;
  }

 private:
  // ---------------------------------------------------------------------------------------------- what is inside

  double mapping_seconds(const Flow::Node& n) const {
    const machine::Overheads& o = machine_.overheads();
    return (n.traced ? o.point_traced : o.point_untraced).value;
  }

  // A reduction up and a broadcast down a tree of address spaces, with the shortest latency there is.
  double future_seconds() const {
    const std::uint32_t spaces = machine_.spaces();
    double hop = spaces > 1 ? HUGE_VAL : 0;
    for (std::size_t a = 0; a < machine_.memories().size() && spaces > 1; ++a) {
      if (machine_.memories()[a].space.value != 0) continue;
      for (std::size_t b = 0; b < machine_.memories().size(); ++b) {
        if (machine_.memories()[b].space.value != spaces - 1) continue;
        hop = std::min(hop, machine_.route(machine::MemoryId(a), machine::MemoryId(b)).latency.value);
      }
    }
    return machine_.overheads().copy_start.value + (spaces > 1 ? 2 * std::bit_width(spaces - 1) * hop : 0);
  }

  // ends_[i]: when node i has ended at least, from the beginning of the interval; kBefore: perhaps before it.
  void go_forward() {
    ends_.assign(flow_.nodes.size(), kBefore);
    cause_.assign(flow_.nodes.size(), kNone);
    std::vector<double> there(flow_.versions.size(), kBefore);  // by version: when its data are
    std::vector<std::uint32_t> writer(flow_.versions.size(), kNone);
    std::vector<bool> begun(flow_.versions.size());
    const double ready = machine_.overheads().ready_to_start.value, future = future_seconds();
    double latest = flow_.from_fence ? 0 : kBefore;
    std::uint32_t last = kNone;
    for (std::uint32_t i = 0; i < flow_.nodes.size(); ++i) {
      const Flow::Node& n = flow_.nodes[i];
      double start = flow_.from_fence ? 0 : kBefore;
      const auto after = [&](double time, std::uint32_t node) {
        const bool same_point = time == start && node != kNone && cause_[i] != kNone && flow_.nodes[node].point == n.point;
        if (!(time > start) && !same_point) return;
        start = time;
        cause_[i] = node;
      };
      if (n.kind == Flow::Kind::Fence) {
        after(latest, last);
        ends_[i] = start;
      } else if (n.kind == Flow::Kind::Future) {
        for (std::uint32_t p = n.points_begin; p < i; ++p) after(ends_[p], p);
        ends_[i] = start + future;
      } else {
        const double map = mapping_seconds(n);
        if (flow_.from_wait) start = map;
        if (n.fence != kNone) after(ends_[n.fence], n.fence);
        if (n.gate != kNone) after(ends_[n.gate] + map, n.gate);
        if (n.parent != kNone) after(ends_[n.parent] + map, n.parent);
        for (const std::uint32_t f : flow_.futures_of(i)) after(ends_[f], f);
        for (const std::uint32_t v : flow_.reads_of(i)) after(there[v], writer[v]);
        start += ready;
        if (n.starts && start < 0) start = 0;
        ends_[i] = start + costs_.shortest(i);
        for (const std::uint32_t v : flow_.writes_of(i)) {
          const std::uint32_t before = flow_.versions[v].previous;
          if (!begun[v] && before != kNone) {
            there[v] = there[before];
            writer[v] = writer[before];
          }
          begun[v] = true;
          if (ends_[i] > there[v]) {
            there[v] = ends_[i];
            writer[v] = i;
          }
        }
      }
      if (ends_[i] > latest) {
        latest = ends_[i];
        last = i;
      }
    }
  }

  // needed_[i]: the interval does not end before node i has.
  void go_backward() {
    needed_.assign(flow_.nodes.size(), flow_.to_fence);
    if (flow_.to_fence) return;
    std::vector<bool> wanted(flow_.versions.size());
    std::uint32_t before = 0;  // all nodes before this one are needed
    for (auto i = static_cast<std::uint32_t>(flow_.nodes.size()); i-- > 0;) {
      const Flow::Node& n = flow_.nodes[i];
      bool needed = needed_[i] || n.stops || i < before;
      for (const std::uint32_t v : flow_.writes_of(i)) needed = needed || wanted[v];
      needed_[i] = needed;
      if (!needed) continue;
      if (n.kind == Flow::Kind::Fence) before = std::max(before, i);
      if (n.kind == Flow::Kind::Future) {
        for (std::uint32_t p = n.points_begin; p < i; ++p) needed_[p] = true;
      }
      for (const std::uint32_t p : {n.fence, n.gate, n.parent}) {
        if (p != kNone) needed_[p] = true;
      }
      for (const std::uint32_t f : flow_.futures_of(i)) needed_[f] = true;
      for (const std::uint32_t read : flow_.reads_of(i)) {
        for (std::uint32_t v = read; v != kNone && !wanted[v]; v = flow_.versions[v].previous) wanted[v] = true;
      }
    }
  }

  bool inside(std::uint32_t i) const { return flow_.nodes[i].kind == Flow::Kind::Task && ends_[i] > kBefore && needed_[i]; }

  // times_[i]: executions that node i stands for. Where iterations differ in what is inside, those that are not shown are
  // not counted: what is inside follows from the iteration before (after), so that two equal ones are followed by equal
  // ones.
  void count() {
    times_.clear();
    for (const Flow::Node& n : flow_.nodes) times_.push_back(n.times);
    for (const Flow::Repeat& r : flow_.repeats) {
      bool steady = true;
      for (std::uint32_t k = 0; k < r.length && steady; ++k) {
        const auto at = [&](std::uint32_t iteration) { return r.begin + iteration * r.length + k; };
        steady = (ends_[at(1)] > kBefore) == (ends_[at(2)] > kBefore) && needed_[at(2)] == needed_[at(3)];
      }
      if (steady) continue;
      for (std::uint32_t i = r.begin + 2 * r.length; i < r.begin + 3 * r.length; ++i) times_[i] /= static_cast<double>(r.count - Flow::kShown + 1);
    }
  }

  // ---------------------------------------------------------------------------------------------- terms

  // The points of `vertices` on all processors of `nodes` nodes.
  double spread(double LeastCost::*part, const std::vector<bool>& vertices, std::uint32_t nodes) const {
    const std::size_t kinds = costs_.kinds().size();
    std::vector<double> seconds(flow_.site_of.size() * kinds, 0);
    std::vector<bool> used(flow_.site_of.size());
    for (std::uint32_t i = 0; i < flow_.nodes.size(); ++i) {
      const std::uint32_t v = flow_.nodes[i].vertex;
      if (!inside(i) || !vertices[v]) continue;
      used[v] = true;
      for (std::size_t k = 0; k < kinds; ++k) {
        const LeastCost& c = costs_.of(i)[k];
        seconds[v * kinds + k] = c.possible ? seconds[v * kinds + k] + times_[i] * c.*part : -1;
      }
    }
    std::vector<SiteLoad> sites(flow_.sites, SiteLoad(kinds));
    for (std::uint32_t v = 0; v < used.size(); ++v) {
      if (!used[v]) continue;
      SiteLoad& site = sites[flow_.site_of[v]];
      for (std::size_t k = 0; k < kinds; ++k) {
        if (seconds[v * kinds + k] < 0) site.sum[k] = -1; else site.add(k, seconds[v * kinds + k]);
      }
      ++site.points;
    }
    std::vector<double> processors;
    for (const ProcessorKind kind : costs_.kinds()) {
      processors.push_back(processors_of_node(kind) * nodes);
    }
    return least_time(sites, processors);
  }

  double processors_of_node(ProcessorKind kind) const {
    return static_cast<double>(machine_.processors_per_space(kind)) * machine_.ranks_per_node();
  }

  double communication(double tasks) {
    if (machine_.nodes() == 1) return 0;
    const double rate = rate_into_node(machine_);
    return rate > 0 ? std::max(exchange(rate), operands(rate, tasks)) : 0;
  }

  // Tasks that exchange data are all on one node, or some of the data cross the network: at least a least cut.
  double exchange(double rate) const {
    ExchangeGraph graph(flow_.site_of.size());
    std::vector<std::uint32_t> order;
    std::vector<std::vector<std::uint32_t>> writers(flow_.versions.size()), readers(flow_.versions.size());
    std::vector<double> times(flow_.versions.size(), HUGE_VAL), work(flow_.site_of.size(), 0);
    for (std::uint32_t i = 0; i < flow_.nodes.size(); ++i) {
      if (!inside(i)) continue;
      work[flow_.nodes[i].vertex] += times_[i] * costs_.shortest(i);
      for (const std::uint32_t v : flow_.writes_of(i)) {
        writers[v].push_back(flow_.nodes[i].vertex);
        times[v] = std::min(times[v], times_[i]);
      }
      for (const std::uint32_t v : flow_.reads_of(i)) readers[v].push_back(flow_.nodes[i].vertex);
    }
    for (std::uint32_t v = 0; v < flow_.versions.size(); ++v) {
      const std::size_t pairs = std::max(writers[v].size(), readers[v].size());
      if (writers[v].empty() || readers[v].empty()) continue;
      const double bytes = times[v] * static_cast<double>(flow_.versions[v].bytes) / static_cast<double>(pairs);
      for (std::size_t k = 0; k < pairs; ++k) graph.add(writers[v][k % writers[v].size()], readers[v][k % readers[v].size()], bytes);
    }
    const Component c = graph.heaviest_component(work);
    if (!(c.least_cut > 0)) return 0;
    return std::min(spread(&LeastCost::occupied, c.members, 1), c.least_cut / 2 / rate);
  }

  // Of points that need three operands each, a node that executes many has to have many operands, and most have to be brought.
  double operands(double rate, double tasks) {
    if (!flow_.from_fence || !flow_.to_fence) return 0;
    known_.clear();
    for (const Flow::Operand& o : flow_.operands) known_.push_back({static_cast<double>(o.bytes), static_cast<double>(o.holders)});
    std::vector<std::vector<std::uint32_t>> nodes(flow_.sites);  // by site
    for (std::uint32_t i = 0; i < flow_.nodes.size(); ++i) {
      if (flow_.operands_of(i).size() >= kOperandKinds && inside(i)) nodes[flow_.nodes[i].site].push_back(i);
    }
    double most = 0;
    for (const std::vector<std::uint32_t>& site : nodes) {
      if (site.empty()) continue;
      const std::vector<program::Argument>& arguments = flow_.nodes[site.front()].launch->arguments;
      const std::size_t n = std::min(arguments.size(), kMaxOperands);
      const auto apart = [&](std::size_t a, std::size_t b) { return arguments[a].region != arguments[b].region; };
      for (std::size_t a = 0; a < n; ++a) {
        for (std::size_t b = a + 1; b < n; ++b) {
          for (std::size_t c = b + 1; c < n; ++c) {
            if (apart(a, b) && apart(b, c) && apart(a, c)) most = std::max(most, operands(site, {a, b, c}, rate, tasks));
          }
        }
      }
    }
    return most;
  }

  // The same for the nodes of one site and three of its arguments.
  double operands(const std::vector<std::uint32_t>& site, const std::array<std::size_t, kOperandKinds>& arguments, double rate, double tasks) const {
    const std::vector<ProcessorKind>& kinds = costs_.kinds();
    // All operands of a kind count as if they were as small as the smallest: much smaller ones are left out, with their points.
    std::array<double, kOperandKinds> largest {};
    const auto operands_of = [&](std::uint32_t node) -> std::optional<Products::Operands> {
      Products::Operands of {};
      for (std::size_t k = 0; k < kOperandKinds; ++k) {
        of[k] = flow_.operands_of(node)[arguments[k]];
        if (of[k] == kNone || flow_.operands[of[k]].holders == kNone || 2 * known_[of[k]].bytes < largest[k]) return std::nullopt;
      }
      return of;
    };
    for (const std::uint32_t i : site) {
      const auto of = operands_of(i);
      for (std::size_t k = 0; of && k < kOperandKinds; ++k) largest[k] = std::max(largest[k], known_[(*of)[k]].bytes);
    }
    Products products;
    std::vector<double> seconds(kinds.size()), processors;
    for (const std::uint32_t i : site) {
      const auto of = operands_of(i);
      if (!of) continue;
      for (std::size_t k = 0; k < kinds.size(); ++k) {
        const LeastCost& c = costs_.of(i)[k];
        seconds[k] = c.possible ? times_[i] * c.occupied : HUGE_VAL;
      }
      products.add(flow_.nodes[i].vertex, *of, seconds);
    }
    if (products.empty()) return 0;
    products.finish(known_);
    for (const ProcessorKind kind : kinds) processors.push_back(processors_of_node(kind));
    // A mapper that takes no more than `time` needs at least as much for bringing: the more time, the more points on a node.
    const auto brought = [&](double time) {
      return products.least_bytes(products.most_points(processors, time)) / (static_cast<double>(machine_.nodes()) * rate);
    };
    double low = tasks, high = std::max(tasks, brought(tasks));
    for (int i = 0; i < 50 && low < high; ++i) {
      const double middle = (low + high) / 2;
      (brought(middle) > middle ? low : high) = middle;
    }
    return std::min(low, brought(low));
  }

  // From a node that mapping waits for until the end: what is mapped after it takes the utility processors' time.
  double mapping() const {
    const machine::Overheads& o = machine_.overheads();
    const double utilities = static_cast<double>(machine_.spaces()) * std::max(1u, o.utility_processors);
    std::vector<bool> repeated(flow_.nodes.size());
    for (const Flow::Repeat& r : flow_.repeats) {
      for (std::uint32_t i = r.begin + r.length; i < r.begin + Flow::kShown * r.length; ++i) repeated[i] = true;
    }
    std::vector<double> sum(flow_.nodes.size() + 1, 0);  // of the mapping of node i and all later ones
    double shortest = HUGE_VAL, most = 0;
    for (auto i = static_cast<std::uint32_t>(flow_.nodes.size()); i-- > 0;) {
      const Flow::Node& n = flow_.nodes[i];
      sum[i] = sum[i + 1];
      if (n.kind != Flow::Kind::Task || !needed_[i]) continue;
      sum[i] += times_[i] * (mapping_seconds(n) + (n.first && n.launch->index ? o.launch.value : 0));
      shortest = std::min(shortest, costs_.shortest(i));
    }
    const auto from = [&](double time, double mapped) {
      if (mapped > 0) most = std::max(most, time + mapped / utilities + o.ready_to_start.value + shortest);
    };
    if (flow_.from_wait) from(0, sum[0]);
    for (std::uint32_t i = 0; i < flow_.nodes.size(); ++i) {
      const std::uint32_t first = flow_.nodes[i].gates_from;
      if (first != kNone && !repeated[i] && ends_[i] > kBefore) from(ends_[i], sum[first]);
    }
    return most;
  }

  // The longest chain, with the iterations that are not shown.
  double chain() const {
    std::uint32_t end = kNone;
    for (std::uint32_t i = 0; i < flow_.nodes.size(); ++i) {
      if ((flow_.to_fence || flow_.nodes[i].stops) && ends_[i] > kBefore && (end == kNone || ends_[i] > ends_[end])) end = i;
    }
    if (end == kNone) return 0;
    std::vector<std::uint32_t> path;
    for (std::uint32_t i = end; i != kNone; i = cause_[i]) path.push_back(i);
    std::reverse(path.begin(), path.end());
    double seconds = ends_[end];
    for (const Flow::Repeat& r : flow_.repeats) {
      if (!r.nested) seconds += hidden_part(r, path);
    }
    return seconds;
  }

  // A chain that comes back to the same point some iterations later can go round again and again.
  double hidden_part(const Flow::Repeat& r, const std::vector<std::uint32_t>& path) const {
    const std::int64_t hidden = r.count - Flow::kShown;
    double most = 0;
    std::unordered_map<std::uint32_t, std::array<std::uint32_t, Flow::kShown>> seen;
    for (const std::uint32_t i : path) {
      if (i < r.begin || i >= r.begin + Flow::kShown * r.length) continue;
      const std::uint32_t at = (i - r.begin) % r.length, iteration = (i - r.begin) / r.length;
      auto& visits = seen.try_emplace(at, std::array<std::uint32_t, Flow::kShown> {kNone, kNone, kNone, kNone}).first->second;
      for (std::uint32_t earlier = 0; earlier < iteration; ++earlier) {
        const auto round = static_cast<std::int64_t>(iteration - earlier);
        if (visits[earlier] == kNone || hidden % round != 0) continue;
        most = std::max(most, (ends_[i] - ends_[visits[earlier]]) * static_cast<double>(hidden / round));
      }
      visits[iteration] = i;
    }
    return most;
  }

  const Flow& flow_;
  const machine::Machine& machine_;
  CostTable& costs_;
  std::vector<double> ends_, times_;
  std::vector<std::uint32_t> cause_;
  std::vector<bool> needed_;
  std::vector<Products::Operand> known_;         // of the operands of the flow
};

}  // namespace

std::string_view to_string(LimitTerm t) {
  switch (t) {
    case LimitTerm::Compute: return "compute";
    case LimitTerm::Memory: return "memory";
    case LimitTerm::Tasks: return "tasks";
    case LimitTerm::Communication: return "communication";
    case LimitTerm::Mapping: return "mapping";
    case LimitTerm::Chain: return "chain";
  }
  return "";
}

LimitTerm Limit::binding() const {
  return static_cast<LimitTerm>(std::max_element(terms.begin(), terms.end()) - terms.begin());
}

Limit lower_bound(const program::Program& program, const machine::Machine& machine) {
  CostTable costs(program, machine);
  using Combine = program::Metric::Combine;
  const Combine combine = program.metric.combine;
  Limit out;
  double intervals = 0;
  bool ordered = true;
  out.complete = plan::for_each_interval(program, kMaxNodes, [&](const Flow& flow, double times) {
    const std::optional<Terms> terms = Interval(flow, machine, costs).terms();
    if (!terms) {
      ordered = false;
      return;
    }
    const double seconds = *std::max_element(terms->begin(), terms->end());
    // A span is at least as long as each of its intervals.
    const auto add = [&](double& sum, double x) { sum = combine == Combine::Span ? std::max(sum, x) : sum + times * x; };
    add(out.seconds, seconds);
    for (std::size_t t = 0; t < kLimitTerms; ++t) add(out.terms[t], (*terms)[t]);
    intervals += times;
  });
  // Lengths of which some may be negative have no bound as a sum; and no mean without their number.
  if (combine != Combine::Span && !ordered) return {0, {}, out.complete};
  if (combine == Combine::Mean && !out.complete) return {0, {}, false};
  if (combine == Combine::Mean && intervals > 0) {
    out.seconds /= intervals;
    for (double& t : out.terms) t /= intervals;
  }
  return out;
}

}  // namespace mapwright::engine::sim
