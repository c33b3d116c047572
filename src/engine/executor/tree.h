// engine/executor/tree.h - the program's regions and partitions as Legion's. Private.
// Legion lets a task use only subregions of the regions that its parent has, by the tree that partitions make. A program
// says only which points they have. So the partitions that nested launches use are made anew below every region that
// launches them, with the pieces that lie inside of it; they have the same names and colours, so mapper files see no
// difference.
#pragma once

#include <legion.h>
#include <set>
#include <vector>

#include "engine/executor/job.h"

namespace mapwright::engine::executor {

// The argument of the parent launch that covers the points of `a` in a nested launch: its position.
std::size_t covering(const program::Launch& parent, const program::Argument& a);

class Tree {
 public:
  // Creates everything that the program will use; called by the top-level task (by each of its shards).
  Tree(Legion::Context context, Legion::Runtime* runtime, const Job& job);

  Legion::LogicalRegion root(program::RegionId r) const { return roots_[r.value]; }

  // The partition below a region of the tree.
  static Legion::LogicalPartition partition(Legion::Runtime* runtime, Legion::LogicalRegion region, program::PartitionId p) {
    return runtime->get_logical_partition_by_color(region, color(p));
  }
  // The region below which partition `p` stands for top-level launches.
  Legion::LogicalRegion above(program::PartitionId p) const;

 private:
  static Legion::Color color(program::PartitionId p) { return p.value; }
  // A region of the tree: how a launch point names its argument.
  struct Place {
    Legion::LogicalRegion region;
    const PointSet* points = nullptr;
    std::optional<std::pair<program::PartitionId, std::uint32_t>> as;  // absent: the whole region
  };
  void make_roots();
  void find_own_names();
  void make_partition(program::PartitionId p, const Place& below);
  void walk(const program::Body& body, const program::Launch* parent, const std::vector<Place>& places, Frame& frame);
  void visit(const program::Launch& l, const program::Launch* parent, const std::vector<Place>& places, Frame& frame);
  Place find(const program::Argument& a, std::uint32_t color, const Place& below);
  Legion::LogicalRegion piece(Legion::LogicalPartition p, program::PartitionId id, std::uint32_t color) const;

  Legion::Context context_;
  Legion::Runtime* runtime_;
  const Job& job_;
  std::vector<Legion::LogicalRegion> roots_;
  std::vector<Legion::IndexSpace> colors_;  // by partition
  std::vector<std::string> own_names_;      // likewise
  std::set<std::pair<Legion::LogicalRegion, std::uint32_t>> made_;
};

}  // namespace mapwright::engine::executor
