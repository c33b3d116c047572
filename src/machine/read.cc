#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "machine/build.h"
#include "machine/machine.h"
#include "machine/section.h"

// Reading guide: read_machine() parses the text and its base; Reader turns both into a Machine::Builder, one section
// after the other in the order of docs/formats/machine.md; then the overrides and the checks that need everything.

namespace mapwright::machine {

namespace {

constexpr std::string_view kFormat = "mapwright.machine/1";
constexpr double kGiga = 1e9, kMega = 1e6, kMicro = 1e-6;
constexpr Range kBandwidth {0, 1e6};       // GB/s
constexpr Range kLatency {0, 1e6, true};   // us
constexpr Range kFlops {0, 1e9};           // GFLOP/s
constexpr Range kRate {0, 1e9};            // million per second
constexpr std::int64_t kMaxCapacity = std::int64_t {1} << 32;  // MiB

constexpr std::array kProcessors {ProcessorKind::Cpu, ProcessorKind::Gpu, ProcessorKind::Omp, ProcessorKind::Io,
                                  ProcessorKind::Py};
constexpr std::array kMemories {MemoryKind::SysMem, MemoryKind::FbMem, MemoryKind::ZcMem, MemoryKind::SockMem,
                                MemoryKind::RdMem};

// IO and PY processors are cores: they compute and access memory as CPU processors do.
bool is_core(ProcessorKind k) { return k == ProcessorKind::Io || k == ProcessorKind::Py; }

class Reader {
 public:
  explicit Reader(Section root) : root_(std::move(root)) {}

  Machine::Builder read() {
    read_root();
    read_processors();
    read_memories();
    read_topology();
    read_network();
    read_access();
    read_overheads();
    return b_;
  }

 private:
  template <typename... K>
  static std::vector<std::string> words(K... keys) {
    return {std::string(keys)...};
  }
  template <typename Kinds>
  static std::vector<std::string> names(const Kinds& kinds) {
    std::vector<std::string> all;
    for (const auto k : kinds) all.emplace_back(to_string(k));
    return all;
  }

  static BytesPerSecond bandwidth(Section& s, const std::string& key) {
    return BytesPerSecond(s.number(key, kBandwidth) * kGiga);
  }
  static Seconds latency(Section& s, const std::string& key = "latency_us") {
    return Seconds(s.number(key, kLatency) * kMicro);
  }
  static PerSecond rate(Section& s, const std::string& key) { return PerSecond(s.number(key, kRate) * kMega); }
  static Machine::Builder::Wire wire(Section s, bool limited = false) {
    std::vector<std::string> known = words("bandwidth_gb_s", "latency_us");
    if (limited) known.emplace_back("one_gb_s");
    s.accept_only(known);
    const BytesPerSecond b = bandwidth(s, "bandwidth_gb_s");
    const BytesPerSecond one = limited && s.has("one_gb_s") ? bandwidth(s, "one_gb_s") : b;
    return {b, latency(s), one};
  }

  void read_root() {
    root_.accept_only(words("format", "base", "name", "description", "nodes", "ranks_per_node", "processors", "memories",
                            "topology", "network", "access", "overheads"));
    const std::string format = root_.text("format");
    if (!format.empty() && format != kFormat) {
      root_.report(diag::kMachineWord, root_.place("format"), fmt::format("unknown format `{}`", format),
                   fmt::format("this version of mapwright reads `{}`", kFormat));
    }
    b_.name = root_.text("name");
    if (root_.states("name") && (b_.name.empty() || b_.name.size() > 64)) {
      root_.report(diag::kMachineValue, root_.place("name"), "`name` must have 1 to 64 characters");
    }
    if (root_.states("description")) root_.text("description");
    b_.nodes = root_.integer("nodes", 1, kMaxNodes);
    b_.ranks_per_node = root_.integer("ranks_per_node", 1, kMaxPerNode);
  }

  void read_processors() {
    Section all = root_.child("processors", true);
    std::vector<std::string> known = names(kProcessors);
    known.emplace_back("utility");
    known.emplace_back("workers");
    all.accept_only(known);
    b_.utility = all.integer("utility", 1, kMaxPerNode);
    if (all.has("workers")) b_.overheads.workers = static_cast<std::uint32_t>(all.integer("workers", 1, kMaxPerNode));
    for (const ProcessorKind k : kProcessors) {
      Section s = all.child(std::string(to_string(k)), k == ProcessorKind::Cpu);
      if (s.exists()) read_kind(k, s);
    }
    for (const ProcessorKind k : kProcessors) {
      if (is_core(k)) b_.kinds[slot(k)].compute = b_.kinds[slot(ProcessorKind::Cpu)].compute;
    }
  }

  void read_kind(ProcessorKind k, Section& s) {
    Machine::Builder::Kind& kind = b_.kinds[slot(k)];
    kind.described = true;
    kind.count = s.integer("count", k == ProcessorKind::Cpu ? 1 : 0, k == ProcessorKind::Gpu ? kMaxGpusPerNode : kMaxPerNode);
    if (is_core(k)) {
      s.accept_only(words("count"));
      return;
    }
    std::vector<std::string> known = words("count", "fp64_gflop_s", "fp32_gflop_s", "efficiency", "launch_us");
    if (k == ProcessorKind::Omp) known.emplace_back("threads");
    s.accept_only(known);
    Compute& c = kind.compute;
    c.fp64 = FlopsPerSecond(s.number("fp64_gflop_s", kFlops) * kGiga);
    c.fp32 = FlopsPerSecond(s.number("fp32_gflop_s", kFlops) * kGiga);
    c.efficiency = s.number("efficiency", {0, 1});
    c.launch = latency(s, "launch_us");
    if (k == ProcessorKind::Omp) c.threads = static_cast<std::uint32_t>(s.integer("threads", 1, kMaxPerNode));
  }

  void read_memories() {
    Section all = root_.child("memories", true);
    all.accept_only(names(kMemories));
    for (const MemoryKind m : kMemories) {
      const bool required = m == MemoryKind::SysMem || (m == MemoryKind::FbMem && b_.gpus() > 0);
      Section s = all.child(std::string(to_string(m)), required);
      if (!s.exists()) continue;
      s.accept_only(words("capacity_mib"));
      b_.capacity[slot(m)] = Bytes(s.integer("capacity_mib", 1, kMaxCapacity) << 20);
    }
  }

  void read_topology() {
    Section all = root_.child("topology", true);
    all.accept_only(words("sockets", "host_copy", "device_copy", "host_link", "socket_link", "peer_link", "peer_path"));
    b_.sockets = all.integer("sockets", 1, kMaxSockets);
    b_.host_copy = wire(all.child("host_copy", true), true);
    if (b_.sockets > 1) {
      b_.socket_link = wire(all.child("socket_link", true));
    } else if (Section s = all.child("socket_link", false); s.exists()) {
      wire(s);
    }
    const bool gpus = b_.kinds[slot(ProcessorKind::Gpu)].described;
    if (Section s = all.child("device_copy", gpus); s.exists()) b_.device_copy = wire(s);
    if (Section s = all.child("host_link", gpus); s.exists()) read_host_link(s);
    if (Section s = all.child("peer_link", gpus); s.exists()) read_peer_link(s);
    if (Section s = all.child("peer_path", gpus); s.exists()) {
      s.accept_only(words("same_socket_gb_s", "cross_socket_gb_s"));
      b_.peer_path_same = bandwidth(s, "same_socket_gb_s");
      b_.peer_path_cross = bandwidth(s, "cross_socket_gb_s");
    }
  }

  void read_host_link(Section& s) {
    s.accept_only(words("name", "up_gb_s", "down_gb_s", "latency_us"));
    Machine::Builder::Link& link = b_.host_link;
    link.name = s.text("name");
    const bool plain = std::all_of(link.name.begin(), link.name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (s.states("name") && (!plain || link.name.empty() || link.name.size() > 16)) {
      s.report(diag::kMachineWord, s.place("name"),
               fmt::format("`{}` cannot name a link; use 1 to 16 letters a to z", link.name));
    }
    link.up = bandwidth(s, "up_gb_s");
    link.down = bandwidth(s, "down_gb_s");
    link.latency = latency(s);
  }

  void read_peer_link(Section& s) {
    static const std::vector<std::string> kKinds = words("none", "same_socket", "mesh", "switch");
    const std::string kind = s.text("kind");
    const auto found = std::find(kKinds.begin(), kKinds.end(), kind);
    if (found == kKinds.end() && s.states("kind")) {
      const auto near = nearest(kind, kKinds);
      s.report(diag::kMachineWord, s.place("kind"), fmt::format("unknown kind of peer link `{}`", kind),
               near ? fmt::format("did you mean `{}`?", *near) : "use `none`, `same_socket`, `mesh` or `switch`");
    }
    if (found == kKinds.end() || kind == "none") {
      s.accept_only(words("kind", "bandwidth_gb_s", "latency_us"));
      return;
    }
    b_.peers = kind == "switch" ? PeerLinks::Switch : kind == "mesh" ? PeerLinks::Mesh : PeerLinks::SameSocket;
    std::vector<std::string> known = words("kind", "bandwidth_gb_s", "latency_us");
    if (b_.peers == PeerLinks::Mesh) {
      known.emplace_back("cross_gb_s");
      b_.peer_cross = bandwidth(s, "cross_gb_s");
    }
    s.accept_only(known);
    b_.peer_link.bandwidth = bandwidth(s, "bandwidth_gb_s");
    b_.peer_link.latency = latency(s);
  }

  void read_network() {
    Section s = root_.child("network", true);
    s.accept_only(words("nics", "bandwidth_gb_s", "latency_us"));
    b_.nics = s.integer("nics", 1, b_.sockets);
    b_.network.bandwidth = bandwidth(s, "bandwidth_gb_s");
    b_.network.latency = latency(s);
  }

  void read_access() {
    static constexpr std::array kStated {ProcessorKind::Cpu, ProcessorKind::Gpu, ProcessorKind::Omp};
    Section all = root_.child("access", true);
    all.accept_only(names(kStated));
    for (const ProcessorKind k : kStated) {
      const bool described = b_.kinds[slot(k)].described;
      Section of_kind = all.child(std::string(to_string(k)), described);
      of_kind.accept_only(names(kMemories));
      for (const MemoryKind m : kMemories) {
        const bool needed = described && b_.has(m) && can_address(k, m);
        Section s = of_kind.child(std::string(to_string(m)), needed);
        if (s.stated() && !can_address(k, m)) {
          s.report(diag::kMachineAccess, s.place({}), fmt::format("{} processors cannot address {}", to_string(k), to_string(m)),
                   "remove this section");
        } else if (s.exists()) {
          read_one_access(k, m, s);
        }
      }
    }
    for (const ProcessorKind k : kProcessors) {
      if (is_core(k)) b_.access[slot(k)] = b_.access[slot(ProcessorKind::Cpu)];
    }
  }

  void read_one_access(ProcessorKind k, MemoryKind m, Section& s) {
    s.accept_only(words("stream_gb_s", "gather_m_s", "atomic_m_s", "atomic_same_m_s", "latency_us"));
    Access a;
    a.stream = bandwidth(s, "stream_gb_s");
    a.gather = rate(s, "gather_m_s");
    a.atomic = rate(s, "atomic_m_s");
    a.atomic_same = rate(s, "atomic_same_m_s");
    a.latency = latency(s);
    b_.access[slot(k)][slot(m)] = a;
  }

  void read_overheads() {
    Section s = root_.child("overheads", true);
    s.accept_only(words("point_traced_us", "point_untraced_us", "launch_us", "copy_us", "instance_us", "ready_to_start_us",
                        "copy_start_us", "copy_grid_us", "transpose_factor", "elements_m_s"));
    Overheads& o = b_.overheads;
    o.point_traced = latency(s, "point_traced_us");
    o.point_untraced = latency(s, "point_untraced_us");
    o.launch = latency(s, "launch_us");
    o.copy = latency(s, "copy_us");
    o.instance = latency(s, "instance_us");
    o.ready_to_start = latency(s, "ready_to_start_us");
    o.copy_start = latency(s, "copy_start_us");
    if (s.has("copy_grid_us")) o.copy_grid = latency(s, "copy_grid_us");
    o.transpose_factor = s.number("transpose_factor", {0, 1});
    if (s.has("elements_m_s")) o.elements = rate(s, "elements_m_s");
  }

  Section root_;
  Machine::Builder b_;
};

void report(diag::Sink& sink, int code, std::string message, std::string help = {}) {
  diag::Diagnostic d;
  d.code = code;
  d.message = std::move(message);
  d.help = std::move(help);
  sink.emit(std::move(d));
}

// Replaces the counts of the description by those of the command line or of a preset.
void apply(const Overrides& o, Machine::Builder& b, diag::Sink& sink) {
  const auto set = [&](const char* what, const std::optional<std::int64_t>& value, std::int64_t low, std::int64_t high,
                       std::int64_t& target) {
    if (!value) return;
    if (*value >= low && *value <= high) {
      target = *value;
    } else {
      report(sink, diag::kMachineOverride, fmt::format("{} is {}; it must be at least {} and at most {}", what, *value, low, high));
    }
  };
  const auto set_kind = [&](const char* what, const std::optional<std::int64_t>& value, ProcessorKind k, std::int64_t low,
                            std::int64_t high) {
    Machine::Builder::Kind& kind = b.kinds[slot(k)];
    const bool missing = !kind.described || (k == ProcessorKind::Gpu && !b.has(MemoryKind::FbMem));
    if (value && *value != 0 && missing) {
      report(sink, diag::kMachineOverride, fmt::format("{} is given, but machine `{}` does not describe {} processors", what, b.name, to_string(k)),
             fmt::format("choose a machine with a section [processors.{}]", to_string(k)));
    } else {
      set(what, value, low, high, kind.count);
    }
  };
  set("--nodes", o.nodes, 1, kMaxNodes, b.nodes);
  set("ranks_per_node", o.ranks_per_node, 1, kMaxPerNode, b.ranks_per_node);
  set_kind("--gpus", o.gpus, ProcessorKind::Gpu, 0, kMaxGpusPerNode);
  set_kind("--cpus", o.cpus, ProcessorKind::Cpu, 1, kMaxPerNode);
  set_kind("--omps", o.omps, ProcessorKind::Omp, 0, kMaxPerNode);
}

// What needs the whole description: ranks that share a node evenly, totals within the limits.
void check_whole(const Machine::Builder& b, const Section& root, const Overrides& o, diag::Sink& sink) {
  if (const std::string problem = b.rank_problem(); !problem.empty()) {
    if (o.ranks_per_node || o.gpus || o.cpus || o.omps) {
      report(sink, diag::kMachineRanks, problem,
             "every rank gets the same processors: choose numbers with --cpus, --gpus and --omps that the ranks divide, or other ranks: a program's "
             "parameter `ranks`, a machine's ranks_per_node");
    } else {
      root.report(diag::kMachineRanks, root.place("ranks_per_node"), problem, "choose ranks_per_node so that every rank gets the same processors");
    }
    return;
  }
  const auto limit = [&](const char* what, std::int64_t per_node) {
    const std::int64_t total = per_node * b.nodes;
    if (total <= kMaxEntities) return;
    const std::string message = fmt::format("{} nodes with {} {} each make {}; at most {} are supported", b.nodes, per_node,
                                            what, total, kMaxEntities);
    if (o.nodes || o.gpus || o.cpus || o.omps) {
      report(sink, diag::kMachineTooLarge, message);
    } else {
      root.report(diag::kMachineTooLarge, root.place("nodes"), message);
    }
  };
  limit("processors", b.processors_per_node());
  limit("memories", b.memories_per_node());
  limit("channels", b.channels_per_node());
}

// The shipped description that `base` names; nullopt after a diagnostic. An absent key gives an empty value.
std::optional<TomlValue> read_base(const TomlValue& text, const diag::SourcePtr& source, diag::Sink& sink) {
  const TomlValue* const named = text.find("base");
  if (!named) return TomlValue {};
  const Section root(source, sink, &text, nullptr);
  if (named->type != TomlValue::Type::String) {
    root.report(diag::kMachineWrongType, named->span,
                fmt::format("`base` is {}; it must be a string", to_string(named->type)));
    return std::nullopt;
  }
  const std::string_view shipped = shipped_machine(named->text);
  if (shipped.empty()) {
    const std::vector<std::string> known = shipped_machine_names();
    const auto near = nearest(named->text, known);
    root.report(diag::kMachineUnknown, named->span, fmt::format("no shipped machine `{}`", named->text),
                near ? fmt::format("did you mean `{}`?", *near) : "see `mapwright machines`");
    return std::nullopt;
  }
  return parse_toml(diag::make_source("base", std::string(shipped)), sink);
}

}  // namespace

std::optional<Machine> read_machine(const diag::SourcePtr& toml, const Overrides& overrides, diag::Sink& sink) {
  const int before = sink.errors();
  const std::optional<TomlValue> text = parse_toml(toml, sink);
  if (!text) return std::nullopt;
  const std::optional<TomlValue> base = read_base(*text, toml, sink);
  if (!base) return std::nullopt;
  const Section root(toml, sink, &*text, &*base);
  Machine::Builder b = Reader(root).read();
  apply(overrides, b, sink);
  if (sink.errors() == before) check_whole(b, root, overrides, sink);
  if (sink.errors() != before) return std::nullopt;
  return b.build();
}

}  // namespace mapwright::machine
