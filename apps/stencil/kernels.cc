// The work of Stencil. Kernels take any strides; a unit stride in x is the fast path.
#include "apps/stencil/stencil.h"
#include "apps/support/build.h"
#include "apps/support/views.h"

namespace mapwright::apps::stencil {

namespace {

using program::KernelContext;

constexpr RegionIndex kExchanges[] = {kXm, kXp, kYm, kYp};

// Coordinates in the whole grid, border included, of the first column and row of what a tile or slot holds.
Point origin_of_tile(const Shape& s, std::int64_t i) { return s.tile(i).lo; }

Point origin_of_slot(const Shape& s, RegionIndex region, std::int64_t i) {
  const Rect t = s.tile(i);
  switch (region) {
    case kXm: return {t.hi[0] + 1, t.lo[1] + kRadius};  // the last columns of the tile
    case kXp: return {t.lo[0] + kRadius, t.lo[1] + kRadius};
    case kYm: return {t.lo[0] + kRadius, t.hi[1] + 1};
    default: return {t.lo[0] + kRadius, t.lo[1] + kRadius};
  }
}

// Where tile i keeps what it reads through exchange region `region`.
Point border_of(const Shape& s, RegionIndex region, std::int64_t i) {
  const Rect p = s.with_border(i);
  switch (region) {
    case kXm: return {p.lo[0], p.lo[1] + kRadius};
    case kXp: return {p.hi[0] - kRadius + 1, p.lo[1] + kRadius};
    case kYm: return {p.lo[0] + kRadius, p.lo[1]};
    default: return {p.lo[0] + kRadius, p.hi[1] - kRadius + 1};
  }
}

// PRK's ramp: x + y on top of the initial value.
double ramp(const Shape& s, std::int64_t x, std::int64_t y) { return static_cast<double>(s.init + x + y); }

void star_row(const std::byte* in, std::byte* out, std::int64_t count, std::int64_t in_x, std::int64_t in_y, std::int64_t out_x) {
  const auto at = [in](std::int64_t offset) { return *reinterpret_cast<const double*>(in + offset); };
  for (std::int64_t k = 0; k < count; ++k) {
    double sum = *reinterpret_cast<double*>(out + k * out_x);
    for (std::int64_t d = 1; d <= kRadius; ++d) {
      const double weight = 1.0 / static_cast<double>(2 * d * kRadius);
      const std::int64_t c = k * in_x;
      sum += weight * (at(c + d * in_x) - at(c - d * in_x) + at(c + d * in_y) - at(c - d * in_y));
    }
    *reinterpret_cast<double*>(out + k * out_x) = sum;
  }
}

void add_one(const program::FieldView& view, const Rect& r) {
  const Grid<double> g(view, r);
  for (std::int64_t y = r.lo[1]; y <= r.hi[1]; ++y) {
    for (std::int64_t x = r.lo[0]; x <= r.hi[0]; ++x) g(x, y) += 1;
  }
}

// What `input` of a tile must hold after all steps. Inside and on the border of the grid every step added 1; a border
// that mirrors a neighbour is one step behind; corners of tiles are never written.
double expected_input(const Shape& s, std::int64_t tile, const Point& p) {
  const Rect whole = s.with_border(tile), inside = s.interior(tile);
  const Point origin = origin_of_tile(s, tile);
  const double start = ramp(s, origin[0] + p[0] - whole.lo[0], origin[1] + p[1] - whole.lo[1]);
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
  return [s](KernelContext& c) {
    const std::int64_t tile = c.point()[0];
    const auto add = [](const program::FieldView& view, const Rect& r, const Point& origin) {
      const Grid<double> g(view, r);
      for (std::int64_t y = r.lo[1]; y <= r.hi[1]; ++y) {
        for (std::int64_t x = r.lo[0]; x <= r.hi[0]; ++x) {
          g(x, y) += static_cast<double>(origin[0] + x - r.lo[0] + origin[1] + y - r.lo[1]);
        }
      }
    };
    add(c.field(0, kInput), s.with_border(tile), origin_of_tile(s, tile));
    for (std::size_t k = 0; k < 4; ++k) add(c.field(1 + k, kInput), s.slot(kExchanges[k], tile), origin_of_slot(s, kExchanges[k], tile));
  };
}

program::Kernel stencil_kernel(Shape s) {
  return [s](KernelContext& c) {
    const std::int64_t tile = c.point()[0];
    const Grid<double> in(c.field(0, kInput), s.with_border(tile)), out(c.field(0, kOutput), s.with_border(tile));
    for (std::size_t k = 0; k < 4; ++k) {
      if (c.points(2 + k).empty()) continue;
      const Rect from = c.points(2 + k).bounds();
      const Grid<double> strip(c.field(2 + k, kInput), from);
      const Point to = border_of(s, kExchanges[k], tile);
      for (std::int64_t y = from.lo[1]; y <= from.hi[1]; ++y) {
        for (std::int64_t x = from.lo[0]; x <= from.hi[0]; ++x) in(to[0] + x - from.lo[0], to[1] + y - from.lo[1]) = strip(x, y);
      }
    }
    const Rect r = c.points(1).bounds();
    for (std::int64_t y = r.lo[1]; y <= r.hi[1]; ++y) {
      const auto* from = reinterpret_cast<const std::byte*>(&in(r.lo[0], y));
      auto* to = reinterpret_cast<std::byte*>(&out(r.lo[0], y));
      // The literal strides let the compiler see the contiguous case.
      if (in.unit_x() && out.unit_x()) star_row(from, to, r.extent(0), 8, in.stride_y(), 8);
      else star_row(from, to, r.extent(0), in.stride_x(), in.stride_y(), out.stride_x());
    }
    ++Line<std::int64_t>(c.field(6, kLoopStart))[tile];
  };
}

program::Kernel increment_kernel(Shape s) {
  return [s](KernelContext& c) {
    const std::int64_t tile = c.point()[0];
    add_one(c.field(0, kInput), c.points(1).bounds());
    for (std::size_t k = 0; k < 4; ++k) add_one(c.field(2 + k, kInput), s.slot(kExchanges[k], tile));
    ++Line<std::int64_t>(c.field(6, kLoopStop))[tile];
  };
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
        const Point origin = origin_of_slot(s, e, i);
        std::optional<std::string> wrong;
        for_each_point(r, [&](const Point& p) {
          const double expected = ramp(s, origin[0] + p[0] - r.lo[0], origin[1] + p[1] - r.lo[1]) + static_cast<double>(s.steps);
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
