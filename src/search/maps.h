// search/maps.h - the family of placement functions that the search space offers, and their text in the mapper language.
// Private to search/. Every function but Unchecked stays in range over any launch domain up to the extents it is for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "syntax/syntax.h"

namespace mapwright::search {

// One member of the family, without the processor kind it is written for. Coordinates are p, extents s, N address
// spaces, P processors of the kind in each.
struct MapForm {
  enum class Shape : std::uint8_t {
    Default,      // no function: the default policy
    Linear,       // points in a line, the line over the processors
    Tiles,        // a grid of address spaces, inside each a grid of processors, both fitted to the launch domain
    Weighted,     // sum of w_i p_i, modulo
    Local,        // points in a line, the line over the processors of the parent's address space
    LocalWeighted,
    Parent,       // where the parent runs
    ParentPoint,  // the parent's launch point in a line, over the processors of the parent's address space
    Fixed,        // one processor
    Unchecked,    // as people write it first: no modulo (raw mode only)
  } shape = Shape::Default;
  enum class Spread : std::uint8_t { Block, Cyclic, SpaceCyclic, BlockCyclic, Diagonal };
  enum class Split : std::uint8_t { Auto, Greedy, Decompose };
  std::vector<int> order {};             // dimensions, fastest first
  Spread outer = Spread::Block;       // over address spaces (Tiles), over everything (Linear, Weighted, Local)
  Spread inner = Spread::Block;       // over the processors of an address space (Tiles)
  Split split = Split::Auto;
  int heavy = 0;                      // Decompose: dimension whose cuts count eightfold
  std::vector<std::int64_t> extents {};  // Linear, Tiles: instead of the launch domain's
  std::int64_t fold = 0;              // take a one-dimensional domain as a grid of this width
  std::int64_t space = 0, index = 0;  // Fixed; Unchecked: `index` tells the variants apart
  std::int64_t block = 1;             // BlockCyclic
  std::string name {};                // unique in the family: "tiles_01_block_cyclic"
};

// What the members depend on.
struct IndexFamily {
  int dim = 1;
  std::vector<std::int64_t> extents {};  // of the launch domain
  std::vector<std::int64_t> largest {};  // of all launches with this dimension
  std::int64_t fold_base = 0;
  std::int64_t spaces = 1;
  bool nested = false;                // may look at a parent
  bool raw = false;
};
std::vector<MapForm> index_maps(const IndexFamily& family);

struct SingleFamily {
  std::int64_t spaces = 1, processors = 1;
  bool nested = false;
  int parent_dim = 0;                 // of the parent's index launch; 0: single or unknown
  bool raw = false;
};
std::vector<MapForm> single_maps(const SingleFamily& family);

bool is_weighted(const MapForm& form);
bool needs_parent(const MapForm& form);

// A form written for a processor kind.
struct MapFunction {
  std::string name, text;             // unique name; the definition, ending with a newline
  std::vector<ProcessorKind> machines;  // machine spaces that it uses: mgpu for GPU
};
// `weights`: one per dimension for weighted forms. `parent`: kind of the parent's processors for forms that need it.
MapFunction write_map(const MapForm& form, const std::vector<std::int64_t>& weights, ProcessorKind kind,
                      ProcessorKind parent);

std::string machine_variable(ProcessorKind kind);  // "mgpu"

}  // namespace mapwright::search
