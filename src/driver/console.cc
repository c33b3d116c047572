#include "driver/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace mapwright::driver {

namespace {

bool wants_color(When when, int descriptor) {
  if (when != When::Auto) return when == When::Always;
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  return (!no_color || !*no_color) && ::isatty(descriptor) == 1 && terminal && std::string_view(terminal) != "dumb";
}

void write_all(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
}

bool looks_numeric(std::string_view cell) {
  return !cell.empty() && (std::string_view("0123456789-+").find(cell.front()) != std::string_view::npos);
}

// Cells that a terminal gives a text: code points, good enough for names.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

int status_of(int code) {
  if (code >= 1000 && code < 4000) return kMapperFailed;
  if (code >= 5000 && code < 6000) return kMapperFailed;
  if (code >= 4300 && code < 4400) return kUsage;
  if (code == diag::kMachineOverride || code == diag::kMachineUnknown) return kUsage;
  if (code == 7001 || code == 7104 || code == 7105) return kUsage;  // unknown optimizer, unknown run, nothing to resume
  return kEnvironment;
}

Console::Console(const ConsoleOptions& options)
    : options_(options),
      color_out_(wants_color(options.color, STDOUT_FILENO)),
      color_err_(wants_color(options.color, STDERR_FILENO)),
      terminal_(::isatty(STDERR_FILENO) == 1) {}

void Console::out(std::string_view text) const { write_all(stdout, text); }

void Console::err(std::string_view text) const {
  if (line_shown_) write_all(stderr, "\r\x1b[K");
  write_all(stderr, text);
}

void Console::progress(std::string_view line) {
  if (!terminal_ || options_.quiet) return;
  write_all(stderr, fmt::format("\r\x1b[K{}", line.substr(0, 118)));
  line_shown_ = true;
}

void Console::end_progress() {
  if (line_shown_) write_all(stderr, "\r\x1b[K");
  line_shown_ = false;
}

std::string Console::bold(std::string_view text) const {
  return color_out_ ? fmt::format("\x1b[1m{}\x1b[0m", text) : std::string(text);
}

void Console::report(const std::vector<diag::Diagnostic>& diagnostics) {
  bool first = true;
  for (const diag::Diagnostic& d : diagnostics) {
    if (options_.quiet && d.severity != diag::Severity::Error) continue;
    if (options_.json) {
      err(diag::render_json(d) + "\n");
      continue;
    }
    switch (options_.format) {
      case Format::Json: out(diag::render_json(d) + "\n"); break;
      case Format::Short: err(diag::render_short(d) + "\n"); break;
      case Format::Text:
        err((first ? "" : "\n") + diag::render_text(d, color_err_ ? diag::Color::Always : diag::Color::Never));
        break;
    }
    first = false;
  }
}

void Console::report(const diag::Sink& sink) {
  std::size_t hidden = 0;
  report(sink.take_sorted(20, &hidden));
  if (hidden > 0 && !options_.json) err(fmt::format("{} more not shown\n", hidden));
}

int Console::fail(const Error& error) {
  const diag::Diagnostic d = diag::from_error(error);
  if (options_.json || options_.format == Format::Json) {
    err(diag::render_json(d) + "\n");
  } else {
    report({d});
  }
  return status_of(error.code);
}

int Console::usage(std::string_view message, std::string_view help) {
  err(fmt::format("error: {}\n", message));
  if (!help.empty()) err(fmt::format("  = help: {}\n", help));
  return kUsage;
}

std::string Table::text(int indent) const {
  std::vector<std::size_t> widths;
  std::vector<bool> numeric;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    for (std::size_t c = 0; c < rows_[r].size(); ++c) {
      if (c >= widths.size()) {
        widths.resize(c + 1, 0);
        numeric.resize(c + 1, true);
      }
      widths[c] = std::max(widths[c], width_of(rows_[r][c]));
      if (r > 0 && !rows_[r][c].empty() && !looks_numeric(rows_[r][c])) numeric[c] = false;
    }
  }
  std::string out;
  for (const std::vector<std::string>& row : rows_) {
    std::string line(static_cast<std::size_t>(indent), ' ');
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string pad(widths[c] - width_of(row[c]), ' ');
      if (c > 0) line += "  ";
      line += numeric[c] ? pad + row[c] : row[c] + pad;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace mapwright::driver
