// Cutting launches into pieces of one processor.
#include <algorithm>

#include "engine/legion/policy.h"

namespace mapwright::engine::legion {

std::vector<Rect> rectangles(std::vector<Point> points) {
  std::vector<Rect> all;
  all.reserve(points.size());
  for (const Point& p : points) all.emplace_back(p, p);
  if (all.empty()) return all;
  for (int d = 0; d < all.front().dim(); ++d) {
    // Rectangles that differ only along d stand beside each other, in order along d.
    const auto rest_equal = [d](const Rect& a, const Rect& b) {
      for (int e = 0; e < a.dim(); ++e) {
        if (e != d && (a.lo[e] != b.lo[e] || a.hi[e] != b.hi[e])) return false;
      }
      return true;
    };
    std::sort(all.begin(), all.end(), [d](const Rect& a, const Rect& b) {
      for (int e = a.dim(); e-- > 0;) {
        if (e != d && a.lo[e] != b.lo[e]) return a.lo[e] < b.lo[e];
        if (e != d && a.hi[e] != b.hi[e]) return a.hi[e] < b.hi[e];
      }
      return a.lo[d] < b.lo[d];
    });
    std::size_t kept = 0;
    for (std::size_t i = 1; i < all.size(); ++i) {
      if (rest_equal(all[kept], all[i]) && all[kept].hi[d] + 1 == all[i].lo[d]) {
        all[kept].hi[d] = all[i].hi[d];
      } else {
        all[++kept] = all[i];
      }
    }
    all.resize(kept + 1);
  }
  return all;
}

std::vector<Slice> slice(const Placed& placed, const Rect& domain, std::span<const Rect> part) {
  std::map<sema::MachinePoint, std::vector<Point>> by_processor;
  for (const Rect& r : part) {
    for_each_point(r, [&](const Point& p) { by_processor[placed.points[static_cast<std::size_t>(domain.linearize(p))]].push_back(p); });
  }
  std::vector<Slice> out;
  for (auto& [processor, points] : by_processor) {
    for (const Rect& r : rectangles(std::move(points))) out.push_back({processor, r});
  }
  return out;
}

}  // namespace mapwright::engine::legion
