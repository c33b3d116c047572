// mapwright calibrate --program P: times every kernel on this host, once per processor kind and layout.
#include "driver/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "driver/commands.h"
#include "driver/json.h"
#include "driver/statistics.h"
#include "engine/host/host.h"
#include "engine/sim/sim.h"
#include "search/search.h"

namespace mapwright::driver {

namespace {

constexpr std::array<const char*, 4> kLayouts {"SOA F_order", "SOA C_order", "AOS F_order", "AOS C_order"};
constexpr double kNegligible = 0.02;  // of a kernel's time: what a layout changes less is noise

using plan::Layout;

// The mapper that puts every task on `kind` and every argument into `layout`, where that is possible.
std::string mapper_of(const search::SearchSpace& space, ProcessorKind kind, std::string_view layout) {
  search::Point point = space.default_point();
  for (std::size_t i = 0; i < point.size(); ++i) {
    const search::Parameter& p = space.parameters()[i];
    const std::string_view wanted = p.decision == search::Decision::Kind ? to_string(kind) : layout;
    if (p.decision != search::Decision::Kind && p.decision != search::Decision::Layout) continue;
    const auto found = std::find(p.values.begin(), p.values.end(), wanted);
    if (found != p.values.end()) point[i] = found - p.values.begin();
  }
  space.repair(point);
  return space.render(point);
}

}  // namespace

// Sorts what the host engine recorded of one plan by task.
class Calibrator::Sorter {
 public:
  Sorter(const Target& target, const plan::Plan& plan, ProcessorKind kind, std::size_t round, Run& into)
      : target_(target), plan_(plan), kind_(kind), round_(round), run_(into) {
    for (const program::Program::Site& s : target.program.sites()) launches_[s.launch->id.value] = s.launch;
  }

  void sort(const engine::host::Observed& observed) {
    for (const engine::Event& e : observed.events) {
      const plan::Op& op = plan_.ops[e.op];
      if (op.kind == plan::OpKind::Task) add(e, op);
    }
  }

 private:
  void add(const engine::Event& e, const plan::Op& op) {
    const plan::LaunchRecord& record = plan_.records[op.record];
    const plan::LaunchDecision& decision = plan_.decisions->launches[record.decision];
    if (decision.kind != kind_ || decision.variant->inner) return;
    const program::Launch& launch = *launches_.at(record.launch.value);
    const auto [at, fresh] = known_.try_emplace(e.op);
    if (fresh) at->second = describe(e.op, op, launch, *decision.variant);
    Timed& timed = run_[launch.task.value];
    if (timed.layouts.empty()) note_arguments(timed, e.op, op, launch);
    timed.samples.push_back(at->second);
    timed.samples.back().seconds = e.end - e.start;
    timed.samples.back().round = round_;
  }

  const plan::Instance* instance(const plan::Op& op, std::size_t argument) const {
    const plan::InstanceId i = plan_.task_arguments[op.detail + argument].instance;
    return i.value == plan::kNone ? nullptr : &plan_.instances[i.value];
  }

  Sample describe(plan::OpIndex index, const plan::Op& op, const program::Launch& launch, const program::Variant& variant) const {
    Sample s;
    const engine::sim::TaskCost cost = engine::sim::task_cost(plan_, index, 0, target_.program, target_.machine);
    const machine::Compute& c = target_.machine.compute(kind_);
    const double peak = variant.precision == program::Precision::Single ? c.fp32.value : c.fp64.value;
    s.flops = cost.compute * peak * c.efficiency * variant.efficiency;
    for (std::size_t a = 0; a < launch.arguments.size(); ++a) {
      const plan::Instance* const i = instance(op, a);
      s.elements.push_back(i ? plan_.point_sets[i->points.value].volume() : 0);
    }
    return s;
  }

  void note_arguments(Timed& timed, plan::OpIndex index, const plan::Op& op, const program::Launch& launch) const {
    timed.traffic = engine::sim::task_cost(plan_, index, 0, target_.program, target_.machine).arguments;
    for (std::size_t a = 0; a < launch.arguments.size(); ++a) {
      const plan::Instance* const i = instance(op, a);
      timed.layouts.push_back(i ? std::optional(i->layout) : std::nullopt);
      timed.ranks.push_back(0);
      if (!i) continue;
      const Rect bounds = plan_.point_sets[i->points.value].bounds();
      for (int d = 0; d < bounds.dim(); ++d) timed.ranks.back() += bounds.extent(d) > 1 ? 1 : 0;
    }
  }

  const Target& target_;
  const plan::Plan& plan_;
  ProcessorKind kind_;
  std::size_t round_;
  std::map<std::uint32_t, const program::Launch*> launches_;
  std::map<plan::OpIndex, Sample> known_;  // without its seconds, by operation
  Run& run_;
};

Calibrator::Calibrator(const Target& target, bool emulate_gpu)
    : target_(target), emulate_gpu_(emulate_gpu), space_(target.program, target.machine, search::Mode::Valid) {}

Expected<void> Calibrator::execute(ProcessorKind kind, const std::string& mapper, Run& into) const {
  engine::EvaluationRequest request;
  request.mapper = diag::make_source("calibration", mapper);
  request.program = &target_.program;
  request.machine = &target_.machine;
  const auto prepared = engine::prepare(request, "host");
  if (!prepared) return failure(diag::kCalibrationMisfit, fmt::format("program `{}` cannot be mapped for a measurement", target_.program.name));
  engine::host::Options options;
  options.emulate_gpu = emulate_gpu_;
  options.verify = false;
  options.measure = true;
  options.record = true;
  const auto observed = engine::host::execute(prepared->plan, target_.program, target_.machine, options);
  if (!observed) return tl::unexpected(observed.error());
  Sorter(target_, prepared->plan, kind, rounds_, into).sort(*observed);
  return {};
}

// What the time of a kernel grows with where its points differ: the FLOP that its variant states or, without those, the
// elements of the argument with the most traffic; else a constant.
struct Calibrator::Basis {
  program::Expr expression = 1;
  int argument = -1;     // elements of this argument; -1: see flops
  bool flops = false;
  program::Expr times(double rate) const { return flops || argument >= 0 ? rate * expression : program::Expr(rate); }
  double of(const Sample& s) const {
    return flops ? s.flops : argument < 0 ? 1 : static_cast<double>(s.elements[static_cast<std::size_t>(argument)]);
  }
};

Calibrator::Basis Calibrator::find_basis(const Timed& timed, const program::Variant& variant) {
  const std::vector<Sample>& samples = timed.samples;
  const auto grows = [&](auto&& value) {
    const auto [low, high] = std::minmax_element(samples.begin(), samples.end(), [&](const Sample& a, const Sample& b) { return value(a) < value(b); });
    return value(*low) > 0 && value(*high) > 1.01 * value(*low);
  };
  if (grows([](const Sample& s) { return s.flops; })) return {variant.flops, -1, true};
  if (samples.front().flops > 0 || timed.traffic.empty()) return {};
  const auto most = static_cast<std::size_t>(std::max_element(timed.traffic.begin(), timed.traffic.end()) - timed.traffic.begin());
  if (!grows([most](const Sample& s) { return static_cast<double>(s.elements[most]); })) return {};
  return {program::Expr::elements(static_cast<int>(most)), static_cast<int>(most), false};
}

// Seconds per unit of the basis: the median of each round, and of those the least. A host that does something else for a
// while makes whole rounds slower, and real times are those of the fastest repeat, too.
double Calibrator::rate(const Timed& timed, const Basis& basis) {
  std::map<std::size_t, std::vector<double>> rounds;
  for (const Sample& s : timed.samples) {
    if (basis.of(s) > 0) rounds[s.round].push_back(s.seconds / basis.of(s));
  }
  double least = std::numeric_limits<double>::infinity();
  for (auto& [round, all] : rounds) least = std::min(least, median_of(std::move(all)).median);
  return rounds.empty() ? 0 : least;
}

// Adds how much longer a kernel takes with the layouts of `other`, argument by argument.
void Calibrator::add_corrections(const Timed& base, const Timed& other, const Basis& basis, std::vector<program::MeasuredTime>& to) {
  const double seconds = rate(base, basis), more = rate(other, basis) - seconds;
  if (std::abs(more) < kNegligible * seconds) return;
  std::vector<double> weights(base.layouts.size(), 0);
  double sum = 0;
  for (std::size_t a = 0; a < weights.size(); ++a) {
    if (!base.layouts[a] || !other.layouts[a]) continue;
    const Layout &x = *base.layouts[a], &y = *other.layouts[a];
    const bool order = x.dims != y.dims && base.ranks[a] > 1;  // with one dimension both orders are the same
    if (x.fields == y.fields && !order) continue;
    sum += weights[a] = other.traffic[a];
  }
  if (!(sum > 0)) return;
  for (std::size_t a = 0; a < weights.size(); ++a) {
    if (weights[a] < kNegligible * sum) continue;
    program::MeasuredTime m;
    m.fields = other.layouts[a]->fields;
    m.dims = other.layouts[a]->dims;
    m.argument = static_cast<std::uint32_t>(a);
    m.seconds = basis.times(more * weights[a] / sum);
    to.push_back(std::move(m));
  }
}

Expected<void> Calibrator::measure(Console& console) {
  for (const ProcessorKind kind : {ProcessorKind::Cpu, ProcessorKind::Omp, ProcessorKind::Gpu}) {
    if (target_.machine.processors_per_space(kind) == 0 || (kind == ProcessorKind::Gpu && !emulate_gpu_)) continue;
    std::vector<Run>& runs = runs_[kind];
    runs.resize(kLayouts.size());
    for (std::size_t l = 0; l < kLayouts.size(); ++l) {
      console.progress(fmt::format("{}: {} in {}", target_.program.name, to_string(kind), kLayouts[l]));
      if (Expected<void> done = execute(kind, mapper_of(space_, kind, kLayouts[l]), runs[l]); !done) return done;
    }
  }
  console.end_progress();
  ++rounds_;
  return {};
}

program::Calibration Calibrator::result() const {
  program::Calibration c {target_.program.name, target_.program.parameters, std::string(target_.machine.name()), {}};
  for (std::size_t task = 0; task < target_.program.tasks.size(); ++task) {
    for (const auto& [kind, runs] : runs_) {
      const auto base = runs.front().find(static_cast<std::uint32_t>(task));
      if (base == runs.front().end()) continue;
      const Basis basis = find_basis(base->second, *target_.program.variant(program::TaskId(task), kind));
      program::Calibration::Entry entry {target_.program.tasks[task].name, kind, {}};
      program::MeasuredTime m;
      m.seconds = basis.times(rate(base->second, basis));
      entry.measured.push_back(std::move(m));
      for (std::size_t l = 1; l < runs.size(); ++l) {
        if (const auto other = runs[l].find(base->first); other != runs[l].end()) add_corrections(base->second, other->second, basis, entry.measured);
      }
      c.entries.push_back(std::move(entry));
    }
  }
  return c;
}

int calibrate_command(const Options& options, Console& console) {
  const OrExit<Target> target = load_target(options, console);
  if (!target) return target.error();
  Calibrator calibrator(*target, options.emulate_gpu);
  for (std::int64_t r = 0; r < std::max<std::int64_t>(1, options.repeats); ++r) {
    if (const Expected<void> measured = calibrator.measure(console); !measured) return console.fail(measured.error());
  }
  const std::string text = program::export_json(calibrator.result());
  if (options.out.empty() || options.out == "-") {
    console.out(text);
    return kOk;
  }
  if (const Expected<void> written = write_file(options.out, text); !written) return console.fail(written.error());
  return kOk;
}

}  // namespace mapwright::driver
