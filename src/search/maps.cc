#include "search/maps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>

namespace mapwright::search {

namespace {

using Shape = MapForm::Shape;
using Spread = MapForm::Spread;
using Split = MapForm::Split;

std::string_view word(Spread s) {
  switch (s) {
    case Spread::Block: return "block";
    case Spread::Cyclic: return "cyclic";
    case Spread::SpaceCyclic: return "space_cyclic";
    case Spread::BlockCyclic: return "block_cyclic";
    case Spread::Diagonal: return "diagonal";
  }
  return "";
}

std::string join(const std::vector<std::int64_t>& numbers, const char* between) {
  return fmt::format("{}", fmt::join(numbers, between));
}

std::string name_of(const MapForm& f) {
  std::string name;
  switch (f.shape) {
    case Shape::Default: return "default";
    case Shape::Linear: name = fmt::format("line_{}_{}", fmt::join(f.order, ""), word(f.outer)); break;
    case Shape::Tiles:
      name = fmt::format("tiles_{}_{}_{}", fmt::join(f.order, ""), word(f.outer), word(f.inner));
      if (f.split == Split::Greedy) name += "_greedy";
      if (f.split == Split::Decompose) name += fmt::format("_uncut{}", f.heavy);
      break;
    case Shape::Weighted: name = fmt::format("weighted_{}", word(f.outer)); break;
    case Shape::Local: name = fmt::format("local_{}_{}", fmt::join(f.order, ""), word(f.outer)); break;
    case Shape::LocalWeighted: name = "local_weighted"; break;
    case Shape::Parent: return "with_parent";
    case Shape::ParentPoint: name = fmt::format("parent_point_{}", fmt::join(f.order, "")); break;
    case Shape::Fixed: return fmt::format("fixed_{}_{}", f.space, f.index);
    case Shape::Unchecked: return fmt::format("unchecked_{}", f.index);
  }
  if (f.outer == Spread::BlockCyclic) name += std::to_string(f.block);
  if (f.fold > 0) name += fmt::format("_width{}", f.fold);
  if (!f.extents.empty()) name += "_of_" + join(f.extents, "x");
  return name;
}

class Collector {
 public:
  explicit Collector(std::vector<MapForm>& forms) : forms_(forms) {}
  void add(MapForm form) {
    form.name = name_of(form);
    forms_.push_back(std::move(form));
  }

 private:
  std::vector<MapForm>& forms_;
};

std::vector<std::vector<int>> orders(int dim) {
  std::vector<int> order(static_cast<std::size_t>(dim));
  std::iota(order.begin(), order.end(), 0);
  std::vector<std::vector<int>> all;
  if (dim > 3) return {order, std::vector<int>(order.rbegin(), order.rend())};
  do all.push_back(order);
  while (std::next_permutation(order.begin(), order.end()));
  return all;
}

void add_lines(Collector& out, const IndexFamily& family, const std::vector<std::int64_t>& extents) {
  for (const std::vector<int>& order : orders(family.dim)) {
    MapForm form {.shape = Shape::Linear, .order = order, .extents = extents};
    out.add(form);
    form.outer = Spread::Cyclic;
    out.add(form);
    if (family.spaces == 1) continue;
    form.outer = Spread::SpaceCyclic;
    out.add(form);
  }
  if (!extents.empty()) return;
  const std::int64_t points =
      std::accumulate(family.extents.begin(), family.extents.end(), std::int64_t {1}, std::multiplies<>());
  for (const std::int64_t block : {2, 4}) {
    if (points <= block) break;
    out.add({.shape = Shape::Linear, .order = orders(family.dim).front(), .outer = Spread::BlockCyclic, .block = block});
  }
}

void add_tiles(Collector& out, const IndexFamily& family, int dim, std::int64_t fold,
               const std::vector<std::int64_t>& extents) {
  for (const std::vector<int>& order : orders(dim)) {
    MapForm form {.shape = Shape::Tiles, .order = order, .extents = extents, .fold = fold};
    for (const Spread outer : {Spread::Block, Spread::Cyclic}) {
      if (outer == Spread::Cyclic && family.spaces == 1) continue;
      for (const Spread inner : {Spread::Block, Spread::Cyclic}) {
        form.outer = outer;
        form.inner = inner;
        out.add(form);
      }
    }
    if (fold > 0 || !extents.empty()) continue;
    form.outer = form.inner = Spread::Block;
    form.split = Split::Greedy;
    out.add(form);
  }
  if (fold > 0 || !extents.empty()) return;
  for (int heavy = 0; heavy < dim; ++heavy) {
    out.add({.shape = Shape::Tiles, .order = orders(dim).front(), .split = Split::Decompose, .heavy = heavy});
  }
}

// Widths that divide a one-dimensional domain, the squarest grids first, at most six.
std::vector<std::int64_t> fold_widths(std::int64_t base) {
  std::vector<std::int64_t> widths;
  for (std::int64_t small = 1; small * small <= base && small <= 4096; ++small) {
    if (base % small != 0) continue;
    for (const std::int64_t width : {base / small, small}) {
      if (width > 1 && width < base) widths.push_back(width);
    }
  }
  std::stable_sort(widths.begin(), widths.end(), [base](std::int64_t a, std::int64_t b) {
    return std::max(a, base / a) < std::max(b, base / b);
  });
  widths.erase(std::unique(widths.begin(), widths.end()), widths.end());
  if (widths.size() > 6) widths.resize(6);
  return widths;
}

// The lines of a function that give p (coordinates) and s (extents), reordered for Tiles.
std::string coordinates(const MapForm& f) {
  if (f.fold > 0) {
    const std::string x = fmt::format("task.ipoint[0] % {}", f.fold), y = fmt::format("task.ipoint[0] / {}", f.fold);
    const std::string height = fmt::format("task.ispace[0] / {}", f.fold);
    if (f.order.front() == 0) return fmt::format("  p = ({}, {});\n  s = ({}, {});\n", x, y, f.fold, height);
    return fmt::format("  p = ({}, {});\n  s = ({}, {});\n", y, x, height, f.fold);
  }
  if (std::is_sorted(f.order.begin(), f.order.end())) {
    return fmt::format("  p = task.ipoint;\n  s = {};\n",
                       f.extents.empty() ? "task.ispace" : "(" + join(f.extents, ", ") + ")");
  }
  std::vector<std::string> p, s;
  for (const int d : f.order) {
    p.push_back(fmt::format("task.ipoint[{}]", d));
    s.push_back(f.extents.empty() ? fmt::format("task.ispace[{}]", d)
                                  : std::to_string(f.extents[static_cast<std::size_t>(d)]));
  }
  return fmt::format("  p = ({});\n  s = ({});\n", fmt::join(p, ", "), fmt::join(s, ", "));
}

// Position of a point in the order of dimensions, and the number of points, as expressions over `point` and `space`.
struct Line {
  std::string position, count;
};
Line line(const std::vector<int>& order, const std::vector<std::int64_t>& extents, std::string_view point,
          std::string_view space) {
  Line out;
  for (std::size_t i = order.size(); i-- > 0;) {
    const auto d = static_cast<std::size_t>(order[i]);
    const std::string extent = extents.empty() ? fmt::format("{}[{}]", space, d) : std::to_string(extents[d]);
    const std::string coordinate = fmt::format("{}[{}]", point, d);
    if (out.position.empty()) {
      out.position = coordinate;
    } else {
      const bool nested = out.position.find(' ') != std::string::npos;
      out.position = fmt::format("{} + {} * {}", coordinate, extent, nested ? "(" + out.position + ")" : out.position);
    }
    out.count = out.count.empty() ? extent : extent + " * " + out.count;
  }
  if (!extents.empty()) {
    std::int64_t count = 1;
    for (const std::int64_t e : extents) count *= e;
    out.count = std::to_string(count);
  }
  return out;
}

// `return` statement for a position `x` in a line.
std::string spread_line(const MapForm& f, const std::string& m, const std::string& count) {
  const std::string fill = fmt::format("  return {0}[at / {0}.size[1], at % {0}.size[1]];\n", m);
  switch (f.outer) {
    case Spread::Block: return fmt::format("  at = x * {}.volume / ({});\n", m, count) + fill;
    case Spread::Cyclic: return fmt::format("  at = x % {}.volume;\n", m) + fill;
    case Spread::BlockCyclic: return fmt::format("  at = x / {} % {}.volume;\n", f.block, m) + fill;
    case Spread::SpaceCyclic: return fmt::format("  return {0}[x % {0}.size[0], x / {0}.size[0] % {0}.size[1]];\n", m);
    case Spread::Diagonal: return fmt::format("  return {0}[x % {0}.size[0], x % {0}.size[1]];\n", m);
  }
  return "";
}

std::string tiles_body(const MapForm& f, const std::string& m) {
  const std::size_t dim = f.order.size();
  const auto per_dim = [&](auto&& text) {
    std::vector<std::string> parts;
    for (std::size_t d = 0; d < dim; ++d) parts.push_back(text(d));
    return fmt::format("{}", fmt::join(parts, ", "));
  };
  const char* call = f.split == Split::Greedy ? "greedy_split" : f.split == Split::Decompose ? "decompose" : "auto_split";
  std::string weights;
  if (f.split == Split::Decompose) {
    weights = fmt::format(", ({})", per_dim([&](std::size_t d) { return f.order[d] == f.heavy ? "8" : "1"; }));
  }
  const auto n = [](std::size_t d) { return fmt::format("n.size[{}]", d); };
  const auto g = [dim](std::size_t d) { return fmt::format("g.size[{}]", dim + d); };
  std::string body = coordinates(f);
  body += fmt::format("  n = {}.{}(0, s{});\n", m, call, weights);
  body += fmt::format("  g = n.{}({}, ({}){});\n", call, dim,
                      per_dim([&](std::size_t d) { return fmt::format("ceil_div(s[{}], {})", d, n(d)); }), weights);
  const auto space = [&](std::size_t d) {
    if (f.outer == Spread::Cyclic) return fmt::format("p[{}] % {}", d, n(d));
    if (f.inner == Spread::Cyclic) return fmt::format("p[{0}] * {1} / s[{0}]", d, n(d));
    return fmt::format("p[{0}] * {1} * {2} / s[{0}] / {2}", d, n(d), g(d));
  };
  const auto processor = [&](std::size_t d) {
    if (f.outer == Spread::Cyclic && f.inner == Spread::Cyclic) return fmt::format("p[{}] / {} % {}", d, n(d), g(d));
    if (f.outer == Spread::Cyclic) return fmt::format("p[{0}] / {1} * {2} / ceil_div(s[{0}], {1})", d, n(d), g(d));
    if (f.inner == Spread::Cyclic) return fmt::format("p[{}] % {}", d, g(d));
    return fmt::format("p[{0}] * {1} * {2} / s[{0}] % {2}", d, n(d), g(d));
  };
  return body + fmt::format("  return g[{},\n           {}];\n", per_dim(space), per_dim(processor));
}

std::string weighted_sum(const std::vector<std::int64_t>& weights) {
  std::vector<std::string> terms;
  for (std::size_t d = 0; d < weights.size(); ++d) {
    if (weights[d] == 1) terms.push_back(fmt::format("task.ipoint[{}]", d));
    if (weights[d] > 1) terms.push_back(fmt::format("{} * task.ipoint[{}]", weights[d], d));
  }
  return terms.empty() ? "0" : fmt::format("{}", fmt::join(terms, " + "));
}

std::string unchecked_body(std::int64_t variant, const std::string& m) {
  switch (variant) {
    case 0: return fmt::format("  return {}[task.ipoint[0], 0];\n", m);
    case 1: return fmt::format("  return {}[0, task.ipoint[0]];\n", m);
    case 2: return fmt::format("  return {0}[task.ipoint[0] / {0}.size[1], task.ipoint[0] % {0}.size[1]];\n", m);
    case 3: return fmt::format("  return {0}[task.ipoint[0] % {0}.size[0], task.ipoint[0] / {0}.size[0]];\n", m);
    case 4: return fmt::format("  return {}[*task.ipoint];\n", m);
    case 5: return fmt::format("  return {}[task.ipoint[0], task.ipoint[1]];\n", m);
    default: return fmt::format("  return {}[task.ipoint[0] + task.ipoint[1], task.ipoint[1]];\n", m);
  }
}

}  // namespace

std::vector<MapForm> index_maps(const IndexFamily& family) {
  std::vector<MapForm> forms;
  Collector out(forms);
  out.add({});
  if (family.dim < 1) return forms;
  add_lines(out, family, {});
  const bool smaller = family.extents != family.largest;
  if (smaller) add_lines(out, family, family.largest);
  if (family.dim > 1) {
    add_tiles(out, family, family.dim, 0, {});
    if (smaller) add_tiles(out, family, family.dim, 0, family.largest);
  }
  if (family.dim == 1) {
    for (const std::int64_t width : fold_widths(family.fold_base)) add_tiles(out, family, 2, width, {});
  }
  out.add({.shape = Shape::Weighted, .outer = Spread::Cyclic});
  if (family.spaces > 1) {
    out.add({.shape = Shape::Weighted, .outer = Spread::SpaceCyclic});
    out.add({.shape = Shape::Weighted, .outer = Spread::Diagonal});
  }
  if (family.nested) {
    for (const std::vector<int>& order : orders(family.dim)) {
      out.add({.shape = Shape::Local, .order = order});
      out.add({.shape = Shape::Local, .order = order, .outer = Spread::Cyclic});
    }
    out.add({.shape = Shape::LocalWeighted});
  }
  if (family.raw) {
    for (std::int64_t variant = 0; variant < (family.dim > 1 ? 7 : 5); ++variant) {
      out.add({.shape = Shape::Unchecked, .index = variant});
    }
  }
  return forms;
}

std::vector<MapForm> single_maps(const SingleFamily& family) {
  std::vector<MapForm> forms;
  Collector out(forms);
  out.add({});
  if (family.nested) {
    out.add({.shape = Shape::Parent});
    if (family.parent_dim > 0) {
      for (const std::vector<int>& order : orders(family.parent_dim)) {
        out.add({.shape = Shape::ParentPoint, .order = order});
      }
    }
  } else {
    for (std::int64_t space = 0; space < std::min<std::int64_t>(family.spaces, 2); ++space) {
      for (std::int64_t index = 0; index < std::min<std::int64_t>(family.processors, 4); ++index) {
        if (space + index > 0) out.add({.shape = Shape::Fixed, .space = space, .index = index});
      }
    }
  }
  if (family.raw) {
    out.add({.shape = Shape::Fixed, .space = family.spaces, .index = 0});
    out.add({.shape = Shape::Fixed, .space = 0, .index = family.processors});
  }
  return forms;
}

bool is_weighted(const MapForm& form) {
  return form.shape == Shape::Weighted || form.shape == Shape::LocalWeighted;
}

bool needs_parent(const MapForm& form) {
  return form.shape == Shape::Local || form.shape == Shape::LocalWeighted || form.shape == Shape::Parent ||
         form.shape == Shape::ParentPoint;
}

std::string machine_variable(ProcessorKind kind) {
  std::string name = "m" + std::string(to_string(kind));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

MapFunction write_map(const MapForm& form, const std::vector<std::int64_t>& weights, ProcessorKind kind,
                      ProcessorKind parent) {
  const std::string m = machine_variable(kind), mp = machine_variable(parent);
  MapFunction out;
  out.machines = {kind};
  out.name = form.name + (is_weighted(form) ? "_" + join(weights, "_") : "") + "_" + m.substr(1);
  std::string home;
  if (needs_parent(form)) {
    if (parent != kind) {
      out.machines.push_back(parent);
      out.name += "_in_" + mp.substr(1);
    }
    home = fmt::format("  home = task.parent.processor({});\n", mp);
  }
  const auto local = [&m](const Line& l, Spread spread) {
    if (spread == Spread::Cyclic) return fmt::format("  return {0}[home[0], ({1}) % {0}.size[1]];\n", m, l.position);
    return fmt::format("  return {0}[home[0], ({1}) * {0}.size[1] / ({2})];\n", m, l.position, l.count);
  };
  std::string body;
  switch (form.shape) {
    case Shape::Default: return {};
    case Shape::Linear: {
      const Line l = line(form.order, form.extents, "p", "s");
      body = "  p = task.ipoint;\n";
      if (l.position.find('s') != std::string::npos || (form.outer == Spread::Block && form.extents.empty())) {
        body += "  s = task.ispace;\n";
      }
      body += fmt::format("  x = {};\n", l.position) + spread_line(form, m, l.count);
      break;
    }
    case Shape::Tiles: body = tiles_body(form, m); break;
    case Shape::Weighted: body = fmt::format("  x = {};\n", weighted_sum(weights)) + spread_line(form, m, ""); break;
    case Shape::Local: body = home + local(line(form.order, {}, "task.ipoint", "task.ispace"), form.outer); break;
    case Shape::LocalWeighted:
      body = home + fmt::format("  return {0}[home[0], ({1}) % {0}.size[1]];\n", m, weighted_sum(weights));
      break;
    case Shape::Parent:
      body = home + (parent == kind ? fmt::format("  return {}[*home];\n", m)
                                    : fmt::format("  return {0}[home[0], home[1] % {0}.size[1]];\n", m));
      break;
    case Shape::ParentPoint:
      body = home + local(line(form.order, {}, "task.parent.ipoint", "task.parent.ispace"), Spread::Block);
      break;
    case Shape::Fixed: body = fmt::format("  return {}[{}, {}];\n", m, form.space, form.index); break;
    case Shape::Unchecked: body = unchecked_body(form.index, m); break;
  }
  out.text = fmt::format("def {}(Task task) {{\n{}}}\n", out.name, body);
  return out;
}

}  // namespace mapwright::search
