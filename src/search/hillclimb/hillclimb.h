// search/hillclimb/hillclimb.h - first-improvement local search over single and tied moves, with kicks and restarts.
#pragma once

#include <memory>

#include "search/search.h"

namespace mapwright::search {

// Reading guide: hillclimb.cc. Description: docs/search.md.
std::unique_ptr<Strategy> make_hillclimb(const StrategyContext& context);

}  // namespace mapwright::search
