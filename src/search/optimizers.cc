#include <fmt/format.h>

#include "search/hillclimb/hillclimb.h"
#include "search/random/random.h"
#include "search/search.h"

namespace mapwright::search {

namespace {

struct Optimizer {
  std::string_view name;
  std::unique_ptr<Strategy> (*make)(const StrategyContext&);
};
constexpr Optimizer kOptimizers[] = {{"hillclimb", make_hillclimb}, {"random", make_random}};

}  // namespace

std::vector<std::string> optimizer_names() {
  std::vector<std::string> names;
  for (const Optimizer& o : kOptimizers) names.emplace_back(o.name);
  return names;
}

Expected<std::unique_ptr<Strategy>> make_strategy(std::string_view optimizer, const StrategyContext& context) {
  for (const Optimizer& o : kOptimizers) {
    if (o.name == optimizer) return o.make(context);
  }
  const std::vector<std::string> names = optimizer_names();
  const auto near = nearest(optimizer, names);
  return failure(diag::kUnknownOptimizer, fmt::format("unknown optimizer `{}`", optimizer),
                 near ? fmt::format("did you mean `{}`?", *near) : fmt::format("known: {}", fmt::join(names, ", ")));
}

}  // namespace mapwright::search
