#include <fmt/format.h>

#include <algorithm>

#include "sema/sema.h"

namespace mapwright::sema {

namespace {

std::string cell_text(Placement p) {
  if (p.empty()) return "-";
  std::string text = fmt::format("{}.{}", p[0].space, p[0].index);
  if (p.size() > 1) text += fmt::format("+{}", p.size() - 1);
  return text;
}

}  // namespace

std::string render_grid(const PlacementEvaluator::Table& table, const Point& extents) {
  const std::int64_t columns = extents.dim > 1 ? extents[1] : extents.dim == 1 ? extents[0] : 1;
  const std::int64_t rows = extents.dim > 1 ? extents[0] : 1;
  std::size_t width = std::to_string(columns - 1).size() + 1;
  for (std::size_t i = 0; i + 1 < table.offsets.size(); ++i) width = std::max(width, cell_text(table.at(i)).size());
  const std::size_t margin = extents.dim > 1 ? std::max<std::size_t>(2, std::to_string(rows - 1).size() + 1) : 0;
  const Rect domain = Rect::of_extents(std::span(extents.at).first(static_cast<std::size_t>(extents.dim)));
  std::string out;
  // One block per value of the dimensions beyond the second.
  Point p = Point::filled(extents.dim, 0);
  const std::int64_t layers = rows * columns == 0 ? 0 : domain.volume() / (rows * columns);
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    if (extents.dim > 2) {
      out += layer ? "\n(*, *" : "(*, *";
      for (int d = 2; d < extents.dim; ++d) out += fmt::format(", {}", p[d]);
      out += ")\n";
    }
    out += std::string(margin, ' ');
    for (std::int64_t c = 0; c < columns; ++c) out += fmt::format(" {:>{}}", fmt::format("{}{}", extents.dim > 1 ? "," : "", c), width);
    out += '\n';
    for (std::int64_t r = 0; r < rows; ++r) {
      if (margin) out += fmt::format("{:>{}}", fmt::format("{},", r), margin);
      for (std::int64_t c = 0; c < columns; ++c) {
        if (extents.dim > 1) p[0] = r;
        if (extents.dim > 0) p[extents.dim > 1 ? 1 : 0] = c;
        out += fmt::format(" {:>{}}", cell_text(table.at(static_cast<std::size_t>(domain.linearize(p)))), width);
      }
      out += '\n';
    }
    for (int d = 2; d < extents.dim; ++d) {
      if (++p[d] < extents[d]) break;
      p[d] = 0;
    }
  }
  return out;
}

}  // namespace mapwright::sema
