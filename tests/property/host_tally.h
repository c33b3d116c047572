// What a number of executions contained.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "engine/host/host.h"

namespace mapwright::testing {

struct Tally {
  int runs = 0, rejected = 0, transposing = 0, folds = 0, aliased = 0, fall_throughs = 0, collected = 0, inter_node = 0;

  void add(const engine::host::Observed& o) {
    ++runs;
    transposing += o.transposing_copies > 0;
    folds += o.folds > 0;
    aliased += o.aliased_copies > 0;
    fall_throughs += o.fall_throughs > 0;
    collected += o.collected > 0;
    inter_node += o.inter_node_copies > 0;
  }
  void add(const Tally& t) {
    runs += t.runs;
    rejected += t.rejected;
    transposing += t.transposing;
    folds += t.folds;
    aliased += t.aliased;
    fall_throughs += t.fall_throughs;
    collected += t.collected;
    inter_node += t.inter_node;
  }
  // How many of the runs contained what.
  std::array<std::pair<const char*, int>, 6> features() const {
    return {{{"a transposing copy", transposing}, {"a fold", folds}, {"an aliased copy", aliased},
             {"a fall-through", fall_throughs}, {"a collected instance", collected}, {"an inter-node copy", inter_node}}};
  }
  std::string table() const {
    std::string text = fmt::format("{} executions, bitwise right; {} more did not fit in memory\n", runs, rejected);
    for (const auto& [name, count] : features()) text += fmt::format("  {:<22}{:>6}  {:>5.1f} %\n", name, count, 100.0 * count / std::max(runs, 1));
    return text;
  }
};

}  // namespace mapwright::testing
