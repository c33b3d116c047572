// The work of Stencil on CPUs, and the numeric check.
#include "apps/stencil/kernels.h"
#include "apps/support/build.h"

namespace mapwright::apps::stencil {

namespace {

using program::KernelContext;

// PRK's ramp: x + y on top of the initial value.
double initial(const Shape& s, std::int64_t x, std::int64_t y) { return static_cast<double>(s.init + x + y); }

// What `input` of a tile must hold after all steps. Inside and on the border of the grid every step added 1; a border
// that mirrors a neighbour is one step behind; corners of tiles are never written.
double expected_input(const Shape& s, std::int64_t tile, const Point& p) {
  const Rect whole = s.with_border(tile), inside = s.interior(tile);
  const Point origin = s.origin_of_tile(tile);
  const double start = initial(s, origin[0] + p[0] - whole.lo[0], origin[1] + p[1] - whole.lo[1]);
  if (s.exterior(tile).contains(p)) return start + static_cast<double>(s.steps);
  const bool in_x = p[0] >= inside.lo[0] && p[0] <= inside.hi[0];
  const bool in_y = p[1] >= inside.lo[1] && p[1] <= inside.hi[1];
  return in_x || in_y ? start + static_cast<double>(s.steps - 1) : start;
}

// Each step adds, for d = 1..r, (2 d + 2 d) / (2 d r): 2 in all.
double expected_output(const Shape& s, std::int64_t tile, const Point& p) {
  return static_cast<double>(s.init) + (s.interior(tile).contains(p) ? 2.0 * static_cast<double>(s.steps) : 0.0);
}

std::optional<std::string> wrong_tile(const Shape& s, const program::RegionReader& regions, std::int64_t tile) {
  const program::FieldView input = regions.field(kPoints, kInput), output = regions.field(kPoints, kOutput);
  std::optional<std::string> wrong;
  for_each_point(s.with_border(tile), [&](const Point& p) {
    if (wrong) return;
    const double in = input.at<double>(p), out = output.at<double>(p);
    if (in != expected_input(s, tile, p)) wrong = wrong_value("input", "points", p, in, expected_input(s, tile, p));
    else if (out != expected_output(s, tile, p)) wrong = wrong_value("output", "points", p, out, expected_output(s, tile, p));
  });
  return wrong;
}

}  // namespace

program::Kernel begin_init_kernel() {
  return [](KernelContext& c) {
    for (const TimesField f : {kAllStart, kLoopStart, kLoopStop, kAllStop}) {
      Line<std::int64_t>(c.field(0, f))[c.point()[0]] = 0;
    }
  };
}

program::Kernel ramp_kernel(Shape s) {
  return [s](KernelContext& c) { ramp<Threads>(c, s); };
}

program::Kernel stencil_kernel(Shape s) {
  return [s](KernelContext& c) { stencil<Threads>(c, s); };
}

program::Kernel increment_kernel(Shape s) {
  return [s](KernelContext& c) { increment<Threads>(c, s); };
}

program::Kernel check_kernel(Shape s) {
  return [s](KernelContext& c) {
    const std::int64_t tile = c.point()[0];
    const Rect r = s.interior(tile);
    const Grid<double> in(c.field(0, kInput), r), out(c.field(0, kOutput), r);
    std::int64_t wrong = 0;
    for_each_point(r, [&](const Point& p) {
      wrong += in(p[0], p[1]) != expected_input(s, tile, p) || out(p[0], p[1]) != expected_output(s, tile, p);
    });
    c.set_result(static_cast<double>(wrong));
  };
}

program::Kernel elapsed_kernel() {
  return [](KernelContext& c) {
    const std::int64_t i = c.point()[0];
    c.set_result(static_cast<double>(Line<std::int64_t>(c.field(0, kLoopStop))[i]));
  };
}

program::Kernel print_kernel() {
  return [](KernelContext&) {};  // the report shows the time
}

program::NumericCheck numeric_check(Shape s) {
  return [s](const program::RegionReader& regions) -> std::optional<std::string> {
    for (std::int64_t i = 0; i < s.tiles(); ++i) {
      if (auto wrong = wrong_tile(s, regions, i)) return wrong;
      for (const RegionIndex e : kExchanges) {
        const program::FieldView view = regions.field(e, kInput);
        const Rect r = s.slot(e, i);
        const Point origin = s.origin_of_slot(e, i);
        std::optional<std::string> wrong;
        for_each_point(r, [&](const Point& p) {
          const double expected = initial(s, origin[0] + p[0] - r.lo[0], origin[1] + p[1] - r.lo[1]) + static_cast<double>(s.steps);
          if (!wrong && view.at<double>(p) != expected) wrong = wrong_value("input", "an exchange region", p, view.at<double>(p), expected);
        });
        if (wrong) return wrong;
      }
      for (const TimesField f : {kLoopStart, kLoopStop}) {
        const std::int64_t calls = regions.field(kTimes, f).at<std::int64_t>({i});
        if (calls != s.steps) return fmt::format("tile {} ran {} steps instead of {}", i, calls, s.steps);
      }
    }
    return std::nullopt;
  };
}

}  // namespace mapwright::apps::stencil
