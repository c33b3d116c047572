// driver/calibrate.h - measured times of a program's kernels on this host.
#pragma once

#include <map>
#include <vector>

#include "driver/inputs.h"
#include "program/calibration.h"
#include "search/search.h"

namespace mapwright::driver {

// Executes a program on the host engine once per processor kind and layout (SOA and AOS, F and C order) for all arguments
// at a time, in the default placement, and takes the median time of every kernel's points, in the fastest of several
// executions. The first layout, SOA F_order, gives the times; what the others cost more or less is divided among the
// arguments that have another layout by the traffic that the model expects of them (docs/models/calibration.md). Kinds
// without processors or kernels are left out, GPUs unless they are emulated. The target's program must not be calibrated yet and must outlive this.
class Calibrator {
 public:
  Calibrator(const Target& target, bool emulate_gpu);

  // One execution of everything; of several, the fastest counts for each kernel. Errors: the engine's.
  Expected<void> measure(Console& console);
  program::Calibration result() const;

 private:
  // One execution of a kernel.
  struct Sample {
    std::size_t round = 0;                // which call of measure()
    double seconds = 0;
    double flops = 0;                     // that the variant states
    std::vector<std::int64_t> elements;   // by argument; 0 without an instance
  };
  // The executions of one task's kernel with one layout.
  struct Timed {
    std::vector<Sample> samples;
    std::vector<std::optional<plan::Layout>> layouts;  // by argument; absent without an instance
    std::vector<double> traffic;                       // by argument: seconds that the model expects
    std::vector<int> ranks;                            // by argument: dimensions wider than 1
  };
  using Run = std::map<std::uint32_t, Timed>;  // by task
  struct Basis;
  class Sorter;

  Expected<void> execute(ProcessorKind kind, const std::string& mapper, Run& into) const;
  static Basis find_basis(const Timed& timed, const program::Variant& variant);
  static double rate(const Timed& timed, const Basis& basis);
  static void add_corrections(const Timed& base, const Timed& other, const Basis& basis, std::vector<program::MeasuredTime>& to);

  const Target& target_;
  bool emulate_gpu_;
  search::SearchSpace space_;
  std::map<ProcessorKind, std::vector<Run>> runs_;  // by layout
  std::size_t rounds_ = 0;
};

}  // namespace mapwright::driver
