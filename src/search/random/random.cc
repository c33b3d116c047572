#include "search/random/random.h"

#include <fmt/format.h>

namespace mapwright::search {

namespace {

class RandomStrategy final : public Strategy {
 public:
  explicit RandomStrategy(const StrategyContext& context) : context_(context) {}

  std::vector<Proposal> ask(std::size_t n) override {
    std::vector<Proposal> out;
    for (std::size_t i = 0; i < n; ++i, ++drawn_) {
      Rng rng(counter_random(context_.seed, 0, drawn_));
      Proposal p;
      p.point = context_.space->random_point(rng);
      p.mapper = context_.space->render(*p.point);
      p.note = fmt::format("random point {}", drawn_);
      out.push_back(std::move(p));
    }
    return out;
  }

  void tell(std::span<const Result>) override {}

 private:
  StrategyContext context_;
  std::uint64_t drawn_ = 0;
};

}  // namespace

std::unique_ptr<Strategy> make_random(const StrategyContext& context) {
  return std::make_unique<RandomStrategy>(context);
}

}  // namespace mapwright::search
