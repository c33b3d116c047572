// engine/host/result.h - the final contents of all regions, and their comparison with the sequential execution.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/host/run.h"

namespace mapwright::engine::host {

// The regions of a program after a run: every cell taken from an instance that holds it validly (or from a fill that
// reached none), with the reductions folded that were still pending. What nobody wrote is poison.
class Result final : public program::RegionReader {
 public:
  static Expected<Result> gather(const plan::Plan& plan, const program::Program& program, Run& run);
  program::FieldView field(std::uint32_t region, std::uint32_t field) const override;

 private:
  std::vector<std::unique_ptr<Storage>> regions_;
};

// The first element in which two final contents differ, as "region/field/point: expected ..., got ...".
std::optional<std::string> first_difference(const program::Program& program, const program::RegionReader& expected,
                                            const program::RegionReader& got);

}  // namespace mapwright::engine::host
