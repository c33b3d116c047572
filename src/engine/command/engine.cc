// The engine `command`.
#include <unistd.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <regex>

#include "engine/command/command.h"

namespace mapwright::engine::command {

namespace {

constexpr std::string_view kPlaceholder = "{mapper}";
constexpr std::size_t kMaxLine = 4096;  // std::regex recurses once per character

// A file with the mapper's text that lives as long as this.
class MapperFile {
 public:
  Expected<void> write(const std::string& directory, std::string_view text) {
    path_ = directory + "/mapwright-XXXXXX.mapper";
    const int fd = mkstemps(path_.data(), 7);
    if (fd < 0) {
      path_.clear();
      return failure(diag::kFileUnwritable, fmt::format("cannot make a temporary file in `{}`", directory));
    }
    close(fd);
    return write_file(path_, text);
  }
  MapperFile() = default;
  MapperFile(const MapperFile&) = delete;
  MapperFile& operator=(const MapperFile&) = delete;
  ~MapperFile() {
    if (!path_.empty()) unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string substitute(std::string text, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(kPlaceholder, at)) != std::string::npos; at += by.size()) {
    text.replace(at, kPlaceholder.size(), by);
  }
  return text;
}

// The first group of the last match in any line; nothing when there is none or it is no finite number.
std::optional<double> last_match(const std::regex& pattern, std::string_view text) {
  std::optional<double> found;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, std::min(end, kMaxLine));
    text.remove_prefix(std::min(end + 1, text.size()));
    for (std::cregex_iterator m(line.data(), line.data() + line.size(), pattern), none; m != none; ++m) {
      const char* first = (*m)[1].first;
      if (first != (*m)[1].second && *first == '+') ++first;
      double value = 0;
      const auto [rest, error] = std::from_chars(first, (*m)[1].second, value);
      if (error == std::errc {} && rest == (*m)[1].second && std::isfinite(value)) found = value;
    }
  }
  return found;
}

class CommandEngine final : public Engine {
 public:
  CommandEngine(Options options, std::regex pattern) : options_(std::move(options)), pattern_(std::move(pattern)) {}
  std::string_view name() const override { return "command"; }
  bool deterministic() const override { return false; }

  Expected<Execution> run(const EvaluationRequest& request) override {
    Execution e;
    e.engine = name();
    diag::Sink sink;
    sema::compile(request.mapper, sink);
    e.diagnostics = sink.take_sorted();
    if (sink.has_errors()) {
      e.outcome = Outcome::CompileError;
      return e;
    }
    MapperFile file;
    if (const auto written = file.write(options_.directory, request.mapper->text()); !written) {
      return tl::unexpected(written.error());
    }
    const std::array<std::string, 3> argv {"/bin/sh", "-c", substitute(options_.command, shell_quote(file.path()))};
    Limits limits;
    limits.deadline = request.deadline.value_or(options_.timeout);
    limits.max_output = options_.max_output;
    const auto child = run_child(argv, limits);
    if (!child) return tl::unexpected(child.error());
    judge(*child, *limits.deadline, e);
    return e;
  }

 private:
  void judge(const ChildResult& child, Seconds deadline, Execution& e) const {
    e.makespan = child.seconds;
    if (!child.out.empty()) e.log.push_back(child.out);
    if (!child.err.empty()) e.log.push_back(child.err);
    const auto bad = [&](Outcome outcome, int code, std::string message, std::string help = {}) {
      e.outcome = outcome;
      e.diagnostics.insert(e.diagnostics.begin(), diag::from_error({code, std::move(message), std::move(help)}));
    };
    if (child.timed_out) {
      return bad(Outcome::Timeout, diag::kTimeLimit, fmt::format("the command did not end within {}", human_seconds(deadline.value)));
    }
    // A shell that ran the program as its child reports a signal n as the exit status 128 + n.
    const int signal = child.signal != 0 ? child.signal : child.exit_status > 128 ? child.exit_status - 128 : 0;
    if (signal != 0 && signal < 65) {
      return bad(Outcome::Crashed, diag::kChildCrashed, fmt::format("the command was ended by {}", signal_name(signal)));
    }
    if (child.exit_status != 0) {
      const std::string_view why = child.exit_status == 127   ? " (not found)"
                                   : child.exit_status == 126 ? " (cannot be executed)"
                                                              : "";
      return bad(Outcome::ExecutionError, diag::kCommandFailed, fmt::format("the command ended with {}{}", child.explain(), why));
    }
    std::optional<double> value = last_match(pattern_, child.err);
    if (const auto in_output = last_match(pattern_, child.out)) value = in_output;
    if (!value) {
      return bad(Outcome::ExecutionError, diag::kMetricNotFound, "the command's output has no number where the metric is expected",
                 fmt::format("the last match of `{}` counts, its first group is the number", options_.metric));
    }
    e.metric = MetricValue {options_.name, options_.unit, *value, options_.higher_is_better};
    e.seconds = options_.unit == "s" ? *value : child.seconds;
  }

  Options options_;
  std::regex pattern_;
};

}  // namespace

std::string shell_quote(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'') quoted += "'\\''"; else quoted += c;
  }
  return quoted + "'";
}

Expected<std::unique_ptr<Engine>> make_engine(Options options) {
  if (options.command.find(kPlaceholder) == std::string::npos) {
    return failure(diag::kInvalidCommand, "the command does not say where the mapper's file goes",
                   "write {mapper} there: --command './app -mapwright:mapper {mapper}'");
  }
  try {
    std::regex pattern(options.metric);
    if (pattern.mark_count() < 1) {
      return failure(diag::kInvalidCommand, "the regular expression of the metric has no group", "put the number in parentheses");
    }
    return std::make_unique<CommandEngine>(std::move(options), std::move(pattern));
  } catch (const std::regex_error& e) {
    return failure(diag::kInvalidCommand, fmt::format("the regular expression of the metric is invalid: {}", e.what()));
  }
}

}  // namespace mapwright::engine::command
