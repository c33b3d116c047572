// engine/legion/convert.h - points and rectangles between Legion and mapwright. Private.
#pragma once

#include <legion.h>

#include "base/base.h"

namespace mapwright::engine::legion {

inline Point to_point(const Legion::DomainPoint& p) {
  Point out;
  out.dim = p.get_dim();
  for (int d = 0; d < out.dim; ++d) out[d] = p[static_cast<unsigned>(d)];
  return out;
}

inline Legion::DomainPoint to_legion(const Point& p) {
  Legion::DomainPoint out;
  out.dim = p.dim;
  for (int d = 0; d < p.dim; ++d) out[static_cast<unsigned>(d)] = p[d];
  return out;
}

// The smallest rectangle around a domain.
inline Rect to_rect(const Legion::Domain& d) { return {to_point(d.lo()), to_point(d.hi())}; }
inline Legion::Domain to_legion(const Rect& r) { return {to_legion(r.lo), to_legion(r.hi)}; }

}  // namespace mapwright::engine::legion
