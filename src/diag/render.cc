// The terminal and short layouts.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "diag/diag.h"

namespace mapwright::diag {

namespace {

constexpr std::size_t kWindow = 110;  // columns of a source line that are shown

struct Paint {
  Color color;
  std::string operator()(std::string_view code, std::string_view text) const {
    return color == Color::Always ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }
};

struct Mark {
  std::size_t begin, end;  // byte columns in the line, from 0
  bool primary;
  std::string_view text;
};

// A source line made printable: one cell per code point, tabs and other control characters as spaces or question marks.
// cell_of[i] is the cell of byte i, with one entry more for the end.
struct Cells {
  std::vector<std::string> cells;
  std::vector<std::size_t> cell_of;
};

Cells split_cells(std::string_view line) {
  Cells out;
  for (std::size_t i = 0; i < line.size();) {
    const auto c = static_cast<unsigned char>(line[i]);
    std::size_t length = c < 0x80 ? 1 : c >= 0xf0 && c < 0xf8 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 1;
    bool valid = c < 0x80 || (c >= 0xc2 && c < 0xf8 && i + length <= line.size());
    for (std::size_t k = 1; valid && k < length; ++k) valid = (static_cast<unsigned char>(line[i + k]) & 0xc0) == 0x80;
    if (!valid) length = 1;
    for (std::size_t k = 0; k < length; ++k) out.cell_of.push_back(out.cells.size());
    out.cells.push_back(c == '\t' ? " " : !valid || c < 0x20 || c == 0x7f ? "?" : std::string(line.substr(i, length)));
    i += length;
  }
  out.cell_of.push_back(out.cells.size());
  return out;
}

void render_line(std::string& out, const Source& source, std::uint32_t number, std::vector<Mark> marks, std::size_t width,
                 const Paint& paint) {
  const std::string_view whole = source.line(number);
  std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.primary > b.primary; });
  // A very long line is shown around its first mark; bytes are a good enough measure for the cut.
  std::size_t offset = 0;
  if (whole.size() > kWindow && marks.front().begin > kWindow / 2) offset = marks.front().begin - kWindow / 2;
  const Cells cells = split_cells(whole.substr(std::min(offset, whole.size()), kWindow));
  std::string shown;
  for (const std::string& cell : cells.cells) shown += cell;
  while (!shown.empty() && shown.back() == ' ') shown.pop_back();
  out += fmt::format("{}{}{}{}\n", paint("34;1", fmt::format("{:>{}} |", number, width)), shown.empty() ? "" : " ",
                     offset > 0 ? "..." : "", shown);
  const std::size_t shift = offset > 0 ? 3 : 0;
  for (const Mark& mark : marks) {
    const auto cell = [&](std::size_t byte) {
      return cells.cell_of[std::min(byte > offset ? byte - offset : 0, cells.cell_of.size() - 1)];
    };
    const std::size_t begin = cell(mark.begin), end = std::max(cell(mark.end), begin + 1);
    const std::string underline(end - begin, mark.primary ? '^' : '-');
    const std::string with_text = mark.text.empty() ? underline : fmt::format("{} {}", underline, mark.text);
    out += fmt::format("{} {}{}\n", paint("34;1", fmt::format("{:>{}} |", "", width)), std::string(begin + shift, ' '),
                       paint(mark.primary ? "31;1" : "34;1", with_text));
  }
}

void add_mark(std::map<std::uint32_t, std::vector<Mark>>& lines, const Source& source, Span span, bool primary,
              std::string_view text) {
  const Position begin = source.position(span.begin), end = source.position(std::max(span.end, span.begin));
  const std::size_t first = begin.column - 1;
  // A span over several lines is marked to the end of its first line.
  const std::size_t last = end.line == begin.line ? end.column - 1 : std::max(first + 1, source.line(begin.line).size());
  lines[begin.line].push_back({first, last, primary, text});
}

}  // namespace

std::string render_text(const Diagnostic& d, Color color) {
  const Paint paint {color};
  const std::string_view severity_color = d.severity == Severity::Error ? "31;1" : d.severity == Severity::Warning ? "33;1" : "36;1";
  std::string out = fmt::format("{}{}\n", paint(severity_color, fmt::format("{}[{}]", severity_name(d.severity), code_name(d.code))),
                                paint("1", ": " + d.message));
  std::size_t width = 1;
  if (d.source) {
    std::map<std::uint32_t, std::vector<Mark>> lines;
    add_mark(lines, *d.source, d.span, true, d.label);
    for (const Label& label : d.labels) add_mark(lines, *d.source, label.span, false, label.text);
    width = std::to_string(lines.rbegin()->first).size();
    const Position at = d.source->position(d.span.begin);
    const std::string bar = paint("34;1", fmt::format("{:>{}} |", "", width));
    out += fmt::format("{} {}:{}:{}\n{}\n", paint("34;1", fmt::format("{:>{}}-->", "", width)), d.source->name(), at.line,
                       at.column, bar);
    std::uint32_t before = 0;
    for (const auto& [number, marks] : lines) {
      if (before != 0 && number > before + 1) out += "...\n";
      render_line(out, *d.source, number, marks, width, paint);
      before = number;
    }
  }
  if (!d.help.empty()) {
    // Further lines of a help stand under its first.
    const std::string indent(width + 1 + 8, ' ');
    std::string help;
    for (const char c : d.help) {
      help += c;
      if (c == '\n') help += indent;
    }
    out += fmt::format("{} {}\n", paint("34;1", fmt::format("{:>{}} =", "", width)), paint("32;1", "help:") + " " + help);
  }
  return out;
}

std::string render_short(const Diagnostic& d) {
  const std::string what = fmt::format("{}[{}]: {}", severity_name(d.severity), code_name(d.code), d.message);
  if (!d.source) return what;
  const Position at = d.source->position(d.span.begin);
  return fmt::format("{}:{}:{}: {}", d.source->name(), at.line, at.column, what);
}

}  // namespace mapwright::diag
