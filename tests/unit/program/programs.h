// Small programs that the tests of this folder build.
#pragma once

#include "program/program.h"

namespace mapwright::program {

inline Variant cpu(Kernel kernel = {}) {
  Variant v;
  v.kernel = std::move(kernel);
  return v;
}

inline Variant inner(ProcessorKind kind = ProcessorKind::Cpu) {
  Variant v;
  v.kind = kind;
  v.inner = true;
  return v;
}

inline Argument piece(std::string name, RegionId r, PartitionId q, std::vector<Expr> colors, Privilege privilege,
                      std::vector<FieldIndex> fields = {0}) {
  Argument a;
  a.name = std::move(name);
  a.region = r;
  a.partition = q;
  a.projection.colors = std::move(colors);
  a.privilege = privilege;
  a.fields = std::move(fields);
  return a;
}

inline Argument whole(std::string name, RegionId r, Privilege privilege, std::vector<FieldIndex> fields = {0}) {
  Argument a;
  a.name = std::move(name);
  a.region = r;
  a.privilege = privilege;
  a.fields = std::move(fields);
  return a;
}

inline PointSet line(std::int64_t n) { return PointSet(Rect::of_extents({n})); }

}  // namespace mapwright::program
