// The engine `legion`: a child process per request, and what its output and its reports say.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "engine/command/command.h"
#include "engine/executor/executor.h"
#include "engine/executor/report.h"
#include "engine/legion/legion.h"

namespace mapwright::engine::executor {

namespace fs = std::filesystem;

namespace {

constexpr bool kHasGpus = MAPWRIGHT_LEGION_CUDA != 0;  // of mapwright-legion, which is built with this library
constexpr std::int64_t kMiB = std::int64_t {1} << 20;
constexpr std::size_t kMostText = 1000;  // bytes of Legion's message in a diagnostic

std::string replace_ranks(std::string text, std::uint32_t ranks) {
  constexpr std::string_view kRanks = "{ranks}";
  const std::string number = std::to_string(ranks);
  for (std::size_t at = 0; (at = text.find(kRanks, at)) != std::string::npos; at += number.size()) text.replace(at, kRanks.size(), number);
  return text;
}

// Why the program cannot run on this engine.
std::optional<Error> unsupported(const program::Program& p, const plan::Decisions& decisions) {
  for (const plan::LaunchDecision& d : decisions.launches) {
    if (!d.variant) continue;
    if (d.kind != ProcessorKind::Cpu && d.kind != ProcessorKind::Omp && !(kHasGpus && d.kind == ProcessorKind::Gpu)) {
      return Error {diag::kGpuNeedsEmulation, fmt::format("the executor on Legion has variants for {} only, and points run on {}", kHasGpus ? "CPU, OMP and GPU" : "CPU and OMP", to_string(d.kind)),
                    "use a machine without GPUs, such as --machine host, or `Task * OMP,CPU;`"};
    }
    if (!d.variant->inner && !d.variant->kernel) {
      return Error {diag::kNoKernel, fmt::format("`{}` describes tasks without kernels, so it cannot be executed", p.name), "run a shipped program, or your own one with `mapwright legion exec`"};
    }
  }
  return std::nullopt;
}

// The first line of `text` with `word`, from there on.
std::optional<std::string> line_with(std::string_view text, std::string_view word) {
  const std::size_t at = text.find(word);
  if (at == std::string_view::npos) return std::nullopt;
  return std::string(text.substr(at, std::min(kMostText, text.find('\n', at) - at)));
}

int number_at(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// What the mapper library says before it ends the process: error[MW5007]: text, then --> file:line:column.
std::optional<diag::Diagnostic> finding_in(std::string_view text, const diag::SourcePtr& mapper, const std::string& file) {
  constexpr std::string_view kBegin = "error[MW", kPlace = " --> ";
  const auto line = line_with(text, kBegin);
  if (!line || line->size() < kBegin.size() + 7) return std::nullopt;
  diag::Diagnostic d;
  d.code = number_at(std::string_view(*line).substr(kBegin.size()));
  d.severity = diag::Severity::Error;
  d.message = line->substr(std::min(line->size(), kBegin.size() + 7));
  text.remove_prefix(text.find(*line));
  const auto place = line_with(text, fmt::format("{}{}:", kPlace, file));
  if (place && mapper) {
    const std::string_view numbers = std::string_view(*place).substr(kPlace.size() + file.size() + 1);
    const std::size_t colon = numbers.find(':');
    const auto row = static_cast<std::uint32_t>(number_at(numbers));
    const auto column = colon == std::string_view::npos ? 1U : static_cast<std::uint32_t>(number_at(numbers.substr(colon + 1)));
    d.source = mapper;
    d.span = mapper->span_of({row, column}, {row, column + 1});
  }
  if (const auto help = line_with(text, "help: ")) d.help = help->substr(6);
  return d;
}

class LegionEngine final : public Engine {
 public:
  explicit LegionEngine(Options options) : options_(std::move(options)) {}
  std::string_view name() const override { return "legion"; }
  bool deterministic() const override { return false; }

  Expected<Execution> run(const EvaluationRequest& request) override {
    auto prepared = prepare(request, name());
    if (!prepared) return std::move(prepared.error());
    Execution e;
    e.engine = name();
    if (const auto why = unsupported(*request.program, *prepared->plan.decisions)) return ended(std::move(e), Outcome::Unsupported, *why);
    const Expected<TemporaryFolder> folder = TemporaryFolder::make(options_.directory);
    if (!folder) return tl::unexpected(folder.error());
    const std::string mapper = folder->file("mapper"), report = folder->file("report");
    if (const auto written = write_file(mapper, request.mapper ? request.mapper->text() : ""); !written) return tl::unexpected(written.error());
    command::Limits limits;
    limits.deadline = request.deadline.value_or(options_.timeout);
    limits.max_output = options_.max_output;
    const std::array<std::string, 3> argv {"/bin/sh", "-c", command_line(request, mapper, report)};
    const auto child = command::run_child(argv, limits);
    if (!child) return tl::unexpected(child.error());
    if (!child->out.empty()) e.log.push_back(child->out);
    if (!child->err.empty()) e.log.push_back(child->err);
    e.makespan = child->seconds;
    if (auto failed = judge(*child, *limits.deadline, request.mapper, mapper)) {
      e.outcome = failed->first;
      e.diagnostics.push_back(std::move(failed->second));
      return e;
    }
    return read_reports(request, *prepared, report, std::move(e));
  }

 private:
  static Execution ended(Execution e, Outcome outcome, const Error& why) {
    e.outcome = outcome;
    e.diagnostics.insert(e.diagnostics.begin(), diag::from_error(why));
    return e;
  }

  std::string command_line(const EvaluationRequest& request, const std::string& mapper, const std::string& report) const {
    std::vector<std::string> words {options_.executable, "--program", request.program->name, "--mapper", mapper, "--report", report};
    for (const auto& [name, value] : request.program->parameters) words.insert(words.end(), {"--set", fmt::format("{}={}", name, value)});
    if (!options_.log.empty()) words.insert(words.end(), {"--log", options_.log});
    if (!options_.profile.empty()) words.insert(words.end(), {"--profile", options_.profile});
    if (!options_.verify) words.emplace_back("--no-verify");
    if (!options_.trace) words.emplace_back("--no-trace");
    words.emplace_back("--");
    for (std::string& word : legion_arguments(*request.machine, *request.program)) words.push_back(std::move(word));
    std::string line = "exec " + replace_ranks(options_.launcher, request.machine->spaces());
    for (const std::string& word : words) line += " " + command::shell_quote(word);
    return line + " " + options_.legion_args;
  }

  // How the child ended, when not well.
  std::optional<std::pair<Outcome, diag::Diagnostic>> judge(const command::ChildResult& child, Seconds deadline, const diag::SourcePtr& mapper,
                                                            const std::string& file) const {
    const auto bad = [](Outcome outcome, int code, std::string message, std::string help = {}) {
      return std::pair(outcome, diag::from_error({code, std::move(message), std::move(help)}));
    };
    if (child.timed_out) return bad(Outcome::Timeout, diag::kTimeLimit, fmt::format("the Legion program did not end within {}", human_seconds(deadline.value)));
    if (child.exit_status == 0 && child.signal == 0) return std::nullopt;
    for (const std::string& text : {child.err, child.out}) {
      if (auto finding = finding_in(text, mapper, file)) {
        const Outcome outcome = finding->code == diag::kOutOfMemory ? Outcome::OutOfMemory : finding->code < 6000 ? Outcome::InvalidMapping : Outcome::ExecutionError;
        return std::pair(outcome, *std::move(finding));
      }
    }
    for (const std::string& text : {child.err, child.out}) {
      if (auto line = line_with(text, "LEGION ERROR: ")) return bad(Outcome::ExecutionError, diag::kLegionFailed, *std::move(line));
    }
    const int signal = child.signal != 0 ? child.signal : child.exit_status > 128 ? child.exit_status - 128 : 0;
    if (signal != 0 && signal < 65) return bad(Outcome::Crashed, diag::kChildCrashed, fmt::format("the Legion program: ended by {}", command::signal_name(signal)));
    return bad(Outcome::ExecutionError, diag::kCommandFailed, fmt::format("the Legion program ended with {}", child.explain()),
               child.exit_status == 127 ? "the launcher cannot be found" : "");
  }

  Expected<Execution> read_reports(const EvaluationRequest& request, const Prepared& prepared, const std::string& file, Execution e) const {
    std::vector<Report> all;
    for (int rank = 0; rank == 0 || rank < all.front().ranks; ++rank) {
      const auto text = read_file(legion::file_of_rank(file, rank));
      if (!text && rank > 0) return ended(std::move(e), Outcome::ExecutionError, {diag::kProcessCount, fmt::format("process {} of the Legion program left no report", rank), "all nodes must see the folder of temporary files"});
      if (!text) return ended(std::move(e), Outcome::ExecutionError, text.error());
      auto report = report_from_json(*text);
      if (!report) return ended(std::move(e), Outcome::ExecutionError, report.error());
      all.push_back(*std::move(report));
    }
    const std::uint32_t spaces = request.machine->spaces();
    if (all.size() != spaces) {
      return ended(std::move(e), Outcome::Unsupported,
                   {diag::kProcessCount, fmt::format("the machine has {} address spaces, and the Legion program ran in {} processes", spaces, all.size()),
                    fmt::format("add --launcher 'mpirun -n {}', or change --nodes", spaces)});
    }
    const Report report = merge(all);
    std::vector<std::string> output = std::move(e.log);
    describe_plan(prepared, request, e);  // whose log is what the mapper printed
    e.log.insert(e.log.end(), std::make_move_iterator(output.begin()), std::make_move_iterator(output.end()));
    if (request.profile) e.profile.tasks = report.tasks;
    e.processors = report.used;
    e.makespan = report.whole.end - report.whole.start;
    if (report.failed) return ended(std::move(e), Outcome::ExecutionError, {diag::kKernelFailed, *report.failed, {}});
    if (report.wrong) return ended(std::move(e), Outcome::WrongResult, {diag::kWrongResult, *report.wrong, {}});
    e.seconds = window(report, request.program->metric);
    e.metric = metric_value(*request.program, e.seconds);
    return e;
  }

  Options options_;
};

}  // namespace

Expected<std::string> find_executor(const std::string& executable) {
  const fs::path candidate = std::filesystem::path(executable).parent_path() / kExecutorName;
  std::error_code ignored;
  if (fs::exists(candidate, ignored)) return candidate.string();
  return failure(diag::kExecutorMissing, fmt::format("there is no {} beside `{}`: this build has no Legion", kExecutorName, executable),
                 "install Legion 25.06 with shared libraries and build mapwright where CMake finds it (MAPWRIGHT_WITH_LEGION=ON), see docs/legion.md");
}

std::vector<std::string> legion_arguments(const machine::Machine& machine, const program::Program& program) {
  // Half of what the host can spare, for all processes.
  std::int64_t spare = sysconf(_SC_AVPHYS_PAGES) * sysconf(_SC_PAGESIZE) / 2 / std::max<std::int64_t>(1, machine.spaces());
  if (machine.spaces() > 1) {
    std::int64_t data = 0;
    for (const program::Region& region : program.regions) {
      for (const program::Field& field : region.fields) data += region.points.volume() * field.bytes;
    }
    spare = std::min(spare, 64 * kMiB + 8 * std::min(data, spare));
  }
  const auto megabytes = [&](MemoryKind kind) {
    std::int64_t bytes = 0;
    for (const machine::Memory& m : machine.memories()) {
      if (m.kind == kind && m.space.value == 0) bytes += m.capacity.value;
    }
    return std::min(bytes, spare) / kMiB;
  };
  const auto count = [&](ProcessorKind kind) { return machine.processors_per_space(kind); };
  // The top-level task needs a CPU.
  std::vector<std::string> words {"-ll:cpu", std::to_string(std::max(1U, count(ProcessorKind::Cpu)))};
  const auto add = [&](const char* option, std::int64_t value) {
    if (value > 0) words.insert(words.end(), {option, std::to_string(value)});
  };
  add("-ll:ocpu", count(ProcessorKind::Omp));
  if (count(ProcessorKind::Omp) > 0) add("-ll:othr", machine.compute(ProcessorKind::Omp).threads);
  if (const std::uint32_t gpus = count(ProcessorKind::Gpu); kHasGpus && gpus > 0) {
    std::int64_t all = 0;
    for (const machine::Memory& m : machine.memories()) {
      if (m.kind == MemoryKind::FbMem && m.space.value == 0) all += m.capacity.value;
    }
    add("-ll:gpu", gpus);
    add("-ll:fsize", all / gpus / kMiB);
    add("-ll:zsize", megabytes(MemoryKind::ZcMem));
  }
  add("-ll:csize", megabytes(MemoryKind::SysMem));
  add("-ll:nsize", megabytes(MemoryKind::SockMem));
  add("-ll:rsize", megabytes(MemoryKind::RdMem));
  // Errors must come out before Legion aborts, and not the remarks about processors beyond the cores.
  words.insert(words.end(), {"-logfile", "stderr", "-level", "threads=5", "-lg:safe_mapper"});
  return words;
}

std::unique_ptr<Engine> make_engine(Options options) { return std::make_unique<LegionEngine>(std::move(options)); }

}  // namespace mapwright::engine::executor
