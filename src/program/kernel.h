// program/kernel.h - what a kernel of a task sees when an engine runs it for real.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/base.h"
#include "program/expr.h"

namespace mapwright::program {

// One field of one dense rectangle of a physical instance: element p is at base + sum of (p[d] - lo[d]) * stride[d].
struct Block {
  Rect rect;
  std::byte* base = nullptr;
  std::array<std::int64_t, kMaxDim> stride {};  // bytes per step of dimension d
  std::byte* address(const Point& p) const {
    std::byte* a = base;
    for (int d = 0; d < rect.dim(); ++d) a += (p[d] - rect.lo[d]) * stride[static_cast<std::size_t>(d)];
    return a;
  }
};

// One field of one argument: the blocks that hold its points, in the order of PointSet::rects(). A block can be larger
// than the argument's points when the instance is shared; `points` says which ones belong to the argument.
struct FieldView {
  const PointSet* points = nullptr;
  std::span<const Block> blocks;
  // Element p as a T. p must belong to the argument.
  template <typename T>
  T& at(const Point& p) const {
    if (blocks.size() == 1) return *reinterpret_cast<T*>(blocks.front().address(p));
    for (const Block& b : blocks) {
      if (b.rect.contains(p)) return *reinterpret_cast<T*>(b.address(p));
    }
    MW_CHECK(false, "point {} is outside the argument", to_string(p));
  }
};

// Everything a kernel may look at. Implemented by the engines that run kernels.
// For a Reduce argument the views point into a reduction instance that starts at the operator's identity: the kernel
// folds its contributions in with += (min, max).
class KernelContext {
 public:
  virtual ~KernelContext() = default;
  virtual const Point& point() const = 0;                          // absolute launch point; dimension 0 when single
  virtual const Rect& domain() const = 0;
  virtual const Point& ancestor(int level) const = 0;              // 1: parent
  virtual std::int64_t loop(std::string_view name) const = 0;
  virtual std::size_t arguments() const = 0;
  virtual const PointSet& points(std::size_t argument) const = 0;
  // `field` is the field's index in its region. The argument must name it.
  virtual FieldView field(std::size_t argument, std::uint32_t field) const = 0;
  virtual double future(std::size_t index) const = 0;              // value of the launch's index-th future
  virtual void set_result(double value) = 0;                       // this point's contribution to the launch's future
  // The launch's index-th by-value argument (Launch::values).
  virtual double value(std::size_t index) const { MW_CHECK(false, "no by-value argument {}", index); }
  // How many threads the kernel may use, its own included: more than 1 only on an OMP processor.
  virtual int threads() const { return 1; }
  // Where a kernel that runs on a GPU puts its work, a cudaStream_t; its views hold addresses of the GPU then.
  virtual void* stream() const { return nullptr; }
};

using Kernel = std::function<void(KernelContext&)>;

// Read access to the final contents of regions, for a program's numeric check.
class RegionReader {
 public:
  virtual ~RegionReader() = default;
  virtual FieldView field(std::uint32_t region, std::uint32_t field) const = 0;
};
// Nothing when the numbers are right, else one line that says what is wrong and where.
using NumericCheck = std::function<std::optional<std::string>(const RegionReader&)>;

}  // namespace mapwright::program
