#include <fmt/format.h>
#include <hwloc.h>

#include <algorithm>
#include <iterator>
#include <memory>

#include "machine/machine.h"

namespace mapwright::machine {

namespace {

struct Destroy {
  void operator()(hwloc_topology_t t) const { hwloc_topology_destroy(t); }
};
using Topology = std::unique_ptr<hwloc_topology, Destroy>;

constexpr unsigned kDisplayController = 0x03;  // PCI base class
constexpr unsigned kNvidia = 0x10de;

std::int64_t objects(hwloc_topology_t t, hwloc_obj_type_t type) {
  return std::max(0, hwloc_get_nbobjs_by_type(t, type));
}

std::int64_t nvidia_gpus(hwloc_topology_t t) {
  std::int64_t found = 0;
  for (hwloc_obj_t o = hwloc_get_next_pcidev(t, nullptr); o; o = hwloc_get_next_pcidev(t, o)) {
    const auto& pci = o->attr->pcidev;
    found += pci.vendor_id == kNvidia && (pci.class_id >> 8U) == kDisplayController;
  }
  return found;
}

}  // namespace

Expected<std::string> detect_machine() {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return failure(diag::kMachineUndetected, "hwloc cannot look at this host");
  const Topology topology(raw);
  hwloc_topology_set_io_types_filter(raw, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
  if (hwloc_topology_load(raw) != 0) return failure(diag::kMachineUndetected, "hwloc cannot look at this host");

  const std::int64_t cores = std::clamp<std::int64_t>(objects(raw, HWLOC_OBJ_CORE), 1, 1024);
  const std::int64_t sockets = std::clamp<std::int64_t>(objects(raw, HWLOC_OBJ_PACKAGE), 1, 16);
  const std::int64_t gpus = std::min<std::int64_t>(nvidia_gpus(raw), 64);
  const auto memory = static_cast<std::int64_t>(hwloc_get_root_obj(raw)->total_memory >> 20U);
  // Half of the cores as CPU processors, the other half in one OMP group per socket, so that no core is counted twice.
  const std::int64_t cpus = std::max<std::int64_t>(1, cores / 2);
  const std::int64_t threads = std::max<std::int64_t>(1, (cores - cpus) / sockets);

  std::string out = "# This host as hwloc sees it. Speeds, bandwidths and overheads are those of `generic`, not measured.\n"
                    "format = \"mapwright.machine/1\"\nname = \"detected\"\nbase = \"generic\"\n\n";
  const auto section = [&out](const char* name, const char* key, std::int64_t value) {
    fmt::format_to(std::back_inserter(out), "[{}]\n{} = {}\n", name, key, value);
  };
  section("processors.CPU", "count", cpus);
  section("processors.GPU", "count", gpus);
  section("processors.OMP", "count", sockets);
  fmt::format_to(std::back_inserter(out), "threads = {}\n", threads);
  section("memories.SYSMEM", "capacity_mib", std::max<std::int64_t>(1, memory / 2));
  section("memories.SOCKMEM", "capacity_mib", std::max<std::int64_t>(1, memory / 4 / sockets));
  section("memories.ZCMEM", "capacity_mib", std::max<std::int64_t>(1, memory / 16));
  section("memories.RDMEM", "capacity_mib", std::max<std::int64_t>(1, memory / 64));
  section("topology", "sockets", sockets);
  return out;
}

}  // namespace mapwright::machine
