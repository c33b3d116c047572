// search/random/random.h - independent random points: the baseline that every other strategy must beat.
#pragma once

#include <memory>

#include "search/search.h"

namespace mapwright::search {

// Proposal k is the random point of stream (seed, k); proposal 0 is `random:SEED`.
std::unique_ptr<Strategy> make_random(const StrategyContext& context);

}  // namespace mapwright::search
