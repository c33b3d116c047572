// Helpers of the tests of apps.
#pragma once

#include <gtest/gtest.h>

#include "apps/apps.h"

namespace mapwright::apps {

inline program::Program built(std::string_view name, const Choice& choice) {
  Expected<program::Program> p = build(name, choice);
  if (!p) {
    ADD_FAILURE() << p.error().message;
    return {};
  }
  return std::move(*p);
}

inline const program::Partition& partition(const program::Program& p, std::string_view name) {
  for (const program::Partition& q : p.partitions) {
    if (q.name == name) return q;
  }
  ADD_FAILURE() << "no partition " << name;
  return p.partitions.front();
}

inline const program::Region& region(const program::Program& p, std::string_view name) {
  for (const program::Region& r : p.regions) {
    if (r.name == name) return r;
  }
  ADD_FAILURE() << "no region " << name;
  return p.regions.front();
}

inline std::int64_t bytes_per_element(const program::Region& r) {
  std::int64_t sum = 0;
  for (const program::Field& f : r.fields) sum += f.bytes;
  return sum;
}

// Runs p sequentially; its check must pass.
void expect_right(const program::Program& p);
// Every element of every region has the same bits in both.
void expect_same_bits(const program::Program& p, const program::RegionReader& a, const program::RegionReader& b);

// The launch of `task` (its n-th) and the value of an expression at its point, with the sizes of its arguments there.
const program::Program::Site* site(const std::vector<program::Program::Site>& sites, const program::Program& p,
                                   std::string_view task, std::size_t n = 0);
double value_at(const program::Program& p, const program::Program::Site& s, const program::Expr& e, const Point& point,
                std::vector<Point> ancestors = {}, std::vector<program::LoopCounter> loops = {});

}  // namespace mapwright::apps
