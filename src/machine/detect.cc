#include <fmt/format.h>
#include <hwloc.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "machine/machine.h"
#include "machine/measure.h"

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

// What hwloc knows.
struct Counts {
  std::int64_t cores = 1, sockets = 1, gpus = 0, memory_mib = 1, cache = 0;
  std::int64_t per_socket() const { return std::max<std::int64_t>(1, cores / sockets); }
};

std::optional<Counts> look() {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return std::nullopt;
  const Topology topology(raw);
  // The kernel lists PCI devices; plugins that ask drivers and displays may be slow, hang, or leak.
  for (const char* plugin : {"pci", "gl", "opencl", "cuda", "nvml", "rsmi", "levelzero"}) {
    hwloc_topology_set_components(raw, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, plugin);
  }
  hwloc_topology_set_io_types_filter(raw, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
  if (hwloc_topology_load(raw) != 0) return std::nullopt;
  Counts c;
  c.cores = std::clamp<std::int64_t>(objects(raw, HWLOC_OBJ_CORE), 1, 1024);
  c.sockets = std::clamp<std::int64_t>(objects(raw, HWLOC_OBJ_PACKAGE), 1, std::min<std::int64_t>(16, c.cores));
  c.gpus = std::min<std::int64_t>(nvidia_gpus(raw), 64);
  c.memory_mib = std::max<std::int64_t>(64, static_cast<std::int64_t>(hwloc_get_root_obj(raw)->total_memory >> 20U));
  for (hwloc_obj_type_t type : {HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L2CACHE}) {
    if (const hwloc_obj_t o = hwloc_get_obj_by_type(raw, type, 0); o && c.cache == 0) {
      c.cache = static_cast<std::int64_t>(o->attr->cache.size);
    }
  }
  return c;
}

// Three significant digits: more would only be noise.
std::string digits(double value) {
  if (!(value > 0)) return "0";
  const double unit = std::pow(10, std::floor(std::log10(value)) - 2);
  return fmt::format("{:.10g}", std::round(value / unit) * unit);
}

// A description, section by section.
class Writer {
 public:
  Writer& line(const std::string& text) {
    text_ += text + "\n";
    return *this;
  }
  Writer& section(const std::string& name, const std::string& comment = {}) {
    return line("\n[" + name + "]" + (comment.empty() ? "" : "  # " + comment));
  }
  Writer& count(const std::string& key, std::int64_t value, const std::string& comment = {}) {
    return entry(key, std::to_string(value), comment);
  }
  Writer& number(const std::string& key, double value, const std::string& comment = {}) {
    return entry(key, digits(value), comment);
  }
  std::string take() { return std::move(text_); }

 private:
  Writer& entry(const std::string& key, const std::string& value, const std::string& comment) {
    return line(key + " = " + value + (comment.empty() ? "" : "  # " + comment));
  }
  std::string text_;
};

void write_processors(Writer& w, const Counts& c, const HostFigures& f, const HostOverheads& o) {
  const double launch = o.task.value * 1e6;
  w.section("processors").count("utility", 1).count("workers", c.cores, "one thread per core executes tasks and copies");
  w.section("processors.CPU", "one core each").count("count", c.cores);
  w.number("fp64_gflop_s", f.one.dgemm.value / 1e9, "measured: DGEMM").number("fp32_gflop_s", f.one.sgemm.value / 1e9, "measured: SGEMM");
  w.number("efficiency", 1, "the figures above are what was achieved").number("launch_us", launch, "measured: the host engine, a task without work");
  w.section("processors.GPU", c.gpus > 0 ? "as a core that emulates it: GPUs are not measured" : "as a core that emulates it: --gpus N --emulate-gpu");
  w.count("count", c.gpus).number("fp64_gflop_s", f.one.dgemm.value / 1e9).number("fp32_gflop_s", f.one.sgemm.value / 1e9);
  w.number("efficiency", 1).number("launch_us", launch);
  w.section("processors.OMP", "all cores of a socket").count("count", c.sockets).count("threads", c.per_socket());
  w.number("fp64_gflop_s", f.all.dgemm.value / 1e9, "measured: DGEMM").number("fp32_gflop_s", f.all.sgemm.value / 1e9, "measured: SGEMM");
  w.number("efficiency", 1).number("launch_us", launch, "as CPU");
}

void write_memories(Writer& w, const Counts& c) {
  const auto capacity = [&](const char* kind, std::int64_t mib) {
    w.section(fmt::format("memories.{}", kind)).count("capacity_mib", std::max<std::int64_t>(1, mib), "a share of the host's memory");
  };
  capacity("SYSMEM", c.memory_mib / 4);
  capacity("FBMEM", c.memory_mib / 16);
  capacity("ZCMEM", c.memory_mib / 8);
  capacity("SOCKMEM", c.memory_mib / 4 / c.sockets);
  capacity("RDMEM", c.memory_mib / 16);
}

void write_topology(Writer& w, const Counts& c, const HostFigures& f) {
  const double one = f.one.copy.value / 1e9, all = std::max(one, f.all.copy.value / 1e9), latency = f.latency.value * 1e6;
  const auto wire = [&](const char* name, double gb_s, const char* comment) {
    w.section(fmt::format("topology.{}", name)).number("bandwidth_gb_s", gb_s, comment).number("latency_us", latency);
  };
  w.section("topology").count("sockets", c.sockets);
  w.section("topology.host_copy").number("bandwidth_gb_s", all, "measured: memcpy by all cores of a socket");
  w.number("one_gb_s", one, "measured: memcpy by one core").number("latency_us", latency, "measured: one dependent load");
  wire("device_copy", one, "emulated GPUs: memcpy by one core");
  w.section("topology.host_link", "emulated GPUs").line("name = \"memcpy\"").number("up_gb_s", one).number("down_gb_s", one).number("latency_us", latency);
  if (c.sockets > 1) wire("socket_link", all, "not measured apart: memcpy inside a socket");
  w.section("topology.peer_link").line("kind = \"none\"");
  w.section("topology.peer_path", "emulated GPUs").number("same_socket_gb_s", one).number("cross_socket_gb_s", one);
  w.section("network", "several nodes are parts of this host").count("nics", 1).number("bandwidth_gb_s", all).number("latency_us", latency);
}

void write_access(Writer& w, const Counts& c, const HostFigures& f) {
  const auto access = [&](const char* kind, const char* memory, const Rates& r, const char* comment) {
    w.section(fmt::format("access.{}.{}", kind, memory), comment);
    w.number("stream_gb_s", r.stream.value / 1e9).number("gather_m_s", r.gather.value / 1e6).number("atomic_m_s", r.atomic.value / 1e6);
    w.number("atomic_same_m_s", r.atomic_same.value / 1e6).number("latency_us", f.latency.value * 1e6);
  };
  const std::string group = fmt::format("measured: {} threads", c.per_socket());
  for (const char* memory : {"SYSMEM", "SOCKMEM", "ZCMEM", "RDMEM"}) access("CPU", memory, f.one, "measured: one thread; all memories are the same DRAM");
  for (const char* memory : {"SYSMEM", "SOCKMEM", "ZCMEM", "RDMEM"}) access("OMP", memory, f.all, group.c_str());
  for (const char* memory : {"FBMEM", "ZCMEM"}) access("GPU", memory, f.one, "emulated: one thread");
}

void write_overheads(Writer& w, const HostOverheads& o) {
  w.section("overheads", "the host engine has planned before it starts, so mapping costs nothing");
  for (const char* key : {"point_traced_us", "point_untraced_us", "launch_us", "copy_us", "instance_us", "ready_to_start_us"}) w.count(key, 0);
  w.number("copy_start_us", o.copy.value * 1e6, "measured: the host engine, a copy of a few bytes");
  w.number("transpose_factor", 1, "their elements are limited");
  if (o.elements.value > 0) w.number("elements_m_s", o.elements.value / 1e6, "measured: the host engine, transposing copies of 24 x 512 x 512 doubles by one core");
}

}  // namespace

Expected<std::string> detect_machine(const HostOverheads& overheads, double seconds) {
  const std::optional<Counts> counts = look();
  if (!counts) return failure(diag::kMachineUndetected, "hwloc cannot look at this host");
  const HostFigures figures = measure_host(static_cast<unsigned>(counts->per_socket()), counts->cache, seconds);
  Writer w;
  w.line("# This host: counts from hwloc, speeds measured by `mapwright machines detect`. Everything is the same DRAM, so it says");
  w.line("# nothing about FBMEM and ZCMEM; it foresees what the engine `host` does.");
  w.line("format = \"mapwright.machine/1\"").line("name = \"detected\"").count("nodes", 1).count("ranks_per_node", 1);
  write_processors(w, *counts, figures, overheads);
  write_memories(w, *counts);
  write_topology(w, *counts, figures);
  write_access(w, *counts, figures);
  write_overheads(w, overheads);
  return w.take();
}

}  // namespace mapwright::machine
