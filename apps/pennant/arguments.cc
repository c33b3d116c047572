#include "apps/pennant/arguments.h"

#include <algorithm>

namespace mapwright::apps::pennant {

PointLine::PointLine(const program::FieldView& own, const program::FieldView& ghost) : own_(own) {
  for (const Rect& r : ghost.points->rects()) {
    const program::Block& b = block_of(ghost, r);
    MW_CHECK(count_ < ghosts_.size(), "a piece borders on more than four intervals");
    ghosts_[count_++] = {r.lo[0], r.hi[0], b.stride[0], b.address(r.lo)};
  }
}

program::FieldView Arguments::view(Part part, FieldIndex f) const {
  for (std::size_t i = 0; i < task_.uses.size(); ++i) {
    const Use& u = task_.uses[i];
    if (u.part == part && std::binary_search(u.fields.begin(), u.fields.end(), f)) return context_.field(i, f);
  }
  MW_CHECK(false, "task {} does not use field {} of part {}", task_.name, f, static_cast<int>(part));
}

const PointSet& Arguments::set(Part part) const {
  for (std::size_t i = 0; i < task_.uses.size(); ++i) {
    if (task_.uses[i].part == part) return context_.points(i);
  }
  MW_CHECK(false, "task {} has no argument of part {}", task_.name, static_cast<int>(part));
}

Range Arguments::range(Part part) const {
  const PointSet& points = set(part);
  if (points.empty()) return {};
  const Rect r = points.bounds();
  return {r.lo[0], r.hi[0]};
}

}  // namespace mapwright::apps::pennant
