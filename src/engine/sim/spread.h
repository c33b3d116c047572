// engine/sim/spread.h - the least time in which kinds of processors can share work, when every launch statement runs on one
// kind and every point on one processor.
#pragma once

#include <cstdint>
#include <vector>

namespace mapwright::engine::sim {

// The points of a launch statement. Entries by kind of processor; a negative sum stands for a kind without a variant.
struct SiteLoad {
  std::int64_t points = 0;
  std::vector<double> sum, largest, smallest;  // seconds of all points, of the longest and of the shortest one
  explicit SiteLoad(std::size_t kinds) : sum(kinds, 0), largest(kinds, 0), smallest(kinds, 0) {}
  void add(std::size_t kind, double seconds);  // a point; once per kind, before `points` is raised
};

// Seconds, at least; 0 when a site has no kind. processors[k]: how many there are of kind k.
double least_time(const std::vector<SiteLoad>& sites, const std::vector<double>& processors);

}  // namespace mapwright::engine::sim
