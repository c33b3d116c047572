#include "machine/build.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace mapwright::machine {

namespace {

constexpr double kSectorBytes = 32;

// The group that member i of n belongs to when n members are spread over `groups` in blocks.
std::int64_t block(std::int64_t i, std::int64_t n, std::int64_t groups) { return i * groups / n; }

bool is_host(MemoryKind m) { return m != MemoryKind::FbMem; }

// Groups of OMP threads may be cut when there are more ranks than groups: each rank then gets one smaller group.
bool cuts_groups(const Machine::Builder& b) {
  const std::int64_t groups = b.count(ProcessorKind::Omp);
  return groups > 0 && groups < b.ranks_per_node;
}

std::int64_t per_rank(const Machine::Builder& b, ProcessorKind k) {
  if (k == ProcessorKind::Omp && cuts_groups(b)) return 1;
  return b.count(k) / b.ranks_per_node;
}

std::int64_t copies_per_rank(const Machine::Builder& b, MemoryKind m) {
  if (!b.has(m)) return 0;
  if (m == MemoryKind::FbMem) return b.gpus() / b.ranks_per_node;
  if (m == MemoryKind::SockMem) return std::max<std::int64_t>(1, b.sockets / b.ranks_per_node);
  return 1;
}

}  // namespace

bool can_address(ProcessorKind k, MemoryKind m) {
  switch (m) {
    case MemoryKind::FbMem: return k == ProcessorKind::Gpu;
    case MemoryKind::ZcMem: return k != ProcessorKind::Proc;
    case MemoryKind::SysMem:
    case MemoryKind::SockMem:
    case MemoryKind::RdMem: return k != ProcessorKind::Gpu && k != ProcessorKind::Proc;
    case MemoryKind::Virtual: return false;
  }
  return false;
}

std::string Machine::Builder::rank_problem() const {
  const std::int64_t ranks = ranks_per_node;
  for (const ProcessorKind k : kAllProcessorKinds) {
    if (count(k) % ranks == 0) continue;
    const std::int64_t threads = kinds[slot(k)].compute.threads;
    if (k == ProcessorKind::Omp && cuts_groups(*this)) {
      if (ranks % count(k) == 0 && (threads * count(k)) % ranks == 0) continue;
      return fmt::format("{} ranks per node cannot share {} OMP groups of {} threads evenly", ranks, count(k), threads);
    }
    return fmt::format("{} ranks per node cannot share {} {} processors evenly", ranks, count(k), to_string(k));
  }
  if (sockets % ranks != 0 && ranks % sockets != 0) {
    return fmt::format("{} ranks per node cannot share {} sockets evenly", ranks, sockets);
  }
  return {};
}

std::int64_t Machine::Builder::processors_per_node() const {
  std::int64_t sum = 0;
  for (const ProcessorKind k : kAllProcessorKinds) sum += per_rank(*this, k) * ranks_per_node;
  return sum;
}

std::int64_t Machine::Builder::memories_per_node() const {
  std::int64_t sum = 0;
  for (const MemoryKind m : kAllMemoryKinds) sum += copies_per_rank(*this, m) * ranks_per_node;
  return sum;
}

std::int64_t Machine::Builder::channels_per_node() const {
  std::int64_t sum = sockets * sockets + 2 * nics + 3 * gpus();  // memory and links of sockets; NICs; own memory, up, down
  if (peers == PeerLinks::Switch) sum += 2 * gpus();
  if (peers == PeerLinks::Mesh) sum += gpus() * (gpus() - 1);
  if (peers == PeerLinks::SameSocket) {
    for (std::int64_t a = 0; a < gpus(); ++a) {
      for (std::int64_t b = 0; b < gpus(); ++b) sum += a != b && block(a, gpus(), sockets) == block(b, gpus(), sockets);
    }
  }
  return sum;
}

// Makes the tables of one node. Order of channels: sockets, links between sockets, NICs, GPUs, links between GPUs.
struct Machine::Builder::Assembly {
  const Builder& b;
  Machine& m;
  std::vector<Channel> channels;
  std::vector<Processor> processors;
  std::vector<std::uint32_t> device;      // GPU of the node, per processor
  std::vector<Memory> memories;
  std::vector<std::uint32_t> gpu_of;      // GPU of the node, per memory (FBMEM only)
  std::vector<std::uint32_t> socket_memory, socket_to_socket, nic_out, nic_in, own_memory, up, down, peer;
  static constexpr std::uint32_t kNone = ~0U;

  std::uint32_t channel(std::string label, BytesPerSecond bandwidth) {
    channels.push_back({std::move(label), bandwidth});
    return static_cast<std::uint32_t>(channels.size() - 1);
  }

  std::int64_t socket_of_gpu(std::int64_t g) const { return block(g, b.gpus(), b.sockets); }
  std::int64_t first_socket(std::int64_t rank) const { return block(rank, b.ranks_per_node, b.sockets); }

  void make_channels() {
    for (std::int64_t s = 0; s < b.sockets; ++s) {
      socket_memory.push_back(channel(fmt::format("socket{}.memory", s), b.host_copy.bandwidth));
    }
    for (std::int64_t s = 0; s < b.sockets; ++s) {
      for (std::int64_t t = 0; t < b.sockets; ++t) {
        socket_to_socket.push_back(
            s == t ? kNone : channel(fmt::format("socket{}.to_socket{}", s, t), b.socket_link.bandwidth));
      }
    }
    for (std::int64_t n = 0; n < b.nics; ++n) {
      nic_out.push_back(channel(fmt::format("nic{}.out", n), b.network.bandwidth));
      nic_in.push_back(channel(fmt::format("nic{}.in", n), b.network.bandwidth));
    }
    for (std::int64_t g = 0; g < b.gpus(); ++g) {
      own_memory.push_back(channel(fmt::format("gpu{}.memory", g), b.device_copy.bandwidth));
      up.push_back(channel(fmt::format("{}{}.up", b.host_link.name, g), b.host_link.up));
      down.push_back(channel(fmt::format("{}{}.down", b.host_link.name, g), b.host_link.down));
    }
    make_peer_channels();
  }

  // peer[a * gpus + b]: the link from a to b; with a switch peer[2 * g] leaves and peer[2 * g + 1] enters GPU g.
  void make_peer_channels() {
    const std::int64_t gpus = b.gpus();
    if (b.peers == PeerLinks::Switch) {
      for (std::int64_t g = 0; g < gpus; ++g) {
        peer.push_back(channel(fmt::format("switch{}.up", g), b.peer_link.bandwidth));
        peer.push_back(channel(fmt::format("switch{}.down", g), b.peer_link.bandwidth));
      }
    } else if (b.peers != PeerLinks::None) {
      for (std::int64_t from = 0; from < gpus; ++from) {
        for (std::int64_t to = 0; to < gpus; ++to) {
          const bool near = socket_of_gpu(from) == socket_of_gpu(to);
          const bool linked = from != to && (near || b.peers == PeerLinks::Mesh);
          const BytesPerSecond bandwidth = near ? b.peer_link.bandwidth : b.peer_cross;
          peer.push_back(linked ? channel(fmt::format("gpu{}.to_gpu{}", from, to), bandwidth) : kNone);
        }
      }
    }
  }

  void make_processors() {
    for (std::int64_t rank = 0; rank < b.ranks_per_node; ++rank) {
      for (const ProcessorKind k : kAllProcessorKinds) {
        const std::int64_t each = per_rank(b, k), all = each * b.ranks_per_node;
        for (std::int64_t i = 0; i < each; ++i) {
          const std::int64_t in_node = rank * each + i;
          Processor p;
          p.kind = k;
          p.space = SpaceId(static_cast<std::size_t>(rank));
          p.index = static_cast<std::uint32_t>(i);
          p.socket = static_cast<std::uint32_t>(block(in_node, all, b.sockets));
          processors.push_back(p);
          device.push_back(k == ProcessorKind::Gpu ? static_cast<std::uint32_t>(in_node) : kNone);
        }
      }
    }
  }

  void make_memories() {
    for (std::int64_t rank = 0; rank < b.ranks_per_node; ++rank) {
      for (const MemoryKind kind : kAllMemoryKinds) {
        const std::int64_t each = copies_per_rank(b, kind);
        for (std::int64_t i = 0; i < each; ++i) {
          const std::int64_t in_node = rank * each + i;
          Memory memory;
          memory.kind = kind;
          memory.space = SpaceId(static_cast<std::size_t>(rank));
          memory.index = static_cast<std::uint32_t>(i);
          const Bytes whole = *b.capacity[slot(kind)];
          if (kind == MemoryKind::FbMem) {
            memory.socket = static_cast<std::uint32_t>(socket_of_gpu(in_node));
            memory.capacity = whole;
          } else if (kind == MemoryKind::SockMem) {
            memory.socket = static_cast<std::uint32_t>(first_socket(rank) + i);
            memory.capacity = whole / std::max<std::int64_t>(1, b.ranks_per_node / b.sockets);
          } else {
            memory.socket = static_cast<std::uint32_t>(first_socket(rank));
            memory.capacity = whole / b.ranks_per_node;
          }
          memories.push_back(memory);
          gpu_of.push_back(kind == MemoryKind::FbMem ? static_cast<std::uint32_t>(in_node) : kNone);
        }
      }
    }
  }

  void cross(LocalRoute& r, std::uint32_t from, std::uint32_t to) const {
    if (from == to) return;
    add(r, socket_to_socket[from * static_cast<std::size_t>(b.sockets) + to]);
    r.latency += b.socket_link.latency;
  }

  void add(LocalRoute& r, std::uint32_t c) const {
    MW_CHECK(r.count < r.channels.size());
    r.bandwidth = r.count == 0 ? channels[c].bandwidth : std::min(r.bandwidth, channels[c].bandwidth);
    r.channels[r.count++] = c;
  }

  LocalRoute between_gpus(std::uint32_t from, std::uint32_t to) const {
    LocalRoute r;
    const auto gpus = static_cast<std::size_t>(b.gpus());
    if (b.peers == PeerLinks::Switch) {
      add(r, peer[2 * std::size_t {from}]);
      add(r, peer[2 * std::size_t {to} + 1]);
      r.latency = b.peer_link.latency;
      return r;
    }
    if (b.peers != PeerLinks::None && peer[from * gpus + to] != kNone) {
      add(r, peer[from * gpus + to]);
      r.latency = b.peer_link.latency;
      return r;
    }
    const auto a = static_cast<std::uint32_t>(socket_of_gpu(from)), z = static_cast<std::uint32_t>(socket_of_gpu(to));
    add(r, up[from]);
    r.latency = 2 * b.host_link.latency;
    cross(r, a, z);
    add(r, down[to]);
    r.bandwidth = std::min(r.bandwidth, a == z ? b.peer_path_same : b.peer_path_cross);
    return r;
  }

  LocalRoute between(std::size_t from, std::size_t to) const {
    LocalRoute r;
    const Memory &a = memories[from], &z = memories[to];
    if (!is_host(a.kind) && !is_host(z.kind)) {
      if (from != to) return between_gpus(gpu_of[from], gpu_of[to]);
      add(r, own_memory[gpu_of[from]]);
      r.latency = b.device_copy.latency;
    } else if (is_host(a.kind) && is_host(z.kind)) {
      if (a.socket == z.socket) add(r, socket_memory[a.socket]);
      cross(r, a.socket, z.socket);
      r.bandwidth = std::min(r.bandwidth, b.host_copy.one);
      r.latency += b.host_copy.latency;
    } else if (is_host(z.kind)) {
      add(r, up[gpu_of[from]]);
      r.latency = b.host_link.latency;
      cross(r, a.socket, z.socket);
    } else {
      r.latency = b.host_link.latency;
      cross(r, a.socket, z.socket);
      add(r, down[gpu_of[to]]);
    }
    return r;
  }

  // From a memory into the network, or from the network into a memory; through the NIC nearest to the memory's socket.
  LocalRoute network(std::size_t memory, bool leaving) const {
    LocalRoute r;
    const Memory& a = memories[memory];
    const auto nic = static_cast<std::size_t>(block(a.socket, b.sockets, b.nics));
    const auto socket = static_cast<std::uint32_t>(block(static_cast<std::int64_t>(nic), b.nics, b.sockets));
    if (!is_host(a.kind)) r.latency = b.host_link.latency;
    if (leaving) {
      if (!is_host(a.kind)) add(r, up[gpu_of[memory]]);
      cross(r, a.socket, socket);
      add(r, nic_out[nic]);
    } else {
      add(r, nic_in[nic]);
      cross(r, socket, a.socket);
      if (!is_host(a.kind)) add(r, down[gpu_of[memory]]);
    }
    return r;
  }

  std::optional<Access> access(std::size_t processor, std::size_t memory) const {
    const Processor& p = processors[processor];
    const Memory& x = memories[memory];
    if (p.space != x.space || !can_address(p.kind, x.kind)) return std::nullopt;
    if (x.kind == MemoryKind::FbMem && device[processor] != gpu_of[memory]) return std::nullopt;
    std::optional<Access> a = b.access[slot(p.kind)][slot(x.kind)];
    if (!a) return a;
    if (p.kind == ProcessorKind::Omp && cuts_groups(b)) {
      const double share = static_cast<double>(b.count(p.kind)) / static_cast<double>(b.ranks_per_node);
      a->stream = share * a->stream;
      a->gather = share * a->gather;
      a->atomic = share * a->atomic;
    }
    // Pages of SYSMEM are interleaved over the sockets, so its figures hold for all of them.
    if (p.socket != x.socket && x.kind != MemoryKind::SysMem) {
      const BytesPerSecond link = b.socket_link.bandwidth;
      a->stream = std::min(a->stream, link);
      a->gather = std::min(a->gather, PerSecond(link.value / kSectorBytes));
      a->latency += b.socket_link.latency;
    }
    return a;
  }

  void fill_tables() const {
    const std::size_t n = memories.size();
    m.within_.reserve(n * n);
    for (std::size_t from = 0; from < n; ++from) {
      for (std::size_t to = 0; to < n; ++to) m.within_.push_back(between(from, to));
      m.out_.push_back(network(from, true));
      m.in_.push_back(network(from, false));
    }
    m.access_.reserve(processors.size() * n);
    for (std::size_t p = 0; p < processors.size(); ++p) {
      for (std::size_t x = 0; x < n; ++x) m.access_.push_back(access(p, x));
    }
  }

  // Repeats the template for every node.
  void repeat() const {
    const auto all = static_cast<std::size_t>(b.nodes), ranks = static_cast<std::size_t>(b.ranks_per_node);
    m.processors_.reserve(all * processors.size());
    m.memories_.reserve(all * memories.size());
    m.channels_.reserve(all * channels.size());
    for (std::size_t node = 0; node < all; ++node) {
      for (Processor p : processors) {
        p.node = static_cast<std::uint32_t>(node);
        p.space = SpaceId(node * ranks + p.space.value);
        m.processors_.push_back(p);
      }
      for (Memory x : memories) {
        x.node = static_cast<std::uint32_t>(node);
        x.space = SpaceId(node * ranks + x.space.value);
        m.memories_.push_back(x);
      }
      for (const Channel& c : channels) m.channels_.push_back({fmt::format("node{}.{}", node, c.name), c.bandwidth});
    }
  }
};

Machine Machine::Builder::build() const {
  MW_CHECK(rank_problem().empty());
  Machine m;
  m.name_ = name;
  m.nodes_ = static_cast<std::uint32_t>(nodes);
  m.ranks_per_node_ = static_cast<std::uint32_t>(ranks_per_node);
  m.network_latency_ = network.latency;
  m.overheads_ = overheads;
  m.overheads_.utility_processors = static_cast<std::uint32_t>(std::max<std::int64_t>(1, utility / ranks_per_node));
  for (const ProcessorKind k : kAllProcessorKinds) {
    m.per_space_[slot(k)] = static_cast<std::uint32_t>(per_rank(*this, k));
    m.compute_[slot(k)] = kinds[slot(k)].compute;
  }
  if (cuts_groups(*this)) {
    Compute& omp = m.compute_[slot(ProcessorKind::Omp)];
    const double share = static_cast<double>(count(ProcessorKind::Omp)) / static_cast<double>(ranks_per_node);
    omp.fp64 = share * omp.fp64;
    omp.fp32 = share * omp.fp32;
    omp.threads = static_cast<std::uint32_t>(static_cast<std::int64_t>(omp.threads) * count(ProcessorKind::Omp) / ranks_per_node);
  }
  Assembly a {*this, m, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  a.make_channels();
  a.make_processors();
  a.make_memories();
  m.processors_per_node_ = static_cast<std::uint32_t>(a.processors.size());
  m.memories_per_node_ = static_cast<std::uint32_t>(a.memories.size());
  m.channels_per_node_ = static_cast<std::uint32_t>(a.channels.size());
  a.fill_tables();
  a.repeat();
  return m;
}

}  // namespace mapwright::machine
