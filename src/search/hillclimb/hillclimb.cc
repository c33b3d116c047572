// Reading guide: a Climb is a point, its result and the moves from it that were not tried; Hillclimb keeps the climb from
// the best point and, after a stall, a side climb from a kicked or random point. MoveOrder draws the next move: first a
// class (decision, how much is tied), by its weight and its past success, then one of its moves.
#include "search/hillclimb/hillclimb.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace mapwright::search {

namespace {

// Stalls: evaluations without improvement after which the climb from the best point pauses, and a side climb ends.
constexpr int kStallBest = 40, kStallSide = 8;
constexpr int kDrawsPerProposal = 400, kTriesPerBatch = 20;

struct MoveClass {
  Decision decision = Decision::Kind;
  Move::Scope scope = Move::Scope::One;
  bool weighted = false;  // chooses weights of a placement function: many moves that are much alike
  friend auto operator<=>(const MoveClass&, const MoveClass&) = default;
};

// How much a class of moves usually changes, before anything is known of the program.
double prior(const MoveClass& c) {
  using Scope = Move::Scope;
  switch (c.decision) {
    case Decision::SingleMap: return c.scope == Scope::All ? 8 : 10;
    case Decision::IndexMap: return c.weighted ? 2 : c.scope == Scope::One ? 5 : 6;
    case Decision::Memory: return c.scope == Scope::Region ? 6 : c.scope == Scope::One ? 3 : 2;
    case Decision::Layout: return c.scope == Scope::All ? 4 : c.scope == Scope::Region ? 3 : c.scope == Scope::Task ? 2 : 1;
    case Decision::Kind: return c.scope == Scope::All ? 1 : 2;
    case Decision::Limit: return 1.5;
    case Decision::Collect: return 1.5;
    case Decision::Replicate: return 2;
    case Decision::Spill: return 0.5;
    case Decision::Weight: return 1;
  }
  return 1;
}

// Successes and trials of classes, and the moves that were tried from any point, over the whole run.
class Experience {
 public:
  bool tried(const Move& move) const { return tried_.contains(move.assignments); }
  double weight(const MoveClass& c) const {
    const auto found = seen_.find(c);
    if (found == seen_.end()) return prior(c);
    return prior(c) * (1 + 3.0 * found->second.successes) / (1 + 0.25 * found->second.trials);
  }
  void learn(const MoveClass& c, bool success) {
    ++seen_[c].trials;
    seen_[c].successes += success ? 1 : 0;
  }
  void remember(const Move& move) { tried_.insert(move.assignments); }

 private:
  struct Count {
    int trials = 0, successes = 0;
  };
  std::map<MoveClass, Count> seen_;
  std::set<std::vector<std::pair<std::uint32_t, std::int64_t>>> tried_;
};

// The moves from one point that were not drawn yet. Decisions are nearly independent, so a move that failed from another
// point comes after all those that were never tried.
class MoveOrder {
 public:
  MoveOrder() = default;
  MoveOrder(const SearchSpace& space, const Point& point, const Experience& experience) {
    for (Move& move : space.moves(point)) {
      const bool weighted = std::any_of(move.assignments.begin(), move.assignments.end(), [&](const auto& a) {
        return space.parameters()[a.first].decision == Decision::Weight;
      });
      Classes& classes = experience.tried(move) ? known_ : fresh_;
      classes[{move.decision, move.scope, weighted}].push_back(std::move(move));
    }
  }
  bool empty() const { return fresh_.empty() && known_.empty(); }
  void put_back(const MoveClass& c, Move move) { fresh_[c].push_back(std::move(move)); }

  std::pair<MoveClass, Move> draw(const Experience& experience, Rng& rng) {
    return draw_from(fresh_.empty() ? known_ : fresh_, experience, rng);
  }

 private:
  using Classes = std::map<MoveClass, std::vector<Move>>;

  static std::pair<MoveClass, Move> draw_from(Classes& classes, const Experience& experience, Rng& rng) {
    double total = 0;
    for (const auto& [c, moves] : classes) total += experience.weight(c);
    double at = rng.unit() * total;
    auto chosen = classes.begin();
    for (auto next = chosen; next != classes.end(); ++next) {
      chosen = next;
      at -= experience.weight(next->first);
      if (at < 0) break;
    }
    std::vector<Move>& moves = chosen->second;
    const std::size_t picked = pick(moves, rng);
    std::pair<MoveClass, Move> out {chosen->first, std::move(moves[picked])};
    std::swap(moves[picked], moves.back());
    moves.pop_back();
    if (moves.empty()) classes.erase(chosen);
    return out;
  }

  // Tasks that run more often matter more, though not in proportion.
  static std::size_t pick(const std::vector<Move>& moves, Rng& rng) {
    double total = 0;
    for (const Move& m : moves) total += 1 + std::sqrt(m.executions);
    double at = rng.unit() * total;
    for (std::size_t i = 0; i + 1 < moves.size(); ++i) {
      at -= 1 + std::sqrt(moves[i].executions);
      if (at < 0) return i;
    }
    return moves.size() - 1;
  }

  Classes fresh_, known_;
};

struct Climb {
  Point point;
  std::optional<Evaluation> result;  // absent until the point itself was evaluated
  MoveOrder moves;
  std::vector<std::pair<MoveClass, Move>> held_back;  // drawn and not evaluated: after all others of this point
  int stall = 0;
};

class Hillclimb final : public Strategy {
 public:
  explicit Hillclimb(const StrategyContext& context)
      : context_(context), rng_(counter_random(context.seed, 1, 0)) {}

  std::vector<Proposal> ask(std::size_t n) override {
    asked_.clear();
    std::vector<Proposal> out;
    for (int tries = 0; tries < kTriesPerBatch && out.empty(); ++tries) {
      choose_climb();
      while (out.size() < n) {
        std::optional<Proposal> p = side_ && !side_->result ? start_of_side() : next_move();
        if (!p) break;
        out.push_back(std::move(*p));
      }
    }
    return out;
  }

  void tell(std::span<const Result> results) override {
    if (!best_.result) return begin(results);
    Climb& climb = side_ ? *side_ : best_;
    const Result* winner = nullptr;
    int evaluated = 0;
    auto asked = asked_.begin();
    for (const Result& r : results) {
      for (; asked->mapper != r.proposal.mapper; ++asked) take_back(climb, *asked);
      const bool gain = climb.result && better(*r.evaluation, *climb.result, context_.higher_is_better);
      if (asked->move) {
        experience_.learn(asked->move->first, gain);
        experience_.remember(asked->move->second);
      }
      ++asked;
      evaluated += r.duplicate ? 0 : 1;
      if (!winner || beats(climb, r, *winner)) winner = &r;
    }
    for (; asked != asked_.end(); ++asked) take_back(climb, *asked);
    if (winner) settle(climb, *winner, evaluated);
    if (side_ && !side_->result) side_.reset();  // none of its starts was evaluated
    if (side_ && side_->result && better(*side_->result, *best_.result, context_.higher_is_better)) {
      best_ = std::move(*side_);
      side_.reset();
    }
  }

 private:
  struct Asked {
    std::string mapper;
    std::optional<std::pair<MoveClass, Move>> move;  // absent for the start of a side climb
  };

  bool beats(const Climb& climb, const Result& a, const Result& b) const {
    // What was evaluated before is no new start.
    if (!climb.result && a.duplicate != b.duplicate) return b.duplicate;
    return better(*a.evaluation, *b.evaluation, context_.higher_is_better);
  }

  // A screen held it back.
  void take_back(Climb& climb, Asked& asked) {
    tried_.erase(asked.mapper);
    if (asked.move) climb.held_back.push_back(std::move(*asked.move));
  }

  // The default mapper and warm starts: the best of them is where the climb starts, if it is a point of the space.
  void begin(std::span<const Result> results) {
    MW_CHECK(!results.empty(), "the default mapper was not evaluated");
    const Result* start = &results.front();
    for (const Result& r : results) {
      tried_.insert(r.proposal.mapper);
      if (r.proposal.point && better(*r.evaluation, *start->evaluation, context_.higher_is_better)) start = &r;
    }
    move_to(best_, start->proposal.point.value_or(context_.space->default_point()), *start->evaluation);
  }

  void move_to(Climb& climb, Point point, const Evaluation& result) {
    climb.moves = MoveOrder(*context_.space, point, experience_);
    climb.held_back.clear();
    climb.point = std::move(point);
    climb.result = result;
    climb.result->execution = nullptr;
  }

  // Accepts the winner of a batch when it is better, when it is the start of a side climb, or when it is as good with
  // fewer decisions. They only become fewer on a plateau, so it is never walked in circles and nothing idle piles up.
  void settle(Climb& climb, const Result& winner, int count) {
    const Evaluation& e = *winner.evaluation;
    const bool first = !climb.result;
    const bool gain = !first && better(e, *climb.result, context_.higher_is_better);
    const bool level = !first && !gain && e.value && climb.result->value == e.value;
    if (first || gain) {
      move_to(climb, *winner.proposal.point, e);
      climb.stall = 0;
      return;
    }
    climb.stall += winner.duplicate ? 0 : count;
    if (level && decisions(*winner.proposal.point) < decisions(climb.point)) move_to(climb, *winner.proposal.point, e);
  }

  static std::ptrdiff_t decisions(const Point& point) {
    return std::count_if(point.begin(), point.end(), [](std::int64_t v) { return v != 0; });
  }

  // Leaves a climb that stalls: the best one for a side climb, a side climb for the best.
  void choose_climb() {
    if (side_ && side_->result && (side_->stall >= kStallSide || exhausted(*side_))) side_.reset();
    if (side_ || (best_.stall < kStallBest && !exhausted(best_))) return;
    best_.stall = 0;
    side_.emplace();
    side_->point = kicks_++ % 3 == 2 ? context_.space->random_point(rng_) : kicked();
  }

  // Without moves, also those that were held back: they are put back here.
  static bool exhausted(Climb& climb) {
    if (!climb.moves.empty()) return false;
    for (auto& [c, move] : climb.held_back) climb.moves.put_back(c, std::move(move));
    climb.held_back.clear();
    return climb.moves.empty();
  }

  // The best point after two to four random moves.
  Point kicked() {
    Point point = best_.point;
    const std::uint64_t count = 2 + rng_.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      MoveOrder moves(*context_.space, point, experience_);
      if (moves.empty()) break;
      SearchSpace::apply(moves.draw(experience_, rng_).second, point);
      context_.space->repair(point);
    }
    return point;
  }

  std::optional<Proposal> start_of_side() {
    for (int draws = 0; draws < kDrawsPerProposal; ++draws) {
      if (std::optional<Proposal> p = proposal(side_->point, "new start")) {
        asked_.push_back({p->mapper, std::nullopt});
        return p;
      }
      side_->point = draws % 2 == 0 ? kicked() : context_.space->random_point(rng_);
    }
    return std::nullopt;
  }

  std::optional<Proposal> next_move() {
    Climb& climb = side_ ? *side_ : best_;
    for (int draws = 0; draws < kDrawsPerProposal && !climb.moves.empty(); ++draws) {
      const auto [move_class, move] = climb.moves.draw(experience_, rng_);
      Point point = climb.point;
      SearchSpace::apply(move, point);
      context_.space->repair(point);
      if (std::optional<Proposal> p = proposal(std::move(point), describe(move))) {
        asked_.push_back({p->mapper, std::pair(move_class, move)});
        return p;
      }
    }
    return std::nullopt;
  }

  // Nothing for a text that was proposed before or that cannot run.
  std::optional<Proposal> proposal(Point point, std::string note) {
    Proposal p {context_.space->render(point), std::move(note), std::move(point)};
    if (!tried_.insert(p.mapper).second) return std::nullopt;
    if (context_.space->mode() == Mode::Valid && context_.check && !context_.check(p.mapper).empty()) return std::nullopt;
    return p;
  }

  std::string describe(const Move& move) const {
    const auto& [parameter, value] = move.assignments.front();
    const Parameter& p = context_.space->parameters()[parameter];
    const std::string to = p.number ? std::to_string(value) : p.values[static_cast<std::size_t>(value)];
    constexpr std::string_view kScopes[] = {"one", "of a task", "of a region", "all"};
    return fmt::format("{} ({}): {}", to_string(move.decision), kScopes[static_cast<std::size_t>(move.scope)], to);
  }

  StrategyContext context_;
  Rng rng_;
  Experience experience_;
  Climb best_;
  std::optional<Climb> side_;
  std::uint64_t kicks_ = 0;
  std::set<std::string> tried_;
  std::vector<Asked> asked_;  // in the last ask()
};

}  // namespace

std::unique_ptr<Strategy> make_hillclimb(const StrategyContext& context) {
  return std::make_unique<Hillclimb>(context);
}

}  // namespace mapwright::search
