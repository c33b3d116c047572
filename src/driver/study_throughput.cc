// mapwright study throughput: what each optimizer reaches in a few evaluations, over several seeds, relative to the
// expert's mapper, beside the results of Wei et al. (ICML 2025).
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "driver/json.h"
#include "driver/published.h"
#include "driver/study.h"
#include "search/search.h"

namespace mapwright::driver {

namespace {

// What became of the searches of one strategy on one program. Evaluation 1 of every search is the default mapper; what a
// strategy proposed comes after it. Ratios to the expert: more than 1 is better, 0 stands for no valid mapper.
struct Figures {
  std::vector<double> best;      // by seed: the best evaluation
  std::vector<double> proposed;  // by seed: the best of the strategy's own proposals
  std::int64_t proposals = 0, invalid = 0;
  double defaults = 0;           // the default mapper
};

double mean(const std::vector<double>& values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// One search and what it found.
struct Search {
  std::size_t target = 0, strategy = 0;
  std::uint64_t seed = 1;
  double defaults = 0, proposed = 0;  // ratios: of the default mapper, of the best proposal
  std::int64_t proposals = 0, invalid = 0;
  std::optional<Error> error;
};

double ratio(const search::Evaluation& e, const search::TuneResult& result, bool higher_is_better) {
  if (!e.value || !result.reference || !result.reference->value) return 0;
  return higher_is_better ? *e.value / *result.reference->value : *result.reference->value / *e.value;
}

void keep(const search::TuneResult& result, bool higher_is_better, Search& out) {
  for (const search::Evaluation& e : result.history) {
    const double r = ratio(e, result, higher_is_better);
    if (e.iteration == 1) {
      out.defaults = r;
      continue;
    }
    out.proposed = std::max(out.proposed, r);
    ++out.proposals;
    out.invalid += e.outcome == engine::Outcome::Ok ? 0 : 1;
  }
}

Figures figures_of(std::span<const Search> searches) {
  Figures out;
  for (const Search& s : searches) {
    out.defaults = s.defaults;
    out.proposals += s.proposals;
    out.invalid += s.invalid;
    out.proposed.push_back(s.proposed);
    out.best.push_back(std::max(s.proposed, s.defaults));
  }
  return out;
}

// Rows of one figure per program, and the mean over the programs where it is known.
class Rows {
 public:
  explicit Rows(const std::vector<Target>& targets) : table_(head(targets)), count_(targets.size()) {}

  template <typename F>
  void add(const std::string& who, const std::string& what, F&& value, std::string_view format = "{:.2f}") {
    std::vector<std::string> row {who, what};
    std::vector<double> known;
    for (std::size_t i = 0; i < count_; ++i) {
      const std::optional<double> v = value(i);
      row.push_back(v ? fmt::format(fmt::runtime(format), *v) : "-");
      if (v) known.push_back(*v);
    }
    row.push_back(known.empty() ? "-" : fmt::format(fmt::runtime(format), mean(known)));
    table_.add(std::move(row));
  }
  std::string text() const { return table_.text(); }

 private:
  static std::vector<std::string> head(const std::vector<Target>& targets) {
    std::vector<std::string> out {"", ""};
    for (const Target& t : targets) out.push_back(t.program.name);
    out.push_back("mean");
    return out;
  }
  Table table_;
  std::size_t count_;
};

// figures[strategy][target].
using AllFigures = std::vector<std::vector<Figures>>;

std::string throughput_text(const Options& options, const std::vector<std::string>& strategies, const std::vector<Target>& targets,
                            const AllFigures& figures) {
  Rows rows(targets);
  const auto published = [&](auto member) {
    return [&targets, member](std::size_t i) -> std::optional<double> {
      const auto p = published_throughput(targets[i].program.name);
      return p ? std::optional((*p).*member) : std::nullopt;
    };
  };
  rows.add("paper", "language model, mean", published(&PublishedThroughput::model_mean));
  rows.add("", "language model, best", published(&PublishedThroughput::model_best));
  rows.add("", "language model, worst", published(&PublishedThroughput::model_worst));
  rows.add("", "OpenTuner, mean", published(&PublishedThroughput::opentuner_mean));
  rows.add("default", "", [&](std::size_t i) { return std::optional(figures[0][i].defaults); });
  for (std::size_t s = 0; s < strategies.size(); ++s) {
    const std::vector<Figures>& of = figures[s];
    rows.add(strategies[s], "mean", [&](std::size_t i) { return std::optional(mean(of[i].best)); });
    rows.add("", "best", [&](std::size_t i) { return std::optional(*std::max_element(of[i].best.begin(), of[i].best.end())); });
    rows.add("", "worst", [&](std::size_t i) { return std::optional(*std::min_element(of[i].best.begin(), of[i].best.end())); });
    rows.add("", "own proposals, mean", [&](std::size_t i) { return std::optional(mean(of[i].proposed)); });
    rows.add("", "invalid proposals, %", [&](std::size_t i) {
      return of[i].proposals == 0 ? std::nullopt : std::optional(100.0 * static_cast<double>(of[i].invalid) / static_cast<double>(of[i].proposals));
    }, "{:.0f}");
  }
  const machine::Machine& machine = targets[0].machine;
  return fmt::format("throughput relative to the expert: {} searches of {} evaluations each, mode {}, on {} ({} {})\n\n{}\n"
                     "paper: Wei et al., ICML 2025, one node with four P100; 5 searches of 10 evaluations; {:.0f} % of their random mappers were invalid\n"
                     "evaluation 1 of our searches is the default mapper; own proposals are those after it\n",
                     options.seeds, options.iterations, options.mode, machine.name(), machine.nodes(), machine.nodes() == 1 ? "node" : "nodes",
                     rows.text(), 100 * kPublishedInvalid);
}

Json published_json(const std::string& program) {
  const std::optional<PublishedThroughput> p = published_throughput(program);
  if (!p) return Json();
  return Json {{"mean", p->model_mean}, {"best", p->model_best}, {"worst", p->model_worst}, {"opentuner_mean", p->opentuner_mean}};
}

Json throughput_json(const Options& options, const std::vector<std::string>& strategies, const std::vector<Target>& targets,
                     const AllFigures& figures) {
  Json out = object("study.throughput");
  out["iterations"] = options.iterations;
  out["seeds"] = options.seeds;
  out["mode"] = options.mode;
  out["published_invalid"] = kPublishedInvalid;
  out["programs"] = Json::array();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    Json program {{"program", program_json(targets[i])}, {"machine", machine_json(targets[i].machine)}, {"default", figures[0][i].defaults}};
    program["strategies"] = Json::array();
    for (std::size_t s = 0; s < strategies.size(); ++s) {
      const Figures& f = figures[s][i];
      program["strategies"].push_back(Json {{"strategy", strategies[s]},
                                            {"best_by_seed", f.best},
                                            {"own_by_seed", f.proposed},
                                            {"proposals", f.proposals},
                                            {"invalid", f.invalid}});
    }
    program["published"] = published_json(targets[i].program.name);
    out["programs"].push_back(std::move(program));
  }
  return out;
}

}  // namespace

int study_throughput(const Options& options, Console& console) {
  const OrExit<std::vector<Target>> targets = load_targets(options, console);
  if (!targets) return targets.error();
  const OrExit<std::unique_ptr<engine::Engine>> engine = make_engine(options, console);
  if (!engine) return engine.error();
  const std::vector<std::string> strategies = options.strategies.empty() ? search::optimizer_names() : options.strategies;

  std::vector<Search> searches;
  for (std::size_t s = 0; s < strategies.size(); ++s) {
    for (std::size_t t = 0; t < targets->size(); ++t) {
      for (std::int64_t seed = 1; seed <= options.seeds; ++seed) {
        Search& search = searches.emplace_back();
        search.target = t;
        search.strategy = s;
        search.seed = static_cast<std::uint64_t>(seed);
      }
    }
  }
  const auto run = [&](std::size_t i) {
    Search& s = searches[i];
    const Target& target = (*targets)[s.target];
    search::TuneRequest request;
    request.program = &target.program;
    request.machine = &target.machine;
    request.engine = engine->get();
    request.optimizer = strategies[s.strategy];
    request.mode = *search::mode(options.mode);
    request.seed = s.seed;
    request.iterations = options.iterations;
    request.reference = target.reference;
    if (const Expected<search::TuneResult> result = search::tune(request)) {
      keep(*result, target.program.metric.higher_is_better, s);
    } else {
      s.error = result.error();
    }
  };
  in_parallel(options.jobs, searches.size(), run, "search", console);

  AllFigures figures(strategies.size());
  const auto seeds = static_cast<std::size_t>(options.seeds);
  for (std::size_t first = 0; first < searches.size(); first += seeds) {
    const std::span<const Search> group = std::span(searches).subspan(first, seeds);
    for (const Search& s : group) {
      if (s.error) return console.fail(*s.error);
    }
    figures[group[0].strategy].push_back(figures_of(group));
  }
  if (console.json()) {
    console.out(to_text(throughput_json(options, strategies, *targets, figures)) + "\n");
  } else {
    console.out(throughput_text(options, strategies, *targets, figures));
  }
  return kOk;
}

}  // namespace mapwright::driver
