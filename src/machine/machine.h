// machine/machine.h - a machine: nodes of processors, memories and channels, as numbers a plan and a simulator can use.
// In:  a TOML description (docs/formats/machine.md).   Out: Machine.
// Not here: what a task costs (program/, engine/sim). Shipped models: machines/*.toml.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/base.h"
#include "diag/diag.h"
#include "sema/sema.h"

namespace mapwright::machine {

using ProcessorId = Id<struct ProcessorTag>;
using MemoryId = Id<struct MemoryTag>;
using ChannelId = Id<struct ChannelTag>;
using SpaceId = Id<struct SpaceTag>;  // address space: a rank; with one rank per node (the default), a node

// A processor that runs tasks. Ids run over nodes, then ranks of a node, then kinds in the order of ProcessorKind, then
// index; so the processors of one kind in one address space are consecutive.
struct Processor {
  ProcessorKind kind = ProcessorKind::Cpu;
  std::uint32_t node = 0;
  SpaceId space;
  std::uint32_t index = 0;   // among its kind in its address space, as in sema::MachinePoint
  std::uint32_t socket = 0;  // in its node
};

// A memory of one node. Ranks of a node split its host memories evenly; device memories go with their GPU.
struct Memory {
  MemoryKind kind = MemoryKind::SysMem;
  std::uint32_t node = 0;
  SpaceId space;
  std::uint32_t index = 0;   // among its kind in its address space
  std::uint32_t socket = 0;
  Bytes capacity;
};

// Something that a copy occupies, in one direction: a PCIe link, a socket interconnect, a NIC, the inside of a memory.
struct Channel {
  std::string name;          // "node0.pcie1.up"
  BytesPerSecond bandwidth;
};

// How bytes get from one memory to another: every channel on the way, in order. Bandwidth is the smallest of the
// channels' (and of a per-route limit, such as staging), latency the sum.
struct Route {
  static constexpr std::size_t kMaxChannels = 12;
  std::array<ChannelId, kMaxChannels> channels {};
  std::uint8_t count = 0;
  bool inter_node = false;
  BytesPerSecond bandwidth;
  Seconds latency;
  std::span<const ChannelId> list() const { return {channels.data(), count}; }
};

// What a processor of one kind achieves on one kind of memory it can address (docs/models/memory.md).
struct Access {
  BytesPerSecond stream;     // coalesced, unit stride, per processor
  PerSecond gather;          // independent 32-byte sectors per second
  PerSecond atomic;          // atomic updates per second to distinct addresses, per processor
  PerSecond atomic_same;     // atomic updates per second to one address
  Seconds latency;           // of one dependent access
};

// What a processor of one kind can compute and what starting a task on it costs.
struct Compute {
  FlopsPerSecond fp64, fp32; // peak of one processor of the kind (an OMP processor is a whole group of threads)
  double efficiency = 1.0;   // achieved share of the peak in a good kernel
  Seconds launch;            // submit to start of a task on this kind
  std::uint32_t threads = 1; // OMP: threads of the group
};

// Costs of the runtime system, per point task unless said otherwise (docs/models/overhead.md).
struct Overheads {
  std::uint32_t utility_processors = 1;  // per address space
  Seconds point_traced, point_untraced;  // utility time to analyse and map one point task
  Seconds launch;                        // utility time per index launch and address space
  Seconds copy;                          // utility time to issue one copy
  Seconds instance;                      // utility time to create a physical instance, at its first use
  Seconds ready_to_start;                // latency from the last precondition to the start of a task
  Seconds copy_start;                    // latency from the last precondition of a copy to its first byte
  Seconds copy_grid;                     // copies start at multiples of it (docs/models/copies.md); 0: at any time
  double transpose_factor = 0.6;         // bandwidth of a layout-changing copy relative to a plain one
  std::optional<PerSecond> elements {};  // most elements per second of one copy that moves them one by one
  std::optional<std::uint32_t> workers {};  // threads that execute everything on all nodes; absent: no such limit
};

// Counts that the command line may override (--nodes, --gpus, --cpus, --omps) and presets may set (ranks_per_node).
struct Overrides {
  std::optional<std::int64_t> nodes {}, gpus {}, cpus {}, omps {}, ranks_per_node {};
};

// Immutable; pass by const reference. Homogeneous nodes, so tables are per node and memory is
// O(processors + memories + channels).
class Machine {
 public:
  std::string_view name() const { return name_; }
  std::string hash() const;  // of everything that affects a result; 32 hexadecimal digits

  std::uint32_t nodes() const { return nodes_; }
  std::uint32_t ranks_per_node() const { return ranks_per_node_; }
  std::uint32_t spaces() const { return nodes_ * ranks_per_node_; }

  std::span<const Processor> processors() const { return processors_; }
  std::span<const Memory> memories() const { return memories_; }
  std::span<const Channel> channels() const { return channels_; }
  const Processor& operator[](ProcessorId p) const { return processors_[p.value]; }
  const Memory& operator[](MemoryId m) const { return memories_[m.value]; }
  const Channel& operator[](ChannelId c) const { return channels_[c.value]; }

  // Shape of Machine(K) for every kind.
  sema::MachineShape shape() const;
  std::uint32_t processors_per_space(ProcessorKind k) const { return per_space_[static_cast<std::size_t>(k)]; }
  std::optional<ProcessorId> find(ProcessorKind k, SpaceId space, std::uint32_t index) const;
  std::string processor_name(ProcessorId p) const;  // "node0.GPU2"; with several ranks per node "node0.rank1.GPU0"
  std::string memory_name(MemoryId m) const;        // "node0.FBMEM2", "node0.SYSMEM"

  // Memories of `kind` that p can address, closest first (same device, same socket, same address space).
  std::vector<MemoryId> addressable(ProcessorId p, MemoryKind kind) const;
  // How p accesses m; nullptr if it cannot address it.
  const Access* access(ProcessorId p, MemoryId m) const;
  const Compute& compute(ProcessorKind k) const { return compute_[static_cast<std::size_t>(k)]; }
  const Overheads& overheads() const { return overheads_; }

  // The cheapest way for a copy; defined for every pair, also for a memory with itself (its internal bandwidth).
  // O(1); deterministic.
  Route route(MemoryId from, MemoryId to) const;

  struct Builder;  // machine/build.h: private to the library

 private:
  friend struct Builder;
  // One (memory, memory) or (memory, network) entry of the node template; channels count from the node's first.
  struct LocalRoute {
    std::array<std::uint32_t, 6> channels {};
    std::uint8_t count = 0;
    BytesPerSecond bandwidth;  // already the smallest of the channels' and the route's own limit
    Seconds latency;
  };
  std::string name_;
  std::uint32_t nodes_ = 1, ranks_per_node_ = 1;
  std::array<std::uint32_t, kProcessorKinds> per_space_ {};
  std::vector<Processor> processors_;
  std::vector<Memory> memories_;
  std::vector<Channel> channels_;
  std::uint32_t processors_per_node_ = 0, memories_per_node_ = 0, channels_per_node_ = 0;
  std::vector<LocalRoute> within_;              // [from * memories_per_node + to]
  std::vector<LocalRoute> out_, in_;            // memory to network and back, per memory of a node
  Seconds network_latency_;
  std::vector<std::optional<Access>> access_;   // [processor of node * memories_per_node + memory of node]
  std::array<Compute, kProcessorKinds> compute_ {};
  Overheads overheads_;
};

// Reads a machine description. Diagnostics MW40xx point into the TOML with line and column.
// Returns nothing when there was an error.
std::optional<Machine> read_machine(const diag::SourcePtr& toml, const Overrides& overrides, diag::Sink& sink);

// The description of a shipped model, compiled in: "p100", "p100-sxm2", "lassen", "dgx-h100", "generic"; empty when the name is unknown.
std::string_view shipped_machine(std::string_view name);
std::vector<std::string> shipped_machine_names();

// NAME of a shipped model or the path of a .toml file. Errors as diagnostics, with the nearest shipped name.
std::optional<Machine> load_machine(const std::string& name_or_path, const Overrides& overrides, diag::Sink& sink);

// What the host engine costs on this host; the driver measures it (this library does not know engines).
struct HostOverheads {
  Seconds task;              // a worker's time for a point task without work
  Seconds copy;              // ... for a copy of a few bytes
  PerSecond elements;        // doubles that a transposing copy moves; 0: unknown
};
// A complete description of this host, as text to be saved and edited: counts and capacities from hwloc, speeds measured
// within about `seconds`. Its `workers` make the simulator foresee what the host engine does: every core executes one task
// or copy at a time, whatever the number of processors. Error: MW4012 when hwloc cannot look at the host.
Expected<std::string> detect_machine(const HostOverheads& overheads, double seconds = 3);

// A constant of a description that is marked as an estimate: its line's comment says "estimate", or it has none and the
// comment of its section does. All of [overheads] are estimates.
struct Estimate {
  std::string key;           // "access.GPU.ZCMEM.atomic_m_s"
  double value = 0;
  std::size_t begin = 0, end = 0;  // of the number in the text
};
// In the order of the text, which must be one that read_machine() accepts. Those of a `base` are not included.
std::vector<Estimate> estimates(std::string_view toml);
// The text with that constant multiplied; counts stay whole and at least 1, shares at most 1.
std::string with_factor(std::string_view toml, const Estimate& e, double factor);

// A readable description for `machines show`: processors, memories, channels, a matrix of copy bandwidths.
std::string describe(const Machine& m);

}  // namespace mapwright::machine
