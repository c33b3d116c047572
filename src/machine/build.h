// machine/build.h - the figures of a machine as a description states them, and how a Machine is made of them.
// Private to the library: other libraries and tests describe machines in TOML.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "machine/bounds.h"
#include "machine/machine.h"

namespace mapwright::machine {

inline constexpr std::int64_t kMaxSockets = 16;
inline constexpr std::int64_t kMaxEntities = 1 << 22;   // processors, memories and channels, each in total

enum class PeerLinks : std::uint8_t {
  None,        // GPUs of a node reach each other through their host links
  SameSocket,  // a link per ordered pair of GPUs of one socket
  Mesh,        // a link per ordered pair of GPUs of the node; those between sockets have a bandwidth of their own
  Switch,      // every GPU has a port to a switch that connects all GPUs of the node
};

// Memory kinds that a processor of kind k can address on this model; FBMEM means its own device only.
bool can_address(ProcessorKind k, MemoryKind m);

// The place of a kind in the arrays below.
inline std::size_t slot(ProcessorKind k) { return static_cast<std::size_t>(k); }
inline std::size_t slot(MemoryKind m) { return static_cast<std::size_t>(m); }

// Plain figures; the reader guarantees the ranges that docs/formats/machine.md states.
struct Machine::Builder {
  struct Kind {
    bool described = false;
    std::int64_t count = 0;  // per node
    Compute compute;
  };
  struct Link {
    std::string name;          // of the channels: "pcie", "nvlink"
    BytesPerSecond up, down;   // device to host, host to device
    Seconds latency;
  };
  struct Wire {
    BytesPerSecond bandwidth;  // per direction
    Seconds latency;
    BytesPerSecond one;        // most that one copy reaches; host_copy only
  };

  std::string name;
  std::int64_t nodes = 1, ranks_per_node = 1, sockets = 1, nics = 1;
  std::array<Kind, kProcessorKinds> kinds {};
  std::int64_t utility = 1;  // per node
  std::array<std::optional<Bytes>, kMemoryKinds> capacity {};  // absent: the machine has no such memory
  Wire host_copy, device_copy;  // inside one socket's memory, inside one device's memory
  Link host_link;
  Wire socket_link, peer_link, network;
  PeerLinks peers = PeerLinks::None;
  BytesPerSecond peer_cross;  // Mesh: of a link between GPUs of different sockets
  BytesPerSecond peer_path_same, peer_path_cross;  // limits of GPU to GPU copies through the host
  std::array<std::array<std::optional<Access>, kMemoryKinds>, kProcessorKinds> access {};
  Overheads overheads;

  std::int64_t count(ProcessorKind k) const { return kinds[static_cast<std::size_t>(k)].count; }
  bool has(MemoryKind m) const { return capacity[static_cast<std::size_t>(m)].has_value(); }
  std::int64_t gpus() const { return count(ProcessorKind::Gpu); }

  // Why the ranks of a node cannot share it evenly; empty when they can.
  std::string rank_problem() const;
  // Entities per node, to be held against kMaxEntities before anything is built.
  std::int64_t processors_per_node() const;
  std::int64_t memories_per_node() const;
  std::int64_t channels_per_node() const;

  // Requires: rank_problem() is empty and the totals are within the limits.
  Machine build() const;

 private:
  struct Assembly;  // the tables of one node while they are made
};

}  // namespace mapwright::machine
