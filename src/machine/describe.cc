#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "machine/machine.h"

namespace mapwright::machine {

namespace {

constexpr std::size_t kMatrixMemories = 12;  // wider tables help nobody

template <typename... A>
void line(std::string& out, fmt::format_string<A...> format, A&&... arguments) {
  fmt::format_to(std::back_inserter(out), format, std::forward<A>(arguments)...);
  out += '\n';
}

double gb(BytesPerSecond b) { return b.value / 1e9; }
double us(Seconds s) { return s.value * 1e6; }
double million(PerSecond r) { return r.value / 1e6; }

void processors(const Machine& m, std::string& out) {
  line(out, "processors          per rank  GFLOP/s fp64      fp32  efficiency  launch us  threads");
  for (const ProcessorKind k : kAllProcessorKinds) {
    const Compute& c = m.compute(k);
    const std::uint32_t n = m.processors_per_space(k);
    if (n == 0) continue;
    line(out, "  {:<18}{:>8}  {:>12.1f}  {:>8.1f}  {:>10.2f}  {:>9.1f}  {:>7}", to_string(k), n, c.fp64.value / 1e9,
         c.fp32.value / 1e9, c.efficiency, us(c.launch), c.threads);
  }
}

// Memories of the first node; all nodes are alike.
std::vector<MemoryId> first_node(const Machine& m) {
  std::vector<MemoryId> ids;
  for (std::size_t i = 0; i < m.memories().size() && m.memories()[i].node == 0; ++i) ids.push_back(MemoryId(i));
  return ids;
}

void memories(const Machine& m, std::string& out) {
  line(out, "memories            capacity  socket");
  for (const MemoryId id : first_node(m)) {
    line(out, "  {:<18}{:>8}  {:>6}", m.memory_name(id), human_bytes(static_cast<double>(m[id].capacity.value)), m[id].socket);
  }
}

void access(const Machine& m, std::string& out) {
  line(out, "access              stream GB/s  gather M/s  atomic M/s  one address  latency us");
  for (const ProcessorKind k : kAllProcessorKinds) {
    const auto p = m.find(k, SpaceId(std::size_t {0}), 0);
    if (!p) continue;
    for (const MemoryKind kind : kAllMemoryKinds) {
      const std::vector<MemoryId> reach = m.addressable(*p, kind);
      if (reach.empty()) continue;
      const Access& a = *m.access(*p, reach.front());
      line(out, "  {:<18}{:>11.1f}  {:>10.1f}  {:>10.1f}  {:>11.1f}  {:>10.2f}", fmt::format("{} -> {}", to_string(k), to_string(kind)),
           gb(a.stream), million(a.gather), million(a.atomic), million(a.atomic_same), us(a.latency));
    }
  }
}

void channels(const Machine& m, std::string& out) {
  line(out, "channels (one direction each)   GB/s");
  const std::size_t per_node = m.channels().size() / m.nodes();
  for (std::size_t i = 0; i < per_node; ++i) {
    line(out, "  {:<28}{:>6.1f}", m.channels()[i].name, gb(m.channels()[i].bandwidth));
  }
}

void matrix(const Machine& m, std::string& out) {
  const std::vector<MemoryId> all = first_node(m);
  const std::size_t shown = std::min(all.size(), kMatrixMemories);
  line(out, "copies in GB/s, from the row to the column; first within a node{}", m.nodes() > 1 ? ", then to the next node" : "");
  for (std::uint32_t node = 0; node < std::min<std::uint32_t>(2, m.nodes()); ++node) {
    std::string head = fmt::format("  {:<20}", "");
    for (std::size_t to = 0; to < shown; ++to) head += fmt::format("{:>8}", fmt::format("[{}]", to));
    line(out, "{}", head);
    for (std::size_t from = 0; from < shown; ++from) {
      std::string row = fmt::format("  {:<20}", fmt::format("[{}] {}", from, m.memory_name(all[from]).substr(6)));
      for (std::size_t to = 0; to < shown; ++to) {
        row += fmt::format("{:>8.1f}", gb(m.route(all[from], MemoryId(to + node * all.size())).bandwidth));
      }
      line(out, "{}", row);
    }
  }
  if (shown < all.size()) line(out, "  ({} more memories)", all.size() - shown);
}

void overheads(const Machine& m, std::string& out) {
  const Overheads& o = m.overheads();
  line(out, "runtime system      {} utility processors per rank", o.utility_processors);
  line(out, "  per point {:.1f} us traced, {:.1f} us untraced; per launch {:.1f} us; per copy {:.1f} us; per instance {:.1f} us",
       us(o.point_traced), us(o.point_untraced), us(o.launch), us(o.copy), us(o.instance));
  line(out, "  ready to start {:.1f} us; start of a copy {:.1f} us{}; transposing copies at {:.0f} %", us(o.ready_to_start),
       us(o.copy_start), o.copy_grid.value > 0 ? fmt::format(", to the nearest {:.1f} us", us(o.copy_grid)) : "", o.transpose_factor * 100);
  if (o.elements) line(out, "  copies that move elements one by one: {:.0f} M/s", million(*o.elements));
  if (o.workers) line(out, "  {} threads execute all tasks and copies", *o.workers);
}

}  // namespace

std::string describe(const Machine& m) {
  std::string out;
  line(out, "{}: {} {}, {} {} per node", m.name(), m.nodes(), m.nodes() == 1 ? "node" : "nodes", m.ranks_per_node(),
       m.ranks_per_node() == 1 ? "rank" : "ranks");
  for (const auto part : {processors, memories, access, channels, matrix, overheads}) {
    out += '\n';
    part(m, out);
  }
  return out;
}

}  // namespace mapwright::machine
